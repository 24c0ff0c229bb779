//! Finds the places in a document that name a Secret, and those that define one.
//!
//! The fields are those of the Kubernetes API, of Flux and of Gateway API. Charts and operators use
//! similar names: `…SecretRef` with a `name`, `…SecretName` and `existingSecret`.

use sops_core::document::{NodeRef, Shape};
use sops_core::{KeyPath, ciphertext};

/// A Secret. Without a namespace, it may be in any namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecretName {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

impl SecretName {
    /// Whether both can be the same Secret.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let namespaces = self.namespace.as_ref().zip(other.namespace.as_ref());
        self.name == other.name && namespaces.is_none_or(|(own, other)| own == other)
    }
}

/// How a document refers to a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The object, or something that creates it.
    Definition,
    /// A use.
    Reference,
    /// A use in which the name is encrypted.
    Unreadable,
}

/// A place that names a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecretPlace {
    pub(super) role: Role,
    pub(super) secret: SecretName,
    /// The object around it, as `Kind/name`.
    pub(super) object: Option<String>,
    /// The key path of the name.
    pub(super) path: String,
    /// The offset of the name in the text.
    pub(super) offset: usize,
}

/// Kinds whose objects create a Secret of their own name.
const SECRET_KINDS: [&str; 2] = ["Secret", "SealedSecret"];

/// The object that a node belongs to.
#[derive(Clone, Copy, Default)]
struct Object<'d> {
    kind: &'d str,
    name: Option<&'d str>,
    namespace: Option<&'d str>,
}

/// A node to visit.
#[derive(Clone, Copy)]
struct Visit<'d, 'a> {
    node: NodeRef<'d, 'a>,
    /// The nearest key on the path.
    key: &'d str,
    is_item: bool,
    object: Object<'d>,
}

/// The places in a document, in the order of the text. An alias counts as a copy of its anchor.
pub(super) fn places(top: NodeRef<'_, '_>) -> Vec<SecretPlace> {
    let mut places = Vec::new();
    // A list instead of recursion, because documents can be nested deeply.
    let mut open = vec![Visit {
        node: top,
        key: "",
        is_item: false,
        object: Object::default(),
    }];
    while let Some(mut visit) = open.pop() {
        match visit.node.shape() {
            Shape::Scalar => places.extend(in_scalar(&visit)),
            Shape::Mapping => {
                if let Some(object) = object_of(visit.node) {
                    visit.object = object;
                    places.extend(definition(&visit));
                }
                places.extend(in_mapping(&visit));
                let inner = visit.node.entries().map(|(key, node)| Visit {
                    node,
                    key,
                    is_item: false,
                    ..visit
                });
                open.extend(inner);
            }
            Shape::Sequence => open.extend(visit.node.items().map(|node| Visit {
                node,
                is_item: true,
                ..visit
            })),
        }
    }
    places.sort_by_key(|place| place.offset);
    places
}

/// The mapping as an object; `None` if it is not one.
fn object_of<'d>(node: NodeRef<'d, '_>) -> Option<Object<'d>> {
    let kind = node.get("kind")?.as_str()?;
    let text = |key| node.at(&["metadata", key]).and_then(NodeRef::as_str);
    node.get("apiVersion")?;
    Some(Object {
        kind,
        name: text("name"),
        namespace: text("namespace"),
    })
}

/// The Secret that an object creates.
fn definition(visit: &Visit<'_, '_>) -> Option<SecretPlace> {
    let target = ["spec", "target", "name"];
    let named = match visit.object.kind {
        kind if SECRET_KINDS.contains(&kind) => visit.node.at(&["metadata", "name"]),
        "ExternalSecret" => visit
            .node
            .at(&target)
            .or(visit.node.at(&["metadata", "name"])),
        _ => None,
    };
    named.and_then(|name| place(visit, name, visit.node, Role::Definition))
}

/// The Secret that a mapping with a `name` refers to.
fn in_mapping(visit: &Visit<'_, '_>) -> Option<SecretPlace> {
    let name = visit.node.get("name")?;
    let key = visit.key.to_ascii_lowercase();
    let kind = visit.node.get("kind").and_then(NodeRef::as_str);
    let is_list = |list: &str| visit.is_item && visit.key == list;
    let is_account = visit.object.kind == "ServiceAccount";
    if is_list("secretGenerator") {
        return place(visit, name, visit.node, Role::Definition);
    }
    let is_reference = match kind {
        // `target` chooses what a patch changes.
        Some("Secret") => key != "target" && visit.node.get("metadata").is_none(),
        Some(_) => false,
        None => {
            key.ends_with("secretref")
                || key.ends_with("secretkeyref")
                || key == "secret"
                || is_list("imagePullSecrets")
                || is_list("certificateRefs")
                || is_list("secrets") && is_account
        }
    };
    let role = Role::Reference;
    is_reference
        .then(|| place(visit, name, visit.node, role))
        .flatten()
}

/// A Secret that a string names.
fn in_scalar(visit: &Visit<'_, '_>) -> Option<SecretPlace> {
    let key = visit.key.to_ascii_lowercase();
    let is_name = match visit.is_item {
        true => key == "imagepullsecrets" || key == "existingsecrets",
        false => key.ends_with("secretname") || key == "existingsecret",
    };
    is_name
        .then(|| place(visit, visit.node, visit.node, Role::Reference))
        .flatten()
}

