//! A configuration file, and the rules that it has for a path.

use std::ffi::OsStr;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use sops_document::Indentation;
use sops_printable::escaped;

use super::path_search::PathSearch;
use super::rule::{CreationRule, DestinationRule};
use super::warning::Warning;
use super::{find, glob, locate, read, rule, sops_yaml, unknown_keys};
use crate::error::{Error, Result};
use crate::reading::{self, FileKind};

/// The message about a private key. It must not quote the key.
const PRIVATE_KEY: &str = "this is a private key, not a recipient; replace it with its public key, `age1…`, and create a new key if others have seen the private key";

/// How many warnings a file gets.
const MAX_WARNINGS: usize = 20;

/// A configuration file.
///
/// In every rule, not only in the one that is used, these are errors: a wrong type, an invalid
/// expression, two of the six selection rules at once, and an unknown key that resembles one that
/// decides what is encrypted or for whom. Other unknown keys are [warnings](Self::warnings), but at
/// the top level, those that resemble no known key and contain no rule are ignored.
///
/// ```
/// # use std::path::Path;
/// # use sops_core::config::Config;
/// let text = b"creation_rules: [{path_regex: '^secrets/', age: [age1...]}]";
/// let config = Config::parse(text, Path::new(".sops.yaml"), Path::new("/repo"))?;
/// let rule = config.creation_rule_for(Path::new("secrets/db.yaml"))?;
/// assert_eq!(rule.map(|rule| rule.key_groups[0].len()), Some(1));
/// # Ok::<(), sops_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    file: PathBuf,
    /// The parsed text, to locate errors.
    text: String,
    working_dir: PathBuf,
    creation_rules: Option<Vec<CreationRule>>,
    /// The path search of each creation rule.
    searches: Arc<[PathSearch]>,
    destination_rules: Vec<DestinationRule>,
    stores: Stores,
    warnings: Vec<Warning>,
    with_unused_rules: Option<Arc<Config>>,
}

/// How to write files that do not keep their layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stores {
    /// The spaces per level in YAML; `None` means 4.
    pub yaml_indent: Option<u8>,
    /// The spaces per level in JSON; `None` means a tab.
    pub json_indent: Option<u8>,
    /// The spaces per level in the JSON around a binary file; `None` means a tab.
    pub json_binary_indent: Option<u8>,
}

impl Stores {
    /// The indentation of text that is converted to another format.
    pub fn indentation(&self) -> Indentation {
        Indentation::default()
            .with_yaml(self.yaml_indent)
            .with_json(self.json_indent)
    }
}

impl Config {
    /// Reads the file, which must be a regular file of at most 4 MiB. Its path, and the paths that
    /// are looked up later, are relative to `working_dir`, an absolute path.
    ///
    /// # Errors
    /// [`Error::Io`], and the errors of [`Config::parse`].
    pub fn read(file: &Path, working_dir: &Path) -> Result<Self> {
        let path = working_dir.join(file);
        let text = reading::read_config(&path, FileKind::Regular).map_err(|source| Error::Io {
            file: file.to_owned(),
            source: source.into(),
        })?;
        Self::parse(&text, file, working_dir)
    }

