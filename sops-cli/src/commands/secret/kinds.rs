//! The kinds of Secrets, with the arguments and fields of each. The flags are those of `kubectl
//! create secret`, which has no kinds for basic and SSH authentication.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

#[cfg(any(feature = "cloud-keys", feature = "kube"))]
use super::certificate;
use super::docker_config::{self, DEFAULT_SERVER, DockerConfig};
use super::manifest::{ManifestArgs, Secret};
use super::sources::{Entries, GenericArgs, Literals, PasswordArgs, Request, key_and_file};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::secret_input::{input_name, read};
use crate::ui::Ui;

const GENERIC_EXAMPLES: &str = "\
Examples:
  sops-rs secret create generic api --generate token=32
  sops-rs secret create generic api --from-env-file api.env
  sops-rs secret create generic api --from-file tls.crt --from-prompt password";

const TLS_EXAMPLES: &str = "\
Examples:
  sops-rs secret create tls web --cert tls.crt --key tls.key
  sops-rs secret create tls web --cert tls.crt --key - < tls.key";

const DOCKER_EXAMPLES: &str = "\
Examples:
  sops-rs secret create docker-registry pull --docker-username ann
  sops-rs secret create docker-registry pull --from-file ~/.docker/config.json";

const BASIC_EXAMPLES: &str = "\
Examples:
  sops-rs secret create basic-auth git --username ann
  sops-rs secret create basic-auth git --username ann --generate 32";

const SSH_EXAMPLES: &str = "\
Examples:
  sops-rs secret create ssh-auth deploy --ssh-privatekey ~/.ssh/id_ed25519
  sops-rs secret create ssh-auth deploy --ssh-privatekey - < ~/.ssh/id_ed25519";

#[derive(Subcommand, Debug)]
pub(super) enum SecretKind {
    /// Create a Secret with any keys and values
    #[command(after_help = GENERIC_EXAMPLES)]
    Generic {
        #[command(flatten)]
        manifest: ManifestArgs,
        #[command(flatten)]
        values: Box<GenericArgs>,
        /// The type of the Secret [default: none, which means Opaque]
        #[arg(long = "type", value_name = "TYPE")]
        secret_type: Option<String>,
    },
    /// Create a Secret with a certificate and its private key
    #[command(after_help = TLS_EXAMPLES)]
    Tls {
        #[command(flatten)]
        manifest: ManifestArgs,
        #[command(flatten)]
        pair: TlsArgs,
    },
    /// Create a Secret with the credentials of an image registry
    ///
    /// If no flag gives the password, sops-rs asks for it.
    #[command(after_help = DOCKER_EXAMPLES)]
    DockerRegistry {
        #[command(flatten)]
        manifest: ManifestArgs,
        #[command(flatten)]
        registry: Box<DockerArgs>,
    },
    /// Create a Secret with a user name and a password
    ///
    /// If no flag gives the password, sops-rs asks for it.
    #[command(after_help = BASIC_EXAMPLES)]
    BasicAuth {
        #[command(flatten)]
        manifest: ManifestArgs,
        /// The user name
        #[arg(long)]
        username: String,
        #[command(flatten)]
        password: PasswordArgs,
        /// The password; other processes can see it
        #[arg(
            long = "password",
            value_name = "PASSWORD",
            conflicts_with_all = ["password_stdin", "password_file", "generate"]
        )]
        literal: Option<Zeroizing<String>>,
        /// Create a random password of this length, such as `32` or `64:hex`
        #[arg(
            long,
            value_name = "LENGTH[:ALPHABET]",
            value_parser = Request::of_password,
            conflicts_with_all = ["password_stdin", "password_file"]
        )]
        generate: Option<Request>,
    },
    /// Create a Secret with an SSH private key
    #[command(after_help = SSH_EXAMPLES)]
    SshAuth {
        #[command(flatten)]
        manifest: ManifestArgs,
        /// The file with the private key; `-` is standard input
        #[arg(long, value_name = "FILE")]
        ssh_privatekey: PathBuf,
    },
}

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct TlsArgs {
    /// The file with the certificate in PEM
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The file with the private key in PEM; `-` is standard input
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct DockerArgs {
    /// The registry
    #[arg(long, value_name = "SERVER", default_value = DEFAULT_SERVER)]
    docker_server: String,
    /// The user name
    #[arg(long, value_name = "NAME", required_unless_present = "from_file")]
    docker_username: Option<String>,
    /// The password; other processes can see it
    #[arg(
        long,
        value_name = "PASSWORD",
        conflicts_with_all = ["password_stdin", "password_file"]
    )]
    docker_password: Option<Zeroizing<String>>,
    /// The email address
    #[arg(long, value_name = "ADDRESS")]
    docker_email: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
    /// A Docker configuration file to use as it is; `-` is standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "docker_server",
            "docker_username",
            "docker_password",
            "docker_email",
            "password_stdin",
            "password_file",
        ]
    )]
    from_file: Option<String>,
}

