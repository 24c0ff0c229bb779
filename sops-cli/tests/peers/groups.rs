//! Compares how both programs handle unusual thresholds, indexes and changes of key groups.

use std::os::unix::fs::symlink;
use std::path::Path;

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, program, recipient,
};

const TEXT: &str = "a: hunter2\n";

/// A configuration whose rule has these groups, with `OURS` and `OTHER` as placeholders for groups
/// with the two test keys.
fn rule(groups: &str) -> String {
    let groups = groups
        .replace("OURS", &format!("{{age: [{}]}}", recipient()))
        .replace("OTHER", &format!("{{age: [{}]}}", other_recipient()));
    format!("creation_rules: [{{{groups}}}]\n")
}

const FLAT: &str = "key_groups: [OURS]";
const ALL_OF_TWO: &str = "key_groups: [OURS, OTHER]";
const TWO_OF_THREE: &str = "shamir_threshold: 2, key_groups: [OURS, OTHER, OURS]";

/// The result of a run: the exit code, the recipients and the threshold of the file, and whether
/// `sops` decrypts the file with both keys.
#[derive(Debug, PartialEq)]
struct Left {
    code: Option<i32>,
    recipients: usize,
    threshold: Option<String>,
    is_opened: bool,
    stdout: String,
}

/// Runs one of the programs on a file that was encrypted under the first rule. The second rule is
/// in the configuration now.
fn left(program: &Path, before: &str, now: &str, arguments: &[&str]) -> (Left, Run) {
    let environment = TestEnvironment::new();
    let keys = format!("{}\n{}\n", identity(), other_identity());
    environment.write("../home/.config/sops/age/keys.txt", keys);
    environment.write("x.yaml", TEXT);
    if !before.is_empty() {
        environment.write(".sops.yaml", rule(before));
        environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    }
    environment.write(".sops.yaml", rule(now));
    // Under the name `sops`, the program does not ask for agreement.
    let named_sops = environment.path("../home/sops");
    let program = match program.is_absolute() {
        true => {
            symlink(program, &named_sops).expect("the link can be created");
            &named_sops
        }
        false => program,
    };
    let run = environment.finish(environment.command_of(program, arguments));
    let text = environment.read("x.yaml");
    let decrypt = environment.command_of(Path::new("sops"), &["decrypt", "x.yaml"]);
    let threshold = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("shamir_threshold: "));
    let left = Left {
        code: run.code,
        recipients: text.matches("recipient: ").count(),
        threshold: threshold.map(str::to_owned),
        is_opened: environment.finish(decrypt).code == Some(0),
        // `sops` prints its help for a malformed flag.
        stdout: match run.code {
            Some(0) => run.stdout.clone(),
            _ => String::new(),
        },
    };
    (left, run)
}

/// Asserts that both results are the same, and returns them.
#[track_caller]
fn same(before: &str, now: &str, arguments: &[&str]) -> Left {
    let (ours, run) = left(&program(), before, now, arguments);
    let (theirs, other) = left(Path::new("sops"), before, now, arguments);
    assert_eq!(ours, theirs, "{arguments:?}\n{run}\n{other}");
    assert!(!run.stderr.contains("hunter2"), "{run}");
    ours
}

#[test]
fn a_threshold_is_accepted_and_refused_as_by_sops() {
    for (threshold, works) in [
        ("0", true),
        ("2", true),
        ("1", false),
        ("3", false),
        ("256", false),
        ("-1", false),
        ("x", false),
        ("", false),
    ] {
        let flag = format!("--shamir-secret-sharing-threshold={threshold}");
        let run = same("", ALL_OF_TWO, &["encrypt", "-i", &flag, "x.yaml"]);
        assert_eq!(run.is_opened, works, "{threshold}: {run:?}");
        let by_rule = format!("shamir_threshold: {threshold}, {ALL_OF_TWO}");
        if !threshold.is_empty() {
            let run = same("", &by_rule, &["encrypt", "-i", "x.yaml"]);
            assert_eq!(run.is_opened, works, "{threshold}: {run:?}");
        }
    }
    // Any key of a single group decrypts the file, whatever the threshold.
    let one = format!("shamir_threshold: 2, {FLAT}");
    assert!(same("", &one, &["encrypt", "-i", "x.yaml"]).is_opened);
}

#[test]
fn groups_of_the_rule_are_accepted_and_refused_as_by_sops() {
    for (groups, recipients) in [
        ("key_groups: [{merge: [OURS, OTHER]}]", 2),
        ("key_groups: [{merge: [OURS, {merge: [OTHER, OURS]}]}]", 2),
        ("key_groups: [{merge: [OURS]}, {merge: [OTHER, OURS]}]", 3),
        ("key_groups: [OURS, OURS]", 2),
        (TWO_OF_THREE, 3),
        ("key_groups: [OURS, {}]", 0),
        ("key_groups: [OURS, {merge: []}]", 0),
        ("key_groups: []", 0),
    ] {
        let run = same("", groups, &["encrypt", "-i", "x.yaml"]);
        assert_eq!(run.recipients, recipients, "{groups}: {run:?}");
        assert_eq!(run.is_opened, recipients > 0, "{groups}: {run:?}");
    }
}

