//! Every error a person can meet: its message, where it points, what to do about it, and the exit code of `sops`.

use std::borrow::Cow;
use std::fmt::Display;
use std::io;
use std::iter;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use sops_core::document::Error as DocumentError;
use sops_core::document::merge_conflict;
use sops_core::keys::Error as KeyError;
use sops_core::reading::{self, FileKind};
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, Format, Location};
use sops_printable::escaped;
use sops_printable::{lines, one_line};

use crate::excerpt::{Excerpt, Excerpts};

/// The exit codes of `sops` that are in use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Generic = 1,
    CannotReadInput = 2,
    CannotWriteOutput = 3,
    CannotWriteTree = 4,
    InvalidKmsContext = 6,
    InvalidSetFormat = 7,
    ConflictingParameters = 8,
    CannotEncryptTree = 23,
    CannotDecryptTree = 25,
    CannotChangeKeysOfMissingFile = 49,
    MacMismatch = 51,
    InvalidTreePath = 91,
    NeedsOneDocument = 92,
    NoFileSpecified = 100,
    DuplicateKeyType = 112,
    CannotRetrieveDataKey = 128,
    /// What a shell reports of a program whose output nobody reads any more.
    BrokenPipe = 141,
    FileNotModified = 200,
    NoEditor = 201,
    AlreadyEncrypted = 203,
}

const TAKE_OR_LOOK: &str = "restore the file from version control, or look at its values with `sops-rs decrypt --ignore-mac <FILE>`";

const TAKE_ONE_SIDE: &str = "take one side as a whole, with `git checkout --ours <FILE>` or `git checkout --theirs <FILE>`, and make the changes of the other again with `sops-rs edit` or `sops-rs set`";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    code: Code,
    message: String,
    place: Option<Box<Place>>,
    hints: Vec<Cow<'static, str>>,
    /// Whether it is what the person wanted.
    is_calm: bool,
    /// Whether another program changed the file after the command read it.
    is_conflict: bool,
}

/// Where an error points to.
#[derive(Debug)]
struct Place {
    /// What messages call the file.
    name: String,
    location: Option<Location>,
    excerpt: Option<Excerpt>,
}

/// What was asked of a text when an error was found in it; `sops` has other codes for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It was to be encrypted.
    Plaintext,
    /// It was to be encrypted in place of what an encrypted file had.
    Changed,
    /// It was taken for an encrypted file.
    Encrypted,
}

