//! Applies kustomize patches to objects: strategic merges and JSON 6902 operations.

use serde_json::{Value, json};
use sops_core::parse_document;
use sops_document::Format;

use super::json_value::{items, json_value, text};
use super::patch_target::{PatchTarget, group_and_version};
use crate::kustomization::list_under_key;

/// A patch with the objects that it changes.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    target: Option<PatchTarget>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// Objects to merge.
    Merge(Vec<Value>),
    /// Operations of JSON 6902.
    Operations(Vec<Value>),
}

impl Patch {
    /// The patch in `content`. `None` if it is invalid, which kustomize refuses.
    pub(super) fn of(content: &str, target: Option<&Value>) -> Option<Self> {
        let body = match parse_document(content, Format::Yaml) {
            Ok(document) => Body::Merge(document.tops().flatten().map(json_value).collect()),
            // A document of SOPS must be a mapping.
            Err(_) => {
                let list = list_under_key(content)?;
                let document = parse_document(&list, Format::Yaml).ok()?;
                let operations = document.tops().flatten().next().map(json_value)?;
                Body::Operations(items(&operations, &["patch"]).cloned().collect())
            }
        };
        Self::with_target(body, target)
    }

    fn with_target(body: Body, target: Option<&Value>) -> Option<Self> {
        let target = match target.filter(|target| target.is_object()) {
            Some(target) => Some(PatchTarget::of(target)?),
            None => None,
        };
        Some(Self { target, body })
    }

    /// The patches in the `spec` of one of Flux's Kustomizations.
    pub(super) fn in_spec(spec: &Value) -> Vec<Self> {
        let patches = items(spec, &["patches"]);
        let patches =
            patches.filter_map(|patch| Self::of(text(patch, &["patch"])?, patch.get("target")));
        let merges = items(spec, &["patchesStrategicMerge"]).cloned();
        let merges = merges.filter_map(|merge| Self::with_target(Body::Merge(vec![merge]), None));
        let operations = items(spec, &["patchesJson6902"]).filter_map(|patch| {
            let operations = items(patch, &["patch"]).cloned().collect();
            Self::with_target(Body::Operations(operations), patch.get("target"))
        });
        patches.chain(merges).chain(operations).collect()
    }

    /// Whether the patch changes the object.
    pub(super) fn matches(&self, object: &Value) -> bool {
        match (&self.target, &self.body) {
            (Some(target), _) => target.matches(object),
            (None, Body::Merge(merges)) => merges.iter().any(|merge| is_same(merge, object)),
            (None, Body::Operations(_)) => false,
        }
    }

    /// Changes the object, if the patch is for it.
    pub(super) fn apply(&self, object: &mut Value) {
        if !self.matches(object) {
            return;
        }
        match &self.body {
            Body::Merge(merges) => {
                for patch in merges {
                    if self.target.is_some() || is_same(patch, object) {
                        let identity = identity(object);
                        merge(object, patch);
                        // A target selects objects; the identity in the patch has no effect.
                        restore(object, identity);
                    }
                }
            }
            Body::Operations(operations) => operations
                .iter()
                .for_each(|operation| operate(object, operation)),
        }
    }

    /// The paths of the values that the patch sets, and their text.
    pub(super) fn values(&self) -> Vec<(Vec<String>, String)> {
        let mut values = Vec::new();
        match &self.body {
            Body::Merge(merges) => merges
                .iter()
                .for_each(|patch| collect(patch, &mut Vec::new(), &mut values)),
            Body::Operations(operations) => {
                for operation in operations {
                    if let Some("add" | "replace") = text(operation, &["op"]) {
                        let mut path = pointer(text(operation, &["path"]).unwrap_or_default());
                        collect(&operation["value"], &mut path, &mut values);
                    }
                }
            }
        }
        values
    }
}

