//! Names from files, as messages show them.

use std::borrow::Cow;
use std::fmt;

use crate::secret_detection::token;

/// The text that is shown instead of a secret.
pub(crate) const MASK: &str = "***";

/// The name without a part that may be a value: `PASSWORD=hunter2` is a misplaced assignment, not a
/// name.
pub(crate) fn shown_name(name: &str) -> Cow<'_, str> {
    if token::find(name).is_some() {
        return MASK.into();
    }
    let bare = name.trim_end();
    let sign = bare.char_indices().find(|(at, character)| {
        let after = &bare[at + character.len_utf8()..];
        // An address has a secret only before an `@`.
        let is_scheme = || after.starts_with("//") && !after.contains('@');
        match character {
            '=' => !after.is_empty(),
            ':' => !after.is_empty() && !is_scheme(),
            _ => false,
        }
    });
    match sign {
        Some((at, _)) => format!("{}{MASK}", &bare[..=at]).into(),
        None => name.into(),
    }
}

/// Shows a [name](shown_name). Until then, it costs nothing: most values have no finding.
pub(crate) struct ShownName<'n>(pub(crate) &'n str);

impl fmt::Display for ShownName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_name(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::shown_name;

    #[test]
    fn possible_values_are_masked() {
        for (name, shown) in [
            ("PASSWORD", "PASSWORD"),
            ("PASSWORD=hunter2", "PASSWORD=***"),
            ("PASSWORD: hunter2", "PASSWORD:***"),
            ("spec.env.PASSWORD=hunter2", "spec.env.PASSWORD=***"),
            ("trailing=", "trailing="),
            (
                "auths.https://index.example.com/v1/.auth",
                "auths.https://index.example.com/v1/.auth",
            ),
            ("https://app:hunter2@example.com", "***"),
            ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
            ("clé=hunter2", "clé=***"),
        ] {
            assert_eq!(shown_name(name), shown, "{name}");
        }
    }
}
