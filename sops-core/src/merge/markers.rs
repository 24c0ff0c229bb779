//! Conflict markers around the lines in which two versions differ.

use sops_printable::one_line;
use zeroize::Zeroizing;

use super::alignment::{Region, align, changes};

/// The form of conflict markers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Markers {
    /// The number of characters of a marker; Git's default is 7.
    pub size: usize,
    /// The label of ours, such as `HEAD`.
    pub ours: String,
    /// The label of theirs, such as the name of a branch.
    pub theirs: String,
}

impl Default for Markers {
    fn default() -> Self {
        Self {
            size: 7,
            ours: "ours".to_owned(),
            theirs: "theirs".to_owned(),
        }
    }
}

/// The longest marker.
const MAX_SIZE: usize = 1_000;

impl Markers {
    /// Sets the length of the markers.
    #[must_use]
    pub fn with_size(mut self, size: usize) -> Self {
        self.size = size.clamp(1, MAX_SIZE);
        self
    }

    /// Sets the labels of ours and theirs.
    #[must_use]
    pub fn with_labels(mut self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.ours = ours.into();
        self.theirs = theirs.into();
        self
    }

    fn line(&self, out: &mut Vec<u8>, character: u8, label: &str, newline: &str) {
        out.extend(std::iter::repeat_n(character, self.size));
        if !label.is_empty() {
            out.push(b' ');
            out.extend_from_slice(one_line(label).as_bytes());
        }
        out.extend_from_slice(newline.as_bytes());
    }
}

/// The lines of both versions: common lines once, and the others of each side between markers.
pub fn with_markers(ours: &[u8], theirs: &[u8], markers: &Markers) -> Zeroizing<Vec<u8>> {
    let lines = |text| -> Vec<&[u8]> {
        let lines = <[u8]>::split_inclusive(text, |byte| *byte == b'\n');
        lines.collect()
    };
    let newline = match ours.iter().position(|byte| *byte == b'\n') {
        Some(at) if ours[..at].ends_with(b"\r") => "\r\n",
        _ => "\n",
    };
    let (ours, theirs) = (lines(ours), lines(theirs));
    let length = |lines: &[&[u8]]| lines.iter().map(|line| line.len()).sum::<usize>();
    let changes = changes(&ours, &theirs);
    let markers_length = 4 * (markers.size + markers.ours.len() + markers.theirs.len() + 8);
    let capacity = length(&ours) + length(&theirs) + changes.len() * markers_length;
    // With this capacity, the buffer never moves, which would leave a copy of plaintext.
    let mut out = Zeroizing::new(Vec::with_capacity(capacity));
    let mut done = 0;
    for (of_ours, of_theirs) in changes {
        copy(&mut out, &ours[done..of_ours.start]);
        markers.line(&mut out, b'<', &markers.ours, newline);
        lines_of(&mut out, &ours[of_ours.clone()], newline);
        markers.line(&mut out, b'=', "", newline);
        lines_of(&mut out, &theirs[of_theirs], newline);
        markers.line(&mut out, b'>', &markers.theirs, newline);
        done = of_ours.end;
    }
    copy(&mut out, &ours[done..]);
    out
}

/// The lines of both versions, with markers even if they are the same.
pub(super) fn in_conflict(ours: &[u8], theirs: &[u8], markers: &Markers) -> Vec<u8> {
    if ours != theirs {
        return with_markers(ours, theirs, markers).to_vec();
    }
    // The empty line keeps two empty versions apart.
    let ours = if ours.is_empty() { b"\n" } else { ours };
    with_markers(ours, &[], markers).to_vec()
}

/// The lines of both versions merged with those of their base: lines that one side changed are
/// taken from that side, and lines that both changed differently are between markers.
pub(super) fn merged_lines(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    markers: &Markers,
) -> Zeroizing<Vec<u8>> {
    let lines = |text| -> Vec<&[u8]> {
        let lines = <[u8]>::split_inclusive(text, |byte| *byte == b'\n');
        lines.collect()
    };
    let [base, ours, theirs] = [base, ours, theirs].map(lines);
    let size = |lines: &[&[u8]]| lines.concat().len() + 1;
    let mut out = Zeroizing::new(Vec::with_capacity(2 * (size(&ours) + size(&theirs))));
    for region in align(&base, &ours, &theirs) {
        let region = match region {
            Region::Stable(at) => {
                out.extend_from_slice(ours[at.ours]);
                continue;
            }
            Region::Changed(region) => region,
        };
        let of_base = &base[region.base];
        let (of_ours, of_theirs) = (&ours[region.ours], &theirs[region.theirs]);
        if of_ours == of_base {
            copy(&mut out, of_theirs);
        } else if of_theirs == of_base || of_ours == of_theirs {
            copy(&mut out, of_ours);
        } else {
            let marked = with_markers(&of_ours.concat(), &of_theirs.concat(), markers);
            out.extend_from_slice(&marked);
        }
    }
    out
}

fn copy(out: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        out.extend_from_slice(line);
    }
}

/// Appends lines, and ends the last one with a line break.
fn lines_of(out: &mut Vec<u8>, lines: &[&[u8]], newline: &str) {
    copy(out, lines);
    if lines.last().is_some_and(|line| !line.ends_with(b"\n")) {
        out.extend_from_slice(newline.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_one_side_changed_have_no_markers() {
        for (base, ours, theirs, expected) in [
            ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
            ("a\nb\n", "a\n", "a\nb\nc\n", "a\n<<<\n===\nb\nc\n>>>\n"),
            ("a\n", "b\n", "c\n", "<<<\nb\n===\nc\n>>>\n"),
            ("a", "b", "b", "b"),
        ] {
            let markers = Markers::default().with_size(3).with_labels("", "");
            let [base, ours, theirs] = [base, ours, theirs].map(str::as_bytes);
            let merged = merged_lines(base, ours, theirs, &markers);
            assert_eq!(String::from_utf8_lossy(&merged), expected);
        }
    }

    #[test]
    fn differing_lines_are_between_markers() {
        let markers = Markers::default().with_labels("HEAD", "topic\n\u{1b}[2J");
        for (ours, theirs, expected) in [
            (
                "a\nb\nc\n",
                "a\nx\nc\n",
                "a\n<<<<<<< HEAD\nb\n=======\nx\n>>>>>>> topic\\n\\u{1b}[2J\nc\n",
            ),
            (
                "a",
                "b",
                "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> topic\\n\\u{1b}[2J\n",
            ),
            (
                "a\r\n",
                "",
                "<<<<<<< HEAD\r\na\r\n=======\r\n>>>>>>> topic\\n\\u{1b}[2J\r\n",
            ),
        ] {
            let text = with_markers(ours.as_bytes(), theirs.as_bytes(), &markers);
            assert_eq!(String::from_utf8_lossy(&text), expected);
        }
    }
}
