//! Publishing to Google Cloud Storage. `sops-kms` tests the requests with a token.

use sops_test_support::environment::{Run, TestEnvironment, other_recipient};
use sops_test_support::server::{GcpServer, HttpReply, HttpServer};

fn publish(environment: &TestEnvironment, host: &str, rule: &str, words: &[&str]) -> Run {
    environment.write(".sops.yaml", format!("destination_rules:\n- {rule}\n"));
    let mut command = environment.command(&[&["publish", "-y"], words].concat());
    command.env("STORAGE_EMULATOR_HOST", host);
    environment.finish(command).keeps(&["hunter2"])
}

fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_is_published_to_a_bucket() {
    let environment = TestEnvironment::new();
    environment.encrypt("a.yaml", "password: hunter2\n");
    environment.encrypt("apps/b/c.json", "{\"a\": 1}");
    let server = GcpServer::start();
    let rule = "{gcs_bucket: bucket, gcs_prefix: 'p q/é+?'}";
    for host in [server.http.host(), server.http.url()] {
        let run = publish(&environment, &host, rule, &["a.yaml"]).succeeds();
        assert_eq!(
            unwrapped(&run),
            "published a.yaml to gcs://bucket/p q/é+?a.yaml"
        );
        let object = server
            .object("bucket/p q/é+?a.yaml")
            .expect("it was written");
        assert_eq!(object.content, environment.read("a.yaml").as_bytes());
    }
    let words = ["--recursive", "--omit-extensions", "apps"];
    publish(
        &environment,
        &server.http.host(),
        "{gcs_bucket: bucket}",
        &words,
    )
    .succeeds();
    assert!(server.object("bucket/b/c").is_some());

    publish(
        &environment,
        &server.http.host(),
        "{gcs_bucket: a/../b}",
        &["a.yaml"],
    )
    .succeeds();
    let requests = server.http.requests();
    let last = requests.last().expect("there were requests");
    assert!(last.path.contains("/b/a%2F..%2Fb/o?"), "{}", last.path);

    let rule = format!(
        "{{gcs_bucket: bucket, recreation_rule: {{age: {}}}}}",
        other_recipient()
    );
    publish(&environment, &server.http.host(), &rule, &["a.yaml"]).succeeds();
    let object = server.object("bucket/a.yaml").expect("it was written");
    let text = String::from_utf8(object.content).expect("YAML is text");
    assert!(text.contains(&other_recipient()), "{text}");
}

#[test]
fn a_refusal_says_what_to_do() {
    let environment = TestEnvironment::new();
    environment.encrypt("a.yaml", "password: hunter2\n");
    let server = GcpServer::start();
    for (bucket, wanted) in [
        (
            "missing",
            "there is no bucket `missing`: The specified bucket does not exist.; check `gcs_bucket`",
        ),
        (
            "forbidden",
            "you need the role `roles/storage.objectUser` for the bucket `forbidden`",
        ),
        ("expired", "Google rejects the access token from"),
        ("damaging", "a checksum does not match"),
    ] {
        let rule = format!("{{gcs_bucket: {bucket}}}");
        let run = publish(&environment, &server.http.host(), &rule, &["a.yaml"]);
        let shown = unwrapped(&run.fails_with(1));
        let start = format!("error: cannot publish a.yaml to gcs://{bucket}/a.yaml: ");
        assert!(shown.starts_with(&start), "{shown}");
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let run = publish(&environment, "127.0.0.1:1", "{gcs_bucket: b}", &["a.yaml"]);
    assert!(
        unwrapped(&run.fails_with(1)).contains("127.0.0.1 cannot be reached: Connection refused")
    );
    let odd = HttpServer::start(|_| HttpReply::Answer(200, Vec::new(), b"<html>".to_vec()));
    let run = publish(&environment, &odd.host(), "{gcs_bucket: b}", &["a.yaml"]);
    assert!(
        unwrapped(&run.fails_with(1))
            .contains("did not send a valid Google Cloud Storage response")
    );
}
