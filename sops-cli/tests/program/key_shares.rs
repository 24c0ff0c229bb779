//! `keys split` and `keys join`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, recipient,
};

use crate::redact_terminal::Session;

fn share(environment: &TestEnvironment, numbers: &str, number: u8, flags: &[&str]) -> String {
    let number = number.to_string();
    let split = ["keys", "split", numbers, "--share", &number];
    let run = environment.run(&[&split[..], flags].concat()).succeeds();
    run.keeps(&[&identity()]).stdout
}

/// The words of a printed share, without their numbers.
fn words(share: &str) -> Vec<&str> {
    let lines = share.lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    words.filter(|word| word.parse::<u8>().is_err()).collect()
}

fn join(environment: &TestEnvironment, shares: &str, flags: &[&str]) -> Run {
    environment.run_with_input(&[&["keys", "join"], flags].concat(), shares)
}

#[test]
fn any_two_of_three_shares_restore_the_key() {
    let environment = TestEnvironment::new();
    let shares = [1, 2, 3].map(|number| share(&environment, "2-of-3", number, &[]));
    assert!(shares.iter().all(|share| words(share).len() == 33));
    assert!(shares[0].starts_with("# Share 1 of 3 "), "{}", shares[0]);
    assert!(shares.iter().all(|share| share.contains(&recipient())));
    for (first, second) in [(0, 1), (2, 0), (1, 2)] {
        let file = format!("{first}{second}.txt");
        let text = format!("{}{}", shares[first], shares[second]);
        let run = join(&environment, &text, &["--output", &file]).succeeds();
        assert_eq!(run.stderr, format!("Public key: {}\n", recipient()));
        let key = environment.read(&file);
        assert_eq!(key.lines().last(), Some(&*identity()));
        let mode = fs::metadata(environment.path(&file)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
    // The old form of the name is understood too, and the key is that of the files.
    let stdout = environment.run(&["key", "split", "2-of-3", "--share", "2"]);
    assert_eq!(stdout.succeeds().stdout, shares[1]);
}

#[test]
fn the_key_file_in_use_is_split() {
    let environment = TestEnvironment::new();
    environment.write("other.txt", other_identity());
    let mut command = environment.command(&["keys", "split", "2-of-3", "--share", "1"]);
    command.env("SOPS_AGE_KEY_FILE", environment.path("other.txt"));
    let share = environment.finish(command).succeeds().stdout;
    assert!(share.contains(&other_recipient()), "{share}");
}

#[test]
fn a_lost_share_is_printed_again_and_one_more_is_added() {
    let environment = TestEnvironment::new();
    let first = share(&environment, "3-of-5", 1, &[]);
    assert_eq!(first, share(&environment, "3-of-5", 1, &[]));
    let more = [6, 2].map(|number| share(&environment, "3-of-6", number, &[]));
    let run = join(&environment, &format!("{first}{}{}", more[0], more[1]), &[]).succeeds();
    assert!(
        run.stdout.ends_with(&format!("\n{}\n", identity())),
        "{}",
        run.stderr
    );
}

#[test]
fn a_post_quantum_key_is_restored_as_one() {
    let environment = TestEnvironment::without_key();
    environment
        .run(&["keygen", "--pq", "--output", "key.txt"])
        .succeeds();
    let key = environment.read("key.txt");
    let shares =
        [2, 1].map(|number| share(&environment, "2-of-2", number, &["--key-file", "key.txt"]));
    let run = join(&environment, &shares.concat(), &["--output", "-"]).succeeds();
    assert_eq!(run.stdout.lines().last(), key.lines().last());
    let line = shares[0]
        .lines()
        .find(|line| line.contains("keys join"))
        .expect("it has a command");
    let recipient = line.split(' ').next_back().expect("the line has words");
    assert!(
        recipient.starts_with("age1pq1") && key.contains(recipient),
        "{line}"
    );
    let named = ["--recipient", recipient, "--output", "-"];
    let named = join(&environment, &shares.concat(), &named).succeeds();
    // The lines above have the time.
    assert_eq!(named.stdout.lines().last(), run.stdout.lines().last());
}

#[test]
fn mistakes_are_found_and_no_word_is_shown() {
    let environment = TestEnvironment::new();
    environment.write("other.txt", other_identity());
    let other = ["--key-file", "other.txt"];
    let shares = [1, 2, 3].map(|number| share(&environment, "2-of-3", number, &[]));
    let foreign = share(&environment, "2-of-3", 3, &other);
    let mut mistyped = words(&shares[1]);
    mistyped[6] = if mistyped[6] == "zero" {
        "acid"
    } else {
        "zero"
    };
    let mistyped = mistyped.join(" ");
    let unknown = format!("{} secrett", words(&shares[1])[..32].join(" "));
    let one = &shares[0];
    for (text, flags, says) in [
        (String::new(), &[][..], "no share found"),
        (one.clone(), &[], "1 share is not enough: 2 are needed"),
        (format!("{one}{one}"), &[], "share 1 was given twice"),
        (
            format!("{one}{foreign}"),
            &[],
            "share 3 is from a different split than share 1, which was given before it",
        ),
        (
            format!("{one}\n{mistyped}\n"),
            &[],
            "if only one word is wrong, it is word 7",
        ),
        (
            format!("{one}\n{unknown}\n"),
            &[],
            "word 33 is not in the SLIP-39 word list",
        ),
        (
            format!("{one}{}", shares[1]),
            &["--recipient", "OTHER"],
            "the shares restore the key of",
        ),
    ] {
        let other = other_recipient();
        let flags: Vec<&str> = flags
            .iter()
            .map(|flag| match *flag {
                "OTHER" => &*other,
                flag => flag,
            })
            .collect();
        let flags = [&["--output", "restored.txt"][..], &flags].concat();
        let run = join(&environment, &text, &flags).fails_with(1);
        assert!(run.stderr.contains(says), "{says}: {run}");
        let run = run.keeps(&[&identity(), &other_identity()]);
        let typed = words(&text);
        let shown = run.stderr.split(|char: char| !char.is_ascii_alphabetic());
        let shown: Vec<&str> = shown.filter(|word| typed.contains(word)).collect();
        // The messages may use common words, but never a part of a share.
        assert!(
            shown.len() < 3 && !shown.contains(&"secrett"),
            "{shown:?} {run}"
        );
        assert!(!environment.path("restored.txt").exists());
    }
}

#[test]
fn nothing_is_overwritten_and_no_share_is_written_to_a_disk() {
    let environment = TestEnvironment::new();
    let shares = [1, 2]
        .map(|number| share(&environment, "2-of-2", number, &[]))
        .concat();
    environment.write("restored.txt", "mine");
    let run = join(&environment, &shares, &["--output", "restored.txt"]).fails_with(3);
    assert!(run.stderr.contains("keys are never overwritten"), "{run}");
    assert_eq!(environment.read("restored.txt"), "mine");
    let own = environment.home().join(".config/sops/age/keys.txt");
    join(&environment, &shares, &["--append"]).succeeds();
    let keys = fs::read_to_string(own).expect("the key file exists");
    assert_eq!(keys.matches(&identity()).count(), 2);

    let split = ["keys", "split", "2-of-2"];
    let to_disk = [&split[..], &["--share", "1", "--output", "share.txt"]].concat();
    let on_disk = fs::canonicalize(environment.path("")).expect("the directory exists");
    if !on_disk.starts_with("/dev/shm") {
        let run = environment.run(&to_disk);
        // The directory for temporary files may be in memory.
        if run.code != Some(0) {
            let run = run.fails_with(3);
            assert!(
                run.stderr.contains("is not on a memory file system"),
                "{run}"
            );
            assert!(!environment.path("share.txt").exists());
        }
    }
    let run = environment.run(&split).fails_with(1);
    assert!(run.stderr.contains("choose it with `--share`"), "{run}");
    for (numbers, says) in [
        ("1-of-2", "each share would be the whole key"),
        (
            "3-of-2",
            "the threshold, 3, is greater than the number of shares, 2",
        ),
        ("2-of-17", "at most 16 shares"),
        ("2/3", "such as `3-of-5`"),
    ] {
        let run = environment.run(&["keys", "split", numbers, "--share", "1"]);
        assert!(run.code != Some(0) && run.stderr.contains(says), "{run}");
    }
}

#[test]
fn a_file_with_several_keys_needs_a_choice() {
    let environment = TestEnvironment::new();
    environment.write(
        "keys.txt",
        format!("{}\n{}\n", identity(), other_identity()),
    );
    let split = [
        "keys",
        "split",
        "1-of-1",
        "--share",
        "1",
        "--key-file",
        "keys.txt",
    ];
    let run = environment.run(&split).fails_with(1);
    for recipient in [recipient(), other_recipient()] {
        assert!(
            run.stderr.contains(&format!("`--recipient {recipient}`")),
            "{run}"
        );
    }
    let other = other_recipient();
    let run = environment
        .run(&[&split[..], &["--recipient", &other]].concat())
        .succeeds();
    let restored = join(&environment, &run.stdout, &["--recipient", &other[..20]]).succeeds();
    assert!(
        restored
            .stdout
            .ends_with(&format!("{}\n", other_identity()))
    );
}

#[test]
fn a_qr_code_replaces_the_words() {
    let environment = TestEnvironment::new();
    let code = share(&environment, "2-of-3", 1, &["--qr"]);
    let words = share(&environment, "2-of-3", 1, &[]);
    let first = words.lines().nth(7).expect("the words follow a comment");
    assert!(code.contains('█') && !code.contains(first), "{code}");
    assert!(code.starts_with("# Share 1 of 3 ") && !code.contains('\x1b'));
}

#[test]
fn a_terminal_shows_one_share_at_a_time_and_asks_for_them() {
    const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";
    let environment = TestEnvironment::new();
    let split = environment.command(&["keys", "split", "2-of-3"]);
    let mut session = Session::start(&environment, &split);
    let mut shares = Vec::new();
    for number in 1..=3 {
        let shown = session.until(&format!("Write down share {number} of 3, and press Enter"));
        let start = shown.rfind("# Share").expect("a share is shown");
        shares.push(shown[start..].replace('\r', ""));
        assert!(number == 1 || shown.contains(CLEAR), "{shown:?}");
        session.type_in("\n");
    }
    let (end, status) = session.end();
    assert!(status.success() && end.contains(CLEAR), "{end:?}");

    let join = environment.command(&["keys", "join", "--output", "restored.txt"]);
    let mut session = Session::start(&environment, &join);
    let text =
        |at: usize| words(shares[at].split("Write down").next().unwrap_or_default()).join(" ");
    session.until_hidden("The words of a share (input hidden):");
    session.type_in(&format!("{}\n", text(0)));
    session.until_hidden("Share 2 of the 2 that are needed (input hidden):");
    let second = text(2);
    let mut wrong: Vec<&str> = second.split(' ').collect();
    let right = wrong[3];
    wrong[3] = "zeros";
    session.type_in(&format!("{}\n", wrong.join(" ")));
    session.until("word 4 is not in the SLIP-39 word list");
    session.until_hidden("Word 4, or all words again (input hidden):");
    session.type_in(&format!("{right}\n"));
    let (end, status) = session.end();
    assert!(status.success() && end.contains(&recipient()), "{end:?}");
    assert!(!end.contains(right), "{end:?}");
    assert_eq!(
        environment.read("restored.txt").lines().last(),
        Some(&*identity())
    );
}
