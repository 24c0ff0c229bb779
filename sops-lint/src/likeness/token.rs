//! Formats that only secrets have, from what the services document of their tokens.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// What it is, and its form. Each begins with what marks it, so that a search is quick.
const FORMATS: &[(&str, &str)] = &[
    (
        "a private key in PEM",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    ),
    (
        "a private key of age",
        r"AGE-(?:SECRET-KEY-(?:PQ-)?|PLUGIN-[A-Z0-9]+-)1[AC-HJ-NP-Z02-9]{20,}",
    ),
    ("an access key of AWS", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    (
        "a token of GitHub",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    ),
    (
        "a token of GitLab",
        r"\bgl(?:pat|rt|dt|ft|soat|agent|cbt|ptt|imt)-[A-Za-z0-9_-]{20,}",
    ),
    (
        "a token of Slack",
        r"\bxox[abeprs]-[A-Za-z0-9-]{10,}|\bxapp-[0-9]-[A-Za-z0-9-]{20,}",
    ),
    (
        "a webhook of Slack",
        r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/+]{40,}",
    ),
    (
        "a webhook of Discord",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,}",
    ),
    (
        "a key of Stripe",
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/]{32,}",
    ),
    ("a key of Google", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a secret of a Google client", r"\bGOCSPX-[A-Za-z0-9_-]{28}"),
    ("a token of npm", r"\bnpm_[A-Za-z0-9]{36}"),
    (
        "a token of PyPI",
        r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
    ),
    ("a token of crates.io", r"\bcio[A-Za-z0-9]{32}\b"),
    (
        "a token of Docker Hub",
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
    ),
    (
        "a key of SendGrid",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    ("a key of Mailgun", r"\bkey-[0-9a-f]{32}\b"),
    ("a key of Twilio", r"\bSK[0-9a-f]{32}\b"),
    ("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{34,}"),
    (
        "a key of OpenAI",
        r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}",
    ),
    (
        "a key of Anthropic",
        r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}",
    ),
    ("a token of DigitalOcean", r"\bdo[opr]_v1_[a-f0-9]{64}"),
    ("a token of Vault", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}"),
    (
        "a token of Terraform Cloud",
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}",
    ),
    (
        "a token of Doppler",
        r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}",
    ),
    (
        "a token of Grafana",
        r"\bglsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|\bglc_[A-Za-z0-9+/]{32,}",
    ),
    ("a token of Databricks", r"\bdapi[a-f0-9]{32}\b"),
    (
        "a token of Shopify",
        r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    ),
    ("a key of Tailscale", r"\btskey-[a-z]+-[A-Za-z0-9-]{16,}"),
    (
        "a token of Telegram",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    ("a token of 1Password", r"\bops_eyJ[A-Za-z0-9_-]{200,}"),
    ("a token of Linear", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("a key of Azure Storage", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    (
        "a JSON Web Token",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    ),
    (
        "a password in a URL",
        r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@?#]*:[^\s/@$%{}<>(*]{3,}@[A-Za-z0-9\[]",
    ),
];

static SET: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(FORMATS.iter().map(|(_, form)| form)).ok());

static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"://[^\s/:@?#]*:([^\s/@]+)@").ok());

/// The kind of secret whose form is found in the text.
pub(crate) fn find(text: &str) -> Option<&'static str> {
    let index = SET.as_ref()?.matches(text).iter().next()?;
    let (what, _) = FORMATS[index];
    let is_url = what == "a password in a URL";
    (!is_url || has_real_password(text)).then_some(what)
}

/// Whether one of the URLs has a password that is no placeholder.
fn has_real_password(text: &str) -> bool {
    URL.as_ref().is_some_and(|url| {
        url.captures_iter(text).any(|found| {
            let password = found.get(1).map_or("", |password| password.as_str());
            !super::is_harmless(password) && !matches!(password, "password" | "pass" | "pwd")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_a_valid_expression() {
        assert!(SET.is_some() && URL.is_some());
    }

    #[test]
    fn tokens_are_told_by_their_form() {
        for (text, what) in [
            (
                format!("AK{}", "IAIOSFODNN7EXAMPLE"),
                Some("an access key of AWS"),
            ),
            (
                format!("gl{}", "pat-abcdefghij0123456789"),
                Some("a token of GitLab"),
            ),
            (
                "redis://:s3cr3t@cache:6379".into(),
                Some("a password in a URL"),
            ),
            ("https://user:<password>@host".into(), None),
            ("https://example.com:8080/a@b".into(), None),
            (
                "-----BEGIN EC PRIVATE KEY-----".into(),
                Some("a private key in PEM"),
            ),
            ("-----BEGIN PUBLIC KEY-----".into(), None),
        ] {
            assert_eq!(find(&text), what, "{text}");
        }
    }
}
