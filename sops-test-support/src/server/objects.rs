//! The objects in the buckets of a stand-in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// An object in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The content.
    pub content: Vec<u8>,
    /// The media type.
    pub kind: String,
}

/// The objects, by the name of the bucket and their own.
#[derive(Default)]
pub(super) struct Objects(Mutex<HashMap<String, StoredObject>>);

impl Objects {
    pub(super) fn put(&self, name: String, object: StoredObject) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(name, object);
    }

    pub(super) fn get(&self, name: &str) -> Option<StoredObject> {
        let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.get(name).cloned()
    }
}

/// The text of a URL's part, with its escapes replaced.
pub(super) fn unescaped(text: &str, has_form_spaces: bool) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) if has_form_spaces => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
