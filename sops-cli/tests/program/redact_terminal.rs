//! Secrets are kept out of what commands show on a terminal.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::retry_on_intr;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use sops_test_support::environment::{TestEnvironment, program};

/// A command on a terminal of its own.
pub(crate) struct Session {
    child: Child,
    terminal: File,
    shown: String,
}

impl Session {
    /// Starts the command in a new session on a terminal of 24 rows and 80 columns.
    pub(crate) fn start(environment: &TestEnvironment, command: &Command) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&terminal).expect("it is ours");
        unlockpt(&terminal).expect("it is ours");
        let name = ptsname(&terminal, Vec::new()).expect("it has a name");
        let other =
            open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it is unlocked");
        resize(&terminal, 80);
        let mut session = environment.command_of("setsid".as_ref(), &["--ctty", "--wait"]);
        session.args(["env", "--default-signal"]);
        session.arg(command.get_program()).args(command.get_args());
        session.env("TERM", "xterm").env("PS1", "% ");
        let end = || Stdio::from(other.try_clone().expect("few files are open"));
        session.stdin(end()).stdout(end()).stderr(end());
        let child = session.spawn().expect("`setsid` is on the PATH");
        Self {
            child,
            terminal: File::from(terminal),
            shown: String::new(),
        }
    }

    /// Starts the command with the values of `x.yaml`.
    fn with_values(environment: &TestEnvironment, command: &str) -> Self {
        let arguments = ["exec-env", "--redact", "x.yaml", command];
        Self::start(environment, &environment.command(&arguments))
    }

    /// Reads until the terminal shows the text, and returns everything up to it.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "no {text:?} in {:?}",
                self.shown
            );
            assert!(
                self.read() || self.shown.contains(text),
                "no {text:?} in {:?}",
                self.shown
            );
        }
    }

    /// Like [`Self::until`], for a question whose answer is not shown: waits until the terminal stops
    /// showing what is typed, which is after the question.
    #[track_caller]
    pub(crate) fn until_hidden(&mut self, question: &str) {
        self.until(question);
        let start = Instant::now();
        let is_shown = |terminal: &File| {
            let modes = tcgetattr(terminal).expect("it is a terminal").local_modes;
            modes.contains(LocalModes::ECHO)
        };
        while is_shown(&self.terminal) {
            assert!(start.elapsed() < Duration::from_secs(20), "{question:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reads once, and returns whether the terminal is still open.
    fn read(&mut self) -> bool {
        let wait = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        let mut ready = [PollFd::from_borrowed_fd(
            self.terminal.as_fd(),
            PollFlags::IN,
        )];
        let ready = retry_on_intr(|| poll(&mut ready, Some(&wait))).expect("it can be waited for");
        if ready == 0 {
            return true;
        }
        let mut buffer = [0; 4096];
        match retry_on_intr(|| rustix::io::read(&self.terminal, &mut buffer)) {
            Ok(length @ 1..) => {
                self.shown += &String::from_utf8_lossy(&buffer[..length]);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.terminal
            .write_all(keys.as_bytes())
            .expect("it is open");
    }

    /// The rest of the output, and the exit status.
    pub(crate) fn end(mut self) -> (String, ExitStatus) {
        let start = Instant::now();
        while self.read() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{:?}",
                self.shown
            );
        }
        let status = self.child.wait().expect("it ends");
        (std::mem::take(&mut self.shown), status)
    }
}

/// A failed test leaves no process running.
impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(terminal: impl AsFd, columns: u16) {
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("it is a terminal");
}

fn with_values() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "TOKEN: hunter2hunter2\nOTHER: abcdefghijkl\n");
    environment
}

