//! Renders an error as a report, or as a few lines.

use std::borrow::Cow;
use std::iter;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use sops_core::document::Location;
use sops_lint::{Excerpt, shell_path};
use sops_printable::one_line;

use super::code::Code;
use super::error::{CommandError, Pointer};
use super::names::STANDARD_INPUT;
use super::wrapping::wrapped;

/// The columns before the text of a title: `error: `.
const TITLE_COLUMNS: usize = 7;

/// The columns before the text of a message below a line with a number of up to five digits.
pub(crate) const MESSAGE_COLUMNS: usize = 14;

impl CommandError {
    /// The message and the location without the file's name, for the lines above the text in the
    /// editor.
    pub(crate) fn lines(&self, lines_above: usize) -> Vec<String> {
        let location = self.pointer.as_ref().and_then(|pointer| pointer.location);
        let location =
            location.map(|at| format!("line {}, column {}: ", at.line + lines_above, at.column));
        let text = format!("{}{}", location.unwrap_or_default(), self.message);
        text.lines().map(str::to_owned).collect()
    }

    /// The message and the line, in a single line.
    #[cfg(feature = "kube")]
    pub(crate) fn summary(&self) -> String {
        self.lines(0).join(" ")
    }

    /// The file, the location in it and the message, in a single line.
    pub(crate) fn with_place(&self) -> String {
        let message = self.message.replace('\n', " ");
        match &self.pointer {
            Some(pointer) => match pointer.location {
                Some(at) => format!("{}:{}:{}: {message}", pointer.name, at.line, at.column),
                None => format!("{}: {message}", pointer.name),
            },
            None => message,
        }
    }

    /// A hint with the name of the file in the place of `<FILE>`, unless the error is about several
    /// files.
    fn with_file_name<'h>(&self, hint: &'h str, pointer: &Pointer) -> Cow<'h, str> {
        const FILE: &str = "<FILE>";
        let is_one = self.note.is_none() && pointer.name != STANDARD_INPUT;
        match is_one && hint.contains(FILE) {
            true => hint.replace(FILE, &shell_path(&pointer.name)).into(),
            false => hint.into(),
        }
    }

    /// The report for the user, wrapped at `width` columns; `None` if standard output is closed,
    /// which needs no report.
    pub(crate) fn render(&self, renderer: &Renderer, width: Option<usize>) -> Option<String> {
        if self.code == Code::BrokenPipe {
            return None;
        }
        let level = match self.is_calm {
            true => Level::NOTE,
            false => Level::ERROR,
        };
        let message = wrapped(&self.message, width, TITLE_COLUMNS);
        let mut group = Group::with_title(level.primary_title(&*message));
        let Some(pointer) = &self.pointer else {
            // In the same group, hints would appear below a bar that leads nowhere.
            let hints = self.hints.iter();
            let hints: Vec<_> = hints
                .map(|hint| wrapped(hint, width, TITLE_COLUMNS))
                .collect();
            let hints = hints.iter();
            let hints = hints.map(|hint| Group::with_title(Level::HELP.primary_title(&**hint)));
            let reports = iter::once(group).chain(hints);
            let reports = reports.map(|group| renderer.render(&[group]));
            return Some(reports.collect::<Vec<_>>().join("\n"));
        };
        let hints = self.hints.iter();
        let hints: Vec<_> = hints
            .map(|hint| self.with_file_name(hint, pointer))
            .collect();
        group = pointer.add_to(group);
        let wrapped = |text| wrapped(text, width, MESSAGE_COLUMNS);
        if let Some(note) = &self.note {
            group = group.element(Level::NOTE.message(wrapped(note)));
        }
        for hint in &hints {
            group = group.element(Level::HELP.message(wrapped(hint)));
        }
        Some(pointer.shown(renderer.render(&[group])))
    }
}

impl Pointer {
    /// The report of an error at a location in a file, with the source line.
    pub(crate) fn new(name: &str, location: Option<Location>, excerpt: Option<Excerpt>) -> Self {
        Self {
            name: one_line(name).into_owned(),
            location,
            excerpt,
        }
    }

    /// Adds the file, the location and the source line to a report.
    pub(crate) fn add_to<'a>(&'a self, group: Group<'a>) -> Group<'a> {
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

    /// The report with the column in the file. The renderer prints the column in the excerpt, which
    /// differs if masks come before it.
    pub(crate) fn shown(&self, report: String) -> String {
        let Some((at, excerpt)) = self.location.zip(self.excerpt.as_ref()) else {
            return report;
        };
        let column = excerpt.text[..excerpt.span.start].chars().count() + 1;
        let position = |column| format!("{}:{}:{column}", self.name, at.line);
        report.replacen(&position(column), &position(at.column), 1)
    }
}
