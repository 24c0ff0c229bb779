//! Which values of a document are encrypted: the rules, and the regular expressions that they are written in.

mod walk;

use std::fmt;

pub(crate) use walk::RuleWalk;

use sops_go_compat::Regexp;
use sops_printable::{beginning, escaped};

use crate::error::{Error, Result};
use crate::metadata::text::fault_of_rule;

/// How many characters of an invalid text a message shows.
const MAX_SHOWN: usize = 200;

/// The rule that tells a document's encrypted values from those that stay in plaintext. A file has one.
///
/// Suffixes and expressions are tested against every key on a value's path, those of comments against the comments before the
/// value and before the containers it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptionRule {
    /// Everything but what stands under a key that ends so.
    UnencryptedSuffix(String),
    /// Only what stands under a key that ends so.
    EncryptedSuffix(String),
    /// Everything but what stands under a key in which this matches.
    UnencryptedRegex(String),
    /// Only what stands under a key in which this matches.
    EncryptedRegex(String),
    /// Everything but what a comment precedes in which this matches, comments included.
    UnencryptedCommentRegex(String),
    /// Only what a comment precedes in which this matches, later comments included.
    EncryptedCommentRegex(String),
}

impl EncryptionRule {
    /// The names of the rules in metadata and in `.sops.yaml`.
    pub const NAMES: [&'static str; 6] = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];

    /// The rule of that name. `None` where `name` is no rule's, and where `text` is empty, which stands for a rule that is not set.
    pub fn from_name(name: &str, text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let rule = match name {
            "unencrypted_suffix" => Self::UnencryptedSuffix,
            "encrypted_suffix" => Self::EncryptedSuffix,
            "unencrypted_regex" => Self::UnencryptedRegex,
            "encrypted_regex" => Self::EncryptedRegex,
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex,
            "encrypted_comment_regex" => Self::EncryptedCommentRegex,
            _ => return None,
        };
        Some(rule(text.to_owned()))
    }

    /// The only rule that is set among `settings`, names and texts; keys that are no rule's are passed over.
    ///
    /// # Errors
    /// The names of the first two rules, where more than one is set.
    pub(crate) fn only<'s>(
        settings: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> std::result::Result<Option<Self>, (&'static str, &'static str)> {
        let mut only: Option<Self> = None;
        for (name, text) in settings {
            match (&only, Self::from_name(name, text)) {
                (Some(first), Some(second)) => return Err((first.name(), second.name())),
                (None, Some(rule)) => only = Some(rule),
                (_, None) => {}
            }
        }
        Ok(only)
    }

    /// The rule's name in metadata and in `.sops.yaml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnencryptedSuffix(_) => "unencrypted_suffix",
            Self::EncryptedSuffix(_) => "encrypted_suffix",
            Self::UnencryptedRegex(_) => "unencrypted_regex",
            Self::EncryptedRegex(_) => "encrypted_regex",
            Self::UnencryptedCommentRegex(_) => "unencrypted_comment_regex",
            Self::EncryptedCommentRegex(_) => "encrypted_comment_regex",
        }
    }

    /// The suffix or the expression.
    pub fn text(&self) -> &str {
        match self {
            Self::UnencryptedSuffix(text)
            | Self::EncryptedSuffix(text)
            | Self::UnencryptedRegex(text)
            | Self::EncryptedRegex(text)
            | Self::UnencryptedCommentRegex(text)
            | Self::EncryptedCommentRegex(text) => text,
        }
    }

    /// Whether the rule looks at comments instead of keys.
    pub(crate) fn looks_at_comments(&self) -> bool {
        matches!(
            self,
            Self::UnencryptedCommentRegex(_) | Self::EncryptedCommentRegex(_)
        )
    }

    /// Whether the rule names what is encrypted, and not what stays in plaintext: what it misses then may have been forgotten.
    pub fn names_what_is_encrypted(&self) -> bool {
        matches!(
            self,
            Self::EncryptedSuffix(_) | Self::EncryptedRegex(_) | Self::EncryptedCommentRegex(_)
        )
    }

    /// The rule in a form that answers for single keys.
    ///
    /// # Errors
    /// [`Error::Regex`], where the expression is not valid, or the text is one that no file may have. `sops` goes on with one that matches nothing.
    pub fn compile(&self) -> Result<CompiledRule> {
        if let Some(fault) = fault_of_rule(self.text()) {
            // A file with such a rule could not be read again.
            return Err(Error::Regex {
                pattern: escaped(&beginning(self.text(), MAX_SHOWN)).into_owned(),
                message: fault.to_owned(),
            });
        }
        Ok(CompiledRule {
            encrypts: matches!(
                self,
                Self::EncryptedSuffix(_) | Self::EncryptedRegex(_) | Self::EncryptedCommentRegex(_)
            ),
            test: match self {
                Self::UnencryptedSuffix(suffix) | Self::EncryptedSuffix(suffix) => {
                    Test::KeySuffix(suffix.clone())
                }
                Self::UnencryptedRegex(pattern) | Self::EncryptedRegex(pattern) => {
                    Test::Key(Regexp::new(pattern).map_err(Error::regex)?)
                }
                Self::UnencryptedCommentRegex(pattern) | Self::EncryptedCommentRegex(pattern) => {
                    Test::Comment(Regexp::new(pattern).map_err(Error::regex)?)
                }
            },
        })
    }
}

/// The rule of a file for which none is given.
impl Default for EncryptionRule {
    fn default() -> Self {
        Self::UnencryptedSuffix("_unencrypted".to_owned())
    }
}

