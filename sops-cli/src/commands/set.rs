//! `sops-rs set`.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sops_core::document::Error as DocumentError;
use sops_core::tree::Node;
use sops_core::{CIPHERTEXT_PREFIX, Component, Format, KeyPath, extract, parse_document};
use zeroize::Zeroizing;

use crate::arguments::{FormatArgs, GlobalArgs, IdempotentArg, OpeningArgs, go_count, invocation};
use crate::carriage_returns::warn_of_returns;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::rule_drift::RuleDrift;
use crate::secret_parts::SecretParts;
use crate::ui::Ui;
use crate::update_file::FileUpdate;

const EXAMPLES: &str = "\
Examples:
  sops-rs set settings.yaml '[\"password\"]' '\"new\"'
  sops-rs set --value-stdin settings.yaml '[\"password\"]' < password.json
  sops-rs set --value-raw --value-file settings.yaml '[\"tls.key\"]' tls.key";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The key path: `["key"][0]`
    #[arg(value_name = "PATH", allow_hyphen_values = true)]
    path: Option<String>,
    /// The value as JSON, or its file with `--value-file`
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<OsString>,
    #[arg(hide = true)]
    more: Vec<OsString>,
    /// Read the value from the file VALUE
    #[arg(long)]
    value_file: bool,
    /// Read the value from standard input
    #[arg(long)]
    value_stdin: bool,
    /// Use the value as plain text, not as JSON
    #[arg(long)]
    value_raw: bool,
    #[command(flatten)]
    idempotent: IdempotentArg,
    #[command(flatten)]
    formats: FormatArgs,
    #[command(flatten)]
    opening: OpeningArgs,
    #[arg(long, hide = true, value_parser = go_count)]
    shamir_secret_sharing_threshold: Option<usize>,
}

pub(crate) fn cmd_set(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    if args.value_file && args.value_stdin {
        let message = "`--value-file` and `--value-stdin` cannot be used together";
        return Err(CommandError::new(Code::Generic, message));
    }
    let (Some(file), Some(path), is_complete) = (
        &args.file,
        &args.path,
        args.value.is_some() != args.value_stdin,
    ) else {
        return Err(usage());
    };
    if !is_complete || !args.more.is_empty() {
        return Err(usage());
    }
    let path = key_path(path)?;
    let text = args.text()?;
    let value = match args.value_raw {
        true => Node::from(text.as_str()),
        false => from_json(&text)?,
    };
    let changing = FileUpdate {
        ui,
        globals,
        file,
        formats: &args.formats,
        opening: &args.opening,
    };
    let mut copies = Vec::new();
    let written = changing.change(|plaintext, format, metadata| {
        let document = parse_document(plaintext, format)?;
        let changed = document.set(&path, &value)?;
        copies = match changed {
            Some(_) => document.copies_of(&path),
            None => Vec::new(),
        };
        let field = path.components().first();
        if let (Some(changed), Some(Component::Key(field))) = (&changed, field) {
            // Only the field that the path begins with is checked.
            let rule = metadata.rule.clone().unwrap_or_default();
            let parts = SecretParts::of_field(changed, format, &rule, field);
            require_encrypted(ui, file, parts)?;
        }
        if let Some(changed) = &changed
            && !invocation::is_sops()
            && let Some(drift) = RuleDrift::of(ui, globals, file, metadata, format)
        {
            drift.check(file, plaintext, changed, format)?;
        }
        if let Some(changed) = &changed
            && format == Format::Dotenv
        {
            warn_of_returns(ui, &name_of(file), changed);
        }
        Ok(match changed {
            None if !args.idempotent.idempotent => Some(Zeroizing::new(plaintext.to_owned())),
            changed => changed,
        })
    })?;
    warn_of_copies(ui, file, &copies, |aliases| {
        format!(
            "only `{path}` was changed; {aliases} had the same value as an alias and still has the old one: set it too, or change the anchored value in `sops-rs edit`"
        )
    });
    if written.is_some_and(|written| is_plain(&written.text, written.format, &path)) {
        ui.warn(format!(
            "`{}` was written in plaintext, because the rule of {} does not select it",
            args.path.as_deref().unwrap_or_default(),
            name_of(file)
        ));
    }
    Ok(())
}

