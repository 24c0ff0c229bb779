//! Access keys that a program prints (`credential_process`).

use std::process::Stdio;
use std::time::Duration;

use sops_printable::escaped;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::provider::Outcome;
use crate::words::said;

use super::super::access_key::AccessKey;
use super::super::context::Context;

/// How long the program may take. It may ask for a second factor.
const PATIENCE: Duration = Duration::from_secs(60);

/// The access key that the profile's command prints. The shell runs it, as in AWS's libraries.
pub(super) async fn key(context: &Context<'_>, profile: &str, line: &str) -> Outcome<AccessKey> {
    let failed = |message: &str| {
        format!(
            "`credential_process` of the profile `{}` {message}",
            escaped(profile)
        )
    };
    let (shell, flag) = if cfg!(windows) {
        ("cmd.exe", "/C")
    } else {
        ("sh", "-c")
    };
    let mut command = context.environment.command(shell);
    command.args([flag, line]).stdin(Stdio::null());
    // The thread ends with the program.
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = match timeout(PATIENCE, output).await {
        Ok(Ok(Ok(output))) => output,
        Ok(_) => return Err(failed("cannot be run")),
        Err(_) => return Err(failed("printed no access key within 60 seconds")),
    };
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(failed(&format!("failed: {}", said(&message, &[]))));
    }
    let source = format!("the profile `{}`", escaped(profile));
    AccessKey::from_json(&stdout, &source).ok_or_else(|| failed("printed no access key"))
}
