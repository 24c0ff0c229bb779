//! What Flux makes of a repository: its Kustomizations, what each of them builds, and the keys that it decrypts with.

mod build;
mod kustomization;
mod report;
mod repositories;
mod secret;

pub(crate) use kustomization::{FluxKustomization, SecretName, items};
pub(crate) use report::{FluxCheck, FluxReport};
pub(crate) use repositories::{Repositories, SourceOrigin};
pub(crate) use secret::{DecryptionSecret, recipients_in};
