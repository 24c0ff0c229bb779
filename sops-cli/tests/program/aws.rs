//! Keys of AWS KMS, with a server on the loopback interface that checks signatures.

use std::fs;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};
use sops_test_support::server::aws::{ALIAS, ASSUMED, KEY, LOGIN, REFRESH, ROLE, SESSION, USER};
use sops_test_support::server::{AwsServer, HttpReply, HttpServer, authority_file};

const TEXT: &str = "a: hunter2\n";

struct User {
    environment: TestEnvironment,
    server: AwsServer,
}

impl User {
    fn new() -> Self {
        Self {
            environment: TestEnvironment::new(),
            server: AwsServer::start(),
        }
    }

    fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Run {
        let mut command = self.environment.command(words);
        command
            .env("AWS_ENDPOINT_URL", self.server.http.url())
            // A test must not find the metadata server of the machine that it runs on.
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
            .envs(variables.iter().copied());
        let run = self.environment.finish(command);
        run.keeps(&[USER.1, ASSUMED.1, SESSION, LOGIN, REFRESH])
    }

    fn run(&self, words: &[&str]) -> Run {
        self.run_with(&ACCESS, words)
    }

    /// Writes a file that only the key decrypts, with these flags.
    fn encrypt(&self, name: &str, flags: &[&str]) {
        self.environment.write(name, TEXT);
        let words = [&["encrypt", "-i"], flags, &[name]].concat();
        self.run(&words).succeeds();
    }

    /// Writes a file in the home.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.environment.home().join(name);
        fs::create_dir_all(path.parent().expect("the path has a parent"))
            .expect("the home is writable");
        fs::write(&path, text).expect("the home is writable");
        path.display().to_string()
    }

    /// The access keys that signed the requests to KMS so far.
    fn signers(&self) -> Vec<String> {
        let requests = self.server.http.requests().into_iter();
        let requests = requests.filter(|request| request.header("x-amz-target").is_some());
        let signers = requests.filter_map(|request| {
            let (_, rest) = request.header("authorization")?.split_once("Credential=")?;
            Some(rest.split('/').next()?.to_owned())
        });
        signers.collect()
    }
}

const ACCESS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", USER.0),
    ("AWS_SECRET_ACCESS_KEY", USER.1),
];

/// The text on one line.
fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_is_encrypted_changed_and_decrypted() {
    let user = User::new();
    for arn in [KEY, ALIAS] {
        user.encrypt("x.yaml", &["--kms", arn]);
        let encrypted = user.environment.read("x.yaml");
        assert!(encrypted.contains(&format!("arn: {arn}\n")), "{encrypted}");
        assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
        let check = user.run(&["keys", "check", "x.yaml"]).succeeds();
        assert!(
            check.stdout.contains("credentials: AWS_ACCESS_KEY_ID"),
            "{check}"
        );
        user.run(&["rotate", "-i", "--yes", "--add-age", &recipient(), "x.yaml"])
            .succeeds();
        user.run(&["rotate", "-i", "--yes", "--rm-kms", arn, "x.yaml"])
            .succeeds();
        assert!(!user.environment.read("x.yaml").contains(arn));
        user.run(&["rotate", "-i", "--yes", "--add-kms", arn, "x.yaml"])
            .succeeds();
        let words = [
            "groups", "add", "-i", "--yes", "--kms", arn, "--file", "x.yaml",
        ];
        user.run(&words).succeeds();
        assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
    }
}

#[test]
fn the_encryption_context_is_sent_and_shown_if_it_does_not_match() {
    let user = User::new();
    user.encrypt(
        "x.yaml",
        &["--kms", KEY, "--encryption-context", "App:web,Env:prod"],
    );
    let request = user
        .server
        .http
        .requests()
        .pop()
        .expect("there was a request");
    let context = serde_json::json!({"App": "web", "Env": "prod"});
    assert_eq!(request.json()["EncryptionContext"], context);
    assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
    let changed = user
        .environment
        .read("x.yaml")
        .replace("Env: prod", "Env: test");
    user.environment.write("x.yaml", changed);
    let run = user.run(&["decrypt", "x.yaml"]).fails_with(128);
    let words = "this key cannot decrypt `enc` with the encryption context `App:web,Env:test`";
    assert!(unwrapped(&run).contains(words), "{run}");
}

