//! The code that depends on the operating system, in one module for each. A new platform needs the
//! same functions.

#[cfg(target_vendor = "apple")]
mod apple;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
mod other;

#[cfg(target_vendor = "apple")]
pub(crate) use apple::{
    commands_above, is_in_memory, open_unlistable, rename_to_new, sync_file_system,
};
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    commands_above, is_in_memory, open_unlistable, rename_to_new, sync_file_system,
};
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(crate) use other::{
    commands_above, is_in_memory, open_unlistable, rename_to_new, sync_file_system,
};
