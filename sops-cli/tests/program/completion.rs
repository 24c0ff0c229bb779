//! Completion in real shells: keys are typed into an interactive shell on a pseudo-terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use sops_test_support::environment::{TestEnvironment, other_recipient, program, recipient};

/// A shell: its arguments, and the lines that load the completion and print the arguments of each
/// call.
struct Shell {
    name: &'static str,
    arguments: &'static [&'static str],
    setup: &'static [&'static str],
}

const BASH: Shell = Shell {
    name: "bash",
    arguments: &["--norc", "--noprofile", "-i"],
    setup: &[
        "source <(PROGRAM completion bash)",
        "PROGRAM() { printf '<%s>' \"$@\"; printf '\\n'; }",
    ],
};

const ZSH: Shell = Shell {
    name: "zsh",
    arguments: &["-f", "-i"],
    setup: &[
        "autoload -Uz compinit && compinit -u -D",
        "source <(command PROGRAM completion zsh)",
        "PROGRAM() { printf '<%s>' \"$@\"; printf '\\n'; }",
    ],
};

const FISH: Shell = Shell {
    name: "fish",
    arguments: &["--no-config", "-i"],
    setup: &[
        "PROGRAM completion fish | source",
        "function PROGRAM; printf '<%s>' $argv; printf '\\n'; end",
    ],
};

impl Shell {
    /// The arguments with which the shell calls the program after these keys and Enter.
    fn typed(&self, environment: &TestEnvironment, name: &str, keys: &str) -> String {
        let directory = environment.home().join("bin");
        let _ = std::fs::create_dir(&directory);
        let _ = std::os::unix::fs::symlink(program(), directory.join(name));
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)
            .expect("a pseudo-terminal can be opened");
        grantpt(&ours).expect("the terminal can be prepared");
        unlockpt(&ours).expect("the terminal can be prepared");
        let terminal = ptsname(&ours, Vec::new()).expect("the terminal has a name");
        let theirs = open(&terminal, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
            .expect("the terminal can be opened");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [directory.as_os_str(), &path].join(":".as_ref());
        let end = || Stdio::from(theirs.try_clone().expect("few files are open"));
        let mut command = environment.command_of(Path::new("setsid"), &["--ctty", "--wait"]);
        command
            .arg(self.name)
            .args(self.arguments)
            .env("PATH", path)
            .env("TERM", "xterm")
            .env("INPUTRC", "/dev/null")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .process_group(0);
        let mut child = command.spawn().expect("`setsid` is on the PATH");
        drop((command, theirs));
        let pid = Pid::from_child(&child);
        // A shell that waits for more would keep the test waiting.
        let _watch = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(30));
            let _ = kill_process(pid, Signal::KILL);
        });
        let mut ours = File::from(ours);
        let mut seen = String::new();
        for line in self.setup {
            say(&mut ours, &format!("{}\n", line.replace("PROGRAM", name)));
        }
        say(&mut ours, "echo re\"\"ady\n");
        read_until(&mut ours, &mut seen, "ready\r\n");
        seen.clear();
        // The keys wait in the terminal until the shell has answered each TAB.
        say(&mut ours, &format!("{name} {keys}"));
        say(&mut ours, "\n");
        read_until(&mut ours, &mut seen, ">\r\n");
        say(&mut ours, "exit\n");
        let _ = kill_process(pid, Signal::HUP);
        let _ = child.wait();
        let printed = seen.lines().find_map(|line| {
            let start = line.find('<')?;
            line[start..]
                .ends_with('>')
                .then(|| line[start..].to_owned())
        });
        printed.unwrap_or_else(|| panic!("{} {keys:?}: {seen:?}", self.name))
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn say(terminal: &mut File, keys: &str) {
    terminal
        .write_all(keys.as_bytes())
        .expect("the shell reads");
}

