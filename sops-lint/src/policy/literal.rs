//! Text as literals of CEL and as regular expressions of RE2.

/// A string literal.
pub(super) fn string(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            c if c.is_control() => literal.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// A list of string literals.
pub(super) fn list(texts: &[String]) -> String {
    let literals: Vec<String> = texts.iter().map(|text| string(text)).collect();
    format!("[{}]", literals.join(", "))
}

/// An expression that matches exactly this text.
pub(super) fn escaped(text: &str) -> String {
    let mut expression = String::new();
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            expression.push('\\');
        }
        expression.push(character);
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_a_literal() {
        assert_eq!(string("a'b\\"), r"'a\'b\\'");
        assert_eq!(string("a\nb"), r"'a\u000ab'");
        assert_eq!(escaped("ghcr.io/a-b"), r"ghcr\.io/a-b");
    }
}
