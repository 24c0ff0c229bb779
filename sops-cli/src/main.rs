//! The program `sops-rs`: encrypts, decrypts and edits the secrets of a repository.

#[cfg(feature = "keyservice")]
mod agent;
mod arguments;
mod batch;
mod built_in;
mod carriage_returns;
mod cli;
#[cfg(feature = "kube")]
mod cluster;
mod command_error;
mod commands;
mod completion;
mod config;
mod decoded_data;
mod decrypt_file;
mod doctor;
mod editor;
mod encryption_options;
mod exec;
mod exposure;
mod files;
#[cfg(feature = "kube")]
mod flux;
mod git;
mod help;
mod input;
mod input_format;
mod key_plan;
mod keys;
mod label_selector;
mod lint;
#[cfg(feature = "kube")]
mod manifests;
mod merging;
mod own_program;
mod parallel;
mod proposal;
mod random_text;
mod rbac;
mod recipient_edit;
// The reference has the commands of all features.
#[cfg(all(test, feature = "keyservice", feature = "kube"))]
mod reference;
mod repository_files;
mod secret_data;
mod secret_input;
mod secret_parts;
mod signals;
mod similar_path;
mod sops_dates;
mod text_guard;
mod ui;
mod update_file;
mod walking;

use std::alloc::System;
use std::process::ExitCode;

/// Wipes each block of memory when it is freed, so that no secret is left in it.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<System> = zeroizing_alloc::ZeroAlloc(System);

fn main() -> ExitCode {
    sops_hardening::harden("sops-rs");
    cli::run()
}
