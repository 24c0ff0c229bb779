//! Publishing to Amazon S3, with a server that checks signatures.

use std::fs;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient};
use sops_test_support::server::aws::{ASSUMED, SESSION, USER};
use sops_test_support::server::{AwsServer, HttpReply, HttpServer};

const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");
const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", USER.0);
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", USER.1);

struct User {
    environment: TestEnvironment,
    server: AwsServer,
}

impl User {
    fn new() -> Self {
        let environment = TestEnvironment::new();
        environment.encrypt("a.yaml", "password: hunter2\n");
        Self {
            environment,
            server: AwsServer::start(),
        }
    }

    fn publish(&self, rule: &str, variables: &[(&str, &str)], words: &[&str]) -> Run {
        let rules = format!("destination_rules:\n- {rule}\n");
        self.environment.write(".sops.yaml", rules);
        let mut command = self
            .environment
            .command(&[&["publish", "-y"], words].concat());
        command
            .env("AWS_ENDPOINT_URL", self.server.http.url())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(variables.iter().copied());
        for (name, _) in variables.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        let run = self.environment.finish(command);
        run.keeps(&[USER.1, ASSUMED.1, SESSION, "hunter2"])
    }
}

fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_is_published_to_a_bucket() {
    let user = User::new();
    let access = [REGION, ID, SECRET];
    let rule = "{s3_bucket: bucket, s3_prefix: 'p q/é+?'}";
    let run = user.publish(rule, &access, &["a.yaml"]).succeeds();
    assert_eq!(
        unwrapped(&run),
        "published a.yaml to s3://bucket/p q/é+?a.yaml"
    );
    let object = user.server.object("bucket/p q/é+?a.yaml");
    let content = object.expect("it was written").content;
    assert_eq!(content, user.environment.read("a.yaml").as_bytes());

    user.environment.encrypt("apps/b/c.json", "{\"a\": 1}");
    let words = ["--recursive", "--omit-extensions", "apps"];
    user.publish("{s3_bucket: bucket}", &access, &words)
        .succeeds();
    assert!(user.server.object("bucket/b/c").is_some());

    let rule = format!(
        "{{s3_bucket: bucket, recreation_rule: {{age: {}}}}}",
        other_recipient()
    );
    user.publish(&rule, &access, &["a.yaml"]).succeeds();
    let object = user.server.object("bucket/a.yaml").expect("it was written");
    let text = String::from_utf8(object.content).expect("YAML is text");
    assert!(text.contains(&other_recipient()), "{text}");
}

#[test]
fn the_server_the_region_and_the_access_key_come_from_the_sources_of_aws() {
    let user = User::new();
    let url = user.server.http.url();
    let home = user.environment.home();
    fs::create_dir_all(home.join(".aws")).expect("the home is writable");
    let config = format!(
        "[profile p]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\n[profile q]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {SESSION}\nservices = s\n[services s]\ns3 =\n  endpoint_url = {url}\n",
        USER.0, USER.1, ASSUMED.0, ASSUMED.1
    );
    fs::write(home.join(".aws/config"), config).expect("the home is writable");
    let nowhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let to_s3 = ("AWS_ENDPOINT_URL_S3", &*url);
    for (name, variables) in [
        ("1", &[ID, SECRET, ("AWS_DEFAULT_REGION", "eu-west-1")][..]),
        ("2", &[ID, SECRET, REGION, nowhere, to_s3]),
        ("3", &[("AWS_PROFILE", "p")]),
        ("4", &[("AWS_PROFILE", "q"), ("AWS_ENDPOINT_URL", "")]),
    ] {
        let rule = format!("{{s3_bucket: bucket, s3_prefix: '{name}/'}}");
        user.publish(&rule, variables, &["a.yaml"]).succeeds();
        let object = user.server.object(&format!("bucket/{name}/a.yaml"));
        assert!(object.is_some(), "{name}");
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let user = User::new();
    let access = [REGION, ID, SECRET];
    let wrong = ("AWS_SECRET_ACCESS_KEY", "wrong");
    for (bucket, variables, wanted) in [
        (
            "missing",
            &access[..],
            "there is no bucket `missing`; check `s3_bucket`",
        ),
        (
            "forbidden",
            &access,
            "AWS does not allow `s3:PutObject` on `arn:aws:s3:::forbidden/a.yaml` with the access key from AWS_ACCESS_KEY_ID: Said by the server",
        ),
        (
            "expired",
            &access,
            "the access key from AWS_ACCESS_KEY_ID has expired",
        ),
        (
            "elsewhere",
            &access,
            "is in the region eu-north-1, not eu-west-1; set AWS_REGION=eu-north-1",
        ),
        ("busy", &access, "Amazon S3 received too many requests"),
        (
            "bucket",
            &[REGION, ID, wrong],
            "AWS rejects the access key from AWS_ACCESS_KEY_ID: Said by the server; check it",
        ),
        (
            "bucket",
            &[ID, SECRET],
            "no AWS region is set; set AWS_REGION",
        ),
        (
            "bucket",
            &[("AWS_REGION", "evil.example/"), ID, SECRET],
            "`evil.example/` is not an AWS region",
        ),
        ("bucket", &[REGION], "no AWS credentials: "),
        (
            "'arn:aws:s3:::b'",
            &access,
            "does not support ARNs of access points",
        ),
        (
            "bucket",
            &[
                REGION,
                ID,
                SECRET,
                ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
            ],
            "127.0.0.1 cannot be reached: Connection refused",
        ),
    ] {
        let rule = format!("{{s3_bucket: {bucket}}}");
        let run = user.publish(&rule, variables, &["a.yaml"]).fails_with(1);
        let shown = unwrapped(&run);
        assert!(
            shown.starts_with("error: cannot publish a.yaml to s3://"),
            "{run}"
        );
        assert!(shown.contains(wanted), "{wanted}: {run}");
    }
    let odd = HttpServer::start(|_| HttpReply::Answer(405, Vec::new(), b"<html>".to_vec()));
    let url = odd.url();
    let to_odd = [REGION, ID, SECRET, ("AWS_ENDPOINT_URL_S3", &*url)];
    let run = user
        .publish("{s3_bucket: b}", &to_odd, &["a.yaml"])
        .fails_with(1);
    assert!(unwrapped(&run).contains("returned 405 without an error of Amazon S3"));
}
