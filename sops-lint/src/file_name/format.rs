//! Determines a file's format from its name.

use std::path::Path;

use sops_document::Format;

use super::copy::original;
use super::lower_case::name;

/// The format that the name implies, in any letter case and with any ending after it, as in
/// `secret.yaml.bak`; `None` if it implies none. SOPS itself treats all files without the exact
/// endings as binary.
pub(crate) fn named(path: &Path) -> Option<Format> {
    let known =
        |path: &Path| Some(Format::from_path(path)).filter(|format| *format != Format::Binary);
    if let Some(format) = known(path) {
        return Some(format);
    }
    let name = name(path);
    known(Path::new(&name)).or_else(|| {
        let endings = [
            (".yaml", Format::Yaml),
            (".yml", Format::Yaml),
            (".json", Format::Json),
        ];
        let is_copy = |ending: &str| {
            let mut rests = name
                .match_indices(ending)
                .map(|(at, _)| &name[at + ending.len()..]);
            rests.any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
        };
        let ending = endings.into_iter().find(|(ending, _)| is_copy(ending));
        let of_original = || known(&original(path)?);
        ending.map(|(_, format)| format).or_else(of_original)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_letter_case_do_not_hide_the_format() {
        for (name, format) in [
            ("a.yaml", Some(Format::Yaml)),
            ("S.YAML", Some(Format::Yaml)),
            ("s.Yml", Some(Format::Yaml)),
            ("a.JSON", Some(Format::Json)),
            ("secret.yaml.bak", Some(Format::Yaml)),
            ("secret.yaml~", Some(Format::Yaml)),
            (".secret.yaml.swp", Some(Format::Yaml)),
            ("secret.yaml.bak2", Some(Format::Yaml)),
            ("#secret.yaml#", Some(Format::Yaml)),
            ("secret.yaml.2026-01-01", Some(Format::Yaml)),
            ("a.json.orig", Some(Format::Json)),
            ("a.ENV", Some(Format::Dotenv)),
            (".env.local", None),
            (".yamllint", None),
            ("a.jsonnet", None),
            ("secret.yaml.j2", Some(Format::Yaml)),
            ("notes.txt", None),
            ("~", None),
            ("", None),
            ("a.toml", None),
        ] {
            assert_eq!(named(Path::new(name)), format, "{name}");
        }
    }
}