#[test]
fn the_variable_and_every_form_of_a_creation_rule_name_keys() {
    let user = User::new();
    user.file(
        ".aws/credentials",
        &format!(
            "[p]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            USER.0, USER.1
        ),
    );
    user.environment.write("p.yaml", TEXT);
    let variables = [&ACCESS[..], &[("SOPS_KMS_ARN", KEY)]].concat();
    let encrypted = user
        .run_with(&variables, &["encrypt", "p.yaml"])
        .succeeds()
        .stdout;
    assert!(encrypted.contains(KEY), "{encrypted}");
    for rule in [
        format!("kms: {KEY}"),
        format!("kms: [{KEY}]"),
        format!("kms: {KEY}+{ROLE}"),
        format!("kms: {KEY}\n    aws_profile: p"),
        format!(
            "key_groups: [{{kms: [{{arn: '{KEY}', role: '{ROLE}', context: {{n: '3'}}, aws_profile: p}}]}}]"
        ),
        format!(
            "shamir_threshold: 2\n    key_groups: [{{kms: [{{arn: '{KEY}'}}]}}, {{age: [{}]}}, {{age: [{}]}}]",
            recipient(),
            other_recipient()
        ),
    ] {
        let config = format!("creation_rules:\n  - path_regex: yaml$\n    {rule}\n");
        user.environment.write(".sops.yaml", config);
        user.encrypt("x.yaml", &[]);
        assert!(user.environment.read("x.yaml").contains(KEY), "{rule}");
        assert_eq!(
            user.run(&["decrypt", "x.yaml"]).succeeds().stdout,
            TEXT,
            "{rule}"
        );
        let signer = user.signers().pop();
        let expected = if rule.contains(ROLE) {
            ASSUMED.0
        } else {
            USER.0
        };
        assert_eq!(signer.as_deref(), Some(expected), "{rule}");
    }
}

#[test]
fn access_keys_come_from_the_sources_of_aws() {
    let user = User::new();
    user.encrypt("x.yaml", &["--kms", KEY]);
    let (id, secret) = USER;
    let token = user.file("token", LOGIN);
    let process = format!(
        "echo '{{\"Version\": 1, \"AccessKeyId\": \"{id}\", \"SecretAccessKey\": \"{secret}\"}}'"
    );
    let config = user.file(
        "config",
        &format!(
            "[default]\nrole_arn = {ROLE}\nsource_profile = keys\n\
             [profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}\n\
             [profile process]\ncredential_process = {process}\n\
             [profile sso]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = sops\n\
             [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n\
             [profile legacy]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = sops\n"
        ),
    );
    let credentials = user.file(
        "credentials",
        &format!("[keys]\naws_access_key_id={id}\naws_secret_access_key={secret}\n"),
    );
    // The names are the SHA-1 of `work` and of the start URL.
    let login =
        format!("{{\"accessToken\": \"{LOGIN}\", \"expiresAt\": \"2100-01-01T00:00:00Z\"}}");
    for cached_as in ["work", "https://example.awsapps.com/start"] {
        user.file(&format!(".aws/sso/cache/{}.json", sha1(cached_as)), &login);
    }
    let url = user.server.http.url();
    let container = format!("{url}/container");
    let files = [
        ("AWS_CONFIG_FILE", &*config),
        ("AWS_SHARED_CREDENTIALS_FILE", &*credentials),
    ];
    let with_profile = |name: &'static str| [&files[..], &[("AWS_PROFILE", name)]].concat();
    for (name, variables, signer) in [
        ("variables", ACCESS.to_vec(), USER.0),
        ("default profile with a role", files.to_vec(), ASSUMED.0),
        ("profile with keys", with_profile("keys"), USER.0),
        ("role of a program", with_profile("process"), USER.0),
        ("web identity in a profile", with_profile("web"), ASSUMED.0),
        ("SSO session", with_profile("sso"), ASSUMED.0),
        ("SSO without a session", with_profile("legacy"), ASSUMED.0),
        (
            "variables before the default profile",
            [&ACCESS[..], &files[..]].concat(),
            USER.0,
        ),
        (
            "web identity",
            vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", &*token),
                ("AWS_ROLE_ARN", ROLE),
            ],
            ASSUMED.0,
        ),
        (
            "container",
            vec![
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*container),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", LOGIN),
            ],
            ASSUMED.0,
        ),
        (
            "machine",
            vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url)],
            ASSUMED.0,
        ),
    ] {
        let run = user.run_with(&variables, &["decrypt", "x.yaml"]).succeeds();
        assert_eq!(run.stdout, TEXT, "{name}");
        assert_eq!(user.signers().pop().as_deref(), Some(signer), "{name}");
    }
}