impl fmt::Display for EncryptionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.text())
    }
}

/// An [`EncryptionRule`] that answers for keys and comments. With [`key_matches`](Self::key_matches), programs ask about keys that are in no
/// document; [`unencrypted_values`](crate::unencrypted_values) answers for a document.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    /// Whether what matches is encrypted, or what does not.
    encrypts: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    KeySuffix(String),
    Key(Regexp),
    Comment(Regexp),
}

impl CompiledRule {
    /// Whether the rule matches this key of a path; a path matches if any of its keys does. Rules on comments match no key.
    pub fn key_matches(&self, key: &str) -> bool {
        match &self.test {
            Test::KeySuffix(suffix) => key.ends_with(suffix),
            Test::Key(regex) => regex.is_match(key),
            Test::Comment(_) => false,
        }
    }

    /// Whether the rule matches this comment, without its `#`. Rules on keys match no comment.
    pub(crate) fn comment_matches(&self, comment: &str) -> bool {
        match &self.test {
            Test::Comment(regex) => regex.is_match(comment),
            Test::KeySuffix(_) | Test::Key(_) => false,
        }
    }

    /// Whether a value is encrypted whose path has a key that matches, or that stands behind a comment that does.
    pub(crate) fn selects(&self, matches: bool) -> bool {
        matches == self.encrypts
    }

    /// Refuses an encrypted comment in which the rule's expression matches: it would be active when the file is decrypted, and what
    /// follows would be taken for plaintext. `sops` refuses it too.
    ///
    /// # Errors
    /// [`Error::Regex`], which does not hold the comment.
    pub(crate) fn check_encrypted_comment(&self, ciphertext: &str) -> Result<()> {
        match &self.test {
            Test::Comment(regex) if !self.encrypts && regex.is_match(ciphertext) => Err(Error::Regex {
                pattern: regex.as_str().to_owned(),
                message: "`unencrypted_comment_regex` matches an encrypted comment (`ENC[…]`), so the file could not be decrypted; \
                          write an expression that matches no such text"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn is_on_comments(&self) -> bool {
        matches!(self.test, Test::Comment(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_by_suffix_or_anywhere() {
        let suffix = "_unencrypted".to_owned();
        let regex = "^(data|stringData)$".to_owned();
        let cases = [
            (EncryptionRule::default(), "a_unencrypted", true),
            (EncryptionRule::default(), "_unencrypted", true),
            (EncryptionRule::default(), "a_unencrypted_b", false),
            (
                EncryptionRule::EncryptedSuffix(suffix),
                "unencrypted",
                false,
            ),
            (EncryptionRule::EncryptedRegex(regex.clone()), "data", true),
            (
                EncryptionRule::UnencryptedRegex(regex.clone()),
                "stringData",
                true,
            ),
            (EncryptionRule::EncryptedRegex(regex), "metadata", false),
            (
                EncryptionRule::EncryptedRegex("word".to_owned()),
                "passwords",
                true,
            ),
            (
                EncryptionRule::EncryptedCommentRegex("a".to_owned()),
                "a",
                false,
            ),
        ];
        for (rule, key, expected) in cases {
            let compiled = rule.compile().expect("a valid expression");
            assert_eq!(compiled.key_matches(key), expected, "{key} under {rule}");
        }
    }

    #[test]
    fn names_and_texts_come_back() {
        for name in EncryptionRule::NAMES {
            let rule = EncryptionRule::from_name(name, "x").expect("a rule's name");
            assert_eq!((rule.name(), rule.text()), (name, "x"));
            assert_eq!(rule.looks_at_comments(), name.contains("comment"));
            assert_eq!(
                EncryptionRule::from_name(name, ""),
                None,
                "an empty text is no rule"
            );
        }
        assert_eq!(EncryptionRule::from_name("version", "3.13.3"), None);
    }

    #[test]
    fn one_rule_at_most() {
        let one = [
            ("mac", "x"),
            ("encrypted_regex", ""),
            ("encrypted_suffix", "_e"),
        ];
        assert_eq!(
            EncryptionRule::only(one),
            Ok(Some(EncryptionRule::EncryptedSuffix("_e".to_owned())))
        );
        assert_eq!(EncryptionRule::only([("mac", "x")]), Ok(None));
        let two = [("unencrypted_regex", "a"), ("encrypted_suffix", "b")];
        assert_eq!(
            EncryptionRule::only(two),
            Err(("unencrypted_regex", "encrypted_suffix"))
        );
    }

    #[test]
    fn an_invalid_expression_is_an_error() {
        for name in EncryptionRule::NAMES {
            let rule = EncryptionRule::from_name(name, "(").expect("a rule's name");
            assert_eq!(rule.compile().is_err(), name.ends_with("regex"), "{name}");
        }
    }

    #[test]
    fn an_expression_that_matches_ciphertext_is_refused() {
        let ciphertext = "ENC[AES256_GCM,data:a==,iv:b==,tag:c==,type:comment]";
        for (name, text, refused) in [
            ("unencrypted_comment_regex", "plain|ENC", true),
            ("unencrypted_comment_regex", "^ plain", false),
            ("encrypted_comment_regex", "plain|ENC", false),
            ("unencrypted_regex", "plain|ENC", false),
        ] {
            let rule = EncryptionRule::from_name(name, text).expect("a rule's name");
            let compiled = rule.compile().expect("a valid expression");
            assert_eq!(
                compiled.check_encrypted_comment(ciphertext).is_err(),
                refused,
                "{rule}"
            );
        }
    }
}
