//! Checks whether Flux can decrypt a repository: its keys in the cluster, its Kustomizations, and
//! who can read the keys.

mod controller;
mod kustomization;
mod replacement;
mod report;
mod repository;
mod rollout;
mod secret;
mod selection;

pub(crate) use controller::ControllerKey;
pub(crate) use kustomization::{Expectation, items};
pub(crate) use replacement::{
    KeyReplacement, REPLACES, ReplacementState, ReplacementStep, RepositoryState,
    recipients_in_secret, recorded,
};
pub(crate) use report::{FluxCheck, FluxReport};
pub(crate) use repository::{decrypts_with_flux, read_repository};
pub(crate) use rollout::Rollout;
pub(crate) use secret::{
    DecryptionSecret, OwnKeys, identities_of_secret, needs_secret, recipients_in, recipients_of,
};
pub(crate) use selection::Selection;
