//! The flags that name the Secret with the keys of Flux.

/// The Secret that Flux takes its keys from.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub(crate) struct SecretArgs {
    /// Namespace of the Secret with Flux's keys
    #[arg(long, short, value_name = "NAME", default_value = "flux-system")]
    pub(crate) namespace: String,
    /// Name of the Secret with Flux's keys
    #[arg(long, value_name = "NAME", default_value = "sops-age")]
    pub(crate) name: String,
}
