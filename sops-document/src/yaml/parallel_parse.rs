//! Parses a large document in pieces, one piece per core: nearly all the time goes into its YAML
//! events.
//!
//! The text is cut before lines that begin with a letter or digit in the first column. If the
//! pieces before and after each cut are block mappings on their own, the whole text consists of
//! their entries in order: anything that could span the cut (quotes, brackets, an alias) leaves a
//! piece that is not a mapping. In that case, and after any error, the text is read in one piece.

use std::collections::HashSet;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use memchr::memmem;
use sops_printable::floor_char_boundary;

use super::parser::{Parser, Reading};
use super::source;
use crate::document::ReservedKey;
use crate::{Collection, Item, PathId, Paths, ROOT, Span};

/// Shorter text is read faster than threads start.
const SHORTEST: usize = 128 * 1024;

/// Reads `text` in pieces; `None` if it must be read in one piece.
pub(super) fn parse(text: &str, reading: Reading) -> Option<Parser<'_>> {
    if text.len() < SHORTEST {
        return None;
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let reserved = reading.reserved_key();
    let ranges = cut(text, cores.min(text.len() / (SHORTEST / 2)), reserved);
    let [first, rest @ ..] = &ranges[..] else {
        return None;
    };
    if rest.is_empty() {
        // There is no line to cut at.
        return None;
    }
    let pieces: Option<Vec<_>> = thread::scope(|scope| {
        let threads: Vec<_> = rest
            .iter()
            .map(|range| scope.spawn(|| piece(text, range.clone(), &text[range.clone()], reading)))
            .collect();
        // The other pieces are appended to the first.
        let first = piece(text, first.clone(), text, reading);
        let rest = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(first).chain(rest).collect()
    });
    join(pieces?)
}

/// Divides `text` into parts of about `length` bytes; empty if it must be read in one piece.
pub(crate) fn parts(text: &str, reserved: &'static str, length: usize) -> Vec<Range<usize>> {
    match cut(text, text.len() / length.max(1), Some(reserved)) {
        parts if parts.len() > 1 => parts,
        _ => Vec::new(),
    }
}

/// Whether a document may begin after the first line.
fn has_documents(text: &str) -> bool {
    memmem::find(text.as_bytes(), b"\n---").is_some()
}

/// Reads one piece. Reserves space for the entries of `room_for`.
pub(super) fn piece<'a>(
    text: &'a str,
    range: Range<usize>,
    room_for: &str,
    reading: Reading,
) -> Option<Parser<'a>> {
    if has_documents(&text[range.clone()]) {
        return None;
    }
    Parser::run_by_lines(text, range, room_for, reading).filter(|piece| is_mapping(text, piece))
}

/// Whether the piece is one document without markers, with a block mapping in the first column at
/// the top level.
fn is_mapping(text: &str, piece: &Parser<'_>) -> bool {
    match &piece.tape[..] {
        [
            Item::Document { close, .. },
            Item::Open {
                kind: Collection::Mapping,
                flow: false,
                span,
                ..
            },
            ..,
            Item::Close { open: 1 },
            Item::Close { open: 0 },
        ] => {
            *close as usize + 1 == piece.tape.len() && source::column(text, span.range().start) == 0
        }
        _ => false,
    }
}

/// About `count` ranges of equal length, each ending before a line that may begin an entry.
fn cut(text: &str, count: usize, reserved: ReservedKey) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for number in 1..count {
        // An entry larger than a piece moves the cut past the next planned one.
        let wanted = floor_char_boundary(text, text.len() / count * number).max(start);
        let lines = memchr::memchr_iter(b'\n', &text.as_bytes()[wanted..]);
        let mut cuts = lines
            .map(|at| wanted + at + 1)
            .filter(|at| begins_entry(&text[*at..], reserved));
        match cuts.next() {
            Some(at) if at > start => {
                ranges.push(start..at);
                start = at;
            }
            Some(_) => {}
            // No line after this one begins an entry either.
            None => break,
        }
    }
    ranges.push(start..text.len());
    ranges
}

/// Whether the first line may begin an entry. A comment on that line could belong to its key, and
/// so to the text before the cut; a reserved entry affects the blank lines before it.
fn begins_entry(text: &str, reserved: ReservedKey) -> bool {
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let line = &text.as_bytes()[..source::line_end(text, 0)];
    line.first().is_some_and(is_key)
        && memchr::memchr(b'#', line).is_none()
        && reserved.is_none_or(|reserved| !text.starts_with(reserved))
}

