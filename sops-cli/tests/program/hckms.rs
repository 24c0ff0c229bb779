//! Keys of Huawei Cloud KMS, with a server on the loopback interface that checks signatures.

use std::fs;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};
use sops_test_support::server::HckmsServer;
use sops_test_support::server::hckms::{ACCESS, KEY, PROJECT, SECRET};

const TEXT: &str = "a: hunter2\n";

/// An access key, and the server of the region `tr-west-1`.
struct User {
    environment: TestEnvironment,
    server: HckmsServer,
    key: String,
}

impl User {
    fn new() -> Self {
        Self {
            environment: TestEnvironment::new(),
            server: HckmsServer::start(),
            key: format!("tr-west-1:{KEY}"),
        }
    }

    fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Run {
        let mut command = self.environment.command(words);
        command.env(
            "HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1",
            self.server.http.url(),
        );
        command.envs(variables.iter().copied());
        self.environment.finish(command).keeps(&[SECRET])
    }

    fn run(&self, words: &[&str]) -> Run {
        self.run_with(&self.access(), words)
    }

    fn access(&self) -> [(&'static str, &'static str); 3] {
        [
            ("HUAWEICLOUD_SDK_AK", ACCESS),
            ("HUAWEICLOUD_SDK_SK", SECRET),
            ("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT),
        ]
    }
}

/// The text on one line.
fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_is_encrypted_changed_and_decrypted() {
    let user = User::new();
    let (environment, key) = (&user.environment, &*user.key);
    environment.write("x.yaml", TEXT);
    user.run(&["encrypt", "-i", "--hckms", key, "x.yaml"])
        .succeeds();
    let encrypted = environment.read("x.yaml");
    assert!(
        encrypted.contains(&format!("key_id: {key}\n")),
        "{encrypted}"
    );
    assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
    let check = user.run(&["keys", "check", "x.yaml"]).succeeds();
    assert!(
        check.stdout.contains("credentials: HUAWEICLOUD_SDK_AK"),
        "{check}"
    );
    user.run(&["rotate", "-i", "--yes", "--add-age", &recipient(), "x.yaml"])
        .succeeds();
    user.run(&["rotate", "-i", "--yes", "--rm-hckms", key, "x.yaml"])
        .succeeds();
    assert!(!environment.read("x.yaml").contains("key_id"));
    user.run(&["rotate", "-i", "--yes", "--add-hckms", key, "x.yaml"])
        .succeeds();
    let words = [
        "groups", "add", "-i", "--yes", "--hckms", key, "--file", "x.yaml",
    ];
    user.run(&words).succeeds();
    assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
}

#[test]
fn the_variable_and_every_form_of_a_creation_rule_name_keys() {
    let user = User::new();
    let (environment, key) = (&user.environment, &*user.key);
    environment.write("p.yaml", TEXT);
    let [access, secret, project] = user.access();
    let variables = [access, secret, project, ("SOPS_HUAWEICLOUD_KMS_IDS", key)];
    let encrypted = user
        .run_with(&variables, &["encrypt", "p.yaml"])
        .succeeds()
        .stdout;
    assert!(encrypted.contains(key), "{encrypted}");
    for rule in [
        format!("hckms: ['{key}']"),
        format!("key_groups: [{{hckms: [{{key_id: '{key}'}}]}}]"),
        format!(
            "shamir_threshold: 2\n    key_groups: [{{hckms: [{{key_id: '{key}'}}]}}, {{age: [{}]}}, {{age: [{}]}}]",
            recipient(),
            other_recipient()
        ),
    ] {
        environment.write(
            ".sops.yaml",
            format!("creation_rules:\n  - path_regex: yaml$\n    {rule}\n"),
        );
        environment.write("x.yaml", TEXT);
        user.run(&["encrypt", "-i", "x.yaml"]).succeeds();
        assert!(environment.read("x.yaml").contains(key), "{rule}");
        assert_eq!(
            user.run(&["decrypt", "x.yaml"]).succeeds().stdout,
            TEXT,
            "{rule}"
        );
    }
}

#[test]
fn access_keys_come_from_variables_or_a_file_and_the_project_from_the_server() {
    let user = User::new();
    user.environment.write("x.yaml", TEXT);
    user.run(&["encrypt", "-i", "--hckms", &user.key, "x.yaml"])
        .succeeds();
    let file = user.environment.home().join(".huaweicloud/credentials");
    fs::create_dir_all(file.parent().expect("the path has a parent"))
        .expect("the home is writable");
    let basic = format!("[basic]\nak = {ACCESS}\nsk = {SECRET}\n");
    fs::write(&file, format!("{basic}project_id = {PROJECT}\n")).expect("the home is writable");
    let decrypt = |variables: &[(&str, &str)]| user.run_with(variables, &["decrypt", "x.yaml"]);
    assert_eq!(decrypt(&[]).succeeds().stdout, TEXT);
    let elsewhere = user.environment.home().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("the home is writable");
    let elsewhere = elsewhere.display().to_string();
    let named = [("HUAWEICLOUD_SDK_CREDENTIALS_FILE", &*elsewhere)];
    assert_eq!(decrypt(&named).succeeds().stdout, TEXT);
    fs::write(&file, basic).expect("the home is writable");
    let url = user.server.http.url();
    let identity = ("HUAWEICLOUD_SDK_IAM_ENDPOINT", &*url);
    assert_eq!(decrypt(&[identity]).succeeds().stdout, TEXT);
    // As in Huawei's own library, this variable belongs to an access key in variables.
    let [access, secret, project] = user.access();
    let odd = ("HUAWEICLOUD_SDK_PROJECT_ID", "of-another-account");
    assert_eq!(decrypt(&[identity, odd]).succeeds().stdout, TEXT);
    let last = user.server.http.requests();
    assert_eq!(last[last.len() - 2].path, "/v3/projects?name=tr-west-1");
    let temporary = [
        access,
        secret,
        project,
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "token"),
    ];
    assert_eq!(decrypt(&temporary).succeeds().stdout, TEXT);
    let last = user
        .server
        .http
        .requests()
        .pop()
        .expect("there was a request");
    assert_eq!(last.header("x-security-token"), Some("token"));
}

