//! Says why a creation rule does not match a path although it almost does. Each guess is a change
//! to the expression or to the path after which the rule matches.

use std::path::{Component, Path, PathBuf};

use sops_core::config::{Config, CreationRule};

use crate::command_error::name_of;

/// What keeps the rule from matching `path`, which is relative to the directory of the
/// configuration; `None` if no small change makes it match.
pub(crate) fn near_miss(config: &Config, rule: &CreationRule, path: &Path) -> Option<String> {
    let pattern = rule.path_regex.as_deref()?;
    let directory = config.directory();
    let matches = |pattern: &str, path: &Path| {
        let mut changed = rule.clone();
        changed.path_regex = Some(pattern.to_owned());
        config
            .matches(&changed, &directory.join(path))
            .unwrap_or(false)
    };
    let changed = |pattern: String| matches(&pattern, path);
    if changed(format!("(?i){pattern}")) {
        return Some("it would match if upper and lower case were the same".to_owned());
    }
    if let Some(other) = with_other_extension(path)
        && matches(pattern, &other)
    {
        return Some(format!(
            "it would match {}, which has the other extension",
            name_of(&other)
        ));
    }
    for start in ["^/", "^./", r"^\./", "/", "./", r"\./"] {
        if let Some(rest) = pattern.strip_prefix(start)
            && changed(format!("^{rest}"))
        {
            let start = start.trim_start_matches(['^', '\\']);
            return Some(format!("paths do not begin with `{start}`"));
        }
    }
    let parts: Vec<Component<'_>> = path.components().collect();
    let mut inner = (1..parts.len()).map(|start| parts[start..].iter().collect::<PathBuf>());
    if let Some(inner) = inner.find(|inner| matches(pattern, inner)) {
        return Some(format!(
            "it would match {}, but paths begin at the directory of the configuration",
            name_of(&inner)
        ));
    }
    let without_start = pattern.strip_prefix('^');
    let without_end = pattern.strip_suffix('$');
    let both = without_start.and_then(|rest| rest.strip_suffix('$'));
    for (shorter, left_out) in [
        (without_end, "without its `$`"),
        (without_start, "without its `^`"),
        (both, "without its `^` and `$`"),
    ] {
        if shorter.is_some_and(|shorter| changed(shorter.to_owned())) {
            return Some(format!("it would match {left_out}"));
        }
    }
    None
}

/// The path with the other of the two extensions that YAML files have.
fn with_other_extension(path: &Path) -> Option<PathBuf> {
    let other = match path.extension()?.to_str()? {
        "yaml" => "yml",
        "yml" => "yaml",
        _ => return None,
    };
    Some(path.with_extension(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str, path: &str) -> Option<String> {
        let text = format!("creation_rules: [{{path_regex: '{pattern}', age: age1}}]");
        let config = Config::parse(text.as_bytes(), Path::new(".sops.yaml"), Path::new("/repo"));
        let config = config.expect("the configuration is valid");
        let rule = &config.creation_rules().expect("it has rules")[0];
        near_miss(&config, rule, Path::new(path))
    }

    #[test]
    fn small_differences_are_named() {
        let wanted = |text: &str| Some(text.to_owned());
        for (pattern, path, expected) in [
            (
                "^Secrets/",
                "secrets/a.yaml",
                wanted("it would match if upper and lower case were the same"),
            ),
            (
                r"\.yaml$",
                "a.yml",
                wanted("it would match a.yaml, which has the other extension"),
            ),
            (
                "^/secrets/",
                "secrets/a.yaml",
                wanted("paths do not begin with `/`"),
            ),
            (
                r"^\./secrets/",
                "secrets/a.yaml",
                wanted("paths do not begin with `./`"),
            ),
            (
                "^secrets/",
                "cluster/secrets/a.yaml",
                wanted(
                    "it would match secrets/a.yaml, but paths begin at the directory of the configuration",
                ),
            ),
            (
                r"secret\.yaml$",
                "secret.yaml.tmpl",
                wanted("it would match without its `$`"),
            ),
            (
                "^a/b$",
                "xa/bc",
                wanted("it would match without its `^` and `$`"),
            ),
            ("^infra/", "apps/secret.yaml", None),
            // An expression that is only valid as a whole.
            ("(^|/)infra/", "apps/secret.yaml", None),
        ] {
            assert_eq!(of(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rule_without_an_expression_misses_nothing() {
        let text = "creation_rules: [{age: age1}]";
        let config = Config::parse(text.as_bytes(), Path::new(".sops.yaml"), Path::new("/repo"));
        let config = config.expect("the configuration is valid");
        let rule = &config.creation_rules().expect("it has rules")[0];
        assert_eq!(near_miss(&config, rule, Path::new("a.yaml")), None);
    }
}
