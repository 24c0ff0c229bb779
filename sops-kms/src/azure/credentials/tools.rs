//! The tokens of the programs `az` and `azd`, with which users log in.

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use sops_keys::Environment;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::super::challenge::Challenge;
use super::failure::Failure;
use crate::access_token::{AccessToken, from_json};
use crate::words::said;

/// How long a program may take. `az` is a Python program and may have to refresh its token.
const PATIENCE: Duration = Duration::from_secs(30);

/// A token from `az account get-access-token`.
pub(super) async fn az(
    environment: &Environment,
    challenge: &Challenge,
) -> Result<AccessToken, Failure> {
    let words = [
        "account",
        "get-access-token",
        "-o",
        "json",
        "--resource",
        &challenge.resource,
        "--tenant",
        &challenge.tenant,
    ];
    run(environment, "az", &words, "az login").await
}

/// A token from `azd auth token`.
pub(super) async fn azd(
    environment: &Environment,
    challenge: &Challenge,
) -> Result<AccessToken, Failure> {
    let scope = format!("{}/.default", challenge.resource);
    let words = [
        "auth",
        "token",
        "-o",
        "json",
        "--no-prompt",
        "--scope",
        &scope,
        "--tenant-id",
        &challenge.tenant,
    ];
    run(environment, "azd", &words, "azd auth login").await
}

async fn run(
    environment: &Environment,
    program: &str,
    words: &[&str],
    login: &str,
) -> Result<AccessToken, Failure> {
    let mut command = environment.command(program);
    command.args(words).stdin(Stdio::null());
    // The thread ends with the program.
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = match timeout(PATIENCE, output).await {
        Ok(Ok(output)) => output,
        Ok(Err(_)) => return Err(Failure::Failed("cannot be run".to_owned())),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Err(Failure::Failed(format!(
                "printed no token within {seconds} seconds"
            )));
        }
    };
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::Absent("not on the PATH".to_owned()),
        kind => Failure::Failed(format!("cannot be run: {kind}")),
    })?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let message = said(message.trim_start_matches("ERROR:"), &[]);
        let login = match message.contains(login) {
            true => String::new(),
            false => format!(" (try `{login}`)"),
        };
        return Err(Failure::Failed(format!("{message}{login}")));
    }
    from_json(&stdout).ok_or_else(|| Failure::Failed("printed no token".to_owned()))
}