impl CommandError {
    /// With a one-line message; line breaks and control characters in it are escaped.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::with_message(code, one_line(&message.into()).into_owned())
    }

    /// With a message of several lines. The caller must have escaped any untrusted parts.
    pub(crate) fn with_lines(code: Code, message: &str) -> Self {
        Self::with_message(code, lines(message).into_owned())
    }

    fn with_message(code: Code, message: String) -> Self {
        Self {
            code,
            message,
            place: None,
            hints: Vec::new(),
            is_calm: false,
            is_conflict: false,
        }
    }

    /// Says it as a note: the person gave up.
    pub(crate) fn calmly(mut self) -> Self {
        self.is_calm = true;
        self
    }

    /// Marks it: another program changed the file after the command read it, so the command can start again.
    pub(crate) fn with_conflict(mut self) -> Self {
        self.is_conflict = true;
        self
    }

    pub(crate) fn is_conflict(&self) -> bool {
        self.is_conflict
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        let hint = match hint.into() {
            Cow::Borrowed(own) => Cow::Borrowed(own),
            Cow::Owned(hint) => Cow::Owned(one_line(&hint).into_owned()),
        };
        self.hints.push(hint);
        self
    }

    /// Like [`hint`](Self::hint), with several lines. The caller must have escaped any untrusted parts.
    pub(crate) fn hint_with_lines(mut self, hint: &str) -> Self {
        self.hints.push(Cow::Owned(lines(hint).into_owned()));
        self
    }

    /// Says that it is about a file as a whole.
    pub(crate) fn in_file(mut self, name: &str) -> Self {
        self.point(name, None, &[], Format::Yaml);
        self
    }

    /// The same with another exit code.
    pub(crate) fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// A file or stream that cannot be read.
    pub(crate) fn input(name: impl Display, error: &io::Error) -> Self {
        Self::new(
            Code::CannotReadInput,
            format!("cannot read {name}: {}", reason(error)),
        )
    }

    /// A file that cannot be written.
    pub(crate) fn output(name: impl Display, error: &io::Error) -> Self {
        Self::new(
            Code::CannotWriteOutput,
            format!("cannot write {name}: {}", reason(error)),
        )
    }

    /// A stream that takes no more.
    pub(crate) fn stream(name: impl Display, error: &io::Error) -> Self {
        Self::output(name, error).with_code(match error.kind() {
            io::ErrorKind::BrokenPipe => Code::BrokenPipe,
            _ => Code::Generic,
        })
    }

    /// A change that would put another `sops` block beside that of the file.
    pub(crate) fn reserved_key() -> Self {
        let message = "the key `sops` at the top level, in dotenv all that begin with `sops_`, is for the file's own metadata";
        Self::new(Code::AlreadyEncrypted, message)
    }

    /// An error of the library that is about no text.
    pub(crate) fn general(error: impl Into<Error>) -> Self {
        Self::from_core(error.into(), None)
    }

    /// An error of the library about the text of the file that messages call `name`.
    pub(crate) fn in_text(
        error: Error,
        name: &str,
        text: &[u8],
        format: Format,
        role: Role,
    ) -> Self {
        Self::from_core(error, Some((name, text, format, role)))
    }

    fn from_core(error: Error, source: Option<(&str, &[u8], Format, Role)>) -> Self {
        let (malformed, unencryptable) = match source {
            Some((.., Role::Plaintext | Role::Changed)) => {
                (Code::CannotReadInput, Code::CannotEncryptTree)
            }
            _ => (Code::Generic, Code::CannotDecryptTree),
        };
        let other =
            source
                .filter(|_| may_have_other_format(&error))
                .and_then(|(_, text, format, role)| match role {
                    Role::Encrypted => other_format(text, format),
                    _ => None,
                });
        let mut at = None;
        let simple = |code, error: &Error| Self::new(code, error.to_string());
        let mut new = match error {
            Error::Document(DocumentError::Syntax { location, message }) | Error::Document(DocumentError::Unsupported { location, message }) => {
                let text = source.map_or(&b""[..], |(_, text, ..)| text);
                match merge_conflict(text) {
                    Some(conflict) => {
                        let is_encrypted = has_ciphertext(text);
                        let text = String::from_utf8_lossy(&text[..conflict.end]);
                        at = Some(Location::of(&text, conflict.start));
                        let new = Self::new(malformed, "the file has an unresolved merge conflict");
                        match is_encrypted {
                            true => new.hint(TAKE_ONE_SIDE)
                                .hint("lines of both sides can be combined only if the data key is the same, so that neither side was rotated; then check the values and the MAC with `sops-rs edit --ignore-mac <FILE>`"),
                            false => new.hint("resolve the conflict first: keep the lines that you want, and remove those that begin with `<<<<<<<`, `=======` and `>>>>>>>`"),
                        }
                    }
                    None => {
                        at = Some(location);
                        Self::new(malformed, message)
                    }
                }
            }
            Error::Document(DocumentError::Unrepresentable { location, message }) => {
                at = Some(location);
                Self::new(unencryptable, message)
            }
            Error::Document(DocumentError::Limit { location, message }) => {
                at = location;
                Self::new(malformed, message)
            }
            Error::NotEncrypted if other.is_some() => simple(Code::Generic, &error),
            Error::NotEncrypted if source.is_some_and(|(_, text, ..)| has_ciphertext(text)) => {
                simple(Code::Generic, &error)
                    .hint("there are encrypted values, but what opens them is gone; restore the file from version control")
            }
            Error::Output(cause) => return Self::stream("standard output", &cause),
            Error::NotEncrypted => simple(Code::Generic, &error)
                .hint("encrypt the file first: `sops-rs encrypt --in-place <FILE>`"),
            Error::Metadata { .. } if malformed == Code::CannotReadInput => {
                // A plaintext that has such a key, whatever is in it.
                return Self::from_core(Error::AlreadyEncrypted, source);
            }
            Error::AlreadyEncrypted if matches!(source, Some((.., Role::Changed))) => {
                Self::reserved_key()
            }
            Error::AlreadyEncrypted if matches!(source, Some((.., Format::Dotenv, _))) => {
                Self::new(Code::AlreadyEncrypted, "a key begins with `sops_`: the document is encrypted already")
                    .hint("to change an encrypted file: `sops-rs edit <FILE>`")
                    .hint("in a plaintext file, give the keys that begin with `sops_` other names")
            }
            Error::AlreadyEncrypted => Self::new(Code::AlreadyEncrypted, "the document has a top-level key `sops`, which is for the metadata of encrypted files: it is encrypted already, or the key needs another name")
                .hint("to change an encrypted file: `sops-rs edit <FILE>`")
                .hint("in a plaintext file, give the key `sops` another name"),
            Error::Ciphertext { path, location } => {
                at = Some(location);
                Self::new(Code::AlreadyEncrypted, format!("{path}: this value is encrypted already, but the file has no `sops` block to open it: the block seems to have been lost"))
                    .hint("take the block back from version control; encrypted once more, the value could not be opened any more")
            }
            Error::Metadata { location, path, message } => {
                at = location;
                let is_whole = path.is_none();
                let unplaced = Error::Metadata { location: None, path, message };
                let new = simple(Code::Generic, &unplaced)
                    .hint("the block is written by programs only; restore the file from version control");
                match is_whole {
                    true => new.hint("in a plaintext file, give the key `sops` another name"),
                    false => new,
                }
            }
            Error::Value {
                path,
                location,
                message,
            } => {
                at = location;
                let may_be_merged = message.contains("from before a `rotate`");
                let new = Self::new(Code::CannotDecryptTree, format!("{path}: {message}"))
                    .hint("encrypted values are changed with `sops-rs edit` or `sops-rs set` only; restore the file from version control");
                match may_be_merged {
                    true => new.hint("after a merge with a branch that rotated the file, take the file of one branch, and make the changes of the other again"),
                    false => new,
                }
            }
            Error::MacMismatch => simple(Code::MacMismatch, &error)
                .hint("if the change is wanted, as after a merge: check the values with `sops-rs edit --ignore-mac <FILE>` and save them")
                .hint("otherwise restore the file from version control"),
            Error::MacMissing { location } => {
                at = location;
                simple(Code::MacMismatch, &Error::MacMissing { location: None })
                    .hint(TAKE_OR_LOOK)
            }
            Error::MacUnreadable { location } => {
                at = location;
                simple(Code::MacMismatch, &Error::MacUnreadable { location: None })
                    .hint(TAKE_OR_LOOK)
            }
            Error::NoDataKey { location, .. } => {
                at = location;
                let new = Self::with_lines(Code::CannotRetrieveDataKey, &error.to_string());
                match location {
                    Some(_) => new.hint("an `enc` was altered or cut off; restore the file from version control"),
                    None => new,
                }
            }
            Error::Keys(KeyError::NoKeyService { .. }) => simple(Code::Generic, &error)
                .hint("name one with `--keyservice`, or take the key out: in `.sops.yaml`, or with flags such as `--rm-kms`"),
            Error::Document(DocumentError::Unwritable { .. }) => simple(Code::CannotWriteTree, &error),
            Error::Keys(KeyError::NoRecipient) => simple(Code::Generic, &error)
                .hint("name one with `--age`, or in a creation rule of `.sops.yaml`; `sops-rs init` makes both a key and the rule"),
            Error::NothingSelected { .. } => simple(Code::Generic, &error)
                .hint("change the rule, or leave the file in plaintext with `--allow-plaintext`"),
            Error::Keys(KeyError::PrivateKey) => simple(Code::Generic, &error)
                .hint("the recipient is the public key, `age1…`; make a new key if others have seen this one"),
            Error::Config {
                file,
                location,
                message,
            } => {
                let mut new = Self::with_lines(Code::Generic, &message);
                let text = match source {
                    Some((_, text, ..)) => text.to_vec(),
                    None => reading::read_config(&file, FileKind::Regular).unwrap_or_default(),
                };
                new.point(&file.display().to_string(), location, &text, Format::Yaml);
                return new;
            }
            error => simple(Code::Generic, &error),
        };
        if let Some(other) = other {
            new = new.hint(format_hint(other));
        }
        if let Some((name, text, format, _)) = source {
            if matches!(new.code, Code::MacMismatch | Code::CannotDecryptTree)
                && let Some(hint) = unknown_keys(text, format)
            {
                new = new.hint(hint);
            }
            new.point(name, at, text, format);
        }
        new
    }

    fn point(&mut self, name: &str, location: Option<Location>, text: &[u8], format: Format) {
        let excerpt = location.and_then(|at| {
            let excerpt = Excerpts::new(text, format).at(at.offset)?;
            // A report tells the column of what it marks, which in a masked value is where the mask begins.
            let marked = excerpt.text[..excerpt.span.start].chars().count() + 1;
            (marked == at.column).then_some(excerpt)
        });
        self.place = Some(Box::new(Place {
            name: one_line(name).into_owned(),
            excerpt,
            location,
        }));
    }

    /// The lines that tell what is wrong and where, without the file's name: for the head of a text that is being edited.
    pub(crate) fn lines(&self, lines_above: usize) -> Vec<String> {
        let place = self.place.as_ref().and_then(|place| place.location);
        let place =
            place.map(|at| format!("line {}, column {}: ", at.line + lines_above, at.column));
        let text = format!("{}{}", place.unwrap_or_default(), self.message);
        text.lines().map(str::to_owned).collect()
    }

    /// What is wrong, and the line, in one line.
    #[cfg(feature = "kube")]
    pub(crate) fn summary(&self) -> String {
        self.lines(0).join(" ")
    }

    /// The report for a person; `None` where there is nobody to read it.
    pub(crate) fn render(&self, renderer: &Renderer) -> Option<String> {
        if self.code == Code::BrokenPipe {
            return None;
        }
        let level = match self.is_calm {
            true => Level::NOTE,
            false => Level::ERROR,
        };
        let mut group = Group::with_title(level.primary_title(&*self.message));
        let Some(place) = &self.place else {
            // Hints in the same group would stand below a bar that leads from nowhere.
            let hints = self.hints.iter();
            let hints = hints.map(|hint| Group::with_title(Level::HELP.primary_title(&**hint)));
            let reports = iter::once(group).chain(hints);
            let reports = reports.map(|group| renderer.render(&[group]));
            return Some(reports.collect::<Vec<_>>().join("\n"));
        };
        group = place.add_to(group);
        for hint in &self.hints {
            group = group.element(Level::HELP.message(&**hint));
        }
        Some(renderer.render(&[group]))
    }
}