#[test]
fn a_group_is_deleted_by_an_index_that_sops_takes() {
    let delete = ["groups", "delete", "-i", "-f", "x.yaml"];
    for (index, recipients) in [
        (&["0"][..], 2),
        (&["2"], 2),
        (&["01"], 2),
        (&["+1"], 3),
        (&["-1"], 3),
        (&["--", "-1"], 3),
        (&["x"], 3),
        (&[""], 3),
        (&["1.0"], 3),
        (&["0x1"], 3),
        (&["99999999999999999999"], 3),
        (&[], 3),
        (&["0", "1"], 3),
    ] {
        let run = same(TWO_OF_THREE, TWO_OF_THREE, &[&delete, index].concat());
        assert_eq!(run.recipients, recipients, "{index:?}: {run:?}");
        assert!(run.is_opened, "{index:?}: {run:?}");
    }
    let run = same(
        ALL_OF_TWO,
        FLAT,
        &["groups", "delete", "-i", "-f", "x.yaml", "0"],
    );
    assert_eq!(
        (run.code, run.recipients),
        (Some(1), 2),
        "too few would be left"
    );
    same(FLAT, FLAT, &["groups", "delete", "-i", "0"]);
    same(FLAT, FLAT, &["groups", "delete", "-i", "x.yaml", "0"]);
}

#[test]
fn a_group_is_added_as_by_sops() {
    let second = other_recipient();
    let add = ["groups", "add", "-i", "-f", "x.yaml", "--age", &second];
    for before in [FLAT, ALL_OF_TWO, TWO_OF_THREE] {
        assert!(same(before, FLAT, &add).is_opened);
        let with = [&add[..], &["--shamir-secret-sharing-threshold", "2"]].concat();
        let run = same(before, FLAT, &with);
        assert_eq!(run.threshold.as_deref(), Some("2"), "{run:?}");
        assert!(run.is_opened);
    }
    // After `sops`, no one can decrypt the file.
    for threshold in ["1", "4", "-1", "256"] {
        let flag = format!("--shamir-secret-sharing-threshold={threshold}");
        let arguments = [&add[..], &[&flag]].concat();
        let (theirs, _) = left(Path::new("sops"), FLAT, FLAT, &arguments);
        assert!(theirs.code == Some(0) && !theirs.is_opened, "{theirs:?}");
        let (ours, run) = left(&program(), FLAT, FLAT, &arguments);
        assert!(ours.code == Some(1) && ours.is_opened, "{run}");
    }
}

#[test]
fn updatekeys_prints_and_makes_the_same_changes_as_sops() {
    for (before, now) in [
        (FLAT, ALL_OF_TWO),
        (ALL_OF_TWO, FLAT),
        (ALL_OF_TWO, TWO_OF_THREE),
        (TWO_OF_THREE, ALL_OF_TWO),
        (TWO_OF_THREE, "key_groups: [OURS, OTHER, OURS]"),
        (
            TWO_OF_THREE,
            "shamir_threshold: 2, key_groups: [OTHER, OURS, OURS]",
        ),
        (ALL_OF_TWO, "key_groups: [{merge: [OURS, OTHER]}]"),
        (FLAT, FLAT),
    ] {
        let run = same(before, now, &["updatekeys", "-y", "x.yaml"]);
        assert!(
            run.code == Some(0) && run.is_opened,
            "{before} {now}: {run:?}"
        );
    }
}

/// `sops` keeps the file's threshold, whatever the rule says.
#[test]
fn updatekeys_uses_the_threshold_that_the_rule_states() {
    let arguments = ["updatekeys", "-y", "x.yaml"];
    let now = "shamir_threshold: 3, key_groups: [OURS, OTHER, OURS]";
    let (theirs, _) = left(Path::new("sops"), TWO_OF_THREE, now, &arguments);
    assert_eq!(theirs.threshold.as_deref(), Some("2"), "{theirs:?}");
    let (ours, run) = left(&program(), TWO_OF_THREE, now, &arguments);
    assert_eq!(ours.threshold.as_deref(), Some("3"), "{run}");
    assert!(ours.code == Some(0) && ours.is_opened, "{run}");
}

