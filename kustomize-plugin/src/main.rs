//! The program `sops-rs-krm`: a KRM function that decrypts and lints the resources of a kustomize
//! build, and generates resources from encrypted files. It can also replace the exec plugin ksops.

mod config;
mod decrypt;
mod encrypted_file;
mod exec_plugin;
mod function;
mod generate;
mod install;
mod keys;
mod lint;
#[cfg(test)]
mod placeholder_tests;
mod problem;
mod report;
mod resource_list;
mod run;
#[cfg(test)]
mod sample;
mod secret_rules;
mod workspace;

use std::alloc::System;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::function::Function;
use crate::install::Install;
use crate::report::without_error_numbers;
use crate::run::{FunctionOutcome, run};

const USAGE: &str = "\
Decrypt, generate and lint the resources of a kustomize build. kustomize runs this program as a KRM function if a
configuration names it in the annotation config.kubernetes.io/function:

  apiVersion: krm.sops-rs/v1alpha1
  kind: SopsDecrypt       # or SopsLint, in `transformers`; SopsGenerator in `generators`
  metadata:
    name: sops
    annotations:
      config.kubernetes.io/function: |
        exec:
          path: sops-rs-krm

Start the build with `kustomize build --enable-alpha-plugins --enable-exec DIR`.
To check a build without a key, set SOPS_RS_PLACEHOLDERS=1: encrypted values then become placeholders.

To replace ksops:

  sops-rs-krm FILE                              print the resources that the configuration in FILE generates, as an exec plugin
  sops-rs-krm install [--with-kustomize] DIR    copy this program to DIR/ksops, and kustomize from the PATH to DIR/kustomize
";

/// Wipes each block of memory when it is freed, so that no secret is left in it.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<System> = zeroizing_alloc::ZeroAlloc(System);

fn main() -> ExitCode {
    sops_hardening::harden("sops-rs-krm");
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|argument| argument.to_str()) {
        Some("--version" | "-V") => {
            println!("sops-rs-krm {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some("install") => return install(&arguments[1..]),
        _ => {}
    }
    let outcome = match &arguments[..] {
        [] if !io::stdin().is_terminal() => run_on_streams(),
        // A configuration can add further arguments, which ksops does not support.
        [file, ..] if !file.to_string_lossy().starts_with('-') => {
            Function::of_process().map(|function| exec_plugin::run(function, Path::new(file)))
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    outcome.and_then(deliver).unwrap_or_else(|error| {
        let message = without_error_numbers(&error.to_string());
        eprintln!("sops-rs-krm: error: {}", sops_printable::one_line(&message));
        ExitCode::FAILURE
    })
}

fn install(arguments: &[OsString]) -> ExitCode {
    let Some(install) = Install::parse(arguments) else {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match install.run() {
        Ok(written) => {
            for path in written {
                let path = path.display().to_string();
                eprintln!("sops-rs-krm: installed {}", sops_printable::one_line(&path));
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            let message = without_error_numbers(&message);
            eprintln!("sops-rs-krm: error: {}", sops_printable::one_line(&message));
            ExitCode::FAILURE
        }
    }
}

fn run_on_streams() -> io::Result<FunctionOutcome> {
    let mut input = Zeroizing::new(Vec::new());
    io::stdin().lock().read_to_end(&mut input)?;
    Ok(run(Function::of_process()?, &input))
}

fn deliver(outcome: FunctionOutcome) -> io::Result<ExitCode> {
    for line in outcome.report.lines() {
        eprintln!("sops-rs-krm: {line}");
    }
    let mut output = io::stdout().lock();
    output.write_all(outcome.output.as_bytes())?;
    output.flush()?;
    Ok(if outcome.report.has_error() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
