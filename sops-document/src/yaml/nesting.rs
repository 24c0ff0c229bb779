//! Limits how deep a text is nested before another parser reads it: the one that `serde_yaml` uses takes time that grows with the square of the
//! depth of brackets.

use memchr::memchr2_iter;

use super::events::{Event, Events};
use crate::error::Error;
use crate::error::Location;

/// How many brackets may follow what the other parser cannot read; `serde_yaml` then says what is wrong with it.
const MOST_UNREAD: usize = 1_000;

/// Where the text is nested deeper than `max_depth`, and the message about it; `begin` is where its YAML begins.
pub fn nesting_fault(text: &str, begin: usize, max_depth: usize) -> Option<(Location, String)> {
    let mut events = Events::limited(text, begin..text.len(), max_depth);
    let too_deep = || format!("nested deeper than {max_depth} levels");
    let mut depth = 0;
    loop {
        match events.next() {
            Ok(None) => return None,
            Ok(Some(Event::Open { at, .. })) => {
                depth += 1;
                if depth > max_depth {
                    return Some((Location::of(text, at), too_deep()));
                }
            }
            Ok(Some(Event::Close(_))) => depth -= 1,
            Ok(Some(_)) => {}
            Err(Error::Syntax { location, message }) => {
                if message.contains("recursion limit") {
                    return Some((location, too_deep()));
                }
                let rest = text.as_bytes().get(location.offset..).unwrap_or_default();
                let is_long = memchr2_iter(b'[', b'{', rest).nth(MOST_UNREAD).is_some();
                return is_long.then_some((location, message));
            }
            Err(_) => return None,
        }
    }
}
