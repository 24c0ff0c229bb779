//! Placeholders for encrypted values, so that manifests can be built and checked without a key:
//! schemas, policies, `kustomize build` and dry runs of an API server.
//!
//! A placeholder has the JSON type of the value and depends only on its key path. In a Secret, it
//! has the form that its key and the Secret's type require ([`secret_text`]). Objects with
//! placeholders have an [annotation](ANNOTATION), and [`find`] recognizes them.
//!
//! ```
//! use sops_core::tree::Node;
//!
//! let enc = "ENC[AES256_GCM,data:eA==,iv:AAAAAAAAAAAAAAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]";
//! let text = format!("apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\nstringData:\n    password: {enc}\n");
//! let mut trees = Node::from_yaml(&text)?;
//! assert!(sops_placeholder::fill(&mut trees[0]));
//! let rendered = trees[0].to_yaml();
//! assert!(rendered.contains("password: sops-rs-placeholder-"), "{}", *rendered);
//! assert!(sops_placeholder::find(&trees[0]).is_some());
//! # Ok::<(), sops_core::document::Error>(())
//! ```

mod fill;
mod object;
mod published;
mod recognize;
mod render;
mod secret;
mod value_path;

pub use fill::fill;
pub use object::{ANNOTATION, is_object, mark};
pub use published::is_published_key;
pub use recognize::{find, is_placeholder};
pub use render::{render_file, render_trees, to_yaml};
pub use secret::secret_text;
