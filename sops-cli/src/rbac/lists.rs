//! The roles and bindings of a cluster (RBAC), which determine who may do what.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;

use crate::label_selector::selects;

/// The user, group or service account that has a permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct RbacSubject {
    /// `User`, `Group` or `ServiceAccount`.
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

/// Names subjects like `ServiceAccount web/default`.
impl fmt::Display for RbacSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// One permission: some verbs on some resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyRule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
}

/// A role that a binding grants to subjects.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) subjects: Vec<RbacSubject>,
    pub(crate) rules: Rc<[PolicyRule]>,
    /// The binding, as it is shown to the user.
    pub(crate) binding: String,
    /// The namespace that the permissions apply to; `None` for all namespaces and for
    /// cluster-scoped resources.
    pub(crate) namespace: Option<String>,
}

/// What was found out about roles, because many bindings have the same role, and many roles
/// aggregate the same others.
#[derive(Default)]
struct KnownRoles<'a> {
    rules: HashMap<*const Value, Rc<[PolicyRule]>>,
    /// The roles that a selector selects.
    selected: HashMap<String, Vec<&'a Value>>,
}

/// The lists from the API server.
#[derive(Debug, Default)]
pub(crate) struct RbacLists {
    pub(crate) roles: Vec<Value>,
    pub(crate) cluster_roles: Vec<Value>,
    pub(crate) role_bindings: Vec<Value>,
    pub(crate) cluster_role_bindings: Vec<Value>,
}

impl PolicyRule {
    fn of(rule: &Value) -> Self {
        Self {
            verbs: texts(&rule["verbs"]),
            groups: texts(&rule["apiGroups"]),
            resources: texts(&rule["resources"]),
            names: texts(&rule["resourceNames"]),
        }
    }

    /// Whether the rule allows one of the verbs on a resource, regardless of object names.
    pub(crate) fn covers(&self, verbs: &[&str], group: &str, resource: &str) -> bool {
        let has = |list: &[String], wanted: &str| {
            list.iter().any(|entry| entry == "*" || entry == wanted)
        };
        // `*/scale` means that subresource of every resource.
        let subresource = resource
            .split_once('/')
            .map(|(_, subresource)| format!("*/{subresource}"));
        let has_resource = has(&self.resources, resource)
            || subresource.is_some_and(|any| self.resources.contains(&any));
        has_resource && has(&self.groups, group) && verbs.iter().any(|verb| has(&self.verbs, verb))
    }

    /// Whether the rule allows everything, as in `cluster-admin`.
    pub(crate) fn covers_everything(&self) -> bool {
        let is_any = |list: &[String]| list.iter().any(|entry| entry == "*");
        is_any(&self.verbs)
            && is_any(&self.groups)
            && is_any(&self.resources)
            && self.names.is_empty()
    }

    /// Whether the rule applies to objects of all names.
    pub(crate) fn is_for_all_names(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether the rule applies to the object with that name.
    pub(crate) fn is_for_name(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|known| known == name)
    }
}

impl RbacLists {
    /// The roles that bindings grant in a namespace. A binding of a role that does not exist grants
    /// nothing.
    pub(crate) fn grants(&self, namespace: &str) -> Vec<Grant> {
        let grants = self.all_grants().into_iter();
        let is_here = |grant: &Grant| {
            let own = grant.namespace.as_deref();
            own.is_none_or(|own| own == namespace)
        };
        grants.filter(is_here).collect()
    }

