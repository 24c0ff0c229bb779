//! One version of a Secret in a database: a value of etcd, an entry of its log, or a row of kine,
//! with which k3s keeps the data of etcd in SQLite.

/// The beginning of the keys of Secrets.
pub(super) const PREFIX: &[u8] = b"/registry/secrets/";

/// The beginning of an encrypted value.
const ENCRYPTED: &[u8] = b"k8s:enc:";

/// How many bytes before and after a key a record can need.
pub(super) const BEFORE: usize = 64;
pub(super) const AFTER: usize = 8 * 1024;

/// No name of a namespace and a Secret is longer.
const LONGEST_KEY: usize = 512;

/// The most bytes of a row that SQLite keeps in one page of the default size.
const LOCAL_PAYLOAD: usize = 4096 - 35;

/// How a version is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StoredForm {
    Plaintext,
    /// The name of the provider, such as `secretbox`.
    Encrypted(String),
    /// The version says that the Secret was deleted.
    Deleted,
    /// A value that is in another page than its row, or has another form.
    Unsearched,
}

/// A version of a Secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StoredSecret {
    /// Namespace and name, as in `web/db`.
    pub(super) name: String,
    /// The number of the version; `None` for a copy, such as an entry of a log.
    pub(super) revision: Option<u64>,
    pub(super) form: StoredForm,
}

/// The versions in the record whose key begins at `at`. The list is empty if the key is only
/// mentioned there, as in an index.
pub(super) fn versions(bytes: &[u8], at: usize) -> Vec<StoredSecret> {
    match of_etcd(bytes, at) {
        Some(version) => vec![version],
        None => of_kine(bytes, at).unwrap_or_default(),
    }
}

/// Reads a `KeyValue` of etcd, or a `PutRequest` in its log. Both begin with the key as field 1.
fn of_etcd(bytes: &[u8], at: usize) -> Option<StoredSecret> {
    let before = &bytes[..at];
    let (start, length) = match before {
        [.., 0x0a, length] if *length < 0x80 => (at - 2, usize::from(*length)),
        [.., 0x0a, low, high] if *low >= 0x80 && *high < 0x80 => {
            (at - 3, usize::from(low & 0x7f) | usize::from(*high) << 7)
        }
        _ => return None,
    };
    if length > LONGEST_KEY {
        return None;
    }
    let name = name(bytes.get(at..at + length)?)?;
    let mut rest = &bytes[at + length..];
    let mut revision = None;
    // Both messages have fewer fields than this before the value.
    for _ in 0..5 {
        let Some((tag, after)) = rest.split_first() else {
            break;
        };
        rest = after;
        match tag {
            0x10 | 0x18 | 0x20 | 0x30 => {
                let number = varint(&mut rest)?;
                if *tag == 0x18 {
                    revision = Some(number);
                }
            }
            0x12 | 0x2a => {
                let form = match varint(&mut rest)? {
                    0 => return None,
                    length => form(rest, length)?,
                };
                // Field 3 of a request in the log is a lease, not a revision.
                let revision = revision.filter(|_| *tag == 0x2a);
                return Some(StoredSecret {
                    name,
                    revision,
                    form,
                });
            }
            _ => break,
        }
    }
    let revision = Some(revision_of_deletion(&bytes[..start])?);
    Some(StoredSecret {
        name,
        revision,
        form: StoredForm::Deleted,
    })
}

/// The revision that ends with the mark of a deletion, in the key before the value.
fn revision_of_deletion(before: &[u8]) -> Option<u64> {
    let key = before.last_chunk::<18>()?;
    let (main, rest) = key.split_first_chunk::<8>()?;
    (rest[0] == b'_' && key[17] == b't').then(|| u64::from_be_bytes(*main))
}