impl SecretKind {
    /// Collects the values, and writes the encrypted manifest.
    pub(super) fn create(&self, ui: &Ui, globals: &GlobalArgs) -> Result<(), CommandError> {
        let mut entries = Entries::default();
        let mut literals = Literals::default();
        let (manifest, secret_type) = match self {
            Self::Generic {
                manifest,
                values,
                secret_type,
            } => {
                manifest.check()?;
                values.collect(ui, &mut entries, &mut literals)?;
                (manifest, secret_type.as_deref())
            }
            Self::Tls { manifest, pair } => {
                manifest.check()?;
                pair.add_to(&mut entries)?;
                (manifest, Some("kubernetes.io/tls"))
            }
            Self::DockerRegistry { manifest, registry } => {
                manifest.check()?;
                entries.add(".dockerconfigjson", registry.config(ui, &mut literals)?)?;
                (manifest, Some("kubernetes.io/dockerconfigjson"))
            }
            Self::BasicAuth {
                manifest,
                username,
                password,
                literal,
                generate,
            } => {
                manifest.check()?;
                let password = match generate {
                    Some(request) => request.generate(ui),
                    None => password.read(ui, literal.as_ref(), "--password", &mut literals)?,
                };
                let username = Zeroizing::new(username.clone().into_bytes());
                entries.add("username", username)?;
                entries.add("password", password)?;
                (manifest, Some("kubernetes.io/basic-auth"))
            }
            Self::SshAuth {
                manifest,
                ssh_privatekey,
            } => {
                manifest.check()?;
                let key = pem(ssh_privatekey, "PRIVATE KEY")?;
                entries.add("ssh-privatekey", key)?;
                (manifest, Some("kubernetes.io/ssh-auth"))
            }
        };
        literals.warn(ui);
        let secret = Secret {
            secret_type,
            entries: &entries,
        };
        manifest.write(ui, globals, &secret)
    }
}

impl TlsArgs {
    /// Adds the certificate and its key. As in `kubectl`, they must belong together.
    fn add_to(&self, entries: &mut Entries) -> Result<(), CommandError> {
        let certificate = pem(&self.cert, "CERTIFICATE")?;
        let key = pem(&self.key, "PRIVATE KEY")?;
        #[cfg(any(feature = "cloud-keys", feature = "kube"))]
        certificate::check_pair((&self.cert, &certificate), (&self.key, &key))?;
        entries.add("tls.crt", certificate)?;
        entries.add("tls.key", key)
    }
}

impl DockerArgs {
    fn config(&self, ui: &Ui, literals: &mut Literals) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        if let Some(file) = &self.from_file {
            // `kubectl` needs `.dockerconfigjson=FILE`, and no other key is valid.
            let (_, file) = key_and_file(file)?;
            let file = Path::new(file);
            let config = read(file)?;
            if !docker_config::is_object(&config) {
                let message = format!("{} is not a JSON object", input_name(file));
                return Err(CommandError::new(Code::Generic, message)
                    .hint("pass a file such as `~/.docker/config.json`"));
            }
            return Ok(config);
        }
        let username = self.docker_username.as_deref().unwrap_or_default();
        let literal = self.docker_password.as_ref();
        let password = self
            .password
            .read(ui, literal, "--docker-password", literals)?;
        let config = DockerConfig {
            server: &self.docker_server,
            username,
            password: str::from_utf8(&password)
                .map_err(|_| CommandError::new(Code::Generic, "the password is not UTF-8 text"))?,
            email: self.docker_email.as_deref().unwrap_or_default(),
        };
        Ok(config.to_json())
    }
}

/// Reads a PEM file that must contain a section with this label.
fn pem(file: &Path, label: &str) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let bytes = read(file)?;
    let marker = format!("{label}-----");
    if !bytes
        .windows(marker.len())
        .any(|window| window == marker.as_bytes())
    {
        let message = format!("{} contains no `{label}` in PEM", input_name(file));
        return Err(CommandError::new(Code::Generic, message));
    }
    Ok(bytes)
}
