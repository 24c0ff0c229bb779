//! Servers that end with the process that started them.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Runs a program until standard input ends, which happens when the tests end in any way, and then
/// removes its directory.
const WARDEN: &str = r#"directory=$1; shift; "$@" </dev/null & child=$!; cat >/dev/null; kill -9 $child; wait $child; rm -rf "$directory"; rmdir "${directory%/*}" 2>/dev/null"#;

/// A running program.
pub(crate) struct Warden {
    child: Child,
    /// Dropping this ends the program.
    stdin: Option<ChildStdin>,
}

impl Warden {
    /// Starts the program. `directory` is removed when it ends, and its log is the file next to it.
    pub(crate) fn start(directory: &Path, program: &str, arguments: &[String]) -> Self {
        let log =
            fs::File::create(directory.with_extension("log")).expect("the file can be created");
        let mut child = Command::new("sh")
            .args(["-c", WARDEN, "warden"])
            .arg(directory)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the file is open"))
            .stderr(log)
            .spawn()
            .expect("the shell runs");
        let stdin = child.stdin.take();
        Self { child, stdin }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.child.wait().expect("the process can be waited for");
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .local_addr()
        .expect("the listener has an address")
        .port()
}