/// Reads a row of kine: its header with the types of nine columns, and the columns `name`, `created`,
/// `deleted`, `create_revision`, `prev_revision`, `lease`, `value` and `old_value`. The column `id`
/// is the number of the row, before the header.
fn of_kine(bytes: &[u8], at: usize) -> Option<Vec<StoredSecret>> {
    let header_of = |size: usize| {
        let start = at.checked_sub(size)?;
        let mut header = &bytes[start + 1..at];
        (usize::from(bytes[start]) == size && header.first() == Some(&0)).then_some(())?;
        let mut types = [0; 9];
        for kind in &mut types {
            *kind = varint_of_sqlite(&mut header)?;
        }
        header.is_empty().then_some((start, types))
    };
    let (start, types) = (10..=BEFORE / 2).find_map(header_of)?;
    let sizes = types.map(size_of_column);
    let mut offset = at;
    let mut columns = [&bytes[..0]; 9];
    for (column, size) in columns.iter_mut().zip(sizes) {
        *column = bytes.get(offset.min(bytes.len())..)?;
        offset = offset.checked_add(size?)?;
    }
    let name = name(columns[1].get(..sizes[1]?)?)?;
    let is_deleted = types[3] == 9 || types[3] == 1 && columns[3].first() == Some(&1);
    let revision = number_of_row(&bytes[..start]);
    let value_of = |column: usize| match sizes[column]? {
        0 => None,
        size => Some(form(columns[column], size as u64).unwrap_or(StoredForm::Unsearched)),
    };
    // The rest of a larger row is elsewhere in the file.
    let is_local = offset - start <= LOCAL_PAYLOAD;
    let old = match is_local {
        true => value_of(8),
        false => value_of(8).map(|_| StoredForm::Unsearched),
    };
    // The row of a deletion has the last value once more.
    let latest = match is_deleted {
        true => [(revision, Some(StoredForm::Deleted)), (None, value_of(7))],
        false => [(revision, value_of(7)), (None, None)],
    };
    let versions = latest.into_iter().chain([(None, old)]);
    let versions = versions.filter_map(|(revision, form)| {
        Some(StoredSecret {
            name: name.clone(),
            revision,
            form: form?,
        })
    });
    Some(versions.collect())
}

/// The size of a column of this type in bytes; `None` if there is no such type.
fn size_of_column(kind: u64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((kind - 12) / 2).ok(),
    }
}

/// The number of a row, which ends where its header begins. It is read backwards: only the last
/// byte of a number has a clear high bit.
fn number_of_row(before: &[u8]) -> Option<u64> {
    let (last, rest) = before.split_last()?;
    (*last < 0x80).then_some(())?;
    let mut number = u64::from(*last);
    for (index, byte) in rest.iter().rev().take(8).enumerate() {
        if *byte < 0x80 {
            return Some(number);
        }
        number |= u64::from(byte & 0x7f) << (7 * (index + 1));
    }
    None
}

