//! Setting up: keys and configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

#[test]
fn init_creates_a_working_key_and_configuration() {
    for (flags, prefix) in [(&["init"][..], "age1"), (&["init", "--pq"], "age1pq1")] {
        let environment = TestEnvironment::without_key();
        environment.run(flags).succeeds();
        let key_file = environment.home().join(".config/sops/age/keys.txt");
        let mode = |path: &std::path::Path| {
            fs::metadata(path)
                .expect("the file exists")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(&key_file), 0o600);
        assert_eq!(
            mode(key_file.parent().expect("the path has a parent directory")),
            0o700
        );
        let text = fs::read_to_string(&key_file).expect("the file can be read");
        let recipient = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .expect("the key file names the recipient");
        assert!(
            text.starts_with("# created: ") && recipient.starts_with(prefix),
            "{flags:?}"
        );
        assert!(environment.read(".sops.yaml").contains(recipient));

        environment.write("secret.yaml", "kind: Secret\nstringData:\n  a: hunter2\n");
        environment
            .run(&["encrypt", "-i", "secret.yaml"])
            .succeeds();
        let encrypted = environment.read("secret.yaml");
        assert!(
            encrypted.starts_with("kind: Secret\nstringData:\n  a: ENC["),
            "{encrypted}"
        );
        assert_eq!(
            environment.decrypt("secret.yaml"),
            "kind: Secret\nstringData:\n  a: hunter2\n"
        );
    }
}

#[test]
fn init_keeps_existing_files() {
    let environment = TestEnvironment::new();
    let key_file = environment.home().join(".config/sops/age/keys.txt");
    let key = fs::read(&key_file).expect("the file can be read");
    environment.write(".sops.yaml", "creation_rules: []\n");
    let run = environment.run(&["init"]).succeeds();
    assert!(run.stderr.contains(".sops.yaml already exists"), "{run}");
    assert_eq!(environment.read(".sops.yaml"), "creation_rules: []\n");
    assert_eq!(fs::read(&key_file).expect("the file can be read"), key);

    // A key of the wanted kind is missing. The file with the other keys does not change.
    fs::remove_file(environment.path(".sops.yaml")).expect("the file can be removed");
    let run = environment.run(&["init", "--pq"]).fails_with(1);
    assert!(run.stderr.contains("sops-rs keygen"), "{run}");
    assert_eq!(environment.names(), [""; 0]);
    assert_eq!(fs::read(&key_file).expect("the file can be read"), key);

    // A configuration above governs this directory too.
    environment.write(".sops.yaml", "creation_rules: []\n");
    fs::create_dir(environment.path("sub")).expect("the directory can be created");
    let mut command = environment.command(&["init"]);
    command.current_dir(environment.path("sub"));
    environment.finish(command).succeeds();
    assert!(!environment.path("sub/.sops.yaml").exists());
}

#[test]
fn init_names_the_root_and_other_configurations() {
    let environment = TestEnvironment::new();
    fs::create_dir(environment.path(".git")).expect("the directory can be created");
    fs::create_dir(environment.path("apps")).expect("the directory can be created");
    let mut command = environment.command(&["init"]);
    command.current_dir(environment.path("apps"));
    let run = environment.finish(command).succeeds();
    let root = fs::canonicalize(environment.path("")).expect("the path exists");
    let named = format!("the root of the repository is {}\n", root.display());
    assert!(run.stderr.contains(&named), "{run}");
    environment.write(".gitignore", "ignored\n");
    environment.write("ignored/.sops.yaml", "");
    let other = "were not changed: apps/.sops.yaml\n";
    // The second run finds its own configuration.
    for _ in 0..2 {
        let run = environment.run(&["init"]).succeeds();
        assert!(run.stderr.contains(other), "{run}");
        assert!(!run.stderr.contains("the root of"), "{run}");
    }
    let mut command = environment.command(&["init"]);
    command.current_dir(environment.path("apps"));
    let run = environment.finish(command).succeeds();
    assert!(!run.stderr.contains("Other"), "{run}");
}

