//! Determines which objects a kustomize patch changes.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::json_value::text;

/// The largest program of a regular expression, in bytes.
const MAX_EXPRESSION: usize = 1 << 16;

/// The `target` of a patch. All its conditions must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct PatchTarget {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// One condition of a selector of labels or annotations.
#[derive(Clone, Debug)]
enum Requirement {
    OneOf(String, Vec<String>),
    NoneOf(String, Vec<String>),
    Present(String),
    Absent(String),
}

impl PatchTarget {
    /// The target that a mapping describes. `None` for an invalid expression, with which kustomize
    /// fails.
    pub(super) fn of(target: &Value) -> Option<Self> {
        let expression = |key: &str| match text(target, &[key]).filter(|text| !text.is_empty()) {
            Some(pattern) => anchored(pattern).map(Some),
            None => Some(None),
        };
        let selector = |key: &str| requirements(text(target, &[key]).unwrap_or_default());
        Some(Self {
            group: expression("group")?,
            version: expression("version")?,
            kind: expression("kind")?,
            name: expression("name")?,
            namespace: expression("namespace")?,
            labels: selector("labelSelector"),
            annotations: selector("annotationSelector"),
        })
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let (group, version) = group_and_version(object);
        let metadata = |key| text(object, &["metadata", key]).unwrap_or_default();
        let kind = text(object, &["kind"]).unwrap_or_default();
        let fields = [
            (&self.group, group),
            (&self.version, version),
            (&self.kind, kind),
            (&self.name, metadata("name")),
            (&self.namespace, metadata("namespace")),
        ];
        let is_met = |(expression, field): (&Option<Regex>, &str)| {
            expression
                .as_ref()
                .is_none_or(|expression| expression.is_match(field))
        };
        let holds = |key, requirement: &Requirement| requirement.holds(&object["metadata"][key]);
        fields.into_iter().all(is_met)
            && self.labels.iter().all(|label| holds("labels", label))
            && self
                .annotations
                .iter()
                .all(|annotation| holds("annotations", annotation))
    }
}

impl Requirement {
    fn holds(&self, pairs: &Value) -> bool {
        let value = |key: &String| text(pairs, &[key]);
        match self {
            Self::OneOf(key, values) => {
                value(key).is_some_and(|value| values.iter().any(|known| known == value))
            }
            Self::NoneOf(key, values) => {
                value(key).is_none_or(|value| values.iter().all(|known| known != value))
            }
            Self::Present(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

/// The group and the version of an object; the core API has no group.
pub(super) fn group_and_version(object: &Value) -> (&str, &str) {
    let api_version = text(object, &["apiVersion"]).unwrap_or_default();
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn anchored(pattern: &str) -> Option<Regex> {
    let whole = format!("^(?:{pattern})$");
    RegexBuilder::new(&whole)
        .size_limit(MAX_EXPRESSION)
        .build()
        .ok()
}

/// The requirements of a selector such as `a=b,c!=d,e in (f, g),h,!i`.
fn requirements(selector: &str) -> Vec<Requirement> {
    let mut depth = 0_usize;
    let parts = selector.split(|sign| {
        match sign {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        sign == ',' && depth == 0
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.map(requirement).collect()
}

fn requirement(part: &str) -> Requirement {
    let owned = |text: &str| text.trim().to_owned();
    let listed = |values: &str| {
        let values = values.trim().trim_start_matches('(').trim_end_matches(')');
        values.split(',').map(owned).collect()
    };
    if let Some((key, values)) = part.split_once(" notin ") {
        Requirement::NoneOf(owned(key), listed(values))
    } else if let Some((key, values)) = part.split_once(" in ") {
        Requirement::OneOf(owned(key), listed(values))
    } else if let Some((key, value)) = part.split_once("!=") {
        Requirement::NoneOf(owned(key), vec![owned(value)])
    } else if let Some((key, value)) = part.split_once('=') {
        Requirement::OneOf(owned(key), vec![owned(value.trim_start_matches('='))])
    } else if let Some(key) = part.strip_prefix('!') {
        Requirement::Absent(owned(key))
    } else {
        Requirement::Present(owned(part))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_conditions_of_a_target_must_hold() {
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": "flux-system", "labels": {"tier": "app"}, "annotations": {"a/b": "c"}},
        });
        for (target, expected) in [
            (json!({}), true),
            (json!({"kind": "Kustomization"}), true),
            (
                json!({"kind": "Kustom.*", "group": "kustomize\\.toolkit\\.fluxcd\\.io", "version": "v1"}),
                true,
            ),
            // Expressions are anchored.
            (json!({"kind": "Kustom"}), false),
            (json!({"name": "app|apps"}), true),
            (json!({"name": "app"}), false),
            (json!({"group": "kustomize.config.k8s.io"}), false),
            (json!({"namespace": "flux-.*"}), true),
            (json!({"namespace": "default"}), false),
            (json!({"labelSelector": "tier=app"}), true),
            (json!({"labelSelector": "tier==app,tier!=web"}), true),
            (json!({"labelSelector": "tier in (web, app)"}), true),
            (json!({"labelSelector": "tier notin (web, app)"}), false),
            (json!({"labelSelector": "tier"}), true),
            (json!({"labelSelector": "!tier"}), false),
            (json!({"labelSelector": "absent!=x"}), true),
            (json!({"annotationSelector": "a/b=c"}), true),
            (json!({"annotationSelector": "a/b=d"}), false),
        ] {
            let parsed = PatchTarget::of(&target).expect("the input is valid");
            assert_eq!(parsed.matches(&object), expected, "{target}");
        }
        assert!(PatchTarget::of(&json!({"name": "("})).is_none());
    }
}
