//! Decides whether each leaf is encrypted, from the comments that apply to it.

use super::CompiledRule;

/// The state of a walk through a document. It must be given each container, comment and value in
/// the order of the tree.
///
/// A comment is active for the next entry of its container and everything in that entry. Rules for
/// keys need no state, because the path alone decides.
#[derive(Debug)]
pub(crate) struct RuleWalk<'r> {
    rule: &'r CompiledRule,
    /// For each open container, whether one of its own active comments matches.
    open: Vec<bool>,
    /// The number of open containers with such a comment.
    matching: usize,
}

impl<'r> RuleWalk<'r> {
    /// Starts a walk before the first document. It may continue through several documents.
    pub(crate) fn new(rule: &'r CompiledRule) -> Self {
        Self {
            rule,
            open: Vec::new(),
            matching: 0,
        }
    }

    /// Enters the top level of a document, or a mapping or sequence.
    pub(crate) fn open(&mut self) {
        self.open.push(false);
    }

    /// Leaves the innermost container. This also passes it as a value of the container around it.
    pub(crate) fn close(&mut self) {
        if self.open.pop() == Some(true) {
            self.matching -= 1;
        }
        self.clear();
    }

    /// Passes a comment of the innermost container, without its `#` and with its text as it is in
    /// the file, encrypted or not. Returns whether the comment is encrypted; `path_matches` says
    /// whether a key on the container's path matches.
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
        // A comment that requests encryption does not apply to itself, but a comment that forbids
        // it does.
        let matches = if self.rule.encrypts {
            earlier
        } else {
            self.matching > 0
        };
        self.rule.selects(matches)
    }

    /// Passes a comment that SOPS does not see because Go's YAML library drops it, so its text has
    /// no effect. `path_matches` and the result are as in [`comment`](Self::comment).
    pub(crate) fn lost_comment(&self, path_matches: bool) -> bool {
        self.selects(path_matches)
    }

    /// Passes a scalar, including `null`. Returns whether the value is encrypted; `path_matches`
    /// says whether a key on its path matches.
    pub(crate) fn value(&mut self, path_matches: bool) -> bool {
        let selected = self.selects(path_matches);
        self.clear();
        selected
    }

    /// Whether the rule selects the current position, by its path or by the active comments.
    fn selects(&self, path_matches: bool) -> bool {
        let matches = if self.rule.is_on_comments() {
            self.matching > 0
        } else {
            path_matches
        };
        self.rule.selects(matches)
    }

    /// Deactivates the comments before the entry that was just passed.
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
        let rule = rule.compile().expect("the expression is valid");
        let mut selection = RuleWalk::new(&rule);
        selection.open();
        // The matching comment itself stays in plaintext; the comments after it do not.
        assert!(!selection.comment(" secret", false));
        assert!(selection.comment(" more about it", false));
        assert!(selection.value(false));
        assert!(!selection.value(false));
    }

    /// A document with the values that `sops` 3.13.3 encrypted, first with
    /// `encrypted_comment_regex: '^ yes'`, then with `unencrypted_comment_regex: '^ yes'`. `E`
    /// means encrypted, `-` plaintext.
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
    fn comments_select_the_same_values_as_in_sops() {
        for (column, rule) in [
            EncryptionRule::EncryptedCommentRegex("^ yes".to_owned()),
            EncryptionRule::UnencryptedCommentRegex("^ yes".to_owned()),
        ]
        .into_iter()
        .enumerate()
        {
            let compiled = rule.compile().expect("the expression is valid");
            let mut selection = RuleWalk::new(&compiled);
            // Two passes, as in a stream of two documents: the first must not affect the second.
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
    fn rules_for_keys_depend_on_the_path_alone() {
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
            let compiled = rule.compile().expect("the expression is valid");
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
        let compiled = rule.compile().expect("the expression is valid");
        let mut selection = RuleWalk::new(&compiled);
        selection.close();
        assert!(!selection.comment("x", false));
        assert!(!selection.value(false));
        selection.close();
    }
}
