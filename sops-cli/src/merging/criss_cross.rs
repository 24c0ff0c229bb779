//! The base of a criss-cross merge. With several common ancestors, Git passes an older one, in which
//! the changes that both sides have are missing: a side that undid one of them would seem to have
//! changed nothing.

use std::path::Path;
use std::time::SystemTime;

use sops_core::keys::KeyService;
use sops_core::merge::{Approval, Choices, Markers, OpenMerge, Versions};
use zeroize::Zeroizing;

use super::format;

/// The size of the conflict markers between the ancestors. No value contains markers of this size.
const MARKER_SIZE: usize = 97;

/// The merge of two common ancestors, without the values in which they conflict, as Git makes one
/// of plaintext. `None` if they cannot be merged, or if there are more than two: the two sides then
/// conflict in everything in which they differ.
///
/// `ancestor` is the base that Git passed.
pub(crate) fn merged_base(
    path: &Path,
    ancestor: &[u8],
    versions: Vec<Vec<u8>>,
    keys: &dyn KeyService,
) -> Option<Vec<u8>> {
    let [first, second]: [Vec<u8>; 2] = versions.try_into().ok()?;
    let sides = Versions {
        base: Some(ancestor),
        ours: &first,
        theirs: &second,
        format: format(path, [&first, &second, ancestor]).ok()?,
    };
    let open = OpenMerge::open(&sides, keys).ok()?;
    let mut choices = Choices::default();
    // The result is only compared with the sides, and never written.
    choices.allow_plaintext = true;
    let markers = Markers::default().with_size(MARKER_SIZE);
    let (text, _) = open.marked_plaintext(&choices, &markers).ok()?;
    let text = without_conflicts(&text);
    let file = open.encrypt(&text, &choices, &Approval::Given, keys, SystemTime::now());
    Some(file.ok()?.text.into_bytes())
}

/// The lines outside conflicts.
fn without_conflicts(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let (begin, end) = ([b'<'; MARKER_SIZE], [b'>'; MARKER_SIZE]);
    let mut rest = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut is_conflict = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        is_conflict |= line.starts_with(&begin);
        if !is_conflict {
            rest.extend_from_slice(line);
        }
        is_conflict &= !line.starts_with(&end);
    }
    rest
}
