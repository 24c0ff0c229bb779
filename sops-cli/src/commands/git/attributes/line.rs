//! One line of `.gitattributes`.

/// The attributes of encrypted files.
const ATTRIBUTES: &str = "diff=sops merge=sops";

/// The characters that patterns interpret.
const SPECIAL: &[u8] = b"\\*?[";

/// The pattern for exactly the file at this path, relative to the root.
pub(super) fn of_path(path: &[u8]) -> Vec<u8> {
    let mut pattern = vec![b'/'];
    for byte in path {
        if SPECIAL.contains(byte) {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    pattern
}

/// The line that gives the attributes to the files that the pattern matches.
pub(super) fn of_pattern(pattern: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'"';
    let is_quoted = !pattern.iter().all(is_plain) || matches!(pattern.first(), Some(b'#' | b'!'));
    let mut line = match is_quoted {
        true => quoted(pattern),
        false => pattern.to_owned(),
    };
    line.push(b' ');
    line.extend_from_slice(ATTRIBUTES.as_bytes());
    line
}

/// The pattern in double quotes, with escapes as in C.
fn quoted(pattern: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in pattern {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', *byte]),
            0..0x20 | 0x7f.. => quoted.extend(format!("\\{byte:03o}").bytes()),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'"');
    quoted
}

/// The pattern of a line that gives both attributes to files, unless it is quoted.
pub(super) fn covering(line: &[u8]) -> Option<&str> {
    let line = str::from_utf8(line).ok()?.trim();
    let mut words = line.split_ascii_whitespace();
    let pattern = words
        .next()
        .filter(|word| !word.starts_with(['#', '"', '[']))?;
    let given: Vec<&str> = words.collect();
    let is_given = |attribute: &str| given.contains(&attribute);
    ATTRIBUTES.split(' ').all(is_given).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_a_line() {
        for (path, line) in [
            (&b"a/b.yaml"[..], "/a/b.yaml diff=sops merge=sops"),
            (b"--config=x", "/--config=x diff=sops merge=sops"),
            (b"a b.yaml", "\"/a b.yaml\" diff=sops merge=sops"),
            (b"a*[b]?.yaml", "/a\\*\\[b]\\?.yaml diff=sops merge=sops"),
            (b"#a \"b\"", "\"/#a \\\"b\\\"\" diff=sops merge=sops"),
            (b"a\\ b", "\"/a\\\\\\\\ b\" diff=sops merge=sops"),
            (
                b"\xc3\xa9\n\xff",
                "\"/\\303\\251\\012\\377\" diff=sops merge=sops",
            ),
        ] {
            assert_eq!(of_pattern(&of_path(path)), line.as_bytes(), "{line}");
        }
    }

    #[test]
    fn a_line_covers_files_if_it_has_both_attributes() {
        let pattern = |line: &'static str| covering(line.as_bytes());
        assert_eq!(pattern("*.enc diff=sops merge=sops\r"), Some("*.enc"));
        assert_eq!(pattern("a/** -text merge=sops diff=sops"), Some("a/**"));
        for line in [
            "",
            "# a diff=sops merge=sops",
            "*.enc diff=sops",
            "[attr]x diff=sops merge=sops",
        ] {
            assert_eq!(pattern(line), None, "{line}");
        }
    }
}
