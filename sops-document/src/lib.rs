//! Edit YAML, JSON, dotenv and INI files without touching anything else.
//!
//! A [`Document`] borrows its source text and lists its contents on a flat *tape*: containers,
//! values, aliases and comments, each with its span in bytes. It never rewrites unchanged text: an
//! edit consists of *splices*, ranges of the text with their replacements.
//!
//! # Parse and read
//!
//! [`NodeRef`] is a position in a document. It follows aliases and merge keys, and knows its
//! location in the text:
//!
//! ```
//! use sops_document::{Document, Format, Location};
//!
//! let text = "image:\n  tag: '1.2.0'   # bumped by CI\n  pullPolicy: Always\n";
//! let document = Document::parse(text, Format::Yaml)?;
//! let top = document.tops().next().flatten().expect("the document is not empty");
//! let tag = top.at(&["image", "tag"]).expect("the image has a tag");
//! assert_eq!(tag.as_str(), Some("1.2.0"));
//! assert_eq!(&text[tag.span()], "'1.2.0'");
//! assert_eq!(Location::of(text, tag.span().start).to_string(), "line 2, column 8");
//! # Ok::<(), sops_document::Error>(())
//! ```
//!
//! [`from_document`] reads a document into a serde type, and [`Document::to_tree`] copies it into a
//! [`tree::Node`].
//!
//! # Edit
//!
//! [`Document::set`] and [`Document::unset`] take a [`KeyPath`] and return the new text, [`Editor`]
//! makes several such edits, and [`Document::with_entries`] sets entries of many mappings at once.
//! Each parses the result and rejects an edit that would change any other value.
//!
//! ```
//! # use sops_document::{Document, Format};
//! let document = Document::parse("a: 'x' # why\nb: [1]\n", Format::Yaml)?;
//! let changed = document.set(&r#"["b"][1]"#.parse()?, &2.into())?.expect("the list had one item");
//! assert_eq!(*changed, b"a: 'x' # why\nb: [1, 2]\n");
//! # Ok::<(), sops_document::Error>(())
//! ```
//!
//! # Write splices
//!
//! Programs that compute the replacements themselves walk the [tape](Document::tape) and write
//! [`Splices`]:
//!
//! ```
//! # use sops_document::{Document, Format, Item, Splices};
//! let text = "user: ann # admin\npassword: \"x\"\n";
//! let document = Document::parse(text, Format::Yaml)?;
//! let mut splices = Splices::new(text, text.len());
//! for item in document.tape() {
//!     if let Item::Leaf(leaf) = item {
//!         splices.replace(leaf.span.range()).push_str("***");
//!     }
//! }
//! assert_eq!(splices.finish(), "user: *** # admin\npassword: ***\n");
//! # Ok::<(), sops_document::Error>(())
//! ```
//!
//! [`ScalarSlot`] knows which style stays in the file while a one-line token replaces a value, and
//! how the value is written when it is restored. [`ValueWriter`] writes values into such slots.
//!
//! # Reserve a key
//!
//! A program can keep metadata under one key at the top level. [`Document::parse_reserving`] leaves
//! that entry off the tape and lists it in [`reserved_entries`](Document::reserved_entries); `set`
//! and `unset` reject the key. In INI, the key is a section; in dotenv, it is a prefix of names.
//!
//! ```
//! # use sops_document::{Document, Format};
//! let text = "a: 1\nmeta:\n  version: 3\n";
//! let document = Document::parse_reserving(text, Format::Yaml, "meta")?;
//! assert_eq!(document.to_tree(0).and_then(|tree| tree.get("meta").cloned()), None);
//! assert_eq!(&text[document.reserved_entries()[0].entry.clone()], "meta:\n  version: 3\n");
//! # Ok::<(), sops_document::Error>(())
//! ```
//!
//! # What Go reads differently
//!
//! Values and comments are read as by Go's libraries (`go.yaml.in/yaml/v3`, `gopkg.in/ini.v1`,
//! `encoding/json`). Text that YAML 1.2 allows but Go's library reads differently is rejected with
//! its location: by [`Document::parse`] or, if that depends on which values a program will replace,
//! by [`Document::check_leaf_for_go`] and [`Document::check_layout_for_go`].
//! [`Document::parse_leniently`] accepts everything that some YAML reader accepts.

mod alias;
pub mod binary;
mod blank_lines;
mod block_scalar;
mod block_top;
mod canonical;
mod comment;
mod conflict;
mod containers;
mod convert;
mod de;
mod document;
mod dotenv;
mod dotenv_quotes;
mod edit;
mod error;
pub mod flat;
mod format;
mod go_compatibility;
mod ini;
mod json;
mod key_path;
mod key_set;
mod node_ref;
mod parse;
mod path;
mod reserved;
mod scalar_slot;
mod splice;
mod tape;
mod tape_walk;
pub mod tree;
mod value;
mod value_writer;
pub mod yaml;

pub use block_top::{BlockTops, TopEntries};
pub use canonical::canonical;
pub use conflict::{is_conflict_marker, merge_conflict, skip_conflict_begin};
pub use containers::Containers;
pub use convert::{Indentation, convert, extract};
pub use de::{from_document, from_documents};
pub use document::{Document, ReservedEntry};
pub use dotenv_quotes::{OpenQuote, open_quotes};
pub use edit::{Editor, NewEntry};
pub use error::{Error, Location, Result};
pub use flat::ReservedLine;
pub use format::Format;
pub use key_path::{Component, KeyPath};
pub use node_ref::{NodeRef, Shape};
pub use path::{PathId, Paths, ROOT};
pub use reserved::{ReservedNote, ReservedValue};
pub use scalar_slot::{ScalarSlot, Spelled, Surroundings};
pub use splice::{Replacement, Splices};
pub(crate) use tape::Text;
pub use tape::{Collection, Comment, Item, Leaf, MAX_DEPTH, MAX_EXPANDED, Span, Style};
pub use value::{Type, Value};
pub use value_writer::ValueWriter;
pub use yaml::source::Chomping;
/// The crates whose types appear in this crate's signatures.
pub use {serde_json, zeroize};

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
