//! Keys and thresholds that cannot be used.

use super::*;

#[test]
fn invalid_keys_are_reported_with_their_location() {
    const GOOD: &str = "age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w";
    let identity = include_str!("../../../../testdata/keys/x25519.txt");
    let identity = identity.lines().last().expect("a key file has lines");
    let cases = [
        (
            "creation_rules:\n- age: bogus\n",
            "2:8 creation_rules[0].age: recipient `bogus`: ",
        ),
        (
            "creation_rules:\n- age:\n  - GOOD\n  - age1bogus\n",
            "4:5 creation_rules[0].age[1]: recipient `age1bogus`: ",
        ),
        (
            "creation_rules:\n- age: GOOD,age1bogus\n",
            "2:71 creation_rules[0].age: key 2 of 2: recipient `age1bogus`: ",
        ),
        (
            "creation_rules:\n- age: >-\n    GOOD,\n    GOODx, age1\n",
            "4:5 creation_rules[0].age: key 2 of 3: recipient `GOODx`: ",
        ),
        (
            "creation_rules:\n- age: >-\n    GOOD,\n    age1\n",
            "4:5 creation_rules[0].age: key 2 of 2: recipient `age1`: ",
        ),
        (
            "creation_rules: [{path_regex: ^b, age: age1bogus}, {age: GOOD, pgp: '85D7 77'}]",
            "1:127 creation_rules[1].pgp: master key pgp 85D777: not a fingerprint",
        ),
        (
            "creation_rules: [{key_groups: [{age: [GOOD]}, {pgp: [85D7]}]}]",
            "1:112 creation_rules[0].key_groups[1].pgp[0]: master key pgp 85D7: not a fingerprint",
        ),
        (
            "creation_rules: [{key_groups: [{merge: [{age: [age1]}]}]}]",
            "1:48 creation_rules[0].key_groups[0].merge[0].age[0]: recipient `age1`: ",
        ),
        (
            "x: &x age1bogus\ncreation_rules:\n- age: [GOOD, *x]\n",
            "1:7 creation_rules[0].age[1]: recipient `age1bogus`: ",
        ),
        (
            "x: &x {age: [GOOD, age1bogus]}\ncreation_rules:\n- <<: *x\n",
            "1:78 creation_rules[0].<<.age[1]: recipient `age1bogus`: ",
        ),
        (
            "creation_rules:\n- age: [GOOD, IDENTITY]\n",
            "2:73 creation_rules[0].age[1]: this is a private key, not a recipient; replace it with its public key",
        ),
        (
            "creation_rules:\n- pgp: 'IDENTITY'\n",
            "2:8 creation_rules[0].pgp: this is a private key, not a recipient; ",
        ),
        (
            "creation_rules:\n- encrypted_regex: x\n",
            "2:3 creation_rules[0]: the rule has no keys; add one",
        ),
        (
            "creation_rules:\n- key_groups: [{age: [GOOD]}, {}]\n",
            "2:3 creation_rules[0]: key_groups[1] has no keys; ",
        ),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let filled = |text: &str| text.replace("GOOD", GOOD).replace("IDENTITY", identity);
        let config = parse(&filled(text)).expect(text);
        let rule = config
            .creation_rule_for(Path::new("a.yaml"))
            .expect("the text matches")
            .expect("the configuration has rules");
        let Err(Error::Config {
            location: Some(at),
            message,
            ..
        }) = config.check_keys(rule)
        else {
            panic!("{text}: {:?}", config.check_keys(rule));
        };
        let complaint = format!("{}:{} {message}", at.line, at.column);
        if !complaint.starts_with(&filled(expected)) || message.contains(&identity[20..40]) {
            wrong.push((text, expected, complaint));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_threshold_that_does_not_fit_several_groups_is_reported_with_its_location() {
    for (threshold, is_valid) in [(1, false), (2, true), (3, false)] {
        let text = format!(
            "creation_rules:\n- shamir_threshold: {threshold}\n  key_groups:\n  - age: [x]\n  - age: [y]\n- {{age: z, shamir_threshold: {threshold}}}\n"
        );
        let config = parse(&text).expect("the text is valid");
        let rules = config.creation_rules().unwrap_or_default();
        match config.check_threshold(&rules[0]) {
            Ok(()) => assert!(is_valid, "{threshold}"),
            Err(Error::Config {
                location: Some(at),
                message,
                ..
            }) => {
                assert!(!is_valid, "{threshold}");
                assert_eq!((at.line, at.column), (2, 21));
                assert!(
                    message.starts_with("creation_rules[0].shamir_threshold: "),
                    "{message}"
                );
            }
            other => panic!("{other:?}"),
        }
        assert!(config.check_threshold(&rules[1]).is_ok());
    }
}
