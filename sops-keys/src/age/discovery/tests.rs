use std::fs;

use tempfile::TempDir;

use super::*;
use crate::age::generate_x25519;

const KEYS: &str = include_str!("../../../../testdata/keys/x25519.txt");
const OTHER: &str = include_str!("../../../../testdata/keys/x25519_other.txt");

/// A home directory, and variables that name it.
struct Home {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().to_str().unwrap().to_owned();
        let variables =
            ["HOME", "USERPROFILE", "AppData"].map(|name| (name.to_owned(), path.clone()));
        Self {
            directory,
            variables: variables.to_vec(),
        }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file with mode 0600 and returns its path.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path.to_str().unwrap().to_owned()
    }

    fn environment(&self) -> Environment {
        Environment::new(self.variables.clone())
    }

    fn identities(&self) -> Identities {
        Identities::from_environment(self.environment())
    }

    /// The report on the source whose name begins with this text.
    fn held(&self, name: &str) -> String {
        let sources = self.identities().sources();
        let source = sources
            .into_iter()
            .find(|source| source.name.starts_with(name));
        source.unwrap().held.to_string()
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[test]
#[cfg(feature = "ssh")]
fn sources_are_read_in_the_order_of_sops() {
    let home = Home::new();
    let names: Vec<String> = home
        .identities()
        .sources()
        .into_iter()
        .map(|source| source.name)
        .collect();
    let path = |name: &str| home.directory.path().join(name).display().to_string();
    assert_eq!(names[2..4], [path(".ssh/id_ed25519"), path(".ssh/id_rsa")]);
    assert_eq!(
        names[7..],
        [home.environment().key_file().unwrap().display().to_string()]
    );
    let variables = [SSH_KEY_FILE, SSH_KEY_CMD, KEY, KEY_FILE, KEY_CMD];
    assert_eq!([&names[..2], &names[4..7]].concat(), variables);
}

#[test]
fn keys_come_from_every_source() {
    let home = Home::new();
    let file = home.write("a.txt", KEYS);
    let config = home.environment().key_file().unwrap();
    home.write(
        config
            .strip_prefix(home.directory.path())
            .unwrap()
            .to_str()
            .unwrap(),
        OTHER,
    );
    let third = generate_x25519();
    let third_file = third.key_file("now");
    let home = home
        .set(KEY_FILE, &file)
        .set(KEY, &third_file.replace('\n', "\r\n"));
    let recipients = home.identities().recipients();
    let public = |text: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "));
        line.unwrap().to_owned()
    };
    let recipients: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    assert_eq!(
        recipients,
        [public(&third_file), public(KEYS), public(OTHER)]
    );
}

#[test]
fn an_unusable_source_is_reported_and_does_not_affect_others() {
    let directory = TempDir::new().unwrap();
    let missing = directory
        .path()
        .join("missing")
        .to_str()
        .unwrap()
        .to_owned();
    let home = Home::new();
    let malformed = home.write("malformed", &format!("{KEYS}garbage"));
    let empty = home.write("empty", "# nothing\n");
    for (name, value, held) in [
        (KEY_FILE, missing.as_str(), "no such file"),
        (KEY_FILE, "", "not set"),
        (
            KEY_FILE,
            directory.path().to_str().unwrap(),
            "cannot be read: a directory",
        ),
        (
            KEY_FILE,
            &malformed,
            "line 5: not an age identity, which begins with `AGE-SECRET-KEY-` or `AGE-PLUGIN-`",
        ),
        (
            KEY_FILE,
            KEYS.lines().last().unwrap(),
            "this is a private key, not the name of a file; put keys into SOPS_AGE_KEY",
        ),
        (KEY_FILE, &empty, "contains no keys"),
        (KEY, "", "not set"),
        (KEY, " ", "contains no keys"),
        (
            KEY,
            "AGE-SECRET-KEY-1",
            "line 1: the private key is incomplete: it must have 74 characters",
        ),
        (KEY_CMD, "", "not set"),
        (KEY_CMD, " # nothing", "the command is empty"),
        (KEY_CMD, "echo 'x", "the command has an unclosed quote"),
        (KEY_CMD, "echo x", "a command, not run"),
    ] {
        let home = Home::new().set(name, value);
        let config = home.environment().key_file().unwrap();
        home.write(
            config
                .strip_prefix(home.directory.path())
                .unwrap()
                .to_str()
                .unwrap(),
            KEYS,
        );
        assert_eq!(home.held(name), held, "{name}={value}");
        assert_eq!(home.identities().recipients().len(), 1);
    }
}

