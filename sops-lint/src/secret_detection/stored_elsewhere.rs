//! Recognizes values that say where a secret is stored.

use super::credential::is_name;

/// Schemes that are followed by the path or the name of a stored value.
const SCHEMES: &[&str] = &[
    "vault:",
    "ref+",
    "op://",
    "secretref:",
    "secretKeyRef:",
    "kms:",
    "secretsmanager:",
    "ssm:",
    "awssm:",
    "awssm://",
    "gcp-sm:",
    "gcpsm:",
    "gsm:",
    "sm://",
    "azurekeyvault",
    "akv:",
    "akvs:",
    "keyvault:",
    "env:",
    "file:",
    "projects/",
    "sops:",
    "doppler:",
    // LiteLLM.
    "os.environ/",
    "bao:",
    "@/",
    "@./",
];

/// Whether the text says where the value is stored: a scheme, and a path or a name.
pub(super) fn is_elsewhere(value: &str) -> bool {
    let is_scheme = || {
        SCHEMES.iter().any(|scheme| {
            let path = value.strip_prefix(scheme);
            path.is_some_and(|path| {
                let path = path.split_once("://").map_or(path, |(_, path)| path);
                is_name(path.trim_start_matches('/'))
            })
        })
    };
    let is_blob = || {
        value.len() >= 80
            && value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c))
    };
    is_scheme()
        || value.starts_with("arn:") && value.matches(':').count() >= 5
        || value.starts_with("AQICAH") && is_blob()
        || value.starts_with("%(") && value.contains(')')
        || value.starts_with("$__") && value.contains('{')
        // The annotations of the Service Binding specification.
        || value.starts_with("path={") && !value.contains(char::is_whitespace)
        || value.starts_with("<path:") && value.ends_with('>') && !value.contains('\n')
}