#[test]
fn an_error_about_a_missing_group_names_its_keys() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", TEXT);
    environment.write(".sops.yaml", rule(ALL_OF_TWO));
    environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    let before = environment.read("x.yaml");
    environment.write(".sops.yaml", rule(FLAT));
    for arguments in [
        &["decrypt", "x.yaml"][..],
        &["decrypt", "-i", "x.yaml"],
        &["decrypt", "--extract", "[\"a\"]", "x.yaml"],
        &["edit", "x.yaml"],
        &["set", "x.yaml", "[\"a\"]", "1"],
        &["unset", "x.yaml", "[\"a\"]"],
        &["rotate", "-i", "x.yaml"],
        &["exec-env", "x.yaml", "true"],
        &["exec-file", "x.yaml", "true"],
        &["updatekeys", "-y", "x.yaml"],
        &["groups", "add", "-i", "-f", "x.yaml", "--age", &recipient()],
    ] {
        let run = environment.run(arguments);
        let theirs = environment.finish(environment.command_of(Path::new("sops"), arguments));
        // `sops` has the general exit code for groups.
        let code = if arguments[0] == "groups" { 1 } else { 128 };
        assert_eq!(
            (run.code, theirs.code),
            (Some(128), Some(code)),
            "{run}\n{theirs}"
        );
        assert!(run.stderr.contains("key group 2 needs"), "{run}");
        assert!(run.stderr.contains(&other_recipient()), "{run}");
        assert_eq!(environment.read("x.yaml"), before);
    }
}

#[test]
fn a_decryption_order_with_unknown_families_is_accepted_as_by_sops() {
    for (order, code) in [
        ("", 0),
        ("age", 0),
        ("pgp,age", 0),
        ("none", 0),
        ("age,none", 0),
        ("AGE", 0),
        (" age", 0),
        ("age,", 0),
        (",", 112),
        ("age,age", 112),
        ("none,none", 112),
        ("kms,pgp,age,hc_vault,gcp_kms,azure_kv,hckms", 0),
    ] {
        let flag = format!("--decryption-order={order}");
        let run = same(FLAT, FLAT, &["decrypt", &flag, "x.yaml"]);
        assert_eq!(run.code, Some(code), "{order:?}");
    }
}

/// Files that `updatekeys` changes together, after showing all changes.
#[test]
fn files_that_were_updated_together_are_up_to_date_for_sops() {
    let environment = TestEnvironment::new();
    for (name, text) in [
        ("apps/x.yaml", "a: hunter2\n"),
        ("apps/x.json", "{\"a\": \"hunter2\"}\n"),
        ("apps/x.env", "a=hunter2\n"),
        ("apps/x.ini", "[a]\nb = hunter2\n"),
        ("apps/x", "hunter2\n"),
    ] {
        environment.encrypt(name, text);
    }
    environment.write(
        ".sops.yaml",
        rule(&format!(
            "key_groups: [{{age: [{}, {}]}}]",
            recipient(),
            other_recipient()
        )),
    );
    environment.run(&["updatekeys", "-y", "apps"]).succeeds();
    for name in ["x.yaml", "x.json", "x.env", "x.ini", "x"] {
        let name = format!("apps/{name}");
        let updated = environment.read(&name);
        assert!(updated.contains(&other_recipient()), "{updated}");
        let sops = |words: &[&str]| {
            let words = [words, &[&*name]].concat();
            let run = environment.finish(environment.command_of(Path::new("sops"), &words));
            run.succeeds()
        };
        assert!(sops(&["decrypt"]).stdout.contains("hunter2"));
        let run = sops(&["updatekeys", "-y"]);
        assert!(run.stderr.contains("already up to date"), "{run}");
        assert_eq!(environment.read(&name), updated);
    }
}

/// Under the name `sops`, several files are updated one after the other.
#[test]
fn several_files_are_updated_with_the_words_of_sops() {
    let printed = |is_ours: bool| {
        let environment = TestEnvironment::new();
        for name in ["x.yaml", "y.yaml", "z.yaml"] {
            environment.encrypt(name, TEXT);
        }
        let keys = format!(
            "key_groups: [{{age: [{}, {}]}}]",
            recipient(),
            other_recipient()
        );
        environment.write(".sops.yaml", rule(&keys));
        let named_sops = environment.path("../home/sops");
        if is_ours {
            symlink(program(), &named_sops).expect("the link can be created");
        }
        let program = if is_ours {
            &*named_sops
        } else {
            Path::new("sops")
        };
        let update = |words: &[&str]| {
            let run = environment.finish(environment.command_of(program, words));
            run.succeeds().stdout
        };
        let first = update(&["updatekeys", "-y", "x.yaml", "y.yaml"]);
        [first, update(&["updatekeys", "-y", "x.yaml", "z.yaml"])]
    };
    let ours = printed(true);
    assert_eq!(ours, printed(false));
    assert_eq!(ours[0].matches("+++").count(), 2, "{ours:?}");
}