#[test]
fn keygen_prints_a_key_or_writes_it_once() {
    let environment = TestEnvironment::without_key();
    for (flag, private) in [("", "AGE-SECRET-KEY-1"), ("--pq", "AGE-SECRET-KEY-PQ-1")] {
        let arguments: Vec<&str> = ["keygen", flag]
            .into_iter()
            .filter(|argument| !argument.is_empty())
            .collect();
        let run = environment.run(&arguments).succeeds();
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert!(
            lines[0].starts_with("# created: ") && lines[2].starts_with(private),
            "{flag}"
        );
        let recipient = lines[1]
            .strip_prefix("# public key: ")
            .expect("the line names the recipient");
        assert_eq!(run.stderr, format!("Public key: {recipient}\n"));
    }
    environment.run(&["keygen", "-o", "key.txt"]).succeeds();
    let key = environment.read("key.txt");
    assert!(key.contains("AGE-SECRET-KEY-1"));
    let mode = fs::metadata(environment.path("key.txt"))
        .expect("the file exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let run = environment.run(&["keygen", "-o", "key.txt"]).fails_with(3);
    assert!(run.stderr.contains("never overwritten"), "{run}");
    assert_eq!(environment.read("key.txt"), key);
}

#[test]
fn init_explains_an_existing_configuration() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    let second = other_recipient();
    for (text, code, says) in [
        (
            format!("creation_rules:\n- age: {recipient}\n"),
            0,
            "It names your recipient",
        ),
        (
            format!("creation_rules:\n- age: {second}  # not {recipient}\n"),
            0,
            "does not name your recipient",
        ),
        (
            format!("# {recipient}\n"),
            0,
            "does not name your recipient",
        ),
        (
            format!("# {recipient}\ncreation_rules: 1\n"),
            1,
            ".sops.yaml:2",
        ),
        (
            format!("# {recipient}\ncreation_rules: [\n"),
            1,
            ".sops.yaml",
        ),
    ] {
        environment.write(".sops.yaml", &text);
        let run = environment.run(&["init"]);
        assert_eq!(run.code, Some(code), "{text}: {run}");
        assert!(run.stderr.contains(says), "{text}: {run}");
        let output = [&*run.stdout, &run.stderr].concat();
        assert!(output.contains(&recipient), "{text}: {run}");
        assert_eq!(
            code == 1,
            run.stderr.contains("was not changed; fix it"),
            "{run}"
        );
        assert_eq!(environment.read(".sops.yaml"), text);
    }
}

#[test]
fn keygen_prints_the_recipients_of_keys() {
    let environment = TestEnvironment::new();
    environment.run(&["keygen", "-o", "key.txt"]).succeeds();
    let key = environment.read("key.txt");
    let line = key
        .lines()
        .nth(1)
        .and_then(|line| line.strip_prefix("# public key: "));
    let expected = format!("{}\n", line.expect("the key file names the recipient"));
    let run = environment.run(&["keygen", "-y", "key.txt"]).succeeds();
    assert_eq!(run.stdout, expected);
    let run = environment
        .run_with_input(&["keygen", "-y"], &key)
        .succeeds();
    assert_eq!((run.stdout, run.stderr), (expected, String::new()));
    let run = environment.run_with_input(&["keygen", "-y"], "AGE-SECRET-KEY-1XYZ\n");
    run.keeps(&["1XYZ"]).fails_with(1);
}

