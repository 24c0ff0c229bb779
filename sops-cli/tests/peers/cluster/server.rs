//! An API server of Kubernetes with its etcd, on free ports of this machine; both end with the
//! process that started them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sops_test_support::environment::{Run, TestEnvironment};

use crate::warden::{Warden, free_port};

/// How long a server may take to be ready. On an idle machine, it takes seconds.
const READY: Duration = Duration::from_secs(120);

/// The cluster that tests share, each in its own namespaces.
pub(crate) static CLUSTER: LazyLock<Server> = LazyLock::new(Server::start);

pub(crate) struct Server {
    port: u16,
    /// The certificate authority that the server created for itself.
    authority: String,
    /// The certificate and key of a client.
    client_certificate: (String, String),
    /// The directory with the data of etcd.
    data: PathBuf,
    _etcd: Warden,
    _server: Warden,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a server with this `EncryptionConfiguration`.
    pub(crate) fn start_with(encryption: Option<&str>) -> Self {
        // The wardens remove the directories in it.
        let root = tempfile::tempdir()
            .expect("a temporary directory can be created")
            .keep();
        let (client, peer, port) = (free_port(), free_port(), free_port());
        let client = format!("http://127.0.0.1:{client}");
        let peer = format!("http://127.0.0.1:{peer}");
        let data = root.join("etcd");
        let etcd = Warden::start(
            &data,
            "etcd",
            &[
                format!("--data-dir={}", data.display()),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
                "--unsafe-no-fsync".to_owned(),
            ],
        );
        let directory = root.join("server");
        fs::create_dir(&directory).expect("the directory can be created");
        let path = |name: &str| directory.join(name).display().to_string();
        openssl(&["genrsa", "-out", &path("key"), "2048"]);
        openssl(&[
            "rsa",
            "-in",
            &path("key"),
            "-pubout",
            "-out",
            &path("key.pub"),
        ]);
        let tokens = "token-of-admin,admin,admin,\"system:masters\"\ntoken-of-ann,ann,ann\n";
        fs::write(path("tokens"), tokens).expect("the file can be written");
        let client_certificate = client_certificate(&directory);
        let mut flags = Vec::new();
        if let Some(configuration) = encryption {
            fs::write(path("encryption.yaml"), configuration).expect("the file can be written");
            flags.push(format!(
                "--encryption-provider-config={}",
                path("encryption.yaml")
            ));
        }
        flags.extend([
            format!("--etcd-servers={client}"),
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--cert-dir={}", path("certificates")),
            format!("--service-account-key-file={}", path("key.pub")),
            format!("--service-account-signing-key-file={}", path("key")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--token-auth-file={}", path("tokens")),
            format!("--client-ca-file={}", path("ca.crt")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ]);
        let server = Warden::start(&directory, "kube-apiserver", &flags);
        let authority = directory.join("certificates/apiserver.crt");
        let log = root.join("server.log");
        let mut this = Self {
            port,
            authority: String::new(),
            client_certificate,
            data,
            _etcd: etcd,
            _server: server,
        };
        let end = Instant::now() + READY;
        while !this.is_ready(&authority) {
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(
                Instant::now() < end,
                "the API server is not ready: {}",
                said()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        fs::remove_file(log).expect("the file can be removed");
        fs::remove_file(root.join("etcd.log")).expect("the file can be removed");
        this
    }

    /// The directory with the data of etcd.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Whether the server answers and has created its initial objects.
    fn is_ready(&mut self, authority: &Path) -> bool {
        let Ok(certificates) = fs::read(authority) else {
            return false;
        };
        self.authority = BASE64_STANDARD.encode(certificates);
        let environment = TestEnvironment::without_key();
        self.write_kubeconfig(&environment);
        let ready = self.try_kubectl(&environment, &["get", "--raw", "/readyz"]);
        ready.code == Some(0)
            && self
                .try_kubectl(&environment, &["get", "namespace", "default"])
                .code
                == Some(0)
    }

    /// Writes a kubeconfig with the current context `admin` to the environment's home.
    pub(crate) fn write_kubeconfig(&self, environment: &TestEnvironment) {
        let server = format!("https://127.0.0.1:{}", self.port);
        let away = format!("https://127.0.0.1:{}", free_port());
        let authority = &self.authority;
        let (certificate, key) = &self.client_certificate;
        let directory = environment.home().join(".kube");
        fs::create_dir_all(&directory).expect("the directory can be created");
        let text = format!(
            r#"apiVersion: v1
kind: Config
current-context: admin
clusters:
- {{name: here, cluster: {{server: "{server}", certificate-authority-data: {authority}}}}}
- {{name: away, cluster: {{server: "{away}", certificate-authority-data: {authority}}}}}
- {{name: untrusted, cluster: {{server: "{server}"}}}}
users:
- {{name: admin, user: {{token: token-of-admin}}}}
- {{name: ann, user: {{token: token-of-ann}}}}
- {{name: carol, user: {{client-certificate-data: {certificate}, client-key-data: {key}}}}}
- {{name: stranger, user: {{token: token-of-nobody}}}}
contexts:
- {{name: admin, context: {{cluster: here, user: admin}}}}
- {{name: ann, context: {{cluster: here, user: ann}}}}
- {{name: carol, context: {{cluster: here, user: carol}}}}
- {{name: stranger, context: {{cluster: here, user: stranger}}}}
- {{name: away, context: {{cluster: away, user: admin}}}}
- {{name: untrusted, context: {{cluster: untrusted, user: admin}}}}
"#
        );
        fs::write(directory.join("config"), text).expect("the file can be written");
    }

    /// Writes the files of a pod with this service account to the directory `account`, and returns
    /// the pod's variables.
    pub(crate) fn write_account(
        &self,
        environment: &TestEnvironment,
        namespace: &str,
        name: &str,
    ) -> [(&'static str, String); 2] {
        let token = self.kubectl(environment, &["create", "token", "-n", namespace, name]);
        let authority = BASE64_STANDARD
            .decode(&self.authority)
            .expect("the certificate is base64");
        environment.write("account/token", token.trim());
        environment.write("account/ca.crt", authority);
        environment.write("account/namespace", namespace);
        [
            ("KUBERNETES_SERVICE_HOST", "127.0.0.1".to_owned()),
            ("KUBERNETES_SERVICE_PORT", self.port.to_string()),
        ]
    }

    /// Runs the real `kubectl` as the administrator.
    pub(crate) fn kubectl(&self, environment: &TestEnvironment, arguments: &[&str]) -> String {
        self.try_kubectl(environment, arguments).succeeds().stdout
    }

    /// Like [`Self::kubectl`], for a command that may fail.
    pub(crate) fn try_kubectl(&self, environment: &TestEnvironment, arguments: &[&str]) -> Run {
        let mut command = environment.command_of(&PathBuf::from("kubectl"), arguments);
        // `kubectl` caches what it learns about a server there.
        command.env("KUBECACHEDIR", environment.home().join(".kube/cache"));
        environment.finish(command)
    }

    /// The value of a Secret's entry, as `kubectl` reads it.
    pub(crate) fn entry(
        &self,
        environment: &TestEnvironment,
        namespace: &str,
        name: &str,
        key: &str,
    ) -> String {
        let template = format!("go-template={{{{index .data \"{key}\"}}}}");
        let encoded = self.kubectl(
            environment,
            &["get", "secret", "-n", namespace, name, "-o", &template],
        );
        let bytes = BASE64_STANDARD
            .decode(encoded)
            .expect("the server gives base64");
        String::from_utf8(bytes).expect("the value is a string")
    }

    /// An environment with the test key, in which this cluster is the current one.
    pub(crate) fn environment(&self) -> TestEnvironment {
        let environment = TestEnvironment::new();
        self.write_kubeconfig(&environment);
        environment
    }
}

/// The certificate and key of the administrator `carol`, in base64, of the kinds that k3s creates.
fn client_certificate(directory: &Path) -> (String, String) {
    let path = |name: &str| directory.join(name).display().to_string();
    let base64 =
        |name: &str| BASE64_STANDARD.encode(fs::read(path(name)).expect("the file was created"));
    let (ca, ca_key, key) = (path("ca.crt"), path("ca.key"), path("carol.key"));
    let sign = ["req", "-x509", "-days", "2", "-nodes"];
    let authority = [
        "-newkey",
        "rsa:2048",
        "-keyout",
        &ca_key,
        "-subj",
        "/CN=tests",
        "-out",
        &ca,
    ];
    openssl(&[&sign[..], &authority].concat());
    openssl(&[
        "ecparam",
        "-name",
        "prime256v1",
        "-genkey",
        "-noout",
        "-out",
        &key,
    ]);
    let (subject, certificate) = ("/O=system:masters/CN=carol", path("carol.crt"));
    let client = [
        "-CA",
        &ca,
        "-CAkey",
        &ca_key,
        "-key",
        &key,
        "-subj",
        subject,
        "-out",
        &certificate,
    ];
    openssl(&[&sign[..], &client].concat());
    (base64("carol.crt"), base64("carol.key"))
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output();
    assert!(output.expect("`openssl` is on the PATH").status.success());
}
