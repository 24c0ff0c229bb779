//! Many files in one call on a terminal: a pseudo-terminal that `setsid` makes the controlling one,
//! so that Ctrl-C is a signal.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use sops_test_support::environment::{TestEnvironment, other_recipient, program, recipient};

const FILES: usize = 600;
const SIGINT: i32 = 2;

/// The terminal output of a run, and its exit status.
pub(crate) struct Shown {
    pub(crate) status: ExitStatus,
    pub(crate) bytes: String,
}

/// Runs the program on a terminal of 80 columns. Types the keys once it has written `at`.
fn run(environment: &TestEnvironment, arguments: &[&str], typed: Option<(&str, &[u8])>) -> Shown {
    run_program(environment, &environment.command(arguments), typed)
}

/// Like [`run`], with another program.
pub(crate) fn run_program(
    environment: &TestEnvironment,
    program: &Command,
    typed: Option<(&str, &[u8])>,
) -> Shown {
    let ours =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal can be opened");
    grantpt(&ours).expect("the terminal can be prepared");
    unlockpt(&ours).expect("the terminal can be prepared");
    let name = ptsname(&ours, Vec::new()).expect("the terminal has a name");
    let theirs = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
        .expect("the terminal can be opened");
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&theirs, size).expect("the file is a terminal");
    let mut command = environment.command_of("setsid".as_ref(), &["--ctty", "--wait"]);
    command.arg(program.get_program()).args(program.get_args());
    command.env("TERM", "xterm");
    let end = || Stdio::from(theirs.try_clone().expect("few files are open"));
    let mut child = command
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .expect("`setsid` is on the PATH");
    // Handles left in this process would keep the terminal open.
    drop((command, theirs));
    let mut ours = File::from(ours);
    let mut bytes = Vec::new();
    let mut typed = typed;
    let mut buffer = [0; 4096];
    // On Linux, reading fails once the other side has closed.
    while let Ok(length @ 1..) = ours.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..length]);
        if let Some((at, keys)) = typed
            && String::from_utf8_lossy(&bytes).contains(at)
        {
            ours.write_all(keys).expect("the terminal is open");
            typed = None;
        }
    }
    Shown {
        status: child.wait().expect("the process can be waited for"),
        bytes: String::from_utf8(bytes).expect("the output is UTF-8"),
    }
}

impl Shown {
    /// The lines that the screen shows at the end.
    fn screen(&self) -> Vec<String> {
        let mut lines = vec![Vec::new()];
        let (mut row, mut column) = (0, 0);
        let mut rest = self.bytes.chars();
        while let Some(character) = rest.next() {
            match character {
                '\r' => column = 0,
                '\n' => {
                    row += 1;
                    if row == lines.len() {
                        lines.push(Vec::new());
                    }
                }
                '\u{1b}' => {
                    let sequence: String = rest
                        .by_ref()
                        .skip(1)
                        .take_while(|character| !character.is_ascii_alphabetic())
                        .collect();
                    let end = self.final_of(&rest);
                    match (end, sequence.as_str()) {
                        ('K', "2") => lines[row].clear(),
                        ('A', count) => row -= count.parse::<usize>().unwrap_or(1),
                        ('m' | 'h' | 'l', _) => {}
                        other => panic!("an unknown sequence {other:?}"),
                    }
                }
                character => {
                    let line: &mut Vec<char> = &mut lines[row];
                    line.resize(line.len().max(column + 1), ' ');
                    line[column] = character;
                    column += 1;
                }
            }
        }
        let lines = lines.into_iter().map(|line| line.into_iter().collect());
        lines
            .map(|line: String| line.trim_end().to_owned())
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// The letter that ended a sequence, which is the character before the rest.
    fn final_of(&self, rest: &std::str::Chars<'_>) -> char {
        let before = &self.bytes[..self.bytes.len() - rest.as_str().len()];
        before.chars().next_back().unwrap_or_default()
    }
}

fn text(index: usize) -> String {
    format!("# file {index}\nkey: value {index}\nlist: [1, two, 3.0]\n")
}

fn name(index: usize) -> String {
    format!("apps/{index:03}.yaml")
}

fn with_files() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let rules = format!(
        "creation_rules: [{{path_regex: ^apps/, age: {}}}]\n",
        recipient()
    );
    environment.write(".sops.yaml", rules);
    for index in 0..FILES {
        environment.write(&name(index), text(index));
    }
    environment
}

/// Asserts that the directory contains only the files, each unchanged or completely encrypted.
/// Returns how many are encrypted.
fn encrypted_files(environment: &TestEnvironment) -> usize {
    let entries = fs::read_dir(environment.path("apps")).expect("the directory can be read");
    assert_eq!(entries.count(), FILES, "other files are left behind");
    let mut encrypted = 0;
    for index in 0..FILES {
        let now = environment.read(&name(index));
        if now != text(index) {
            assert!(now.contains("\nsops:\n"), "{now}");
            assert!(now.trim_end().contains("\n    version: "), "{now}");
            encrypted += 1;
        }
    }
    encrypted
}