/// Moves the entries of all pieces into the mapping of the first; `None` if two pieces have the
/// same key.
fn join(mut pieces: Vec<Parser<'_>>) -> Option<Parser<'_>> {
    if !are_one_mapping(&pieces) {
        return None;
    }
    let rest = pieces.split_off(1);
    let mut whole = pieces.pop()?;
    whole.tape.truncate(whole.tape.len() - 2);
    let mut end = 0;
    for piece in rest {
        let path_shift = whole.paths.append(piece.paths);
        let shift = whole.tape.len() as u32 - 2;
        let inner = piece.tape.len() - 2;
        if let Some(Item::Open { span, .. }) = piece.tape.get(1) {
            end = span.range().end;
        }
        if let (Some(Item::Document { end: of_piece, .. }), Some(Item::Document { end, .. })) =
            (piece.tape.first(), whole.tape.first_mut())
        {
            *end = *of_piece;
        }
        for mut item in piece.tape.into_iter().take(inner).skip(2) {
            rebase(&mut item, shift, path_shift);
            whole.tape.push(item);
        }
        whole.reserved.extend(piece.reserved);
        whole.comments.extend(piece.comments);
    }
    let close_top = whole.tape.len() as u32;
    if let Some(Item::Open { span, close, .. }) = whole.tape.get_mut(1) {
        *span = Span::new(span.range().start..end);
        *close = close_top;
    }
    if let Some(Item::Document { close, .. }) = whole.tape.first_mut() {
        *close = close_top + 1;
    }
    whole
        .tape
        .extend([Item::Close { open: 1 }, Item::Close { open: 0 }]);
    Some(whole)
}

/// Whether no two pieces have a common key or reserved entry.
fn are_one_mapping(pieces: &[Parser<'_>]) -> bool {
    let blocks = pieces.iter().map(|piece| piece.reserved.len());
    let top_keys = || pieces.iter().flat_map(|piece| top_keys(&piece.paths));
    // Counting them first costs less than rehashing them whenever the set grows.
    let mut keys = HashSet::with_capacity(top_keys().count());
    blocks.sum::<usize>() < 2 && top_keys().all(|key| keys.insert(key))
}

fn top_keys<'p>(paths: &'p Paths<'_>) -> impl Iterator<Item = &'p str> {
    paths
        .ids()
        .skip(1)
        .filter(|id| paths.parent(*id) == ROOT)
        .map(|id| paths.key(id).as_ref())
}

/// Shifts an item to its position after another tape.
fn rebase(item: &mut Item<'_>, shift: u32, path_shift: u32) {
    let moved = |path: &mut PathId| *path = path.moved(path_shift);
    match item {
        Item::Document { close, .. } => *close += shift,
        Item::Open { path, close, .. } => {
            moved(path);
            *close += shift;
        }
        Item::Alias {
            path,
            target,
            close,
            ..
        } => {
            moved(path);
            *target += shift;
            *close += shift;
        }
        Item::Close { open } => *open += shift,
        Item::Leaf(leaf) => moved(&mut leaf.path),
        Item::Comment { path, .. } => moved(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document longer than the minimum that is cut, with distinct top-level keys.
    fn long_text(entry: impl Fn(usize) -> String) -> String {
        (0..)
            .map(entry)
            .scan(0, |length, entry| {
                *length += entry.len();
                (*length < 2 * SHORTEST).then_some(entry)
            })
            .collect()
    }

    #[test]
    fn pieces_give_the_tape_of_the_whole() {
        let text = long_text(|number| {
            format!(
                "k{number}:\n  - {{a: [1, two], b: \"q # no\"}}\n  - x: |+\n      text\n\n    y: 'it''s\n\n      folded'  # c\n# d\n\nl{number}: &a{number} v\nm{number}: *a{number}\n"
            )
        });
        let reading = Reading::Document(None);
        let whole = Parser::run(&text, reading).expect("valid YAML");
        for count in 2..6 {
            let pieces: Vec<_> = cut(&text, count, None)
                .into_iter()
                .map(|range| piece(&text, range, "", reading).expect("each piece is a mapping"))
                .collect();
            assert_eq!(pieces.len(), count);
            let joined = join(pieces).expect("the keys are distinct");
            assert_eq!(format!("{:?}", joined.tape), format!("{:?}", whole.tape));
            assert_eq!(format!("{:?}", joined.paths), format!("{:?}", whole.paths));
            assert_eq!(joined.comments, whole.comments);
        }
    }

    #[test]
    fn text_that_spans_two_parts_is_read_in_one_piece() {
        let plain = long_text(|number| format!("k{number}: v\n"));
        assert!(parse(&plain, Reading::Document(None)).is_some());
        let mut cases = vec![
            ("a document marker", plain.replacen("k9:", "---\nk9:", 1)),
            ("a duplicate key", format!("{plain}k1: v\n")),
            (
                "an anchor and its alias",
                format!("a: &a v\n{plain}z: *a\n"),
            ),
            ("one entry", format!("k:\n{}", plain.replace('k', "  k"))),
            (
                "no mapping at the top level",
                long_text(|number| format!("- k{number}\n")),
            ),
        ];
        cases.push((
            "quotes",
            format!("a: \"{}\"\n", plain.replace('\n', "\n\n")),
        ));
        for (case, text) in cases {
            assert!(parse(&text, Reading::Document(None)).is_none(), "{case}");
        }
    }
}
