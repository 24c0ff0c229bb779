//! The formats of documents, and how a file name determines one.

use std::path::Path;

/// A format of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// YAML 1.2 as Go's YAML library reads it; a stream can have several documents.
    Yaml,
    /// JSON with an object at the top.
    Json,
    /// Lines `KEY=VALUE`. A value is everything after the first `=`, quotes included; `\n` in it is
    /// a line break.
    Dotenv,
    /// INI as Go's library `gopkg.in/ini.v1` reads it. Keys before the first section are in the
    /// section `DEFAULT`.
    Ini,
    /// Any bytes as one value.
    Binary,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [
        Self::Yaml,
        Self::Json,
        Self::Dotenv,
        Self::Ini,
        Self::Binary,
    ];

    /// The format of a file name extension: `.yaml` and `.yml`, `.json`, `.env`, `.ini`. Every
    /// other file is binary.
    pub fn from_path(path: &Path) -> Self {
        let name = path.as_os_str().as_encoded_bytes();
        let ends = |suffix: &str| name.ends_with(suffix.as_bytes());
        match () {
            () if ends(".yaml") || ends(".yml") => Self::Yaml,
            () if ends(".json") => Self::Json,
            () if ends(".env") => Self::Dotenv,
            () if ends(".ini") => Self::Ini,
            () => Self::Binary,
        }
    }

    /// The format with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The name: `yaml`, `json`, `dotenv`, `ini` or `binary`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
        }
    }

    /// Whether all values are strings and nothing is nested deeper than a section: dotenv and INI.
    pub fn is_flat(self) -> bool {
        matches!(self, Self::Dotenv | Self::Ini)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_determines_the_format() {
        for (name, format) in [
            ("a.yaml", Format::Yaml),
            ("dir.json/a.yml", Format::Yaml),
            ("a.enc.json", Format::Json),
            (".env", Format::Dotenv),
            ("production.env", Format::Dotenv),
            (".env.production", Format::Binary),
            ("a.ini", Format::Ini),
            ("a.INI", Format::Binary),
            ("a.txt", Format::Binary),
            ("a", Format::Binary),
        ] {
            assert_eq!(Format::from_path(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn names_round_trip() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("toml"), None);
    }
}
