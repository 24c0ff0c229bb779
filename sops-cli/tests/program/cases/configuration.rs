//! Configurations that are invalid, or that do not apply to the file.

use sops_test_support::environment::{identity, other_identity, other_recipient, recipient};

use super::{Case, Input, PLAIN, case};

/// Encrypts a file under the configuration. `GOOD` is a placeholder for a recipient, `KEY` for a
/// private key.
fn under(name: &'static str, configuration: &str) -> Case {
    let input = Input::File("x.yaml", PLAIN.into());
    let text = configuration
        .replace("GOOD", &recipient())
        .replace("KEY", &other_identity());
    case(name, input, "encrypt -i F", 1).with(".sops.yaml", text)
}

pub(crate) fn configurations() -> Vec<Case> {
    let good = recipient();
    let cut = &good[..50];
    let altered = good.replace("shs5", "shs4");
    vec![
        under("a configuration that is a list", "- age: GOOD\n"),
        under("a configuration that is a string", "age GOOD\n"),
        under("a configuration that is a number", "42\n"),
        under("an empty configuration", ""),
        under("a configuration of comments", "# age: GOOD\n"),
        under(
            "a configuration without rules",
            "stores: {yaml: {indent: 2}}\n",
        ),
        under("rules that are null", "creation_rules:\n"),
        under("rules that are a mapping", "creation_rules:\n  age: GOOD\n"),
        under("rules that are an empty mapping", "creation_rules: {}\n"),
        under("rules that are a string", "creation_rules: GOOD\n"),
        under("rules that are an empty list", "creation_rules: []\n"),
        under("a rule that is null", "creation_rules:\n  -\n"),
        under("a rule that is a string", "creation_rules:\n  - age GOOD\n"),
        under("an empty rule", "creation_rules:\n  - {}\n"),
        under(
            "a configuration with a tab",
            "creation_rules:\n\t- age: GOOD\n",
        ),
        under(
            "a configuration with an unclosed bracket",
            "creation_rules:\n  - age: [GOOD\n  - age: GOOD\n",
        ),
        under(
            "a recipient that was cut off",
            &format!("creation_rules:\n  - age: {cut}\n"),
        ),
        under(
            "a recipient with a wrong letter",
            &format!("creation_rules:\n  - age:\n      - GOOD\n      - {altered}\n"),
        ),
        under(
            "a recipient of an unknown kind",
            "creation_rules:\n  - path_regex: ^nope\n    age: GOOD\n  - age: hunter\n",
        ),
        under(
            "a wrong recipient in a comma-separated list",
            "creation_rules:\n  - age: >-\n      GOOD,\n      age1bogus,\n      GOOD\n",
        ),
        under(
            "a wrong fingerprint in a group",
            "creation_rules:\n  - key_groups:\n      - age: [GOOD]\n      - pgp: [85D7]\n",
        ),
        under(
            "a wrong recipient in an alias",
            "ann: &ann age1bogus\ncreation_rules:\n  - age:\n      - *ann\n",
        ),
        under(
            "a private key among recipients",
            "creation_rules:\n  - age: [GOOD, KEY]\n",
        ),
        under(
            "a private key in a comma-separated list",
            "creation_rules:\n  - age: GOOD,KEY\n",
        ),
        under(
            "a private key in an alias in a group",
            "ann: &ann KEY\ncreation_rules:\n  - key_groups:\n      - age:\n          - GOOD\n          - *ann\n",
        ),
        under(
            "a private key as a fingerprint",
            "creation_rules:\n  - pgp: KEY\n",
        ),
        under("a private key as a rule", "creation_rules:\n  - KEY\n"),
        under(
            "many rules, none of which matches",
            &format!(
                "creation_rules:\n{}",
                "  - path_regex: ^secrets/.*\\.yaml$\n    key_groups: [{age: [GOOD]}]\n"
                    .repeat(2)
                    .replacen("secrets", "apps", 1)
            ),
        ),
        case(
            "a file outside of the configuration's directory",
            Input::File("x.yaml", PLAIN.into()),
            "--config ../c.yaml encrypt -i F",
            1,
        )
        .with(
            "../c.yaml",
            format!(
                "creation_rules:\n  - path_regex: ^y\n    age: {}\n",
                other_recipient()
            ),
        ),
        case(
            "a configuration without rules to update from",
            Input::Encrypted,
            "updatekeys -y F",
            1,
        )
        .with(".sops.yaml", "creation_rules:\n"),
        case(
            "no rule that matches to update from",
            Input::Encrypted,
            "updatekeys -y F",
            1,
        )
        .with(
            ".sops.yaml",
            format!(
                "creation_rules:\n  - path_regex: ^y\n    age: {}\n",
                other_recipient()
            ),
        ),
        case(
            "a private key to update from",
            Input::Encrypted,
            "updatekeys -y F",
            1,
        )
        .with(
            ".sops.yaml",
            format!("creation_rules:\n  - age: [{}]\n", identity()),
        ),
        case(
            "no configuration for a new file",
            Input::Nothing,
            "edit new.yaml",
            1,
        )
        .with("$EDITOR", "true"),
    ]
}
