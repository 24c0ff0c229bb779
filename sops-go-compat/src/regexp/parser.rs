//! Parses Go's regular expression syntax, rejects what Go rejects, and builds the expression for
//! the `regex-automata` engine.

use regex_syntax::hir::{Class, ClassUnicode, Hir, Look, Repetition};

use super::class::{Builder, TooLarge};
use super::error::{RegexpError, shown};

/// The longest expression that is accepted, in bytes.
const MAX_LENGTH: usize = 64 << 10;

/// The deepest nesting of groups and repetitions. Go allows about 1,000, which is too deep for the
/// engine's recursion.
const MAX_DEPTH: usize = 250;

/// How many times nested repetitions may repeat the innermost part, as in Go.
const MAX_REPEATS: u32 = 1000;

/// The last code point.
pub(super) const LAST: u32 = 0x10_ffff;

/// Parses `pattern` in Go's syntax.
pub(super) fn parse(pattern: &str) -> Result<Hir, RegexpError> {
    if pattern.len() > MAX_LENGTH {
        return Err(RegexpError::new(
            pattern,
            format!("the expression is longer than {MAX_LENGTH} bytes"),
        ));
    }
    let mut parser = Parser {
        pattern,
        at: 0,
        flags: Flags::default(),
        group: Group::new(0, Flags::default()),
        outer: Vec::new(),
        class_work: 0,
    };
    parser.run().map_err(|fault| {
        let position = pattern[..fault.start].chars().count() + 1;
        let excerpt = shown(&pattern[fault.start..fault.end]);
        let message = if excerpt.is_empty() {
            format!("character {position}: {}", fault.message)
        } else {
            format!("character {position}, `{excerpt}`: {}", fault.message)
        };
        RegexpError::new(pattern, message)
    })
}

/// The problem with the bytes from `start` to `end`, both on character boundaries.
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: &'static str,
}

pub(super) type Step<T> = Result<T, Fault>;

/// The flags that a group may set. `U` is left out: it affects which match is found, not whether
/// there is one.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) fold: bool,
    lines: bool,
    dot_newline: bool,
}

/// A part of the expression, with the measurements that the limits need.
struct Part {
    hir: Hir,
    /// How many times its innermost part is repeated; 0 if the part is empty.
    repeats: u32,
    depth: usize,
}

impl Part {
    fn leaf(hir: Hir) -> Self {
        Self {
            hir,
            repeats: 1,
            depth: 1,
        }
    }

    /// Combines the parts with `join`; a single part is returned unchanged.
    fn of(mut parts: Vec<Self>, join: fn(Vec<Hir>) -> Hir) -> Self {
        if parts.len() < 2 {
            return parts.pop().unwrap_or_else(|| Self::leaf(Hir::empty()));
        }
        Self {
            repeats: parts.iter().map(|part| part.repeats).max().unwrap_or(1),
            depth: parts.iter().map(|part| part.depth).max().unwrap_or(0) + 1,
            hir: join(parts.into_iter().map(|part| part.hir).collect()),
        }
    }
}

/// A group that is still open, or the whole expression.
struct Group {
    start: usize,
    /// The flags to restore when it closes.
    flags: Flags,
    alternatives: Vec<Part>,
    sequence: Vec<Part>,
}

impl Group {
    fn new(start: usize, flags: Flags) -> Self {
        Self {
            start,
            flags,
            alternatives: Vec::new(),
            sequence: Vec::new(),
        }
    }

    fn end_alternative(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.alternatives.push(Part::of(sequence, Hir::concat));
    }

    fn close(mut self) -> Part {
        self.end_alternative();
        Part::of(self.alternatives, Hir::alternation)
    }
}

