//! The security matrix of merges. A branch is input from strangers: each module is about one thing
//! that it must not achieve.

mod hosts;
mod mac;
mod names;
mod plaintext;
mod recipients;
mod removal;
mod rotation;
mod rules;

use super::Repository;

/// The `enc` of the first recipient of a file, which is as good as its data key.
fn enc(repository: &Repository, file: &str) -> String {
    let text = repository.0.read(file);
    let enc = text.split("enc: |").nth(1).expect("the file has a key");
    enc.split("-----END").next().unwrap_or_default().to_owned()
}
