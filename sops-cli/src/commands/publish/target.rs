//! Where a file is published.

use std::fmt;
use std::path::{Path, PathBuf};

use sops_core::config::{Config, Destination, DestinationRule};
#[cfg(feature = "cloud-keys")]
use sops_printable::escaped;

#[cfg(feature = "cloud-keys")]
use self::server as remote;
use crate::command_error::{Code, CommandError, name_of};

/// Where a file is published.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// A file in a directory.
    File(PathBuf),
    /// A place on a server.
    #[cfg(feature = "cloud-keys")]
    Server(sops_kms::Destination),
}

impl Target {
    /// The target of a file that is published under a name.
    ///
    /// # Errors
    ///
    /// The rule has no destination or several, the file would replace itself, or this program was
    /// built without the destination.
    pub(super) fn of(
        config: &Config,
        rule: &DestinationRule,
        file: &Path,
        name: &Path,
    ) -> Result<Self, CommandError> {
        let refused = |message: String| {
            CommandError::new(Code::Generic, message).in_file(&name_of(config.file()))
        };
        match &rule.destinations[..] {
            [] => Err(refused(format!(
                "no destination configured for this file: the destination rule for {} has none; add `directory` to it",
                name_of(file)
            ))),
            [Destination::Directory { path }] => {
                let target = config.directory().join(path).join(name);
                let is_same = |target: &Path| match (target.canonicalize(), file.canonicalize()) {
                    (Ok(target), Ok(file)) => target == file,
                    _ => false,
                };
                match is_same(&target) {
                    true => Err(refused(format!(
                        "{} would be published to itself; change `directory` in its destination rule",
                        name_of(file)
                    ))),
                    false => Ok(Self::File(target)),
                }
            }
            [destination] => {
                if let Some(missing) = missing(destination) {
                    let message = format!("cannot publish {}: {missing}", name_of(file));
                    return Err(CommandError::new(Code::Generic, message));
                }
                let name = name.to_str().ok_or_else(|| {
                    refused(format!("the name of {} is not valid UTF-8", name_of(file)))
                })?;
                remote(destination, name).ok_or_else(|| refused("unknown destination".to_owned()))
            }
            [_, _, ..] => Err(refused(format!(
                "more than one destination in a destination rule: keep only one in the rule for {}",
                name_of(file)
            ))),
        }
    }

    /// Whether the target gets the decrypted values.
    pub(super) fn is_plaintext(&self) -> bool {
        match self {
            Self::File(_) => false,
            #[cfg(feature = "cloud-keys")]
            Self::Server(destination) => matches!(destination, sops_kms::Destination::VaultKv(_)),
        }
    }
}

/// What to do if this program was built without the destination.
fn missing(destination: &Destination) -> Option<String> {
    let (service, is_built_in, feature) = match destination {
        Destination::S3 { .. } => ("Amazon S3", cfg!(feature = "aws"), "cloud"),
        Destination::Gcs { .. } => ("Google Cloud Storage", cfg!(feature = "gcp"), "gcp"),
        Destination::Vault { .. } => ("HashiCorp Vault", cfg!(feature = "vault"), "vault"),
        _ => return None,
    };
    (!is_built_in).then(|| {
        format!(
            "this sops-rs was built without support for {service}: install a release package, or build it with `--features {feature}`"
        )
    })
}

/// The target on a server, with the same names as in `sops`.
#[cfg(feature = "cloud-keys")]
fn server(destination: &Destination, name: &str) -> Option<Target> {
    Some(Target::Server(match destination {
        Destination::S3 { bucket, prefix } => sops_kms::Destination::S3 {
            bucket: bucket.clone(),
            key: format!("{prefix}{name}"),
        },
        Destination::Gcs { bucket, prefix } => sops_kms::Destination::Gcs {
            bucket: bucket.clone(),
            object: format!("{prefix}{name}"),
        },
        Destination::Vault {
            address,
            path,
            kv_mount_name,
            kv_version,
        } => sops_kms::Destination::VaultKv(sops_kms::VaultSecret {
            address: Some(address.clone()).filter(|address| !address.is_empty()),
            mount: match &**kv_mount_name {
                "" => "secret".to_owned(),
                mount => mount.to_owned(),
            },
            has_versions: *kv_version != Some(1),
            path: format!("{}/{name}", path.trim_end_matches('/')),
        }),
        _ => return None,
    }))
}

/// No server, because this program was built without them.
#[cfg(not(feature = "cloud-keys"))]
fn remote(_: &Destination, _: &str) -> Option<Target> {
    None
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&name_of(path)),
            #[cfg(feature = "cloud-keys")]
            Self::Server(destination) => f.write_str(&escaped(&url(destination))),
        }
    }
}

/// The URL of the destination, as `sops` shows it.
#[cfg(feature = "cloud-keys")]
fn url(destination: &sops_kms::Destination) -> String {
    match destination {
        sops_kms::Destination::S3 { bucket, key } => format!("s3://{bucket}/{key}"),
        sops_kms::Destination::Gcs { bucket, object } => format!("gcs://{bucket}/{object}"),
        sops_kms::Destination::VaultKv(secret) => {
            let own = || std::env::var("VAULT_ADDR").ok();
            let own = || own().filter(|address| !address.is_empty());
            let address = secret.address.clone().or_else(own);
            let address = address.as_deref().unwrap_or("https://127.0.0.1:8200");
            let data = if secret.has_versions { "data/" } else { "" };
            let (mount, path) = (&secret.mount, &secret.path);
            let [address, mount] = [address, mount].map(|text| text.trim_end_matches('/'));
            let path = path.trim_start_matches('/');
            format!("{address}/v1/{mount}/{data}{path}")
        }
        _ => "a server".to_owned(),
    }
}
