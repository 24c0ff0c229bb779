//! Reads new secrets from files, standard input and the terminal.

use std::io::{self, Read};
use std::path::Path;

use secrecy::ExposeSecret as _;
use sops_core::{EncryptedDocument, encrypted_format};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::ui::{Ui, terminal};

/// Asks for a secret on the terminal, without showing it. `hint` is for users without a terminal.
pub(crate) fn ask(
    ui: &Ui,
    question: &str,
    hint: &'static str,
) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let answer = ui.prompt().passphrase(question).ok_or_else(|| {
        if terminal::exists() {
            let message = "the input ended before there was an answer";
            return CommandError::new(Code::Generic, message);
        }
        CommandError::new(Code::Generic, "there is no terminal to ask for the value").hint(hint)
    })?;
    let text = answer.expose_secret();
    if text.is_empty() {
        return Err(CommandError::new(
            Code::InvalidSetFormat,
            "the value is empty",
        ));
    }
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

/// The name of a file in messages; `-` is standard input.
pub(crate) fn input_name(file: &Path) -> String {
    match file == Path::new("-") {
        true => "standard input".to_owned(),
        false => name_of(file),
    }
}

/// The content of a file; `-` is standard input.
pub(crate) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    match file == Path::new("-") {
        true => standard_input(),
        false => read_plaintext(file),
    }
}

/// The content of a file that is not encrypted. No program could use the ciphertext as a value.
pub(crate) fn read_plaintext(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let bytes = read_file(file)?;
    if encrypted_format(&bytes).is_some_and(|format| {
        str::from_utf8(&bytes).is_ok_and(|text| EncryptedDocument::parse(text, format).is_ok())
    }) {
        let name = name_of(file);
        let message = format!("{name} is encrypted, and its ciphertext would become the value");
        return Err(CommandError::new(Code::AlreadyEncrypted, message).hint(
            "pipe the plaintext into this command: `sops-rs decrypt FILE | sops-rs …`, with `-` as the file",
        ));
    }
    Ok(bytes)
}

/// The content of a file.
pub(crate) fn read_file(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let bytes = std::fs::read(file).map(Zeroizing::new);
    bytes.map_err(|error| CommandError::input(name_of(file), &error).with_code(Code::Generic))
}

/// All of standard input.
pub(crate) fn standard_input() -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| {
        let name = "the value from standard input";
        CommandError::input(name, &error).with_code(Code::Generic)
    })?;
    Ok(bytes)
}

/// The text on standard input, without the line break after a single line. Refuses empty input,
/// because the program before the pipe has probably failed.
pub(crate) fn piped() -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let text = without_line_break(standard_input()?);
    match text.is_empty() {
        true => Err(
            CommandError::new(Code::NoFileSpecified, "standard input is empty").hint(
                "check the command whose output is the value, or pass a file or a value instead",
            ),
        ),
        false => Ok(text),
    }
}

/// Notes that a value from a file has a line break after its only line, which few passwords have.
/// `way_out` says how to leave it out.
pub(crate) fn note_line_break(ui: &Ui, value: &str, file: &Path, bytes: &[u8], way_out: &str) {
    let is_line = str::from_utf8(bytes)
        .is_ok_and(|text| text.len() > 1 && text.find('\n') == Some(text.len() - 1));
    if is_line {
        let source = match file == Path::new("-") {
            true => "standard input".to_owned(),
            false => name_of(file),
        };
        ui.note(format_args!(
            "`{value}` ends with a line break, as {source} does; to leave it out, {way_out}"
        ));
    }
}

/// Removes the line break that programs print after a single line. The line break at the end of
/// longer text, such as a key in PEM, is part of it.
pub(crate) fn without_line_break(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    let line = bytes.strip_suffix(b"\n");
    let line = line.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if let Some(line) = line.filter(|line| !line.contains(&b'\n')) {
        let length = line.len();
        bytes.truncate(length);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_line_loses_its_line_break() {
        for (text, expected) in [
            ("", ""),
            ("\n", ""),
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n\n"),
            ("a\nb\n", "a\nb\n"),
        ] {
            let bytes = Zeroizing::new(text.as_bytes().to_vec());
            assert_eq!(*without_line_break(bytes), expected.as_bytes(), "{text:?}");
        }
    }
}
