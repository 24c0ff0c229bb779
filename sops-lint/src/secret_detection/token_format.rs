//! Forms that only secrets have: those of Gitleaks, and those that other services document.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::entropy::entropy;
use super::trace;

/// The Gitleaks rules that need only a value, one per line.
const GITLEAKS: &str = include_str!("gitleaks/rules.jsonl");

/// The description of a private key's header, which may have no key after it.
pub(crate) const PEM_PRIVATE_KEY: &str = "a PEM private key";
const AGE_PRIVATE_KEY: &str = "an age private key";
/// The description of a password in a URL.
pub(crate) const PASSWORD_IN_URL: &str = "a password in a URL";

/// Whether this describes a private key, which the rule on private keys reports.
pub(crate) fn is_private_key(description: &str) -> bool {
    [PEM_PRIVATE_KEY, AGE_PRIVATE_KEY].contains(&description)
}

/// The description, a word in lower case that the text must contain, and the form. If the form has
/// a group, the group is the secret.
const FORMATS: &[(&str, &str, &str)] = &[
    (
        PEM_PRIVATE_KEY,
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    ),
    (
        AGE_PRIVATE_KEY,
        "age-",
        r"AGE-(?:SECRET-KEY-(?:PQ-)?|PLUGIN-[A-Z0-9]+-)1[AC-HJ-NP-Z02-9]{20,}",
    ),
    (
        PASSWORD_IN_URL,
        "://",
        r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@?#]*:((?:[^\s/@$%{}<>(*]|%[0-9A-Fa-f]{2}){3,})@[A-Za-z0-9\[]",
    ),
    (
        PASSWORD_IN_URL,
        "://",
        r"(?i)://[^\s]*[?&](?:password|passwd|pwd|token|access_token|auth_token|api_?key|client_secret|sig)=([^\s&;#,]{6,})",
    ),
    (
        "a password in a connection string",
        ";",
        r"(?i)(?:^|;)\s*(?:password|pwd|shared ?access ?key)\s*=\s*([^\s;]{3,})(?:;|$)",
    ),
    (
        "an Azure account key",
        "accountkey=",
        r"AccountKey=[A-Za-z0-9+/]{86}==",
    ),
    (
        "an Atlassian token",
        "at",
        r"\bAT(?:ATT3|BB|CTT3)[A-Za-z0-9_=-]{28,}",
    ),
    (
        "an Anthropic token",
        "sk-ant-",
        r"\bsk-ant-(?:oat|sid)[0-9]{2}-[A-Za-z0-9_-]{80,}",
    ),
    ("a crates.io token", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    (
        "a Discord webhook",
        "discord",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,}",
    ),
    (
        "a Docker Hub token",
        "dckr_",
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
    ),
    (
        "a Doppler token",
        "dp.",
        r"\bdp\.(?:st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}",
    ),
    (
        "a GitHub token",
        "gh",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    ),
    (
        "a Google client secret",
        "gocspx-",
        r"\bGOCSPX-[A-Za-z0-9_-]{28}",
    ),
    ("a Google token", "ya29.", r"\bya29\.[A-Za-z0-9_-]{40,}"),
    ("a Groq key", "gsk_", r"\bgsk_[A-Za-z0-9]{52}\b"),
    ("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{34,}\b"),
    (
        "a Linear token",
        "lin_oauth_",
        r"\blin_oauth_[A-Za-z0-9]{32,}",
    ),
    ("a Mailchimp key", "-us", r"\b[0-9a-f]{32}-us[0-9]{1,2}\b"),
    ("a Mailgun key", "key-", r"\bkey-[0-9a-f]{32}\b"),
    ("a Netlify token", "nfp_", r"\bnfp_[A-Za-z0-9]{36,}"),
    ("a New Relic key", "nrak-", r"\bNRAK-[A-Z0-9]{27}\b"),
    ("an NVIDIA key", "nvapi-", r"\bnvapi-[A-Za-z0-9_-]{60,}"),
    (
        "a PyPI token",
        "pypi-",
        r"\bpypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZ)[A-Za-z0-9_-]{50,}",
    ),
    ("a Slack token", "xox", r"\bxox[cd]-[A-Za-z0-9%/+-]{20,}"),
    (
        "a Stripe webhook secret",
        "whsec_",
        r"\bwhsec_[A-Za-z0-9+/]{32,}",
    ),
    ("a Supabase token", "sbp_", r"\bsbp_[a-f0-9]{40}\b"),
    (
        "a Tailscale key",
        "tskey-",
        r"\btskey-[a-z]+-[A-Za-z0-9-]{16,}",
    ),
    (
        "a Telegram token",
        ":aa",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    ("a Vault token", "hv", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}"),
    ("an xAI key", "xai-", r"\bxai-[A-Za-z0-9]{60,}"),
];

/// A line of the rules of Gitleaks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GitleaksRule {
    id: String,
    form: String,
    keywords: Vec<String>,
    /// The minimum entropy of the secret in bits per character.
    entropy: f64,
    /// Well-known examples that have the form of a secret.
    allowed: Vec<String>,
}

/// A form, which is compiled when the text has one of its keywords.
struct TokenForm {
    description: String,
    form: String,
    entropy: f64,
    allowed: Vec<String>,
    compiled: OnceLock<CompiledForm>,
}

struct CompiledForm {
    form: Regex,
    allowed: Vec<Regex>,
}

struct TokenForms {
    keywords: AhoCorasick,
    /// The index of the form for each keyword.
    of_keyword: Vec<usize>,
    forms: Vec<TokenForm>,
}

