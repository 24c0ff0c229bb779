//! The properties that the fuzz targets check.

mod changes;
mod merging;
mod redaction;
mod round_trip;

use std::sync::LazyLock;

use sops_core::Document;
use sops_core::keys::Identities;
use sops_core::tree::Node;

pub use changes::change;
pub use merging::merge_texts;
pub use redaction::redact;
pub use round_trip::round_trip;

/// The test key.
pub static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| {
    let mut identities = Identities::new();
    identities
        .add_keys(
            "the test key",
            include_bytes!("../../testdata/keys/x25519.txt"),
        )
        .expect("the test key is valid");
    identities
});

/// The trees of all documents in a stream.
fn trees(document: &Document<'_>) -> Vec<Node> {
    (0..).map_while(|number| document.to_tree(number)).collect()
}
