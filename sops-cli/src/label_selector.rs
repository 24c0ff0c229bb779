//! The label selectors of Kubernetes.

use serde_json::Value;

/// Whether a selector of labels selects an object with these labels.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let exact = selector["matchLabels"].as_object();
    let has_exact = exact
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    let array = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    has_exact
        && array(&selector["matchExpressions"])
            .iter()
            .all(|expression| {
                let label = labels.get(expression["key"].as_str().unwrap_or_default());
                let is_listed =
                    label.is_some_and(|label| array(&expression["values"]).contains(label));
                match expression["operator"].as_str() {
                    Some("In") => is_listed,
                    Some("NotIn") => !is_listed,
                    Some("Exists") => label.is_some(),
                    Some("DoesNotExist") => label.is_none(),
                    _ => false,
                }
            })
}
