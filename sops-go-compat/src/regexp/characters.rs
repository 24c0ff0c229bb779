//! Parses whatever matches a single character: escapes, named classes and bracket expressions.

use super::class::{self, Builder, TooLarge};
use super::parser::{Fault, LAST, Parser, Step};

impl Parser<'_> {
    /// Parses a named class such as `\d` or `\pL` into `set`. Returns `false` if there is no class
    /// here.
    pub(super) fn named_class(&mut self, set: &mut Builder) -> Step<bool> {
        let start = self.at;
        let mut chars = self.rest().chars();
        let (Some('\\'), Some(letter)) = (chars.next(), chars.next()) else {
            return Ok(false);
        };
        if let Some(ranges) = class::perl(letter.to_ascii_lowercase()) {
            self.at += 2;
            let added = set.ascii(ranges, letter.is_ascii_uppercase());
            return added
                .map(|()| true)
                .map_err(|TooLarge| self.too_large(start));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(false);
        }
        let name = match chars.next() {
            None => {
                self.at += 2;
                ""
            }
            Some('{') => {
                let inside = &self.pattern[start + 3..];
                let Some(length) = inside.find('}') else {
                    self.at = self.pattern.len();
                    return Err(self.fault(start, "the name of a Unicode class must end with `}`"));
                };
                self.at += 3 + length + 1;
                &inside[..length]
            }
            Some(single) => {
                self.at += 2 + single.len_utf8();
                &self.pattern[start + 2..self.at]
            }
        };
        let (name, negated) = match name.strip_prefix('^') {
            Some(name) => (name, letter == 'p'),
            None => (name, letter == 'P'),
        };
        match set.unicode(name, negated) {
            Ok(true) => Ok(true),
            Ok(false) => {
                Err(self.fault(start, "sops does not know a Unicode class with this name"))
            }
            Err(TooLarge) => Err(self.too_large(start)),
        }
    }

    /// Parses an escape that matches a single character.
    pub(super) fn escaped_char(&mut self) -> Step<u32> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.peek() else {
            return Err(self.fault(
                start,
                "a backslash at the end; write `\\\\` to match a backslash",
            ));
        };
        self.at += c.len_utf8();
        let plain = match c {
            'a' => Some(0x07),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'v' => Some(0x0b),
            '0' => Some(self.octal(0)),
            '1'..='7' if self.peek().is_some_and(|next| next.is_digit(8)) => {
                Some(self.octal(u32::from(c) - u32::from('0')))
            }
            'x' => self.hexadecimal(),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
            _ => None,
        };
        plain
            // Go either never matches a surrogate or takes it for U+FFFD, depending on its
            // optimizer.
            .filter(|plain| !(0xd800..0xe000).contains(plain))
            .ok_or_else(|| {
                let message = match c {
                    '1'..='9' => "sops does not support back-references",
                    'Z' => "write `\\z` or `$` for the end of the text",
                    'u' | 'x' => {
                        "write a character by its number as `\\x41` or `\\x{1F600}`; surrogates are not characters"
                    }
                    'b' => "a word boundary is not allowed in brackets; write `\\x08` for a backspace",
                    _ => "sops does not support this escape",
                };
                self.fault(start, message)
            })
    }

    /// Parses up to two more octal digits.
    fn octal(&mut self, first: u32) -> u32 {
        let mut value = first;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.at += 1;
            value = value * 8 + digit;
        }
        value
    }

    /// Parses two hexadecimal digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Option<u32> {
        let rest = self.rest();
        let (digits, length) = match rest.strip_prefix('{') {
            Some(inside) => {
                let (digits, _) = inside.split_once('}')?;
                (digits, digits.len() + 2)
            }
            None => (rest.get(..2)?, 2),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        // Go allows any number of leading zeros.
        let value = match digits.trim_start_matches('0') {
            "" => 0,
            significant => u32::from_str_radix(significant, 16).ok()?,
        };
        if value > LAST {
            return None;
        }
        self.at += length;
        Some(value)
    }

    /// Parses a bracket expression.
    pub(super) fn bracket(&mut self) -> Step<()> {
        let start = self.at;
        self.at += 1;
        let negated = self.peek() == Some('^');
        if negated {
            self.at += 1;
        }
        let mut set = Builder::new(self.flags.fold, self.class_work);
        let mut first = true;
        while first || self.peek() != Some(']') {
            first = false;
            if self.posix_class(&mut set)? || self.named_class(&mut set)? {
                continue;
            }
            let range = self.at;
            let low = self.bracket_char(start)?;
            let mut high = low;
            // A hyphen before the closing bracket is a literal.
            let rest = self.rest();
            if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
                self.at += 1;
                high = self.bracket_char(start)?;
                if high < low {
                    return Err(
                        self.fault(range, "a range whose first character comes after its last")
                    );
                }
            }
            set.range(low, high)
                .map_err(|TooLarge| self.too_large(start))?;
        }
        self.at += 1;
        self.class(start, Ok(set), negated)
    }

    fn bracket_char(&mut self, bracket: usize) -> Step<u32> {
        match self.peek() {
            None => Err(Fault {
                start: bracket,
                end: bracket + 1,
                message: "this bracket is never closed; write `\\[` to match a bracket",
            }),
            Some('\\') => self.escaped_char(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(u32::from(c))
            }
        }
    }

    /// Parses `[:name:]` into `set`. Returns `false` if there is no such class here.
    fn posix_class(&mut self, set: &mut Builder) -> Step<bool> {
        let start = self.at;
        // Go searches for the `:]` in the rest of the expression, even past the closing bracket.
        let Some((name, _)) = self
            .rest()
            .strip_prefix("[:")
            .and_then(|inside| inside.split_once(":]"))
        else {
            return Ok(false);
        };
        self.at += 2 + name.len() + 2;
        let (positive, negated) = match name.strip_prefix('^') {
            Some(positive) => (positive, true),
            None => (name, false),
        };
        let Some(ranges) = class::posix(positive) else {
            return Err(self.fault(
                start,
                "there is no class with this name; use `[:alpha:]`, `[:digit:]` and so on",
            ));
        };
        set.ascii(ranges, negated)
            .map_err(|TooLarge| self.too_large(start))?;
        Ok(true)
    }
}
