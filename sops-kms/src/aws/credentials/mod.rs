//! Where access keys for AWS come from: the sources of AWS's own libraries, in the order of the one
//! that `sops` uses. `profile.rs` reads the configuration files; the other files have a source each.

mod container;
mod machine;
mod process;
mod profile;
mod sso;
mod sts;

use std::collections::HashMap;
use std::path::Path;

use sops_printable::escaped;
use tokio::sync::Mutex;

use self::profile::{Profile, ProfileFiles};
use self::sts::Role;
use super::access_key::AccessKey;
use super::context::Context;
use crate::provider::{Outcome, Pending};
use crate::secret_text::SecretText;
use crate::transport::read;
use crate::variables::text;

/// How many profiles may refer to each other.
const DEPTH: usize = 8;

/// What a key in a file asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// The profile, which then has precedence over the environment.
    pub(super) profile: Option<String>,
    /// The role to assume.
    pub(super) role: Option<String>,
    pub(super) region: String,
}

/// The access keys of a run.
#[derive(Default)]
pub(super) struct Credentials {
    /// Locked during the search for an access key, so that there is only one search.
    found: Mutex<HashMap<Wanted, Outcome<AccessKey>>>,
}

impl Credentials {
    /// The access key for the profile and the role that a file names.
    ///
    /// # Errors
    ///
    /// The message names the source that failed and says what to do.
    pub(super) async fn find(&self, context: &Context<'_>, wanted: &Wanted) -> Outcome<AccessKey> {
        let mut found = self.found.lock().await;
        let is_fresh = |key: &Outcome<AccessKey>| key.as_ref().map_or(true, AccessKey::is_fresh);
        if let Some(key) = found.get(wanted).filter(|key| is_fresh(key)) {
            return key.clone();
        }
        let key = find(context, wanted).await;
        found.insert(wanted.clone(), key.clone());
        key
    }
}

async fn find(context: &Context<'_>, wanted: &Wanted) -> Outcome<AccessKey> {
    let own = match &wanted.profile {
        Some(name) => of_named_profile(context, name).await,
        None => of_environment(context).await,
    }?;
    match &wanted.role {
        Some(arn) => {
            let session = session_name();
            let role = Role {
                arn,
                session: &session,
                external_id: None,
            };
            sts::assume(context, role, &own).await
        }
        None => Ok(own),
    }
}

/// The access key of a profile that a file or a flag names.
async fn of_named_profile(context: &Context<'_>, name: &str) -> Outcome<AccessKey> {
    let files = ProfileFiles::new(context.environment)?;
    let profile = files.get(name).ok_or_else(|| missing(name))?;
    of_profile(context, profile, DEPTH).await
}

fn missing(name: &str) -> String {
    format!(
        "there is no profile `{}` in ~/.aws/config or ~/.aws/credentials; the encrypted file names this profile, so add it there",
        escaped(name)
    )
}

/// The access key that the variables give, or else that of the profile that they name.
async fn of_environment(context: &Context<'_>) -> Outcome<AccessKey> {
    let var = |name: &str| text(context.environment, name);
    if let (Some(id), Some(secret)) = (var("AWS_ACCESS_KEY_ID")?, var("AWS_SECRET_ACCESS_KEY")?) {
        return Ok(AccessKey {
            id,
            secret: secret.into(),
            token: var("AWS_SESSION_TOKEN")?.map(SecretText::from),
            expires: None,
            source: "AWS_ACCESS_KEY_ID".to_owned(),
        });
    }
    if let (Some(file), Some(role)) = (var("AWS_WEB_IDENTITY_TOKEN_FILE")?, var("AWS_ROLE_ARN")?) {
        return of_token(
            context,
            &file,
            &role,
            var("AWS_ROLE_SESSION_NAME")?.as_deref(),
        )
        .await;
    }
    let files = ProfileFiles::new(context.environment)?;
    let named = match var("AWS_PROFILE")? {
        Some(name) => Some(name),
        None => var("AWS_DEFAULT_PROFILE")?,
    };
    match (files.get(named.as_deref().unwrap_or("default")), &named) {
        (Some(profile), _) => of_profile(context, profile, DEPTH).await,
        (None, Some(name)) => Err(format!(
            "AWS_PROFILE: there is no profile `{}`",
            escaped(name)
        )),
        (None, None) => of_surroundings(context).await,
    }
}

