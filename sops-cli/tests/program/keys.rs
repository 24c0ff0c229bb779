//! Changing a file's keys.

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

const TEXT: &str = "a: hunter2\nb: [1, 2]\n";

fn values(encrypted: &str) -> Vec<&str> {
    encrypted
        .lines()
        .take_while(|line| !line.starts_with("sops:"))
        .collect()
}

#[test]
fn rotate_makes_a_new_data_key() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    let printed = environment.run(&["rotate", "x.yaml"]).succeeds().stdout;
    assert_eq!(environment.read("x.yaml"), old, "it only prints");
    assert_ne!(values(&printed), values(&old));
    environment.run(&["rotate", "-i", "x.yaml"]).succeeds();
    assert_ne!(values(&environment.read("x.yaml")), values(&old));
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
}

#[test]
fn rotate_adds_and_removes_recipients() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    let has = |recipient: &str| environment.read("x.yaml").matches(recipient).count();
    environment
        .run(&["rotate", "-i", "--add-age", &second, "x.yaml"])
        .succeeds();
    assert_eq!((has(&first), has(&second)), (1, 1));
    environment
        .run(&["-r", "-i", "x.yaml", "--add-age", &second])
        .succeeds();
    assert_eq!(
        (has(&first), has(&second)),
        (1, 1),
        "a recipient is there once"
    );
    let run = environment
        .run(&[
            "rotate", "-i", "--rm-age", &second, "--rm-pgp", "85D7", "x.yaml",
        ])
        .succeeds();
    assert!(
        run.stderr.contains("the file has no pgp key `85D7`"),
        "{run}"
    );
    assert_eq!((has(&first), has(&second)), (1, 0));
    let before = environment.read("x.yaml");
    environment
        .run(&["rotate", "-i", "--rm-age", &first, "x.yaml"])
        .fails_with(1);
    environment
        .run(&["rotate", "-i", "--rm-age", "age1nonsense", "x.yaml"])
        .fails_with(1);
    environment
        .run(&["rotate", "-i", "--add-pgp", "85D7", "x.yaml"])
        .fails_with(1);
    assert_eq!(environment.read("x.yaml"), before);
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
}

#[test]
fn an_ssh_key_with_another_comment_is_the_same_key() {
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID7c2nabV9RErBkplcSh12Qq0TT4IR35ItcGO4pOiv0G";
    let environment = TestEnvironment::new();
    let ours = recipient();
    let has = |recipient: &str| environment.read("x.yaml").matches(recipient).count();
    let write_rule = |keys: &str| {
        environment.write(
            ".sops.yaml",
            format!("creation_rules: [{{age: '{keys}'}}]\n"),
        );
    };
    write_rule(&format!("{ours},{KEY} ann"));
    environment.write("x.yaml", TEXT);
    environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    assert_eq!(has(&format!("{KEY} ann\n")), 1);
    let before = environment.read("x.yaml");

    write_rule(&format!("{ours},{KEY} bob"));
    environment.run(&["lint", "x.yaml"]).succeeds();
    let run = environment.run(&["updatekeys", "x.yaml"]).succeeds();
    assert!(run.stderr.contains("already up to date"), "{run}");
    assert_eq!(environment.read("x.yaml"), before);
    // No one new gets the data key, so there is no question.
    environment
        .run(&[
            "rotate",
            "-i",
            "--add-age",
            &format!("{KEY} carl"),
            "x.yaml",
        ])
        .succeeds();
    assert_eq!((has(KEY), has(&format!("{KEY} ann\n"))), (1, 1));

    // If another key changes, the file gets the text of the rule.
    write_rule(&format!("{ours},{KEY} bob,{}", other_recipient()));
    let run = environment.run(&["lint", "x.yaml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!run.stdout.contains(KEY), "{run}");
    let run = environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(run.stdout.contains(&format!("\n    {KEY} bob\n")), "{run}");
    assert_eq!(run.stdout.matches("+++").count(), 1, "{run}");
    assert!(!run.stdout.contains("---"), "{run}");
    assert_eq!((has(KEY), has(&format!("{KEY} bob\n"))), (1, 1));

    environment
        .run(&["rotate", "-i", "--rm-age", KEY, "x.yaml"])
        .succeeds();
    assert_eq!(has(KEY), 0);
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
}

#[test]
fn updatekeys_applies_the_recipients_of_the_rule() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    environment
        .run(&["updatekeys", "-y", "x.yaml"])
        .fails_with(1);

    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: '{first},{second}'}}]\n"),
    );
    let run = environment
        .run_with_input(&["updatekeys", "x.yaml"], "n\n")
        .succeeds();
    assert_eq!(
        run.stdout,
        format!(
            "The following changes will be made to the file's groups:\nGroup 1\n    {first}\n+++ {second}\n"
        )
    );
    assert_eq!(environment.read("x.yaml"), old);
    // No one answers the question.
    let run = environment.run(&["updatekeys", "x.yaml"]);
    assert_eq!(
        (run.code, environment.read("x.yaml") == old),
        (Some(1), true)
    );

    environment
        .run_with_input(&["updatekeys", "x.yaml"], "what?\ny\n")
        .succeeds();
    let new = environment.read("x.yaml");
    assert!(new.contains(&second));
    assert_eq!(values(&new), values(&old), "not one value changes");
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    let run = environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(
        run.stderr.contains("already up to date") && run.stdout.is_empty(),
        "{run}"
    );
    assert_eq!(environment.read("x.yaml"), new);

    environment.write("plain.yaml", TEXT);
    environment.write("y.yaml", &old);
    let run = environment.run(&["updatekeys", "--yes", "plain.yaml", "y.yaml"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("1 of 2 files"), "{run}");
    assert!(
        environment.read("y.yaml").contains(&second),
        "the others are still updated"
    );
}

