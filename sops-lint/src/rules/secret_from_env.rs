//! A whole Secret as environment variables.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::image_name::{is_literal, repository};
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
            .filter(|image| is_literal(image))
            .map(repository);
        let public = image.filter(|image| context.settings.images.is_public(image));
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