impl Place {
    fn add_to<'a>(&'a self, group: Group<'a>) -> Group<'a> {
        let origin = Origin::path(&*self.name);
        match (self.location, &self.excerpt) {
            (None, _) => group.element(origin),
            (Some(at), None) => group.element(origin.line(at.line).char_column(at.column)),
            (Some(at), Some(excerpt)) => group.element(
                Snippet::source(&*excerpt.text)
                    .path(&*self.name)
                    .line_start(at.line)
                    .annotation(AnnotationKind::Primary.span(excerpt.span.clone())),
            ),
        }
    }
}

/// Whether the error may come from reading the text as the wrong format.
fn may_have_other_format(error: &Error) -> bool {
    matches!(
        error,
        Error::Document(DocumentError::Syntax { .. })
            | Error::Document(DocumentError::Unsupported { .. })
            | Error::NotEncrypted
            | Error::Document(DocumentError::Unwritable { .. })
    )
}

/// The format in which the text is an encrypted file, if that is not the one that its name says.
fn other_format(text: &[u8], format: Format) -> Option<Format> {
    // YAML comes last: JSON can be read as YAML too.
    let formats = [Format::Json, Format::Dotenv, Format::Ini, Format::Yaml];
    let mut others = formats.into_iter().filter(|other| *other != format);
    others.find(|other| has_ciphertext(text) && EncryptedDocument::parse(text, *other).is_ok())
}

