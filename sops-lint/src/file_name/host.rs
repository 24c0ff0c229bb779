//! Files that the services of a repository's host read.

use std::path::Path;

/// The directories of files that the services of a repository's host read.
const HOST_DIRECTORIES: [&str; 3] = [".github", ".gitlab", ".circleci"];

/// Whether the path, relative to the repository, is in a directory for the services of the
/// repository's host.
pub(crate) fn is_in_host_directory(path: &Path) -> bool {
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut names = directories.filter_map(|part| part.as_os_str().to_str());
    names.any(|name| HOST_DIRECTORIES.contains(&name))
}

/// Whether a service of the repository's host reads the file at this path, relative to the
/// repository.
pub(crate) fn is_host_configuration(path: &Path) -> bool {
    let Some(text) = path.to_str() else {
        return false;
    };
    let extension = text.strip_suffix(".yml").or(text.strip_suffix(".yaml"));
    let parts: Vec<&str> = extension.unwrap_or_default().split('/').collect();
    match parts[..] {
        [
            ".github",
            "workflows" | "workflow-templates" | "ISSUE_TEMPLATE",
            _,
        ]
        | [".github", "dependabot"]
        | [".gitlab-ci"]
        | [".gitlab", "ci", _]
        | [".gitlab", "agents", _, "config"]
        | [".circleci", "config" | "continue_config"] => true,
        [".github", "actions", .., name] => name == "action",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_for_the_hosting_service_are_recognized_by_their_path() {
        for (path, expected) in [
            (".github/workflows/test.yml", true),
            (".github/workflows/rotate-secrets.yaml", true),
            (".github/dependabot.yml", true),
            (".github/actions/setup/action.yml", true),
            (".gitlab-ci.yml", true),
            (".gitlab/ci/build.yml", true),
            (".gitlab/agents/prod/config.yaml", true),
            (".circleci/config.yml", true),
            (".github/secrets/prod.env", false),
            (".github/secrets.yaml", false),
            (".github/workflows/secrets/prod.yaml", false),
            (".github/workflows/prod.env", false),
            (".github/actions/setup/secret.yml", false),
            ("secrets/.circleci/config.yml", false),
            ("secrets/.circleci/a.yaml", false),
            (".circleci/prod.yaml", false),
            (".gitlab/secrets.yaml", false),
            ("a.yaml", false),
            ("", false),
        ] {
            assert_eq!(is_host_configuration(Path::new(path)), expected, "{path}");
        }
    }
}
