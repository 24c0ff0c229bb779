//! Writes objects to Amazon S3: `endpoint.rs` says which URL an object has, and `refusal.rs`
//! explains errors. Its SDK would be much larger than this one request.

mod endpoint;
mod refusal;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use ring::digest;
use sops_keys::Environment;
use sops_printable::escaped;

use self::endpoint::{Endpoint, Style};
use super::profile::Profile;
use super::refusal::reason;
use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::Outcome;
use crate::publishing::Published;
use crate::transport::HttpClient;
use crate::variables::text;

/// The access to buckets: the settings with the access key, the region, the name of the source of
/// the access key, and the client.
pub(super) struct Access<'a> {
    pub(super) config: &'a SdkConfig,
    pub(super) region: &'a str,
    pub(super) source: &'a str,
    pub(super) client: &'a HttpClient,
}

/// Writes an object, and replaces an existing one.
pub(super) async fn put(
    access: &Access<'_>,
    bucket: &str,
    key: &str,
    content: &[u8],
) -> Outcome<Published> {
    if bucket.starts_with("arn:") {
        return Err(format!(
            "sops-rs does not support ARNs of access points; write the name of a bucket instead of `{}`",
            escaped(bucket)
        ));
    }
    let Access {
        config,
        region,
        source,
        client,
    } = *access;
    let endpoint = Endpoint::of(config, region);
    let url = endpoint.url(bucket, key, Style::of(&endpoint, bucket));
    let mut request = Request::new(Bytes::copy_from_slice(content));
    *request.method_mut() = Method::PUT;
    *request.uri_mut() = url.parse().map_err(|_| match endpoint.is_configured() {
        true => "AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is not a URL".to_owned(),
        false => "the name of the bucket is invalid; check `s3_bucket`".to_owned(),
    })?;
    let headers = request.headers_mut();
    // As in `sops`.
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, kind);
    // Buckets with object locks require a checksum.
    let checksum = STANDARD.encode(digest::digest(&digest::SHA256, content));
    let checksum = HeaderValue::from_str(&checksum).expect("base64 is valid in a header");
    headers.insert("x-amz-checksum-sha256", checksum);
    add_signature(&mut request, config, region).await?;
    request.headers_mut().insert(USER_AGENT, THIS_PROGRAM);
    let answer = client.send(&request).await.map_err(|error| {
        let host = request.uri().host().unwrap_or_default();
        format!("{} {error}", escaped(host))
    })?;
    match answer.status {
        StatusCode::OK => Ok(Published::Written),
        _ => Err(refusal::explain(&answer, bucket, key, region, source)),
    }
}

/// The region of the user. `sops` does not ask the metadata server for it either.
pub(super) async fn region(environment: &Environment) -> Outcome<String> {
    let mut region = text(environment, "AWS_REGION")?;
    if region.is_none() {
        region = text(environment, "AWS_DEFAULT_REGION")?;
    }
    if region.is_none()
        && let Some(profile) = Profile::select(environment, None).await?
    {
        let provider = ProfileFileRegionProvider::builder().profile_name(profile.name);
        let found = provider.build().region().await;
        region = found.map(|region| region.as_ref().to_owned());
    }
    let region = region
        .ok_or("no AWS region is set; set AWS_REGION to the region of the bucket, or `region` in the profile")?;
    // The region becomes a part of a host name.
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !region.is_empty() && region.bytes().all(is_label) {
        true => Ok(region),
        false => Err(format!(
            "`{}` is not an AWS region; check AWS_REGION, AWS_DEFAULT_REGION and `region` in the profile",
            escaped(&region)
        )),
    }
}

/// Signs the request with the access key of the settings.
async fn add_signature(
    request: &mut Request<Bytes>,
    config: &SdkConfig,
    region: &str,
) -> Outcome<()> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        format!("the request cannot be signed: {}", reason(error))
    };
    let provider = config.credentials_provider();
    let provider = provider.expect("every session has an access key");
    let credentials = provider.provide_credentials().await;
    let identity = credentials.map_err(|error| failed(&error))?.into();
    let mut settings = SigningSettings::default();
    // The exceptions of Amazon S3 from the rules for signatures.
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers,
        SignableBody::Bytes(request.body()),
    );
    let signed = signable.and_then(|signable| sign(signable, &parameters));
    let (instructions, _) = signed.map_err(|error| failed(&error))?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