fn read_until(terminal: &mut File, seen: &mut String, end: &str) {
    let mut buffer = [0; 4096];
    while !seen.contains(end) {
        match terminal.read(&mut buffer) {
            Ok(length @ 1..) => *seen += &String::from_utf8_lossy(&buffer[..length]),
            _ => panic!("the shell ended: {seen:?}"),
        }
    }
}

fn check(shell: &Shell) {
    // CI has these programs; another computer may not.
    if !is_installed("setsid") || !is_installed(shell.name) {
        eprintln!("{} is not installed", shell.name);
        return;
    }
    let environment = TestEnvironment::new();
    environment.encrypt("e.yaml", "data:\n  password: x\n  user: y\nlist: [1, 2]\n");
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: {}}}]\n", other_recipient()),
    );
    let second = other_recipient();
    for (keys, expected) in [
        ("decr\te.y\t", "<decrypt><e.yaml>"),
        ("groups ad\t--fi\te.y\t", "<groups><add><--file><e.yaml>"),
        (
            "decrypt --output-t\tdot\te.yaml",
            "<decrypt><--output-type><dotenv><e.yaml>",
        ),
        (
            "decrypt --output-type=js\te.yaml",
            "<decrypt><--output-type=json><e.yaml>",
        ),
        (
            "set e.yaml '[\"data\"][\"p\t1",
            "<set><e.yaml><[\"data\"][\"password\"]><1>",
        ),
        (
            &format!("encrypt --age {}\tp.yaml", &second[..12]),
            &format!("<encrypt><--age><{second}><p.yaml>"),
        ),
        (
            &format!("encrypt --age {}\tp.yaml", &recipient()[..12]),
            &format!("<encrypt><--age><{}><p.yaml>", recipient()),
        ),
        (
            "encrypt --encrypted-regex '^(da\tp.yaml",
            "<encrypt><--encrypted-regex><^(data|stringData)$><p.yaml>",
        ),
    ] {
        let called = shell.typed(&environment, "sops-rs", keys);
        assert_eq!(called, expected, "{} {keys:?}", shell.name);
    }
    let called = shell.typed(&environment, "sops", "decr\te.y\t");
    assert_eq!(called, "<decrypt><e.yaml>", "{}", shell.name);
}

#[test]
fn bash_completes_commands_flags_values_and_files() {
    check(&BASH);
}

#[test]
fn zsh_completes_commands_flags_values_and_files() {
    check(&ZSH);
}

#[test]
fn fish_completes_commands_flags_values_and_files() {
    check(&FISH);
}

/// The order for the scripts: commands come first, then file names, then flags.
#[test]
fn commands_come_before_flags() {
    let environment = TestEnvironment::without_key();
    for question in [
        &["__complete", "bash", "sops-rs ", ""][..],
        &["__complete", "fish", ""],
    ] {
        let run = environment.run(question).succeeds();
        let at = |word: &str| run.stdout.lines().position(|line| line.starts_with(word));
        assert_eq!(at("files"), Some(0), "{run}");
        assert!(
            at("encrypt") < at("man") && at("man") < at("--config"),
            "{run}"
        );
    }
}

#[test]
fn scripts_register_the_name_of_the_program() {
    let environment = TestEnvironment::without_key();
    for (shell, registered) in [
        ("bash", "-F _sops_complete sops\n"),
        ("zsh", "compdef _sops_complete sops\n"),
        ("fish", "complete -c sops "),
        ("elvish", "completion:arg-completer[sops]"),
        ("powershell", "-CommandName 'sops'"),
    ] {
        let run = environment.run(&["completion", shell]).succeeds();
        let own = registered.replace("sops", "sops-rs");
        assert!(run.stdout.contains(&own), "{shell}: {run}");
        let mut command = environment.command(&["completion", shell]);
        command.arg0("sops");
        let run = environment.finish(command).succeeds();
        assert!(run.stdout.contains(registered), "{shell}: {run}");
        assert!(!run.stdout.contains("PROGRAM"), "{shell}: {run}");
    }
}