    /// Reads the text of a file with this name, without accessing the file system.
    ///
    /// # Errors
    /// [`Error::Config`] with line and column.
    pub fn parse(text: &[u8], file: &Path, working_dir: &Path) -> Result<Self> {
        let (mut top, has_unknown) = read::read(&sops_yaml::FILE, file, text)?;
        let mut stores = top.mapping("stores").unwrap_or_default();
        let mut indent = |store| {
            let indent = stores.mapping(store)?.number("indent")?;
            // -1 means a tab; the schema allows no other number below 0 or above 255.
            u8::try_from(indent).ok()
        };
        let mut config = Self {
            file: file.to_owned(),
            text: String::from_utf8_lossy(text).into_owned(),
            working_dir: working_dir.to_owned(),
            stores: Stores {
                // `sops` treats 0 as the default.
                yaml_indent: indent("yaml").filter(|spaces| *spaces > 0),
                json_indent: indent("json"),
                json_binary_indent: indent("json_binary"),
            },
            creation_rules: None,
            searches: Arc::default(),
            destination_rules: top
                .mappings("destination_rules")
                .unwrap_or_default()
                .into_iter()
                .map(rule::destination_rule)
                .collect(),
            warnings: Vec::new(),
            with_unused_rules: None,
        };
        if has_unknown {
            let unknown = config.unknown_keys(unknown_keys::Part::Encryption);
            config.warnings.extend(unknown);
        }
        if let Some(rules) = top.mappings("creation_rules") {
            let (rules, ignored): (Vec<_>, Vec<_>) =
                rules.into_iter().map(rule::creation_rule).unzip();
            let of_rules = rule::warnings(&rules, &ignored)
                .into_iter()
                // Each location costs another pass over the file.
                .take(MAX_WARNINGS)
                .map(|(index, message)| Warning {
                    file: file.to_owned(),
                    location: locate::rule(&config.text, index),
                    message,
                });
            config.warnings.extend(of_rules);
            config.searches = rules.iter().map(|_| PathSearch::default()).collect();
            let reordered = with_unused_first(&rules);
            config.creation_rules = Some(rules);
            config.with_unused_rules = reordered.map(|rules| {
                Arc::new(Self {
                    searches: rules.iter().map(|_| PathSearch::default()).collect(),
                    creation_rules: Some(rules),
                    ..config.clone()
                })
            });
        }
        Ok(config)
    }

    /// The first creation rule whose expression matches the path of `path`: relative to the
    /// directory of the configuration, or absolute if `path` is outside it. Symbolic links are not
    /// resolved, and Windows paths keep their backslashes. `None` means that the file has no
    /// creation rules, as if there were no file.
    ///
    /// # Errors
    /// [`Error::Config`] if there are rules but none matches.
    pub fn creation_rule_for(&self, path: &Path) -> Result<Option<&CreationRule>> {
        let Some(rules) = &self.creation_rules else {
            return Ok(None);
        };
        let path = self.matched_path(path);
        match self.first_match(rules, &path)? {
            Some(rule) => Ok(Some(rule)),
            None => Err(self.error(mismatch(rules, &path))),
        }
    }

    /// The creation rule for `path`, as in [`creation_rule_for`](Self::creation_rule_for), for
    /// callers that need no reason if no rule matches. Listing the expressions in an error takes
    /// much longer than matching them.
    pub fn matching_creation_rule(&self, path: &Path) -> Option<&CreationRule> {
        let rules = self.creation_rules.as_deref()?;
        self.first_match(rules, &self.matched_path(path))
            .ok()
            .flatten()
    }

