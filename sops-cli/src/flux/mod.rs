//! What Flux makes of a repository: its Kustomizations, what each of them builds, and the keys that it decrypts with.

mod build;
mod kustomization;
mod report;
mod secret;

pub(crate) use kustomization::{FluxKustomization, SecretName};
pub(crate) use report::{Check, Report};
pub(crate) use secret::{Keys, recipients_in};
