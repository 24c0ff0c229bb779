//! Recognizes masks, which people and programs write instead of a secret.

/// Endings of strings that name the expected value: `token-here`, `access token goes here`.
const HERE: &str = "here";

/// Words in a string that names the expected value.
const NAMED: [&str; 9] = [
    "token", "secret", "pass", "key", "cred", "value", "your", "goes", "user",
];

/// The mask that Flux writes instead of decrypted values.
const FLUX: &str = "**SOPS**";

/// Whether `text` hides a secret: dots, stars or the letter X, alone or after a short beginning, or
/// words between stars.
pub(crate) fn is_mask(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'', '<', '>', '[', ']']);
    if text.len() < 3 || text.len() > 80 {
        return false;
    }
    is_hidden(text)
        || is_repeated(text)
        || is_between_stars(text)
        || is_flux_json(text)
        || names_place(text)
        || is_order(text)
}

/// Whether `text` ends in a run of one character that hides the rest, such as `p-XXXX` and `....`.
fn is_hidden(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '.' | '*' | 'x' | 'X' | '•' | '…' | '_' | '#' | '?');
    let Some(sign) = text.chars().next_back().filter(|c| is_sign(*c)) else {
        return false;
    };
    let before = text.trim_end_matches(sign);
    let count = text[before.len()..].chars().count();
    let is_beginning = (before.len() <= 4 || before.len() <= 12 && before.ends_with(['-', '_']))
        && before
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        && before.chars().filter(char::is_ascii_digit).count() < 4;
    let is_all = before.chars().all(|c| is_sign(c) || c == '-');
    is_all && count >= 3 || count >= 4 && is_beginning && !matches!(sign, '_' | '#' | '?')
}

/// Whether `text` is the prefix of a key followed by one repeated digit: `sk-111111111111`.
fn is_repeated(text: &str) -> bool {
    let digits = text.strip_prefix("sk-").unwrap_or_default();
    let first = digits.chars().next().filter(char::is_ascii_digit);
    first.is_some_and(|first| digits.len() >= 8 && digits.chars().all(|c| c == first))
}

fn is_between_stars(text: &str) -> bool {
    let inner = text.strip_prefix("**");
    inner
        .and_then(|inner| inner.strip_suffix("**"))
        .is_some_and(|inner| {
            let is_word = |c: char| c.is_alphanumeric() || c == ' ' || c == '-' || c == '_';
            inner.chars().all(is_word) && !inner.contains(|c: char| c.is_ascii_digit())
        })
}

/// Flux writes registry credentials as a mapping with a mask.
fn is_flux_json(text: &str) -> bool {
    text.strip_prefix("{\"mask\":\"")
        .and_then(|rest| rest.strip_suffix("\"}"))
        == Some(FLUX)
}

/// Whether the text is a request to set a value, such as `UPDATE_AWS_ACCESS_KEY_ID`, or says where
/// it is set, such as `DEFINED-IN-REGION-CHART`.
fn is_order(text: &str) -> bool {
    const FIRST: [&str; 20] = [
        "ADD",
        "CHANGE",
        "CONFIGURED",
        "DEFINE",
        "DEFINED",
        "ENTER",
        "FILL",
        "FROM",
        "INSERT",
        "MY",
        "OVERRIDE",
        "OVERRIDDEN",
        "PROVIDE",
        "PROVIDED",
        "PUT",
        "REPLACE",
        "SEE",
        "SET",
        "STORED",
        "UPDATE",
    ];
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_' || c == '-';
    let first = text.split_once(['_', '-']).map(|(first, _)| first);
    text.chars().all(is_part) && first.is_some_and(|first| FIRST.contains(&first))
}

/// Whether the text names the value that belongs here.
fn names_place(text: &str) -> bool {
    let is_word = |c: char| c.is_alphabetic() || " -_.'".contains(c);
    let end = text
        .len()
        .checked_sub(HERE.len())
        .and_then(|at| text.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(HERE))
        && text[..text.len() - HERE.len()].ends_with([' ', '-', '_', '.'])
        && text.chars().all(is_word)
        && NAMED
            .iter()
            .any(|word| text.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_mask;

    #[test]
    fn masks_are_distinguished_from_passwords() {
        for text in [
            "**SOPS**",
            "{\"mask\":\"**SOPS**\"}",
            "....",
            "********",
            "p-XXXX",
            "sk-xxxxxxxx",
            "ABCDXXXXXXXX",
            "xxx-xxx",
            "**access token goes here**",
            "client-secret-goes-here",
            "YOUR_TOKEN_HERE",
            "UPDATE_AWS_SECRET_ACCESS_KEY",
            "DEFINED_IN_VALUES_FILE",
            "DEFINED-IN-REGION-CHART",
            "FROM-EXTERNAL-VAULT-PROVIDER",
            "sk-111111111111",
        ] {
            assert!(is_mask(text), "{text}");
        }
        for text in [
            "hunter2",
            "CORRECT-HORSE-BATTERY",
            "DEFINED",
            "FROM-X7-Y2",
            "sk-111111111112",
            "..",
            "**hunter2**",
            "{\"mask\":\"hunter2\"}",
            "Tr0ub4dor3xx",
            "p4ss3w0rd5XXXX",
            "hunter2-here",
            "hunter2xxxx",
            "hunter....",
            "meet me here",
            "UPDATE_hunter2",
            "!!!!hunter",
        ] {
            assert!(!is_mask(text), "{text}");
        }
    }
}
