//! Hides private keys in words for a person: one may have been given where something else belongs, which the words repeat.

use std::borrow::Cow;

/// What age's private keys begin with, native and of plugins, in either case.
const PRIVATE: [&str; 2] = ["AGE-SECRET-KEY-", "AGE-PLUGIN-"];

/// The text with nothing of a private key but what it begins with.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    // Has the same offsets.
    let upper = text.to_ascii_uppercase();
    let mut out = String::new();
    let mut done = 0;
    while let Some((found, mark)) = PRIVATE
        .iter()
        .filter_map(|mark| Some((done + upper[done..].find(mark)?, *mark)))
        .min()
    {
        let shown = found + mark.len();
        let in_key = |character: char| character.is_ascii_alphanumeric() || character == '-';
        out.push_str(&text[done..shown]);
        out.push('…');
        done = text.len() - text[shown..].trim_start_matches(in_key).len();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_private_key_is_left() {
        for (text, wanted) in [
            ("no file `a-b.yaml`", "no file `a-b.yaml`"),
            ("`AGE-SECRET-KEY-1QQÄ`: é", "`AGE-SECRET-KEY-…Ä`: é"),
            (
                "age-secret-key-pq-1abc,AGE-PLUGIN-TPM-1AB c",
                "age-secret-key-…,AGE-PLUGIN-… c",
            ),
        ] {
            assert_eq!(masked(text), wanted);
        }
    }
}
