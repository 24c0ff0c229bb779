//! `sops-rs resolve`.
