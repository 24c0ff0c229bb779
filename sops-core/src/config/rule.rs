//! The rules of a configuration: how a file is encrypted, and where it is published.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use sops_printable::escaped;

use super::glob;
use super::node::Mapping;
use crate::keys::MasterKey;
use crate::rules::EncryptionRule;

/// How files with a matching path are encrypted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CreationRule {
    /// The expression that is matched against the path; `None` matches every path.
    pub path_regex: Option<String>,
    /// The keys, in groups. With more than one group, the data key is split among them. A rule
    /// without keys has one empty group.
    pub key_groups: Vec<Vec<MasterKey>>,
    /// How many groups can decrypt the file together; `None` means all of them.
    pub shamir_threshold: Option<u8>,
    /// Which values are encrypted, if the rule specifies it.
    pub rule: Option<EncryptionRule>,
    /// Whether the MAC covers only encrypted values.
    pub mac_only_encrypted: bool,
    /// The age at which a value is due for replacement. `sops` ignores it.
    pub max_age: Option<Duration>,
    /// The maximum age as it is written, such as `90d`.
    pub max_age_text: Option<String>,
}

/// Where the command `publish` sends files with a matching path.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DestinationRule {
    /// The expression that is matched against the path; `None` matches every path.
    pub path_regex: Option<String>,
    /// The destinations; a file can be published to one of them.
    pub destinations: Vec<Destination>,
    /// How the published file is encrypted.
    pub recreation_rule: CreationRule,
    /// Whether the published name omits the file's extension.
    pub omit_extensions: bool,
}

/// A destination for published files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A directory, which `sops` does not support.
    Directory {
        /// The path of the directory, relative to that of the configuration.
        path: PathBuf,
    },
    /// Amazon S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix of the object's name.
        prefix: String,
    },
    /// Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
        /// The prefix of the object's name.
        prefix: String,
    },
    /// A key-value engine of HashiCorp Vault.
    Vault {
        /// The server; empty for the one in the environment.
        address: String,
        /// The path below the engine.
        path: String,
        /// Where the engine is mounted; empty for `secret`.
        kv_mount_name: String,
        /// The engine's version, 1 or 2; `None` means 2.
        kv_version: Option<u8>,
    },
}

/// The rule, and whether it has keys next to its key groups, which are ignored.
pub(super) fn creation_rule(mut mapping: Mapping) -> (CreationRule, bool) {
    let aws_profile = mapping.text("aws_profile");
    let mut flat = Vec::new();
    for name in [
        "age",
        "pgp",
        "kms",
        "gcp_kms",
        "hckms",
        "azure_keyvault",
        "hc_vault_transit_uri",
    ] {
        flat.extend(mapping.keys(name));
    }
    for key in &mut flat {
        if let MasterKey::Kms {
            aws_profile: profile,
            ..
        } = key
        {
            profile.clone_from(&aws_profile);
        }
    }
    let groups = mapping.mappings("key_groups").unwrap_or_default();
    let ignored = !groups.is_empty() && !flat.is_empty();
    let max_age_text = mapping.text("max_age");
    let rule = CreationRule {
        path_regex: mapping.text("path_regex"),
        key_groups: if groups.is_empty() {
            vec![without_repeats(flat)]
        } else {
            groups
                .into_iter()
                .map(|group| without_repeats(key_group(group)))
                .collect()
        },
        // The schema allows no number above 255, and 0 means no threshold.
        shamir_threshold: mapping
            .number("shamir_threshold")
            .and_then(|threshold| u8::try_from(threshold).ok())
            .filter(|threshold| *threshold > 0),
        // The schema allows at most one selection rule.
        rule: EncryptionRule::NAMES
            .into_iter()
            .find_map(|name| EncryptionRule::from_name(name, &mapping.text(name)?)),
        mac_only_encrypted: mapping.flag("mac_only_encrypted"),
        // The schema rejects invalid durations.
        max_age: max_age_text
            .as_deref()
            .and_then(|text| humantime::parse_duration(text).ok()),
        max_age_text,
    };
    (rule, ignored)
}

