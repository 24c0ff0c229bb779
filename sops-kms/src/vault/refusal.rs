//! Explains the answers that refuse a request.

use http::StatusCode;
use serde::Deserialize;
use sops_printable::escaped;

use super::api::Api;
use super::key_path::KeyPath;
use super::origin::Origin;
use crate::transport::Answer;
use crate::words::said;

/// The answer about an error.
#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
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
        StatusCode::FORBIDDEN => forbidden(api, server, path, operation).await,
        StatusCode::BAD_REQUEST if message.contains("missing client token") => no_token(api),
        StatusCode::BAD_REQUEST if message.contains("key not found") => missing_key(answer, path),
        StatusCode::NOT_FOUND => missing_key(answer, path),
        StatusCode::BAD_REQUEST if operation == "decrypt" => format!(
            "Vault cannot decrypt `enc` with this key: {message}; the key version may have been deleted, or `enc` was altered"
        ),
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

/// The message that the key or its engine does not exist.
pub(super) fn missing_key(answer: &Answer, path: &KeyPath) -> String {
    let engine = escaped(path.engine());
    if message(answer, &[]).contains("no handler for route") {
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

async fn forbidden(api: &Api, server: &Origin, path: &KeyPath, operation: &str) -> String {
    let Some(source) = api.token_source() else {
        return no_token(api);
    };
    let path = escaped(&path.words(operation)).into_owned();
    let lookup = api.get(server, "/v1/auth/token/lookup-self").await;
    match lookup {
        Ok(answer) if answer.status == StatusCode::OK => {
            let token = serde_json::from_slice::<TokenAnswer>(&answer.body);
            let policies = token.map(|token| token.data.policies).unwrap_or_default();
            let policies = said(&policies.join(", "), &[]);
            format!(
                "the policies of the token in {source} ({policies}) do not allow `update` on `{path}`"
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
    let errors = serde_json::from_slice::<Errors>(&answer.body).unwrap_or_default();
    match errors.errors.is_empty() {
        true => "no reason given".to_owned(),
        false => said(&errors.errors.join("; "), secrets),
    }
}
