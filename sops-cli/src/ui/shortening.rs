//! Shortens very long words in messages, such as a list of thousands of recipients.

use std::borrow::Cow;

/// The length of a path's name on Linux, in bytes; recipients, the post-quantum ones too, are shorter.
const LONGEST: usize = 4_096;

/// How many characters are left of a longer word.
const SHOWN: usize = 100;

/// The text with words above 4,096 bytes cut to their first 100 characters.
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
    fn only_endless_words_are_cut() {
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
