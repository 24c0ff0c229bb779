//! `sops-rs config check`.

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::load;
use crate::encryption_options;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs config check
  sops-rs config check --config .sops.yaml";

/// Check every rule of `.sops.yaml`
///
/// Other commands check keys and thresholds only in the rule that they use. This checks them in
/// every rule, checks all expressions, and reports rules that can never apply. The exit code is 1
/// if there is a problem.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn cmd_check(ui: &Ui, globals: &GlobalArgs) -> Result<(), CommandError> {
    let (config, mut errors) = match load::config(ui, globals) {
        Ok(config) => (config, Vec::new()),
        Err(first) => match load::config_with_errors(globals)? {
            (Some(config), errors) if !errors.is_empty() => (Some(config), errors),
            (_, mut errors) => {
                let last = errors.pop().unwrap_or(first);
                ui.errors(errors);
                return Err(last);
            }
        },
    };
    let Some((config, rules)) = config
        .as_ref()
        .and_then(|config| Some((config, config.creation_rules()?)))
    else {
        return Err(encryption_options::no_rules(config.as_ref())?);
    };
    let of_destinations = config.destination_warnings();
    of_destinations.iter().for_each(|warning| ui.warn(warning));
    let warnings = config.warnings().len() + of_destinations.len();
    for rule in rules {
        let checked = config
            .check_keys(rule)
            .and_then(|()| config.check_threshold(rule));
        let selection = rule.rule.as_ref().map(|rule| rule.compile());
        let found = checked.err().into_iter();
        let found = found.chain(selection.and_then(Result::err));
        errors.extend(found.map(|error| CommandError::in_config(error, config)));
    }
    let problems = warnings + errors.len();
    ui.errors(errors);
    let file = name_of(config.file());
    let count = match rules.len() {
        1 => "1 creation rule".to_owned(),
        count => format!("{count} creation rules"),
    };
    match problems {
        0 => {
            ui.note(format_args!("{file}: {count}, no problems"));
            Ok(())
        }
        _ => Err(CommandError::new(
            Code::Generic,
            match problems {
                1 => format!("{count}, 1 problem"),
                _ => format!("{count}, {problems} problems"),
            },
        )
        .in_file(&file)),
    }
}