#[test]
#[cfg(feature = "ssh")]
fn ssh_keys_are_found_in_their_default_files() {
    let home = Home::new();
    home.write(
        ".ssh/id_ed25519",
        include_str!("../../../../testdata/keys/ssh_ed25519"),
    );
    home.write(".ssh/id_rsa", "nothing of use");
    assert_eq!(home.identities().recipients().len(), 1);
    let path = |name: &str| home.directory.path().join(name).display().to_string();
    assert_eq!(
        home.held(&path(".ssh/id_ed25519")),
        "1 key (ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID7c2nabV9RErBkplcSh12Qq0TT4IR35ItcGO4pOiv0G)"
    );
    assert_eq!(
        home.held(&path(".ssh/id_rsa")),
        "a malformed SSH private key"
    );
    assert_eq!(home.held(SSH_KEY_FILE), "not set");
}

#[test]
fn key_files_are_listed_and_can_be_excluded() {
    let home = Home::new();
    let file = home.write("named.txt", OTHER);
    let config = home.environment().key_file().unwrap();
    let inside = config.strip_prefix(home.directory.path()).unwrap();
    home.write(inside.to_str().unwrap(), KEYS);
    let home = home.set(KEY_FILE, &file);
    let files = key_files(&home.environment());
    assert!(files.contains(&config) && files.contains(&PathBuf::from(&file)));
    assert_eq!(home.identities().recipients().len(), 2);
    let other_name = home.directory.path().join("same");
    fs::hard_link(&config, &other_name).unwrap();
    for name in [&config, &other_name] {
        let environment = home.environment().without_file(name);
        let left = Identities::from_environment(environment).recipients();
        assert_eq!(left.len(), 1);
        assert!(OTHER.contains(&left[0].to_string()));
    }
}

#[test]
#[cfg(unix)]
fn a_key_file_that_others_can_read_gets_a_warning() {
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        let home = Home::new();
        let file = home.write("keys.txt", KEYS);
        set_mode(Path::new(&file), mode);
        let home = home.set(KEY_FILE, &file);
        let identities = home.identities();
        assert!(identities.warnings().is_empty(), "nothing was read yet");
        assert_eq!(identities.recipients().len(), 1);
        assert_eq!(!identities.warnings().is_empty(), warned, "{mode:o}");
    }
    // This file has no keys.
    let home = Home::new();
    let file = home.write("keys.txt", "# nothing\n");
    set_mode(Path::new(&file), 0o644);
    let identities = home.set(KEY_FILE, &file).identities();
    assert!(identities.recipients().is_empty());
    assert!(identities.warnings().is_empty());
    // This file is protected by a passphrase.
    let home = Home::new();
    let file = home.write(
        "keys.age",
        include_str!("../../../../testdata/keys/encrypted.age"),
    );
    set_mode(Path::new(&file), 0o644);
    let home = home.set(KEY_FILE, &file);
    let identities = home.identities();
    assert!(identities.recipients().is_empty());
    assert!(identities.warnings().is_empty());
}

#[test]
#[cfg(all(unix, feature = "ssh"))]
fn an_unused_ssh_key_causes_no_warning() {
    let home = Home::new();
    let key = include_str!("../../../../testdata/keys/ssh_ed25519");
    let file = home.write(".ssh/id_ed25519", key);
    set_mode(Path::new(&file), 0o644);
    let home = home.set(KEY, KEYS);
    let identities = home.identities();
    let pair = generate_x25519();
    assert!(
        identities
            .unwrap("", &pair.recipient.wrap(b"x").unwrap())
            .unwrap()
            .is_none()
    );
    assert!(identities.warnings().is_empty());
    let ours = identities.recipients().pop().unwrap();
    assert!(
        identities
            .unwrap("", &ours.wrap(b"x").unwrap())
            .unwrap()
            .is_some()
    );
    assert_eq!(identities.warnings().len(), 1);
}

#[test]
#[cfg(all(unix, feature = "ssh"))]
fn only_an_explicitly_named_key_file_may_be_a_pipe() {
    let home = Home::new();
    let config = home.environment().key_file().unwrap();
    let ssh = home.directory.path().join(".ssh/id_ed25519");
    for pipe in [&config, &ssh, &home.directory.path().join("named")] {
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, pipe, rustix::fs::Mode::RWXU).unwrap();
    }
    let named = home.directory.path().join("named");
    let writer = std::thread::spawn({
        let named = named.clone();
        move || fs::write(named, KEYS)
    });
    let home = home.set(KEY_FILE, named.to_str().unwrap());
    assert_eq!(home.identities().recipients().len(), 1);
    writer.join().unwrap().unwrap();
    let home = home.set(KEY_FILE, "/dev/zero");
    for (name, held) in [
        (
            config.to_str().unwrap(),
            "cannot be read: not a regular file",
        ),
        (ssh.to_str().unwrap(), "cannot be read: not a regular file"),
        (KEY_FILE, "cannot be read: 16 MiB or more"),
    ] {
        assert_eq!(home.held(name), held, "{name}");
    }
}

