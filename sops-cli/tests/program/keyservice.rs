//! The program as a key service, and as its client.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, recipient,
};

const TEXT: &str = "a: hunter2\n";

/// A running key service.
struct Service {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Service {
    /// Starts the service, and waits until it listens.
    fn begin(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("the stream is a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("messages are UTF-8");
        let address = line.trim().strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("{line}")).to_owned();
        Self {
            child,
            stderr,
            address,
        }
    }

    /// Ends the service with the signal. Returns the exit code and the messages.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process can be signaled");
        let code = self
            .child
            .wait()
            .expect("the process can be waited for")
            .code();
        let mut said = String::new();
        self.stderr
            .read_to_string(&mut said)
            .expect("messages are UTF-8");
        (code, said)
    }
}

/// A failed test leaves no process running.
impl Drop for Service {
    fn drop(&mut self) {
        // A service that has ended cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const UNIX: [&str; 5] = ["keyservice", "--network", "unix", "--address", "s.sock"];

/// A file that only the key service can decrypt, in the working directory of another home.
fn client() -> TestEnvironment {
    let client = TestEnvironment::without_key();
    client.encrypt("x.yaml", TEXT);
    client
}

#[test]
fn keys_are_used_over_both_networks_until_a_signal_ends_the_service() {
    let server = TestEnvironment::new();
    let client = client();
    let tcp = ["keyservice", "--net=tcp", "--addr=127.0.0.1:0", "--verbose"];
    let unix = [&UNIX[..], &["--verbose"]].concat();
    for (arguments, signal) in [(&tcp[..], Signal::INT), (&unix, Signal::TERM)] {
        let service = Service::begin(server.command(arguments));
        let at = ["--keyservice", &service.address];
        let run = client.run(&["decrypt", at[0], at[1], "x.yaml"]);
        assert_eq!(run.succeeds().stdout, TEXT);
        let alone = [
            "encrypt",
            "--enable-local-keyservice=false",
            "--age",
            &recipient(),
            "p.yaml",
        ];
        client.write("p.yaml", TEXT);
        let encrypted = client.run(&[&alone, &at[..]].concat()).succeeds().stdout;
        server.write("y.yaml", encrypted);
        assert_eq!(server.decrypt("y.yaml"), TEXT);
        let (code, said) = service.end(signal);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("decrypt with age age1"), "{said}");
        assert!(said.contains("encrypt with age age1"), "{said}");
        assert!(!said.contains(&identity()), "a log has no secret in it");
        assert!(!server.path("s.sock").exists());
    }
}

#[test]
fn a_damaged_data_key_is_located_as_without_the_service() {
    let server = TestEnvironment::new();
    let client = client();
    let intact = "-----BEGIN AGE ENCRYPTED FILE-----";
    let damaged = client.read("x.yaml").replacen(intact, "-----BEGIN-----", 1);
    for environment in [&server, &client] {
        environment.write("x.yaml", &damaged);
    }
    let service = Service::begin(server.command(&UNIX));
    let local = server.run(&["decrypt", "x.yaml"]);
    let words = ["decrypt", "--enable-local-keyservice=false"];
    let words = [&words[..], &["--keyservice", &service.address, "x.yaml"]].concat();
    let remote = client.run(&words);
    let position = |run: &Run| {
        let lines = run.stderr.lines().map(str::to_owned);
        let mut lines = lines.filter(|line| line.contains("--> x.yaml:"));
        lines.next().unwrap_or_else(|| panic!("{run}"))
    };
    assert_eq!(position(&local), position(&remote));
    assert_eq!(local.code, remote.code);
    assert!(
        remote.stderr.contains("not an armored age file"),
        "{remote}"
    );
}

#[test]
fn a_system_error_has_no_number() {
    let environment = TestEnvironment::without_key();
    let words = ["keyservice", "--network", "unix", "--address", "nodir/s"];
    let run = environment.run(&words).fails_with(1);
    let expected = "cannot serve keys on nodir/s: No such file or directory\n";
    assert!(run.stderr.contains(expected), "{run}");
    environment.write("p.yaml", TEXT);
    environment.encrypt("x.yaml", TEXT);
    let mut command = environment.command(&["decrypt", "x.yaml"]);
    command.env("SOPS_AGE_KEY_CMD", "/nowhere");
    let run = environment.finish(command);
    assert!(
        run.stderr
            .contains("the command cannot be run: No such file"),
        "{run}"
    );
    assert!(!run.stderr.contains("os error"), "{run}");
}

#[test]
fn the_environment_names_key_services_and_the_first_that_can_answers() {
    let server = TestEnvironment::new();
    let stranger = TestEnvironment::without_key();
    let client = client();
    let service = Service::begin(server.command(&UNIX));
    let other = Service::begin(stranger.command(&UNIX));
    let mut command = client.command(&["decrypt", "x.yaml"]);
    let list = format!("unix:///nowhere,{},{}", other.address, service.address);
    command.env("SOPS_KEYSERVICE", list);
    assert_eq!(client.finish(command).succeeds().stdout, TEXT);
    let mut command = client.command(&["decrypt", "x.yaml"]);
    command.env("SOPS_KEYSERVICE", "");
    client.finish(command).fails_with(128);

    let at = ["--keyservice", &other.address];
    let run = client.run(&["decrypt", at[0], at[1], "x.yaml"]);
    let run = run.fails_with(128);
    let words = format!(
        "(key service {} refused the request: none of the private keys can decrypt this)",
        other.address
    );
    assert!(run.stderr.contains(&words), "{run}");
}

#[test]
fn a_key_service_that_cannot_answer_is_named() {
    let client = client();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let breaking = format!(
        "tcp://{}",
        listener.local_addr().expect("the listener has an address")
    );
    let broken = thread::spawn(move || {
        // The service accepts the request, and ends.
        let (mut connection, _) = listener.accept().expect("a client connects");
        let mut some = [0; 24];
        connection.read_exact(&mut some).expect("a request arrives");
    });
    for (address, code, words) in [
        ("unix:///nowhere", 128, "cannot be reached: No such file"),
        ("tcp://127.0.0.1:1", 128, "Connection refused"),
        (&breaking, 128, "key service tcp://127.0.0.1"),
        ("localhost:5000", 1, "is not the address of a key service"),
    ] {
        let run = client
            .run(&["decrypt", "--keyservice", address, "x.yaml"])
            .fails_with(code);
        assert!(run.stderr.contains(words), "{run}");
        assert!(run.stderr.contains(address), "{run}");
    }
    broken.join().expect("the request came");
    let before = "a: 1\n";
    client.write("p.yaml", before);
    let run = client
        .run(&[
            "encrypt",
            "-i",
            "--kms=arn:aws:kms:eu-west-1:1:key/k",
            "--keyservice=unix:///nowhere",
            "p.yaml",
        ])
        .fails_with(1);
    assert!(
        run.stderr.contains("kms arn:aws:kms:eu-west-1:1:key/k"),
        "{run}"
    );
    assert_eq!(client.read("p.yaml"), before);
}

#[test]
fn each_request_needs_approval_with_prompt() {
    let server = TestEnvironment::new();
    let client = client();
    let mut service = Service::begin(server.command(&[&UNIX[..], &["--prompt"]].concat()));
    let mut stdin = service.child.stdin.take().expect("the stream is a pipe");
    stdin
        .write_all(b"y\nperhaps\nn\n")
        .expect("the program reads its input");
    let at = ["--keyservice", &service.address];
    let decrypt = || client.run(&["decrypt", at[0], at[1], "x.yaml"]);
    assert_eq!(decrypt().succeeds().stdout, TEXT);
    let run = decrypt().fails_with(128);
    assert!(run.stderr.contains("the request was rejected"), "{run}");
    drop(stdin);
    let run = decrypt().fails_with(128);
    assert!(run.stderr.contains("could not ask for permission"), "{run}");
    let (code, said) = service.end(Signal::TERM);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("A request to decrypt with age age1"),
        "{said}"
    );
}

