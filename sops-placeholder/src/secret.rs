//! Placeholders for the values of a Secret: for some keys, Kubernetes and other programs expect a
//! certain form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::published::{CERTIFICATE, SSH_KEY, TLS_KEY};
use crate::value_path::ValuePath;

/// A host name that does not exist.
const HOST: &str = "placeholder.invalid";

/// The placeholder for the value of a Secret under `key`, before it is encoded for `data`. `kind`
/// is the `type` of the Secret.
pub fn secret_text(kind: Option<&str>, key: &str) -> String {
    text_at(kind, key, &ValuePath::from(["data", key]))
}

pub(crate) fn text_at(kind: Option<&str>, key: &str, path: &ValuePath) -> String {
    let is_of = |wanted: &str| kind == Some(wanted);
    match key {
        "tls.crt" | "ca.crt" => CERTIFICATE.to_owned(),
        "tls.key" => TLS_KEY.to_owned(),
        "ssh-privatekey" => SSH_KEY.to_owned(),
        ".dockerconfigjson" => json!({"auths": {HOST: registry(path)}}).to_string(),
        ".dockercfg" => json!({HOST: registry(path)}).to_string(),
        _ if is_of("bootstrap.kubernetes.io/token") => token_text(key, path),
        _ => path.text(),
    }
}

/// Placeholder credentials for a registry.
fn registry(path: &ValuePath) -> serde_json::Value {
    let text = path.text();
    let auth = STANDARD.encode(format!("{text}:{text}"));
    json!({"username": text, "password": text, "auth": auth})
}

/// The placeholder for a field of a token with which nodes join a cluster.
fn token_text(key: &str, path: &ValuePath) -> String {
    match key {
        "token-id" => format!("{:06x}", path.number() & 0x00ff_ffff),
        "token-secret" => format!("{0:08x}{0:08x}", path.number()),
        "expiration" => "2000-01-01T00:00:00Z".to_owned(),
        "auth-extra-groups" => "system:bootstrappers:placeholder".to_owned(),
        _ if key.starts_with("usage-") => "false".to_owned(),
        _ => path.text(),
    }
}
