//! Shortens very long words in messages, such as a list of thousands of recipients.

use std::borrow::Cow;

/// The length, in bytes, up to which a word is not shortened. That is the longest path on Linux;
/// recipients, including post-quantum ones, are shorter.
const LONGEST: usize = 4_096;

/// How many characters of a longer word are shown.
const SHOWN: usize = 100;

/// Shortens words of more than 4,096 bytes to their first 100 characters.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let words = text.split_inclusive(char::is_whitespace);
    words.map(shortened_word).collect::<String>().into()
}

/// Shortens a word and keeps the white space after it.
fn shortened_word(word: &str) -> Cow<'_, str> {
    let bare = word.trim_end();
    if bare.len() <= LONGEST {
        return Cow::Borrowed(word);
    }
    let shown: String = bare.chars().take(SHOWN).collect();
    let count = bare.chars().count();
    let space = &word[bare.len()..];
    format!("{shown}… ({count} characters){space}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_very_long_words_are_shortened() {
        let path = "é".repeat(LONGEST / 2);
        assert_eq!(
            shortened(&format!("{path} {path}\n")),
            format!("{path} {path}\n")
        );
        let list = "age1,".repeat(100_000);
        assert_eq!(
            shortened(&format!("a {list}\nb")),
            format!("a {}… (500000 characters)\nb", "age1,".repeat(20))
        );
    }
}
