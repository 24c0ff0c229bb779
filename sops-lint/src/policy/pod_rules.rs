//! The policies of the rules about what pods may do.

use super::definition::{Policy, Validation};
use super::literal::{escaped, list, string};
use super::resources::Resources;
use crate::pod_settings::PodSettings;
use crate::rule::Rule;
use crate::rules::{
    FOREIGN_REGISTRY, IMAGE_WITHOUT_DIGEST, MISSING_RESOURCE_LIMITS, PRIVILEGED_CONTAINER, SANDBOX,
    UNRESTRICTED_CONTAINER, UNTRUSTED_WITHOUT_SANDBOX,
};

/// The `spec` of the pods of any workload.
const SPEC: &str = "object.kind == 'Pod' ? object.spec : object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec";

/// The containers that can have limits.
const LASTING: &str = "variables.spec.containers + variables.spec.?initContainers.orValue([])";

/// All containers.
const CONTAINERS: &str = "variables.spec.containers + variables.spec.?initContainers.orValue([]) + variables.spec.?ephemeralContainers.orValue([])";

/// The image of the container `c` with its registry, as in `image_name.rs`.
const IMAGE: &str = "(c.image.matches('^([^/]*[.:A-Z][^/]*|localhost)/') ? c.image : c.image.contains('/') ? 'docker.io/' + c.image : 'docker.io/library/' + c.image)";

/// A policy, or the rule and the setting that it lacks.
type Possible = Result<Policy, (&'static Rule, &'static str)>;

pub(super) fn policies(settings: &PodSettings) -> [Possible; 6] {
    let PodSettings {
        registries,
        untrusted_namespaces,
        signed_images,
    } = settings;
    let registry = match registries.is_empty() {
        true => Err((&FOREIGN_REGISTRY, "pods.registries")),
        false => Ok(of_containers(
            &FOREIGN_REGISTRY,
            &format!("{IMAGE}.matches({})", string(&is_in(registries))),
            "an image is from a registry that the settings do not name",
        )),
    };
    let sandbox = match untrusted_namespaces.is_empty() {
        true => Err((&UNTRUSTED_WITHOUT_SANDBOX, "pods.untrustedNamespaces")),
        false => Ok(policy(
            &UNTRUSTED_WITHOUT_SANDBOX,
            vec![("spec", SPEC.to_owned())],
            format!(
                "!(object.metadata.?namespace.orValue('') in {}) || variables.spec.?runtimeClassName.orValue('') == {}",
                list(untrusted_namespaces),
                string(SANDBOX)
            ),
            "pods of untrusted namespaces must have `runtimeClassName: gvisor`",
        )),
    };
    let digest = "c.image.matches('@sha256:[0-9a-fA-F]{64}$')";
    let digest = match signed_images.is_empty() {
        true => digest.to_owned(),
        false => format!(
            "{digest} || {IMAGE}.matches({})",
            string(&is_in(signed_images))
        ),
    };
    [
        Ok(of_containers(
            &PRIVILEGED_CONTAINER,
            "!c.?securityContext.?privileged.orValue(false)",
            "a container is privileged",
        )),
        Ok(policy(
            &MISSING_RESOURCE_LIMITS,
            vec![("spec", SPEC.to_owned()), ("lasting", LASTING.to_owned())],
            "variables.lasting.all(c, ['cpu', 'memory'].all(r, r in c.?resources.?limits.orValue({})))"
                .to_owned(),
            "a container has no limit for CPU or memory",
        )),
        Ok(of_containers(
            &UNRESTRICTED_CONTAINER,
            "c.?securityContext.?readOnlyRootFilesystem.orValue(false) && c.?securityContext.?runAsNonRoot.orValue(variables.spec.?securityContext.?runAsNonRoot.orValue(false)) && 'ALL' in c.?securityContext.?capabilities.?drop.orValue([])",
            "a container can write to its root file system, may run as root, or keeps capabilities",
        )),
        registry,
        sandbox,
        Ok(of_containers(
            &IMAGE_WITHOUT_DIGEST,
            &digest,
            "an image has no digest",
        )),
    ]
}

/// A policy with a condition that each container `c` must fulfil.
fn of_containers(rule: &'static Rule, condition: &str, message: &'static str) -> Policy {
    policy(
        rule,
        vec![
            ("spec", SPEC.to_owned()),
            ("containers", CONTAINERS.to_owned()),
        ],
        format!("variables.containers.all(c, {condition})"),
        message,
    )
}

fn policy(
    rule: &'static Rule,
    variables: Vec<(&'static str, String)>,
    expression: String,
    message: &'static str,
) -> Policy {
    Policy {
        rule,
        name: rule.name,
        resources: Resources::Pods,
        variables,
        validations: vec![Validation {
            expression,
            message,
        }],
    }
}

/// The variables with the `spec` of the pods and all containers.
pub(super) fn pod_variables() -> Vec<(&'static str, String)> {
    vec![
        ("spec", SPEC.to_owned()),
        ("containers", CONTAINERS.to_owned()),
    ]
}

/// An expression for images that are in one of these repositories or registries.
fn is_in(repositories: &[String]) -> String {
    let entry = |entry: &String| {
        let name = escaped(entry.trim_end_matches('/'));
        match name.contains('/') {
            true => format!("{name}([/:@]|$)"),
            false => format!("{name}/"),
        }
    };
    let entries: Vec<String> = repositories.iter().map(entry).collect();
    format!("^({})", entries.join("|"))
}
