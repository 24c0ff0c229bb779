//! The policies of the rules about secrets. CEL can only compare names and forms of values, so
//! these policies find fewer secrets than the rules do.

use super::definition::{Policy, Validation};
use super::literal::string;
use super::pod_rules::pod_variables;
use super::resources::Resources;
use crate::rules::{
    LITERAL_SECRET_IN_ENV, PARTLY_ENCRYPTED, PUBLIC_ADDRESSES, PUBLIC_NAMES, SECRET_FROM_ENV,
    SECRET_IDS, SECRET_IN_CONFIG_MAP, SECRET_IN_ENV, SECRET_IN_METADATA, SECRET_MODE,
    WRITABLE_SECRET_MOUNT,
};

/// The last word of the name of a secret.
const NAME: &str = "(?i)(^|[-_./])(password|passwd|passphrase|token|secret|api[-_]?key)$";

/// A value that is neither a reference, a path nor words.
const VALUE: &str = r"^[^\s$<>{}()/]*[0-9][^\s$<>{}()/]*$";

/// Formats that only secrets have.
const FORMAT: &str = r"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----|AGE-SECRET-KEY-1[0-9A-Z]{58}|gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{82}|glpat-[0-9A-Za-z_-]{20}|xox[abp]-[0-9A-Za-z-]{20}";

/// A line of a configuration that assigns a secret.
const LINE: &str = r#"(?im)^[ \t]*[-\w.]*(password|passwd|passphrase|token|secret|api[-_]?key)["']?[ \t]*[:=][ \t]*["']?[^\s"'$<>{}()/]*[0-9][^\s"'$<>{}()/]*["']?[ \t]*$"#;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The beginning of an encrypted value, and the same in base64.
const CIPHERTEXT: &str = "ENC[AES256_GCM,";
const CIPHERTEXT_IN_BASE64: &str = "RU5DW0FFUzI1Nl9HQ00s";

/// The least length of a secret, in characters.
const SHORTEST: usize = 6;

pub(super) fn policies() -> Vec<Policy> {
    vec![
        literal_in_env(),
        in_env(),
        Policy {
            rule: &SECRET_FROM_ENV,
            name: SECRET_FROM_ENV.name,
            resources: Resources::Pods,
            variables: pod_variables(),
            validations: vec![Validation {
                expression:
                    "variables.containers.all(c, c.?envFrom.orValue([]).all(e, !has(e.secretRef)))"
                        .to_owned(),
                message: "all keys of a Secret become environment variables; mount the Secret as a file",
            }],
        },
        in_config_map(),
        in_metadata(),
        writable_mount(),
        mode(),
        encrypted_value(),
    ]
}

fn literal_in_env() -> Policy {
    let is_secret = is_secret("e.name", "e.value");
    Policy {
        rule: &LITERAL_SECRET_IN_ENV,
        name: LITERAL_SECRET_IN_ENV.name,
        resources: Resources::Pods,
        variables: pod_variables(),
        validations: vec![Validation {
            expression: format!(
                "variables.containers.all(c, c.?env.orValue([]).all(e, !has(e.value) || !({is_secret})))"
            ),
            message: "an environment variable contains a secret",
        }],
    }
}

fn in_env() -> Policy {
    let escaped = "([-_.]escaped)?$";
    let public = format!(
        "(?i)((^|[-_.])(pg)?({})|(^|[-_.])id|(^|[-_.])({})[-_.]url){escaped}|(^|[-_.])public([-_.]|$)",
        PUBLIC_NAMES.join("|"),
        PUBLIC_ADDRESSES.join("|")
    );
    let secret = format!("(?i)(^|[-_.])({})[-_.]id{escaped}", SECRET_IDS.join("|"));
    let is_public = |name: &str| {
        let (public, secret) = (string(&public), string(&secret));
        format!("{name}.matches({public}) && !{name}.matches({secret})")
    };
    Policy {
        rule: &SECRET_IN_ENV,
        name: SECRET_IN_ENV.name,
        resources: Resources::Pods,
        variables: pod_variables(),
        validations: vec![Validation {
            expression: format!(
                "variables.containers.all(c, c.?env.orValue([]).all(e, !has(e.valueFrom) || !has(e.valueFrom.secretKeyRef) || ({} && {})))",
                is_public("e.name"),
                is_public("e.valueFrom.secretKeyRef.key")
            ),
            message: "an environment variable gets its value from a Secret; mount the Secret as a file",
        }],
    }
}

fn in_config_map() -> Policy {
    let is_secret = is_secret("k", "object.data[k]");
    let line = string(LINE);
    Policy {
        rule: &SECRET_IN_CONFIG_MAP,
        name: SECRET_IN_CONFIG_MAP.name,
        resources: Resources::ConfigMaps,
        variables: Vec::new(),
        validations: vec![Validation {
            expression: format!(
                "!has(object.data) || object.data.all(k, !({is_secret}) && !object.data[k].matches({line}))"
            ),
            message: "a ConfigMap contains a secret; move it to a Secret",
        }],
    }
}

