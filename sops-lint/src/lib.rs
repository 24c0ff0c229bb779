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
mod alias_verdicts;
mod baseline;
mod committable;
mod context;
mod decrypted;
mod dockerfile;
mod embedded;
mod encoding;
mod exempt;
mod file_name;
mod finding;
mod kubeconfig;
mod kustomization;
mod lines;
mod linter;
mod object;
mod parse_failure;
mod private_key;
mod quoted_manifest;
mod repository;
mod rule;
mod rule_scope;
mod rules;
mod secret;
mod secret_detection;
mod settings;
mod source_map;
mod span_set;
mod suppress;
mod template;
mod unparsed;
mod yaml_variants;

pub use baseline::Baseline;
pub use context::{Facts, shell_path, shell_word};
pub use decrypted::Encrypted;
pub use finding::{Finding, Fix, Severity};
pub use linter::{Input, Kind, Linted, Linter, NoTree, Tree};
pub use repository::Repository;
pub use rule::Rule;
pub use rules::{NO_RULE, RULES, applied_secret, find as find_rule, is_plaintext};
pub use secret::{SECRET_PARTS, SecretField, SecretValue, is_secret_part, secret_fields, secrets};
pub use settings::{Images, Settings, SettingsError};
