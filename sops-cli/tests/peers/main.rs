//! Compatibility with the real `sops` and `gpg`, which must be on the PATH: without them these
//! tests fail.
//!
//! The number of generated documents is `SOPS_RS_DOCUMENTS` (2,000 by default), and the first seed
//! is `SOPS_RS_SEED` (random by default, and printed).

mod aws;
#[path = "../program/cases/mod.rs"]
mod cases;
mod changes;
mod clients;
mod cloud;
mod cluster;
mod command_lines;
mod config_schema;
mod conversions;
mod corpus;
mod disguise;
mod everyday;
mod exec;
mod exit_codes;
mod exposure;
mod flags;
mod flat;
mod flux;
mod formats;
mod generated;
mod golden;
mod groups;
mod keyservice;
mod lint_corpus;
mod merge;
mod merged;
mod pages;
mod peer;
mod pgp;
mod pre_commit;
mod publish;
mod recipients;
mod sarif;
mod secret;
mod source_forms;
mod tagged;
mod terminal;
mod tracing;
mod vault;
mod verbose;
mod warden;
mod written;
