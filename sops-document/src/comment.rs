//! Comments in every format, and how to replace their text.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::format::Format;
use crate::splice::Replacement;
use crate::tape::{Comment, Item, Leaf, Style};
use crate::{ini, yaml};

impl<'a> Document<'a> {
    /// The comment at `index` of the tape; empty if the item there is something else.
    pub fn comment(&self, index: usize) -> Comment<'a> {
        match &self.tape[index] {
            Item::Comment { .. } if self.format == Format::Ini => {
                ini::comments::comment(self, index)
            }
            Item::Comment { span, .. } => {
                let range = span.range().start + 1..span.range().end;
                Comment {
                    text: Cow::Borrowed(&self.text[range.clone()]),
                    range,
                    ..Comment::default()
                }
            }
            _ => Comment::default(),
        }
    }

    /// Whether each comment is replaced on its own. In INI, several can be one.
    pub fn has_separate_comments(&self) -> bool {
        self.format != Format::Ini
    }

    /// Whether the comment at `index` of the tape [continues](Comment::continues) the one before
    /// it.
    pub fn continues_comment(&self, index: usize) -> bool {
        self.format == Format::Ini && self.comment(index).continues
    }

    /// Whether the container of a comment depends on the layout of the text around it, so that an
    /// edit may move the comment to another container. Only in YAML.
    pub fn has_movable_comments(&self) -> bool {
        self.format == Format::Yaml
    }

    /// Whether `text`, which follows a token that replaced a comment, only records where the
    /// comment was. Only INI has such markers.
    pub fn is_mark_of_moved_comment(&self, text: &str) -> bool {
        self.format == Format::Ini && ini::comments::is_mark_of_moved(text)
    }

    /// Whether the blank lines below a block scalar are part of its value. If not, they belong to
    /// the comments below.
    pub fn keeps_blank_lines(&self, leaf: &Leaf<'_>) -> bool {
        matches!(leaf.style, Style::Literal | Style::Folded)
            && yaml::source::header(self.source(leaf.span)).keeps()
    }

    /// The replacements that change the text of comments. `texts` contains tape indexes in
    /// ascending order, each with the new text without its marker.
    pub fn replace_comments(&self, mut texts: Vec<(usize, Zeroizing<String>)>) -> Vec<Replacement> {
        if self.format == Format::Ini {
            return ini::comments::replace(self, texts);
        }
        for (_, text) in &mut texts {
            text.insert(0, '#');
        }
        let replacement = |(index, text)| {
            let range = self.comment(index).range;
            // Includes the `#`, because the comment may move.
            (range.start - 1..range.end, text)
        };
        texts.into_iter().map(replacement).collect()
    }

    /// The replacement that turns the item at `index` of a block sequence into a comment.
    /// `is_first` says that nothing except comments comes before it in the sequence. `None` if
    /// there is no such item at `index`.
    pub fn item_as_comment(&self, index: usize, is_first: bool, text: &str) -> Option<Replacement> {
        let Item::Leaf(leaf) = &self.tape[index] else {
            return None;
        };
        if self.format != Format::Yaml || leaf.flow {
            return None;
        }
        let start = yaml::source::dash_before(self.text, leaf.span.range().start)?;
        let mut comment = Zeroizing::new(format!("#{text}"));
        let mut following = self.tape[index + 1..].iter();
        let next = following.find(|item| !matches!(item, Item::Comment { .. }));
        let is_all = is_first && matches!(next, Some(Item::Close { .. }));
        let indent = yaml::source::column(self.text, start);
        if is_all {
            // The sequence has no other items.
            comment.push('\n');
            comment.extend(std::iter::repeat_n(' ', indent));
            comment.push_str("[]");
        }
        let mut range = start..leaf.span.range().end;
        let following = &self.text[range.end..];
        let blanks = following.len() - following.trim_start_matches(' ').len();
        if !is_all && following[blanks..].starts_with('#') {
            // A comment after this one moves to its own line.
            comment.push('\n');
            comment.extend(std::iter::repeat_n(' ', indent));
            range.end += blanks;
        }
        Some((range, comment))
    }
}
