//! A whole Secret as environment variables.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL003",
    name: "secret-in-env-from",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("secret_from_env.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for (_, container) in object.containers() {
        let image = container
            .get("image")
            .and_then(NodeRef::as_str)
            .map(repository);
        // A variable may stand for any registry.
        let is_known = |image: &String| !image.contains(['$', '{', '<', '%']);
        let public = image.filter(|image| is_known(image) && context.images.is_public(image));
        for source in container
            .get("envFrom")
            .into_iter()
            .flat_map(NodeRef::items)
        {
            let Some(reference) = source.get("secretRef") else {
                continue;
            };
            let help = "mount the Secret as a file, with `readOnly: true`";
            match &public {
                Some(image) => context
                    .report_node(reference, format!("all keys of a Secret become environment variables of `{image}`, an image that anyone can pull"))
                    .severity(Severity::Error),
                None => context.report_node(reference, "all keys of a Secret become environment variables"),
            }
            .help(help);
        }
    }
}

/// An image's name with its registry but without its tag and digest. A first segment with a dot, a
/// colon or `localhost` is a host.
fn repository(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    match name.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_registry_is_from_docker_hub() {
        for (image, name) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.27", "docker.io/library/nginx"),
            ("grafana/grafana:11@sha256:abc", "docker.io/grafana/grafana"),
            (
                "registry.example.com:5000/a/b:1",
                "registry.example.com:5000/a/b",
            ),
            ("localhost/a", "localhost/a"),
            ("localhost:5000/a", "localhost:5000/a"),
            ("ghcr.io/a/b", "ghcr.io/a/b"),
        ] {
            assert_eq!(repository(image), name);
        }
    }
}
