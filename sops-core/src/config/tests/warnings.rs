//! Warnings about valid settings that are probably mistakes.

use super::*;

#[test]
fn probable_mistakes_are_warnings() {
    let text = "creation_rules:\n  - path_regex: a\n    age: x\n  - path_regex: a\n    age: y\n  - path_regex: .*\n    age: z\n    key_groups: \
                [{age: [z]}]\n  - path_regex: b\n    age: x\n";
    let config = parse(text).expect("the text is valid");
    let warnings: Vec<_> = config.warnings().iter().map(Warning::to_string).collect();
    assert_eq!(
        warnings,
        [
            "/repo/.sops.yaml: line 4, column 5: this creation rule is never used because an earlier rule has the same `path_regex`; \
             change the expression, or remove the rule",
            "/repo/.sops.yaml: line 6, column 5: this creation rule has `key_groups`, so its master keys outside these groups are \
             ignored; move them into a group",
            "/repo/.sops.yaml: line 9, column 5: this creation rule is never used because rule 3 matches every path and the first match \
             wins; move it before that rule",
        ]
    );
}

#[test]
fn harmless_unknown_keys_are_warnings() {
    for (text, wanted) in [
        (
            "creation_rules:\n  - age: age1x\n    é: 1\n",
            "line 3, column 5: unknown key `é` in a creation rule has no effect; the known keys are: path_regex, ",
        ),
        (
            "creation_rules: [{1: 2}]",
            "line 1, column 19: unknown key `1` in a creation rule has no effect; ",
        ),
        (
            "creation_rules:\n- key_groups:\n  - age: [a]\n    kms: [{arn: b, rol: c}]\n",
            "line 4, column 20: unknown key `rol` in an AWS KMS key has no effect; did you mean `role`?",
        ),
        (
            "stores: {yaml: {ident: 2}}",
            "line 1, column 17: unknown key `ident` in the settings of the YAML store has no effect; did you mean `indent`?",
        ),
        (
            "destination_rules: [{reencryption_rule: a}]",
            "line 1, column 22: unknown key `reencryption_rule` in a destination rule has no effect; did you mean `recreation_rule`?",
        ),
        (
            "destination_rule: []",
            "line 1, column 1: unknown key `destination_rule` in the configuration has no effect; did you mean `destination_rules`?",
        ),
        (
            "x: &x {note: 1}\ncreation_rules:\n- {<<: *x, age: y}\n- {<<: [*x], age: z, path_regex: b}\n",
            "line 1, column 8: unknown key `note` in a creation rule has no effect; ",
        ),
    ] {
        let config = parse(text).expect(text);
        let of_destinations = config.destination_warnings();
        let warnings = config.warnings().iter().chain(&of_destinations);
        let warnings: Vec<_> = warnings.map(Warning::to_string).collect();
        let start = format!("/repo/.sops.yaml: {wanted}");
        assert!(warnings[0].starts_with(&start), "{warnings:#?}");
        assert_eq!(
            warnings
                .iter()
                .filter(|text| text.contains("unknown key"))
                .count(),
            1
        );
    }
    let many: String = (0..100).map(|number| format!("a{number}: 1, ")).collect();
    let config = parse(&format!("stores: {{{many}}}")).expect("the text is valid");
    assert_eq!(config.warnings().len(), 20);
}

#[test]
fn keys_of_a_creation_rule_are_a_warning_in_other_places() {
    let rules = "creation_rules: [{age: y}]";
    for (text, wanted) in [
        (
            "encrypted_regex: ^a$",
            "line 2, column 1: `encrypted_regex` has no effect at the top level; put it into an item of `creation_rules`",
        ),
        (
            "key_groups:\n- age: [x]",
            "line 2, column 1: `key_groups` has no effect at the top level; put it into an item of `creation_rules`",
        ),
        (
            "rules:\n- path_regex: a\n  age: x",
            "line 2, column 1: `rules` has no effect; did you mean `creation_rules`?",
        ),
        (
            "sops:\n  creation_rules: [{age: x}]",
            "line 2, column 1: `creation_rules` has no effect under `sops`; put it at the top level",
        ),
    ] {
        let config = parse(&format!("{rules}\n{text}\n")).expect(text);
        let warnings: Vec<_> = config.warnings().iter().map(Warning::to_string).collect();
        assert_eq!(warnings, [format!("/repo/.sops.yaml: {wanted}")]);
    }
}

#[test]
fn keys_whose_anchors_are_used_are_the_users_own() {
    for text in [
        "age: &a y\ncreation_rules: [{age: *a}]\n",
        "key_groups: &a [{age: [x]}]\ncreation_rules: [{key_groups: *a}]\n",
        "rules:\n- &a {age: x}\ncreation_rules:\n- <<: *a\n",
        "keys:\n- x\nusers: {a: {age: x}}\ncreation_rules: [{age: y}]\n",
    ] {
        let config = parse(text).expect(text);
        assert!(
            config.warnings().is_empty(),
            "{text}: {:?}",
            config.warnings()
        );
    }
}

#[test]
fn globs_are_a_warning_and_are_listed_if_no_rule_matches() {
    let config =
        parse("creation_rules: [{path_regex: vars/*.yaml, age: x}]").expect("the text is valid");
    let warning = config.warnings()[0].to_string();
    assert!(
        warning.ends_with(r"must be a regular expression; write `^vars/[^/]*\.yaml$`"),
        "{warning}"
    );
    let error = config.creation_rule_for(Path::new("vars/a.yaml"));
    let error = error.expect_err("no rule matches").to_string();
    let wanted = r"path_regex: vars/*.yaml (this is a glob, but must be a regular expression; write `^vars/[^/]*\.yaml$`)";
    assert!(error.ends_with(wanted), "{error}");
}

#[test]
fn expressions_for_other_path_spellings_are_a_warning() {
    for (pattern, is_warned) in [
        ("^/secrets/", true),
        (r"^\./secrets/", true),
        ("^./secrets/", true),
        (r"secrets\\.*\.yaml$", true),
        ("^secrets/", false),
        (r"secrets[/\\].*", false),
        ("/secrets/", false),
        ("^.*/secrets/", false),
        (r"\.yaml$", false),
    ] {
        let text = format!("creation_rules: [{{path_regex: '{pattern}', age: x}}]");
        let config = parse(&text).expect("the text is valid");
        assert_eq!(!config.warnings().is_empty(), is_warned, "{pattern}");
    }
}