/// The SHA-1 of `text`, from `sha1sum`.
fn sha1(text: &str) -> String {
    let output = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" | sha1sum", "sh", text])
        .output()
        .expect("`sha1sum` runs");
    let output = String::from_utf8(output.stdout).expect("a hash is text");
    output
        .split(' ')
        .next()
        .expect("the hash comes first")
        .to_owned()
}

#[test]
fn a_profile_that_a_file_names_has_precedence_over_the_environment() {
    let user = User::new();
    let keys = format!(
        "[p]\naws_access_key_id={}\naws_secret_access_key={}\n",
        USER.0, USER.1
    );
    let credentials = user.file("credentials", &keys);
    user.environment.write("x.yaml", TEXT);
    let variables = [
        ("AWS_SHARED_CREDENTIALS_FILE", &*credentials),
        ("AWS_ACCESS_KEY_ID", "AKIAOTHER"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
    ];
    let words = [
        "encrypt",
        "-i",
        "--kms",
        KEY,
        "--aws-profile",
        "p",
        "x.yaml",
    ];
    user.run_with(&variables, &words).succeeds();
    user.run_with(&variables, &["decrypt", "x.yaml"]).succeeds();
    let run = user.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        unwrapped(&run).contains("there is no profile `p` in ~/.aws/config"),
        "{run}"
    );
}

#[test]
fn a_refusal_says_what_to_do() {
    let user = User::new();
    let config = user.file(
        "config",
        &format!(
            "[profile sso]\nsso_session = work\nsso_account_id = 1\nsso_role_name = r\n\
             [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n\
             [profile login]\nlogin_session = arn:aws:iam::1:user/u\n\
             [profile mfa]\nrole_arn = {ROLE}\nsource_profile = mfa\naws_access_key_id = a\naws_secret_access_key = b\nmfa_serial = m\n\
             [profile circle]\nrole_arn = {ROLE}\nsource_profile = back\n\
             [profile back]\nrole_arn = {ROLE}\nsource_profile = circle\n\
             [profile failing]\ncredential_process = echo no token >&2; exit 1\n"
        ),
    );
    user.environment.write("p.yaml", TEXT);
    let other = KEY.replace("1234abcd", "other");
    let role = format!("{KEY}+{ROLE}s");
    let with = |name: &'static str| vec![("AWS_CONFIG_FILE", &*config), ("AWS_PROFILE", name)];
    let wrong = vec![
        ("AWS_ACCESS_KEY_ID", USER.0),
        ("AWS_SECRET_ACCESS_KEY", "hunter3"),
    ];
    let denied = KEY.replace("key/", "key/denied");
    let expired = KEY.replace("key/", "key/expired");
    for (variables, arn, words) in [
        (
            ACCESS.to_vec(),
            &*other,
            "the key does not exist: Key does not exist",
        ),
        (
            ACCESS.to_vec(),
            &denied,
            "AWS does not allow `kms:Encrypt` with the access key from AWS_ACCESS_KEY_ID: User is not authorized",
        ),
        (
            ACCESS.to_vec(),
            &expired,
            "the access key from AWS_ACCESS_KEY_ID has expired; run `aws sso login`",
        ),
        (
            ACCESS.to_vec(),
            &role,
            "cannot be assumed with the access key from AWS_ACCESS_KEY_ID: AccessDenied: not authorized to perform: sts:AssumeRole",
        ),
        (
            ACCESS.to_vec(),
            "arn:aws:kms:../x:1:key/1",
            "this is not the ARN of a key",
        ),
        (
            wrong,
            KEY,
            "AWS rejects the access key from AWS_ACCESS_KEY_ID",
        ),
        (
            with("sso"),
            KEY,
            "you are not logged in with the profile `sso`; run `aws sso login --profile sso`",
        ),
        (
            with("mfa"),
            KEY,
            "the profile `mfa` requires MFA, which sops-rs does not support; run `eval \"$(aws configure export-credentials --profile mfa --format env)\"`",
        ),
        (
            with("login"),
            KEY,
            "the profile `login` uses `aws login`, which sops-rs does not support",
        ),
        (
            with("circle"),
            KEY,
            "the profile `circle` refers to itself through its `source_profile`",
        ),
        (
            with("failing"),
            KEY,
            "the profile `failing`: Error retrieving credentials: external process exited with code exit status: 1. Stderr: no token",
        ),
        (
            with("nowhere"),
            KEY,
            "there is no profile `nowhere` in ~/.aws/config or ~/.aws/credentials; AWS_PROFILE names this profile",
        ),
        (
            vec![("AWS_EC2_METADATA_DISABLED", "true")],
            KEY,
            "no AWS credentials: there is no access key in the environment or in the profile, and AWS_EC2_METADATA_DISABLED is set",
        ),
        (vec![], KEY, "this machine has no metadata server"),
        (
            // An address for documentation (RFC 5737).
            vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/")],
            KEY,
            "the container: invalid full URI for ECS provider (URI did not refer to an allowed IP address)",
        ),
    ] {
        let run = user.run_with(&variables, &["encrypt", "-i", "--kms", arn, "p.yaml"]);
        let run = run.fails_with(1).keeps(&["hunter3"]);
        assert!(unwrapped(&run).contains(words), "{words}: {run}");
        assert_eq!(user.environment.read("p.yaml"), TEXT);
    }
    let cache = format!(".aws/sso/cache/{}.json", sha1("work"));
    user.file(
        &cache,
        &format!("{{\"accessToken\": \"{LOGIN}\", \"expiresAt\": \"2001-01-01T00:00:00Z\"}}"),
    );
    let run = user
        .run_with(&with("sso"), &["encrypt", "-i", "--kms", KEY, "p.yaml"])
        .fails_with(1);
    let words = "the SSO login of the profile `sso` has expired; run `aws sso login --profile sso`";
    assert!(unwrapped(&run).contains(words), "{run}");
}

