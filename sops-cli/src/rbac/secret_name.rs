//! The name of the Secret with the keys.

/// The Secret that keys are taken from.
pub(crate) struct SecretName<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}
