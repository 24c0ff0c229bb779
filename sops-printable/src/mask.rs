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

/// The headers that PEM and PGP put before the base64 of a key.
const HEADERS: [&str; 7] = [
    "Charset",
    "Comment",
    "DEK-Info",
    "Hash",
    "MessageID",
    "Proc-Type",
    "Version",
];

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

/// Whether an identity follows [`PLUGIN`] and not just the name of a program: the plugin's name,
/// `-1`, and Bech32 data that ends with a checksum of six characters.
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

/// The end of the key whose armor begins at `at`: the end of the armor's last line or, if that is
/// missing, of the text that can belong to a key.
fn armor_end(text: &str, at: usize) -> usize {
    let last_line = text[at..].find("-----END").map(|found| at + found + 5);
    let end = last_line.and_then(|line| Some(line + text[line..].find("-----")? + 5));
    end.unwrap_or_else(|| text.len() - after_body(&text[at..]).len())
}

/// The text after the headers and the base64 at its beginning. A message may quote a key that is
/// truncated.
fn after_body(text: &str) -> &str {
    let mut rest = text;
    loop {
        let word = rest.trim_start_matches(is_break);
        let breaks = &rest[..rest.len() - word.len()];
        let after = after_escape(word).or_else(|| after_header(word));
        if let Some(after) = after {
            rest = after;
            continue;
        }
        let after = word.trim_start_matches(|c| is_base64(c) || !is_printable(c) && !is_break(c));
        let chunk = &word[..word.len() - after.len()];
        if chunk.is_empty() || !breaks.is_empty() && is_prose(chunk) {
            return rest;
        }
        rest = after;
    }
}

/// The text after an escaped character, such as `\n` or `\u{200b}`.
fn after_escape(text: &str) -> Option<&str> {
    let escape = text.strip_prefix('\\')?.trim_start_matches('\\');
    match escape.strip_prefix("u{") {
        Some(code) => Some(code.split_once('}')?.1),
        None => escape.strip_prefix(['n', 'r', 't']),
    }
}

/// The text after a line with a header of PEM or PGP, such as `DEK-Info: …`.
fn after_header(text: &str) -> Option<&str> {
    let mut names = HEADERS.iter();
    let value = names.find_map(|name| text.strip_prefix(name)?.strip_prefix(": "))?;
    let end = value.find(['\n', '\r', '\\']).unwrap_or(value.len());
    Some(&value[end..])
}

fn is_break(c: char) -> bool {
    c.is_ascii_whitespace()
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=-_".contains(c)
}

/// Whether a word belongs to the message. A line of base64 has digits or capital letters.
fn is_prose(word: &str) -> bool {
    word.len() < 16 && word.chars().all(|c| c.is_ascii_lowercase())
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
            (
                "no file `-----BEGIN PRIVATE KEY-----`: not found\nhelp: name a file",
                "no file `-----BEGIN PRIVATE KEY-----…`: not found\nhelp: name a file",
            ),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\nMIIE+/x\nab1=\nhelp: set it",
                "-----BEGIN RSA PRIVATE KEY-----…\nhelp: set it",
            ),
            (
                r"'-----BEGIN PRIVATE KEY-----\nMIIE\u{200b}Q\\nab1=' does not exist",
                r"'-----BEGIN PRIVATE KEY-----…' does not exist",
            ),
            (
                "-----BEGIN PRIVATE KEY----- MIIE\u{200b}Q b3Bl cannot be read",
                "-----BEGIN PRIVATE KEY-----… cannot be read",
            ),
        ] {
            assert_eq!(masked(text), wanted);
            assert_eq!(masked(wanted), wanted);
        }
    }
}
