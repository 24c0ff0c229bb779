//! `sops-rs verify`: checks that every encrypted file can be decrypted and was not altered.
//!
//! `working_tree.rs` and `snapshot.rs` find the files, and `verifier.rs` checks each.
//! `by_history.rs` and `elsewhere.rs` compare files that no key decrypts with other versions, whose
//! comparison is in `evidence.rs`. `summary.rs` counts the results, and `commit.rs` is for `recover
//! drill`.

mod args;
mod by_history;
#[cfg(feature = "kube")]
mod commit;
mod elsewhere;
mod evidence;
mod snapshot;
mod standards;
mod summary;
mod verifier;
mod working_tree;

use std::process::ExitCode;

use sops_lint::{Finding, UNVERIFIED_FILE};

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::keys::services::Services;
use crate::lint::output::VERIFY;
use crate::lint::walk::sort;
use crate::ui::Ui;

pub(crate) use self::args::Args;
pub(crate) use self::evidence::altered_without_key;
pub(crate) use self::verifier::lost_value;
#[cfg(feature = "kube")]
pub(crate) use self::{commit::verify_commit, summary::Verified};

pub(crate) fn cmd_verify(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    verify(ui, globals, args).map_err(|error| match error.code() {
        Code::BrokenPipe => error,
        // Findings have the general code.
        _ => error.with_code(Code::CannotReadInput),
    })
}

fn verify(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<ExitCode, CommandError> {
    let services = Services::new(ui, globals)?;
    let keys = services.unprompted();
    let mut verified = match (&args.rev, args.staged) {
        (None, false) => working_tree::verify(ui, globals, args, keys)?,
        (rev, _) => snapshot::verify(globals, args, rev.as_deref(), keys)?,
    };
    services.say(ui);
    sort(&mut verified.findings);
    verified.summary.checked.sort_unstable();
    let renderer = ui.renderer_of_output();
    let width = ui.width_of_output();
    let report = args.format.write(
        VERIFY,
        &verified.findings,
        &verified.summary.checked,
        &renderer,
        width,
    );
    ui.output(report.as_bytes())?;
    for finding in &verified.findings {
        verified.summary.finding(finding);
    }
    ui.note(&verified.summary);
    if verified.summary.checks_no_mac() {
        let (message, obstacle) = (
            "no MAC was verified, because none of your private keys can decrypt the files",
            services.obstacle_without_prompt(),
        );
        // A job without a key relies on the history. A key that should decrypt the files and does
        // not is probably the wrong one.
        if obstacle.is_some() || services.has_age_key() {
            let error = CommandError::new(Code::CannotReadInput, message);
            verified.errors.push(match obstacle {
                Some((obstacle, help)) => error.hint(format!("{obstacle}; {help}")),
                None => error.hint(
                    "use the right key, ask someone who can decrypt the files to add yours, or run `verify` without any key",
                ),
            });
        } else {
            ui.warn(message);
        }
    }
    let is_incomplete = !verified.errors.is_empty();
    ui.errors(verified.errors);
    let is_unverified = |finding: &Finding| finding.rule.code == UNVERIFIED_FILE.code;
    Ok(match &verified.findings[..] {
        found if is_incomplete || found.iter().any(is_unverified) => {
            ExitCode::from(Code::CannotReadInput as u8)
        }
        [] => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
