//! Prints dates as `sops` does when the program runs under that name, for programs that compare its
//! output.

use sops_core::{Format, Type, parse_document};
use zeroize::Zeroizing;

/// A YAML plaintext with its dates as `sops` prints them, such as `2024-01-01T00:00:00Z` for
/// `2024-01-01`. `sops` writes the whole document again, so it then ends with a line break.
pub(crate) fn as_in_sops(plaintext: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if !may_have_dates(&plaintext) {
        return plaintext;
    }
    let Ok(document) = parse_document(&plaintext, Format::Yaml) else {
        return plaintext;
    };
    let dates = document.scalars().filter_map(|scalar| {
        let value = scalar.value().filter(|value| value.kind == Type::Time)?;
        let span = scalar.span();
        let is_plain = plaintext[span.clone()].first()?.is_ascii_digit();
        (is_plain && plaintext[span.clone()] != *value.bytes).then_some((span, value))
    });
    let mut changed = Zeroizing::new(Vec::with_capacity(plaintext.len()));
    let mut end = 0;
    for (span, value) in dates {
        changed.extend_from_slice(&plaintext[end..span.start]);
        changed.extend_from_slice(&value.bytes);
        end = span.end;
    }
    if end == 0 {
        return plaintext;
    }
    changed.extend_from_slice(&plaintext[end..]);
    if !changed.ends_with(b"\n") {
        changed.push(b'\n');
    }
    changed
}

/// Whether `text` contains a year and a hyphen, as every date does. Most files don't, and need no
/// parsing.
fn may_have_dates(text: &[u8]) -> bool {
    let is_year = |year: &[u8]| year.iter().all(u8::is_ascii_digit);
    text.windows(5)
        .any(|bytes| bytes[4] == b'-' && is_year(&bytes[..4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_printed_as_in_sops_and_nothing_else_changes() {
        for (plaintext, expected) in [
            (
                "a: 2024-01-01  # day\nb: [2024-01-02, '2024-01-03', 0x1F]",
                "a: 2024-01-01T00:00:00Z  # day\nb: [2024-01-02T00:00:00Z, '2024-01-03', 0x1F]\n",
            ),
            (
                "a: &d 2024-01-01\nb: *d\n",
                "a: &d 2024-01-01T00:00:00Z\nb: *d\n",
            ),
            (
                "a: 2006-01-02T15:04:05+07:06",
                "a: 2006-01-02T15:04:05+07:06",
            ),
            ("a:  1.50", "a:  1.50"),
            ("- [", "- ["),
        ] {
            let result = as_in_sops(Zeroizing::new(plaintext.into()));
            assert_eq!(String::from_utf8_lossy(&result), expected);
        }
    }
}
