//! How the program was called.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::LazyLock;

/// Whether the program was called under the name `sops`, through a link or a copy. It is then
/// `sops` in every way that programs can see.
pub(crate) fn is_sops() -> bool {
    // Cached, because each line for the user depends on it, and reading the arguments copies them
    // all.
    static IS_SOPS: LazyLock<bool> = LazyLock::new(|| {
        let name = env::args_os().next().unwrap_or_default();
        Path::new(&name).file_name() == Some(OsStr::new("sops"))
    });
    *IS_SOPS
}

/// The name under which the completion script registers with a shell.
pub(crate) fn name() -> &'static str {
    if is_sops() { "sops" } else { "sops-rs" }
}

/// `text` for the user. Commands in it, such as `sops-rs edit`, begin with the name by which the
/// program was called.
pub(crate) fn under_name(text: &str) -> Cow<'_, str> {
    const COMMANDS: [&str; 2] = ["`sops-rs ", "<(sops-rs "];
    let is_changed = is_sops() && COMMANDS.iter().any(|command| text.contains(command));
    match is_changed {
        true => Cow::Owned(renamed(text, &COMMANDS)),
        false => Cow::Borrowed(text),
    }
}

fn renamed(text: &str, commands: &[&str]) -> String {
    commands.iter().fold(text.to_owned(), |text, command| {
        text.replace(command, &command.replace("sops-rs", "sops"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_get_another_name() {
        let text = "sops-rs reads `.sops-rs.yaml`: `sops-rs edit x` or `x | sops-rs`";
        let commands = ["`sops-rs "];
        assert_eq!(
            renamed(text, &commands),
            "sops-rs reads `.sops-rs.yaml`: `sops edit x` or `x | sops-rs`"
        );
    }
}
