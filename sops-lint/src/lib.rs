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

mod action;
mod baseline;
mod claim;
mod decrypted;
mod dockerfile;
mod embedded;
mod encoding;
mod exempt;
mod finding;
mod form;
mod judged;
mod kubeconfig;
mod kustomization;
mod likeness;
mod lines;
mod linter;
mod object;
mod private_key;
mod readable;
mod readings;
mod report;
mod repository;
mod rule;
mod rules;
mod secret;
mod settings;
mod source_map;
mod spans;
mod suppress;
mod template;
mod unparsed;
mod unreadable;
mod within;

pub use baseline::Baseline;
pub use decrypted::Encrypted;
pub use finding::{Finding, Fix, Severity};
pub use linter::{Input, Kind, Linted, Linter, NoTree, Tree};
pub use report::{Facts, shell_path, shell_word};
pub use repository::Repository;
pub use rule::Rule;
pub use rules::{NO_RULE, RULES, applied_secret, find as find_rule, is_plaintext};
pub use secret::{SECRET_PARTS, SecretField, SecretValue, is_secret_part, secret_fields, secrets};
pub use settings::{Images, Settings, SettingsError};