#[test]
fn updatekeys_splits_the_key_among_groups() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{key_groups: [{{age: [{first}]}}, {{age: [{second}]}}], shamir_threshold: 2}}]\n"),
    );
    environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(environment.read("x.yaml").contains("key_groups:"));
    let run = environment.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        run.stderr.contains("key group 2") && run.stderr.contains(&second),
        "{run}"
    );
    let mut command = environment.command(&["decrypt", "x.yaml"]);
    command.env(
        "SOPS_AGE_KEY_FILE",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../testdata/keys/x25519_other.txt"
        ),
    );
    assert_eq!(environment.finish(command).succeeds().stdout, TEXT);
}

/// A file with keys of all families, an age key of ours among them; `sops` wrote it.
fn of_all_families(environment: &TestEnvironment) -> String {
    let vectors = include_str!("../../../testdata/vectors/master-keys.jsonl");
    let files = vectors.lines().map(|line| {
        let golden: serde_json::Value =
            serde_json::from_str(line).expect("the line is a golden vector");
        golden["encrypted"]
            .as_str()
            .expect("the value is a string")
            .to_owned()
    });
    let mut files = files.filter(|file| file.contains("\n    hckms:"));
    let file = files.next().expect("one has one group");
    environment.write("x.yaml", &file);
    file
}

/// The lines of the lists of cloud keys.
fn cloud_keys(encrypted: &str) -> Vec<&str> {
    let lines = encrypted
        .lines()
        .skip_while(|line| *line != "    azure_kv:");
    let lines = lines.take_while(|line| !line.starts_with("    lastmodified:"));
    lines.collect()
}

