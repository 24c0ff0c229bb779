//! Compatibility with the real `sops` and `gpg`, which must be on the PATH: without them these tests fail.
//!
//! The number of generated documents is `SOPS_RS_DOCUMENTS` (2,000 by default), the first seed `SOPS_RS_SEED` (random by
//! default, and printed).

#[path = "../program/cases.rs"]
mod cases;
mod changes;
mod corpus;
mod exit_codes;
mod generated;
mod golden;
mod peer;
<<<<<<< HEAD
mod written;
=======
mod pgp;
>>>>>>> 806203b (Encrypt for PGP keys, keep those of clouds, and let key services join in)
