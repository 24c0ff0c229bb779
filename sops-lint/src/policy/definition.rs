//! The policy of a rule, in the form that both kinds of policies are made from.

use super::resources::Resources;
use crate::rule::Rule;

/// A condition in CEL that an object must fulfil.
pub(super) struct Validation {
    pub(super) expression: String,
    pub(super) message: &'static str,
}

/// The policy of one rule.
pub(super) struct Policy {
    pub(super) rule: &'static Rule,
    /// The last part of its name.
    pub(super) name: &'static str,
    pub(super) resources: Resources,
    /// Expressions that others refer to, in this order.
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) validations: Vec<Validation>,
}

impl Policy {
    /// The name of the object in the cluster.
    pub(super) fn object_name(&self) -> String {
        format!("sops-rs-{}", self.name)
    }
}
