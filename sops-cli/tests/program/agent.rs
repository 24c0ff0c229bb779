//! The agent: keys that are unlocked once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_recipient, program, recipient,
};
use sops_test_support::server::VaultServer;
use sops_test_support::server::vault::ROOT;

/// A plugin whose stanzas contain the file key in plaintext, and which decrypts them only for the
/// PIN 1234.
const PLUGIN: &str = r#"#!/bin/sh
body=
line() { IFS= read -r line; }
case $1 in
--age-plugin=recipient-v1)
    while line; do
        case $line in
        '-> wrap-file-key') line; body=$line ;;
        '-> done') line; break ;;
        esac
    done
    printf -- '-> recipient-stanza 0 fake\n%s\n' "$body"; line; line ;;
--age-plugin=identity-v1)
    while line; do
        case $line in
        '-> recipient-stanza 0 fake') line; body=$line ;;
        '-> done') line; break ;;
        esac
    done
    printf -- '-> request-secret\nUElO\n'; line; line
    if [ "$line" = MTIzNA ]; then
        printf -- '-> file-key 0\n%s\n' "$body"; line; line
    else
        printf -- '-> error identity 0\nd3JvbmcgUElO\n'; line; line
    fi ;;
esac
printf -- '-> done\n\n'
"#;
const PLUGIN_IDENTITY: &str = "AGE-PLUGIN-FAKE-18YX8DC";
const PLUGIN_RECIPIENT: &str = "age1fake1f3suk7";

/// A user with a runtime directory, a plugin, and a program that answers questions.
struct User {
    environment: TestEnvironment,
}

