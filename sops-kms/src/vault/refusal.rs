//! Explains the answers that refuse a request.

use http::StatusCode;
use serde::Deserialize;
use sops_printable::escaped;

use super::api::Api;
use super::key_path::KeyPath;
use super::origin::Origin;
use crate::publishing::VaultSecret;
use crate::transport::Answer;
use crate::words::said;

/// The answer about an error.
#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
    /// The reason, if the path belongs to another version of the key-value engine.
    warnings: Option<Vec<String>>,
}

/// The answer about the user's token.
#[derive(Deserialize)]
struct TokenAnswer {
    data: TokenData,
}

#[derive(Deserialize)]
struct TokenData {
    #[serde(default)]
    policies: Vec<String>,
}

/// Why the request was refused, and what to do; `secret` is a value in the request that must not be
/// shown. Asks the server about the token if the answer does not say whether the token has expired
/// or is not allowed to do this.
pub(super) async fn explain(
    api: &Api,
    server: &Origin,
    answer: &Answer,
    path: &KeyPath,
    operation: &str,
    secret: &str,
) -> String {
    let message = message(answer, &[api.token(), secret]);
    match answer.status {
        StatusCode::FORBIDDEN => forbidden(api, server, &path.words(operation), &["update"]).await,
        StatusCode::BAD_REQUEST if message.contains("key not found") => {
            missing_key(api, server, answer, path)
        }
        StatusCode::NOT_FOUND => missing_key(api, server, answer, path),
        StatusCode::BAD_REQUEST if operation == "decrypt" && !message.contains(NO_TOKEN) => {
            format!(
                "Vault cannot decrypt `enc` with this key: {message}; the key version may have been deleted, or `enc` was altered"
            )
        }
        _ => of_server(api, server, answer, &message),
    }
}

/// Why the server refused to write a secret in a key-value engine. `words` are the path of the
/// secret as policies write it, and `secrets` are values that must not be shown.
pub(super) async fn explain_kv(
    api: &Api,
    server: &Origin,
    answer: &Answer,
    secret: &VaultSecret,
    words: &str,
    secrets: &[&str],
) -> String {
    let secrets = [secrets, &[api.token()]].concat();
    let message = message(answer, &secrets);
    let mount = escaped(secret.mount.trim_matches('/'));
    match answer.status {
        StatusCode::FORBIDDEN => forbidden(api, server, words, &["create", "update"]).await,
        StatusCode::NOT_FOUND if message.contains(NO_NAMESPACE) => no_namespace(api, server),
        StatusCode::NOT_FOUND if message.contains(NO_ENGINE) => format!(
            "{server} has no key-value engine at `{mount}`; check `vault_kv_mount_name`, or enable it with `vault secrets enable -path={mount} -version={} kv`",
            if secret.has_versions { 2 } else { 1 }
        ),
        StatusCode::NOT_FOUND if !secret.has_versions => format!(
            "the engine at `{mount}` does not accept this path: {message}; if it is a key-value engine of version 2, remove `vault_kv_version: 1`"
        ),
        _ => of_server(api, server, answer, &message),
    }
}

/// Parts of the server's messages.
const NO_TOKEN: &str = "missing client token";
const NO_ENGINE: &str = "no handler for route";
const NO_NAMESPACE: &str = "namespace not found";

/// What a refusal means that can follow any request.
fn of_server(api: &Api, server: &Origin, answer: &Answer, message: &str) -> String {
    match answer.status {
        StatusCode::BAD_REQUEST if message.contains(NO_TOKEN) => no_token(api),
        StatusCode::TOO_MANY_REQUESTS => {
            format!("{server} received too many requests: {message}; try again in a minute")
        }
        StatusCode::SERVICE_UNAVAILABLE if message.contains("sealed") => {
            format!(
                "{server} is sealed; someone who has the unseal keys must run `vault operator unseal`"
            )
        }
        status => format!("{server} returned {}: {message}", status.as_u16()),
    }
}

/// The message that the namespace does not exist, which only OpenBao reports.
fn no_namespace(api: &Api, server: &Origin) -> String {
    match api.namespace() {
        Some(namespace) => format!(
            "{server} has no namespace `{}`; check VAULT_NAMESPACE",
            escaped(namespace)
        ),
        None => format!("{server} has no such namespace; check the path, and set VAULT_NAMESPACE"),
    }
}

/// The message that the key or its engine does not exist.
pub(super) fn missing_key(api: &Api, server: &Origin, answer: &Answer, path: &KeyPath) -> String {
    let engine = escaped(path.engine());
    let message = message(answer, &[]);
    if message.contains(NO_NAMESPACE) {
        return no_namespace(api, server);
    }
    if message.contains(NO_ENGINE) {
        return format!(
            "there is no transit engine at `{engine}`; check the path, or enable it with `vault secrets enable -path={engine} transit`"
        );
    }
    format!(
        "the key does not exist in this namespace; check its name and VAULT_NAMESPACE, or, to encrypt, create it with `vault write -f {}`",
        escaped(&path.words("keys"))
    )
}

/// The message that the server, or something in its place, does not speak Vault's protocol.
pub(super) fn not_an_answer(server: &Origin) -> String {
    format!("{server} did not send a valid Vault response")
}

/// The message that the policies of the token don't allow these capabilities on a path, or that the
/// token is invalid.
async fn forbidden(api: &Api, server: &Origin, path: &str, capabilities: &[&str]) -> String {
    let Some(source) = api.token_source() else {
        return no_token(api);
    };
    let path = escaped(path).into_owned();
    let capabilities = capabilities.join("` and `");
    let lookup = api.get(server, "/v1/auth/token/lookup-self").await;
    match lookup {
        Ok(answer) if answer.status == StatusCode::OK => {
            let token = serde_json::from_slice::<TokenAnswer>(&answer.body);
            let policies = token.map(|token| token.data.policies).unwrap_or_default();
            let policies = said(&policies.join(", "), &[]);
            format!(
                "the policies of the token in {source} ({policies}) do not allow `{capabilities}` on `{path}`"
            )
        }
        Ok(answer) if answer.status == StatusCode::FORBIDDEN => format!(
            "{server} rejects the token in {source}: it has expired, or it is from another server or namespace; run `unset VAULT_TOKEN; vault login`"
        ),
        _ => format!("{server} does not allow `{path}` with the token in {source}"),
    }
}

fn no_token(api: &Api) -> String {
    match api.has_agent() {
        true => "neither you nor the agent in VAULT_AGENT_ADDR has a Vault token; run `vault login`, or set VAULT_TOKEN".to_owned(),
        false => "there is no Vault token: VAULT_TOKEN is not set, and ~/.vault-token is missing or empty; run `vault login`".to_owned(),
    }
}

/// The server's own message.
fn message(answer: &Answer, secrets: &[&str]) -> String {
    let Errors { errors, warnings } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let messages = [errors, warnings.unwrap_or_default()].concat();
    match messages.is_empty() {
        true => "no reason given".to_owned(),
        false => said(&messages.join("; "), secrets),
    }
}