pub(super) struct Parser<'p> {
    pub(super) pattern: &'p str,
    pub(super) at: usize,
    pub(super) flags: Flags,
    /// The innermost open group.
    group: Group,
    outer: Vec<Group>,
    pub(super) class_work: usize,
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Step<Hir> {
        // The start of a repetition directly before the item. Go rejects a second one directly
        // after it.
        let mut repetition = None;
        while let Some(c) = self.peek() {
            repetition = self.item(c, repetition)?;
        }
        if !self.outer.is_empty() {
            let start = self.group.start;
            return Err(Fault {
                start,
                end: start + 1,
                message: "this parenthesis is never closed; write `\\(` to match a parenthesis",
            });
        }
        let whole = std::mem::replace(&mut self.group, Group::new(0, self.flags)).close();
        self.check_depth(0, &whole)?;
        Ok(whole.hir)
    }

    /// Parses one item that starts with `c`. If it is a repetition, returns where it starts.
    fn item(&mut self, c: char, repetition: Option<usize>) -> Step<Option<usize>> {
        let start = self.at;
        match c {
            '\\' => self.escape()?,
            '[' => self.bracket()?,
            '{' => match counts(self.rest()) {
                Some((min, max, length)) => {
                    self.at += length;
                    if min > MAX_REPEATS || max.is_some_and(|max| max > MAX_REPEATS || max < min) {
                        return Err(self.fault(
                            start,
                            "a repetition count must be at most 1000, and the minimum at most the maximum",
                        ));
                    }
                    return self.repeat(start, repetition, min, max).map(Some);
                }
                None => {
                    self.at += 1;
                    self.char(start, u32::from('{'))?;
                }
            },
            _ => {
                self.at += c.len_utf8();
                match c {
                    '(' => self.open_group(start)?,
                    ')' => self.close_group(start)?,
                    '|' => self.group.end_alternative(),
                    '*' => return self.repeat(start, repetition, 0, None).map(Some),
                    '+' => return self.repeat(start, repetition, 1, None).map(Some),
                    '?' => return self.repeat(start, repetition, 0, Some(1)).map(Some),
                    '^' if self.flags.lines => self.push(Hir::look(Look::StartLF)),
                    '^' => self.push(Hir::look(Look::Start)),
                    '$' if self.flags.lines => self.push(Hir::look(Look::EndLF)),
                    '$' => self.push(Hir::look(Look::End)),
                    '.' => {
                        let newline = u32::from('\n');
                        let mut any = Builder::new(false, self.class_work);
                        let excluded = if self.flags.dot_newline {
                            Ok(())
                        } else {
                            any.range(newline, newline)
                        };
                        self.class(start, excluded.map(|()| any), true)?;
                    }
                    literal => self.char(start, u32::from(literal))?,
                }
            }
        }
        Ok(None)
    }

    fn open_group(&mut self, start: usize) -> Step<()> {
        let outer_flags = self.flags;
        if self.rest().starts_with('?') && !self.group_flags(start)? {
            return Ok(());
        }
        let group = Group::new(start, outer_flags);
        self.outer.push(std::mem::replace(&mut self.group, group));
        Ok(())
    }

    fn close_group(&mut self, start: usize) -> Step<()> {
        let Some(outer) = self.outer.pop() else {
            return Err(self.fault(
                start,
                "there is no parenthesis to close; write `\\)` to match a parenthesis",
            ));
        };
        let group = std::mem::replace(&mut self.group, outer);
        self.flags = group.flags;
        let mut part = group.close();
        part.depth += 1;
        self.check_depth(start, &part)?;
        self.group.sequence.push(part);
        Ok(())
    }

    /// Parses what follows `(`, starting at `?`: a name, or flags with or without a group. Returns
    /// `false` for flags without a group.
    fn group_flags(&mut self, start: usize) -> Step<bool> {
        let rest = self.rest();
        for prefix in ["?P<", "?<"] {
            let Some(after) = rest.strip_prefix(prefix) else {
                continue;
            };
            if after.starts_with(['=', '!']) {
                self.at += prefix.len() + 1;
                return Err(self.fault(start, "sops does not support look-behind"));
            }
            let name = after.split_once('>').map_or(after, |(name, _)| name);
            self.at += prefix.len() + name.len();
            let valid = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
            if !valid || self.peek() != Some('>') {
                return Err(self.fault(
                    start,
                    "a group name must consist of letters, digits and `_`, and end with `>`",
                ));
            }
            self.at += 1;
            return Ok(true);
        }
        self.at += 1;
        let mut flags = self.flags;
        let mut set = true;
        // `false` directly after `-`, which must be followed by a flag.
        let mut complete = true;
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                'i' => flags.fold = set,
                'm' => flags.lines = set,
                's' => flags.dot_newline = set,
                'U' => {}
                '-' if set => {
                    set = false;
                    complete = false;
                    continue;
                }
                ':' | ')' if complete => {
                    self.flags = flags;
                    return Ok(c == ':');
                }
                _ => break,
            }
            complete = true;
        }
        let message = match self.pattern[start..self.at].chars().last() {
            Some('=' | '!') => "sops does not support look-ahead",
            Some('>') => "sops does not support atomic groups",
            Some('x') => {
                "sops does not support the flag `x`; write the expression without spaces and comments"
            }
            _ => "unknown flags; use `i`, `m`, `s` and `U`, as in `(?i)` or `(?i:…)`",
        };
        Err(self.fault(start, message))
    }

    /// Repeats the previous item. `start` is where the operator starts; `before` is where a
    /// repetition directly before it starts.
    fn repeat(
        &mut self,
        start: usize,
        before: Option<usize>,
        min: u32,
        max: Option<u32>,
    ) -> Step<usize> {
        if self.peek() == Some('?') {
            self.at += 1;
        }
        if let Some(before) = before {
            return Err(self.fault(
                before,
                "one repetition directly after another; put the first in `(?:…)`",
            ));
        }
        let Some(part) = self.group.sequence.pop() else {
            return Err(self.fault(
                start,
                "there is nothing to repeat; write `\\` before the character to match it literally",
            ));
        };
        let repeats = match max {
            Some(0) => 0,
            Some(max) => max.saturating_mul(part.repeats),
            None => min.max(1).saturating_mul(part.repeats),
        };
        if repeats > MAX_REPEATS {
            return Err(self.fault(start, "nested repetitions must multiply to at most 1000"));
        }
        let part = Part {
            hir: Hir::repetition(Repetition {
                min,
                max,
                greedy: true,
                sub: Box::new(part.hir),
            }),
            repeats,
            depth: part.depth + 1,
        };
        self.check_depth(start, &part)?;
        self.group.sequence.push(part);
        Ok(start)
    }

    /// Parses an escape outside brackets.
    fn escape(&mut self) -> Step<()> {
        let start = self.at;
        let letter = self.rest().chars().nth(1);
        let look = match letter {
            Some('A') => Some(Look::Start),
            Some('z') => Some(Look::End),
            Some('b') => Some(Look::WordAscii),
            Some('B') => Some(Look::WordAsciiNegate),
            _ => None,
        };
        if let Some(look) = look {
            self.at += 2;
            self.push(Hir::look(look));
        } else if letter == Some('Q') {
            self.at += 2;
            let rest = self.rest();
            let (quoted, length) = match rest.find("\\E") {
                Some(end) => (&rest[..end], end + 2),
                None => (rest, rest.len()),
            };
            for c in quoted.chars() {
                self.char(start, u32::from(c))?;
            }
            self.at += length;
        } else {
            let mut set = Builder::new(self.flags.fold, self.class_work);
            if self.named_class(&mut set)? {
                self.class(start, Ok(set), false)?;
            } else {
                let c = self.escaped_char()?;
                self.char(start, c)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, hir: Hir) {
        self.group.sequence.push(Part::leaf(hir));
    }

    /// Appends a single code point, in both cases if the flag `i` is set.
    fn char(&mut self, start: usize, c: u32) -> Step<()> {
        if let (Some(c), false) = (char::from_u32(c), self.flags.fold) {
            let mut utf8 = [0; 4];
            self.push(Hir::literal(c.encode_utf8(&mut utf8).as_bytes()));
            return Ok(());
        }
        let mut set = Builder::new(self.flags.fold, self.class_work);
        let added = set.range(c, c);
        self.class(start, added.map(|()| set), false)
    }

    pub(super) fn class(
        &mut self,
        start: usize,
        set: std::result::Result<Builder, TooLarge>,
        negated: bool,
    ) -> Step<()> {
        let set = set.map_err(|TooLarge| self.too_large(start))?;
        let (set, work): (ClassUnicode, usize) = set.finish(negated);
        self.class_work = work;
        self.push(Hir::class(Class::Unicode(set)));
        Ok(())
    }

    fn check_depth(&self, start: usize, part: &Part) -> Step<()> {
        if part.depth > MAX_DEPTH {
            return Err(Fault {
                start,
                end: start,
                message: "groups and repetitions are nested more than 250 deep",
            });
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &'p str {
        &self.pattern[self.at..]
    }

    pub(super) fn fault(&self, start: usize, message: &'static str) -> Fault {
        Fault {
            start,
            end: self.at,
            message,
        }
    }

    pub(super) fn too_large(&self, start: usize) -> Fault {
        self.fault(
            start,
            "the character classes of this expression are too large in total",
        )
    }
}

/// Parses `{2}`, `{2,}` or `{2,3}` at the start of `text` and returns the counts and the length. Go
/// takes anything else literally.
fn counts(text: &str) -> Option<(u32, Option<u32>, usize)> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let length = inside.len() + 2;
    let (min, max) = match inside.split_once(',') {
        None => {
            let count = decimal(inside)?;
            (count, Some(count))
        }
        Some((min, "")) => (decimal(min)?, None),
        Some((min, max)) => (decimal(min)?, Some(decimal(max)?)),
    };
    Some((min, max, length))
}

/// Parses a decimal number. Go rejects leading zeros; a number that needs more than 32 bits becomes
/// the maximum.
fn decimal(digits: &str) -> Option<u32> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !valid || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}
