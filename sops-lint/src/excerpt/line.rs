//! Builds one line from the pieces that may be shown.

use std::ops::Range;

use sops_printable::{ceil_char_boundary, floor_char_boundary, is_printable};

use super::piece::{Piece, Pieces, Visibility};
use crate::allowing_comment::is_harmless_comment;
use crate::finding::Finding;
use crate::secret_detection::is_shown;
use crate::shown_line::Excerpt;
use crate::shown_name::MASK;

/// The text that replaces the rest of a long line or value.
const CUT: &str = "…";
/// How many bytes of a long line are shown before and after the position.
const BEFORE: usize = 100;
const AFTER: usize = 140;
/// Longer values are cut.
const MAX_VALUE: usize = 100;
/// White space within a line, and the characters that begin list items.
const BLANKS: [char; 2] = [' ', '\t'];
/// Words at the beginning of a line that name its command, in Dockerfiles and scripts.
const COMMANDS: [&str; 12] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "LABEL",
    "RUN",
    "export",
    "env",
    "set",
    "run",
];

/// The position that an excerpt points to.
pub(super) struct Pointer {
    pub(super) span: Range<usize>,
    /// Names that the message shows.
    pub(super) names: Vec<String>,
    /// Words in these names and in the path of the finding.
    pub(super) words: Vec<String>,
    /// The keys in the path of the finding.
    pub(super) keys: Vec<String>,
}

impl Pointer {
    pub(super) fn to(finding: &Finding) -> Self {
        let names = finding.message.split('`').skip(1).step_by(2);
        let path = finding.path.iter();
        let path = path.map(|step| step.trim_matches(['[', ']']));
        let words = names.clone().chain(path.clone()).flat_map(|name| {
            let parts = name.split(|c: char| !is_word(c));
            parts.filter(|part| !part.is_empty()).map(str::to_owned)
        });
        Self {
            span: finding.location.offset..finding.end,
            words: words.collect(),
            keys: path.map(str::to_owned).collect(),
            names: names.map(str::to_owned).collect(),
        }
    }
}

/// Whether the character can be in a word such as a key, a variable or a flag.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a word is a known one, apart from its letter case and the hyphens of a flag.
fn is_same(known: &str, word: &str) -> bool {
    let bare = |word: &str| word.trim_start_matches('-').to_ascii_lowercase();
    bare(known) == bare(word) && !bare(word).is_empty()
}

/// The part of a line around a position.
pub(super) struct Line<'t> {
    text: &'t str,
    pointer: &'t Pointer,
    /// The visible part of the line, without its line break.
    window: Range<usize>,
    is_cut_before: bool,
    is_cut_after: bool,
}

impl<'t> Line<'t> {
    /// The line around a position; `None` if it is empty or not in the text. Only the part of a
    /// long line around the position is used.
    pub(super) fn around(text: &'t str, pointer: &'t Pointer) -> Option<Self> {
        let at = pointer.span.start;
        let (before, after) = (text.get(..at)?, text.get(at..)?);
        let first = ceil_char_boundary(text, at.saturating_sub(BEFORE));
        let start = before[first..].rfind('\n').map(|last| first + last + 1);
        let last = floor_char_boundary(after, AFTER);
        let end = after[..last].find('\n').map(|length| at + length);
        let is_cut_before = start.is_none() && first > 0;
        let is_cut_after = end.is_none() && last < after.len();
        let start = start.unwrap_or(first);
        let end = end.unwrap_or(at + last);
        let line = text[start..end].strip_suffix('\r');
        let window = start..line.map_or(end, |line| start + line.len());
        let is_empty = text[window.clone()].trim().is_empty();
        (!is_empty).then_some(Self {
            text,
            pointer,
            window,
            is_cut_before,
            is_cut_after,
        })
    }

    pub(super) fn excerpt(&self, pieces: &Pieces, secrets: &[Range<usize>]) -> Option<Excerpt> {
        let mut writer = Writer::default();
        if self.is_cut_before {
            writer.put(self.window.start..self.window.start, CUT);
        }
        let mut at = self.window.start;
        for piece in pieces.within(&self.window) {
            let range = piece.range.start.max(at)..piece.range.end.min(self.window.end);
            self.between(at..range.start, pieces, &mut writer);
            self.piece(piece, range.clone(), secrets, &mut writer);
            at = range.end;
        }
        self.between(at..self.window.end, pieces, &mut writer);
        let is_marked = writer.out.ends_with(MASK) || writer.out.ends_with(CUT);
        if self.is_cut_after && !is_marked {
            writer.put(self.window.end..self.window.end, CUT);
        }
        let is_safe = |c| c == '\t' || is_printable(c);
        if !writer.out.chars().all(is_safe) {
            return None;
        }
        Some(writer.finish(&self.pointer.span, self.window.end))
    }

