//! Explains the errors of Amazon S3.

use sops_printable::escaped;

use crate::transport::Answer;
use crate::words::said;

/// Why Amazon S3 refused the object, and what to do. `source` is where the access key comes from.
pub(super) fn explain(
    answer: &Answer,
    bucket: &str,
    key: &str,
    region: &str,
    source: &str,
) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let code = element(&body, "Code").unwrap_or_default();
    let message = match said(element(&body, "Message").unwrap_or_default(), &[]) {
        message if message.is_empty() => String::new(),
        message => format!(": {message}"),
    };
    let (bucket, key) = (escaped(bucket), escaped(key));
    let header = answer.headers.get("x-amz-bucket-region");
    let actual = header.and_then(|region| region.to_str().ok());
    let actual = actual.or_else(|| element(&body, "Region"));
    if let Some(actual) = actual.filter(|actual| *actual != region)
        && code != "AccessDenied"
    {
        let actual = said(actual, &[]);
        return format!(
            "the bucket `{bucket}` is in the region {actual}, not {region}; set AWS_REGION={actual}"
        );
    }
    let status = answer.status.as_u16();
    match code {
        "NoSuchBucket" => {
            format!("there is no bucket `{bucket}`; check `s3_bucket`, and AWS_PROFILE")
        }
        "AccessDenied" => format!(
            "AWS does not allow `s3:PutObject` on `arn:aws:s3:::{bucket}/{key}` with the access key from {source}{message}"
        ),
        "ExpiredToken" => format!(
            "the access key from {source} has expired; run `aws sso login`, or get a new one"
        ),
        "InvalidAccessKeyId"
        | "InvalidToken"
        | "SignatureDoesNotMatch"
        | "RequestTimeTooSkewed" => format!(
            "AWS rejects the access key from {source}{message}; check it, and the time of this computer"
        ),
        "SlowDown" | "TooManyRequests" => {
            format!("Amazon S3 received too many requests{message}; try again in a minute")
        }
        "" => format!(
            "the server returned {status} without an error of Amazon S3; check the endpoint and the proxy"
        ),
        code => format!("Amazon S3 returned {status} {}{message}", said(code, &[])),
    }
}

/// The text of an element in the flat XML of an error.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}