#[test]
fn cloud_keys_are_kept_by_every_change() {
    let environment = TestEnvironment::new();
    let original = of_all_families(&environment);
    let (first, second) = (recipient(), other_recipient());
    assert!(cloud_keys(&original).len() > 25);
    let kept = || {
        assert_eq!(
            cloud_keys(&environment.read("x.yaml")),
            cloud_keys(&original)
        )
    };
    environment
        .run(&["set", "x.yaml", "[\"a\"]", "\"new\""])
        .succeeds();
    kept();
    environment.run(&["unset", "x.yaml", "[\"c\"]"]).succeeds();
    kept();
    let editor = environment.editor("sed -i s/new/newer/ \"$1\"");
    let mut edit = environment.command(&["edit", "x.yaml"]);
    environment
        .finish({
            edit.env("EDITOR", editor);
            edit
        })
        .succeeds();
    kept();
    assert_eq!(
        environment.decrypt("x.yaml"),
        "a: newer\nb:\n    - 1\n    - true\n"
    );

    // Another age recipient is added. The other keys do not matter for this.
    let fields = "{arn: 'arn:aws:kms:eu-west-1:1:key/k', role: 'arn:aws:iam::1:role/r', context: {a: '1', b: '2'}, aws_profile: p}";
    let rule = format!(
        "{{key_groups: [{{age: ['{first}', '{second}'], kms: [{fields}, {{arn: 'arn:aws:kms:eu-west-1:1:key/l'}}], \
         gcp_kms: [{{resource_id: projects/p/locations/l/keyRings/r/cryptoKeys/k}}], hckms: [{{key_id: 'r:1'}}], \
         azure_keyvault: [{{vaultUrl: 'https://v.vault.azure.net', key: k, version: '1'}}], hc_vault: ['https://v:8200/v1/a/b/keys/k']}}]}}"
    );
    environment.write(".sops.yaml", format!("creation_rules: [{rule}]\n"));
    let run = environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(run.stdout.contains(&format!("+++ {second}\n--- ")), "{run}");
    assert!(
        !run.stdout.contains("+++ arn") && !run.stdout.contains("--- arn"),
        "{run}"
    );
    kept();
}

#[test]
fn a_cloud_key_that_cannot_be_used_is_named_and_nothing_is_written() {
    let environment = TestEnvironment::new();
    let original = of_all_families(&environment);
    let unchanged = || assert_eq!(environment.read("x.yaml"), original);
    for arguments in [
        &["rotate", "-i", "x.yaml"][..],
        &[
            "groups",
            "add",
            "-i",
            "--age",
            &other_recipient(),
            "-f",
            "x.yaml",
        ],
    ] {
        let mut command = environment.command(arguments);
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        let run = environment.finish(command).fails_with(1);
        let names_key = run.stderr.contains("kms arn:aws:kms:eu-west-1:1:key/k+");
        let reason = match cfg!(feature = "aws") {
            true => "there is no profile `p`",
            false => "this needs a key service for AWS KMS",
        };
        assert!(names_key && run.stderr.contains(reason), "{run}");
        unchanged();
    }
    let run = environment
        .run(&["decrypt", "--enable-local-keyservice=false", "x.yaml"])
        .fails_with(128);
    for words in [
        "hckms r:1 (needs a key service for Huawei Cloud KMS)",
        "pass its address with `--keyservice`",
    ] {
        assert!(run.stderr.contains(words), "{run}");
    }

    // Without the cloud keys, the change needs no service.
    let fingerprints: Vec<&str> = original
        .lines()
        .filter_map(|line| line.strip_prefix("          fp: "))
        .collect();
    let fingerprints = fingerprints.join(",");
    let kms = "arn:aws:kms:eu-west-1:1:key/k+arn:aws:iam::1:role/r,arn:aws:kms:eu-west-1:1:key/l";
    let removals = [
        ("--rm-pgp", fingerprints.as_str()),
        ("--rm-kms", kms),
        (
            "--rm-gcp-kms",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        ),
        ("--rm-hckms", "r:1"),
        ("--rm-azure-kv", "https://v.vault.azure.net/keys/k/1"),
        ("--rm-hc-vault-transit", "https://v:8200/v1/a/b/keys/k"),
    ];
    let mut arguments = vec!["rotate", "-i", "x.yaml"];
    arguments.extend(removals.iter().flat_map(|(flag, keys)| [flag, keys]));
    environment.run(&arguments).succeeds();
    let rotated = environment.read("x.yaml");
    assert_eq!(rotated.matches(" enc: ").count(), 1, "{rotated}");
    assert_eq!(
        environment.decrypt("x.yaml"),
        "a: hunter2\nb:\n    - 1\n    - true\nc: x\n"
    );
}

#[test]
fn the_editor_does_not_open_if_no_key_can_be_used() {
    let environment = TestEnvironment::new();
    let editor = environment.editor("touch ran; echo 'a: 1' > \"$1\"");
    let kms = "--kms=arn:aws:kms:eu-west-1:1:key/k";
    let not_here = "--enable-local-keyservice=false";
    let mut edit = environment.command(&["edit", kms, not_here, "x.yaml"]);
    edit.env("EDITOR", editor);
    let run = environment.finish(edit).fails_with(1);
    assert!(run.stderr.contains("`--keyservice`"), "{run}");
    assert_eq!(environment.names(), [""; 0]);
}