    fn first_match<'c>(
        &self,
        rules: &'c [CreationRule],
        name: &str,
    ) -> Result<Option<&'c CreationRule>> {
        for (rule, search) in rules.iter().zip(&*self.searches) {
            if self.is_for(rule, search, name)? {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    }

    /// Warnings about keys of the destination rules that have no effect, which matter only when
    /// files are published.
    pub fn destination_warnings(&self) -> Vec<Warning> {
        self.unknown_keys(unknown_keys::Part::Destinations)
            .collect()
    }

    fn unknown_keys(&self, part: unknown_keys::Part) -> impl Iterator<Item = Warning> + use<> {
        let file = self.file.clone();
        let unknown = unknown_keys::warnings(&self.text, part, MAX_WARNINGS);
        unknown.into_iter().map(move |(location, message)| Warning {
            file: file.clone(),
            location: Some(location),
            message: escaped(&message).into_owned(),
        })
    }

    /// Whether a creation rule's expression matches the path, as in
    /// [`creation_rule_for`](Self::creation_rule_for). An earlier rule may match the path too, and
    /// then takes precedence.
    ///
    /// # Errors
    /// [`Error::Config`] if the expression is invalid.
    pub fn matches(&self, rule: &CreationRule, path: &Path) -> Result<bool> {
        self.is_for(rule, &PathSearch::default(), &self.matched_path(path))
    }

    /// Whether a creation rule matches every file with this extension, or every file if there is no
    /// extension, including paths that cannot exist.
    pub fn is_for_extension(&self, rule: &CreationRule, extension: Option<&OsStr>) -> bool {
        let directory = self.file.parent().unwrap_or(Path::new(""));
        let mut nowhere = directory.join("\u{f8ff}").join("\u{f8ff}");
        nowhere.set_extension(extension.unwrap_or_default());
        let matched = self.matching_creation_rule(&nowhere);
        matched.is_some_and(|matched| std::ptr::eq(matched, rule))
    }

    fn is_for(&self, rule: &CreationRule, search: &PathSearch, name: &str) -> Result<bool> {
        match &rule.path_regex {
            Some(pattern) => search
                .is_match(pattern, name)
                .map_err(|error| self.error(escaped(&error.to_string()).into_owned())),
            None => Ok(true),
        }
    }

    /// Rejects a creation rule of this configuration that has no key, or that has an unusable key.
    ///
    /// # Errors
    /// [`Error::Config`] with the location of the key. The message does not contain a private key.
    pub fn check_keys(&self, rule: &CreationRule) -> Result<()> {
        let rules = self.creation_rules.iter().flatten();
        let index = rules.into_iter().position(|own| std::ptr::eq(own, rule));
        let at_rule = |message: &str| {
            let index = index.ok_or_else(|| self.error(message.to_owned()))?;
            Err(Error::Config {
                file: self.file.clone(),
                location: locate::rule(&self.text, index),
                message: format!("creation_rules[{index}]: {}", escaped(message)),
            })
        };
        match rule.key_groups.iter().position(Vec::is_empty) {
            Some(_) if rule.key_groups.len() == 1 => {
                return at_rule("the rule has no keys; add one, such as `age: age1…`");
            }
            Some(empty) => {
                return at_rule(&format!(
                    "key_groups[{empty}] has no keys; add one, or remove the group"
                ));
            }
            None => {}
        }
        for key in rule.key_groups.iter().flatten() {
            let message = match key.check() {
                Ok(()) => continue,
                Err(sops_keys::Error::PrivateKey) => PRIVATE_KEY.to_owned(),
                Err(error) => error.to_string(),
            };
            let located = index.and_then(|index| locate::key(&self.text, index, key));
            let Some(located) = located else {
                return at_rule(&message);
            };
            return Err(Error::Config {
                file: self.file.clone(),
                location: Some(located.location),
                message: format!("{}: {}", escaped(&located.path), escaped(&message)),
            });
        }
        Ok(())
    }

    /// Rejects a creation rule of this configuration whose threshold is invalid for its key groups.
    ///
    /// # Errors
    /// [`Error::Config`] with the location of the threshold.
    pub fn check_threshold(&self, rule: &CreationRule) -> Result<()> {
        let groups = rule.key_groups.len();
        let problem = match rule.shamir_threshold.map(usize::from) {
            Some(1) if groups > 1 => {
                "several key groups need a threshold of 2 or more; to let each key decrypt on its own, put all keys into one group".to_owned()
            }
            Some(threshold) if groups > 1 && threshold > groups => {
                format!("the threshold, {threshold}, is greater than the number of key groups, {groups}")
            }
            _ => return Ok(()),
        };
        let mut rules = self.creation_rules.iter().flatten();
        let index = rules.position(|own| std::ptr::eq(own, rule));
        let index = index.unwrap_or_default();
        Err(Error::Config {
            file: self.file.clone(),
            location: locate::entry(&self.text, index, "shamir_threshold"),
            message: format!("creation_rules[{index}].shamir_threshold: {problem}"),
        })
    }

    /// All creation rules; `None` if the file does not mention them.
    pub fn creation_rules(&self) -> Option<&[CreationRule]> {
        self.creation_rules.as_deref()
    }

    /// The same configuration with its unused creation rules moved before the rule that hides them,
    /// which matches every path. `None` if there are no unused rules.
    pub fn with_unused_rules(&self) -> Option<&Self> {
        self.with_unused_rules.as_deref()
    }

    /// The rules for publishing.
    pub fn destination_rules(&self) -> &[DestinationRule] {
        &self.destination_rules
    }

    /// The first destination rule whose expression matches the path as given. Unlike paths for
    /// creation rules, it is not made relative to the directory of the configuration.
    ///
    /// # Errors
    /// [`Error::Config`] if no rule matches, or if an earlier expression is invalid.
    pub fn destination_rule_for(&self, path: &Path) -> Result<&DestinationRule> {
        let path = path.to_string_lossy();
        for (index, rule) in self.destination_rules.iter().enumerate() {
            let Some(pattern) = &rule.path_regex else {
                return Ok(rule);
            };
            let matched = PathSearch::default().is_match(pattern, &path);
            match matched {
                Ok(true) => return Ok(rule),
                Ok(false) => {}
                Err(error) => {
                    let located = format!("destination_rules[{index}].path_regex");
                    return Err(self.error(format!("{located}: {}", escaped(&error.to_string()))));
                }
            }
        }
        Err(self.error(format!(
            "no matching destination found in config for `{}`; add a rule to `destination_rules` whose `path_regex` matches this path",
            escaped(&path)
        )))
    }

    /// The directory that relative paths in this file start from.
    pub fn directory(&self) -> PathBuf {
        let mut directory = find::clean(&self.working_dir.join(&self.file));
        directory.pop();
        directory
    }

    /// How files are written.
    pub fn stores(&self) -> Stores {
        self.stores
    }

    /// Valid settings in this file that are probably mistakes.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The text of the file, for the locations of errors.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path of the file, as given.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The text that a `path_regex` is matched against: the path relative to the directory of the
    /// configuration, or the absolute path of a file outside it.
    pub fn matched_path(&self, path: &Path) -> String {
        let path = find::clean(&self.working_dir.join(path));
        let path = path.to_string_lossy();
        let directory = self.directory();
        // In the root directory, `sops` strips nothing, since it looks for two separators.
        let prefix = format!("{}{MAIN_SEPARATOR}", directory.display());
        path.strip_prefix(&prefix).unwrap_or(&path).to_owned()
    }

    fn error(&self, message: String) -> Error {
        Error::Config {
            file: self.file.clone(),
            location: None,
            message,
        }
    }
}

