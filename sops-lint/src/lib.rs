//! Finds secrets that leak in Kubernetes manifests and in repositories with files of SOPS. No key is needed, and no file is read
//! unless the caller gives it.
//!
//! ```
//! use std::path::Path;
//! use sops_lint::{Input, Linter, NoTree, Settings};
//!
//! let linter = Linter::new(Settings::default())?;
//! let text = b"kind: Pod\nspec:\n  containers:\n  - env:\n    - name: PASSWORD\n      value: hunter2\n";
//! let linted = linter.lint(&Input {
//!     name: "pod.yaml",
//!     path: Path::new("/repo/pod.yaml"),
//!     bytes: text,
//!     config: None,
//!     tree: &NoTree,
//! });
//! let finding = &linted.findings[0];
//! assert_eq!((finding.rule.code, finding.location.line), ("SL001", 6));
//! assert!(!finding.message.contains("hunter2"));
//! # Ok::<(), sops_lint::SettingsError>(())
//! ```

mod baseline;
mod dockerfile;
mod embedded;
mod finding;
mod likeness;
mod lines;
mod linter;
mod object;
mod private_key;
mod report;
mod repository;
mod rule;
mod rules;
mod settings;
mod source_map;
mod suppress;
mod unreadable;

pub use baseline::Baseline;
pub use finding::{Finding, Fix, Severity};
pub use linter::{Input, Kind, Linted, Linter, NoTree, Tree};
pub use object::{SECRET_PARTS, is_secret_part};
pub use report::{Facts, shell_word};
pub use repository::Repository;
pub use rule::Rule;
pub use rules::{RULES, find as find_rule};
pub use settings::{Images, Settings, SettingsError};
