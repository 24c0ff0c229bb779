//! A branch is untrusted: the effects that it must not have on a merge.

use std::time::SystemTime;

use sops_core::keys::Identities;
use sops_core::merge::{
    Approval, Choices, ConfiguredKeys, Markers, MergeProblem, OpenMerge, SideName, Version,
    Versions, merge,
};
use sops_core::rules::EncryptionRule;
use sops_core::{Error, Format};

use crate::support::{Person, Repository};

fn regex(text: &str) -> EncryptionRule {
    EncryptionRule::EncryptedRegex(text.into())
}

#[test]
fn a_branch_that_narrows_the_rule_does_not_expose_values() {
    let repository = Repository::new(Format::Yaml);
    let keys = [&repository.ann.key];
    let base = repository.encrypt_for("password: 1\nuser: 1\n", &keys, |settings| {
        settings.with_rule(regex("^(password|token|user)$"))
    });
    let ours = repository.edit(&base, "password: 1\nuser: 1\ntoken: secret\n");
    let theirs = repository.with_rule(&base, regex("^user$"));
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let outcome = repository.merge(Some(&base), ours, theirs);
        let exposed = ["password", "token"].map(|path| MergeProblem::Exposed(path.to_owned()));
        assert_eq!(outcome.problems, exposed);
        let text = String::from_utf8(outcome.text).expect("the file is text");
        assert!(
            !text.contains("secret") && text.contains("<<<<<<<"),
            "{text}"
        );
    }
    // The same applies to comments.
    let base = repository.encrypt_for("user: 1\na: 2\n", &keys, |settings| {
        settings.with_rule(regex("^(user|a)$"))
    });
    let ours = repository.edit(&base, "user: 1\na: 3\n");
    let theirs = repository.with_rule(&base, regex("^a$"));
    let outcome = repository.merge(Some(&base), &ours, &theirs);
    assert_eq!(outcome.problems, [MergeProblem::Exposed("user".to_owned())]);
}

#[test]
fn a_wider_rule_encrypts_the_values_of_both_sides() {
    let repository = Repository::new(Format::Yaml);
    let keys = [&repository.ann.key];
    let base = repository.encrypt_for("password: 1\nuser: 1\n", &keys, |settings| {
        settings.with_rule(regex("^password$"))
    });
    let ours = repository.edit(&base, "password: 1\nuser: 1\nuser2: visible\n");
    let theirs = repository.with_rule(&base, regex("^(password|user.*)$"));
    let outcome = repository.merge(Some(&base), &ours, &theirs);
    assert_eq!(outcome.problems, []);
    let text = String::from_utf8(outcome.text).expect("the file is text");
    assert!(!text.contains("visible"), "{text}");
    assert_eq!(
        repository.decrypt(&text),
        "password: 1\nuser: 1\nuser2: visible\n"
    );
}

#[test]
fn two_different_rules_conflict_until_one_is_chosen() {
    let repository = Repository::new(Format::Yaml);
    let base = repository.encrypt("a: 1\nb: 1\n");
    let ours = repository.with_rule(&base, regex("^(a|b)$"));
    let theirs = repository.with_rule(&base, regex("^a$"));
    let outcome = repository.merge(Some(&base), &ours, &theirs);
    assert_eq!(outcome.problems, [MergeProblem::Settings]);

    let versions = Versions {
        base: Some(base.as_bytes()),
        ours: ours.as_bytes(),
        theirs: theirs.as_bytes(),
        format: Format::Yaml,
    };
    let open = OpenMerge::open(&versions, &repository.ann.identities).expect("Ann has a key");
    let encrypt = |side, allow_plaintext| {
        let mut choices = Choices::default();
        choices.settings = Some(side);
        choices.allow_plaintext = allow_plaintext;
        let service = &repository.ann.identities;
        let result = open.encrypt(
            b"a: 1\nb: 1\n",
            &choices,
            &Approval::Given,
            service,
            SystemTime::now(),
        );
        result.map(|file| file.text)
    };
    let text = encrypt(SideName::Ours, false).expect("everything is encrypted");
    assert!(!text.contains("b: 1"), "{text}");
    let exposed = encrypt(SideName::Theirs, false).expect_err("`b` is exposed");
    assert_eq!(exposed, [MergeProblem::Exposed("b".to_owned())]);
    let text = encrypt(SideName::Theirs, true).expect("the user allowed it");
    assert!(text.contains("b: 1"), "{text}");
}

