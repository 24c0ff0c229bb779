//! What the history of a repository says about its secret values: `versions.rs` opens every version
//! of every encrypted file, with the data keys of `data_keys.rs`; `marks.rs` makes values
//! comparable without keeping them; `access.rs` determines who could read a version, `timeline.rs`
//! when a value last changed, and `knowledge.rs` what someone knows. `seen.rs` and `today.rs` have
//! the versions and the values.

mod access;
mod data_keys;
mod knowledge;
mod marks;
mod seen;
mod timeline;
mod today;
mod versions;

pub(crate) use knowledge::{Knowledge, Past};
pub(crate) use marks::{Marker, is_distinctive};
pub(crate) use seen::SeenVersion;
pub(crate) use timeline::LastChanges;
pub(crate) use today::CurrentValue;
pub(crate) use versions::{VersionReader, contents};
