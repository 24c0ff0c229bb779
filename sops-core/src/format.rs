//! The formats of documents, and how a file's name tells which.

use std::path::Path;

/// A format of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// YAML 1.2 as Go's YAML library reads it; several documents in a stream.
    Yaml,
    /// JSON with an object at the top.
    Json,
}

impl Format {
    /// The format that a file's name tells by its extension; `None` where SOPS would take the file as dotenv, INI or binary.
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            Some(Self::Yaml)
        } else if name.ends_with(".json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// The format of that name, as `--input-type` takes it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "yaml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The name, as `--input-type` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }
}