/// The keys of one group without duplicates, in the order of their first mention.
fn without_repeats(keys: Vec<MasterKey>) -> Vec<MasterKey> {
    let mut seen = HashSet::new();
    keys.into_iter()
        .filter(|key| seen.insert(key.clone()))
        .collect()
}

/// The keys of a group, starting with those of the groups that it merges.
fn key_group(mut mapping: Mapping) -> Vec<MasterKey> {
    let mut keys = Vec::new();
    for merged in mapping.mappings("merge").unwrap_or_default() {
        keys.extend(key_group(merged));
    }
    keys.extend(mapping.keys("age"));
    keys.extend(mapping.keys("pgp"));
    let mut each = |name, key: fn(Mapping) -> Option<MasterKey>| {
        keys.extend(
            mapping
                .mappings(name)
                .unwrap_or_default()
                .into_iter()
                .filter_map(key),
        );
    };
    each("kms", |mut kms| {
        Some(MasterKey::Kms {
            arn: kms.text("arn")?,
            role: kms.text("role"),
            context: kms.texts("context"),
            aws_profile: kms.text("aws_profile"),
        })
    });
    each("gcp_kms", |mut gcp| {
        Some(MasterKey::GcpKms {
            resource_id: gcp.text("resource_id")?,
        })
    });
    each("hckms", |mut hckms| {
        Some(MasterKey::Hckms {
            key_id: hckms.text("key_id")?,
        })
    });
    each("azure_keyvault", |mut azure| {
        Some(MasterKey::AzureKv {
            vault_url: azure.text("vaultUrl")?,
            name: azure.text("key")?,
            version: azure.text("version").unwrap_or_default(),
        })
    });
    keys.extend(mapping.keys("hc_vault"));
    keys
}

pub(super) fn destination_rule(mut mapping: Mapping) -> DestinationRule {
    let kv_version = mapping
        .number("vault_kv_version")
        .and_then(|version| u8::try_from(version).ok());
    let mut text = |name| mapping.text(name);
    let mut destinations = Vec::new();
    if let Some(path) = text("directory") {
        let path = PathBuf::from(path);
        destinations.push(Destination::Directory { path });
    }
    if let Some(bucket) = text("s3_bucket") {
        let prefix = text("s3_prefix").unwrap_or_default();
        destinations.push(Destination::S3 { bucket, prefix });
    }
    if let Some(bucket) = text("gcs_bucket") {
        let prefix = text("gcs_prefix").unwrap_or_default();
        destinations.push(Destination::Gcs { bucket, prefix });
    }
    if let Some(path) = text("vault_path") {
        destinations.push(Destination::Vault {
            address: text("vault_address").unwrap_or_default(),
            path,
            kv_mount_name: text("vault_kv_mount_name").unwrap_or_default(),
            kv_version,
        });
    }
    DestinationRule {
        path_regex: mapping.text("path_regex"),
        destinations,
        recreation_rule: mapping
            .mapping("recreation_rule")
            .map(creation_rule)
            .unwrap_or_default()
            .0,
        omit_extensions: mapping.flag("omit_extensions"),
    }
}

/// Expressions that match every path.
const EVERY_PATH: [&str; 9] = ["^", "$", ".", ".*", ".+", "^.*", "^.+", "^.*$", "^.+$"];

/// Whether a rule matches all files.
pub(super) fn is_for_every_path(rule: &CreationRule) -> bool {
    let pattern = rule.path_regex.as_deref();
    pattern.is_none_or(|pattern| EVERY_PATH.contains(&pattern))
}

/// Whether an expression is meant for paths that start with a slash or `./`, or that have
/// backslashes. No path is spelled like this, but `^./` also matches a directory `a`.
fn is_for_other_paths(pattern: &str) -> bool {
    let begins = ["^/", "^./", r"^\./", r"^\/", r"^\.\/"];
    let has_other_slash = pattern.contains(r"\\") && !pattern.contains('/');
    begins.iter().any(|begin| pattern.starts_with(begin)) || has_other_slash
}

