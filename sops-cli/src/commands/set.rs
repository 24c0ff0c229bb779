//! `sops-rs set`. `assignment.rs` says where the values come from.

mod assignment;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sops_core::tree::Node;
use sops_core::{CIPHERTEXT_PREFIX, Component, Format, KeyPath, extract, parse_document};
use zeroize::Zeroizing;

use self::assignment::Assignment;
use crate::arguments::{
    self, FormatArgs, GlobalArgs, IdempotentArg, OpeningArgs, go_count, invocation,
};
use crate::carriage_returns::warn_of_returns;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::rule_drift::RuleDrift;
use crate::random_text::RandomText;
use crate::secret_parts::SecretParts;
use crate::ui::Ui;
use crate::update_file::{FileUpdate, WrittenFile};

const EXAMPLES: &str = "\
Examples:
  openssl rand -base64 24 | sops-rs set secret.yaml stringData.password
  sops-rs set settings.yaml replicas 3 owner '\"ann\"'   # values in JSON";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// The key path: `a.b[0]`, `.a["b.c"]` or `["a"]["b"]`
    #[arg(value_name = "PATH", allow_hyphen_values = true)]
    path: Option<String>,
    /// The value as JSON [default: text from standard input or a prompt]
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<OsString>,
    /// More paths and values
    #[arg(value_name = "PATH VALUE", hide_short_help = true, allow_hyphen_values = true)]
    more: Vec<OsString>,
    /// Take the values as plain text, not as JSON
    #[arg(long)]
    text: bool,
    /// Read the text of each path from a file; `-` is standard input
    ///
    /// Repeat it for each path, in the same order.
    #[arg(long, hide_short_help = true, value_name = "FILE", conflicts_with_all = ["prompt", "generate", "value_file", "value_stdin"])]
    from_file: Vec<PathBuf>,
    /// Ask for the text of each path on the terminal, without showing it
    #[arg(long, hide_short_help = true, conflicts_with_all = ["generate", "value_file", "value_stdin"])]
    prompt: bool,
    /// Set a new random text for each path, such as `32` or `64:hex`
    ///
    /// The alphabets, with the bits of entropy per character, are alnum (5.95), lower (5.17), digits
    /// (3.32), hex (4), base64url (6) and ascii (6.55). The default is alnum: 32 characters have 190
    /// bits.
    #[arg(long, value_name = "LENGTH[:ALPHABET]", conflicts_with_all = ["value_file", "value_stdin"])]
    generate: Option<RandomText>,
    /// Encode the text in base64, for values under `data` of a Secret
    #[arg(long, hide_short_help = true)]
    encode: bool,
    /// Read the value as JSON from the file VALUE
    #[arg(long, hide_short_help = true)]
    value_file: bool,
    /// Read the value as JSON from standard input
    #[arg(long, hide_short_help = true)]
    value_stdin: bool,
    /// Like `--text`, and keep a line break at the end of the value
    #[arg(long, hide_short_help = true)]
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
    let Some(file) = &args.file else {
        return Err(usage());
    };
    let assignments = args.assignments(ui)?;
    let changing = FileUpdate {
        ui,
        globals,
        file,
        formats: &args.formats,
        opening: &args.opening,
    };
    let mut copies = Vec::new();
    let written = changing.change(|plaintext, format, metadata| {
        let mut text: Option<Zeroizing<Vec<u8>>> = None;
        copies.clear();
        for assignment in &assignments {
            let path = &assignment.path;
            let before = text.as_ref().map_or(plaintext, |text| text.as_slice());
            let document = parse_document(before, format)?;
            let value = assignment.node(ui, file, &document)?;
            let Some(changed) = document.set(path, &value)? else {
                continue;
            };
            copies.push((path, document.copies_of(path)));
            if let Some(Component::Key(field)) = path.components().first() {
                // Only the field that the path begins with is checked.
                let rule = metadata.rule.clone().unwrap_or_default();
                let parts = SecretParts::of_field(&changed, format, &rule, field);
                require_encrypted(ui, file, parts)?;
            }
            text = Some(changed);
        }
        if let Some(changed) = &text
            && !invocation::is_sops()
            && let Some(drift) = RuleDrift::of(ui, globals, file, metadata, format)
        {
            drift.check(file, plaintext, changed, format)?;
        }
        if let Some(changed) = &text
            && format == Format::Dotenv
        {
            warn_of_returns(ui, &name_of(file), changed);
        }
        Ok(match text {
            None if !args.idempotent.idempotent => Some(Zeroizing::new(plaintext.to_owned())),
            changed => changed,
        })
    })?;
    for (path, copies) in copies {
        warn_of_copies(ui, file, &copies, |aliases| {
            format!(
                "only `{path}` was changed; {aliases} had the same value as an alias and still has the old one: set it too, or change the anchored value in `sops-rs edit`"
            )
        });
    }
    for Assignment { path, typed, .. } in &assignments {
        let is_plain =
            |written: &WrittenFile| is_plain(&written.text, written.format, path);
        if written.as_ref().is_some_and(is_plain) {
            ui.warn(format!(
                "`{typed}` was written in plaintext, because the rule of {} does not select it",
                name_of(file)
            ));
        }
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
        // The original error message is about the parser.
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
    /// Parses the value of `--set` in the old form: path and value in one text.
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
}

/// A path on the command line of `set` or `unset`.
pub(super) fn key_path(text: &str) -> Result<KeyPath, CommandError> {
    arguments::key_path(text)
        .map_err(|error| CommandError::general(error).with_code(Code::InvalidSetFormat))
}

fn no_json(reason: &str) -> CommandError {
    CommandError::new(
        Code::InvalidSetFormat,
        format!("the value is not JSON: {reason}"),
    )
    .hint("put text in double quotes: `'\"text\"'`; with `--text`, quotes are not needed")
}

fn usage() -> CommandError {
    CommandError::new(Code::NoFileSpecified, "a file, a key path and a value are needed")
        .hint("for example: `sops-rs set secrets.yaml '[\"key\"][0]' '\"text\"'`; for text, leave out the value and type it at the prompt, or pipe it in")
}
