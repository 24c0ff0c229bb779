//! The program `sops-rs-krm`: a KRM function that decrypts and lints the resources of a kustomize build, and generates resources from
//! encrypted files.

mod config;
mod decrypt;
mod encrypted_file;
mod function;
mod generate;
mod keys;
mod lint;
mod problem;
mod report;
mod resource_list;
mod run;
#[cfg(test)]
mod sample;
mod workspace;

use std::alloc::System;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::function::Function;
use crate::report::without_error_numbers;
use crate::run::run;

const USAGE: &str = "\
A KRM function for kustomize: it reads a ResourceList from standard input and writes one to standard output.
Configurations name it in the annotation config.kubernetes.io/function:

  apiVersion: krm.sops-rs/v1alpha1
  kind: SopsDecrypt       # or SopsLint, in `transformers`; SopsGenerator in `generators`
  metadata:
    name: sops
    annotations:
      config.kubernetes.io/function: |
        exec:
          path: sops-rs-krm

and `kustomize build --enable-alpha-plugins --enable-exec` runs it.
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
        _ if arguments.is_empty() && !io::stdin().is_terminal() => {}
        _ => {
            eprint!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    run_on_streams().unwrap_or_else(|error| {
        let message = without_error_numbers(&error.to_string());
        eprintln!("sops-rs-krm: error: {}", sops_printable::one_line(&message));
        ExitCode::FAILURE
    })
}

fn run_on_streams() -> io::Result<ExitCode> {
    let mut input = Zeroizing::new(Vec::new());
    io::stdin().lock().read_to_end(&mut input)?;
    let outcome = run(Function::of_process()?, &input);
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