/// What to do with an encrypted file of that format whose name does not say so.
pub(crate) fn format_hint(format: Format) -> String {
    let (name, shown) = (
        format.name(),
        match format {
            Format::Dotenv => "dotenv".to_owned(),
            format => format.name().to_uppercase(),
        },
    );
    format!(
        "this looks like an encrypted {shown} file: add `--input-type {name} --output-type {name}`, or give it a name that ends with `.{}`",
        if format == Format::Dotenv {
            "env"
        } else {
            name
        }
    )
}

/// Whether a value as SOPS encrypts them stands in the text.
fn has_ciphertext(text: &[u8]) -> bool {
    text.windows(CIPHERTEXT_PREFIX.len())
        .any(|bytes| bytes == CIPHERTEXT_PREFIX.as_bytes())
}

/// What to say of keys of the `sops` block that mean nothing: one of them may be misspelt, which changes what the values are.
fn unknown_keys(text: &[u8], format: Format) -> Option<String> {
    let document = EncryptedDocument::parse(text, format).ok()?;
    let keys = &document.metadata().unknown_keys;
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    (!keys.is_empty()).then(|| {
        let keys = keys.join(", ");
        format!("the `sops` block has what the format does not: {keys}; a misspelt key counts for nothing")
    })
}

/// Why the system refused, without its error number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// What messages call a file: its name, of which no character can change what a terminal shows.
pub(crate) fn name_of(path: &Path) -> String {
    escaped(&path.to_string_lossy()).into_owned()
}
