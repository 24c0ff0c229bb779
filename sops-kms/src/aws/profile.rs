//! Selects the profile that an access key comes from, and reports problems that the SDK does not
//! explain.

use std::borrow::Cow;
use std::fmt;

use aws_config::profile::ProfileSet;
use sops_keys::Environment;
use sops_printable::escaped;

use super::refusal::reason;
use crate::provider::Outcome;
use crate::variables::text;

/// A profile that exists.
pub(super) struct Profile {
    pub(super) name: String,
    /// The profile whose SSO login is used: this one, or one that it refers to.
    pub(super) with_login: Option<String>,
    /// Why it gives no access key, and what to do, if it needs a feature that this program does not
    /// support. Sources with precedence over the profile can still be used, as in `sops`.
    pub(super) unsupported: Option<String>,
}

/// What a profile needs.
enum Needs {
    /// Nothing that the user has to do.
    Nothing,
    /// The SSO login of this profile.
    Login(String),
    /// A feature that is not supported: the profile, and the feature in words.
    Unsupported(String, &'static str),
}

impl Profile {
    /// The profile that a file names, or else the one that the user selects; `None` if there is no
    /// `default` profile.
    ///
    /// # Errors
    ///
    /// The profile, or one that it refers to, is missing.
    pub(super) async fn select(
        environment: &Environment,
        named: Option<&str>,
    ) -> Outcome<Option<Self>> {
        let mut variable = "AWS_PROFILE";
        let mut selected = text(environment, variable)?;
        if selected.is_none() {
            variable = "AWS_DEFAULT_PROFILE";
            selected = text(environment, variable)?;
        }
        let wanted = named.or(selected.as_deref());
        let name = wanted.unwrap_or("default").to_owned();
        let (files, fs, env) = Default::default();
        let selected = Some(Cow::Owned(name.clone()));
        let profiles = aws_config::profile::load(&fs, &env, &files, selected).await;
        let profiles = profiles.map_err(|error| reason(&error))?;
        if profiles.get_profile(&name).is_none() {
            return match (named, wanted) {
                (Some(name), _) => Err(missing(
                    name,
                    format_args!(
                        "the key names this profile (`aws_profile`); add it to one of these files"
                    ),
                )),
                (None, Some(name)) => Err(missing(
                    name,
                    format_args!(
                        "{variable} names this profile; add it to one of these files, or change {variable}"
                    ),
                )),
                (None, None) => Ok(None),
            };
        }
        let (mut with_login, mut unsupported) = (None, None);
        match needs(&profiles, &name)? {
            Needs::Nothing => {}
            Needs::Login(profile) => with_login = Some(profile),
            Needs::Unsupported(profile, feature) => {
                let profile = escaped(&profile);
                // A profile that a file names has precedence over the environment.
                let first = match named {
                    Some(_) => "remove `aws_profile` from the key, and ",
                    None => "",
                };
                unsupported = Some(format!(
                    "the profile `{profile}` {feature}, which sops-rs does not support; {first}run `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`"
                ));
            }
        }
        Ok(Some(Self {
            name,
            with_login,
            unsupported,
        }))
    }

    /// The command that logs the user in.
    pub(super) fn login_command(name: &str) -> String {
        match name {
            "default" => "aws sso login".to_owned(),
            name => format!("aws sso login --profile {}", escaped(name)),
        }
    }
}

fn missing(name: &str, advice: fmt::Arguments<'_>) -> String {
    format!(
        "there is no profile `{}` in ~/.aws/config or ~/.aws/credentials; {advice}",
        escaped(name)
    )
}

/// What the profile needs, following `source_profile`. Finds settings that the SDK ignores, and
/// those whose errors it does not explain.
fn needs(profiles: &ProfileSet, name: &str) -> Outcome<Needs> {
    let mut seen = Vec::new();
    let mut name = name;
    loop {
        let profile = profiles.get_profile(name).ok_or_else(|| {
            let around = escaped(seen.last().copied().unwrap_or_default());
            missing(
                name,
                format_args!("the profile `{around}` names it as its `source_profile`, so add it there, or change `{around}`"),
            )
        })?;
        if seen.contains(&name) {
            return Err(format!(
                "the profile `{}` refers to itself through its `source_profile`; change that in ~/.aws/config",
                escaped(name)
            ));
        }
        seen.push(name);
        let has = |key: &str| profile.get(key).is_some();
        let unsupported = |feature| Ok(Needs::Unsupported(name.to_owned(), feature));
        let source = profile
            .get("source_profile")
            .filter(|source| *source != name);
        // The access key of a source profile has precedence over its role.
        let has_key = has("aws_access_key_id") && seen.len() > 1;
        if has("role_arn") && !has("web_identity_token_file") && !has_key {
            if has("mfa_serial") {
                return unsupported("requires MFA");
            }
            if let Some(source) = source {
                name = source;
                continue;
            }
        }
        if has("login_session") {
            return unsupported("uses `aws login`");
        }
        let has_login = has("sso_session") || has("sso_start_url");
        return Ok(match has_login && !has_key {
            true => Needs::Login(name.to_owned()),
            false => Needs::Nothing,
        });
    }
}