    /// The roles that all bindings grant, each in its own namespace.
    pub(crate) fn all_grants(&self) -> Vec<Grant> {
        let cluster_roles: BTreeMap<&str, &Value> = named(&self.cluster_roles).collect();
        let namespace_of =
            |object: &'_ Value| object["metadata"]["namespace"].as_str().map(str::to_owned);
        let roles: BTreeMap<(Option<String>, &str), &Value> = named(&self.roles)
            .map(|(name, role)| ((namespace_of(role), name), role))
            .collect();
        let mut known = KnownRoles::default();
        let local = self.role_bindings.iter().filter_map(|binding| {
            // Without a namespace, an object in a manifest is in the default one.
            let namespace = namespace_of(binding);
            let name = binding["roleRef"]["name"].as_str()?;
            let is_cluster_role = binding["roleRef"]["kind"] == "ClusterRole";
            let role = match is_cluster_role {
                true => cluster_roles.get(name),
                false => roles.get(&(namespace.clone(), name)),
            };
            let namespace = namespace.unwrap_or_else(|| "default".to_owned());
            self.grant(&mut known, binding, role?, Some(namespace))
        });
        let mut grants: Vec<Grant> = local.collect();
        let global = self.cluster_role_bindings.iter().filter_map(|binding| {
            let role = cluster_roles.get(binding["roleRef"]["name"].as_str()?);
            self.grant(&mut known, binding, role?, None)
        });
        grants.extend(global);
        grants
    }

    fn grant<'a>(
        &'a self,
        known: &mut KnownRoles<'a>,
        binding: &Value,
        role: &'a Value,
        namespace: Option<String>,
    ) -> Option<Grant> {
        let kind = match namespace {
            Some(_) => "RoleBinding",
            None => "ClusterRoleBinding",
        };
        let role_kind = match binding["roleRef"]["kind"] == "ClusterRole" {
            true => "ClusterRole",
            false => "Role",
        };
        let own_name = binding["metadata"]["name"].as_str().unwrap_or_default();
        let role_name = binding["roleRef"]["name"].as_str()?;
        Some(Grant {
            subjects: subjects(binding, namespace.as_deref()),
            rules: self.rules(known, role),
            binding: format!("{kind} {own_name} of {role_kind} {role_name}"),
            namespace,
        })
    }

    /// The rules of a role, with those of the roles that it aggregates: a controller copies them
    /// in, but may not have done so yet.
    fn rules<'a>(&'a self, known: &mut KnownRoles<'a>, role: &'a Value) -> Rc<[PolicyRule]> {
        if let Some(rules) = known.rules.get(&std::ptr::from_ref(role)) {
            return Rc::clone(rules);
        }
        let first = role;
        let name_of = |role: &'a Value| role["metadata"]["name"].as_str();
        let mut roles = vec![role];
        let mut names = HashSet::from([name_of(role)]);
        // Roles that aggregate each other have the same selector, which is handled once.
        let mut handled = HashSet::new();
        let mut index = 0;
        while let Some(role) = roles.get(index).copied() {
            for selector in array(&role["aggregationRule"]["clusterRoleSelectors"]) {
                let key = selector.to_string();
                if handled.contains(&key) {
                    continue;
                }
                let selected = known.selected.entry(key.clone()).or_insert_with(|| {
                    let is_selected =
                        |other: &&Value| selects(selector, &other["metadata"]["labels"]);
                    self.cluster_roles.iter().filter(is_selected).collect()
                });
                let new = selected.iter().filter(|other| names.insert(name_of(other)));
                roles.extend(new);
                handled.insert(key);
            }
            index += 1;
        }
        let rules = roles.into_iter().flat_map(|role| array(&role["rules"]));
        let rules: Rc<[PolicyRule]> = rules.map(PolicyRule::of).collect();
        known.rules.insert(first, Rc::clone(&rules));
        rules
    }
}

fn named(objects: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    objects
        .iter()
        .filter_map(|object| Some((object["metadata"]["name"].as_str()?, object)))
}

