//! Tests that run the program as a user runs it, each in its own directory and with its own home.

mod agent;
mod agreement;
#[cfg(feature = "kube")]
mod apply;
mod as_sops;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod bad_input;
mod cases;
mod command_line;
mod completion;
mod config;
mod confirmations;
mod conflicts;
mod disguise;
mod doctor;
mod edit;
mod encrypt_decrypt;
mod exec;
mod exposure;
mod flat;
#[cfg(feature = "kube")]
mod flux;
mod formats;
#[cfg(feature = "gcp")]
mod gcp;
mod git;
mod git_merge;
#[cfg(feature = "hckms")]
mod hckms;
mod help;
mod help_examples;
mod hook;
mod init;
mod key_plan;
mod key_shares;
mod keys;
#[cfg(feature = "vault")]
mod keys_check;
mod keyservice;
mod kills;
#[cfg(not(feature = "aws"))]
mod left_out;
mod leftovers;
mod line_endings;
mod lint;
mod lint_reports;
mod lockout;
mod ls;
mod many;
mod nested_configs;
mod over;
mod owners;
mod pages;
mod permissions;
mod proposals;
mod publish;
mod races;
mod recipients;
#[cfg(feature = "kube")]
mod recover;
mod redact;
mod redact_terminal;
mod refs;
mod render;
mod rule_drift;
mod secret;
mod secret_fields;
mod set;
mod set_outcomes;
mod set_questions;
mod silent;
mod special_files;
mod status;
mod tracked;
mod untrusted_text;
#[cfg(feature = "vault")]
mod vault;
mod verify;
mod way_out;
mod writing;
