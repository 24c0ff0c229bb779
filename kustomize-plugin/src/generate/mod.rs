//! The generator: creates resources from encrypted files. `env.rs` and `godotenv.rs` read the files
//! of `envs`, `secret.rs` creates a Secret.

mod env;
mod godotenv;
mod secret;
#[cfg(test)]
mod tests;

use sops_core::tree::Node;

use crate::config::SecretGenerator;
use crate::encrypted_file;
use crate::function::{Function, Mode};
use crate::problem::Problem;

/// The resources that a configuration requests.
pub(crate) fn generate(
    function: &mut Function,
    generator: &SecretGenerator,
) -> Result<Vec<Node>, Problem> {
    if generator.files.is_none() && generator.secret_from.is_none() {
        return Err(Problem::new(
            "nothing to generate; set `files` or `secretFrom`",
        ));
    }
    let style = if generator.is_ksops {
        env::Style::Godotenv
    } else {
        env::Style::Lines
    };
    let mut resources = Vec::new();
    for path in generator.files.iter().flatten() {
        let plaintext = encrypted_file::decrypt(function, path, "")?;
        let generated = plaintext.resources();
        resources.extend(generated.map_err(|problem| problem.in_file(path))?);
    }
    for (index, from) in generator.secret_from.iter().flatten().enumerate() {
        let mut secret = secret::generate(function, index, from, style)?;
        if function.mode == Mode::Placeholders {
            sops_placeholder::mark(&mut secret);
        }
        resources.push(secret);
    }
    Ok(resources)
}