/// Whether a merge without a target is for the object.
fn is_same(patch: &Value, object: &Value) -> bool {
    let metadata = |value, key| text(value, &["metadata", key]).map(str::to_owned);
    let is_kind = text(patch, &["kind"]) == text(object, &["kind"]);
    let is_group =
        patch.get("apiVersion").is_none() || group_and_version(patch) == group_and_version(object);
    let namespace = metadata(patch, "namespace");
    let is_namespace = namespace.is_none() || namespace == metadata(object, "namespace");
    is_kind && is_group && is_namespace && metadata(patch, "name") == metadata(object, "name")
}

fn identity(object: &Value) -> [Value; 4] {
    let metadata = &object["metadata"];
    [
        &object["apiVersion"],
        &object["kind"],
        &metadata["name"],
        &metadata["namespace"],
    ]
    .map(Value::clone)
}

fn restore(object: &mut Value, [version, kind, name, namespace]: [Value; 4]) {
    if object.is_object() {
        object["apiVersion"] = version;
        object["kind"] = kind;
        if object["metadata"].is_object() {
            object["metadata"]["name"] = name;
            object["metadata"]["namespace"] = namespace;
        }
    }
}

/// Merges a patch into an object without a schema, such as those of Flux: mappings are merged,
/// everything else is replaced.
fn merge(value: &mut Value, patch: &Value) {
    let Some(entries) = patch.as_object() else {
        *value = patch.clone();
        return;
    };
    if text(patch, &["$patch"]) == Some("replace") || !value.is_object() {
        *value = json!({});
    }
    let Some(object) = value.as_object_mut() else {
        return;
    };
    if text(patch, &["$patch"]) == Some("delete") {
        object.clear();
        return;
    }
    for (key, entry) in entries {
        let is_deletion = entry.is_null() || text(entry, &["$patch"]) == Some("delete");
        if is_deletion {
            object.remove(key);
        } else if !key.starts_with('$') {
            merge(object.entry(key.clone()).or_insert(Value::Null), entry);
        }
    }
}

/// Applies one operation of JSON 6902. If its path does not exist, kustomize builds nothing, so the
/// object becomes null, except that it stays the same if the operation removes the missing value.
fn operate(object: &mut Value, operation: &Value) {
    let path = pointer(text(operation, &["path"]).unwrap_or_default());
    let new = match text(operation, &["op"]) {
        Some("add" | "replace") => Some(operation["value"].clone()),
        Some("remove") => return drop(take(object, &path)),
        Some(name @ ("copy" | "move")) => {
            let from = pointer(text(operation, &["from"]).unwrap_or_default());
            match name {
                "move" => take(object, &from),
                _ => from
                    .iter()
                    .try_fold(&*object, |value, key| child(value, key))
                    .cloned(),
            }
        }
        _ => return,
    };
    if new.and_then(|new| set(object, &path, new)).is_none() {
        *object = Value::Null;
    }
}

fn child<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    }
}

fn child_mut<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match value {
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        value => value.get_mut(key),
    }
}

/// Sets the value at a path whose parent exists.
fn set(object: &mut Value, path: &[String], new: Value) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *object = new;
        return Some(());
    };
    match parents
        .iter()
        .try_fold(object, |value, key| child_mut(value, key))?
    {
        Value::Array(items) if last == "-" => items.push(new),
        Value::Array(items) => {
            let index = last
                .parse::<usize>()
                .ok()
                .filter(|index| *index <= items.len())?;
            items.insert(index, new);
        }
        Value::Object(entries) => drop(entries.insert(last.clone(), new)),
        _ => return None,
    }
    Some(())
}

