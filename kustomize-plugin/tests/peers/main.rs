//! Runs the function in builds of the real `kustomize`. Both `kustomize` and `sops` must be on the
//! PATH: without them, these tests fail.
//!
//! The expected result is what `kustomize build` produces from the files that `sops` decrypted,
//! which is also what Flux produces.

mod directory;
mod generator;
mod ksops;
mod lint;
mod placeholders;
mod transformer;