#[test]
fn a_progress_bar_is_shown_while_files_are_processed_and_removed_afterwards() {
    let environment = with_files();
    // A message while the progress bar is shown: the other name of a hard link keeps the old file.
    fs::hard_link(
        environment.path(&name(300)),
        environment.path("linked.yaml"),
    )
    .expect("both paths are on one file system");
    for (command, expected) in [
        ("encrypt", "Files encrypted: 600"),
        ("rotate", "Files rotated: 600"),
        ("decrypt", "Files decrypted: 600"),
    ] {
        let shown = run(&environment, &[command, "-i", "apps"], None);
        let screen = shown.screen();
        assert!(shown.status.success(), "{screen:#?}");
        assert!(shown.bytes.contains("of 600 files"), "{screen:#?}");
        let (last, before) = screen.split_last().expect("something is said");
        assert_eq!(last, expected);
        match command {
            "encrypt" => {
                assert!(before.concat().contains("300.yaml"), "{screen:#?}");
                assert!(!before.concat().contains("of 600"), "{screen:#?}");
            }
            // Each file that is in plaintext now is named.
            "decrypt" => {
                let is_named = |line: &String| line.ends_with(": decrypted");
                assert!(
                    before.len() == 600 && before.iter().all(is_named),
                    "{screen:#?}"
                );
            }
            _ => assert!(before.is_empty(), "{screen:#?}"),
        }
    }
    assert_eq!(encrypted_files(&environment), 0);
    environment.write("apps/000.yaml", "a: [");
    let shown = run(&environment, &["encrypt", "-i", "apps"], None);
    let screen = shown.screen();
    assert_eq!(shown.status.code(), Some(2), "{screen:#?}");
    assert!(screen.iter().any(|line| line.contains("000.yaml")));
    assert_eq!(
        screen.last().map(String::as_str),
        Some("error: 1 of 600 files could not be encrypted")
    );
}

#[test]
fn files_whose_keys_are_up_to_date_are_counted() {
    let environment = with_files();
    run(&environment, &["encrypt", "-i", "apps"], None);
    let shown = run(&environment, &["updatekeys", "-y", "apps"], None);
    assert!(shown.status.success());
    let screen = shown.screen();
    assert_eq!(
        screen.last().map(String::as_str),
        Some(&*format!("{FILES} files are already up to date"))
    );
}

#[test]
fn changes_of_recipients_are_confirmed_once() {
    let both = format!("{},{}", recipient(), other_recipient());
    let other = other_recipient();
    for (words, question) in [
        (
            &["rotate", "-i", "--rm-age", &other, "apps"][..],
            "Change these 3 files?",
        ),
        (&["updatekeys", "apps"], "Change these 3 files?"),
        // The rule does not name the recipient who would get the new data keys.
        (&["rotate", "-i", "apps"], "Encrypt for them anyway?"),
    ] {
        for (answer, changes) in [(&b"n\n"[..], false), (b"y\n", true)] {
            let environment = TestEnvironment::new();
            let names = ["apps/a.yaml", "apps/b.yaml", "apps/c.yaml"];
            for name in names {
                environment.encrypt_with(name, "a: hunter2\n", &["--age", &both]);
            }
            let rules = format!("creation_rules: [{{age: {}}}]\n", recipient());
            environment.write(".sops.yaml", rules);
            let before = names.map(|name| environment.read(name));
            let shown = run(&environment, words, Some(("(y/n): ", answer)));
            let screen = shown.screen();
            assert_eq!(shown.bytes.matches("(y/n)").count(), 1, "{screen:#?}");
            assert!(shown.bytes.contains(question), "{screen:#?}");
            let short = format!("{}…{}", &other[..12], &other[other.len() - 6..]);
            let is_named = shown.bytes.contains(&other) || shown.bytes.contains(&short);
            assert!(is_named, "{screen:#?}");
            let after = names.map(|name| environment.read(name));
            assert_eq!(after != before, changes, "{screen:#?}");
            let is_shared = after.iter().any(|text| text.contains(&other));
            assert_eq!(is_shared, !changes || words == ["rotate", "-i", "apps"]);
        }
    }
}

