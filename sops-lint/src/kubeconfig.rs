//! The credentials in the configuration of `kubectl`.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use sops_document::{NodeRef, Shape};

use crate::scrutiny::Scrutiny;

/// The credentials of a user, under `users[].user`.
const CREDENTIALS: [&str; 3] = ["token", "password", "client-key-data"];

/// The credentials of an identity provider, under `auth-provider.config`.
const OF_PROVIDER: [&str; 4] = ["access-token", "id-token", "refresh-token", "client-secret"];

/// Whether the text has the words of a kubeconfig with users.
pub(crate) fn may_be(text: &str) -> bool {
    // Few files contain the first word, so the search usually ends there.
    static WORDS: LazyLock<[AhoCorasick; 2]> = LazyLock::new(|| {
        ["users", "Config"].map(|word| AhoCorasick::new([word]).expect("one word makes a search"))
    });
    WORDS.iter().all(|word| word.is_match(text))
}

/// The first plaintext credential of a kubeconfig; `None` for any other object.
pub(crate) fn credential<'d, 'a>(
    top: NodeRef<'d, 'a>,
    scrutiny: Scrutiny,
) -> Option<NodeRef<'d, 'a>> {
    let is_open = |_: &str, node: NodeRef<'_, '_>| {
        let text = node.scalar_text().unwrap_or_default();
        !sops_core::is_ciphertext(text) && !scrutiny.passes(text)
    };
    find(top, is_open).map(|(_, node)| node)
}

/// The first plaintext credential of a kubeconfig, with its key; `None` for any other object.
pub(crate) fn find<'d, 'a>(
    top: NodeRef<'d, 'a>,
    is_open: impl Fn(&str, NodeRef<'d, 'a>) -> bool,
) -> Option<(&'static str, NodeRef<'d, 'a>)> {
    let has = |key, value| top.get(key).and_then(NodeRef::as_str) == Some(value);
    if !has("kind", "Config") || !has("apiVersion", "v1") {
        return None;
    }
    let users = top.get("users").into_iter().flat_map(NodeRef::items);
    let credentials = users.filter_map(|user| user.get("user")).flat_map(|user| {
        let own = CREDENTIALS.map(|key| Some((key, user.get(key)?)));
        let provider = user.at(&["auth-provider", "config"]);
        let of_provider = OF_PROVIDER.map(|key| Some((key, provider?.get(key)?)));
        own.into_iter().chain(of_provider).flatten()
    });
    let mut scalars = credentials.filter(|(_, node)| node.shape() == Shape::Scalar);
    scalars.find(|(key, node)| is_open(key, *node))
}
