//! Reads a file with private keys as a source of identities.

use std::borrow::Cow;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

use sops_printable::system_reason;
use zeroize::Zeroizing;

use super::source::{KeySource, SourceContent};
use crate::environment::Environment;
use crate::platform::open_to_others;
use crate::reading::{self, FileKind, read_keys};

/// The source for the file at `path`, which `name` identifies in messages. A missing file is not an
/// error.
pub(super) fn from_file(
    environment: &Environment,
    name: String,
    path: &Path,
    kind: FileKind,
    content: impl FnOnce(Zeroizing<Vec<u8>>) -> SourceContent,
) -> KeySource {
    let read = match environment.lacks(path) {
        true => Err(None),
        false => read(path, kind),
    };
    match read {
        Ok((text, metadata)) => {
            let content = content(text);
            let warning = match &content {
                SourceContent::Protected(_) => None,
                SourceContent::Keys(keys) if keys.is_empty() => None,
                _ => too_open(path, &metadata),
            };
            KeySource {
                name,
                content,
                warning,
            }
        }
        Err(None) => KeySource {
            name,
            content: SourceContent::NoFile,
            warning: None,
        },
        Err(Some(message)) => KeySource {
            name,
            content: SourceContent::Failed(message),
            warning: None,
        },
    }
}

/// Reads a whole file; the error is `None` if it does not exist.
fn read(path: &Path, kind: FileKind) -> Result<(Zeroizing<Vec<u8>>, Metadata), Option<String>> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => None,
        ErrorKind::IsADirectory => Some("cannot be read: a directory".to_owned()),
        ErrorKind::FileTooLarge => Some("cannot be read: 16 MiB or more".to_owned()),
        _ => Some(format!("cannot be read: {}", system_reason(&error))),
    };
    let file = reading::open(path, kind).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    // A file larger than memory cannot be read.
    let expected = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let text = read_keys(file, expected).map_err(failed)?;
    Ok((text, metadata))
}

/// The warning about a key file that other users can access, following OpenSSH's rule.
fn too_open(path: &Path, metadata: &Metadata) -> Option<String> {
    let mode = open_to_others(metadata)?;
    let path = path.display().to_string();
    // A path with a zero byte does not exist, so every path can be quoted.
    let quoted = shlex::try_quote(&path).unwrap_or(Cow::Borrowed(&path));
    Some(format!(
        "{path}: other users can access this private key (mode {mode:04o}); run `chmod 600 {quoted}`"
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_command_that_protects_a_key_file_can_be_pasted() {
        let directory = tempfile::tempdir().unwrap();
        for (name, quote) in [("keys.txt", ""), ("my keys.txt", "'")] {
            let path = directory.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let warning = too_open(&path, &fs::metadata(&path).unwrap()).unwrap();
            let command = format!("run `chmod 600 {quote}{}{quote}`", path.display());
            assert!(warning.ends_with(&command), "{warning}");
        }
    }
}
