//! Shows a change of the configuration and makes it.

use similar::TextDiff;
use sops_core::config::Config;

use crate::command_error::{CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::recipient_edit::{RecipientChange, RuleSelection};
use crate::ui::Ui;

/// Changes the configuration, and prints the change. Returns whether the file was changed.
pub(super) fn rewrite(
    ui: &Ui,
    config: &Config,
    change: &RecipientChange<'_>,
    selection: &RuleSelection,
    dry_run: bool,
) -> Result<bool, CommandError> {
    let text = change
        .apply(config, selection)
        .map_err(|error| CommandError::general(error).in_file(&name_of(config.file())))?;
    if text == config.text() {
        return Ok(false);
    }
    let diff = TextDiff::from_lines(config.text(), &text);
    ui.print(format_args!("--- {}", name_of(config.file())))?;
    ui.print(format_args!("+++ {}", name_of(config.file())))?;
    let hunks = diff.unified_diff().context_radius(1).to_string();
    for line in hunks.lines() {
        ui.print(line)?;
    }
    if dry_run {
        return Ok(false);
    }
    let expected = Expected::Content(config.text().as_bytes());
    files::write(ui, config.file(), text.as_bytes(), expected, Readers::Usual)?;
    Ok(true)
}
