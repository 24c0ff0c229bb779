//! Prints rules as policies for a cluster.

use clap::ValueEnum;
use sops_lint::{PolicyAction, PolicyFormat};

use super::root;
use super::settings::{FILE, SettingsArgs, linter};
use crate::command_error::{Code, CommandError};
use crate::config::nearest;
use crate::config::working_dir::working_dir;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Kind of policy
    #[arg(long, value_enum)]
    format: Format,
    /// What happens to an object that a policy does not accept
    #[arg(long, value_enum, default_value_t = Action::Deny)]
    action: Action,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// ValidatingAdmissionPolicy of Kubernetes 1.30 or later
    Vap,
    /// ClusterPolicy of Kyverno 1.13 or later
    Kyverno,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    /// Refuse the object
    Deny,
    /// Warn the user
    Warn,
    /// Record the object
    Audit,
}

/// Prints the policies of the selected rules.
pub(crate) fn print(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let own = match args.settings.settings {
        Some(_) => None,
        None => nearest::on_disk(&root(&working_dir()?).join(FILE))?,
    };
    let linter = linter(args.settings.read(own)?)?;
    let format = match args.format {
        Format::Vap => PolicyFormat::Admission,
        Format::Kyverno => PolicyFormat::Kyverno,
    };
    let action = match args.action {
        Action::Deny => PolicyAction::Deny,
        Action::Warn => PolicyAction::Warn,
        Action::Audit => PolicyAction::Audit,
    };
    let policies = linter.policies(format, action);
    if policies.text.is_empty() {
        let message = "none of the selected rules can be a policy";
        return Err(CommandError::new(Code::CannotReadInput, message).hint(
            "select the group `secrets` or `pods`, or rules that docs/lint.md lists under \"Policies for a cluster\"",
        ));
    }
    for (rule, setting) in policies.left_out {
        ui.note(format_args!(
            "No policy for {} {}: `{setting}` is not set in `{FILE}`",
            rule.code, rule.name
        ));
    }
    ui.output(policies.text.as_bytes())
}
