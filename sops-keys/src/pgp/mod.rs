//! The family PGP: secrets in OpenPGP messages, which the program `gpg` makes and decrypts, as it does for `sops`.
//!
//! Keys, passphrases and trust are left to `gpg` and its agent. Secrets go through pipes only.
//!
//! What belongs in this directory: running `gpg` (`gpg`), what it answers (`status`), and its messages (`message`).

mod gpg;
pub(crate) mod message;
mod status;

pub use gpg::Gpg;
