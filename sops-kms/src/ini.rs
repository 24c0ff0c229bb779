//! The configuration files of providers' tools: sections with keys and values.

/// The value of a key in a section of an INI file; `None` if it is missing or empty. If the key is
/// repeated, the last value counts.
pub(crate) fn value<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut is_in_section = false;
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            is_in_section = name.trim() == section;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_in_section)
            && name.trim() == key
        {
            last = Some(value.trim()).filter(|value| !value.is_empty());
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_its_section() {
        let text = "a = 0\n[ one ]\n# a = 1\na=2\n b = x=y \n[two]\na = 3\nempty =\n";
        for (section, key, expected) in [
            ("one", "a", Some("2")),
            ("one", "b", Some("x=y")),
            ("two", "a", Some("3")),
            ("two", "b", None),
            ("two", "empty", None),
            ("three", "a", None),
        ] {
            assert_eq!(value(text, section, key), expected, "{section} {key}");
        }
    }
}