#[test]
fn a_branch_does_not_take_values_out_of_the_mac() {
    let repository = Repository::new(Format::Yaml);
    let keys = [&repository.ann.key];
    let encrypt = |text: &str, only_encrypted| {
        repository.encrypt_for(text, &keys, |settings| {
            settings.with_mac_only_encrypted(only_encrypted)
        })
    };
    let base = encrypt("a: 1\nb_unencrypted: 1\n", false);
    let theirs = encrypt("a: 1\nb_unencrypted: 1\n", true);
    let ours = repository.edit(&base, "a: 2\nb_unencrypted: 1\n");
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let outcome = repository.merge(Some(&base), ours, theirs);
        assert_eq!(outcome.problems, [MergeProblem::Settings]);
    }
}

#[test]
fn a_version_that_was_tampered_with_is_a_conflict() {
    let repository = Repository::new(Format::Yaml);
    let keys = [&repository.ann.key];
    let base = repository.encrypt_for("a: 1\nb_unencrypted: 1\n", &keys, |settings| settings);
    let ours = repository.edit(&base, "a: 2\nb_unencrypted: 1\n");
    let theirs = repository.edit(&base, "a: 1\nb_unencrypted: 1\nc: 3\n");
    let tampered = |text: &str| text.replace("b_unencrypted: 1", "b_unencrypted: 6");
    for (base, ours, theirs, version) in [
        (
            &base,
            &ours,
            &tampered(&theirs),
            Version::Side(SideName::Theirs),
        ),
        (
            &base,
            &tampered(&ours),
            &theirs,
            Version::Side(SideName::Ours),
        ),
        (&tampered(&base), &ours, &theirs, Version::Base),
    ] {
        let outcome = repository.merge(Some(base), ours, theirs);
        let expected = MergeProblem::Unreadable(version, Error::MacMismatch);
        assert!(
            outcome.problems.contains(&expected),
            "{:?}",
            outcome.problems
        );
        let text = String::from_utf8(outcome.text).expect("the file is text");
        assert!(text.contains("<<<<<<<"), "{text}");
    }
}

#[test]
fn a_version_in_plaintext_is_never_merged() {
    let repository = Repository::new(Format::Yaml);
    let base = repository.encrypt("a: secret\n");
    let ours = repository.edit(&base, "a: secret\nb: 1\n");
    let plaintext = "a: secret\nc: 3\n".to_owned();
    for (base, ours, theirs, versions) in [
        (
            &base,
            &ours,
            &plaintext,
            vec![Version::Side(SideName::Theirs)],
        ),
        (
            &base,
            &plaintext,
            &ours,
            vec![Version::Side(SideName::Ours)],
        ),
        (&plaintext, &ours, &base, vec![Version::Base]),
        (
            &base,
            &plaintext,
            &"a: secret\n".to_owned(),
            vec![
                Version::Side(SideName::Ours),
                Version::Side(SideName::Theirs),
            ],
        ),
    ] {
        let outcome = repository.merge(Some(base), ours, theirs);
        let expected: Vec<_> = versions
            .iter()
            .map(|version| MergeProblem::Plaintext(*version))
            .collect();
        let problems: Vec<_> = outcome
            .problems
            .iter()
            .filter(|problem| matches!(problem, MergeProblem::Plaintext(_)))
            .cloned()
            .collect();
        assert_eq!(problems, expected);
        let text = String::from_utf8(outcome.text).expect("the file is text");
        if versions.len() == 1 {
            assert!(!text.contains("secret"), "{text}");
        } else {
            // Our plaintext was in the working tree before, and theirs does not get into it.
            assert_eq!(
                text,
                format!("<<<<<<< HEAD\n{ours}=======\n>>>>>>> topic\n")
            );
        }
    }
    let versions = Versions {
        base: None,
        ours: b"a: 1\n",
        theirs: b"a: 2\n",
        format: Format::Yaml,
    };
    let named = ConfiguredKeys::default;
    let outcome = merge(
        &versions,
        &repository.ann.identities,
        &Approval::Configured(&named),
        &Markers::default(),
        SystemTime::now(),
    );
    assert!(outcome.is_none());
}

#[test]
fn metadata_that_was_lost_or_marked_is_a_conflict() {
    let repository = Repository::new(Format::Yaml);
    let base = repository.encrypt("a: 1\nb: 1\n");
    let ours = repository.edit(&base, "a: 2\nb: 1\n");
    let theirs = repository.edit(&base, "a: 1\nb: 2\n");
    let marked = format!("<<<<<<< x\n{base}=======\n{base}>>>>>>> y\n");
    let cut = theirs[..theirs.find("sops:").expect("the file has metadata")].to_owned();
    for (base, theirs, version) in [
        (&marked, &theirs, Version::Base),
        (&base, &cut, Version::Side(SideName::Theirs)),
    ] {
        let outcome = repository.merge(Some(base), &ours, theirs);
        assert_eq!(outcome.problems[0].version(), Some(version));
    }
    // Without an ancestor, a value that only one side has may have been removed by the other.
    let theirs = repository.edit(&base, "a: 1\n");
    let outcome = repository.merge(Some(&marked), &ours, &theirs);
    assert_eq!(crate::support::paths(&outcome)[1..], ["[\"a\"]", "[\"b\"]"]);
}

