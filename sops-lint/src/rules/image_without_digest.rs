//! An image that can change under the same name.

use crate::check::Check;
use crate::context::Context;
use crate::image_name::{has_digest, is_in, is_literal};
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;
use crate::workload::{all_containers, image, name, pod_spec};

pub(crate) static RULE: Rule = Rule {
    code: "SL106",
    name: "image-without-digest",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("image_without_digest.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let signed = &context.settings.pods.signed_images;
    for container in pod_spec(object).into_iter().flat_map(all_containers) {
        let node = container.get("image");
        let own = image(container).zip(node);
        let is_open =
            |image: &str| is_literal(image) && !has_digest(image) && !is_in(signed, image);
        if let Some((_, node)) = own.filter(|(image, _)| is_open(image)) {
            let message = format!(
                "the image of the container `{}` has no digest, so another image can replace it",
                shown_name(name(container))
            );
            context.report_node(node, message).help(
                "add the digest, as in `web:1@sha256:…`; if the cluster verifies the signature of the image, add its repository to `pods.signedImages` in `.sops-lint.yaml`",
            );
        }
    }
}
