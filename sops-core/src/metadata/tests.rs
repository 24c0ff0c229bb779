use serde_json::json;

use super::*;

/// The metadata of a file for one age key.
fn valid() -> Map<String, Json> {
    let tree = json!({
        "age": [{"enc": "x", "recipient": "age1x"}],
        "lastmodified": "2026-01-01T00:00:00Z",
        "mac": "ENC[]",
        "version": "3.13.3",
    });
    tree.as_object().expect("the value is an object").clone()
}

#[track_caller]
fn refused(tree: &Map<String, Json>) -> String {
    let error = Metadata::from_tree(tree).expect_err("the metadata is invalid");
    assert!(matches!(error, Error::Metadata { .. }), "{error}");
    error.to_string()
}

#[test]
fn texts_that_could_control_a_terminal_are_rejected_with_their_path() {
    Metadata::from_tree(&valid()).expect("the text is valid");
    let bad = "a\u{1b}[2K\nb";
    for (key, value, part) in [
        ("version", json!(bad), "`version`"),
        (
            "version",
            json!(format!("3.13.3-{}", "a".repeat(5_000))),
            "`version`",
        ),
        ("lastmodified", json!(bad), "`lastmodified`"),
        ("mac", json!(bad), "`mac`"),
        ("encrypted_regex", json!("a\u{1b}"), "`encrypted_regex`"),
        ("encrypted_suffix", json!("a\u{202e}"), "`encrypted_suffix`"),
        (
            "age",
            json!([{"enc": "x"}, {"enc": "x", "recipient": bad}]),
            "`age[1].recipient`",
        ),
        (
            "kms",
            json!([{"arn": "a", "context": {bad: "v"}, "created_at": "2026-01-01T00:00:00Z"}]),
            "`kms[0].context`",
        ),
        (
            "key_groups",
            json!([{"pgp": [{"fp": bad, "created_at": "2026-01-01T00:00:00Z"}]}]),
            "`key_groups[0].pgp[0].fp`",
        ),
    ] {
        let mut tree = valid();
        if key == "key_groups" {
            // If keys are listed directly, SOPS ignores groups.
            tree.shift_remove("age");
        }
        tree.insert(key.into(), value);
        let message = refused(&tree);
        assert!(message.contains(part), "{message}");
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn metadata_that_sops_writes_is_accepted() {
    let long = "A".repeat(2_800);
    for (key, value) in [
        // Block scalars of YAML end with a line break.
        ("encrypted_regex", json!("^(data|stringData)$\n")),
        (
            "age",
            json!([{"enc": "x\ny\n", "recipient": format!("ssh-rsa {long} ann@example.com")}]),
        ),
        (
            "age",
            json!([{"enc": "x", "recipient": format!("age1pq1{long}")}]),
        ),
        ("mac", json!("ENC[AES256_GCM,data:a\r\nb]")),
        ("a key of tomorrow", json!("\u{1b}")),
    ] {
        let mut tree = valid();
        tree.insert(key.into(), value);
        Metadata::from_tree(&tree).expect(key);
    }
}

#[test]
fn keys_and_groups_are_bounded() {
    let keys = |count: usize| json!(vec![json!({"enc": "x", "recipient": "age1x"}); count]);
    let groups = |count: usize, size: usize| json!(vec![json!({"age": keys(size)}); count]);
    for (key, value, fault) in [
        ("age", keys(10_000), None),
        ("age", keys(10_001), Some("more than 10,000 master keys")),
        ("key_groups", groups(255, 1), None),
        ("key_groups", groups(256, 1), Some("more than 255 groups")),
        (
            "key_groups",
            groups(11, 1_000),
            Some("more than 10,000 master keys"),
        ),
    ] {
        let mut tree = valid();
        tree.shift_remove("age");
        tree.insert(key.into(), value);
        match fault {
            Some(fault) => assert!(refused(&tree).contains(fault), "{fault}"),
            None => drop(Metadata::from_tree(&tree).expect("the index is in bounds")),
        }
    }
    let context: Map<_, _> = (0..1_001)
        .map(|number| (number.to_string(), json!("v")))
        .collect();
    let mut tree = valid();
    let key = json!([{"arn": "a", "context": context, "created_at": "2026-01-01T00:00:00Z"}]);
    tree.insert("kms".into(), key);
    assert!(refused(&tree).contains("`kms[0].context` has more than 1,000 entries"));
}

/// Measured with `sops decrypt` 3.13.3.
#[test]
fn fields_are_read_as_sops_reads_them() {
    for (key, value, is_accepted) in [
        ("version", json!("1.13"), true),
        ("version", json!("1.x"), true),
        ("version", json!(1.13), true),
        ("version", json!("v3.3.0"), true),
        ("version", json!("3.3"), false),
        ("version", json!(""), false),
        ("version", json!("3.1.1 "), false),
        ("lastmodified", json!("2026-01-01T00:00:00.5Z"), true),
        ("lastmodified", json!("2026-01-01T00:00:00+01:00"), true),
        ("lastmodified", json!("2026-01-01 00:00:00Z"), false),
        ("lastmodified", json!(""), false),
        (
            "key_groups",
            json!([{"pgp": [{"fp": "x", "enc": "y"}]}]),
            true,
        ),
        ("shamir_threshold", json!("x"), false),
        ("mac_only_encrypted", json!("no"), false),
    ] {
        let mut tree = valid();
        tree.insert(key.into(), value.clone());
        let is_read = Metadata::from_tree(&tree).is_ok();
        assert_eq!(is_read, is_accepted, "{key}: {value}");
    }
}

/// Measured with `sops decrypt` 3.13.3, by whether two of three groups are enough.
#[test]
fn thresholds_of_other_types_are_integers() {
    for (value, expected) in [
        (json!(1.5), Some(1)),
        (json!(true), Some(1)),
        (json!("0x2"), Some(2)),
        (json!("010"), Some(8)),
        (json!("1_0"), Some(10)),
        (json!("+1"), Some(1)),
        (json!(-1), None),
        (json!(""), None),
    ] {
        let mut tree = valid();
        tree.insert("shamir_threshold".into(), value.clone());
        let metadata = Metadata::from_tree(&tree).expect("the value is an integer");
        assert_eq!(metadata.shamir_threshold, expected, "{value}");
    }
}

#[test]
fn the_mac_is_bound_to_the_time_as_sops_writes_it() {
    let mut tree = valid();
    let written = "2026-01-01T00:00:00,25+00:00";
    tree.insert("lastmodified".into(), json!(written));
    let metadata = Metadata::from_tree(&tree).expect("the value is a time");
    assert_eq!(metadata.last_modified, "2026-01-01T00:00:00Z");
}
