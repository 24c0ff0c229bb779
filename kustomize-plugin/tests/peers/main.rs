//! The function in builds of the real `kustomize`, which must be on the PATH, as `sops` must: without them these tests fail.
//!
//! What Flux makes of the same files is what `kustomize build` makes of the files that `sops` decrypted: the expected results here.

mod folder;
mod generator;
mod ksops;
mod lint;
mod transformer;
