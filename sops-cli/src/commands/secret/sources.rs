//! Where the values of a new Secret come from. Files, literals and environment files are read as by
//! `kubectl create secret generic`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::random_text::RandomText;
use crate::secret_data;
use crate::secret_input::{
    ask, note_line_break, piped, read, read_file, read_plaintext, without_line_break,
};
use crate::ui::Ui;

/// The longest key that Kubernetes accepts.
const MAX_KEY: usize = 253;

/// The keys of a Secret and their values, in the order of the command line.
#[derive(Default)]
pub(super) struct Entries {
    entries: Vec<(String, Zeroizing<String>)>,
    keys: HashSet<String>,
    /// Whether a value was read or made, and not given on the command line.
    has_read: bool,
}

impl Entries {
    /// Adds a value that was read or made. It is encoded in base64.
    pub(super) fn add(&mut self, key: &str, value: Zeroizing<Vec<u8>>) -> Result<(), CommandError> {
        self.has_read = true;
        self.add_literal(key, value)
    }

    /// Adds a value from the command line, where an empty value is intended.
    fn add_literal(&mut self, key: &str, value: Zeroizing<Vec<u8>>) -> Result<(), CommandError> {
        check_key(key)?;
        if !self.keys.insert(key.to_owned()) {
            let message = format!("the key `{key}` is given twice");
            return Err(CommandError::new(Code::ConflictingParameters, message));
        }
        self.entries
            .push((key.to_owned(), secret_data::encode(&value)));
        Ok(())
    }

    /// The keys, and the base64 of their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.entries.iter();
        entries.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether every value is empty, although the user did not ask for that with literals.
    pub(super) fn are_blank_by_mistake(&self) -> bool {
        self.has_read && self.are_blank()
    }

    /// Whether every value is empty.
    pub(super) fn are_blank(&self) -> bool {
        self.entries.iter().all(|(_, value)| value.is_empty())
    }
}

/// The flags that gave a secret on the command line.
#[derive(Default)]
pub(super) struct Literals(Vec<&'static str>);

impl Literals {
    fn note(&mut self, flag: &'static str) {
        self.0.push(flag);
    }

    /// Warns about the flags once.
    pub(super) fn warn(&self, ui: &Ui) {
        if let Some(flag) = self.0.first() {
            ui.warn(format_args!(
                "other processes can see values of `{flag}`, and the shell's history keeps them; use a file, standard input or the prompt instead"
            ));
        }
    }
}

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct GenericArgs {
    /// Add a file under its name or KEY; for a directory, add each file in it
    ///
    /// As in `kubectl`, the line break at the end of a file is part of the value.
    #[arg(long, value_name = "[KEY=]FILE")]
    from_file: Vec<String>,
    /// Add the values from a file of `KEY=VALUE` lines
    #[arg(long, value_name = "FILE")]
    from_env_file: Vec<PathBuf>,
    /// Add a value; other processes can see it
    #[arg(long, value_name = "KEY=VALUE")]
    from_literal: Vec<Zeroizing<String>>,
    /// Add the text from standard input; the line break at the end of a single line is removed
    #[arg(long, value_name = "KEY")]
    from_stdin: Option<String>,
    /// Ask for a value on the terminal, without showing it
    #[arg(long, value_name = "KEY")]
    from_prompt: Vec<String>,
    /// Add a random value of this length, such as `token=32` or `token=64:hex`
    ///
    /// The alphabets, with the bits of entropy per character, are alnum (5.95), lower (5.17),
    /// digits (3.32), hex (4), base64url (6) and ascii (6.55). The default is alnum: 32 characters
    /// have 190 bits.
    #[arg(long, value_name = "KEY=LENGTH[:ALPHABET]")]
    generate: Vec<Request>,
}

impl GenericArgs {
    pub(super) fn collect(
        &self,
        ui: &Ui,
        entries: &mut Entries,
        literals: &mut Literals,
    ) -> Result<(), CommandError> {
        for source in &self.from_file {
            let (key, file) = key_and_file(source)?;
            let file = Path::new(file);
            match key {
                None if file.is_dir() => add_directory(file, entries)?,
                None if file == Path::new("-") => {
                    let message = "standard input has no name: write `KEY=-`";
                    return Err(CommandError::new(Code::Generic, message));
                }
                None => entries.add(&name_of(Path::new(file_name(file))), read_plaintext(file)?)?,
                Some(key) => {
                    let value = read(file)?;
                    let way_out = format!("pass the value with `--from-stdin {key}`");
                    note_line_break(ui, key, file, &value, &way_out);
                    entries.add(key, value)?;
                }
            }
        }
        for file in &self.from_env_file {
            add_env_file(file, entries)?;
        }
        for literal in &self.from_literal {
            literals.note("--from-literal");
            let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty())
            else {
                let message = "`--from-literal` needs a key, `=` and a value";
                return Err(CommandError::new(Code::Generic, message));
            };
            entries.add_literal(key, Zeroizing::new(value.as_bytes().to_vec()))?;
        }
        if let Some(key) = &self.from_stdin {
            check_key(key)?;
            entries.add(key, piped()?)?;
        }
        for key in &self.from_prompt {
            check_key(key)?;
            entries.add(
                key,
                ask(
                    ui,
                    &format!("Value of `{key}`"),
                    "pipe the value in with `--from-stdin`, or pass a file with `--from-file`",
                )?,
            )?;
        }
        for request in &self.generate {
            entries.add(&request.key, request.generate(ui))?;
        }
        Ok(())
    }
}

