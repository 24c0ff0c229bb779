//! Decides for each leaf whether it is encrypted, from the comments that apply to it.

use super::CompiledRule;

/// The state of a walk through a document, told of each container, comment and value in the order of the tree.
///
/// Comments are active for the next entry of their container and for all that is in it; rules on keys need none of this and
/// are answered from the path alone. Each call costs a constant, but for the match of a comment.
#[derive(Debug)]
pub(crate) struct RuleWalk<'r> {
    rule: &'r CompiledRule,
    /// For each open container, whether an active comment of its own matches.
    open: Vec<bool>,
    /// How many of them do.
    matching: usize,
}

impl<'r> RuleWalk<'r> {
    /// A walk that has not entered a document yet. It may go through one document after the other.
    pub(crate) fn new(rule: &'r CompiledRule) -> Self {
        Self {
            rule,
            open: Vec::new(),
            matching: 0,
        }
    }

    /// Enters a document's top level, or a mapping or sequence in it.
    pub(crate) fn open(&mut self) {
        self.open.push(false);
    }

    /// Leaves it. For the container it stands in it was a value, which has been passed.
    pub(crate) fn close(&mut self) {
        if self.open.pop() == Some(true) {
            self.matching -= 1;
        }
        self.clear();
    }

    /// Passes a comment of the innermost container, without its `#` and as it stands in the text that is read, encrypted or not.
    /// `path_matches`: whether a key on the container's path matches. Tells whether the comment is encrypted.
    pub(crate) fn comment(&mut self, text: &str, path_matches: bool) -> bool {
        if !self.rule.is_on_comments() {
            return self.rule.selects(path_matches);
        }
        let earlier = self.matching > 0;
        if self.rule.comment_matches(text)
            && let Some(own @ false) = self.open.last_mut()
        {
            *own = true;
            self.matching += 1;
        }
        // A comment that asks for encryption is not encrypted by its own word; one that forbids it stays plaintext itself.
        let matches = if self.rule.encrypts {
            earlier
        } else {
            self.matching > 0
        };
        self.rule.selects(matches)
    }

    /// Passes a comment that SOPS does not see, since the library with which it reads YAML loses it: nothing follows from its
    /// words. `path_matches` and the result are those of [`comment`](Self::comment).
    pub(crate) fn lost_comment(&self, path_matches: bool) -> bool {
        self.selects(path_matches)
    }

    /// Passes a value that is no container, `null` included. `path_matches`: whether a key on its path matches. Tells whether
    /// the value is encrypted.
    pub(crate) fn value(&mut self, path_matches: bool) -> bool {
        let selected = self.selects(path_matches);
        self.clear();
        selected
    }

    /// What is to be done here, by the path or else by the comments that are active.
    fn selects(&self, path_matches: bool) -> bool {
        let matches = if self.rule.is_on_comments() {
            self.matching > 0
        } else {
            path_matches
        };
        self.rule.selects(matches)
    }

    /// An entry has been passed: the comments before it are no longer active.
    fn clear(&mut self) {
        if let Some(own @ true) = self.open.last_mut() {
            *own = false;
            self.matching -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::EncryptionRule;

    #[test]
    fn a_comment_is_active_for_the_next_value() {
        let rule = EncryptionRule::EncryptedCommentRegex("secret".to_owned());
        let rule = rule.compile().expect("a valid expression");
        let mut selection = RuleWalk::new(&rule);
        selection.open();
        // The line itself stays, and those after it do not.
        assert!(!selection.comment(" secret", false));
        assert!(selection.comment(" more about it", false));
        assert!(selection.value(false));
        assert!(!selection.value(false));
    }

    /// A document, and what `sops` 3.13.3 encrypted of it under `encrypted_comment_regex: '^ yes'`, then under
    /// `unencrypted_comment_regex: '^ yes'`: `E` encrypted, `-` left alone.
    const WALK: [(&str, &str); 46] = [
        ("{", ""),
        ("# top one", "-E"),
        ("# yes top", "--"),
        ("# after top", "E-"),
        ("a: 1", "E-"),
        ("b: 2", "-E"),
        ("# yes map", "--"),
        ("c: {", ""),
        ("d: 3", "E-"),
        ("# in c", "E-"),
        ("e: 4", "E-"),
        ("f: {", ""),
        ("- 5", "E-"),
        ("# item", "E-"),
        ("- 6", "E-"),
        ("}", ""),
        ("}", ""),
        ("# plain", "-E"),
        ("g: 7", "-E"),
        ("h: {", ""),
        ("# yes inner", "--"),
        ("i: 8", "E-"),
        ("# later", "-E"),
        ("j: 9", "-E"),
        ("}", ""),
        ("k: 10", "-E"),
        ("l: {", ""),
        ("# yes item", "--"),
        ("- 11", "E-"),
        ("# next", "-E"),
        ("- 12", "-E"),
        ("# yes nested", "--"),
        ("- {", ""),
        ("m: 13", "E-"),
        ("# deep", "E-"),
        ("n: 14", "E-"),
        ("}", ""),
        ("- 15", "-E"),
        ("}", ""),
        ("# yes empty", "--"),
        ("q: {", ""),
        ("}", ""),
        ("r: 17", "-E"),
        ("s: 18", "-E"),
        ("# yes end", "--"),
        ("}", ""),
    ];

    #[test]
    fn comments_select_what_sops_selects() {
        for (column, rule) in [
            EncryptionRule::EncryptedCommentRegex("^ yes".to_owned()),
            EncryptionRule::UnencryptedCommentRegex("^ yes".to_owned()),
        ]
        .into_iter()
        .enumerate()
        {
            let compiled = rule.compile().expect("a valid expression");
            let mut selection = RuleWalk::new(&compiled);
            // Twice, as in a stream of two documents: a document leaves nothing behind for the next.
            for (event, expected) in WALK.into_iter().chain(WALK) {
                let expected = expected.chars().nth(column).map(|mark| mark == 'E');
                let selected = if event.ends_with('{') {
                    selection.open();
                    None
                } else if event == "}" {
                    selection.close();
                    None
                } else if let Some(comment) = event.strip_prefix('#') {
                    Some(selection.comment(comment, false))
                } else {
                    Some(selection.value(false))
                };
                assert_eq!(selected, expected, "{event} under {rule}");
            }
        }
    }

    #[test]
    fn rules_on_keys_ask_the_path_alone() {
        for (rule, matching, other) in [
            (EncryptionRule::EncryptedSuffix("x".to_owned()), true, false),
            (
                EncryptionRule::UnencryptedSuffix("x".to_owned()),
                false,
                true,
            ),
            (EncryptionRule::EncryptedRegex("x".to_owned()), true, false),
            (
                EncryptionRule::UnencryptedRegex("x".to_owned()),
                false,
                true,
            ),
        ] {
            let compiled = rule.compile().expect("a valid expression");
            let mut selection = RuleWalk::new(&compiled);
            selection.open();
            for (path_matches, expected) in [(true, matching), (false, other)] {
                assert_eq!(selection.comment("x", path_matches), expected, "{rule}");
                assert_eq!(selection.lost_comment(path_matches), expected, "{rule}");
                assert_eq!(selection.value(path_matches), expected, "{rule}");
            }
        }
    }

    #[test]
    fn an_unbalanced_walk_does_not_panic() {
        let rule = EncryptionRule::EncryptedCommentRegex(String::new());
        let compiled = rule.compile().expect("a valid expression");
        let mut selection = RuleWalk::new(&compiled);
        selection.close();
        assert!(!selection.comment("x", false));
        assert!(!selection.value(false));
        selection.close();
    }
}