fn in_metadata() -> Policy {
    let last_applied = string(LAST_APPLIED);
    let in_list = |list: &str| {
        let value = format!("m.{list}[k]");
        let is_secret = is_secret("k", &value);
        format!("!has(m.{list}) || m.{list}.all(k, k == {last_applied} || !({is_secret}))")
    };
    let metadata = "[object.metadata, object.?spec.?template.?metadata.orValue({}), object.?spec.?jobTemplate.?spec.?template.?metadata.orValue({})]";
    Policy {
        rule: &SECRET_IN_METADATA,
        name: SECRET_IN_METADATA.name,
        resources: Resources::Annotated,
        variables: vec![("metadata", metadata.to_owned())],
        validations: vec![Validation {
            expression: format!(
                "variables.metadata.all(m, ({}) && ({}))",
                in_list("annotations"),
                in_list("labels")
            ),
            message: "an annotation or a label contains a secret",
        }],
    }
}

fn writable_mount() -> Policy {
    let is_csi = "v.?csi.?driver.orValue('').contains('secret')";
    let volumes = format!(
        "variables.volumes.filter(v, has(v.secret) || v.?projected.?sources.orValue([]).exists(s, has(s.secret)) || {is_csi}).map(v, v.name)"
    );
    let mut variables = pod_variables();
    variables.push(("volumes", VOLUMES.to_owned()));
    variables.push(("secretVolumes", volumes));
    Policy {
        rule: &WRITABLE_SECRET_MOUNT,
        name: WRITABLE_SECRET_MOUNT.name,
        resources: Resources::Pods,
        variables,
        validations: vec![Validation {
            expression: format!(
                "variables.containers.all(c, c.?volumeMounts.orValue([]).all(m, !(m.name in variables.secretVolumes) || m.?readOnly.orValue(false))) && variables.volumes.all(v, !{is_csi} || v.csi.?readOnly.orValue(false))"
            ),
            message: "a Secret is mounted without `readOnly: true`",
        }],
    }
}

/// The volumes of a pod.
const VOLUMES: &str = "variables.spec.?volumes.orValue([])";

fn mode() -> Policy {
    // The API server sets the mode 0644 where a manifest has none, before policies see the object.
    let is_closed = |field: &str| format!("({field} == 420 || {field} % 8 == 0)");
    let default = is_closed("s.?defaultMode.orValue(0)");
    let items = "s.?items.orValue([]).all(i, i.?mode.orValue(0) % 8 == 0)";
    let sources = "s.?projected.?sources.orValue([])";
    let of_volume = format!("[v.secret].all(s, {default} && {items})");
    let projected = sources.replace("s.?", "v.?");
    let of_projected = format!(
        "({projected}.all(p, !has(p.secret) || [p.secret].all(s, {items})) && (!{projected}.exists(p, has(p.secret)) || {}))",
        is_closed("v.projected.?defaultMode.orValue(0)")
    );
    Policy {
        rule: &SECRET_MODE,
        name: SECRET_MODE.name,
        resources: Resources::Pods,
        variables: vec![
            pod_variables().swap_remove(0),
            ("volumes", VOLUMES.to_owned()),
        ],
        validations: vec![Validation {
            expression: format!(
                "variables.volumes.all(v, (!has(v.secret) || {of_volume}) && {of_projected})"
            ),
            message: "others can read the files of a Secret",
        }],
    }
}

fn encrypted_value() -> Policy {
    let (text, encoded) = (string(CIPHERTEXT), string(CIPHERTEXT_IN_BASE64));
    let spec = pod_variables().swap_remove(0).1;
    let is_workload = "!(object.kind in ['Secret', 'ConfigMap'])";
    let containers = "variables.spec.containers + variables.spec.?initContainers.orValue([])";
    Policy {
        rule: &PARTLY_ENCRYPTED,
        name: "encrypted-value",
        resources: Resources::WithValues,
        variables: vec![("spec", spec)],
        validations: vec![
            Validation {
                expression: "!has(object.sops)".to_owned(),
                message: "the object has the metadata of SOPS; decrypt it before you apply it",
            },
            Validation {
                expression: format!(
                    "object.kind != 'Secret' || !has(object.data) || object.data.all(k, !object.data[k].startsWith({encoded}))"
                ),
                message: "a value of the Secret is still encrypted; decrypt it before you apply it",
            },
            Validation {
                expression: format!(
                    "object.kind != 'ConfigMap' || !has(object.data) || object.data.all(k, !object.data[k].contains({text}))"
                ),
                message: "a value of the ConfigMap is still encrypted; decrypt it before you apply it",
            },
            Validation {
                expression: format!(
                    "!({is_workload}) || ({containers}).all(c, c.?env.orValue([]).all(e, !e.?value.orValue('').contains({text})))"
                ),
                message: "an environment variable is still encrypted; decrypt it before you apply it",
            },
        ],
    }
}

/// A condition: whether the value of an expression is a secret, judging by its name and its form.
fn is_secret(name: &str, value: &str) -> String {
    format!(
        "{name}.matches({}) && {value}.size() >= {SHORTEST} && {value}.matches({}) && {value}.matches('[A-Za-z]') || {value}.matches({})",
        string(NAME),
        string(VALUE),
        string(FORMAT)
    )
}