/// The rules, with those that follow a rule for every path moved before that rule. `None` if no
/// rule with an expression follows it.
fn with_unused_first(rules: &[CreationRule]) -> Option<Vec<CreationRule>> {
    let first = rules.iter().position(rule::is_for_every_path)?;
    let (before, from) = rules.split_at(first);
    let (for_all, mut unused): (Vec<_>, Vec<_>) =
        from.iter().cloned().partition(rule::is_for_every_path);
    if unused.is_empty() {
        return None;
    }
    unused.splice(0..0, before.iter().cloned());
    unused.extend(for_all);
    Some(unused)
}

/// Why none of the rules matches the path, with the expressions of the first rules.
fn mismatch(rules: &[CreationRule], path: &str) -> String {
    const MAX_RULES: usize = 10;
    const MAX_CHARACTERS: usize = 80;
    let seen_from = match Path::new(path).is_absolute() {
        true => "the full path, because it is outside the directory of the configuration",
        false => "the path relative to the directory of the configuration",
    };
    let mut message = format!(
        "no matching creation rules found for `{}` ({seen_from}): ",
        escaped(path)
    );
    message += &match rules.len() {
        0 => "`creation_rules` is empty".to_owned(),
        1 => "the only rule does not match".to_owned(),
        count => format!("none of the {count} rules matches"),
    };
    message += "; add a rule that matches, or a final rule without `path_regex`";
    for (index, rule) in rules.iter().enumerate().take(MAX_RULES) {
        let pattern = rule.path_regex.as_deref().unwrap_or_default();
        let shown: String = pattern.chars().take(MAX_CHARACTERS).collect();
        let shown = escaped(&shown);
        let cut = match pattern.chars().nth(MAX_CHARACTERS) {
            Some(_) => "…",
            None => "",
        };
        message += &format!("\ncreation_rules[{index}].path_regex: {shown}{cut}");
        if let Some(regex) = glob::as_regex(pattern).filter(|_| cut.is_empty()) {
            message += &format!(
                " (this is a glob, but must be a regular expression; write `{}`)",
                escaped(&regex)
            );
        }
    }
    if rules.len() > MAX_RULES {
        message += &format!("\nand {} more", rules.len() - MAX_RULES);
    }
    message
}