#[test]
fn a_key_is_added_to_the_key_file() {
    let environment = TestEnvironment::new();
    let key_file = environment.home().join(".config/sops/age/keys.txt");
    let old = fs::read_to_string(&key_file).expect("the file can be read");
    let run = environment.run(&["keygen", "--append"]).succeeds();
    assert_eq!(run.stdout, "");
    let new = fs::read_to_string(&key_file).expect("the file can be read");
    assert!(new.starts_with(&old) && new.matches("AGE-SECRET-KEY-1").count() == 2);
    let mode = fs::metadata(&key_file)
        .expect("the file exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // The newest key is the one for a new repository.
    let run = environment.run(&["init"]).succeeds();
    let recipients: Vec<&str> = new
        .lines()
        .filter_map(|line| line.strip_prefix("# public key: "))
        .collect();
    let config = environment.read(".sops.yaml");
    assert!(
        config.contains(recipients[1]) && !config.contains(recipients[0]),
        "{config}"
    );
    assert!(run.stderr.contains("the newest of your age keys"), "{run}");
}

#[test]
fn the_newest_key_is_the_one_that_was_created_last() {
    let environment = TestEnvironment::new();
    let key_file = environment.home().join(".config/sops/age/keys.txt");
    environment
        .run(&["keygen", "--output", "new.txt"])
        .succeeds();
    environment
        .run(&["keygen", "--output", "old.txt"])
        .succeeds();
    let new = environment.read("new.txt");
    let old = environment.read("old.txt");
    let old = format!(
        "# created: 2020-01-01T00:00:00+01:00\n{}",
        old.split_once('\n').expect("the text has lines").1
    );
    fs::write(&key_file, format!("{new}{old}")).expect("the file can be written");
    environment.run(&["init"]).succeeds();
    let recipient = new
        .lines()
        .nth(1)
        .and_then(|line| line.strip_prefix("# public key: "));
    let config = environment.read(".sops.yaml");
    assert!(
        config.contains(recipient.expect("the key file names the recipient")),
        "{config}"
    );
}

#[test]
fn a_private_key_on_standard_output_is_never_readable_by_others() {
    let environment = TestEnvironment::without_key();
    for (mode, content, expected, message) in [
        (0o644, "", 0o600, "readable only by you"),
        (0o600, "", 0o600, ""),
        (0o644, "old\n", 0o644, "warning: other users can read"),
    ] {
        environment.write("key.txt", content);
        let path = environment.path("key.txt");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .expect("the permissions can be changed");
        let file = fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("the file can be opened");
        let mut command = environment.command(&["keygen"]);
        command.stdout(file).stderr(std::process::Stdio::piped());
        let output = command
            .spawn()
            .expect("the program can be started")
            .wait_with_output()
            .expect("the process can be waited for");
        let stderr = String::from_utf8(output.stderr).expect("messages are UTF-8");
        assert!(
            output.status.success() && stderr.contains(message),
            "{stderr}"
        );
        let actual = fs::metadata(&path)
            .expect("the file exists")
            .permissions()
            .mode();
        assert_eq!(actual & 0o777, expected);
        assert_eq!(
            stderr.contains("only for you"),
            message.contains("only for you")
        );
    }
}

#[test]
fn init_encrypts_for_recipients_that_are_named() {
    let environment = TestEnvironment::without_key();
    let both = format!("{},{}", recipient(), other_recipient());
    environment.run(&["init", "--recipient", &both]).succeeds();
    let config = environment.read(".sops.yaml");
    assert!(config.contains(&recipient()) && config.contains(&other_recipient()));
    assert!(!environment.home().join(".config").exists());
    let identity = sops_test_support::environment::identity();
    let run = environment.run(&["init", "--recipient", &identity]);
    run.keeps(&[&identity]).fails_with(1);
}

#[test]
fn init_prints_the_line_that_a_colleague_sends() {
    let environment = TestEnvironment::without_key();
    let rule = format!("creation_rules:\n  - age:\n      - {}\n", recipient());
    environment.write(".sops.yaml", rule);
    let mut command = environment.command(&["init"]);
    command.env("USER", "ann b");
    let run = environment.finish(command).succeeds();
    let line = run
        .stdout
        .strip_prefix("sops-rs recipients add --update --name 'ann b' age1");
    assert!(line.is_some_and(|rest| rest.lines().count() == 1), "{run}");
    // The line works for someone who has access.
    let friend = TestEnvironment::new();
    friend.write(".sops.yaml", environment.read(".sops.yaml"));
    let added = run
        .stdout
        .trim()
        .rsplit(' ')
        .next()
        .expect("the line names the recipient");
    friend
        .run(&["recipients", "add", "--name", "ann b", added])
        .succeeds();
    assert!(
        friend
            .read(".sops.yaml")
            .ends_with(&format!("      - {added} # ann b\n"))
    );
    // Afterwards there is nothing to send.
    environment.write(".sops.yaml", friend.read(".sops.yaml"));
    let run = environment.run(&["init"]).succeeds();
    assert_eq!(run.stdout, "");
}

#[test]
fn init_offers_what_bots_need() {
    for (file, bot) in [
        ("renovate.json", "Renovate"),
        (".github/dependabot.yml", "Dependabot"),
        ("README.md", ""),
    ] {
        let environment = TestEnvironment::new();
        fs::create_dir(environment.path(".git")).expect("the directory can be created");
        environment.write(file, "{}");
        let run = environment.run(&["init"]).succeeds();
        assert_eq!(run.stderr.contains("You give up"), !bot.is_empty(), "{run}");
        assert!(
            run.stderr.contains(bot) && !environment.read(".sops.yaml").contains("mac_only"),
            "{run}"
        );
    }
    let environment = TestEnvironment::new();
    environment
        .run(&["init", "--mac-only-encrypted"])
        .succeeds();
    assert!(
        environment
            .read(".sops.yaml")
            .contains("    mac_only_encrypted: true\n")
    );
}

#[test]
fn init_writes_the_name_of_the_recipient() {
    let environment = TestEnvironment::new();
    environment.run(&["init", "--name", "ann"]).succeeds();
    let config = environment.read(".sops.yaml");
    assert!(
        config.ends_with(&format!("      - {} # ann\n", recipient())),
        "{config}"
    );
    let both = format!("{},{}", recipient(), other_recipient());
    let run = environment.run(&["init", "--name", "ann", "--recipient", &both]);
    assert!(
        run.fails_with(8)
            .stderr
            .contains("`--name` is for one recipient")
    );
}

#[test]
fn recipients_of_a_protected_key_need_its_passphrase() {
    let environment = TestEnvironment::without_key();
    let key = include_str!("../../../testdata/keys/encrypted.age");
    environment.write("protected.txt", key);
    // Without a terminal, no one can be asked.
    let arguments = ["--wait", "sops-rs", "keygen", "-y", "protected.txt"];
    let program = sops_test_support::environment::program();
    let mut command = environment.command_of("setsid".as_ref(), &arguments[..1]);
    command.arg(program).args(&arguments[2..]);
    let run = environment.finish(command).fails_with(1);
    let stderr = run.stderr.replace('\n', " ");
    assert!(
        stderr.contains("protected.txt is protected with a passphrase, which was not entered"),
        "{run}"
    );
}