/// Parses a value in JSON.
fn from_json(json: &str) -> Result<Node, CommandError> {
    if json.trim_ascii().is_empty() {
        return Err(
            CommandError::new(Code::InvalidSetFormat, "the value is empty")
                .hint("an empty string is `'\"\"'` in JSON; to remove a value: `sops-rs unset`"),
        );
    }
    let value: serde_json::Value = serde_json::from_str(json).map_err(|error| {
        // The parser's own message would not help the user.
        no_json(&format!(
            "syntax error at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    Ok(Node::from_json(&value))
}

/// Warns about aliases of a changed or removed value. They keep the old value, which the user may
/// not expect.
pub(super) fn warn_of_copies(
    ui: &Ui,
    file: &Path,
    copies: &[String],
    message: impl FnOnce(&str) -> String,
) {
    const MAX_SHOWN: usize = 10;
    if copies.is_empty() {
        return;
    }
    let shown = copies.iter().take(MAX_SHOWN);
    let mut aliases = shown
        .map(|copy| format!("`{copy}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if copies.len() > MAX_SHOWN {
        aliases += &format!(" and {} more", copies.len() - MAX_SHOWN);
    }
    ui.warn(format!("{}: {}", name_of(file), message(&aliases)));
}

/// Refuses a value that would stay in plaintext in a Secret by mistake, and warns about values that
/// Kubernetes does not accept.
fn require_encrypted(ui: &Ui, file: &Path, parts: SecretParts) -> sops_core::Result<()> {
    for warning in &parts.warnings {
        ui.warn(format!("{}: {warning}", name_of(file)));
    }
    parts.leak.map_or(Ok(()), Err)
}

/// Whether there is a value at the path, all of it in plaintext.
fn is_plain(encrypted: &str, format: Format, path: &KeyPath) -> bool {
    if format == Format::Binary {
        return false;
    }
    let value = parse_document(encrypted, format).and_then(|document| {
        extract(
            &document,
            path,
            Format::Json,
            &sops_core::document::Indentation::default(),
        )
    });
    value.is_ok_and(|value| {
        let nothing = [&b""[..], b"null", b"{}", b"[]"];
        let value = value.trim_ascii();
        !nothing.contains(&value)
            && !str::from_utf8(value).is_ok_and(|value| value.contains(CIPHERTEXT_PREFIX))
    })
}

impl Args {
    /// Parses the value of the old flag `--set`, which has the path and the value in one text.
    pub(crate) fn from_legacy(
        file: &Path,
        both: &str,
        formats: FormatArgs,
        opening: OpeningArgs,
    ) -> Result<Self, CommandError> {
        let Some((path, value)) = both.split_once("] ") else {
            return Err(CommandError::new(
                Code::InvalidSetFormat,
                "`--set` needs a key path, a space and a value",
            )
            .hint("for example: `--set '[\"key\"][0] \"text\"'`"));
        };
        Ok(Self {
            file: Some(file.to_owned()),
            path: Some(format!("{path}]")),
            value: Some(value.into()),
            formats,
            opening,
            ..Self::default()
        })
    }

    /// The text of the value.
    fn text(&self) -> Result<Zeroizing<String>, CommandError> {
        let mut text = Zeroizing::new(String::new());
        let value = self.value.clone().unwrap_or_default();
        if self.value_stdin {
            let read = io::stdin().lock().read_to_string(&mut text);
            read.map_err(|error| unreadable("the value from standard input", &error))?;
        } else if self.value_file {
            let file = Path::new(&value);
            text = std::fs::read_to_string(file)
                .map(Zeroizing::new)
                .map_err(|error| unreadable(&name_of(file), &error))?;
        } else {
            text = Zeroizing::new(value.into_string().map_err(|_| no_utf8())?);
        }
        Ok(text)
    }
}

/// A path on the command line of `set` or `unset`.
pub(crate) fn key_path(text: &str) -> Result<KeyPath, CommandError> {
    text.parse().map_err(|error: DocumentError| {
        CommandError::general(error).with_code(Code::InvalidSetFormat)
    })
}

fn no_json(reason: &str) -> CommandError {
    CommandError::new(
        Code::InvalidSetFormat,
        format!("the value is not JSON: {reason}"),
    )
    .hint("put text in double quotes: `'\"text\"'`; with `--value-raw`, quotes are not needed")
}

/// The error for a value that cannot be read or is not text.
fn unreadable(name: &str, error: &io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::InvalidData => no_utf8(),
        _ => CommandError::input(name, error).with_code(Code::Generic),
    }
}

fn no_utf8() -> CommandError {
    CommandError::new(Code::InvalidSetFormat, "the value is not UTF-8 text")
}

fn usage() -> CommandError {
    CommandError::new(Code::NoFileSpecified, "a file, a key path and a value are needed")
        .hint("for example: `sops-rs set secrets.yaml '[\"key\"][0]' '\"text\"'`; with `--value-stdin`, leave out the value")
}