/// How a password is given, other than by its own flag.
#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input; the line break at the end of a single line is removed
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,
    /// Read the password from a file; the line break at the end of a single line is removed
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Reads the password. `literal` is the value of the flag with the name `flag`.
    pub(super) fn read(
        &self,
        ui: &Ui,
        literal: Option<&Zeroizing<String>>,
        flag: &'static str,
        literals: &mut Literals,
    ) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        if let Some(literal) = literal {
            literals.note(flag);
            return Ok(Zeroizing::new(literal.as_bytes().to_vec()));
        }
        if self.password_stdin {
            return piped();
        }
        match &self.password_file {
            Some(file) => Ok(without_line_break(read_file(file)?)),
            None => ask(
                ui,
                "Password",
                "pipe the password in with `--password-stdin`, or pass a file with `--password-file`",
            ),
        }
    }
}

/// A key, and the random text that it gets.
#[derive(Clone, Debug)]
pub(super) struct Request {
    key: String,
    text: RandomText,
}

impl std::str::FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, request) = text
            .split_once('=')
            .ok_or("write a key, `=` and a length, such as `token=32`")?;
        Ok(Self {
            key: key.to_owned(),
            text: request.parse()?,
        })
    }
}

impl Request {
    /// Reads a request for a password, with or without `password=`.
    pub(super) fn of_password(text: &str) -> Result<Self, String> {
        let request = text.strip_prefix("password=").unwrap_or(text);
        format!("password={request}").parse()
    }

    pub(super) fn generate(&self, ui: &Ui) -> Zeroizing<Vec<u8>> {
        self.text
            .weakness()
            .iter()
            .for_each(|warning| ui.warn(warning));
        Zeroizing::new(self.text.generate().as_bytes().to_vec())
    }
}

/// Splits `KEY=FILE` as `kubectl` does.
pub(super) fn key_and_file(source: &str) -> Result<(Option<&str>, &str), CommandError> {
    let error = |message: &str| Err(CommandError::new(Code::Generic, message));
    match source.split_once('=') {
        None => Ok((None, source)),
        Some((_, file)) if file.contains('=') => {
            error("`--from-file`: keys and file names cannot contain `=`")
        }
        Some(("", _)) => error("`--from-file`: the key before `=` is missing"),
        Some((_, "")) => error("`--from-file`: the file after `=` is missing"),
        Some((key, file)) => Ok((Some(key), file)),
    }
}

fn file_name(file: &Path) -> &std::ffi::OsStr {
    file.file_name().unwrap_or(file.as_os_str())
}

/// Adds the regular files of a directory. Their names must be valid keys.
fn add_directory(directory: &Path, entries: &mut Entries) -> Result<(), CommandError> {
    let error = |error| CommandError::input(name_of(directory), &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(error)? {
        let entry = entry.map_err(error)?;
        // As in `kubectl`, links are left out.
        if entry.file_type().map_err(error)?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    for file in files {
        entries.add(
            &name_of(Path::new(file_name(&file))),
            read_plaintext(&file)?,
        )?;
    }
    Ok(())
}

/// Adds the values of an environment file. A name without `=` takes the value of the variable.
fn add_env_file(file: &Path, entries: &mut Entries) -> Result<(), CommandError> {
    let bytes = read_plaintext(file)?;
    let at = |number: usize, problem: &str| {
        let message = format!("{}:{number}: {problem}", name_of(file));
        CommandError::new(Code::Generic, message)
    };
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = str::from_utf8(line).map_err(|_| at(index + 1, "the line is not UTF-8"))?;
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Zeroizing::new(value.as_bytes().to_vec())),
            None => {
                let value = std::env::var_os(line).unwrap_or_default();
                (line, Zeroizing::new(value.into_encoded_bytes()))
            }
        };
        if !is_variable_name(name) {
            return Err(at(
                index + 1,
                "expected the name of a variable: letters, digits, `_`, `-` and `.`, without a digit at the beginning",
            ));
        }
        entries.add(name, value)?;
    }
    Ok(())
}

/// Whether Kubernetes accepts the name of an environment variable.
fn is_variable_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let is_digit = name.starts_with(|first: char| first.is_ascii_digit());
    !name.is_empty() && name.bytes().all(is_allowed) && !is_digit && check_key(name).is_ok()
}

/// Refuses a key that Kubernetes does not accept.
pub(crate) fn check_key(key: &str) -> Result<(), CommandError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_valid = (1..=MAX_KEY).contains(&key.len())
        && key.bytes().all(is_allowed)
        && key != "."
        && !key.starts_with("..");
    match is_valid {
        true => Ok(()),
        false => Err(CommandError::new(
            Code::Generic,
            format!("`{key}` is not a valid key of a Secret"),
        )
        .hint("a key can have up to 253 letters, digits, `-`, `_` and `.`; it cannot be `.` or begin with `..`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_kubernetes() {
        for (key, is_valid) in [
            ("tls.key", true),
            (".dockerconfigjson", true),
            ("-a_B.9", true),
            ("", false),
            (".", false),
            ("..a", false),
            ("a b", false),
            ("a/b", false),
            ("é", false),
        ] {
            assert_eq!(check_key(key).is_ok(), is_valid, "{key}");
        }
        assert!(check_key(&"a".repeat(253)).is_ok() && check_key(&"a".repeat(254)).is_err());
    }

    #[test]
    fn a_file_may_have_a_key() {
        for (source, expected) in [
            ("a.txt", Some((None, "a.txt"))),
            ("k=a.txt", Some((Some("k"), "a.txt"))),
            ("k=-", Some((Some("k"), "-"))),
            ("k=a=b", None),
            ("=a", None),
            ("k=", None),
        ] {
            assert_eq!(key_and_file(source).ok(), expected, "{source}");
        }
    }
}
