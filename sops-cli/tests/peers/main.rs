//! Compatibility with the real `sops`, which must be on the PATH: without it these tests fail.
//!
//! The number of generated documents is `SOPS_RS_DOCUMENTS` (2,000 by default), the first seed `SOPS_RS_SEED` (random by
//! default, and printed).

mod corpus;
mod generated;
mod golden;
mod peer;
