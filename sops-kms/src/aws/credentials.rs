//! Where access keys for AWS come from: the sources of its SDK, in the order of the one that `sops`
//! uses.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::{Credentials, ProvideCredentials};
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use sops_keys::Environment;
use sops_printable::escaped;

use super::connector::Unanswered;
use super::profile::Profile;
use super::refusal::{find, reason};
use crate::provider::Outcome;
use crate::variables::text;

/// How long the metadata server may take. With a hop limit of 1, answers never reach a container.
const METADATA: Duration = Duration::from_secs(1);

/// An access key, and its source as messages name it.
pub(super) struct Found {
    pub(super) credentials: Credentials,
    pub(super) source: String,
}

/// The access key of the first source that is set up. A profile that a file names has precedence
/// over the environment.
///
/// # Errors
///
/// The message names the source that failed and says what to do.
pub(super) async fn find_key(
    environment: &Environment,
    config: &ProviderConfig,
    profile: Option<&Profile>,
    is_named: bool,
) -> Outcome<Found> {
    if !is_named {
        let variables = EnvironmentVariableCredentialsProvider::new();
        if let Some(found) = ask(&variables, "AWS_ACCESS_KEY_ID").await? {
            return Ok(found);
        }
        let token = WebIdentityTokenCredentialsProvider::builder().configure(config);
        if let Some(found) = ask(&token.build(), "AWS_WEB_IDENTITY_TOKEN_FILE").await? {
            return Ok(found);
        }
    }
    if let Some(profile) = profile {
        if let Some(message) = &profile.unsupported {
            return Err(message.clone());
        }
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(config)
            .profile_name(&profile.name)
            .with_custom_provider("Ec2InstanceMetadata", machine(config));
        let source = format!("the profile `{}`", escaped(&profile.name));
        match provider.build().provide_credentials().await {
            Ok(credentials) => {
                return Ok(Found {
                    credentials,
                    source,
                });
            }
            Err(CredentialsError::CredentialsNotLoaded(_)) => {}
            Err(error) => return Err(about_profile(&error, profile, &source)),
        }
    }
    let container = EcsCredentialsProvider::builder().configure(config).build();
    if let Some(found) = ask(&container, "the container").await? {
        return Ok(found);
    }
    match machine(config).provide_credentials().await {
        Ok(credentials) => Ok(Found {
            credentials,
            source: "the role of this machine".to_owned(),
        }),
        Err(error) => Err(about_machine(environment, &error)?),
    }
}

/// Assumes the role with the user's own access key, and returns the access key of the role.
pub(super) async fn assume(config: &SdkConfig, arn: &str, own: Found) -> Outcome<Found> {
    let role = AssumeRoleProvider::builder(arn)
        .configure(config)
        .session_name(session_name());
    let role = role.build_from_provider(own.credentials).await;
    let shown = escaped(arn);
    match role.provide_credentials().await {
        Ok(credentials) => Ok(Found {
            credentials,
            source: format!("the role `{shown}`"),
        }),
        Err(error) => Err(format!(
            "the role `{shown}` cannot be assumed with the access key from {}: {}",
            own.source,
            reason(&error)
        )),
    }
}

/// The access key of a source; `None` if it is not set up.
async fn ask(provider: &impl ProvideCredentials, source: &str) -> Outcome<Option<Found>> {
    match provider.provide_credentials().await {
        Ok(credentials) => Ok(Some(Found {
            credentials,
            source: source.to_owned(),
        })),
        Err(CredentialsError::CredentialsNotLoaded(_)) => Ok(None),
        Err(error) => Err(format!("{source}: {}", reason(&error))),
    }
}

/// The metadata server of the machine (IMDSv2), which is asked without retries.
fn machine(config: &ProviderConfig) -> ImdsCredentialsProvider {
    let client = imds::Client::builder()
        .configure(config)
        .max_attempts(1)
        .operation_timeout(METADATA);
    ImdsCredentialsProvider::builder()
        .configure(config)
        .imds_client(client.build())
        .build()
}

/// Why the profile gives no access key.
fn about_profile(error: &CredentialsError, profile: &Profile, source: &str) -> String {
    let reason = reason(error);
    let has_answer = find::<Unanswered>(error).is_none();
    let Some(name) = profile.with_login.as_deref().filter(|_| has_answer) else {
        return format!("{source}: {reason}");
    };
    let command = Profile::login_command(name);
    let name = escaped(name);
    match find::<GetRoleCredentialsError>(error) {
        Some(error) if !error.is_unauthorized_exception() => format!("{source}: {reason}"),
        // The SDK has no type for a login that has expired.
        None if !reason.contains("expired") => {
            format!("you are not logged in with the profile `{name}`; run `{command}`")
        }
        _ => format!("the SSO login of the profile `{name}` has expired; run `{command}`"),
    }
}

/// Why there is no access key at all: the machine is the last source.
fn about_machine(environment: &Environment, error: &CredentialsError) -> Outcome<String> {
    let disabled = text(environment, "AWS_EC2_METADATA_DISABLED")?;
    let reason = match disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        true => "AWS_EC2_METADATA_DISABLED is set".to_owned(),
        false => format!(
            "this machine has no metadata server with a role ({}; AWS_EC2_METADATA_DISABLED=true skips it)",
            reason(error)
        ),
    };
    Ok(format!(
        "no AWS credentials: there is no access key in the environment or in the profile, and {reason}; run `aws configure` or `aws sso login`"
    ))
}

/// The name of the session of a role that a file names, as in `sops`: with the host, so that logs
/// show it. `sops` removes hyphens from the host name, and no other characters.
fn session_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let is_allowed =
        |character: &char| character.is_ascii_alphanumeric() || "=,.@_".contains(*character);
    let host: String = host.trim().chars().filter(is_allowed).collect();
    let name = match &*host {
        "" => "sops@localhost".to_owned(),
        host => format!("sops@{host}"),
    };
    name.chars().take(64).collect()
}