#[test]
fn groups_are_added_and_deleted() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    let original = environment.read("x.yaml");
    let add = ["groups", "add", "-f", "x.yaml", "--age", &first];
    let printed = environment.run(&add).succeeds().stdout;
    assert!(printed.contains("key_groups:") && printed.contains("shamir_threshold: 2"));
    assert_eq!(environment.read("x.yaml"), original, "it only prints");
    let in_place = |arguments: &[&str]| {
        environment
            .run(&[arguments, &["-i", "-f", "x.yaml"]].concat())
            .succeeds();
        environment.read("x.yaml")
    };
    let two = in_place(
        &add[..2]
            .iter()
            .chain(&["--age", &first])
            .copied()
            .collect::<Vec<_>>(),
    );
    assert_eq!(values(&two), values(&original), "not one value changes");
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    in_place(&[
        "groups",
        "add",
        "--age",
        &second,
        "--age",
        &first,
        "--shamir-secret-sharing-threshold",
        "3",
    ]);
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    let before = environment.read("x.yaml");
    let run = environment
        .run(&["groups", "delete", "-i", "-f", "x.yaml", "0"])
        .fails_with(1);
    assert!(
        run.stderr
            .contains("the threshold, 3, would be greater than the number of key groups, "),
        "{run}"
    );
    assert_eq!(environment.read("x.yaml"), before);
    let left = in_place(&[
        "groups",
        "delete",
        "0",
        "--shamir-secret-sharing-threshold",
        "2",
    ]);
    assert_eq!(left.matches("recipient: ").count(), 3);
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
}

#[test]
fn a_threshold_on_the_command_line_comes_before_that_of_the_rule() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    let rule = format!(
        "{{shamir_threshold: 3, key_groups: [{{age: [{first}]}}, {{merge: [{{age: [{first}]}}]}}, {{age: [{second}]}}]}}"
    );
    environment.write(".sops.yaml", format!("creation_rules: [{rule}]\n"));
    environment.write("x.yaml", TEXT);
    environment
        .run(&[
            "encrypt",
            "-i",
            "--shamir-secret-sharing-threshold",
            "2",
            "x.yaml",
        ])
        .succeeds();
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    environment.write("x.yaml", TEXT);
    environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    let run = environment.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        run.stderr.contains("key group 3 needs") && run.stderr.contains(&second),
        "{run}"
    );
}

/// The warning if a removed key was the only one of this machine.
const CLOSED: &str = "none of your private keys can decrypt x.yaml after this change";

#[test]
fn removing_your_own_last_key_causes_a_warning() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    let both = format!("{first},{second}");
    let fresh = || {
        environment.write("x.yaml", TEXT);
        environment
            .run(&["encrypt", "-i", "--age", &both, "x.yaml"])
            .succeeds();
    };
    fresh();
    let rotated = environment
        .run(&["rotate", "-i", "--rm-age", &second, "x.yaml"])
        .succeeds();
    assert!(!rotated.stderr.contains(CLOSED), "{rotated}");
    fresh();
    let rotated = environment
        .run(&["rotate", "-i", "--rm-age", &first, "x.yaml"])
        .succeeds();
    assert!(rotated.stderr.contains(CLOSED), "{rotated}");
    environment.run(&["decrypt", "x.yaml"]).fails_with(128);

    fresh();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n  - age: {second}\n"),
    );
    // The warning appears before the answer, whatever the answer is.
    let asked = environment
        .run_with_input(&["updatekeys", "x.yaml"], "n\n")
        .succeeds();
    let (warning, question) = (
        asked.stderr.find(CLOSED),
        asked.stderr.find("Is this okay?"),
    );
    assert!(warning.is_some() && warning < question, "{asked}");
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    let updated = environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(updated.stderr.contains(CLOSED), "{updated}");
    environment.run(&["decrypt", "x.yaml"]).fails_with(128);
}

