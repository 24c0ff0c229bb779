//! `sops-rs recipients add`.

use sops_core::keys::Recipient;
use sops_lint::shell_word;

use super::rewrite::rewrite;
use super::selection::{SelectionArgs, config};
use super::update::{UpdateArgs, require_access, update};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::encryption_options;
use crate::keys::names::short;
use crate::keys::services::Services;
#[cfg(feature = "kube")]
use crate::recipient_edit::RuleSelection;
use crate::recipient_edit::{RecipientChange, checked_name, has_age};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs recipients add --name ann age1…
  sops-rs recipients add --name ann --update age1…
  sops-rs recipients add --for apps/secret.yaml --dry-run age1…";

/// Add a recipient to `.sops.yaml`
///
/// This adds the recipient to every creation rule that has age recipients, changes nothing else in
/// the file, and prints the change as a diff.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The age recipient
    #[arg(value_name = "RECIPIENT")]
    recipient: String,
    /// The name to write at the end of the recipient's line, as a comment
    ///
    /// If the recipient is already in the file, this changes its name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    update: UpdateArgs,
}

pub(super) fn cmd_add(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let recipient: Recipient = args.recipient.parse().map_err(CommandError::general)?;
    let recipient = recipient.to_string();
    let name = checked_name(args.name.as_deref())?;
    if let Some(plugin) = plugin_of_sops(&recipient) {
        ui.warn(format_args!(
            "colleagues who encrypt for this recipient with `sops` need the program `{plugin}`; sops-rs does not need it"
        ));
    }
    let config = config(ui, globals)?;
    let selection = args.selection.selection(&config)?;
    let rules = config.creation_rules().unwrap_or_default();
    if rules.is_empty() {
        return Err(encryption_options::no_rules(Some(&config))?);
    }
    if selection.rules.is_none() && !rules.iter().any(|rule| has_age(Some(rule))) {
        let message = "no creation rule has age recipients, so the new one was not added";
        return Err(CommandError::new(Code::Generic, message)
            .in_file(&name_of(config.file()))
            .hint("to add it to a rule with other keys, name a file of that rule with `--for`"));
    }
    let is_meant = |index: usize| {
        let selected = selection.rules.as_ref();
        selected.is_none_or(|selected| selected.contains(&index))
    };
    let mut meant = rules
        .iter()
        .enumerate()
        .filter(|(index, _)| is_meant(*index));
    if selection.group.is_none()
        && let Some((index, _)) = meant.find(|(_, rule)| rule.key_groups.len() > 1)
    {
        let message = format!("rule {} has several key groups", index + 1);
        return Err(CommandError::new(Code::ConflictingParameters, message)
            .in_file(&name_of(config.file()))
            .hint("choose the group with `--group`, and the rule with `--for`"));
    }
    let change = RecipientChange::Add {
        recipient: &recipient,
        name,
    };
    let added = RecipientChange::Add {
        recipient: &recipient,
        name: None,
    };
    let is_known = added
        .apply(&config, &selection)
        .is_ok_and(|text| text == config.text());
    let services = Services::new(ui, globals)?;
    if args.update.is_requested() && !args.selection.dry_run {
        let name = name.map(|name| format!("--name {} ", shell_word(name)));
        let next = format!(
            "sops-rs recipients add --update {}{}{}",
            args.selection.flags(),
            name.unwrap_or_default(),
            shell_word(&recipient)
        );
        require_access(ui, &services, &config, &next)?;
    }
    let is_written = rewrite(ui, &config, &change, &selection, args.selection.dry_run)?;
    if args.selection.dry_run {
        return Ok(());
    }
    let shown = match name {
        Some(name) => format!("{name} ({})", short(&recipient)),
        None => short(&recipient),
    };
    let file = name_of(config.file());
    match (is_written, is_known) {
        (true, false) => ui.note(format_args!("Added {shown} to {file}")),
        (true, true) => ui.note(format_args!("Changed the name of {shown} in {file}")),
        (false, _) => ui.note(format_args!(
            "Nothing to add to {file}: each selected rule that has age recipients already names {shown}; to add it to another rule, edit the file"
        )),
    }
    if is_written && !is_known || args.update.is_requested() {
        update(ui, globals, &services, &config, &args.update, false)?;
    }
    Ok(())
}

/// Adds a recipient to rules and key groups, by their indexes, and to the encrypted files.
#[cfg(feature = "kube")]
pub(crate) fn add_to_rules(
    ui: &Ui,
    globals: &GlobalArgs,
    recipient: &str,
    name: Option<&str>,
    rules: &[(usize, usize)],
) -> Result<(), CommandError> {
    let update_args = UpdateArgs::default().or_if(true);
    let next = format!("sops-rs recipients add --update {recipient}");
    let services = Services::new(ui, globals)?;
    require_access(ui, &services, &config(ui, globals)?, &next)?;
    for (rule, group) in rules {
        let config = config(ui, globals)?;
        let selection = RuleSelection {
            rules: Some(vec![*rule]),
            group: Some(*group),
        };
        let change = RecipientChange::Add { recipient, name };
        rewrite(ui, &config, &change, &selection, false)?;
    }
    update(
        ui,
        globals,
        &services,
        &config(ui, globals)?,
        &update_args,
        false,
    )
}

/// The plugin with which `sops` encrypts for a tagged recipient.
fn plugin_of_sops(recipient: &str) -> Option<&'static str> {
    [
        ("age1tag1", "age-plugin-tag"),
        ("age1tagpq1", "age-plugin-tagpq"),
    ]
    .into_iter()
    .find(|(prefix, _)| recipient.starts_with(prefix))
    .map(|(_, plugin)| plugin)
}
