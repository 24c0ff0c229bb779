//! A block scalar that keeps its style while a token replaces its value: its header, the columns of
//! its content, and the end of the value.

use crate::blank_lines::BlankLines;
use crate::document::Document;
use crate::tape::{Leaf, Style};
use crate::value::Type;
use crate::yaml::restyle::{SourceStyle, restyle};
use crate::yaml::source::{Chomping, header, line_break};

/// The header and the layout of a block scalar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockScalar<'a> {
    /// The line of the header.
    pub(crate) header: &'a str,
    /// The header's chomping indicator while a token replaces the value.
    chomping: Chomping,
    /// The number of columns that the content is indented by.
    pub(crate) indent: usize,
}

impl<'a> BlockScalar<'a> {
    /// The block scalar that holds a token; `None` if the leaf is not a block scalar.
    pub(crate) fn of_token(document: &Document<'a>, leaf: &Leaf<'_>) -> Option<Self> {
        if !matches!(leaf.style, Style::Literal | Style::Folded) {
            return None;
        }
        let source = document.source(leaf.span);
        let header = header(source);
        let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
        let in_value = indentation(value, |byte| byte == b'\n')?;
        let content = &source.as_bytes()[header.len()..];
        // A single carriage return ends a line too.
        let in_source = indentation(content, |byte| matches!(byte, b'\n' | b'\r'))?;
        Some(Self {
            header: header.line(),
            chomping: header.chomping(),
            // This is `None` if nothing shows how far the content is indented.
            indent: in_source.checked_sub(in_value)?,
        })
    }

    /// The block scalar of a value that a token will replace; `None` if it must change its style.
    pub(crate) fn of_value(document: &Document<'a>, leaf: &Leaf<'_>) -> Option<Self> {
        let block = Self::of_token(document, leaf)?;
        (!ends_in_blanks(document, leaf)).then_some(Self {
            chomping: Chomping::Strip,
            ..block
        })
    }

    /// The indicators, such as `|2-`.
    pub(crate) fn indicators(self) -> &'a str {
        header(self.header).indicators()
    }

    /// The indicators while a token replaces the value.
    pub(crate) fn indicators_of_token(self) -> String {
        header(self.header).indicators_with(self.chomping)
    }

    /// Appends the lines of `text`, and returns the chomping that the header needs: that of the
    /// token if it fits. `None` if `text` cannot be written in this style, or if it would include
    /// some of the blank lines after it.
    pub(crate) fn spell(
        self,
        text: &str,
        following: BlankLines,
        out: &mut String,
    ) -> Option<Chomping> {
        let chomping = match self.chomping.fits(text) {
            true => self.chomping,
            false => Chomping::of(text),
        };
        if following.join(chomping, self.indent) {
            return None;
        }
        let start = out.len();
        let style = SourceStyle::Block {
            header: &header(self.header).indicators_with(chomping),
            column: self.indent,
        };
        if !restyle(out, text, Type::Str, None, style) {
            return None;
        }
        if let newline @ ("\r\n" | "\r") = line_break(self.header) {
            let lines = out.split_off(start);
            out.push_str(&lines.replace('\n', newline));
        }
        Some(chomping)
    }

    /// Whether the header already has this chomping.
    pub(crate) fn says(self, chomping: Chomping) -> bool {
        header(self.header).chomping() == chomping
    }
}

/// Whether the spaces and tabs after the end of the text belong to this value although they are
/// outside its span: they would belong to a token too.
pub(crate) fn ends_in_blanks(document: &Document<'_>, leaf: &Leaf<'_>) -> bool {
    let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    let last = value.iter().rev().find(|byte| **byte != b'\n');
    let after = &document.text[leaf.span.range().end..];
    matches!(last, Some(b' ' | b'\t')) && after.contains([' ', '\t']) && after.trim().is_empty()
}

/// The number of leading spaces of the first line that is not blank; `None` if all lines are.
fn indentation(text: &[u8], is_break: impl Fn(u8) -> bool) -> Option<usize> {
    let mut line = 0;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            byte if is_break(byte) => line = at + 1,
            b' ' | b'\t' | b'\r' => {}
            _ => {
                let leading = text[line..at].iter();
                return Some(leading.take_while(|byte| **byte == b' ').count());
            }
        }
    }
    None
}
