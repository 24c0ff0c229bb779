//! Checks whether Git calls this program, and whether Git stores plaintext.

use sops_lint::shell_word;

use super::problem::Problem;
use crate::command_error::{CommandError, name_of};
use crate::commands::git::driver::{self, Driver, MERGE_DRIVER, TEXTCONV};
use crate::files::commands_above;
use crate::git::Running;
use crate::git::settings::{Scope, Settings};
use crate::own_program::is_same;

/// The kind of problems with stored plaintext.
pub(super) const CACHE: &str = "cached-plaintext";

/// The refs in which Git caches what a `textconv` printed.
const NOTES: &str = "refs/notes/textconv/";

const INSTALL: &str = "run `sops-rs git install`";

pub(super) fn problems() -> Result<Vec<Problem>, CommandError> {
    // These processes run at the same time, because the user waits for the hook.
    let refs = Running::start(&["for-each-ref", "--format=%(refname)", NOTES])?;
    let settings = Settings::matching(r"^((diff|merge|mergetool)\.|commit\.verbose$)");
    let driver = Driver::of_this_program(Scope::Clone)?;
    let mut problems = Vec::from_iter(missing(&settings, &driver));
    problems.extend([TEXTCONV, MERGE_DRIVER].into_iter().filter_map(|key| {
        let value = settings.value(key)?;
        wrong_program(key, value, &driver)
    }));
    problems.extend(caching(&settings));
    problems.extend(cached(&settings, &refs.output()?));
    // Elsewhere, the textconv program recognizes `git commit`.
    if commands_above().next().is_none() {
        problems.extend(in_commit_messages(&settings));
    }
    Ok(problems)
}

/// The setting with which `git commit` writes decrypted differences below the message.
fn in_commit_messages(settings: &Settings) -> Option<Problem> {
    const KEY: &str = "commit.verbose";
    settings.is_true(KEY).then(|| {
        Problem::new(
            CACHE,
            format!("`{KEY}` is true, so `git commit` writes plaintext to `.git/COMMIT_EDITMSG`"),
            "set it to false, and do not use `git commit --verbose` on this system",
        )
    })
}

fn missing(settings: &Settings, driver: &Driver) -> Option<Problem> {
    let missing: Vec<&str> = driver
        .settings()
        .iter()
        .map(|setting| setting.key)
        .filter(|key| settings.value(key).is_none())
        .collect();
    if missing.is_empty() {
        return None;
    }
    let message = match [TEXTCONV, MERGE_DRIVER].map(|key| missing.contains(&key)) {
        [true, true] => {
            "this clone is not set up: Git shows and merges ciphertext as text".to_owned()
        }
        _ => format!("Git settings are missing: {}", missing.join(", ")),
    };
    Some(Problem::new("missing-settings", message, INSTALL))
}

fn wrong_program(key: &str, value: &str, driver: &Driver) -> Option<Problem> {
    if !driver::is_ours(key, value) {
        let message = format!("`{key}` is `{value}`, which is not sops-rs");
        return Some(Problem::new("other-program", message, INSTALL));
    }
    let message = match driver::program_of(value) {
        None => {
            format!("`{key}` is `{value}`, which does not name an existing program by its path")
        }
        Some(program) if is_same(&program, &driver.program) => return None,
        Some(program) => format!(
            "`{key}` runs {}, not {}",
            name_of(&program),
            name_of(&driver.program)
        ),
    };
    Some(Problem::new("outdated-program", message, INSTALL))
}

/// The settings that make Git store plaintext.
fn caching(settings: &Settings) -> Vec<Problem> {
    let names = settings.names("diff", "cachetextconv").into_iter();
    let problems = names
        .filter(|name| decrypts(settings, name))
        .filter_map(|name| {
            let key = format!("diff.{name}.cachetextconv");
            settings.is_true(&key).then(|| {
                let message =
                    format!("`{key}` is true, so Git stores plaintext in `{NOTES}{name}`");
                let help = format!(
                    "set it to false; `git config --show-origin --get-all {}` shows where it is set",
                    shell_word(&key)
                );
                Problem::new(CACHE, message, help)
            })
        });
    problems.collect()
}

/// The refs that hold plaintext.
fn cached(settings: &Settings, refs: &[u8]) -> Vec<Problem> {
    let refs = String::from_utf8_lossy(refs);
    let names = refs.lines().filter_map(|name| name.strip_prefix(NOTES));
    let problems = names.filter(|name| decrypts(settings, name)).map(|name| {
        let message = format!(
            "`{NOTES}{name}` holds plaintext that Git stored; `git push --mirror` publishes it"
        );
        let name = shell_word(&format!("{NOTES}{name}"));
        let help = format!(
            "run `git update-ref -d {name}` and `git gc --prune=now`; if it was pushed, change the secrets"
        );
        Problem::new(CACHE, message, help)
    });
    problems.collect()
}

/// Whether a driver decrypts files for display. A driver without a command counts too, because it
/// may have had one.
fn decrypts(settings: &Settings, name: &str) -> bool {
    let command = settings.value(&format!("diff.{name}.textconv"));
    name.contains("sops") || command.is_some_and(|command| command.contains("sops"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_writes_plaintext_below_messages_is_a_problem() {
        for (value, is_problem) in [("true", true), ("2", true), ("false", false), ("0", false)] {
            let settings = Settings::of([("commit.verbose", value)]);
            assert_eq!(
                in_commit_messages(&settings).is_some(),
                is_problem,
                "{value}"
            );
        }
    }
}
