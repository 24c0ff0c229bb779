//! Checks YAML before another parser reads it: how deep it is nested, whether it has a second
//! document, and where it is malformed.

use memchr::memchr2_iter;

use super::diagnostics;
use super::events::{Event, Events};
use crate::error::{Error, Location};

/// How many brackets may follow malformed text. The parser of `serde_yaml` takes time that grows
/// with the square of their depth.
const MOST_UNREAD: usize = 1_000;

/// The outline of a document.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Outline {
    /// Why another parser must not read the text: it is nested too deeply, or may be too deep after
    /// the malformed part.
    pub too_deep: Option<(Location, String)>,
    /// Where the text is malformed, and what to do.
    pub malformed: Option<(Location, String)>,
    /// Where a second document begins.
    pub second_document: Option<Location>,
}

impl Outline {
    /// The outline of `text` from the offset `begin` on. It may be nested `max_depth` levels deep.
    pub fn of(text: &str, begin: usize, max_depth: usize) -> Self {
        let mut outline = Self::default();
        let mut events = Events::limited(text, begin..text.len(), max_depth);
        let too_deep = || format!("nested deeper than {max_depth} levels");
        let (mut depth, mut documents) = (0, 0);
        loop {
            match events.next() {
                Ok(Some(Event::Open { at, .. })) => {
                    depth += 1;
                    if depth > max_depth {
                        outline.too_deep = Some((Location::of(text, at), too_deep()));
                        return outline;
                    }
                }
                Ok(Some(Event::Close(_))) => depth -= 1,
                Ok(Some(Event::DocumentStart(range))) => {
                    documents += 1;
                    if documents == 2 {
                        outline.second_document = Some(Location::of(text, range.start));
                    }
                }
                Ok(Some(_)) => {}
                Err(Error::Syntax { location, message }) => {
                    if message == diagnostics::TOO_DEEP {
                        outline.too_deep = Some((location, too_deep()));
                        return outline;
                    }
                    let rest = text.as_bytes().get(location.offset..).unwrap_or_default();
                    if memchr2_iter(b'[', b'{', rest).nth(MOST_UNREAD).is_some() {
                        outline.too_deep = Some((location, message));
                    } else {
                        outline.malformed = Some((location, message));
                    }
                    return outline;
                }
                Ok(None) | Err(_) => return outline,
            }
        }
    }
}