/// The combinations that were measured with `sops` 3.13.3.
#[test]
fn an_access_key_in_the_environment_replaces_a_profile_that_is_not_supported() {
    let user = User::new();
    let mfa =
        format!("role_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/u\n");
    let config = user.file(
        "config",
        &format!(
            "[default]\n{mfa}[profile mfa]\n{mfa}[profile login]\nlogin_session = arn:aws:iam::1:user/u\n[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n"
        ),
    );
    user.environment.write("p.yaml", TEXT);
    let config = ("AWS_CONFIG_FILE", &*config);
    let encrypt = ["encrypt", "--kms", KEY, "p.yaml"];
    for profile in ["", "mfa", "login"] {
        let selected = ("AWS_PROFILE", profile);
        let [id, secret] = ACCESS;
        let variables = [config, selected, id, secret];
        user.run_with(&variables, &encrypt).succeeds();
        assert_eq!(user.signers().pop().as_deref(), Some(USER.0), "{profile}");
        let run = user.run_with(&[config, selected], &encrypt).fails_with(1);
        assert!(
            unwrapped(&run).contains("does not support; run `eval"),
            "{run}"
        );
        // A profile that the key names has precedence over the environment.
        if !profile.is_empty() {
            let words = ["encrypt", "--kms", KEY, "--aws-profile", profile, "p.yaml"];
            let run = user.run_with(&[config, id, secret], &words).fails_with(1);
            let advice = "does not support; remove `aws_profile` from the key, and run `eval";
            assert!(unwrapped(&run).contains(advice), "{run}");
        }
    }
}

#[test]
fn an_expired_sso_login_is_renewed() {
    let user = User::new();
    user.encrypt("x.yaml", &["--kms", KEY]);
    let config = user.file(
        "config",
        "[default]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = sops\n\
         [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    let login = serde_json::json!({
        "accessToken": "expired-token",
        "expiresAt": "2001-01-01T00:00:00Z",
        "clientId": "client",
        "clientSecret": "secret-of-the-client",
        "refreshToken": REFRESH,
        "registrationExpiresAt": "2100-01-01T00:00:00Z",
    });
    let cache = format!(".aws/sso/cache/{}.json", sha1("work"));
    let cache = user.file(&cache, &login.to_string());
    let variables = [("AWS_CONFIG_FILE", &*config)];
    let run = user.run_with(&variables, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(run.stdout, TEXT);
    let renewed = fs::read_to_string(cache).expect("the cache is there");
    assert!(renewed.contains(LOGIN) && !renewed.contains("expired-token"));
}