/// The place of a name. `holder` is the mapping that may state a namespace.
fn place(
    visit: &Visit<'_, '_>,
    name: NodeRef<'_, '_>,
    holder: NodeRef<'_, '_>,
    role: Role,
) -> Option<SecretPlace> {
    let text = name.as_str().filter(|text| !text.is_empty())?;
    let is_encrypted = name.value().and_then(ciphertext).is_some();
    let own = holder.get("namespace").and_then(NodeRef::as_str);
    let Object {
        kind,
        name: object_name,
        namespace,
    } = visit.object;
    let object = (!kind.is_empty()).then(|| match object_name {
        Some(name) => format!("{kind}/{name}"),
        None => kind.to_owned(),
    });
    let path = KeyPath::new(name.components());
    Some(SecretPlace {
        role: match is_encrypted {
            true => Role::Unreadable,
            false => role,
        },
        secret: SecretName {
            name: text.to_owned(),
            namespace: own.or(namespace).map(str::to_owned),
        },
        object,
        path: path.map_or_else(String::new, |path| path.dotted().to_string()),
        offset: name.span().start,
    })
}

#[cfg(test)]
mod tests {
    use sops_core::{Document, Format};

    use super::*;

    /// The places in YAML, as `role namespace/name path`.
    fn found(text: &str) -> Vec<String> {
        let document = Document::parse(text, Format::Yaml).expect("the text is YAML");
        let tops = document.tops().flatten();
        let shown = |place: SecretPlace| {
            let SecretName { name, namespace } = place.secret;
            let namespace = namespace.map(|namespace| format!("{namespace}/"));
            let namespace = namespace.unwrap_or_default();
            format!("{:?} {namespace}{name} {}", place.role, place.path)
        };
        tops.flat_map(places).map(shown).collect()
    }

    #[test]
    fn workloads_name_secrets_in_volumes_variables_and_for_images() {
        let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      imagePullSecrets: [{name: registry}]
      volumes:
      - name: a
        secret: {secretName: files}
      - name: b
        projected:
          sources:
          - secret: {name: projected}
          - configMap: {name: not-a-secret}
      - name: c
        csi:
          nodePublishSecretRef: {name: csi}
      containers:
      - name: web
        env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: db, key: password}}
        - name: MODE
          valueFrom: {configMapKeyRef: {name: not-a-secret, key: mode}}
        envFrom:
        - secretRef: {name: all}
";
        assert_eq!(
            found(text),
            [
                "Reference shop/registry spec.template.spec.imagePullSecrets[0].name",
                "Reference shop/files spec.template.spec.volumes[0].secret.secretName",
                "Reference shop/projected spec.template.spec.volumes[1].projected.sources[0].secret.name",
                "Reference shop/csi spec.template.spec.volumes[2].csi.nodePublishSecretRef.name",
                "Reference shop/db spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name",
                "Reference shop/all spec.template.spec.containers[0].envFrom[0].secretRef.name",
            ]
        );
    }

    #[test]
    fn other_objects_name_secrets_in_fields_of_their_own() {
        let text = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {tls: [{hosts: [a], secretName: tls}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {listeners: [{tls: {certificateRefs: [{name: gateway, namespace: certs}]}}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
secrets: [{name: token}]
imagePullSecrets: [{name: registry}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  valuesFrom: [{kind: Secret, name: values}, {kind: ConfigMap, name: not-a-secret}]
  values: {auth: {existingSecret: chart}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  decryption: {provider: sops, secretRef: {name: sops-age}}
  postBuild: {substituteFrom: [{kind: Secret, name: substitutes}]}
";
        assert_eq!(
            found(text),
            [
                "Reference tls spec.tls[0].secretName",
                "Reference certs/gateway spec.listeners[0].tls.certificateRefs[0].name",
                "Reference token secrets[0].name",
                "Reference registry imagePullSecrets[0].name",
                "Reference values spec.valuesFrom[0].name",
                "Reference chart spec.values.auth.existingSecret",
                "Reference flux-system/sops-age spec.decryption.secretRef.name",
                "Reference flux-system/substitutes spec.postBuild.substituteFrom[0].name",
            ]
        );
    }

    #[test]
    fn secrets_are_defined_by_objects_and_generators() {
        let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: listed, namespace: web}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: external}
spec: {target: {name: made}, secretStoreRef: {kind: SecretStore, name: store}}
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
secretGenerator: [{name: generated}]
patches: [{target: {kind: Secret, name: patched}}]
";
        assert_eq!(
            found(text),
            [
                "Definition web/listed items[0].metadata.name",
                "Definition made spec.target.name",
                "Definition generated secretGenerator[0].name",
            ]
        );
    }

    #[test]
    fn an_encrypted_name_is_not_taken_for_a_name() {
        let text = "envFrom:\n- secretRef:\n    name: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\n";
        let found = found(text);
        assert!(found[0].starts_with("Unreadable "), "{found:?}");
    }
}