#[test]
fn ctrl_c_leaves_each_file_old_or_new() {
    let mut ended = 0;
    for at in [" 1 of 600", " 200 of 600", " 3", " 5"] {
        let environment = with_files();
        for command in ["encrypt", "rotate", "decrypt"] {
            let before = encrypted_files(&environment);
            let keys = Some((at, &b"\x03"[..]));
            let shown = run(&environment, &[command, "-i", "apps"], keys);
            let screen = shown.screen();
            // The keys may have been typed too late.
            let is_ended =
                shown.status.signal() == Some(SIGINT) || shown.status.code() == Some(128 + SIGINT);
            assert!(is_ended || shown.status.success(), "{screen:#?}");
            ended += usize::from(is_ended);
            assert!(!screen.concat().contains(" of 600"), "{screen:#?}");
            let now = encrypted_files(&environment);
            match command {
                "encrypt" => assert!(now <= FILES),
                "rotate" => assert_eq!(now, before),
                _ => assert!(now <= before),
            }
        }
        environment.run(&["decrypt", "-i", "apps"]).succeeds();
        assert_eq!(encrypted_files(&environment), 0);
    }
    assert!(ended > 0, "the keys always came too late");
}

#[test]
fn there_is_no_progress_bar_without_a_terminal() {
    let environment = with_files();
    let run = environment.run(&["encrypt", "-i", "apps"]).succeeds();
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), FILES + 1, "{run}");
    assert!(
        lines[0].starts_with("apps/000.yaml: encrypted for age1"),
        "{run}"
    );
    assert_eq!(lines[FILES], "Files encrypted: 600");
}

#[test]
fn a_signal_at_a_passphrase_question_restores_the_echo_of_the_terminal() {
    let environment = TestEnvironment::without_key();
    environment.encrypt("x.yaml", "a: 1\n");
    let key = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/keys/encrypted.age"
    );
    let decrypt = format!(
        "SOPS_AGE_KEY_FILE='{key}' '{}' decrypt x.yaml",
        program().display()
    );
    let is_hidden = "until stty -a < /dev/tty | grep -q -e ' -echo '; do sleep 0.1; done";
    for (script, code) in [
        (format!("{decrypt}; echo code $?"), 128 + SIGINT),
        (
            format!("{decrypt} & {is_hidden}; kill -TERM $!; wait $!; echo code $?"),
            128 + 15,
        ),
        (
            format!("{decrypt} & {is_hidden}; kill -HUP $!; wait $!; echo code $?"),
            128 + 1,
        ),
    ] {
        // Before the program changes the modes, Ctrl-C is a signal to the shell too.
        let script = format!("trap : INT; {script}; stty -a < /dev/tty");
        let shell = environment.command_of("sh".as_ref(), &["-c", &script]);
        let typed = (code == 128 + SIGINT).then_some(("assphrase", &b"\x03"[..]));
        let shown = run_program(&environment, &shell, typed);
        assert!(
            shown.bytes.contains(&format!("code {code}\r\n")),
            "{script}: {}",
            shown.bytes
        );
        let settings = shown.bytes.rsplit("code ").next().unwrap_or_default();
        assert!(settings.contains(" echo "), "{script}: {}", shown.bytes);
        assert!(settings.contains(" icanon "), "{script}: {}", shown.bytes);
    }
}

#[test]
fn a_key_with_a_passphrase_is_created_and_asked_for() {
    const ASKED: &str = "Passphrase for the new key";
    let environment = TestEnvironment::new();
    let keys = environment.home().join(".config/sops/age/keys.txt");
    fs::remove_file(&keys).expect("the file can be removed");
    let differ = Some((ASKED, &b"correct horse\nbattery staple\n"[..]));
    let shown = run(&environment, &["init", "--passphrase"], differ);
    assert!(!shown.status.success(), "{}", shown.bytes);
    assert!(
        shown.bytes.contains("passphrases differ"),
        "{}",
        shown.bytes
    );
    assert!(!keys.exists() && !environment.path(".sops.yaml").exists());

    let equal = Some((ASKED, &b"correct horse\ncorrect horse\n"[..]));
    let shown = run(&environment, &["init", "--passphrase"], equal);
    assert!(shown.status.success(), "{}", shown.bytes);
    let text = fs::read_to_string(&keys).expect("the file exists");
    assert!(
        text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"),
        "{text}"
    );
    environment.write("x.yaml", "data: {a: hunter2}\n");
    environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    for (passphrase, said) in [
        (&b"wrong\nwrong\nwrong\n"[..], "incorrect passphrase"),
        (b"correct horse\n", "data: {a: hunter2}"),
        (b"wrong\ncorrect horse\n", "data: {a: hunter2}"),
    ] {
        let typed = Some(("Enter passphrase", passphrase));
        let shown = run(&environment, &["decrypt", "x.yaml"], typed);
        assert!(shown.bytes.contains(said), "{}", shown.bytes);
        let is_shown = shown.bytes.contains("hunter2");
        assert_eq!(is_shown, shown.status.success(), "{}", shown.bytes);
    }
}
