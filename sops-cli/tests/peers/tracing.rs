//! What programs write, as `strace` sees it.

use std::fs;
use std::path::Path;
use std::process::Command;

use sops_test_support::environment::TestEnvironment;

/// The calls that wrote something, and the programs that were started, in a trace of a
/// command and its children.
pub(crate) fn writes(environment: &TestEnvironment, command: &Command) -> String {
    let trace = environment.path("../trace");
    let trace_name = trace.to_str().expect("the path is UTF-8");
    let mut traced = environment.command_of(
        Path::new("strace"),
        &[
            "-f",
            "-qq",
            "-y",
            "-s",
            "1000000",
            "-e",
            "trace=execve,write,writev,pwrite64,pwritev,sendto,sendmsg,copy_file_range,sendfile,splice",
            "-o",
            trace_name,
        ],
    );
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    environment.finish(traced);
    fs::read_to_string(trace).expect("strace writes the trace as text")
}
