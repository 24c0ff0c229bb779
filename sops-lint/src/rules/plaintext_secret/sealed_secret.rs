//! Values of a SealedSecret that are not sealed.

use sops_document::{NodeRef, Shape};

use crate::context::Context;
use crate::object::Object;
use crate::plaintext_values::{is_plaintext, looks_secret};
use crate::secret::{is_secret_part, secret_fields};
use crate::secret_detection::{in_text, is_credential};
use crate::shown_name::shown_name;

/// The kind of these objects.
pub(crate) const KIND: &str = "SealedSecret";

/// What to do with a value that was not sealed.
pub(crate) const HIDE_SEALED: &str = "seal it with `kubeseal`, or put it into a Secret and encrypt that with `sops-rs encrypt -i`; if it was committed, treat it as leaked";

/// The shortest value that counts as sealed, in characters. Real ones have hundreds, examples
/// fewer.
const SEALED: usize = 40;

/// Reports the first value in plaintext.
pub(super) fn values(object: &Object<'_, '_>, context: &mut Context<'_>) {
    if let Some((key, node)) = open_values(object).next() {
        context
            .report_node(
                node,
                format!(
                    "the SealedSecret has a value in plaintext: `{}`",
                    shown_name(key)
                ),
            )
            .help(HIDE_SEALED);
    }
}

/// The values in plaintext with their keys: values that were not sealed, and those in the template
/// of the Secret.
pub(crate) fn open_values<'d, 'a>(
    object: &Object<'d, 'a>,
) -> impl Iterator<Item = (&'d str, NodeRef<'d, 'a>)> {
    let sealed = Some(object.node).filter(|_| object.kind == KIND);
    let values = sealed.and_then(|node| node.at(&["spec", "encryptedData"]));
    let unsealed = values.into_iter().flat_map(NodeRef::entries);
    let unsealed = unsealed.filter(|(key, node)| {
        let text = node.scalar_text().unwrap_or_default();
        let is_secret = || !in_text(key, text).is_empty() || is_credential(text);
        node.shape() == Shape::Scalar && !is_sealed(text) && is_secret()
    });
    let own = sealed.into_iter().flat_map(secret_fields);
    let own = own.filter(|field| field.is_part());
    let own = own.flat_map(|field| field.values()).filter(is_plaintext);
    let template = sealed.and_then(|node| node.at(&["spec", "template"]));
    let of_template = template.into_iter().flat_map(secret_fields);
    let of_template = of_template.filter(|field| field.is_part());
    let of_template = of_template.flat_map(|field| field.values());
    let of_template = of_template.filter(looks_secret);
    unsealed.chain(own.chain(of_template).map(|value| (value.key, value.node)))
}

/// Whether the text is a sealed value, or a truncated example of one. A sealed value begins with the
/// length of an RSA ciphertext.
fn is_sealed(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_whitespace();
    let text = text.trim();
    let body = text.trim_end_matches(['.', '…']);
    let is_cut = body.len() + 3 <= text.len();
    ["Ag", "AQ"].iter().any(|begin| text.starts_with(begin))
        && body.chars().all(is_base64)
        && (is_cut || body.len() >= SEALED)
}

/// Whether the rest of the object has a value that is a secret by its key and its text.
pub(super) fn has_credential_elsewhere(
    top: NodeRef<'_, '_>,
    has_credential: impl Fn(&str, NodeRef<'_, '_>) -> bool,
) -> bool {
    let mut rest = top
        .entries()
        .filter(|(key, _)| *key != "spec" && !is_secret_part(key));
    rest.any(|(key, node)| has_credential(key, node))
}
