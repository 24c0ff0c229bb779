//! The plaintext values of a Secret, except values in a template or a sample that do not look like
//! secrets.

use crate::context::Context;
use crate::object::Object;
use crate::plaintext_values::{looks_secret, open_values};
use crate::sample::is_to_be_filled_in;
use crate::secret::SecretValue;

/// The plaintext values of a Secret; in a sample, only those that look like secrets.
pub(crate) fn open_values_of<'d, 'a>(
    object: &Object<'d, 'a>,
    context: &Context<'_>,
) -> Vec<SecretValue<'d, 'a>> {
    let mut open = open_values(object, |value| context.scrutiny(&value.place));
    if !open.is_empty() && is_to_be_filled_in(context.input.path, context.text()) {
        open.retain(looks_secret);
    }
    open
}
