//! Files that cannot be read in the format that their name implies: templates, broken files, other
//! encodings, copies. Secrets in them are still reported: `broken`, `encoded` and `unnamed` each
//! handle one kind of file, and `lenient_reading` reads their text as leniently as other programs
//! might.

mod broken;
mod encoded;
mod excuse;
mod lenient_reading;
mod messages;
mod operations;
mod parse_error;
mod rule_effect;
mod text_shape;
mod unnamed;

pub(crate) use broken::broken;
pub(crate) use encoded::encoded;
pub(crate) use operations::beside_operations;
pub(crate) use parse_error::{message_of_encrypted, span_of};
pub(crate) use unnamed::{of_any_name, unnamed};
