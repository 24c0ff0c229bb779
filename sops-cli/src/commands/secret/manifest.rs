//! The manifest of a new Secret: checks its name and path, encrypts it, and writes it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};
use sops_core::config::Config;
use sops_core::{Format, convert, parse_document};
use zeroize::Zeroizing;

use super::sources::Entries;
use crate::arguments::{GlobalArgs, KmsArgs, MasterKeyArgs, RuleArgs, ThresholdArg};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::load;
use crate::encryption_options::{self, Wanted};
use crate::files::{self, Expected, Readers};
use crate::keys::groups::KeyGroups;
use crate::keys::lockout::Lockout;
use crate::keys::services::Services;
use crate::recipient_edit::RecipientNames;
use crate::text_guard::check_parts;
use crate::ui::Ui;

/// The longest name of a Secret.
const MAX_NAME: usize = 253;

/// The longest name of a namespace.
const MAX_LABEL: usize = 63;

/// The arguments of every kind of Secret.
#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct ManifestArgs {
    /// The name of the Secret
    #[arg(value_name = "NAME")]
    name: String,
    /// The namespace of the Secret [default: none]
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Labels of the Secret
    #[arg(long, short, value_name = "KEY=VALUE", value_delimiter = ',')]
    labels: Vec<String>,
    /// The manifest, in YAML or JSON [default: NAME.yaml]
    ///
    /// As with `kubectl`, the value `yaml` or `json` only chooses the format: the file is then
    /// NAME.yaml or NAME.json.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A flag that `kubectl` needs to print a manifest; it has no effect here
    #[arg(long, hide = true, value_name = "STRATEGY", num_args = 0..=1, require_equals = true)]
    dry_run: Option<Option<String>>,
}

/// What a new Secret contains.
pub(super) struct Secret<'s> {
    pub(super) secret_type: Option<&'s str>,
    pub(super) entries: &'s Entries,
}

