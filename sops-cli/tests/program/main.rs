//! The program as a person meets it: run in a folder and with a home of its own.

#[cfg(feature = "kube")]
mod apply;
mod bad_input;
mod cases;
mod conflicts;
mod disguise;
mod edit;
mod encrypt_decrypt;
mod exec;
mod flat;
#[cfg(feature = "kube")]
mod flux;
mod help;
mod hook;
mod init;
mod keys;
mod keyservice;
mod lint;
mod many;
mod permissions;
mod secret_fields;
mod set;
mod writing;