    /// Adds the text between pieces: punctuation, tags, anchors and aliases.
    fn between(&self, range: Range<usize>, pieces: &Pieces, writer: &mut Writer) {
        let text = &self.text[range.clone()];
        let mut signs = text.match_indices('#').map(|(at, _)| at);
        let comment = signs.find(|at| {
            text[..*at]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace)
        });
        let comment = range.start + comment.unwrap_or(text.len());
        self.punctuation(range.start..comment, pieces, writer);
        if comment == range.end {
            return;
        }
        match is_harmless_comment(&self.text[comment..range.end]) {
            true => writer.show(self.text, comment..range.end),
            false => writer.mask(comment..range.end),
        }
    }

    fn punctuation(&self, range: Range<usize>, pieces: &Pieces, writer: &mut Writer) {
        let is_open = |word: &str| is_punctuation(word) || pieces.has_sections && is_section(word);
        for word in words(self.text, &range, |c| !c.is_whitespace()) {
            match word {
                Word::Inside(word) if !is_open(&self.text[word.clone()]) => {
                    writer.mask(word);
                }
                Word::Inside(word) | Word::Outside(word) => writer.show(self.text, word),
            }
        }
    }

    fn piece(
        &self,
        piece: &Piece,
        range: Range<usize>,
        secrets: &[Range<usize>],
        writer: &mut Writer,
    ) {
        let source = &self.text[range.clone()];
        let hides = |range: &Range<usize>| {
            let next = secrets.partition_point(|secret| secret.end <= range.start);
            secrets
                .get(next)
                .is_some_and(|secret| secret.start < range.end)
        };
        let is_named = || self.is_named(&range) && !(hides(&range) && self.repeats_key(&range));
        match piece.visibility {
            Visibility::Shown if hides(&range) && !is_named() => writer.mask(range),
            Visibility::Shown if source.len() > MAX_VALUE => {
                let end = floor_char_boundary(source, MAX_VALUE);
                writer.show(self.text, range.start..range.start + end);
                writer.put(range, CUT);
            }
            Visibility::Shown => writer.show(self.text, range),
            Visibility::Line | Visibility::Hidden if is_harmless_comment(source) => {
                writer.show(self.text, range);
            }
            Visibility::Line | Visibility::Words if is_named() => writer.show(self.text, range),
            Visibility::Line | Visibility::Words => {
                let start = range.end - source.trim_start_matches(BLANKS).len();
                writer.show(self.text, range.start..start);
                let span = &self.pointer.span;
                // A message shows the name of the file that contains the secret.
                let is_inside = start <= span.start && span.end <= range.end;
                if is_inside && self.is_named(span) && !self.repeats_key(span) {
                    self.words(start..span.start, &hides, writer);
                    writer.show(self.text, span.clone());
                    self.words(span.end..range.end, &hides, writer);
                } else {
                    self.words(start..range.end, &hides, writer);
                }
            }
            Visibility::Hidden => writer.mask(range),
        }
    }

    /// Whether the message shows the whole text.
    fn is_named(&self, range: &Range<usize>) -> bool {
        let source = self.text.get(range.clone()).unwrap_or_default();
        let source = source.trim_matches(['"', '\'']);
        !source.is_empty() && self.pointer.names.iter().any(|name| name == source)
    }

    /// Whether a secret is the same word as its key, as in `password: password`: the message shows
    /// the key.
    fn repeats_key(&self, range: &Range<usize>) -> bool {
        let source = self.text.get(range.clone()).unwrap_or_default();
        let source = source.trim_matches(['"', '\'']);
        let before = &self.text[self.window.start..range.start.max(self.window.start)];
        self.pointer.keys.iter().any(|key| key == source)
            || before
                .split(|c: char| !is_word(c))
                .any(|word| is_same(word, source))
    }

    /// Adds the text in `range` with its words masked, except those before the position that the
    /// message shows anyway.
    fn words(
        &self,
        range: Range<usize>,
        hides: &dyn Fn(&Range<usize>) -> bool,
        writer: &mut Writer,
    ) {
        let mut is_after_word = false;
        for word in words(self.text, &range, is_word) {
            match word {
                Word::Inside(word) => {
                    is_after_word = !hides(&word) && self.is_label(&word);
                    match is_after_word {
                        true => writer.show(self.text, word),
                        false => writer.mask(word),
                    }
                }
                Word::Outside(signs) => self.signs(signs, is_after_word, writer),
            }
        }
    }

    /// Whether a word before the position appears in the message, or begins the line as commands
    /// and list items do.
    fn is_label(&self, word: &Range<usize>) -> bool {
        let text = &self.text[word.clone()];
        let before = &self.text[self.window.start..word.start];
        let is_first = !self.is_cut_before && before.trim().is_empty();
        let mut known = self.pointer.words.iter();
        word.end <= self.pointer.span.start
            && (is_first && (text == "-" || COMMANDS.contains(&text))
                || known.any(|known| is_same(known, text)))
    }

    /// Adds the text between words: white space, and characters that join a name to its value.
    fn signs(&self, signs: Range<usize>, is_after_label: bool, writer: &mut Writer) {
        let text = &self.text[signs.clone()];
        let is_sign = |c: char| " :=.,{[\"'\t".contains(c);
        let is_before = signs.end <= self.pointer.span.start;
        let rest = match is_after_label && is_before {
            true => text.trim_start_matches(is_sign),
            false => text.trim_start_matches(BLANKS),
        };
        let masked = rest.trim_end_matches(BLANKS);
        let start = signs.end - rest.len();
        writer.show(self.text, signs.start..start);
        if !masked.is_empty() {
            writer.mask(start..start + masked.len());
        }
        writer.show(self.text, start + masked.len()..signs.end);
    }
}