impl ManifestArgs {
    /// Refuses a name or a path that cannot be used, before the user is asked for values.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        if !is_name(&self.name) {
            let message = format!("`{}` is not a valid name for a Secret", self.name);
            return Err(CommandError::new(Code::Generic, message)
                .hint("a name can have up to 253 characters: lowercase letters, digits, `-` and `.`; each part between dots must begin and end with a letter or digit"));
        }
        if let Some(namespace) = self.namespace.as_deref().filter(|name| !name.is_empty())
            && !(is_name(namespace) && namespace.len() <= MAX_LABEL && !namespace.contains('.'))
        {
            let message = format!("`{namespace}` is not a valid name for a namespace");
            return Err(CommandError::new(Code::Generic, message)
                .hint("a name can have up to 63 characters: lowercase letters, digits and `-`; it must begin and end with a letter or digit"));
        }
        self.label_map()?;
        let file = self.file();
        if !matches!(Format::from_path(&file), Format::Yaml | Format::Json) {
            let message = format!("{} is not a `.yaml` or `.json` file", name_of(&file));
            return Err(CommandError::new(Code::Generic, message));
        }
        if file.symlink_metadata().is_ok() {
            let message = format!("{} already exists", name_of(&file));
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("to change its values, use `sops-rs set` or `sops-rs edit`; for another file, add `--output`"));
        }
        files::check(&file)
    }

    fn file(&self) -> PathBuf {
        let output = self.output.as_deref().unwrap_or(Path::new("yaml"));
        match output.to_str() {
            Some(format @ ("yaml" | "json")) => PathBuf::from(format!("{}.{format}", self.name)),
            _ => output.to_owned(),
        }
    }

    /// The labels as a map.
    fn label_map(&self) -> Result<Map<String, Value>, CommandError> {
        let labels = self.labels.iter().map(|label| {
            let pair = label.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) = pair.ok_or_else(|| {
                let message = format!("`--labels {label}`: write a key, `=` and a value");
                CommandError::new(Code::Generic, message)
            })?;
            Ok((key.to_owned(), Value::from(value)))
        });
        labels.collect()
    }

    /// Encrypts the manifest according to the creation rule of its path, and writes it.
    pub(super) fn write(
        &self,
        ui: &Ui,
        globals: &GlobalArgs,
        secret: &Secret<'_>,
    ) -> Result<(), CommandError> {
        if secret.entries.is_empty() {
            return Err(CommandError::new(Code::Generic, "the Secret has no values")
                .hint("add some, for example with `--from-file` or `--generate`"));
        }
        if secret.entries.are_blank_by_mistake() {
            return Err(nothing_to_encrypt()
                .hint("check the files and variables that the values come from"));
        }
        let file = self.file();
        if self.dry_run.is_some() {
            ui.warn(format_args!(
                "`--dry-run` has no effect: this command never contacts a cluster, and writes {}",
                name_of(&file)
            ));
        }
        let format = Format::from_path(&file);
        let services = Services::new(ui, globals)?;
        services.contact_servers_of_named_files();
        let config = load::config_for_new(ui, globals, &file)?;
        let has_rules = |config: &Config| {
            config
                .creation_rules()
                .is_some_and(|rules| !rules.is_empty())
        };
        let config = match config {
            Some(config) if has_rules(&config) => Some(config),
            config => return Err(encryption_options::no_rules(config.as_ref())?),
        };
        let wanted = Wanted {
            rules: &RuleArgs::default(),
            keys: &MasterKeyArgs::default(),
            kms: &KmsArgs::default(),
            threshold: &ThresholdArg::default(),
        };
        let encryption =
            encryption_options::encryption(globals, config.as_ref(), &wanted, &services, &file)?;
        let text = self.text(secret, format)?;
        let about_file =
            |error| CommandError::in_text(error, &name_of(&file), &[], format, Role::Plaintext);
        check_parts(&text, format, &encryption.rule, false)
            .map_err(about_file)?
            .iter()
            .for_each(|warning| ui.warn(format_args!("{}: {warning}", name_of(&file))));
        let encrypted = sops_core::encrypt(&*text, format, &encryption);
        let encrypted = encrypted.map_err(|error| match secret.entries.are_blank() {
            true => nothing_to_encrypt(),
            false => about_file(error),
        })?;
        files::write(
            ui,
            &file,
            encrypted.as_bytes(),
            Expected::Nothing,
            Readers::Usual,
        )?;
        let lockout = Lockout::new(&services);
        lockout.note(&name_of(&file), KeyGroups::of(&encryption));
        lockout.warn(ui);
        let names = config.as_ref().map(RecipientNames::of).unwrap_or_default();
        let recipients = names.shown_groups(&encryption.key_groups);
        ui.done(&file, format_args!("created, encrypted for {recipients}"));
        Ok(())
    }

    /// The plaintext of the manifest.
    fn text(
        &self,
        secret: &Secret<'_>,
        format: Format,
    ) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), self.name.as_str().into());
        if let Some(namespace) = self.namespace.as_deref().filter(|name| !name.is_empty()) {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        let labels = self.label_map()?;
        if !labels.is_empty() {
            metadata.insert("labels".to_owned(), labels.into());
        }
        let mut manifest = Map::new();
        manifest.insert("apiVersion".to_owned(), "v1".into());
        manifest.insert("kind".to_owned(), "Secret".into());
        manifest.insert("metadata".to_owned(), metadata.into());
        if let Some(secret_type) = secret.secret_type.filter(|name| !name.is_empty()) {
            manifest.insert("type".to_owned(), secret_type.into());
        }
        let data = secret.entries.iter();
        let data: Map<_, _> = data
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        manifest.insert("data".to_owned(), data.into());
        let json = Zeroizing::new(Value::from(manifest).to_string());
        let two_spaces = sops_core::document::Indentation::default()
            .with_yaml(Some(2))
            .with_json(Some(2));
        parse_document(json.as_str(), Format::Json)
            .and_then(|document| convert(&document, format, &two_spaces))
            .map_err(CommandError::general)
    }
}

fn nothing_to_encrypt() -> CommandError {
    let message = "every value of the Secret is empty, so there is nothing to encrypt";
    CommandError::new(Code::Generic, message)
}

/// Whether Kubernetes accepts the name of an object.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && label.bytes().all(is_allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= MAX_NAME && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        for (name, is_valid) in [
            ("db", true),
            ("db-1.example.com", true),
            ("", false),
            ("Db", false),
            ("-db", false),
            ("db.", false),
            ("a_b", false),
            ("../x", false),
        ] {
            assert_eq!(is_name(name), is_valid, "{name}");
        }
    }
}
