//! Prints the report.

use sops_printable::one_line;

use super::report::{Reader, Report, Unknown, Value};
use crate::command_error::CommandError;
use crate::ui::Ui;

/// The maximum number of unreadable versions that are listed.
const MOST_UNKNOWN: usize = 10;

pub(super) fn json(ui: &Ui, report: &Report) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(report);
    let text = text.expect("the report has only strings as keys");
    ui.output(format!("{text}\n").as_bytes())
}

/// The values to replace, in Markdown.
pub(crate) fn checklist(report: &Report) -> String {
    let who = report.who.as_deref().unwrap_or_default();
    let mut text = format!("# Values to replace: {}\n\n", markdown(who));
    text += "Someone who left could read each of these values. Change each one at its source, then here:\n`sops-rs set FILE KEY-PATH`. `sops-rs exposure --removed NAME` lists the values that are left.\n\n";
    for value in &report.values {
        text += &format!("- [ ] {}\n", markdown(&line(value)));
    }
    if report.is_incomplete() {
        text += "\nThis list may be incomplete: some versions could not be read.\n";
    }
    text
}

/// Escapes text from the repository, so that Markdown shows it unchanged.
fn markdown(text: &str) -> String {
    const SPECIAL: &str = r"\`*<>~&|";
    let text = one_line(text);
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut is_in_word = false;
    while let Some(character) = characters.next() {
        let next = characters.peek();
        let is_special = match character {
            // Inside a word, an underscore is only an underscore.
            '_' => !is_in_word || !next.is_some_and(|next| next.is_alphanumeric()),
            // Key paths contain brackets, which form a link only if a parenthesis follows.
            ']' => next == Some(&'('),
            character => SPECIAL.contains(character),
        };
        if is_special {
            escaped.push('\\');
        }
        escaped.push(character);
        is_in_word = character.is_alphanumeric();
    }
    escaped
}

/// One line for each value.
pub(super) fn text(ui: &Ui, report: &Report) -> Result<(), CommandError> {
    for value in &report.values {
        ui.print(line(value))?;
    }
    warn_of_unknown(ui, report);
    ui.note(summary(report));
    Ok(())
}

/// Warns of versions whose values are not known.
pub(super) fn warn_of_unknown(ui: &Ui, report: &Report) {
    for unknown in report.unknown.iter().take(MOST_UNKNOWN) {
        ui.warn(format_args!("{}: {}", at(unknown), unknown.reason));
    }
    if let Some(rest) = report.unknown.len().checked_sub(MOST_UNKNOWN + 1) {
        let plural = if rest == 0 { "" } else { "s" };
        ui.warn(format_args!(
            "{} more version{plural} could not be read; `--format json` lists all of them",
            rest + 1
        ));
    }
    if let Some(gap) = report.gap {
        ui.warn(format_args!("older commits were not read: {gap}"));
    }
}

fn line(value: &Value) -> String {
    let Value { file, path, .. } = value;
    let name = match path.is_empty() {
        true => file.clone(),
        false => format!("{file}: {path}"),
    };
    let change = match &value.last_change {
        Some(moment) => format!("last changed {} ({})", moment.day(), moment.commit),
        None => "its last change is not committed".to_owned(),
    };
    let mut line = format!("{name}: {change}");
    match &value.known_from {
        Some(source) => {
            if source.file != *file || source.path != *path {
                line += &format!("; same value as {}: {}", source.file, source.path);
            }
            line += &match &source.commit {
                Some(commit) => format!("; readable since {commit}"),
                None => "; readable today".to_owned(),
            };
            if source.in_plaintext {
                line += ", in plaintext";
            }
        }
        None => {
            let listed = |is_recipient: bool| {
                let readers = value.readers.iter();
                let readers = readers.filter(|reader| reader.is_recipient == is_recipient);
                let readers: Vec<&str> = readers.map(|reader: &Reader| &*reader.shown).collect();
                readers.join(", ")
            };
            for (label, readers) in [
                ("recipients", listed(true)),
                ("earlier readers", listed(false)),
            ] {
                if !readers.is_empty() {
                    line += &format!("; {label}: {readers}");
                }
            }
            if value.in_plaintext {
                line += "; in plaintext in the history";
            }
        }
    }
    line
}

fn at(unknown: &Unknown) -> String {
    match &unknown.commit {
        Some(commit) => format!("{} in commit {commit}", unknown.file),
        None => unknown.file.clone(),
    }
}

fn summary(report: &Report) -> String {
    let Report {
        who,
        values,
        in_use,
        ..
    } = report;
    let found = values.len();
    let plural = if *in_use == 1 { "" } else { "s" };
    match (who, report.is_incomplete()) {
        (None, _) => format!("Secret values in use: {in_use}"),
        (Some(who), true) => format!(
            "{who} could read at least {found} of the {in_use} secret value{plural} in use; some versions could not be read"
        ),
        (Some(who), false) => {
            format!("{who} could read {found} of the {in_use} secret value{plural} in use")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checklist_shows_text_as_it_is() {
        for (text, expected) in [
            (
                "apps/db.yaml: data.API_KEY_2",
                "apps/db.yaml: data.API_KEY_2",
            ),
            ("_a_ __b", r"\_a\_ \_\_b"),
            (
                "[x](y) `z` *a* <b> ~c~ d&e |",
                r"[x\](y) \`z\` \*a\* \<b\> \~c\~ d\&e \|",
            ),
            (r"a\b", r"a\\b"),
            (r#"data["tls.key"][0]"#, r#"data["tls.key"][0]"#),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }
}
