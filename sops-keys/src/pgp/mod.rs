//! The PGP key family. As in `sops`, the program `gpg` encrypts and decrypts secrets as OpenPGP
//! messages.
//!
//! `gpg` and its agent manage keys, passphrases and trust. Secrets are passed only through pipes.
//!
//! `gpg` runs the program, `status` parses its output, and `message` checks its messages.

mod gpg;
pub(crate) mod message;
mod status;

pub use gpg::Gpg;