#[test]
fn fewer_usable_groups_than_the_threshold_are_a_warning() {
    let environment = TestEnvironment::new();
    for (second, is_closed) in [(recipient(), false), (other_recipient(), true)] {
        environment.encrypt("x.yaml", TEXT);
        environment.write(
            ".sops.yaml",
            format!(
                "creation_rules:\n  - key_groups:\n      - age: [{}]\n      - age: [{second}]\n",
                recipient()
            ),
        );
        let run = environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
        assert_eq!(run.stderr.contains(CLOSED), is_closed, "{run}");
        assert_eq!(
            run.stderr
                .contains("2 key groups are needed, and your keys can decrypt 1"),
            is_closed,
            "{run}"
        );
        let opened = environment.run(&["decrypt", "x.yaml"]);
        assert_eq!(opened.code == Some(128), is_closed, "{opened}");
    }
    environment.encrypt("x.yaml", TEXT);
    let added = environment
        .run(&[
            "groups",
            "add",
            "-i",
            "-f",
            "x.yaml",
            "--age",
            &other_recipient(),
            "--shamir-secret-sharing-threshold",
            "2",
        ])
        .succeeds();
    assert!(added.stderr.contains(CLOSED), "{added}");
}

#[test]
fn a_key_that_may_be_available_causes_no_warning() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n  - age: {}\n", other_recipient()),
    );
    // The output of the command for the new recipient is not known before it runs.
    let mut command = environment.command(&["updatekeys", "-y", "x.yaml"]);
    command.env("SOPS_AGE_KEY_CMD", "true");
    let run = environment.finish(command).succeeds();
    assert!(!run.stderr.contains(CLOSED), "{run}");
}

#[test]
fn updatekeys_says_where_it_looked_for_the_configuration() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.write("m/x.yaml", environment.read("x.yaml"));
    environment.write(
        "m/.sops.yaml",
        format!("creation_rules:\n  - age: {}\n", recipient()),
    );
    let run = environment
        .run(&["updatekeys", "-y", "m/x.yaml"])
        .fails_with(1);
    let place = "the search starts in the working directory, not in the directory of the file";
    assert!(run.stderr.contains(place), "{run}");
}

/// Zero, as a point of X25519.
const LOW_ORDER: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z";

#[test]
fn recipients_of_low_order_are_errors_wherever_they_are() {
    let environment = TestEnvironment::new();
    environment.write("plain.yaml", "a: hunter2\n");
    environment.encrypt("x.yaml", "a: hunter2\n");
    let encrypted = environment.read("x.yaml");
    environment.write("low.yaml", encrypted.replace(&recipient(), LOW_ORDER));
    let refused = |arguments: &[&str], place: &str| {
        let run = environment.run(arguments).fails_with(1);
        assert!(
            run.stderr.contains(LOW_ORDER)
                && run.stderr.contains("low order")
                && run.stderr.contains(place),
            "{run}"
        );
    };
    refused(&["encrypt", "--age", LOW_ORDER, "plain.yaml"], "");
    let both = format!("{},{LOW_ORDER}", recipient());
    refused(&["encrypt", "--age", &both, "plain.yaml"], "");
    refused(&["rotate", "--add-age", LOW_ORDER, "x.yaml"], "");
    refused(&["rotate", "-i", "low.yaml"], "low.yaml");
    assert_eq!(environment.decrypt("low.yaml"), "a: hunter2\n");
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- path_regex: plain\n  age: {LOW_ORDER}\n"),
    );
    refused(&["encrypt", "plain.yaml"], ".sops.yaml:3:8");
    let run = environment.run(&["lint", ".sops.yaml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("SL016") && run.stdout.contains("low order"),
        "{run}"
    );
}

/// Anyone can write an `enc` of this size without a key, and hooks and pipelines read the file.
#[test]
fn an_enc_above_64_kib_is_refused() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: hunter2\n");
    let text = environment.read("x.yaml");
    let mut lines: Vec<_> = text.lines().collect();
    let begin = lines
        .iter()
        .position(|line| line.contains("-----BEGIN AGE"));
    let first = begin.expect("the file has an age key") + 1;
    lines.splice(first..first, vec![lines[first]; 20_000]);
    environment.write("x.yaml", format!("{}\n", lines.join("\n")));
    for arguments in [&["decrypt", "x.yaml"][..], &["lint", "x.yaml"]] {
        let run = environment.run(arguments);
        assert_ne!(run.code, Some(0), "{run}");
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(
            said.contains("`age[0].enc` is longer than 64 KiB") && said.contains("x.yaml:"),
            "{run}"
        );
    }
}
