//! Formats that only secrets have: those of Gitleaks, and of services that Gitleaks does not know, from what these document.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::{entropy, is_harmless};

/// The rules of Gitleaks that need no more than a value, one a line.
const GITLEAKS: &str = include_str!("gitleaks/rules.jsonl");

/// What it is, a word that it has in it in lower case, and its form. Where the form has a group, that is the secret.
const FORMATS: &[(&str, &str, &str)] = &[
    (
        "a private key in PEM",
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    ),
    (
        "a private key of age",
        "age-",
        r"AGE-(?:SECRET-KEY-(?:PQ-)?|PLUGIN-[A-Z0-9]+-)1[AC-HJ-NP-Z02-9]{20,}",
    ),
    (
        "a password in a URL",
        "://",
        r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@?#]*:([^\s/@$%{}<>(*]{3,})@[A-Za-z0-9\[]",
    ),
    (
        "a password in a URL",
        "://",
        r"(?i)://[^\s]*[?&](?:password|passwd|pwd|token|access_token|auth_token|api_?key|client_secret|sig)=([^\s&;#,]{6,})",
    ),
    (
        "a password in a connection string",
        ";",
        r"(?i)(?:^|;)\s*(?:password|pwd|shared ?access ?key)\s*=\s*([^\s;]{3,})(?:;|$)",
    ),
    (
        "an account key of Azure",
        "accountkey=",
        r"AccountKey=[A-Za-z0-9+/]{86}==",
    ),
    (
        "a token of Atlassian",
        "at",
        r"\bAT(?:ATT3|BB|CTT3)[A-Za-z0-9_=-]{28,}",
    ),
    (
        "a token of Anthropic",
        "sk-ant-",
        r"\bsk-ant-(?:oat|sid)[0-9]{2}-[A-Za-z0-9_-]{80,}",
    ),
    ("a token of crates.io", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    (
        "a webhook of Discord",
        "discord",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,}",
    ),
    (
        "a token of Docker Hub",
        "dckr_",
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
    ),
    (
        "a token of Doppler",
        "dp.",
        r"\bdp\.(?:st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}",
    ),
    (
        "a token of GitHub",
        "gh",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    ),
    (
        "a secret of a Google client",
        "gocspx-",
        r"\bGOCSPX-[A-Za-z0-9_-]{28}",
    ),
    ("a token of Google", "ya29.", r"\bya29\.[A-Za-z0-9_-]{40,}"),
    ("a key of Groq", "gsk_", r"\bgsk_[A-Za-z0-9]{52}\b"),
    ("a token of Hugging Face", "hf_", r"\bhf_[A-Za-z0-9]{34,}\b"),
    (
        "a token of Linear",
        "lin_oauth_",
        r"\blin_oauth_[A-Za-z0-9]{32,}",
    ),
    (
        "a key of Mailchimp",
        "-us",
        r"\b[0-9a-f]{32}-us[0-9]{1,2}\b",
    ),
    ("a key of Mailgun", "key-", r"\bkey-[0-9a-f]{32}\b"),
    ("a token of Netlify", "nfp_", r"\bnfp_[A-Za-z0-9]{36,}"),
    ("a key of New Relic", "nrak-", r"\bNRAK-[A-Z0-9]{27}\b"),
    ("a key of NVIDIA", "nvapi-", r"\bnvapi-[A-Za-z0-9_-]{60,}"),
    (
        "a token of PyPI",
        "pypi-",
        r"\bpypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZ)[A-Za-z0-9_-]{50,}",
    ),
    ("a token of Slack", "xox", r"\bxox[cd]-[A-Za-z0-9%/+-]{20,}"),
    (
        "a webhook secret of Stripe",
        "whsec_",
        r"\bwhsec_[A-Za-z0-9+/]{32,}",
    ),
    ("a token of Supabase", "sbp_", r"\bsbp_[a-f0-9]{40}\b"),
    (
        "a key of Tailscale",
        "tskey-",
        r"\btskey-[a-z]+-[A-Za-z0-9-]{16,}",
    ),
    (
        "a token of Telegram",
        ":aa",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    ("a token of Vault", "hv", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}"),
    ("a key of xAI", "xai-", r"\bxai-[A-Za-z0-9]{60,}"),
];

/// A line of the rules of Gitleaks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GitleaksRule {
    id: String,
    form: String,
    keywords: Vec<String>,
    /// The least that the secret has, in bits a character.
    entropy: f64,
    /// Forms of secrets that are none.
    allowed: Vec<String>,
}

