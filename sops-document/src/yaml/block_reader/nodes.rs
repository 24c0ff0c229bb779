//! Keys, items and their values, and how they open and close block collections.

use super::line::{Line, is_dash};
use super::{BlockReader, Level, Receiver, Step, Stop, pass, pass_anchor, scalar};
use crate::yaml::events::{Event, Scalar};
use crate::{Collection, Style};

impl<'a> BlockReader<'a> {
    /// Reads a line with a key or a dash, and the lines that its value continues on.
    pub(super) fn content(&mut self, line: Line, receiver: &mut impl Receiver<'a>) -> Step {
        let at = line.content;
        if !self.in_document {
            pass(receiver, Event::DocumentStart(at..at))?;
            self.in_document = true;
            self.awaits = Some(at);
        }
        let is_item = is_dash(self.text, at);
        if !self.open_value(line, is_item, receiver)? {
            self.close_to(line, is_item, receiver)?;
        }
        match is_item {
            true => self.item(line, receiver),
            false => {
                if self.levels.len() == 1 {
                    receiver.entry(line.start);
                }
                let (key, colon) = self.key(at, line.end)?.ok_or(Stop::Unknown)?;
                self.entry(key, colon, line.end, receiver)
            }
        }
    }

    /// Opens the collection that this line begins, if the value of the last key or dash may be one.
    fn open_value(
        &mut self,
        line: Line,
        is_item: bool,
        receiver: &mut impl Receiver<'a>,
    ) -> Step<bool> {
        if self.awaits.is_none() {
            return Ok(false);
        }
        let column = line.column();
        let opens = match self.levels.last() {
            // Only mappings are in the subset at the top level.
            None => column == 0 && !is_item,
            Some(around) => {
                let is_level = is_item && around.kind == Collection::Mapping;
                column > around.column || column == around.column && is_level
            }
        };
        if !opens {
            self.omitted(receiver)?;
            return Ok(false);
        }
        self.awaits = None;
        self.open(column, is_item, line.content, receiver)?;
        Ok(true)
    }

    fn open(
        &mut self,
        column: usize,
        is_sequence: bool,
        at: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step {
        let kind = match is_sequence {
            true => Collection::Sequence,
            false => Collection::Mapping,
        };
        self.levels.push(Level { kind, column });
        let (anchor, name) = self.anchors.take();
        pass(
            receiver,
            Event::Open {
                kind,
                flow: false,
                anchor,
                at,
            },
        )?;
        pass_anchor(name, receiver)
    }

    /// Closes the collections that end before this line, the next entry of an open one.
    fn close_to(&mut self, line: Line, is_item: bool, receiver: &mut impl Receiver<'a>) -> Step {
        let column = line.column();
        while let Some(level) = self.levels.last() {
            let is_sequence = level.kind == Collection::Sequence;
            if level.column == column && is_sequence == is_item {
                return Ok(());
            }
            // A sequence may be in the column of the mapping around it.
            if level.column < column || level.column == column && !is_sequence {
                break;
            }
            self.levels.pop();
            pass(receiver, Event::Close(line.start..line.start))?;
        }
        Err(Stop::Unknown)
    }

    /// Reads the item of a sequence. It may begin a collection on the same line.
    fn item(&mut self, line: Line, receiver: &mut impl Receiver<'a>) -> Step {
        let mut dash = line.content;
        loop {
            let at = self.skip_spaces(dash + 1);
            if matches!(self.byte(at), None | Some(b'\n' | b'#')) {
                // Unlike an omitted value, an omitted item is after the comment on its line.
                self.awaits = Some(line.end);
                return self.end_line(dash + 1, receiver);
            }
            let column = at - line.start;
            if is_dash(self.text, at) {
                self.open(column, true, at, receiver)?;
                dash = at;
                continue;
            }
            let key = match self.byte(at) {
                // If it were a key, its line would end with a `:` instead of the collection.
                Some(b'[' | b'{') => None,
                _ => self.key(at, line.end)?,
            };
            return match key {
                Some((key, colon)) => {
                    self.open(column, false, at, receiver)?;
                    self.entry(key, colon, line.end, receiver)
                }
                None => self.value(at, line.end, receiver),
            };
        }
    }

    /// Reads the value after a key, whose `:` is at `colon` of the line that ends at `line`.
    fn entry(
        &mut self,
        key: Scalar<'a>,
        colon: usize,
        line: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step {
        pass(receiver, Event::Scalar(key))?;
        let at = self.skip_spaces(colon + 1);
        if matches!(self.byte(at), None | Some(b'\n' | b'#')) {
            self.awaits = Some(colon);
            return self.end_line(colon + 1, receiver);
        }
        match is_dash(self.text, at) {
            true => Err(Stop::Unknown),
            false => self.value(at, line, receiver),
        }
    }

    /// Reads a scalar, a flow collection or an alias, and the rest of its line, which ends at
    /// `line`.
    pub(super) fn value(
        &mut self,
        at: usize,
        line: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step {
        let at = match self.byte(at) {
            Some(b'&') => match self.anchor(at)? {
                (at, true) => at,
                // The value is on the lines below.
                (end, false) => {
                    self.awaits = Some(end);
                    return self.end_line(end, receiver);
                }
            },
            _ => at,
        };
        let (anchor, name) = self.anchors.take();
        let end = match self.byte(at) {
            Some(b'[' | b'{') => {
                let open = self.open_flow(at, anchor, receiver)?;
                pass_anchor(name, receiver)?;
                self.flow_collection(open, 0, receiver)?
            }
            Some(b'|' | b'>') => {
                let scalar = self.block_scalar(at, receiver)?;
                pass(receiver, Event::Scalar(Scalar { anchor, ..scalar }))?;
                return pass_anchor(name, receiver);
            }
            Some(b'*') => self.alias(at, receiver)?,
            byte => {
                let scalar = match byte {
                    Some(b'"' | b'\'') => self.quoted(at, line)?,
                    _ => self.plain(at, line)?,
                };
                let end = scalar.range.end;
                pass(receiver, Event::Scalar(Scalar { anchor, ..scalar }))?;
                pass_anchor(name, receiver)?;
                end
            }
        };
        self.end_line(end, receiver)
    }

    /// Passes the value that is omitted.
    pub(super) fn omitted(&mut self, receiver: &mut impl Receiver<'a>) -> Step {
        if self.anchors.are_pending() {
            return Err(Stop::Unknown);
        }
        match self.awaits.take() {
            Some(at) => pass(
                receiver,
                Event::Scalar(scalar("~".into(), Style::Plain, at..at)),
            ),
            None => Ok(()),
        }
    }
}