/// Reads a number of Protocol Buffers, least significant bits first.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Reads a number of SQLite, most significant bits first. The types of columns never need the ninth
/// byte, which would have 8 bits.
fn varint_of_sqlite(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for _ in 0..8 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number = number << 7 | u64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// How a value is stored. `bytes` begins with it, but may end before it or after it.
fn form(bytes: &[u8], length: u64) -> Option<StoredForm> {
    let length = usize::try_from(length).ok()?;
    let value = &bytes[..bytes.len().min(length)];
    let Some(rest) = value.strip_prefix(ENCRYPTED) else {
        return (!value.is_empty()).then_some(StoredForm::Plaintext);
    };
    let end = rest.iter().position(|byte| *byte == b':')?;
    let provider = rest.get(..end.min(32))?;
    let is_name = provider.iter().all(u8::is_ascii_alphanumeric);
    let provider = String::from_utf8_lossy(provider).into_owned();
    Some(StoredForm::Encrypted(match is_name {
        true => provider,
        false => "unknown".to_owned(),
    }))
}

/// The namespace and the name in a key.
fn name(key: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(key.strip_prefix(PREFIX)?).ok()?;
    let (namespace, own) = name.split_once('/')?;
    let is_name = |text: &str| {
        let is_part =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        !text.is_empty() && text.bytes().all(is_part)
    };
    (is_name(namespace) && is_name(own)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(bytes: &[u8]) -> Vec<StoredSecret> {
        let mut all = Vec::new();
        for at in memchr::memmem::find_iter(bytes, PREFIX) {
            all.extend(versions(bytes, at));
        }
        all
    }

    fn version(revision: Option<u64>, form: StoredForm) -> StoredSecret {
        StoredSecret {
            name: "default/db".to_owned(),
            revision,
            form,
        }
    }

    // The bytes are those that etcd 3.5 and SQLite wrote for a Secret of an API server.
    #[test]
    fn a_value_of_etcd_has_its_revision() {
        let plain =
            b"\n\x1c/registry/secrets/default/db\x10\xc9\x01\x18\xca\x01 \x01*\x06k8s\0\n\x0c";
        assert_eq!(find(plain), [version(Some(202), StoredForm::Plaintext)]);
        let encrypted = b"\n\x1c/registry/secrets/default/db\x10\xc9\x01\x18\xc9\x01 \x01*\xb0\x02k8s:enc:secretbox:v1:key1:\xce\xae";
        let provider = StoredForm::Encrypted("secretbox".to_owned());
        assert_eq!(find(encrypted), [version(Some(201), provider)]);
    }

    #[test]
    fn a_deletion_has_the_revision_before_it() {
        let key = b"\0\0\0\0\0\0\0\xcc_\0\0\0\0\0\0\0\0t\n\x1c/registry/secrets/default/db\0\0\0";
        assert_eq!(find(key), [version(Some(204), StoredForm::Deleted)]);
    }

    #[test]
    fn an_entry_of_the_log_is_a_copy() {
        let put = b"\x1a\x1c/registry/secrets/default/db0\0\x12\x8f\x02\n\x1c/registry/secrets/default/db\x12\xee\x01k8s\0\n";
        assert_eq!(find(put), [version(None, StoredForm::Plaintext)]);
    }

    #[test]
    fn a_row_of_kine_has_the_previous_value() {
        // Row 2; the types are those of an update.
        let row = b"\x48\x02\x0a\0\x45\x08\x08\x09\x09\x08\x48\x14/registry/secrets/default/dbk8s:enc:secretbox:v1:key1:zzzzk8s\0";
        let provider = StoredForm::Encrypted("secretbox".to_owned());
        assert_eq!(
            find(row),
            [
                version(Some(2), provider),
                version(None, StoredForm::Plaintext)
            ]
        );
    }

    #[test]
    fn a_deletion_in_kine_repeats_the_value() {
        // The types of `deleted`, `value` and `old_value` are 1, 4 bytes and nothing.
        let row =
            b"\x48\x02\x0a\0\x45\x08\x09\x09\x09\x08\x14\x0c/registry/secrets/default/dbk8s\0";
        assert_eq!(
            find(row),
            [
                version(Some(2), StoredForm::Deleted),
                version(None, StoredForm::Plaintext)
            ]
        );
    }

    #[test]
    fn the_previous_value_of_a_row_longer_than_a_page_is_not_searched() {
        // 4,500 bytes of ciphertext, and a previous value of 4 bytes in another page.
        let mut row = b"\x48\x02\x0b\0\x45\x08\x08\x09\x09\x08\xc6\x34\x14/registry/secrets/default/dbk8s:enc:secretbox:v1:key1:".to_vec();
        row.resize(row.len() + 4500, b'z');
        let provider = StoredForm::Encrypted("secretbox".to_owned());
        assert_eq!(
            find(&row),
            [
                version(Some(2), provider),
                version(None, StoredForm::Unsearched)
            ]
        );
    }

    #[test]
    fn a_key_that_is_only_mentioned_is_not_a_version() {
        for bytes in [
            &b"\x03E\x01/registry/secrets/default/db\x02\x1f"[..],
            b"GET /registry/secrets/default/db HTTP/1.1",
            b"\n\x12/registry/secrets/\x12\x13/registry/secrets0",
            b"/registry/secrets/",
            b"\n\x80/registry/secrets/",
            b"\n\xff\x7f/registry/secrets/a/b",
        ] {
            assert_eq!(find(bytes), [], "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_key_that_is_longer_than_the_file_is_not_read() {
        let mut bytes = b"\n\xff\x7f/registry/secrets/a/".to_vec();
        bytes.resize(bytes.len() + 600, b'b');
        assert_eq!(find(&bytes), []);
    }

    #[test]
    fn no_bytes_make_it_fail() {
        let row = b"\x48\x02\x0a\0\x45\x08\x08\x09\x09\x08\x48\x14/registry/secrets/default/dbk8s:enc:secretbox:v1:key1:zzzzk8s\0";
        let value = b"\0\0\0\0\0\0\0\xcc_\0\0\0\0\0\0\0\0t\n\x1c/registry/secrets/default/db\x10\xc9\x01*\x06k8s\0\n\x0c";
        for bytes in [&row[..], value] {
            for index in 0..bytes.len() {
                for byte in 0..=255 {
                    let mut changed = bytes.to_vec();
                    changed[index] = byte;
                    find(&changed);
                }
                find(&bytes[..index]);
                find(&bytes[index..]);
            }
        }
    }
}
