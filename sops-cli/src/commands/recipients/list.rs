//! `sops-rs recipients list`.

use std::path::PathBuf;

use sops_core::{Format, parse_document};

use super::selection::config;
use crate::arguments::GlobalArgs;
use crate::command_error::{CommandError, name_of};
use crate::recipient_edit::{Occurrence, occurrences, rules_for};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs recipients list
  sops-rs recipients list --for apps/secret.yaml";

/// List the recipients of each creation rule, with their names
///
/// A name is the comment at the end of the recipient's line in `.sops.yaml`. Anyone who can change
/// the file can change a name, so check the recipient too.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// List only the rule for this file; you can repeat this flag
    #[arg(long = "for", value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn cmd_list(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let config = config(ui, globals)?;
    let selected =
        rules_for(&config, &args.files).map_err(|error| CommandError::in_config(error, &config))?;
    let document = parse_document(config.text(), Format::Yaml).map_err(CommandError::general)?;
    let occurrences = occurrences(&document);
    ui.print(name_of(config.file()))?;
    for (index, rule) in config
        .creation_rules()
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        if !args.files.is_empty() && !selected.contains(&index) {
            continue;
        }
        let pattern = rule.path_regex.as_deref().unwrap_or("every file");
        ui.print(format_args!("  rule {} ({pattern})", index + 1))?;
        let many = rule.key_groups.len() > 1;
        for (group, keys) in rule.key_groups.iter().enumerate() {
            if many {
                ui.print(format_args!("    key group {}", group + 1))?;
            }
            for key in keys {
                let id = key.id();
                let is_same = |own: &&Occurrence| {
                    (own.rule, own.group) == (index, group)
                        && own.recipient.replace(' ', "") == id.replace(' ', "")
                };
                let name = occurrences
                    .iter()
                    .find(is_same)
                    .and_then(|own| own.name.as_deref());
                let family = match id.starts_with("age1") || id.starts_with("ssh-") {
                    true => String::new(),
                    false => format!("{} ", key.family().name()),
                };
                let name = name.map(|name| format!("  {name}")).unwrap_or_default();
                ui.print(format_args!("    {family}{id}{name}"))?;
            }
        }
    }
    Ok(())
}
