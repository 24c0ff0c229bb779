//! Documents that keep their text: YAML, JSON, dotenv and INI are read, edited and written without touching anything else.
//!
//! ```
//! use sops_document::{Document, Format};
//!
//! let values = "image:\n  tag: 1.2.0   # bumped by CI\n  pullPolicy: 'Always'\n";
//! let document = Document::parse(values, Format::Yaml)?;
//! let edited = document.set(&r#"["image"]["tag"]"#.parse()?, &"1.3.0".into())?;
//! assert_eq!(edited.as_deref().map(Vec::as_slice), Some(&b"image:\n  tag: 1.3.0   # bumped by CI\n  pullPolicy: 'Always'\n"[..]));
//! # Ok::<(), sops_document::Error>(())
//! ```

mod alias;
pub mod binary;
mod canonical;
mod comment;
mod conflict;
mod containers;
mod convert;
mod de;
mod document;
mod dotenv;
mod edit;
mod error;
pub mod flat;
mod format;
mod go_compatibility;
mod ini;
mod json;
mod key_path;
mod keys;
mod node_ref;
mod nodes;
mod parse;
mod path;
mod reserved;
mod scalar_slot;
mod splice;
mod tape;
pub mod tree;
mod value;
mod value_writer;
pub mod yaml;

pub use canonical::canonical;
pub use conflict::{is_conflict_marker, merge_conflict};
pub use containers::Containers;
pub use convert::{Indentation, convert, extract};
pub use de::{from_document, from_documents};
pub use document::{Document, ReservedEntry};
pub use edit::NewEntry;
pub use error::{Error, Location, Result};
pub use flat::ReservedLine;
pub use format::Format;
pub use key_path::{Component, KeyPath};
pub use node_ref::{NodeRef, Shape};
pub use path::{PathId, Paths, ROOT};
pub use reserved::ReservedValue;
pub use scalar_slot::{ScalarSlot, Spelled, Surroundings};
pub use splice::{Replacement, Splices};
pub(crate) use tape::Text;
pub use tape::{Collection, Comment, Item, Leaf, MAX_DEPTH, MAX_EXPANDED, Span, Style};
pub use value::{Type, Value};
pub use value_writer::ValueWriter;