#[test]
fn sides_that_agree_need_no_ancestor() {
    let repository = Repository::new(Format::Yaml);
    let base = repository.encrypt("a: 1\nb: 1\n");
    let ours = repository.edit(&base, "a: 2\nb: 1\n");
    let theirs = repository.edit(&base, "a: 2\nb: 1\n");
    assert_ne!(ours, theirs);
    for base in ["damaged: ENC[AES256_GCM,data:AAAA]\n", "a: 1\n"] {
        let outcome = repository.merge(Some(base), &ours, &theirs);
        assert_eq!(outcome.problems, []);
        assert_eq!(repository.decrypt(&outcome.text), "a: 2\nb: 1\n");
    }
}

#[test]
fn a_forged_enc_does_not_replace_that_of_our_side() {
    let repository = Repository::new(Format::Yaml);
    let stranger = Person::new();
    let base = repository.encrypt_for("a: 1\nb: 1\n", &[&repository.ann.key, &stranger.key], |s| s);
    let ours = repository.edit(&base, "a: 2\nb: 1\n");
    let theirs = repository.edit(&base, "a: 1\nb: 2\n");
    let document = repository.parse(&theirs);
    let strangers_enc = document.metadata().key_groups[0].keys[1].enc().to_owned();
    let junk = strangers_enc
        .lines()
        .nth(1)
        .expect("an armor has lines")
        .to_owned();
    let forged = theirs.replace(&junk, &junk.chars().rev().collect::<String>());
    assert_ne!(forged, theirs);
    let outcome = repository.merge(Some(&base), &ours, &forged);
    assert_eq!(outcome.problems, []);
    let merged = sops_core::decrypt(&outcome.text, Format::Yaml, &stranger.identities);
    assert_eq!(
        *merged.expect("the entry of our side stays"),
        b"a: 2\nb: 2\n"
    );
}

#[test]
fn without_a_key_values_merge_but_the_file_is_marked() {
    for (format, base, ours, theirs) in [
        (
            Format::Yaml,
            "a: 1\nb: 1\n",
            "a: 2\nb: 1\n",
            "a: 1\nb: 1\nc: 3\n",
        ),
        (
            Format::Json,
            "{\"a\": 1, \"b\": 1}\n",
            "{\"a\": 2, \"b\": 1}\n",
            "{\"a\": 1, \"b\": 1, \"c\": 3}\n",
        ),
        (
            Format::Dotenv,
            "A=1\nB=1\n",
            "A=2\nB=1\n",
            "A=1\nB=1\nC=3\n",
        ),
        (
            Format::Ini,
            "[s]\na = 1\nb = 1\n",
            "[s]\na = 2\nb = 1\n",
            "[s]\na = 1\nb = 1\nc = 3\n",
        ),
    ] {
        let repository = Repository::new(format);
        let base = repository.encrypt(base);
        let (ours, theirs) = (repository.edit(&base, ours), repository.edit(&base, theirs));
        let versions = Versions {
            base: Some(base.as_bytes()),
            ours: ours.as_bytes(),
            theirs: theirs.as_bytes(),
            format,
        };
        let named = ConfiguredKeys::default;
        let outcome = merge(
            &versions,
            &Identities::new(),
            &Approval::Configured(&named),
            &Markers::default(),
            SystemTime::now(),
        )
        .expect("the file is encrypted");
        assert!(matches!(outcome.problems[..], [MergeProblem::NoKey(_)]));
        let text = String::from_utf8(outcome.text).expect("the file is text");
        let blocks = text.matches("<<<<<<<").count();
        assert!(blocks >= 1, "{text}");
        // After both halves of the metadata are removed, the merged values are left.
        let mut keep = true;
        let mut ours_half = String::new();
        for line in text.split_inclusive('\n') {
            match line {
                line if line.starts_with("<<<<<<<") => {}
                line if line.starts_with("=======") => keep = false,
                line if line.starts_with(">>>>>>>") => keep = true,
                line if keep => ours_half.push_str(line),
                _ => {}
            }
        }
        let document = repository.parse(&ours_half);
        let key = document
            .data_key(&repository.ann.identities)
            .expect("Ann has a key");
        let plaintext = document
            .decrypt(&key, sops_core::MacCheck::Ignore)
            .expect("the values are whole")
            .plaintext;
        let plaintext = String::from_utf8_lossy(&plaintext).into_owned();
        assert!(
            plaintext.contains('2') && plaintext.contains('3'),
            "{plaintext}"
        );
    }
}
