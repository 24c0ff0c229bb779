//! Where access keys for Huawei Cloud come from: the sources of Huawei's own library, in their
//! order.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri};
use serde::Deserialize;
use sops_keys::Environment;
use tokio::time::timeout;

use crate::ini;
use crate::provider::Outcome;
use crate::secret_text::SecretText;
use crate::transport::{Answer, HttpClient};
use crate::variables::text;

/// The metadata server of a machine in Huawei Cloud.
const METADATA: &str = "http://169.254.169.254";

/// How long the metadata server may take for each answer.
const PROBE: Duration = Duration::from_secs(1);

/// An access key.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    /// The public half.
    pub(super) access: String,
    pub(super) secret: SecretText,
    /// The token that a temporary access key has.
    pub(super) token: Option<SecretText>,
    /// The project, if the source names it.
    pub(super) project: Option<String>,
    /// The name of the source in messages.
    pub(super) source: String,
    /// How the user can name the project. As in Huawei's own library, `HUAWEICLOUD_SDK_PROJECT_ID`
    /// has an effect only on an access key that is also in a variable.
    pub(super) project_advice: String,
}

/// The access key of the first source that has one.
///
/// # Errors
///
/// The message has a part for each source.
pub(super) async fn find(environment: &Environment, direct: &HttpClient) -> Outcome<Credentials> {
    let variables = match of_variables(environment)? {
        Ok(credentials) => return Ok(credentials),
        Err(absent) => absent,
    };
    let file = match of_file(environment)? {
        Ok(credentials) => return Ok(credentials),
        Err(absent) => absent,
    };
    let metadata = match of_metadata(direct).await {
        Ok(credentials) => return Ok(credentials),
        Err(absent) => absent,
    };
    Err(format!(
        "no Huawei Cloud access key; {variables}; {file}; {metadata}"
    ))
}

/// The credentials of a source, or why it has none.
type Found = Result<Credentials, String>;

fn of_variables(environment: &Environment) -> Outcome<Found> {
    let var = |name: &str| text(environment, name);
    if var("HUAWEICLOUD_SDK_IDP_ID")?.is_some() {
        return Err("sops-rs does not support identity providers; unset HUAWEICLOUD_SDK_IDP_ID, and set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK".to_owned());
    }
    let (Some(access), Some(secret)) = (var("HUAWEICLOUD_SDK_AK")?, var("HUAWEICLOUD_SDK_SK")?)
    else {
        return Ok(Err(
            "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not both set".to_owned(),
        ));
    };
    Ok(Ok(Credentials {
        access,
        secret: secret.into(),
        token: var("HUAWEICLOUD_SDK_SECURITY_TOKEN")?.map(SecretText::from),
        project: var("HUAWEICLOUD_SDK_PROJECT_ID")?,
        source: "HUAWEICLOUD_SDK_AK".to_owned(),
        project_advice: "set HUAWEICLOUD_SDK_PROJECT_ID".to_owned(),
    }))
}

fn of_file(environment: &Environment) -> Outcome<Found> {
    let path = match text(environment, "HUAWEICLOUD_SDK_CREDENTIALS_FILE")? {
        Some(path) => PathBuf::from(path),
        None => match environment.home() {
            Ok(home) => home.join(".huaweicloud/credentials"),
            Err(message) => return Ok(Err(message.to_owned())),
        },
    };
    let shown = path.display();
    let content = match std::fs::read_to_string(&path) {
        Ok(content) => SecretText::from(content),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Err(format!("{shown} does not exist")));
        }
        Err(error) => return Err(format!("{shown}: {}", error.kind())),
    };
    let value = |key: &str| ini::value(&content, "basic", key).map(str::to_owned);
    let (Some(access), Some(secret)) = (value("ak"), value("sk")) else {
        return Ok(Err(format!(
            "`ak` or `sk` is missing in the section `basic` of {shown}"
        )));
    };
    Ok(Ok(Credentials {
        access,
        secret: secret.into(),
        token: value("security_token").map(SecretText::from),
        project: value("project_id"),
        source: shown.to_string(),
        project_advice: format!("add `project_id` to {shown}"),
    }))
}

/// The answer of the metadata server.
#[derive(Deserialize)]
struct MetadataAnswer {
    credential: Temporary,
}

#[derive(Deserialize)]
struct Temporary {
    access: String,
    secret: SecretText,
    securitytoken: SecretText,
}

async fn of_metadata(direct: &HttpClient) -> Found {
    let absent = || "this machine has no metadata server".to_owned();
    let token = Request::builder()
        .method(Method::PUT)
        .uri(format!("{METADATA}/meta-data/latest/api/token"))
        .header("x-metadata-token-ttl-seconds", "3600");
    let token = answer(direct, token.body(Bytes::new()))
        .await
        .ok_or_else(absent)?;
    let mut key = Request::builder().uri(Uri::from_static(
        "http://169.254.169.254/openstack/latest/securitykey",
    ));
    // Older metadata servers have no tokens.
    if token.status == StatusCode::OK {
        key = key.header("x-metadata-token", token.body.as_slice());
    }
    let key = answer(direct, key.body(Bytes::new()))
        .await
        .ok_or_else(absent)?;
    let answer: MetadataAnswer = serde_json::from_slice(&key.body).map_err(|_| {
        "the metadata server returned no access key; assign an agency to this machine".to_owned()
    })?;
    Ok(Credentials {
        access: answer.credential.access,
        secret: answer.credential.secret,
        token: Some(answer.credential.securitytoken),
        project: None,
        source: "the metadata server".to_owned(),
        project_advice: "set HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK and HUAWEICLOUD_SDK_PROJECT_ID"
            .to_owned(),
    })
}

async fn answer(direct: &HttpClient, request: http::Result<Request<Bytes>>) -> Option<Answer> {
    timeout(PROBE, direct.send(&request.ok()?)).await.ok()?.ok()
}