/// A word, or the text between words.
enum Word {
    Inside(Range<usize>),
    Outside(Range<usize>),
}

fn words(text: &str, range: &Range<usize>, is_inside: impl Fn(char) -> bool) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let rest = &text[at..range.end];
        let first = rest.chars().next().is_some_and(&is_inside);
        let length = rest.find(|c| is_inside(c) != first).unwrap_or(rest.len());
        let word = at..at + length;
        words.push(match first {
            true => Word::Inside(word),
            false => Word::Outside(word),
        });
        at += length;
    }
    words
}

/// Whether the text is punctuation of YAML or JSON, a tag of YAML itself, or an alias. Any other
/// tag or anchor may be meant as a value.
fn is_punctuation(word: &str) -> bool {
    let name = word.strip_prefix("!!").or(word.strip_prefix('*'));
    let name = name.map(|name| name.trim_end_matches([',', ']', '}']));
    let is_name = |name: &str| name.len() <= 30 && name.chars().all(is_word);
    word.chars().all(|c| "-:,[]{}?|>+.=\"'".contains(c)) || name.is_some_and(is_name)
}

/// Whether the line is the header of an INI section.
fn is_section(word: &str) -> bool {
    let name = word
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    name.is_some_and(is_shown)
}

/// The text of an excerpt, and the origin of each part.
#[derive(Default)]
struct Writer {
    out: String,
    /// Parts of the source with their ranges in the excerpt, and whether they are shown unchanged.
    parts: Vec<(Range<usize>, Range<usize>, bool)>,
}

impl Writer {
    fn show(&mut self, text: &str, range: Range<usize>) {
        if !range.is_empty() {
            let start = self.out.len();
            self.out.push_str(&text[range.clone()]);
            self.parts.push((range, start..self.out.len(), true));
        }
    }

    fn put(&mut self, range: Range<usize>, sign: &str) {
        let start = self.out.len();
        self.out.push_str(sign);
        self.parts.push((range, start..self.out.len(), false));
    }

    fn mask(&mut self, range: Range<usize>) {
        // Masks with only white space between them are merged.
        let is_blank = |part: &(Range<usize>, Range<usize>, bool)| {
            part.2 && self.out[part.1.clone()].trim().is_empty()
        };
        let last = self.parts.iter().rposition(|part| !is_blank(part));
        if let Some((source, shown, false)) = last.map(|last| &mut self.parts[last])
            && self.out[shown.clone()] == *MASK
        {
            source.end = range.end;
            self.out.truncate(shown.end);
            self.parts.truncate(last.map_or(0, |last| last + 1));
            return;
        }
        self.put(range, MASK);
    }

    fn finish(self, span: &Range<usize>, line_end: usize) -> Excerpt {
        let at = span.start.min(line_end);
        let part_at = |at: usize| {
            let holds = |part: &&(Range<usize>, Range<usize>, bool)| part.0.contains(&at);
            self.parts.iter().find(holds).or(self.parts.last())
        };
        let Some((source, shown, is_shown)) = part_at(at) else {
            let span = 0..0;
            return Excerpt {
                text: self.out,
                span,
            };
        };
        let start = match is_shown {
            true => shown.start + at.saturating_sub(source.start).min(shown.len()),
            false => shown.start,
        };
        let is_whole = span.end <= line_end && span.end > span.start;
        let end = match part_at(span.end.max(1) - 1).filter(|_| is_whole) {
            Some((source, shown, true)) => {
                shown.start + (span.end.saturating_sub(source.start)).min(shown.len())
            }
            Some((_, shown, false)) => shown.end,
            None => shown.end,
        };
        Excerpt {
            text: self.out,
            span: start..end.max(start),
        }
    }
}