#[test]
#[cfg(unix)]
fn a_command_runs_once_per_recipient_and_only_when_needed() {
    let pair = generate_x25519();
    let (mine, other) = (pair.recipient.to_string(), generate_x25519().recipient);
    let home = Home::new();
    let keys = home.write("mine.txt", &pair.key_file("now"));
    let log = home.directory.path().join("log");
    let script = home.write(
        "script",
        &format!(
            "echo $SOPS_AGE_RECIPIENT >> {}; echo oops >&2; cat {keys}",
            log.display()
        ),
    );
    let path = std::env::var("PATH").unwrap();
    let home = home
        .set("PATH", &path)
        .set(KEY, KEYS)
        .set(KEY_CMD, &format!("sh '{script}' # prints it"));
    let ran = || fs::read_to_string(&log).unwrap_or_default();

    let identities = home.identities();
    let ready = identities.recipients().remove(0);
    assert!(
        identities
            .unwrap("", &ready.wrap(b"x").unwrap())
            .unwrap()
            .is_some()
    );
    assert_eq!(ran(), "");

    for _ in 0..2 {
        let enc = pair.recipient.wrap(b"x").unwrap();
        assert!(identities.unwrap(&mine, &enc).unwrap().is_some());
        assert!(
            identities
                .unwrap("unknown", &other.wrap(b"x").unwrap())
                .unwrap()
                .is_none()
        );
    }
    assert_eq!(ran(), format!("{mine}\nunknown\n"));
    // Two equal outputs count as one source.
    assert_eq!(identities.recipients().len(), 2);
    let commands = identities
        .sources()
        .into_iter()
        .filter(|source| source.name == KEY_CMD);
    assert_eq!(
        commands
            .map(|source| source.held.to_string())
            .collect::<Vec<_>>(),
        [format!("1 key ({mine})")]
    );
}

#[test]
#[cfg(all(unix, feature = "ssh"))]
fn a_command_for_an_ssh_key_runs_only_for_ssh_recipients() {
    let home = Home::new();
    let key = home.write("key", include_str!("../../../../testdata/keys/ssh_ed25519"));
    let path = std::env::var("PATH").unwrap();
    let home = home
        .set("PATH", &path)
        .set(SSH_KEY_CMD, &format!("cat {key}"));
    let identities = home.identities();
    let other = generate_x25519().recipient;
    assert!(
        identities
            .unwrap("", &other.wrap(b"x").unwrap())
            .unwrap()
            .is_none()
    );
    let held = || identities.sources()[1].held.to_string();
    assert_eq!(held(), "a command, not run");
    let ours = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID7c2nabV9RErBkplcSh12Qq0TT4IR35ItcGO4pOiv0G";
    let ours: crate::Recipient = ours.parse().unwrap();
    assert!(
        identities
            .unwrap("", &ours.wrap(b"x").unwrap())
            .unwrap()
            .is_some()
    );
    assert_eq!(held(), format!("1 key ({ours})"));
}

#[test]
#[cfg(unix)]
fn a_command_that_fails_is_not_shown() {
    let path = std::env::var("PATH").unwrap();
    for (line, held) in [
        ("AGE-SECRET-KEY-1XYZ", "the command cannot be run: "),
        (
            "sh -c 'echo AGE-SECRET-KEY-1XYZ; exit 3'",
            "the command failed: exit status: 3",
        ),
        (
            "echo AGE-SECRET-KEY-1XYZ",
            "line 1: the private key is incomplete: it must have 74 characters",
        ),
    ] {
        let home = Home::new().set("PATH", &path).set(KEY_CMD, line);
        let identities = home.identities();
        let enc = generate_x25519().recipient.wrap(b"x").unwrap();
        assert!(identities.unwrap("", &enc).unwrap().is_none());
        let source = identities
            .sources()
            .into_iter()
            .find(|source| source.name == KEY_CMD);
        let text = source.unwrap().held.to_string();
        assert!(text.starts_with(held) && !text.contains("XYZ"), "{text}");
    }
}