#[test]
fn a_refusal_says_what_to_do() {
    let user = User::new();
    let (environment, key) = (&user.environment, &*user.key);
    environment.write("p.yaml", TEXT);
    environment.write("x.yaml", TEXT);
    user.run(&["encrypt", "-i", "--hckms", key, "x.yaml"])
        .succeeds();
    let altered = environment
        .read("x.yaml")
        .replace("          enc: ", "          enc: AAAA");
    environment.write("x.yaml", altered);
    let run = user.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        unwrapped(&run).contains("KMS.0306 Invalid cipher text"),
        "{run}"
    );
    let [access, _, project] = user.access();
    let wrong = [access, ("HUAWEICLOUD_SDK_SK", "hunter3"), project];
    for (variables, key, words) in [
        (&wrong[..], key, "rejects your access key: APIGW.0301"),
        (
            &user.access(),
            "tr-west-1:0",
            "the key does not exist in this region: KMS.0302",
        ),
        (&user.access(), "../x:0", "write `<region>:<key-uuid>`"),
        (
            &[("HUAWEICLOUD_SDK_IDP_ID", "x")],
            key,
            "sops-rs does not support identity providers",
        ),
        (
            &[("HTTP_PROXY", "http://127.0.0.1:1")],
            key,
            "no Huawei Cloud access key; HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not both set",
        ),
    ] {
        let run = user.run_with(variables, &["encrypt", "-i", "--hckms", key, "p.yaml"]);
        let run = run.fails_with(1).keeps(&["hunter3"]);
        assert!(unwrapped(&run).contains(words), "{words}: {run}");
        assert_eq!(environment.read("p.yaml"), TEXT);
    }
}
