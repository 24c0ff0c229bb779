//! Signs an access token with the private key of a service account (RFC 7519, RS256). Google
//! accepts it without an exchange.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::file::{SCOPE, ServiceAccount};
use crate::access_token::AccessToken;
use crate::provider::Outcome;

/// How long a token lasts.
const LIFETIME: Duration = Duration::from_secs(3600);

/// A new token.
///
/// # Errors
///
/// The private key is invalid.
pub(super) fn token(account: &ServiceAccount, now: SystemTime) -> Outcome<AccessToken> {
    let invalid = || "its `private_key` is not an RSA key in PEM".to_owned();
    let key =
        PrivateKeyDer::from_pem_slice(account.private_key.as_bytes()).map_err(|_| invalid())?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(invalid()),
    };
    let key = key.map_err(|_| invalid())?;
    let seconds = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let header = serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": account.private_key_id});
    let claims = serde_json::json!({
        "iss": account.client_email,
        "sub": account.client_email,
        "scope": SCOPE,
        "iat": seconds,
        "exp": seconds + LIFETIME.as_secs(),
    });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{header}.{claims}");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .map_err(|_| "its `private_key` cannot sign".to_owned())?;
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
    Ok(AccessToken::new(token.into(), Some(LIFETIME)))
}
