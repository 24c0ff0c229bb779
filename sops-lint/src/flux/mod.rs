//! How Flux treats a repository: which Kustomizations it applies, which files each of them builds,
//! and how it decrypts them.
//!
//! The facts follow Flux's sources: `internal/decryptor` of kustomize-controller 1.9, and
//! `kustomize_generator.go` of fluxcd/pkg/kustomize.

mod applied;
mod budget;
mod build;
mod children;
mod encrypted_file;
mod facts;
mod function;
mod json_value;
mod kustomize_file;
mod missing_decryption;
mod patch;
mod patch_target;
mod paths;
mod problem;
mod problem_search;
mod resolution;
mod site;
mod source;
mod tree;

pub use applied::{Applied, AppliedKustomization, Decryption};
pub use facts::FluxFacts;
pub(crate) use paths::clean;
pub use problem::Problem;
pub(crate) use site::Site;
pub use source::SourceOrigin;
pub use tree::FluxTree;
