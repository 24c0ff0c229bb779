//! The error of a command, and how one is built.

use std::borrow::Cow;
use std::fmt::Display;
use std::io;

use sops_core::{Format, Location};
use sops_lint::{Excerpt, Excerpts};
use sops_printable::{lines, one_line};

use super::code::Code;
use super::names::reason;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) pointer: Option<Box<Pointer>>,
    pub(super) hints: Vec<Cow<'static, str>>,
    /// An additional fact, shown above the hints.
    pub(super) note: Option<String>,
    /// Whether the user wanted this outcome, such as giving up in the editor.
    pub(super) is_calm: bool,
    /// Whether another program changed the file after the command read it.
    is_conflict: bool,
    /// Whether the message is the text of `sops`.
    is_of_sops: bool,
}

/// Where an error points to.
#[derive(Debug)]
pub(crate) struct Pointer {
    /// The name of the file in messages.
    pub(super) name: String,
    pub(super) location: Option<Location>,
    pub(super) excerpt: Option<Excerpt>,
}

impl CommandError {
    /// Creates an error with a one-line message; line breaks and control characters in it are
    /// escaped.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::with_message(code, one_line(&message.into()).into_owned())
    }

    /// Creates an error with a message of several lines. The caller must have escaped any untrusted
    /// parts.
    pub(crate) fn with_lines(code: Code, message: &str) -> Self {
        Self::with_message(code, lines(message).into_owned())
    }

    fn with_message(code: Code, message: String) -> Self {
        Self {
            code,
            message,
            pointer: None,
            hints: Vec::new(),
            note: None,
            is_calm: false,
            is_conflict: false,
            is_of_sops: false,
        }
    }

    /// Reports the error as a note, because the user gave up.
    pub(crate) fn calmly(mut self) -> Self {
        self.is_calm = true;
        self
    }

    /// Marks the error: another program changed the file after the command read it, so the command
    /// can start again.
    pub(crate) fn with_conflict(mut self) -> Self {
        self.is_conflict = true;
        self
    }

    pub(crate) fn is_conflict(&self) -> bool {
        self.is_conflict
    }

    /// Uses the text of `sops`, which programs look for, as the message. The original message
    /// becomes a hint.
    pub(crate) fn in_words_of_sops(mut self, message: &str) -> Self {
        let own = std::mem::replace(&mut self.message, message.to_owned());
        self.hints.insert(0, Cow::Owned(own));
        self.is_of_sops = true;
        self
    }

    /// The text of `sops` for this error.
    pub(crate) fn of_sops(&self) -> Option<&str> {
        self.is_of_sops.then_some(&*self.message)
    }

    /// Adds a hint: what to do about the error.
    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        let hint = match hint.into() {
            Cow::Borrowed(own) => Cow::Borrowed(own),
            Cow::Owned(hint) => Cow::Owned(one_line(&hint).into_owned()),
        };
        self.hints.push(hint);
        self
    }

    /// Like [`hint`](Self::hint), with several lines. The caller must have escaped any untrusted
    /// parts.
    pub(crate) fn hint_with_lines(mut self, hint: &str) -> Self {
        self.hints.push(Cow::Owned(lines(hint).into_owned()));
        self
    }

    /// Adds a one-line note above the hints.
    pub(super) fn note(mut self, note: &str) -> Self {
        self.note = Some(one_line(note).into_owned());
        self
    }

    /// Names the file that the error is about, without a location.
    pub(crate) fn in_file(mut self, name: &str) -> Self {
        self.point(name, None, &[], Format::Yaml);
        self
    }

    /// Replaces the exit code.
    pub(crate) fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The message, without the location and the hints.
    pub(crate) fn message(&self) -> &str {
        &self.message
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

    /// An error for a stream that cannot be written.
    pub(crate) fn stream(name: impl Display, error: &io::Error) -> Self {
        Self::output(name, error).with_code(match error.kind() {
            io::ErrorKind::BrokenPipe => Code::BrokenPipe,
            _ => Code::Generic,
        })
    }

    pub(super) fn point(
        &mut self,
        name: &str,
        location: Option<Location>,
        text: &[u8],
        format: Format,
    ) {
        let excerpt = location.and_then(|at| Excerpts::new(text, format).at(at.offset));
        self.pointer = Some(Box::new(Pointer::new(name, location, excerpt)));
    }
}