fn take(object: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let parent = parents
        .iter()
        .try_fold(object, |value, key| child_mut(value, key))?;
    match parent {
        Value::Object(entries) => entries.remove(last),
        Value::Array(items) => {
            let index = last
                .parse::<usize>()
                .ok()
                .filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

/// The keys of a JSON pointer.
fn pointer(path: &str) -> Vec<String> {
    let keys = path.split('/').skip(1);
    keys.map(|key| key.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn collect(value: &Value, path: &mut Vec<String>, values: &mut Vec<(Vec<String>, String)>) {
    match value {
        Value::Object(entries) => {
            for (key, entry) in entries.iter().filter(|(key, _)| !key.starts_with('$')) {
                path.push(key.clone());
                collect(entry, path, values);
                path.pop();
            }
        }
        Value::Array(entries) => entries
            .iter()
            .for_each(|entry| collect(entry, path, values)),
        Value::Null => {}
        Value::String(content) => values.push((path.clone(), content.clone())),
        other => values.push((path.clone(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps"},
            "spec": {"path": "./apps", "decryption": {"provider": "sops", "secretRef": {"name": "a"}}},
        })
    }

    #[test]
    fn patches_change_a_spec_as_kustomize_does() {
        let any = json!({"kind": "Kustomization"});
        for (content, expected) in [
            (
                "kind: X\nmetadata: {name: _}\nspec: {decryption: {secretRef: {name: b}}}",
                json!({"provider": "sops", "secretRef": {"name": "b"}}),
            ),
            ("spec: {decryption: null}", Value::Null),
            ("spec: {decryption: {$patch: delete}}", Value::Null),
            (
                "spec: {decryption: {$patch: replace, provider: x}}",
                json!({"provider": "x"}),
            ),
            (
                "spec: {decryption: {secretRef: null}}",
                json!({"provider": "sops"}),
            ),
            ("- {op: remove, path: /spec/decryption}", Value::Null),
            (
                "- {op: replace, path: /spec/decryption, value: {provider: y}}",
                json!({"provider": "y"}),
            ),
            (
                "[{\"op\": \"add\", \"path\": \"/spec/decryption/secretRef/name\", \"value\": \"c\"}]",
                json!({"provider": "sops", "secretRef": {"name": "c"}}),
            ),
            (
                "- {op: test, path: /spec/decryption}",
                json!({"provider": "sops", "secretRef": {"name": "a"}}),
            ),
            (
                "- {op: move, from: /spec/decryption, path: /spec/other}\n- {op: copy, from: /spec/other/secretRef, path: /spec/decryption}",
                json!({"name": "a"}),
            ),
        ] {
            let mut patched = object();
            Patch::of(content, Some(&any))
                .expect(content)
                .apply(&mut patched);
            assert_eq!(patched["spec"]["decryption"], expected, "{content}");
            assert_eq!(patched["metadata"]["name"], "apps", "{content}");
        }
        for content in [
            "- {op: add, path: /spec/other/a, value: b}",
            "- {op: copy, from: /spec/other, path: /spec/a}",
        ] {
            let mut patched = object();
            Patch::of(content, Some(&any))
                .expect(content)
                .apply(&mut patched);
            assert_eq!(patched, Value::Null, "kustomize fails: {content}");
        }
    }

    #[test]
    fn a_merge_patch_without_a_target_is_for_the_object_that_it_names() {
        for (head, expected) in [
            ("kind: Kustomization\nmetadata: {name: apps}", true),
            (
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}",
                true,
            ),
            (
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: apps}",
                false,
            ),
            ("kind: Kustomization\nmetadata: {name: other}", false),
            (
                "kind: Kustomization\nmetadata: {name: apps, namespace: elsewhere}",
                false,
            ),
        ] {
            let patch = Patch::of(&format!("{head}\nspec: {{path: ./changed}}"), None).expect(head);
            let mut patched = object();
            patch.apply(&mut patched);
            assert_eq!(patched["spec"]["path"] == "./changed", expected, "{head}");
        }
    }

    #[test]
    fn the_values_of_a_patch_have_paths() {
        for (content, expected) in [
            ("kind: Secret\nstringData: {a: b}", "kind,stringData/a"),
            (
                "- {op: add, path: /data/x~1y, value: eA==}\n- {op: remove, path: /data/z}",
                "data/x/y",
            ),
        ] {
            let patch = Patch::of(content, None).expect(content);
            let paths: Vec<_> = patch
                .values()
                .iter()
                .map(|(path, _)| path.join("/"))
                .collect();
            assert_eq!(paths.join(","), expected);
        }
    }
}