#[test]
fn the_command_sees_a_terminal_and_values_are_masked() {
    let environment = with_values();
    let command = "test -t 0 && test -t 1 && test -t 2 && echo yes; stty size <&1; stty size <&2; echo \"$TOKEN\"; \
        echo \"$OTHER\" >&2; exit 3";
    let (shown, status) = Session::with_values(&environment, command).end();
    assert_eq!(shown, "yes\r\n24 80\r\n24 80\r\n***\r\n***\r\n");
    assert_eq!(status.code(), Some(3));
    // Only one stream is a terminal.
    let command = environment.command(&["exec-env", "--redact", "x.yaml"]);
    let script =
        "\"$0\" \"$@\" 'test -t 2 && ! test -t 1 && echo \"$TOKEN\" && echo \"$OTHER\" >&2' | cat";
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", script])
        .arg(command.get_program())
        .args(command.get_args());
    let (shown, _) = Session::start(&environment, &shell).end();
    let mut lines: Vec<&str> = shown.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["***", "***"], "{shown}");
}

#[test]
fn the_command_learns_the_new_size_of_the_window() {
    let environment = with_values();
    let command = "trap 'stty size <&1' WINCH; echo ready; while :; do sleep 0.05; done";
    let mut session = Session::with_values(&environment, command);
    session.until("ready\r\n");
    resize(&session.terminal, 133);
    session.until("24 133\r\n");
    session.type_in("\u{3}");
    assert_eq!(session.end().1.code(), Some(130));
}

#[test]
fn typed_letters_and_prompts_appear_at_once() {
    let environment = with_values();
    // A line editor: the command itself shows what is typed.
    let command = "stty -icanon -echo; printf '> '; while c=$(dd bs=1 count=1 2>/dev/null); do printf %s \"$c\"; done";
    let mut session = Session::with_values(&environment, command);
    session.until("> ");
    // Both letters are the beginning of a value.
    for key in ["h", "u", "x", "a", "b", "z"] {
        session.type_in(key);
        session.until(key);
    }
    session.type_in("hunter2hunter2.");
    let shown = session.until(".");
    assert!(!shown.contains("hunter2"), "{shown}");
    session.type_in("\u{3}");
    session.end();
}

#[test]
fn ctrl_c_reaches_the_command() {
    let environment = with_values();
    let command =
        "trap 'echo \"caught $TOKEN\"; exit 12' INT; echo ready; while :; do sleep 0.05; done";
    let mut session = Session::with_values(&environment, command);
    session.until("ready\r\n");
    session.type_in("\u{3}");
    session.until("caught ***\r\n");
    assert_eq!(session.end().1.code(), Some(12));
    let mut session = Session::with_values(&environment, "echo ready; exec sleep 60");
    session.until("ready\r\n");
    session.type_in("\u{3}");
    assert_eq!(session.end().1.code(), Some(130));
}

#[test]
fn ctrl_z_stops_the_command_until_the_shell_continues_it() {
    let environment = with_values();
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    let mut session = Session::start(&environment, &shell);
    session.until("% ");
    let command = "echo \"re''ady $TOKEN\"; while read line; do echo \"got $line $TOKEN\"; done";
    session.type_in(
        &format!(
            "'{}' exec-env --redact x.yaml '{command}'\n",
            program().display()
        )
        .replace("re''ady", "ready"),
    );
    session.until("ready ***\r\n");
    session.type_in("\u{1a}");
    session.until("Stopped");
    session.until("% ");
    session.type_in("echo in sh''ell\n");
    session.until("in shell\r\n");
    session.type_in("fg\n");
    session.until("exec-env");
    session.type_in("a line\n");
    session.until("got a line ***\r\n");
    session.type_in("\u{3}");
    session.until("% ");
    session.type_in("echo code $?\n");
    session.until("code 130\r\n");
    session.type_in("exit\n");
    session.end();
}

#[test]
fn modes_that_the_command_sets_on_its_output_apply_to_the_terminal() {
    let environment = with_values();
    let command = "stty -icanon -echo min 1 <&1; echo set; sleep 0.3; stty -a </dev/tty; stty icanon echo <&1; echo back; sleep 0.3; \
        stty -a </dev/tty";
    let mut session = Session::with_values(&environment, command);
    let shown = session.until("back\r\n");
    assert!(
        shown.contains(" -icanon ") && shown.contains(" -echo "),
        "{shown}"
    );
    let (shown, status) = session.end();
    assert!(
        shown.contains(" icanon ") && shown.contains(" echo "),
        "{shown}"
    );
    assert!(shown.contains(" onlcr"), "{shown}");
    assert!(status.success());
}
