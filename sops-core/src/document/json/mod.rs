//! JSON as SOPS reads and writes it, which is as Go's `encoding/json` does.

pub(crate) mod emit;
