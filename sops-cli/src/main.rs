//! The program `sops-rs`: encrypts, decrypts and edits the secrets of a repository.

mod agreement;
mod arguments;
mod batch;
mod changing;
mod cli;
#[cfg(feature = "kube")]
mod cluster;
mod command_error;
mod commands;
mod config_owner;
mod configs;
mod creation;
mod damaged_keys;
mod editor;
mod example;
mod excerpt;
mod exec;
mod files;
#[cfg(feature = "kube")]
mod flux;
mod git;
mod go_flags;
mod governing;
mod invocation;
mod key_changes;
mod key_groups;
mod key_names;
mod key_services;
mod lint;
#[cfg(feature = "keyservice")]
mod local_keys;
mod lockout;
#[cfg(feature = "kube")]
mod manifests;
mod notice;
mod opening;
mod parallel;
mod private_folder;
mod rule_drift;
mod secret_parts;
mod shortening;
mod signals;
mod source;
mod terminal;
mod ui;
mod usage_error;
mod vim;
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
