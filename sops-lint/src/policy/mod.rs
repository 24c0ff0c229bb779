//! Rules as policies that an API server applies to live objects. The conditions are in CEL, which
//! both kinds of policies understand.

mod action;
mod admission;
mod definition;
mod kyverno;
mod literal;
mod pod_rules;
mod resources;
mod secret_rules;

pub use action::PolicyAction;

use sops_document::tree::Node;

use crate::linter::Linter;
use crate::rule::Rule;

/// The kind of the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyFormat {
    /// A ValidatingAdmissionPolicy of Kubernetes 1.30 or later, with its binding.
    Admission,
    /// A ClusterPolicy of Kyverno 1.13 or later.
    Kyverno,
}

/// The policies for the rules of a linter.
#[derive(Debug)]
#[non_exhaustive]
pub struct Policies {
    /// A YAML stream of objects.
    pub text: String,
    /// Rules that have no policy because the settings do not say what to refuse, each with the key
    /// that is missing.
    pub left_out: Vec<(&'static Rule, &'static str)>,
}

impl Linter {
    /// The policies for the selected rules that can be judged in the cluster.
    pub fn policies(&self, format: PolicyFormat, action: PolicyAction) -> Policies {
        let mut left_out = Vec::new();
        let mut objects = Vec::new();
        let pods = &self.settings().pods;
        for policy in secret_rules::policies()
            .into_iter()
            .map(Ok)
            .chain(pod_rules::policies(pods))
        {
            let rule = match &policy {
                Ok(policy) => policy.rule,
                Err((rule, _)) => *rule,
            };
            if !self.uses(rule) {
                continue;
            }
            match policy {
                Ok(policy) => objects.extend(match format {
                    PolicyFormat::Admission => admission::objects(&policy, action),
                    PolicyFormat::Kyverno => vec![kyverno::object(&policy, action)],
                }),
                Err(missing) => left_out.push(missing),
            }
        }
        let texts = objects
            .iter()
            .map(|object| Node::from_json(object).to_yaml().to_string());
        let text = texts.collect::<Vec<_>>().join("---\n");
        Policies { text, left_out }
    }
}
