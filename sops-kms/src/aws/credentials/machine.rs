//! Access keys of an EC2 instance, from its metadata server (IMDSv2).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use tokio::time::timeout;

use crate::provider::Outcome;
use crate::transport::Answer;
use crate::variables::{is_on, text};

use super::super::access_key::AccessKey;
use super::super::context::Context;

/// How long the metadata server may take for each answer. With a hop limit of 1, answers never
/// reach a container.
const PATIENCE: Duration = Duration::from_secs(1);

const PATH: &str = "/latest/meta-data/iam/security-credentials/";

/// The access key of the instance's role.
pub(super) async fn key(context: &Context<'_>) -> Outcome<AccessKey> {
    let absent = |reason: &str| {
        format!(
            "no AWS credentials: there is no access key in the environment or in the profile, and {reason}; run `aws configure` or `aws sso login`"
        )
    };
    if is_on(context.environment, "AWS_EC2_METADATA_DISABLED")? {
        return Err(absent("AWS_EC2_METADATA_DISABLED is set"));
    }
    let server = text(context.environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT")?;
    let server = server.unwrap_or_else(|| "http://169.254.169.254".to_owned());
    let server = server.trim_end_matches('/');
    let none = "this machine has no metadata server (AWS_EC2_METADATA_DISABLED=true skips it)";
    let token = Request::builder()
        .method(Method::PUT)
        .uri(format!("{server}/latest/api/token"))
        .header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        .body(Bytes::new());
    let token = answer(context, token).await.ok_or_else(|| absent(none))?;
    let get = |path: String| {
        Request::builder()
            .uri(format!("{server}{path}"))
            .header("x-aws-ec2-metadata-token", token.body.as_slice())
            .body(Bytes::new())
    };
    let no_role = "this machine has no IAM role";
    let role = answer(context, get(PATH.to_owned()))
        .await
        .ok_or_else(|| absent(no_role))?;
    let role = String::from_utf8_lossy(&role.body)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    let key = answer(context, get(format!("{PATH}{role}")))
        .await
        .ok_or_else(|| absent(no_role))?;
    AccessKey::from_json(&key.body, "the role of this machine").ok_or_else(|| absent(no_role))
}

/// The answer, if there is a good one in time.
async fn answer(context: &Context<'_>, request: http::Result<Request<Bytes>>) -> Option<Answer> {
    let answer = timeout(PATIENCE, context.direct.send(&request.ok()?))
        .await
        .ok()?
        .ok()?;
    Some(answer).filter(|answer| answer.status == StatusCode::OK)
}