#[test]
fn the_region_and_the_users_settings_choose_the_server() {
    let environment = TestEnvironment::new();
    environment.write("p.yaml", TEXT);
    let proxy = HttpServer::start(|_| HttpReply::Answer(403, Vec::new(), Vec::new()));
    let url = proxy.url();
    for (settings, region, host) in [
        (None, "eu-west-1", "kms.eu-west-1.amazonaws.com"),
        (None, "cn-north-1", "kms.cn-north-1.amazonaws.com.cn"),
        (None, "us-gov-west-1", "kms.us-gov-west-1.amazonaws.com"),
        (
            Some(("AWS_USE_FIPS_ENDPOINT", "true")),
            "us-east-1",
            "kms-fips.us-east-1.amazonaws.com",
        ),
        (
            Some(("AWS_USE_DUALSTACK_ENDPOINT", "true")),
            "us-east-1",
            "kms.us-east-1.api.aws",
        ),
    ] {
        let partition = match region {
            "cn-north-1" => "aws-cn",
            "us-gov-west-1" => "aws-us-gov",
            _ => "aws",
        };
        let key = format!("arn:{partition}:kms:{region}:1:key/k");
        let mut command = environment.command(&["encrypt", "-i", "--kms", &key, "p.yaml"]);
        command.envs(ACCESS).envs(settings).env("HTTPS_PROXY", &url);
        let run = environment.finish(command).fails_with(1).keeps(&[USER.1]);
        let request = proxy.requests().pop().expect("the proxy was asked");
        let asked = (&*request.method, &*request.path);
        assert_eq!(asked, ("CONNECT", &*format!("{host}:443")), "{run}");
        assert!(
            unwrapped(&run).contains(&format!("{host} cannot be reached: the proxy")),
            "{run}"
        );
    }
}

#[test]
fn a_profile_names_servers() {
    let user = User::new();
    let url = user.server.http.url();
    let config = user.file(
        "config",
        &format!(
            "[default]\nendpoint_url = {url}\n\
             [profile p]\nservices = local\n\
             [services local]\nkms =\n  endpoint_url = {url}\n"
        ),
    );
    user.environment.write("p.yaml", TEXT);
    for profile in ["default", "p"] {
        let words = ["encrypt", "--kms", KEY, "p.yaml"];
        let mut command = user.environment.command(&words);
        command
            .envs(ACCESS)
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_PROFILE", profile);
        user.environment.finish(command).succeeds();
    }
}

#[test]
fn a_bundle_of_certificates_is_trusted() {
    let user = User::new();
    user.environment.write("p.yaml", TEXT);
    let server = HttpServer::start_tls(|_| {
        HttpReply::json(400, &serde_json::json!({"__type": "DisabledException"}))
    });
    let url = server.url();
    let authority = authority_file().display().to_string();
    for (bundle, words) in [
        (&*authority, "the key is disabled"),
        ("", "no trusted authority signed its certificate"),
        (
            "/nowhere.pem",
            "AWS_CA_BUNDLE: /nowhere.pem: No such file or directory",
        ),
    ] {
        let server = [("AWS_ENDPOINT_URL_KMS", &*url), ("AWS_CA_BUNDLE", bundle)];
        let variables = [&ACCESS[..], &server].concat();
        let run = user.run_with(&variables, &["encrypt", "-i", "--kms", KEY, "p.yaml"]);
        assert!(unwrapped(&run.fails_with(1)).contains(words), "{words}");
    }
}

#[test]
fn an_answer_about_another_key_is_an_error_and_a_throttled_request_is_repeated() {
    let user = User::new();
    user.environment.write("p.yaml", TEXT);
    let other = KEY.replace("1234abcd", "other");
    let server = HttpServer::start(move |_| {
        HttpReply::json(
            200,
            &serde_json::json!({"CiphertextBlob": "AAAA", "KeyId": other}),
        )
    });
    let url = server.url();
    let variables = [&ACCESS[..], &[("AWS_ENDPOINT_URL_KMS", &*url)]].concat();
    let words = ["encrypt", "-i", "--kms", KEY, "p.yaml"];
    let run = user.run_with(&variables, &words).fails_with(1);
    assert!(
        unwrapped(&run).contains("AWS used a different key"),
        "{run}"
    );
    let busy = HttpServer::start(|_| {
        HttpReply::json(
            400,
            &serde_json::json!({"__type": "ThrottlingException", "message": "Rate exceeded"}),
        )
    });
    let url = busy.url();
    let variables = [&ACCESS[..], &[("AWS_ENDPOINT_URL_KMS", &*url)]].concat();
    let run = user.run_with(&variables, &words).fails_with(1);
    assert!(
        unwrapped(&run).contains("AWS KMS received too many requests: Rate exceeded"),
        "{run}"
    );
    assert_eq!(busy.requests().len(), 3);
    assert_eq!(user.environment.read("p.yaml"), TEXT);
}
