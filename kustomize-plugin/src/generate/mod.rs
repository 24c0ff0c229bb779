//! The generator: creates resources from encrypted files. `env.rs` and `godotenv.rs` read the files
//! of `envs`, `secret.rs` creates a Secret, and `object.rs` checks what the other files contain.

mod env;
mod godotenv;
mod object;
mod secret;
#[cfg(test)]
mod tests;

use sops_core::tree::Node;

use crate::config::SecretGenerator;
use crate::encrypted_file::{self, DecryptedFile};
use crate::function::{Function, Mode};
use crate::problem::Problem;
use crate::secret_rules;

/// Generates the resources that a configuration requests.
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
        let generated = manifests(&plaintext).map_err(|problem| problem.in_file(path))?;
        for problem in generated.iter().flat_map(secret_rules::refused) {
            function.report.warn(problem.in_file(path));
        }
        resources.extend(generated);
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

/// The objects in a file of manifests.
///
/// # Errors
/// A document is not an object. If there are several documents, the error has the document's
/// number.
fn manifests(plaintext: &DecryptedFile) -> Result<Vec<Node>, Problem> {
    let resources = plaintext.resources()?;
    let is_only = resources.len() == 1;
    for (number, resource) in &resources {
        object::require_object(resource).map_err(|problem| Problem {
            message: match is_only {
                true => problem.message,
                false => format!("document {number} is {}", problem.message),
            },
            ..problem
        })?;
    }
    Ok(resources
        .into_iter()
        .map(|(_, resource)| resource)
        .collect())
}
