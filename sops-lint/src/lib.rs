//! Finds leaked secrets in Kubernetes manifests and in repositories with SOPS files. It needs no
//! key, and reads only the files that the caller passes.
//!
//! ```
//! use std::path::Path;
//! use sops_lint::{Input, Linter, Settings};
//!
//! let linter = Linter::new(Settings::default())?;
//! let text = b"kind: Pod\nspec:\n  containers:\n  - env:\n    - name: PASSWORD\n      value: hunter2\n";
//! let linted = linter.lint(&Input::new("pod.yaml", Path::new("/repo/pod.yaml"), text));
//! let finding = &linted.findings[0];
//! assert_eq!((finding.rule.code, finding.location.line), ("SL001", 6));
//! assert!(!finding.message.contains("hunter2"));
//! # Ok::<(), sops_lint::SettingsError>(())
//! ```

mod action;
mod alias_verdicts;
mod allowing_comment;
mod base64_text;
mod baseline;
mod check;
mod committable;
mod context;
mod copy;
mod decrypted;
mod dockerfile;
mod embedded;
mod encoding;
mod excerpt;
mod exempt;
mod facts;
mod file_format;
mod file_name;
mod finding;
pub mod flux;
mod frame;
mod handled_values;
mod image_name;
mod images;
mod input;
mod json_stream;
mod kubeconfig;
mod kustomization;
mod lines;
mod linter;
mod manifest;
mod object;
mod one_per_secret;
mod parse_failure;
mod plaintext_values;
mod pod_settings;
mod policy;
mod private_key;
mod quoted_manifest;
mod referenced_file;
mod related_name;
mod repository;
mod rule;
mod rule_coverage;
mod rule_scope;
mod rule_settings;
mod rules;
mod sample;
mod sample_secret;
mod scrutiny;
mod secret;
mod secret_data;
mod secret_detection;
mod selected_values;
mod settings;
mod shell;
mod shown_line;
mod shown_name;
mod source_map;
mod span_set;
mod suppress;
mod template;
mod unparsed;
mod value_tree;
mod verification;
mod word_search;
mod workload;
mod yaml_variants;

pub use baseline::Baseline;
pub use decrypted::Encrypted;
pub use excerpt::Excerpts;
pub use facts::Facts;
pub use finding::{Finding, Fix};
pub use images::Images;
pub use input::{Input, InputKind, NoTree, Tree};
pub use linter::{Linted, Linter};
pub use object::secrets;
pub use plaintext_values::is_plaintext;
pub use pod_settings::PodSettings;
pub use policy::{Policies, PolicyAction, PolicyFormat};
pub use repository::Repository;
pub use rule::{Confidence, FixAvailability, Rule, RuleGroup, Severity};
pub use rules::{RULES, applied_secret, find as find_rule, unknown as unknown_rule};
pub use secret::{SECRET_PARTS, SecretField, SecretValue, secret_fields};
pub use secret_data::decode_secret_data;
pub use secret_detection::is_common_text;
pub use selected_values::SelectedValues;
pub use settings::{Settings, SettingsError};
pub use shell::{shell_path, shell_word};
pub use shown_line::Excerpt;
pub use verification::{
    ALTERED_FILE, UNVERIFIED_FILE, VERIFICATION_RULES, find as find_verification_rule,
};
/// The crates whose types are in the signatures of this one.
pub use {serde_json, sops_core, sops_document};
