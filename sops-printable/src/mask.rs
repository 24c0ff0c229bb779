//! Masks private keys in messages. A user may pass a private key where something else belongs, and
//! the message would repeat it.

use std::borrow::Cow;

use crate::escape::is_printable;

/// The prefixes of age's private keys, native and of plugins. Case is ignored.
const PRIVATE: [&str; 2] = ["AGE-SECRET-KEY-", PLUGIN];

/// The prefix of a plugin's identity, and in lower case of the name of the plugin's program.
const PLUGIN: &str = "AGE-PLUGIN-";

/// The ends of the first line of SSH, PEM and PGP private keys.
const ARMORED: [&str; 2] = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"];

/// Masks private keys in the text, except for their prefixes.
pub fn masked(text: &str) -> Cow<'_, str> {
    // Upper-casing ASCII keeps the offsets.
    let upper = text.to_ascii_uppercase();
    let mut out = String::new();
    let mut done = 0;
    while let Some((found, mark)) = PRIVATE
        .iter()
        .chain(&ARMORED)
        .filter_map(|mark| Some((done + upper[done..].find(mark)?, *mark)))
        .min()
    {
        let shown = found + mark.len();
        if mark == PLUGIN && !is_identity(&upper[shown..]) {
            out.push_str(&text[done..shown]);
            done = shown;
            continue;
        }
        // Otherwise an invisible character inside a key would leave the rest of the key visible.
        let is_invisible = |c: char| !is_printable(c) && !c.is_ascii_whitespace();
        let in_key = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_invisible(c);
        out.push_str(&text[done..shown]);
        out.push('…');
        // The text may have been masked before.
        let is_masked = text[shown..].starts_with('…');
        done = if is_masked {
            shown + '…'.len_utf8()
        } else if ARMORED.contains(&mark) {
            armor_end(text, shown)
        } else {
            text.len() - text[shown..].trim_start_matches(in_key).len()
        };
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// Whether an identity follows [`PLUGIN`] and not just the name of a program: the plugin's name, `-1`, and Bech32 data that ends with a
/// checksum of six characters.
fn is_identity(upper: &str) -> bool {
    let is_ignored = |c: char| !is_printable(c) && !c.is_ascii_whitespace();
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '…' || is_ignored(c));
    let run = upper.split(ends).next().unwrap_or_default();
    let run: String = run.chars().filter(|c| !is_ignored(*c)).collect();
    let is_data = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    run.starts_with('…')
        || run.match_indices("-1").any(|(at, dash)| {
            run[at + dash.len()..]
                .chars()
                .take_while(|c| is_data(*c))
                .count()
                >= 6
        })
}

/// The end of the armor that contains `at`, or of the text if the armor has no last line.
fn armor_end(text: &str, at: usize) -> usize {
    let last_line = text[at..].find("-----END").map(|found| at + found + 5);
    let end = last_line.and_then(|line| Some(line + text[line..].find("-----")? + 5));
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_keys_are_masked() {
        for (text, wanted) in [
            ("no file `a-b.yaml`", "no file `a-b.yaml`"),
            ("`AGE-SECRET-KEY-1QQÄ`: é", "`AGE-SECRET-KEY-…Ä`: é"),
            (
                "AGE-SECRET-KEY-1Q\u{200b}Q\u{1b}Q\nhelp",
                "AGE-SECRET-KEY-…\nhelp",
            ),
            (
                "age-secret-key-pq-1abc,AGE-PLUGIN-TPM-1AB c",
                "age-secret-key-…,AGE-PLUGIN-TPM-1AB c",
            ),
            ("AGE-PLUGIN-TPM-1QQQQQQ c", "AGE-PLUGIN-… c"),
            ("AGE-PLUGIN-1P-1Q\u{200b}QQQQQ c", "AGE-PLUGIN-… c"),
            (
                "no `age-plugin-1p`, age-plugin-a-b-1 AGE-SECRET-KEY-1Q",
                "no `age-plugin-1p`, age-plugin-a-b-1 AGE-SECRET-KEY-…",
            ),
            (
                "'-----BEGIN OPENSSH PRIVATE KEY----- b3Bl -----END OPENSSH PRIVATE KEY-----' found",
                "'-----BEGIN OPENSSH PRIVATE KEY-----…' found",
            ),
            (
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ",
                "-----BEGIN PGP PRIVATE KEY BLOCK-----…",
            ),
        ] {
            assert_eq!(masked(text), wanted);
            assert_eq!(masked(wanted), wanted);
        }
    }
}