static FORMS: LazyLock<TokenForms> = LazyLock::new(TokenForms::new);

/// A secret that is known by its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownToken {
    /// The description of the secret.
    pub(crate) description: &'static str,
    /// The range of the secret in the text, without the rest of its form.
    pub(crate) range: Range<usize>,
}

/// The secrets of known forms in `text`, in order. `is_placeholder` says which strings of such a
/// form are not secrets.
pub(super) fn tokens(
    text: &str,
    is_placeholder: fn(&str) -> bool,
) -> impl Iterator<Item = KnownToken> {
    trace::words(text).flat_map(move |word| {
        let tokens = tokens_in_word(&text[word.clone()], is_placeholder);
        tokens.into_iter().map(move |token| KnownToken {
            range: word.start + token.range.start..word.start + token.range.end,
            ..token
        })
    })
}

/// The secrets in `word`, one of the [words](trace::words) of the text.
pub(super) fn tokens_in_word(word: &str, is_placeholder: fn(&str) -> bool) -> Vec<KnownToken> {
    FORMS.tokens(word, is_placeholder)
}

impl TokenForms {
    /// The secrets in one word. If several overlap, only the one whose keyword comes first is
    /// returned.
    fn tokens(&'static self, word: &str, is_placeholder: fn(&str) -> bool) -> Vec<KnownToken> {
        let mut tried = vec![false; self.forms.len()];
        let mut tokens: Vec<KnownToken> = Vec::new();
        for mark in self.keywords.find_overlapping_iter(word) {
            let index = self.of_keyword[mark.pattern().as_usize()];
            if std::mem::replace(&mut tried[index], true) {
                continue;
            }
            let form = &self.forms[index];
            for range in form.ranges(word, is_placeholder) {
                let overlaps = |token: &KnownToken| {
                    token.range.start < range.end && range.start < token.range.end
                };
                if !tokens.iter().any(overlaps) {
                    tokens.push(KnownToken {
                        description: &form.description,
                        range,
                    });
                }
            }
        }
        tokens.sort_by_key(|token| token.range.start);
        tokens
    }

    fn new() -> Self {
        let mut forms = Vec::new();
        let mut keywords = Vec::new();
        let mut of_keyword = Vec::new();
        for (description, keyword, form) in FORMATS {
            keywords.push((*keyword).to_owned());
            of_keyword.push(forms.len());
            forms.push(TokenForm::new(
                (*description).to_owned(),
                (*form).to_owned(),
            ));
        }
        for line in GITLEAKS.lines() {
            let rule: GitleaksRule = serde_json::from_str(line).expect("each line is a rule");
            of_keyword.extend(rule.keywords.iter().map(|_| forms.len()));
            keywords.extend(rule.keywords);
            forms.push(TokenForm {
                entropy: rule.entropy,
                allowed: rule.allowed,
                ..TokenForm::new(format!("a secret of the form {}", rule.id), rule.form)
            });
        }
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(keywords);
        Self {
            keywords: keywords.expect("the words are few enough for one search"),
            of_keyword,
            forms,
        }
    }
}

impl TokenForm {
    fn new(description: String, form: String) -> Self {
        Self {
            description,
            form,
            entropy: 0.0,
            allowed: Vec::new(),
            compiled: OnceLock::new(),
        }
    }

    fn compiled(&self) -> &CompiledForm {
        let compile = |form: &String| {
            let regex = RegexBuilder::new(form).unicode(false).build();
            regex.expect("a test compiles every form")
        };
        self.compiled.get_or_init(|| CompiledForm {
            form: compile(&self.form),
            allowed: self.allowed.iter().map(compile).collect(),
        })
    }

    /// The ranges of secrets with this form, except placeholders.
    fn ranges(&self, text: &str, is_placeholder: fn(&str) -> bool) -> Vec<Range<usize>> {
        let compiled = self.compiled();
        let matches = compiled.form.captures_iter(text.as_bytes());
        let ranges = matches.filter_map(|captures| {
            let group = captures.iter().skip(1).flatten().next();
            let range = group.or(captures.get(0))?.range();
            let secret = text.get(range.clone())?;
            let is_allowed = compiled
                .allowed
                .iter()
                .any(|form| form.is_match(secret.as_bytes()));
            let is_secret = entropy(secret) >= self.entropy
                && !is_allowed
                && !is_word(secret)
                && !is_public_jwt(secret)
                && !is_placeholder(secret);
            is_secret.then_some(range)
        });
        ranges.collect()
    }
}

/// Whether the text is a word such as `password`, as in example URLs.
fn is_word(secret: &str) -> bool {
    let is_constant =
        |text: &str| text.contains('_') && text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let lower = secret.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "pass",
        "pwd",
        "pw",
        "token",
        "mypassword",
        "bar",
        "key",
    ]
    .contains(&&*lower)
        || is_constant(secret)
}

/// Whether the token is a well-known example of the format, or one that a service gives to
/// everyone.
fn is_public_jwt(secret: &str) -> bool {
    if !secret.starts_with("ey") {
        return false;
    }
    let payload = secret.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('='));
    let payload = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
    [r#""John Doe""#, r#""role":"anon""#]
        .iter()
        .any(|mark| payload.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_valid() {
        let forms = &*FORMS;
        assert!(forms.forms.len() > 130, "{}", forms.forms.len());
        for form in &forms.forms {
            form.compiled();
        }
        assert!(forms.of_keyword.len() >= forms.forms.len());
    }
}
