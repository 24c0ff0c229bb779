//! Limits how deep a configuration is nested before it is read: the parser behind `serde_yaml` takes time that grows with the square of the
//! depth of brackets.

use memchr::memchr2_iter;

use crate::document::yaml::events::{Event, Events};
use crate::error::{Error, Location};

/// How deep a configuration may be nested. `serde_yaml` reads no more either.
const MAX_DEPTH: usize = 128;

/// How many brackets may follow what the other parser cannot read; `serde_yaml` then says what is wrong with it.
const MOST_UNREAD: usize = 1_000;

/// Where the text is nested too deep, and the message about it; `begin` is where its YAML begins.
pub(super) fn fault(text: &str, begin: usize) -> Option<(Location, String)> {
    let mut events = Events::limited(text, begin..text.len(), MAX_DEPTH);
    let too_deep = || format!("nested deeper than {MAX_DEPTH} levels");
    let mut depth = 0;
    loop {
        match events.next() {
            Ok(None) => return None,
            Ok(Some(Event::Open { at, .. })) => {
                depth += 1;
                if depth > MAX_DEPTH {
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