/// The access key of a profile, and that of its role if it has one.
fn of_profile<'p>(
    context: &'p Context<'p>,
    profile: Profile<'p>,
    depth: usize,
) -> Pending<'p, AccessKey> {
    Box::pin(async move {
        let role = profile.value("role_arn");
        if let (Some(file), Some(role)) = (profile.value("web_identity_token_file"), role) {
            return of_token(context, file, role, profile.value("role_session_name")).await;
        }
        let own = match (
            profile.value("source_profile"),
            profile.value("credential_source"),
        ) {
            (Some(name), _) if name != profile.name => {
                let source = profile.files().get(name).ok_or_else(|| missing(name))?;
                let depth = depth
                    .checked_sub(1)
                    .ok_or("the profiles refer to each other in a loop")?;
                of_profile(context, source, depth).await
            }
            (None, Some("Environment")) => of_environment(context).await,
            (None, Some("Ec2InstanceMetadata")) => machine::key(context).await,
            (None, Some("EcsContainer")) => of_surroundings(context).await,
            (None, Some(other)) => Err(format!(
                "`credential_source` is unknown: `{}`",
                escaped(other)
            )),
            _ => without_role(context, profile).await,
        }?;
        let Some(arn) = role else {
            return Ok(own);
        };
        if profile.value("mfa_serial").is_some() {
            return Err(format!(
                "the profile `{name}` requires MFA, which sops-rs does not support; run `eval \"$(aws configure export-credentials --profile {name} --format env)\"`",
                name = escaped(profile.name)
            ));
        }
        let session = profile.value("role_session_name").unwrap_or("sops-rs");
        let role = Role {
            arn,
            session,
            external_id: profile.value("external_id"),
        };
        sts::assume(context, role, &own).await
    })
}

/// The access key that a profile itself has.
async fn without_role(context: &Context<'_>, profile: Profile<'_>) -> Outcome<AccessKey> {
    let key = (
        profile.value("aws_access_key_id"),
        profile.value("aws_secret_access_key"),
    );
    if let (Some(id), Some(secret)) = key {
        return Ok(AccessKey {
            id: id.to_owned(),
            secret: secret.to_owned().into(),
            token: profile
                .value("aws_session_token")
                .map(|token| token.to_owned().into()),
            expires: None,
            source: format!("the profile `{}`", escaped(profile.name)),
        });
    }
    if sso::is_configured(profile) {
        return sso::key(context, profile).await;
    }
    if let Some(line) = profile.value("credential_process") {
        return process::key(context, profile.name, line).await;
    }
    if profile.value("login_session").is_some() {
        return Err(format!(
            "sops-rs does not support `aws login`; run `eval \"$(aws configure export-credentials --profile {} --format env)\"`",
            escaped(profile.name)
        ));
    }
    of_surroundings(context).await
}

/// The access key of the container or the machine that this program runs on.
async fn of_surroundings(context: &Context<'_>) -> Outcome<AccessKey> {
    match container::key(context).await? {
        Some(key) => Ok(key),
        None => machine::key(context).await,
    }
}

async fn of_token(
    context: &Context<'_>,
    file: &str,
    arn: &str,
    session: Option<&str>,
) -> Outcome<AccessKey> {
    let token = zeroize::Zeroizing::new(read(Path::new(file))?);
    let token =
        std::str::from_utf8(&token).map_err(|_| format!("{file} contains no valid token"))?;
    let role = Role {
        arn,
        session: session.unwrap_or("sops-rs"),
        external_id: None,
    };
    sts::assume_with_token(context, role, token.trim()).await
}

/// The name of the session of a role that a file names, as in `sops`: with the host, so that logs
/// show it. Of the characters of a host name, `sops` removes only the hyphen.
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