fn subjects(binding: &Value, namespace: Option<&str>) -> Vec<RbacSubject> {
    let subject = |subject: &Value| {
        let kind = subject["kind"].as_str()?.to_owned();
        let own = subject["namespace"].as_str().or(namespace);
        Some(RbacSubject {
            namespace: own.filter(|_| kind == "ServiceAccount").map(str::to_owned),
            name: subject["name"].as_str()?.to_owned(),
            kind,
        })
    };
    array(&binding["subjects"])
        .iter()
        .filter_map(subject)
        .collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<String> {
    array(value)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_rule_covers_the_same_as_in_kubernetes() {
        for (rule, covered) in [
            (
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}),
                true,
            ),
            (
                json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}),
                true,
            ),
            (
                json!({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["secrets"]}),
                false,
            ),
            (
                json!({"verbs": ["create"], "apiGroups": [""], "resources": ["secrets"]}),
                false,
            ),
            (
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets/x"]}),
                false,
            ),
            (json!({"verbs": ["get"], "nonResourceURLs": ["*"]}), false),
        ] {
            assert_eq!(
                PolicyRule::of(&rule).covers(&["get", "list"], "", "secrets"),
                covered,
                "{rule}"
            );
        }
        let token = json!({"verbs": ["create"], "apiGroups": [""], "resources": ["*/token"]});
        assert!(PolicyRule::of(&token).covers(&["create"], "", "serviceaccounts/token"));
    }

    #[test]
    fn roles_that_aggregate_each_other_are_read_once() {
        let count = 300;
        let name = |index: usize| format!("role{index}");
        let selector = json!([{"matchExpressions": [{"key": "ring", "operator": "Exists"}]}]);
        let role = |index| {
            json!({"metadata": {"name": name(index), "labels": {"ring": "a"}},
                "aggregationRule": {"clusterRoleSelectors": selector},
                "rules": [{"verbs": ["get"]}]})
        };
        let binding = |index| json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": name(index)}, "subjects": []});
        let lists = RbacLists {
            cluster_roles: (0..count).map(role).collect(),
            cluster_role_bindings: (0..count).map(binding).collect(),
            ..RbacLists::default()
        };
        let start = std::time::Instant::now();
        let grants = lists.all_grants();
        assert!(grants.iter().all(|grant| grant.rules.len() == count));
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    }

    #[test]
    fn a_binding_grants_a_role_in_its_namespace() {
        let rules = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]);
        let role = |name: &str, namespace: &str| json!({"metadata": {"name": name, "namespace": namespace}, "rules": rules});
        let binding = |namespace: &str, kind: &str, role: &str, subject: Value| json!({"metadata": {"name": "b", "namespace": namespace}, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]});
        let account = json!({"kind": "ServiceAccount", "name": "web"});
        let lists = RbacLists {
            roles: vec![role("reader", "keys"), role("elsewhere", "other")],
            cluster_roles: vec![
                json!({"metadata": {"name": "whole"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"part": "a"}}]}, "rules": null}),
                json!({"metadata": {"name": "part", "labels": {"part": "a"}}, "rules": rules}),
                // An aggregated role may select itself.
                json!({"metadata": {"name": "ring", "labels": {"ring": "a"}},
                       "aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "ring", "operator": "Exists"}]}]}}),
                json!({"metadata": {"name": "ring2", "labels": {"ring": "a"}},
                       "aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "ring", "operator": "Exists"}]}]}}),
            ],
            role_bindings: vec![
                binding("keys", "Role", "reader", account),
                binding(
                    "keys",
                    "ClusterRole",
                    "whole",
                    json!({"kind": "User", "name": "ann"}),
                ),
                binding(
                    "keys",
                    "Role",
                    "elsewhere",
                    json!({"kind": "User", "name": "eve"}),
                ),
                binding(
                    "other",
                    "Role",
                    "reader",
                    json!({"kind": "User", "name": "bob"}),
                ),
            ],
            cluster_role_bindings: vec![binding(
                "",
                "ClusterRole",
                "ring",
                json!({"kind": "Group", "name": "g"}),
            )],
        };
        let grants = lists.grants("keys");
        let bindings: Vec<_> = grants
            .iter()
            .map(|grant| {
                (
                    grant.subjects[0].name.as_str(),
                    grant.rules.len(),
                    grant.namespace.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            bindings,
            [
                ("web", 1, Some("keys")),
                ("ann", 1, Some("keys")),
                ("g", 0, None)
            ]
        );
        assert_eq!(grants[0].subjects[0].namespace.as_deref(), Some("keys"));
        assert_eq!(grants[1].binding, "RoleBinding b of ClusterRole whole");
    }
}