/// A form, which is compiled when a text has one of its keywords.
struct Form {
    what: String,
    form: String,
    entropy: f64,
    allowed: Vec<String>,
    compiled: OnceLock<Option<Compiled>>,
}

struct Compiled {
    form: Regex,
    allowed: Vec<Regex>,
}

struct Forms {
    keywords: AhoCorasick,
    /// For each keyword the form that it is of.
    of_keyword: Vec<usize>,
    forms: Vec<Form>,
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(Forms::new);

/// The kind of secret whose form is found in the text.
pub(crate) fn find(text: &str) -> Option<&'static str> {
    let forms = FORMS.as_ref()?;
    let mut tried = vec![false; forms.forms.len()];
    forms.keywords.find_overlapping_iter(text).find_map(|mark| {
        let index = forms.of_keyword[mark.pattern().as_usize()];
        let form = &forms.forms[index];
        let is_new = !std::mem::replace(&mut tried[index], true);
        (is_new && form.is_in(text)).then_some(&*form.what)
    })
}

impl Forms {
    fn new() -> Option<Self> {
        let mut forms = Vec::new();
        let mut keywords = Vec::new();
        let mut of_keyword = Vec::new();
        for (what, keyword, form) in FORMATS {
            keywords.push((*keyword).to_owned());
            of_keyword.push(forms.len());
            forms.push(Form::new((*what).to_owned(), (*form).to_owned()));
        }
        for line in GITLEAKS.lines() {
            let rule: GitleaksRule = serde_json::from_str(line).ok()?;
            of_keyword.extend(rule.keywords.iter().map(|_| forms.len()));
            keywords.extend(rule.keywords);
            forms.push(Form {
                entropy: rule.entropy,
                allowed: rule.allowed,
                ..Form::new(format!("a secret of the form {}", rule.id), rule.form)
            });
        }
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(keywords);
        Some(Self {
            keywords: keywords.ok()?,
            of_keyword,
            forms,
        })
    }
}

impl Form {
    fn new(what: String, form: String) -> Self {
        Self {
            what,
            form,
            entropy: 0.0,
            allowed: Vec::new(),
            compiled: OnceLock::new(),
        }
    }

    fn compiled(&self) -> Option<&Compiled> {
        let compile = |form: &String| RegexBuilder::new(form).unicode(false).build();
        let compiled = self.compiled.get_or_init(|| {
            let allowed = self.allowed.iter().map(compile);
            Some(Compiled {
                form: compile(&self.form).ok()?,
                allowed: allowed.collect::<Result<_, _>>().ok()?,
            })
        });
        compiled.as_ref()
    }

    /// Whether a secret of that form, and no placeholder for one, is in the text.
    fn is_in(&self, text: &str) -> bool {
        let Some(compiled) = self.compiled() else {
            return false;
        };
        compiled.form.captures_iter(text.as_bytes()).any(|found| {
            let whole = found.get(0).map(|whole| whole.as_bytes());
            let group = found.iter().skip(1).flatten().next();
            let secret = group.map(|group| group.as_bytes()).or(whole);
            let Some(secret) = secret.and_then(|secret| str::from_utf8(secret).ok()) else {
                return false;
            };
            let is_allowed = compiled
                .allowed
                .iter()
                .any(|form| form.is_match(secret.as_bytes()));
            let is_word = matches!(secret, "password" | "pass" | "pwd");
            entropy(secret) >= self.entropy && !is_allowed && !is_word && !is_placeholder(secret)
        })
    }
}

/// Whether it stands where a secret is to be put. Long ones may have such a word by chance.
fn is_placeholder(secret: &str) -> bool {
    secret.len() < 30 && is_harmless(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_valid() {
        let forms = FORMS.as_ref().expect("the lines are rules");
        assert!(forms.forms.len() > 130, "{}", forms.forms.len());
        for form in &forms.forms {
            assert!(form.compiled().is_some(), "{}", form.form);
        }
        assert!(forms.of_keyword.len() >= forms.forms.len());
    }

    #[test]
    fn tokens_are_told_by_their_form() {
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
    fn what_is_public_or_a_placeholder_has_no_such_form() {
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
