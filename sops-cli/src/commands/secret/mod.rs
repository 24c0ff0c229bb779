//! `sops-rs secret`: creates Secrets. `kinds.rs` has the arguments of each kind, `sources.rs` finds
//! the values, `certificate.rs` checks a certificate and its key, `docker_config.rs` writes the
//! credentials of a registry, and `manifest.rs` encrypts the manifest.

#[cfg(any(feature = "cloud-keys", feature = "kube"))]
mod certificate;
mod docker_config;
mod kinds;
mod manifest;
mod sources;

use clap::Subcommand;

use self::kinds::SecretKind;
pub(super) use self::sources::check_key;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs secret create generic api --generate token=32
  sops-rs secret create tls web --cert tls.crt --key tls.key";

const CREATE_EXAMPLES: &str = "\
Examples:
  sops-rs secret create generic api --generate token=32 --output apps/api.yaml
  sops-rs secret create generic api --from-env-file api.env --namespace shop
  openssl rand -hex 24 | sops-rs secret create generic api --from-stdin token";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: SecretAction,
}

#[derive(Subcommand, Debug)]
enum SecretAction {
    /// Create an encrypted Secret, with the flags of `kubectl create secret`
    ///
    /// The creation rule for the path of the manifest determines the recipients. The plaintext is
    /// never written to disk.
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        #[command(subcommand)]
        kind: SecretKind,
    },
}

pub(crate) fn cmd_secret(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let SecretAction::Create { kind } = &args.action;
    kind.create(ui, globals)
}
