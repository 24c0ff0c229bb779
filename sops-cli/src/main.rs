//! The program `sops-rs`.
fn main() {}
