//! Shows the values under `data` of Secrets decoded. `entry.rs` finds them, `view.rs` makes the
//! text that `edit --decode` opens, and `string_data.rs` makes the one that `decrypt --decode`
//! prints.

mod entry;
mod string_data;
mod view;

pub(crate) use entry::{decoded, decoded_mapping};
pub(crate) use string_data::to_string_data;
pub(crate) use view::DecodedView;
