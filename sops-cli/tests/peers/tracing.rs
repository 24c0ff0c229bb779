//! What programs write, as `strace` sees it.

use std::fs;
use std::path::Path;
use std::process::Command;

use sops_test_support::environment::TestEnvironment;

/// The calls of a command and its children that write, start a program, map a file or name one.
/// Reads are left out, because they may see plaintext.
const CALLS: &str = "trace=%file,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,copy_file_range,sendfile,splice,vmsplice,tee,mmap,io_uring_setup";

/// Runs the command, and returns its trace.
pub(crate) fn writes(environment: &TestEnvironment, command: &Command) -> String {
    let trace = environment.path("../trace");
    let trace_name = trace.to_str().expect("the path is UTF-8");
    // `-v` shows the environment of programs too.
    let flags = ["-f", "-qq", "-y", "-v", "-s", "1000000", "-e", CALLS, "-o"];
    let mut traced =
        environment.command_of(Path::new("strace"), &[&flags[..], &[trace_name]].concat());
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    environment.finish(traced);
    let trace = fs::read_to_string(trace).expect("strace writes the trace as text");
    // Writes to mapped memory appear in no other call.
    let is_shared = |line: &&str| line.contains("MAP_SHARED") && line.contains("PROT_WRITE");
    for line in trace.lines().filter(is_shared) {
        assert!(line.contains("MAP_ANONYMOUS"), "{line}");
    }
    assert!(!trace.contains("io_uring_setup("), "writes are not traced");
    trace
}
