//! Finds secrets with a known form, such as tokens of services.

use super::reference::is_placeholder_token;
use super::token_format;
pub(crate) use super::token_format::KnownToken;
use super::trace;

/// Whether a source text may hold a secret with a known form in a value. JSON may escape the
/// slashes of a URL there.
pub(crate) fn may_be_in(source: &str) -> bool {
    trace::words(source).any(|word| {
        let word = &source[word];
        word.contains(r":\/\/")
            || !token_format::tokens_in_word(word, is_placeholder_token).is_empty()
    })
}

/// Whether a value is only the name of a key: AWS calls the public part of an access key its ID.
pub(crate) fn is_key_id(name: &str, value: &str) -> bool {
    let is_id = value.len() == 20 && value.starts_with("AKIA");
    is_id
        && name
            .replace(['_', '-'], "")
            .to_ascii_lowercase()
            .ends_with("keyid")
}

/// The kind of the first secret in the text that has a known form.
pub(crate) fn find(text: &str) -> Option<&'static str> {
    tokens(text).next().map(|token| token.description)
}

/// The secrets of known forms in the text, in order.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = KnownToken> {
    token_format::tokens(text, is_placeholder_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_recognized_by_their_form() {
        let random = "q8tbd7Zk21mPx40LcvW9eR5yUa3sD6fGh1jKlQwXnB2vN4mC8zT7oYi0pEuSrAfHgJd";
        let hex = "3f9ac1de7b5820461f8e0c9d2ba47653e1d80f6c29b47a5e8d3c10f69be27a54";
        let upper = "Q4TBD7ZK2NMPX4JLCVW3ER5Y";
        let long = format!("{random}{random}{random}");
        for (begin, rest) in [
            ("AKIA", &upper[..16]),
            ("ghp_", &random[..36]),
            ("github_pat_", &long[..82]),
            ("glpat-", &random[..20]),
            (
                "xoxb-",
                "123456789012-123456789012-q8tbd7Zk21mPx40LcvW9eR5y",
            ),
            (
                "https://hooks.slack.com/services/",
                "T0AB1CD2E/B0AB1CD2E/q8tbd7Zk21mPx40LcvW9eR5y",
            ),
            ("sk_live_", &random[..24]),
            ("AIza", &random[..35]),
            ("GOCSPX-", &random[..28]),
            ("npm_", &random[..36]),
            ("pypi-AgEIcHlwaS5vcmc", &random[..60]),
            ("SG.", &long[..66]),
            ("SK", &hex[..32]),
            ("hf_", &random[..34]),
            ("sk-ant-api03-", &format!("{}AA", &long[..93])),
            ("dop_v1_", hex),
            ("hvs.", &long[..92]),
            ("dckr_pat_", &random[..27]),
            ("tskey-auth-", &random[..24]),
            ("AccountKey=", &format!("{}==", &long[..86])),
            (
                "eyJhbGciOiJIUzI1NiJ9",
                ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
            ),
            ("redis://:", "s3cr3t@cache:6379"),
            ("jdbc:mysql://db/app?user=a&password=", "s3cr3t-1&ssl=true"),
            ("Server=db;User Id=a;Password=", "s3cr3t;"),
            ("-----BEGIN EC PRIVATE", " KEY-----"),
        ] {
            let text = format!("{begin}{rest}");
            assert!(find(&text).is_some(), "{text}");
            assert!(find(&format!("x: \"{text}\" y")).is_some(), "{text}");
        }
        let openai = format!("sk-{}T3BlbkFJ{}", &random[..20], &random[20..40]);
        assert!(find(&openai).is_some());
    }

    #[test]
    fn public_values_and_placeholders_do_not_match_a_token_form() {
        for text in [
            concat!("AK", "IAIOSFODNN7EXAMPLE"),
            "https://user:<password>@host",
            "https://user:password@host",
            "https://example.com:8080/a@b",
            "https://example.com/?token=${TOKEN}",
            "jdbc:postgresql://db/app?user=a&password={{ .password }}",
            "Server=db;User Id=a;Password=$(PASSWORD);",
            "-----BEGIN PUBLIC KEY-----",
            "pk_live_q8tbd7Zk21mPx40LcvW9eR5y",
            "0123456789abcdef0123456789abcdef01234567",
            "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudvfm5eqfyl0hr",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
