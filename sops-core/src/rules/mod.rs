//! The selection rules, which decide which values of a document are encrypted, and their regular
//! expressions.

mod walk;

use std::fmt;

pub(crate) use walk::RuleWalk;

use sops_go_compat::Regexp;
use sops_printable::{beginning, escaped};

use crate::error::{Error, Result};
use crate::metadata::text::fault_of_rule;

/// The maximum number of characters of an invalid rule that a message shows.
const MAX_SHOWN: usize = 200;

/// The selection rule of a file, which decides which values are encrypted and which stay in
/// plaintext. A file has one.
///
/// Suffixes and expressions for keys are matched against every key on a value's path. Expressions
/// for comments are matched against the comments before the value and before the containers around
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptionRule {
    /// Encrypts all values except those under a key with this suffix.
    UnencryptedSuffix(String),
    /// Encrypts only values under a key with this suffix.
    EncryptedSuffix(String),
    /// Encrypts all values except those under a key that this expression matches.
    UnencryptedRegex(String),
    /// Encrypts only values under a key that this expression matches.
    EncryptedRegex(String),
    /// Encrypts everything except comments that this expression matches, the entries after them,
    /// and the comments in between.
    UnencryptedCommentRegex(String),
    /// Encrypts only the entries after comments that this expression matches, and the comments in
    /// between.
    EncryptedCommentRegex(String),
}

impl EncryptionRule {
    /// The names of the rules in the metadata and in `.sops.yaml`.
    pub const NAMES: [&'static str; 6] = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];

    /// The rule with this name. `None` if `name` is not a rule, or if `text` is empty, which means
    /// that the rule is not set.
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

    /// The only rule among `settings`, which are names and values; other settings are ignored.
    ///
    /// # Errors
    /// The names of the first two rules, if there is more than one.
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

    /// The rule's name in the metadata and in `.sops.yaml`.
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

    /// Whether the rule applies to comments instead of keys.
    pub(crate) fn looks_at_comments(&self) -> bool {
        matches!(
            self,
            Self::UnencryptedCommentRegex(_) | Self::EncryptedCommentRegex(_)
        )
    }

    /// Whether the rule lists what is encrypted instead of what stays in plaintext. Such a rule may
    /// miss a value by mistake.
    pub fn names_what_is_encrypted(&self) -> bool {
        matches!(
            self,
            Self::EncryptedSuffix(_) | Self::EncryptedRegex(_) | Self::EncryptedCommentRegex(_)
        )
    }

    /// Compiles the rule, so that it can be applied to single keys.
    ///
    /// # Errors
    /// [`Error::Regex`] if the expression is invalid, or if the text is not allowed in a file.
    /// `sops` treats an invalid expression as one that matches nothing.
    pub fn compile(&self) -> Result<CompiledRule> {
        if let Some(fault) = fault_of_rule(self.text()) {
            // A file with this rule could not be read again.
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

/// The rule of a file that does not specify one.
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

/// An [`EncryptionRule`] that can be applied to keys and comments. Use
/// [`key_matches`](Self::key_matches) for keys outside a document, and
/// [`unencrypted_values`](crate::unencrypted_values) for a document.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    /// Whether matching values are encrypted, or all others.
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
    /// Whether the rule matches this key. A path matches if any of its keys does. Rules for
    /// comments match no key.
    pub fn key_matches(&self, key: &str) -> bool {
        match &self.test {
            Test::KeySuffix(suffix) => key.ends_with(suffix),
            Test::Key(regex) => regex.is_match(key),
            Test::Comment(_) => false,
        }
    }

    /// Whether the rule matches this comment, without its `#`. Rules for keys match no comment.
    pub(crate) fn comment_matches(&self, comment: &str) -> bool {
        match &self.test {
            Test::Comment(regex) => regex.is_match(comment),
            Test::KeySuffix(_) | Test::Key(_) => false,
        }
    }

    /// Whether a value is encrypted, depending on whether the rule matches a key on its path or a
    /// comment before it.
    pub(crate) fn selects(&self, matches: bool) -> bool {
        matches == self.encrypts
    }

    /// Rejects an encrypted comment that the rule's expression matches. On decryption, the comment
    /// would be active, and the values after it would be taken for plaintext; `sops` rejects it
    /// too.
    ///
    /// # Errors
    /// [`Error::Regex`], which does not contain the comment.
    pub(crate) fn check_encrypted_comment(&self, ciphertext: &str) -> Result<()> {
        match &self.test {
            Test::Comment(regex) if !self.encrypts && regex.is_match(ciphertext) => Err(Error::Regex {
                pattern: regex.as_str().to_owned(),
                message: "`unencrypted_comment_regex` matches an encrypted comment (`ENC[…]`), so the file could not be decrypted; \
                          write an expression that doesn't match encrypted comments"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether the rule is matched against comments instead of keys.
    pub(crate) fn is_on_comments(&self) -> bool {
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
            let compiled = rule.compile().expect("the expression is valid");
            assert_eq!(compiled.key_matches(key), expected, "{key} under {rule}");
        }
    }

    #[test]
    fn names_and_texts_round_trip() {
        for name in EncryptionRule::NAMES {
            let rule = EncryptionRule::from_name(name, "x").expect("the name is that of a rule");
            assert_eq!((rule.name(), rule.text()), (name, "x"));
            assert_eq!(rule.looks_at_comments(), name.contains("comment"));
            assert_eq!(
                EncryptionRule::from_name(name, ""),
                None,
                "an empty string is not a rule"
            );
        }
        assert_eq!(EncryptionRule::from_name("version", "3.13.3"), None);
    }

    #[test]
    fn at_most_one_rule_may_be_set() {
        let single = [
            ("mac", "x"),
            ("encrypted_regex", ""),
            ("encrypted_suffix", "_e"),
        ];
        assert_eq!(
            EncryptionRule::only(single),
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
            let rule = EncryptionRule::from_name(name, "(").expect("the name is that of a rule");
            assert_eq!(rule.compile().is_err(), name.ends_with("regex"), "{name}");
        }
    }

    #[test]
    fn an_expression_that_matches_ciphertext_is_rejected() {
        let ciphertext = "ENC[AES256_GCM,data:a==,iv:b==,tag:c==,type:comment]";
        for (name, text, refused) in [
            ("unencrypted_comment_regex", "plain|ENC", true),
            ("unencrypted_comment_regex", "^ plain", false),
            ("encrypted_comment_regex", "plain|ENC", false),
            ("unencrypted_regex", "plain|ENC", false),
        ] {
            let rule = EncryptionRule::from_name(name, text).expect("the name is that of a rule");
            let compiled = rule.compile().expect("the expression is valid");
            assert_eq!(
                compiled.check_encrypted_comment(ciphertext).is_err(),
                refused,
                "{rule}"
            );
        }
    }
}