impl User {
    fn new(environment: TestEnvironment) -> Self {
        let user = Self { environment };
        fs::create_dir(user.home("run")).unwrap();
        fs::set_permissions(user.home("run"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(user.home("bin")).unwrap();
        user.program("bin/age-plugin-fake", PLUGIN);
        user.answers("1234");
        user
    }

    fn home(&self, name: &str) -> PathBuf {
        self.environment.home().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        fs::write(self.home(name), text).unwrap();
        fs::set_permissions(self.home(name), fs::Permissions::from_mode(0o700)).unwrap();
    }

    /// Gives this answer to each question from now on, and records the questions.
    fn answers(&self, answer: &str) {
        let questions = self.home("questions");
        let questions = questions.display();
        let text = format!(
            "#!/bin/sh\necho \"$SSH_ASKPASS_PROMPT $1\" >> '{questions}'\necho '{answer}'\n[ '{answer}' != no ]\n"
        );
        self.program("bin/askpass", &text);
    }

    fn questions(&self) -> Vec<String> {
        let text = fs::read_to_string(self.home("questions")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The program, without a terminal to ask on.
    fn command(&self, arguments: &[&str]) -> Command {
        let program = program();
        let program = program.to_str().expect("the path is UTF-8");
        let arguments = [&["--wait", program], arguments].concat();
        let mut command = self.environment.command_of("setsid".as_ref(), &arguments);
        let path = std::env::var("PATH").expect("there is a PATH");
        command
            .env("XDG_RUNTIME_DIR", self.home("run"))
            .env("SSH_ASKPASS", self.home("bin/askpass"))
            .env("PATH", format!("{}:{path}", self.home("bin").display()));
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.environment.finish(self.command(arguments))
    }

    /// Runs the program as someone who has no keys of their own, and cannot be asked.
    fn run_without_keys(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        command
            .env("HOME", "/nonexistent")
            .env_remove("SOPS_AGE_KEY_FILE");
        command.env_remove("SOPS_AGE_KEY").env_remove("SSH_ASKPASS");
        self.environment.finish(command)
    }

    fn status(&self) -> Value {
        let run = self.run(&["agent", "status", "--json"]);
        serde_json::from_str(&run.stdout).expect("the status is JSON")
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // Most tests stop the agent themselves.
        let _ = self.command(&["agent", "stop"]).output();
    }
}

#[test]
fn the_agent_decrypts_for_other_programs_until_it_is_locked() {
    let user = User::new(TestEnvironment::new());
    user.environment.encrypt("a.yaml", "a: hunter2\n");
    user.run_without_keys(&["decrypt", "a.yaml"])
        .fails_with(128);

    let start = user.run(&["agent", "start"]).succeeds();
    let socket = user.home("run/sops-rs/agent.sock");
    let address = format!("unix://{}", socket.display());
    assert_eq!(start.stdout, format!("export SOPS_KEYSERVICE={address}\n"));
    let mode = fs::metadata(socket.parent().unwrap())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let run = user.run_without_keys(&["decrypt", "a.yaml"]).succeeds();
    assert_eq!(run.stdout, "a: hunter2\n");
    let status = user.status();
    assert_eq!(status["locked"], false);
    assert_eq!(status["requests"], 1);
    assert!(
        status["keys"][0].as_str().unwrap().contains("age1"),
        "{status}"
    );
    // Starting it again changes nothing.
    let again = user.run(&["agent", "start"]).succeeds();
    assert!(again.stderr.contains("already running"), "{again}");
    assert_eq!(user.status()["pid"], status["pid"]);

    user.run(&["agent", "lock"]).succeeds();
    let status = user.run(&["agent", "status"]);
    assert_eq!(status.code, Some(1), "{status}");
    assert!(status.stdout.contains("agent: locked"), "{status}");
    let run = user
        .run_without_keys(&["decrypt", "a.yaml"])
        .fails_with(128);
    assert!(run.stderr.contains("the agent is locked"), "{run}");
    // The user's own keys need no agent.
    assert_eq!(
        user.run(&["decrypt", "a.yaml"]).succeeds().stdout,
        "a: hunter2\n"
    );

    user.run(&["agent", "start"]).succeeds();
    user.run_without_keys(&["decrypt", "a.yaml"]).succeeds();
    user.run(&["agent", "stop"]).succeeds();
    user.run(&["agent", "stop"]).fails_with(1);
    let run = user
        .run_without_keys(&["decrypt", "a.yaml"])
        .fails_with(128);
    assert!(!run.stderr.contains(&identity()), "{run}");
}

#[test]
fn a_plugin_asks_once_for_a_hundred_files() {
    let user = User::new(TestEnvironment::without_key());
    user.environment.write("keys.txt", PLUGIN_IDENTITY);
    let keys = user.environment.path("keys.txt");
    let keys = keys.to_str().unwrap();
    for index in 0..100 {
        user.environment
            .write(&format!("{index}.yaml"), format!("a: {index}\n"));
    }
    let names: Vec<String> = (0..100).map(|index| format!("{index}.yaml")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let encrypt = [&["encrypt", "--age", PLUGIN_RECIPIENT, "-i"], &names[..]].concat();
    user.run(&encrypt).succeeds();
    assert_eq!(user.questions(), Vec::<String>::new());

    let mut start = user.command(&["agent", "start"]);
    start.env("SOPS_AGE_KEY_FILE", keys);
    user.environment.finish(start).succeeds();
    let decrypt = [&["decrypt", "-i"], &names[..]].concat();
    user.run_without_keys(&decrypt).succeeds();
    for index in 0..100 {
        assert_eq!(
            user.environment.read(&format!("{index}.yaml")),
            format!("a: {index}\n")
        );
    }
    assert_eq!(user.questions().len(), 1, "{:?}", user.questions());
    user.run(&["agent", "stop"]).succeeds();
    assert!(!user.home("run/sops-rs/agent.sock").exists());
}

#[test]
fn a_wrong_answer_is_not_sent_again() {
    let user = User::new(TestEnvironment::without_key());
    user.answers("0000");
    user.environment.write("keys.txt", PLUGIN_IDENTITY);
    user.environment.write("a.yaml", "a: 1\n");
    user.run(&["encrypt", "--age", PLUGIN_RECIPIENT, "-i", "a.yaml"])
        .succeeds();
    let mut start = user.command(&["agent", "start"]);
    start.env("SOPS_AGE_KEY_FILE", user.environment.path("keys.txt"));
    let start = user.environment.finish(start).succeeds();
    assert!(start.stderr.contains("wrong PIN"), "{start}");
    user.run_without_keys(&["decrypt", "a.yaml"])
        .fails_with(128);
    user.answers("1234");
    user.run_without_keys(&["decrypt", "a.yaml"]).succeeds();
    user.run_without_keys(&["decrypt", "a.yaml"]).succeeds();
    assert_eq!(user.questions().len(), 3, "{:?}", user.questions());
}

#[test]
fn confirmation_shows_the_recipient_and_can_refuse() {
    let user = User::new(TestEnvironment::new());
    user.environment.encrypt("a.yaml", "a: hunter2\n");
    user.run(&["agent", "start", "--confirm", "--cache", "1h"])
        .succeeds();
    user.run_without_keys(&["decrypt", "a.yaml"]).succeeds();
    user.answers("no");
    let run = user
        .run_without_keys(&["decrypt", "a.yaml"])
        .fails_with(128);
    assert!(run.stderr.contains("the request was rejected"), "{run}");
    let questions = user.questions();
    assert_eq!(questions.len(), 2, "{questions:?}");
    for question in questions {
        let wanted = format!("confirm A request to decrypt with age {}", recipient());
        assert!(question.starts_with(&wanted), "{question}");
    }
}

#[test]
fn keys_are_forgotten_after_their_time() {
    let user = User::new(TestEnvironment::new());
    user.run(&["agent", "start", "--idle", "1ms"]).succeeds();
    wait_until(|| user.status()["locked"] == true);
    user.run(&["agent", "stop"]).succeeds();
    user.run(&["agent", "start", "--lifetime", "300ms"])
        .succeeds();
    wait_until(|| user.status()["running"] == false);
    // The agent stops listening before it removes the socket.
    wait_until(|| !user.home("run/sops-rs/agent.sock").exists());
}

/// Fails if the condition does not become true within a minute.
fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it did not happen"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_agent_needs_keys_and_a_private_directory() {
    let user = User::new(TestEnvironment::without_key());
    let run = user.run(&["agent", "start"]).fails_with(1);
    assert!(run.stderr.contains("no private key is unlocked"), "{run}");
    let run = user.run(&["agent", "lock"]).fails_with(1);
    assert!(run.stderr.contains("no agent is running"), "{run}");
    let directory = user.home("run/sops-rs");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let run = user.run(&["agent", "start"]).fails_with(3);
    assert!(run.stderr.contains("other users can enter it"), "{run}");
}

/// A repository names the server, and the agent has the user's token.
#[test]
fn a_repository_cannot_collect_tokens_through_the_agent() {
    let user = User::new(TestEnvironment::new());
    let server = VaultServer::start();
    user.environment.write("d/a.yaml", "a: hunter2\n");
    let key = server.key("transit/sops");
    let encrypt = ["encrypt", "-i", "--hc-vault-transit", &key, "d/a.yaml"];
    let mut encrypt = user.command(&encrypt);
    encrypt.env("VAULT_TOKEN", ROOT);
    user.environment.finish(encrypt).succeeds();
    let mut start = user.command(&["agent", "start"]);
    start.env("VAULT_TOKEN", ROOT);
    let line = user.environment.finish(start).succeeds().stdout;
    let address = line.trim().strip_prefix("export SOPS_KEYSERVICE=").unwrap();
    let before = server.http.connections();
    let run = |words: &[&str]| {
        let mut command = user.command(words);
        command.env("SOPS_KEYSERVICE", address);
        user.environment.finish(command)
    };
    let verified = run(&["verify", "d"]);
    assert_eq!(verified.code, Some(2), "{verified}");
    // Other programs call it like this, and pass on keys of all kinds.
    let alone = run(&["decrypt", "--enable-local-keyservice=false", "d/a.yaml"]).fails_with(128);
    let message = alone
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        message.contains("the agent has only age and PGP keys"),
        "{alone}"
    );
    assert_eq!(server.http.connections(), before);
}

#[test]
fn the_agent_can_be_locked_while_requests_wait_for_the_user() {
    let user = User::new(TestEnvironment::new());
    user.environment.encrypt("a.yaml", "a: hunter2\n");
    let gate = user.home("gate");
    let wait = format!(
        "#!/bin/sh\nwhile [ ! -e '{}' ]; do sleep 0.02; done\n",
        gate.display()
    );
    user.program("bin/askpass", &wait);
    user.run(&["agent", "start", "--confirm"]).succeeds();
    // More than the agent has threads.
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let mut command = user.command(&["decrypt", "a.yaml"]);
            command
                .env("HOME", "/nonexistent")
                .env_remove("SSH_ASKPASS");
            command.stdout(Stdio::piped()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    wait_until(|| user.status()["requests"].as_u64() >= Some(1));
    user.run(&["agent", "lock"]).succeeds();
    fs::write(&gate, "").unwrap();
    for child in waiting {
        let output = child.wait_with_output().unwrap();
        assert_ne!(output.status.code(), Some(0));
        assert_eq!(output.stdout, b"");
    }
}

/// These commands must never ask, so they use only keys that the agent has unlocked.
#[test]
fn commands_that_never_ask_use_an_unlocked_agent() {
    let user = User::new(TestEnvironment::new());
    user.environment.encrypt("a.yaml", "a: hunter2\n");
    let textconv = |expected: bool| {
        let run = user
            .run_without_keys(&["git", "textconv", "a.yaml"])
            .succeeds();
        assert_eq!(run.stdout == "a: hunter2\n", expected, "{run}");
    };
    textconv(false);
    user.run(&["agent", "start"]).succeeds();
    textconv(true);
    user.run_without_keys(&["verify", "a.yaml"]).succeeds();
    let run = user
        .run_without_keys(&["keys", "check", "a.yaml"])
        .succeeds();
    assert!(run.stdout.starts_with("ok  "), "{run}");
    let run = user.run_without_keys(&["whoami"]).succeeds();
    let expected = format!("{}\n  key in the agent\n", recipient());
    assert!(run.stdout.starts_with(&expected), "{run}");
    user.run(&["agent", "lock"]).succeeds();
    textconv(false);
    user.run_without_keys(&["whoami"]).fails_with(1);

    user.run(&["agent", "stop"]).succeeds();
    user.run(&["agent", "start", "--confirm"]).succeeds();
    textconv(false);
    assert_eq!(user.questions(), Vec::<String>::new());
}

/// The passphrase of `testdata/keys/encrypted.age`.
const PASSPHRASE: &str = "passphrase of the test key";

/// The recipient of its X25519 key.
const LOCKED: &str = "age1pcl3xy47svxvgh484gxc5q8pce9dd257nyc5jzhh0thp4nwepv2qaj4ghv";

#[test]
fn a_key_with_a_passphrase_is_recognized() {
    let user = User::new(TestEnvironment::without_key());
    let keys = user.home(".config/sops/age");
    fs::create_dir_all(&keys).unwrap();
    let key = include_str!("../../../testdata/keys/encrypted.age");
    fs::write(keys.join("keys.txt"), key).unwrap();
    user.environment.write("a.yaml", "a: hunter2\n");
    let whoami = user.run(&["whoami"]).fails_with(1);
    assert!(
        whoami.stderr.contains("is protected with a passphrase"),
        "{whoami}"
    );
    assert!(whoami.stderr.contains("`sops-rs agent start`"), "{whoami}");
    let init = user.run(&["init"]).fails_with(1);
    assert!(
        init.stderr.contains("is protected with a passphrase"),
        "{init}"
    );
    let encrypt = ["encrypt", "-i", "--age", &recipient(), "a.yaml"];
    user.run(&encrypt).succeeds();
    let closed = user.run(&["decrypt", "a.yaml"]).fails_with(128);
    assert!(
        closed.stderr.starts_with("error: ") && closed.stderr.contains("needs a passphrase"),
        "{closed}"
    );

    user.answers(PASSPHRASE);
    user.run(&["agent", "start"]).succeeds();
    let whoami = user.run(&["whoami"]).succeeds();
    assert!(whoami.stdout.contains("key in the agent"), "{whoami}");
    assert!(!whoami.stderr.contains("not unlocked"), "{whoami}");
    user.run(&["init"]).succeeds();
    let own = whoami.stdout.lines().next().unwrap();
    assert!(
        user.environment.read(".sops.yaml").contains("age1"),
        "{own}"
    );
    user.environment
        .write("b.yaml", "data: {a: aHVudGVyMg==}\n");
    user.run(&["encrypt", "-i", "b.yaml"]).succeeds();
    let shown = user.run(&["git", "textconv", "b.yaml"]).succeeds();
    assert_eq!(shown.stdout, "data: {a: aHVudGVyMg==}\n");
}

#[test]
fn a_locked_key_leaves_the_configuration_as_it_was() {
    let user = User::new(TestEnvironment::without_key());
    let keys = user.home(".config/sops/age");
    fs::create_dir_all(&keys).unwrap();
    let key = include_str!("../../../testdata/keys/encrypted.age");
    fs::write(keys.join("keys.txt"), key).unwrap();
    let config =
        format!("creation_rules:\n  - age:\n      - {LOCKED}\n      - {PLUGIN_RECIPIENT} # bob\n");
    user.environment.write(".sops.yaml", &config);
    for name in ["a.yaml", "b.yaml"] {
        user.environment.write(name, "a: hunter2\n");
        user.run(&["encrypt", "-i", name]).succeeds();
    }
    let encrypted = user.environment.read("a.yaml");
    let status = |expected: &str| {
        let run = user.run(&["status", "a.yaml"]).succeeds();
        assert!(run.stdout.contains(expected), "{run}");
    };
    status("a.yaml: you may be able to decrypt it; ");
    for command in [
        vec!["recipients", "remove", "--update", "--rotate", "bob"],
        vec!["recipients", "remove", "--update", "bob"],
        vec!["recipients", "add", "--update", &other_recipient()],
    ] {
        let run = user.run(&command).fails_with(128);
        assert!(run.stderr.contains("needs a passphrase"), "{run}");
        assert_eq!(user.environment.read(".sops.yaml"), config);
        assert_eq!(user.environment.read("a.yaml"), encrypted);
    }

    user.answers(PASSPHRASE);
    user.run(&["agent", "start"]).succeeds();
    status("a.yaml: you can decrypt it; ");
    user.run(&["recipients", "remove", "--update", "--rotate", "bob"])
        .succeeds();
    assert!(!user.environment.read(".sops.yaml").contains("bob"));
    assert_ne!(user.environment.read("a.yaml"), encrypted);
}

#[test]
fn a_user_without_keys_gets_the_next_step() {
    let user = User::new(TestEnvironment::new());
    user.environment.encrypt("a.yaml", "a: hunter2\n");
    let run = user
        .run_without_keys(&["decrypt", "a.yaml"])
        .fails_with(128);
    let message = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        message.contains("run `sops-rs init`, and send the line that it prints"),
        "{run}"
    );
    let run = user.run(&["agent", "start", "--idle", "30"]).fails_with(1);
    assert!(run.stderr.contains("`30m` for minutes"), "{run}");
}
