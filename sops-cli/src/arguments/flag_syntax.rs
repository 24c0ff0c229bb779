//! How Go's flag library spells flags and truth values.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The name and the value of an argument that is a flag.
pub(crate) fn flag(argument: &OsStr) -> Option<(&OsStr, Option<&OsStr>)> {
    let bytes = argument.as_bytes();
    let text = bytes.strip_prefix(b"--").or(bytes.strip_prefix(b"-"))?;
    let (name, value) = match text.iter().position(|byte| *byte == b'=') {
        Some(end) => (&text[..end], Some(OsStr::from_bytes(&text[end + 1..]))),
        None => (text, None),
    };
    (!name.is_empty()).then(|| (OsStr::from_bytes(name), value))
}

/// Parses a truth value as Go's `strconv.ParseBool` does.
pub(crate) fn truth(value: impl AsRef<OsStr>) -> Option<bool> {
    match value.as_ref().to_str()? {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