/// Any user who can read the directory can hold the lock.
#[test]
fn a_lock_on_the_directory_of_the_socket_does_not_keep_a_signal_away() {
    let server = TestEnvironment::new();
    let directory = File::open(server.path("")).expect("the file can be opened");
    flock(&directory, FlockOperation::LockExclusive).expect("no other process has the lock");
    let mut child = server.command(&UNIX).spawn().expect("the program runs");
    thread::sleep(Duration::from_millis(500));
    assert!(!server.path("s.sock").exists());
    kill_process(Pid::from_child(&child), Signal::INT).expect("the process can be signaled");
    let start = Instant::now();
    let status = child.wait().expect("the process can be waited for");
    assert_eq!(status.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Any private key of the machine is tried, so a request can name a different key from the one that
/// it needs.
#[test]
fn the_question_names_the_key_that_decrypts() {
    let client = client();
    let file = client.read("x.yaml");
    client.write("x.yaml", file.replace(&recipient(), &other_recipient()));
    let question = format!(
        "A request that names age {}, but needs age {} to decrypt. Answer it?",
        other_recipient(),
        recipient()
    );

    let ready = TestEnvironment::new();
    let run_first = TestEnvironment::without_key();
    // A command is run only once someone agreed, and then it is asked about its key.
    let first = format!(
        "A request to decrypt with age {}. Answer it?",
        other_recipient()
    );
    for (server, answers, questions) in [
        (&ready, ["n\n", "y\n"], vec![&question]),
        (&run_first, ["y\nn\n", "y\ny\n"], vec![&first, &question]),
    ] {
        for (answers, is_agreed) in answers.into_iter().zip([false, true]) {
            let mut command = server.command(&[&UNIX[..], &["--prompt"]].concat());
            if server.home() == run_first.home() {
                command.env("SOPS_AGE_KEY_CMD", format!("echo {}", identity()));
            }
            let mut service = Service::begin(command);
            let mut stdin = service.child.stdin.take().expect("the stream is a pipe");
            stdin
                .write_all(answers.as_bytes())
                .expect("the program reads its input");
            let run = client.run(&["decrypt", "--keyservice", &service.address, "x.yaml"]);
            match is_agreed {
                true => assert_eq!(run.succeeds().stdout, TEXT),
                false => {
                    let run = run.fails_with(128);
                    assert!(run.stderr.contains("the request was rejected"), "{run}");
                }
            }
            let (_, said) = service.end(Signal::TERM);
            let asked = said.matches("Answer it?").count();
            assert_eq!(asked, questions.len(), "{said}");
            for question in &questions {
                assert!(said.contains(*question), "{said}");
            }
        }
    }
}

#[test]
fn a_private_key_in_a_request_is_neither_shown_nor_sent_back() {
    let server = TestEnvironment::without_key();
    let client = client();
    let other = other_identity();
    client.write(
        "x.yaml",
        client.read("x.yaml").replace(&recipient(), &other),
    );
    let arguments = [&UNIX[..], &["--prompt", "--verbose"]].concat();
    let mut service = Service::begin(server.command(&arguments));
    let mut stdin = service.child.stdin.take().expect("the stream is a pipe");
    stdin
        .write_all(b"y\n")
        .expect("the program reads its input");
    let run = client
        .run(&["decrypt", "--keyservice", &service.address, "x.yaml"])
        .fails_with(128);
    let (_, said) = service.end(Signal::TERM);
    assert!(
        said.contains("A request to decrypt with age AGE-SECRET-KEY-…"),
        "{said}"
    );
    for text in [said, run.stderr] {
        assert!(!text.contains(&other[20..40]), "{text}");
    }
}

#[test]
fn an_open_question_does_not_keep_the_service_from_exiting() {
    let server = TestEnvironment::new();
    let client = client();
    let mut service = Service::begin(server.command(&[&UNIX[..], &["--prompt"]].concat()));
    // Standard input stays open.
    let stdin = service.child.stdin.take();
    let asking = client
        .command(&["decrypt", "--keyservice", &service.address, "x.yaml"])
        .stderr(Stdio::null())
        .spawn();
    let mut asking = asking.expect("the program runs");
    let mut question = [0; 10];
    service
        .stderr
        .read_exact(&mut question)
        .expect("the service asks");
    assert_eq!(&question, b"A request ");
    assert_eq!(service.end(Signal::TERM).0, Some(0));
    drop(stdin);
    assert_eq!(
        asking.wait().expect("the process can be waited for").code(),
        Some(128)
    );
    assert!(!server.path("s.sock").exists());
}

#[test]
fn a_socket_in_use_is_not_replaced() {
    let server = TestEnvironment::new();
    let client = client();
    let first = Service::begin(server.command(&UNIX));
    let run = server.run(&UNIX).fails_with(1);
    assert!(
        run.stderr
            .contains("another program is already listening at this path"),
        "{run}"
    );
    let run = client.run(&["decrypt", "--keyservice", &first.address, "x.yaml"]);
    run.succeeds();
    // A socket that a killed service left is replaced.
    first.end(Signal::KILL);
    assert!(server.path("s.sock").exists());
    assert_eq!(
        Service::begin(server.command(&UNIX)).end(Signal::TERM).0,
        Some(0)
    );
    let run = server
        .run(&["keyservice", "--network", "unix"])
        .fails_with(1);
    assert!(run.stderr.contains("--address"), "{run}");
}

#[test]
fn a_key_that_the_service_cannot_use_is_refused_by_name() {
    let server = TestEnvironment::new();
    let client = client();
    let mut command = server.command(&UNIX);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let service = Service::begin(command);
    client.write("p.yaml", TEXT);
    let run = client
        .run(&[
            "encrypt",
            "--enable-local-keyservice=false",
            "--kms=arn:aws:kms:eu-west-1:1:key/k",
            "--keyservice",
            &service.address,
            "p.yaml",
        ])
        .fails_with(1);
    let reason = match cfg!(feature = "aws") {
        true => "refused the request: no AWS credentials",
        false => "this key service has no AWS KMS keys",
    };
    assert!(run.stderr.contains(reason), "{run}");
}
