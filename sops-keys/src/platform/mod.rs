//! The code that depends on the operating system, with one module for each platform. A new platform
//! needs the same functions.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{open_to_others, same_file, without_blocking};
#[cfg(unix)]
pub(crate) use unix::{open_to_others, same_file, without_blocking};
