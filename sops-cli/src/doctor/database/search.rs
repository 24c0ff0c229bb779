//! Searches a database for Secrets, in one pass over its bytes. The search needs no index, so it
//! also finds versions in pages that are no longer in use.

use std::io::{self, Read};

use memchr::memmem::Finder;

use super::record::{AFTER, BEFORE, PREFIX, StoredSecret, versions};

/// How many bytes are read at once.
const AT_ONCE: usize = 1024 * 1024;

/// Calls `found` for each version of a Secret.
///
/// # Errors
/// The errors of the reader.
pub(super) fn search(mut from: impl Read, mut found: impl FnMut(StoredSecret)) -> io::Result<()> {
    let finder = Finder::new(PREFIX);
    let mut window = Vec::with_capacity(AT_ONCE + BEFORE + AFTER);
    // Keys that begin before this position were handled.
    let mut done = 0;
    loop {
        let read = from
            .by_ref()
            .take(AT_ONCE as u64)
            .read_to_end(&mut window)?;
        // A record near the end of the window is read with the next one.
        let end = match read {
            0 => window.len(),
            _ => window.len().saturating_sub(AFTER).max(done),
        };
        for at in finder.find_iter(&window[done..]) {
            let at = done + at;
            if at >= end {
                break;
            }
            versions(&window, at).into_iter().for_each(&mut found);
        }
        if read == 0 {
            return Ok(());
        }
        let kept = end.saturating_sub(BEFORE);
        window.drain(..kept);
        done = end - kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::database::record::StoredForm;

    #[test]
    fn a_record_is_found_at_every_position() {
        let record = b"\n\x17/registry/secrets/web/a\x18\x07*\x06k8s\0\n\x0c";
        for start in (AT_ONCE - AFTER - 60..AT_ONCE + 60).chain([0, 3 * AT_ONCE]) {
            if start % 7 != 0 && !(AT_ONCE - 40..AT_ONCE + 8).contains(&start) {
                continue;
            }
            let bytes = [&vec![0; start][..], record].concat();
            let mut all = Vec::new();
            search(&bytes[..], |version| all.push(version)).expect("the bytes can be read");
            let expected = StoredSecret {
                name: "web/a".to_owned(),
                revision: Some(7),
                form: StoredForm::Plaintext,
            };
            assert_eq!(all, [expected], "{start}");
        }
    }
}