/// Probable mistakes in the rules, with the index of the rule; `ignored` says which rules have keys
/// that are ignored.
pub(super) fn warnings(rules: &[CreationRule], ignored: &[bool]) -> Vec<(usize, String)> {
    let mut warnings = Vec::new();
    let mut last = None;
    let mut seen = HashSet::new();
    for (index, rule) in rules.iter().enumerate() {
        let pattern = rule.path_regex.as_deref();
        if let Some(last) = last {
            warnings.push((
                index,
                format!(
                    "this creation rule is never used because rule {last} matches every path and the first match wins; move it before that rule"
                ),
            ));
        } else if pattern.is_some_and(|pattern| !seen.insert(pattern)) {
            warnings.push((
                index,
                "this creation rule is never used because an earlier rule has the same `path_regex`; change the expression, or remove the rule"
                    .to_owned(),
            ));
        }
        if last.is_none() && is_for_every_path(rule) {
            last = Some(index + 1);
        }
        if pattern.is_some_and(is_for_other_paths) {
            warnings.push((
                index,
                "this `path_regex` probably matches no file in or below the directory of the configuration; write it for paths such as `a/b.yaml`, without a leading `/` or `./` and without backslashes".to_owned(),
            ));
        }
        if let Some(regex) = pattern.and_then(glob::as_regex) {
            warnings.push((
                index,
                format!("this `path_regex` looks like a glob, but must be a regular expression; write `{}`", escaped(&regex)),
            ));
        }
        if ignored.get(index) == Some(&true) {
            warnings.push((
                index,
                "this creation rule has `key_groups`, so its master keys outside these groups are ignored; move them into a group".to_owned(),
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Config {
        Config::parse(
            text.as_bytes(),
            Path::new("/repo/.sops.yaml"),
            Path::new("/repo"),
        )
        .expect(text)
    }

    /// The rule of a file with one rule, written in YAML's flow style.
    fn rule(text: &str) -> CreationRule {
        let config = parse(&format!(
            "x: &x {{age: [X], encrypted_regex: ^x}}\ny: &y {{age: [Y], pgp: P}}\ncreation_rules: [{text}]\n"
        ));
        config.creation_rules().unwrap_or_default()[0].clone()
    }

    /// The keys as `family:key`, with groups separated by `|`.
    fn keys(rule: &CreationRule) -> String {
        let groups = rule.key_groups.iter().map(|group| {
            let keys: Vec<_> = group
                .iter()
                .map(|key| format!("{}:{}", key.family().name(), key.id()))
                .collect();
            keys.join(" ")
        });
        groups.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn keys_are_the_ones_that_sops_uses() {
        let cases = [
            ("{age: 'A, B,'}", "age:A age:B"),
            ("{age: [A, 'B,C', ' D ']}", "age:A age:B age:C age:D"),
            ("{age: [A, B, A]}", "age:A age:B"),
            ("{age: }", ""),
            ("{age: ''}", ""),
            ("{}", ""),
            ("{pgp: 'AB CD, EF'}", "pgp:ABCD pgp:EF"),
            (
                "{hc_vault_transit_uri: 'https://v/v1/e/keys/k', azure_keyvault: 'https://v/keys/k/1,https://v/keys/k', hckms: ['r:u'], gcp_kms: G, kms: K, pgp: P, \
                 age: A}",
                "age:A pgp:P kms:K gcp_kms:G hckms:r:u azure_kv:https://v/keys/k/1 azure_kv:https://v/keys/k/ hc_vault:https://v/v1/e/keys/k",
            ),
            (
                "{kms: 'arn:k+arn:r, arn:l+m'}",
                "kms:arn:k+arn:r kms:arn:l+m",
            ),
            ("{age: A, key_groups: [{age: [B]}]}", "age:B"),
            ("{age: A, key_groups: []}", "age:A"),
            (
                "{key_groups: [{age: [A]}, {age: ['B,C', B], hc_vault: ['https://v/v1/e/keys/k']}, {}]}",
                "age:A | age:B age:C hc_vault:https://v/v1/e/keys/k | ",
            ),
            (
                "{key_groups: [{merge: [{age: [A]}, {merge: [{pgp: [P]}], age: [B, A]}], age: [B, C]}]}",
                "age:A pgp:P age:B age:C",
            ),
            (
                "{key_groups: [{gcp_kms: [{resource_id: G}], kms: [{arn: K, role: R}], hckms: [{key_id: 'r:u'}], azure_keyvault: [{vaultUrl: \
                 'https://v', key: k, version: '1'}]}]}",
                "kms:K+R gcp_kms:G hckms:r:u azure_kv:https://v/keys/k/1",
            ),
            ("{<<: *y, age: [A]}", "age:A pgp:P"),
            ("{<<: [*x, *y]}", "age:X pgp:P"),
            ("{age: , <<: *x}", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(keys(&rule(text)), expected, "{text}");
        }
    }

    #[test]
    fn aws_keys_keep_profile_and_context() {
        let groups = rule(
            "{key_groups: [{kms: [{arn: K, aws_profile: p, context: {a: b}}]}], aws_profile: q}",
        )
        .key_groups;
        let flat = rule("{kms: 'K', aws_profile: q}").key_groups;
        for (groups, profile, context) in [(groups, "p", vec![("a", "b")]), (flat, "q", vec![])] {
            let MasterKey::Kms {
                aws_profile,
                context: found,
                ..
            } = &groups[0][0]
            else {
                panic!("{groups:?}");
            };
            assert_eq!(aws_profile.as_deref(), Some(profile));
            let found: Vec<_> = found
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect();
            assert_eq!(found, context);
        }
    }

    #[test]
    fn settings_are_the_ones_that_sops_reads() {
        let regex = |text: &str| Some(EncryptionRule::EncryptedRegex(text.to_owned()));
        let cases = [
            ("{}", None, None, false),
            ("{encrypted_regex: ^data}", regex("^data"), None, false),
            (
                "{encrypted_regex: ^data, encrypted_suffix: ''}",
                regex("^data"),
                None,
                false,
            ),
            (
                "{encrypted_suffix: , encrypted_regex: ^data}",
                regex("^data"),
                None,
                false,
            ),
            ("{<<: *x}", regex("^x"), None, false),
            ("{<<: *x, encrypted_regex: y}", regex("y"), None, false),
            ("{encrypted_regex: '', <<: *x}", None, None, false),
            (
                "{shamir_threshold: 2, mac_only_encrypted: true}",
                None,
                Some(2),
                true,
            ),
            (
                "{shamir_threshold: 0, mac_only_encrypted: yes}",
                None,
                None,
                true,
            ),
            (
                "{shamir_threshold: 0x3, mac_only_encrypted: 'On'}",
                None,
                Some(3),
                true,
            ),
            (
                "{shamir_threshold: , mac_only_encrypted: off}",
                None,
                None,
                false,
            ),
        ];
        for (text, expected, threshold, mac_only) in cases {
            let rule = rule(text);
            assert_eq!(
                (&rule.rule, rule.shamir_threshold, rule.mac_only_encrypted),
                (&expected, threshold, mac_only),
                "{text}"
            );
        }
    }

    #[test]
    fn destinations_are_kept() {
        let config = parse(
            "destination_rules:\n- {s3_bucket: b, s3_prefix: p, path_regex: x, recreation_rule: {age: A}}\n- {gcs_bucket: g, omit_extensions: true}\n- \
             {vault_path: v, vault_kv_version: 1}\n- {}\n",
        );
        let rules = config.destination_rules();
        let destinations: Vec<_> = rules.iter().flat_map(|rule| &rule.destinations).collect();
        let expected = [
            Destination::S3 {
                bucket: "b".to_owned(),
                prefix: "p".to_owned(),
            },
            Destination::Gcs {
                bucket: "g".to_owned(),
                prefix: String::new(),
            },
            Destination::Vault {
                address: String::new(),
                path: "v".to_owned(),
                kv_mount_name: String::new(),
                kv_version: Some(1),
            },
        ];
        assert!(destinations.into_iter().eq(&expected));
        assert!(rules[3].destinations.is_empty());
        assert_eq!(rules[0].path_regex.as_deref(), Some("x"));
        assert_eq!(keys(&rules[0].recreation_rule), "age:A");
        assert!(rules[1].omit_extensions && !rules[0].omit_extensions);
    }
}
