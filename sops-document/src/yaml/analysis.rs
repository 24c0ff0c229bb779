//! Determines which styles can represent a string.

/// The properties of a string's characters and their positions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Analysis {
    empty: bool,
    /// The text would be read as structure in block context.
    block_indicator: bool,
    /// The text would be read as structure in a flow collection.
    flow_indicator: bool,
    line_break: bool,
    tab: bool,
    /// Has a character that `yaml.v3` escapes.
    special: bool,
    /// Has a character that is not allowed in YAML unescaped, or not for every reader.
    unreadable: bool,
    /// Begins or ends with a space or a line break.
    open_ended: bool,
    ends_with_space: bool,
    space_before_break: bool,
    break_before_space: bool,
}

impl Analysis {
    /// Checks every character once.
    pub(super) fn of(text: &str) -> Self {
        if is_ordinary(text.as_bytes()) {
            return Self::default();
        }
        let marker = text.starts_with("---") || text.starts_with("...");
        let mut found = Self {
            empty: text.is_empty(),
            block_indicator: marker,
            flow_indicator: marker,
            ..Self::default()
        };
        let mut previous = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let before_blank = matches!(characters.peek(), None | Some(' ' | '\t'));
            found.look_for_indicator(character, previous, before_blank);
            match character {
                '\t' => found.tab = true,
                _ => found.special |= !is_printable(character),
            }
            found.unreadable |= !is_readable(character);
            if is_break(character) {
                found.line_break = true;
                found.space_before_break |= previous == Some(' ');
            } else if character == ' ' {
                found.break_before_space |= previous.is_some_and(is_break);
            }
            previous = Some(character);
        }
        let opens = |end: Option<char>| end.is_some_and(|end| end == ' ' || is_break(end));
        found.open_ended = opens(text.chars().next()) || opens(previous);
        found.ends_with_space = previous == Some(' ');
        found
    }

    fn look_for_indicator(&mut self, character: char, previous: Option<char>, before_blank: bool) {
        let (block, flow) = match (character, previous) {
            (
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`',
                None,
            ) => (true, true),
            ('-', None) => (before_blank, before_blank),
            ('?', None) | (':', _) => (before_blank, true),
            (',' | '?' | '[' | ']' | '{' | '}', Some(_)) => (false, true),
            ('#', Some(' ' | '\t' | '\0')) => (true, true),
            ('#', Some(before)) => (is_break(before), is_break(before)),
            _ => (false, false),
        };
        self.block_indicator |= block;
        self.flow_indicator |= flow;
    }

    /// Whether the text has a character that `yaml.v3` reads as a line break.
    pub(super) fn is_multiline(&self) -> bool {
        self.line_break
    }

    /// Whether `yaml.v3` writes the text without quotes in block context.
    pub(super) fn is_block_plain(&self) -> bool {
        !(self.block_indicator || self.open_ended || self.line_break || self.tab || self.special)
    }

    /// Whether `yaml.v3` writes the text without quotes in a flow collection.
    pub(super) fn is_flow_plain(&self) -> bool {
        !(self.empty
            || self.flow_indicator
            || self.open_ended
            || self.line_break
            || self.tab
            || self.special)
    }

    /// Whether `yaml.v3` writes the text in single quotes if it cannot be plain.
    pub(super) fn is_single_quoted(&self) -> bool {
        !(self.break_before_space || self.space_before_break || self.tab || self.special)
    }

    /// Whether `yaml.v3` writes the text as a block scalar if it contains `\n`.
    pub(super) fn is_literal(&self) -> bool {
        !(self.empty || self.ends_with_space || self.space_before_break || self.special)
    }

    /// Whether every reader reads the unquoted text as itself in block style.
    pub(super) fn reads_as_plain(&self, text: &str) -> bool {
        !(self.empty
            || self.block_indicator
            || self.unreadable
            || text.starts_with([' ', '\t'])
            || text.ends_with([' ', '\t']))
    }
}

/// A quick check that `text` has only characters without any special meaning, as most values do.
fn is_ordinary(text: &[u8]) -> bool {
    let inner = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            | matches!(byte, b'-'..=b'/' | b' ' | b'_' | b'+' | b'=' | b'@')
    };
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b' ' && inner(byte));
    text.first().is_some_and(u8::is_ascii_alphanumeric)
        && is_word(text.last())
        // Without branches, so that one instruction checks many bytes.
        && text.iter().fold(true, |all, byte| all & inner(byte))
}

/// The byte order mark, which a string may start with; `yaml.v3` escapes it.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether `yaml.v3` writes a character unescaped if possible. This holds for the characters of the
/// Basic Multilingual Plane except controls and the byte order mark.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && character != BYTE_ORDER_MARK
}

/// Whether a character can be unescaped within a line, for `yaml.v3` as well as for readers of YAML
/// 1.2.
pub(super) fn is_readable(character: char) -> bool {
    matches!(character, '\t' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
        && character != BYTE_ORDER_MARK
        && !is_break(character)
}

/// Whether `yaml.v3` reads a character as a line break, which follows YAML 1.1.
pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
