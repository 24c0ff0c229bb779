//! `sops-rs unset`.

use std::path::PathBuf;

use sops_core::document::Error as DocumentError;
use sops_core::{Component, Document, Error, KeyPath, parse_document};

use super::set::{key_path, other_documents, warn_of_copies};
use crate::arguments::{FormatArgs, GlobalArgs, IdempotentArg, OpeningArgs, go_count, invocation};
use crate::command_error::{Code, CommandError, name_of};
use crate::keys::services::Services;
use crate::similar_path::with_suggestion;
use crate::ui::Ui;
use crate::update_file::FileUpdate;

const EXAMPLES: &str = "\
Examples:
  sops-rs unset secret.yaml stringData.old
  sops-rs unset --idempotent secret.yaml 'stringData[\"old.key\"]'";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The key path: `a.b[0]`, `.a["b.c"]` or `["a"]["b"]`
    #[arg(value_name = "PATH", allow_hyphen_values = true)]
    path: Option<String>,
    #[arg(hide = true)]
    more: Vec<String>,
    #[command(flatten)]
    idempotent: IdempotentArg,
    #[command(flatten)]
    formats: FormatArgs,
    #[command(flatten)]
    opening: OpeningArgs,
    #[arg(long, hide = true, value_parser = go_count)]
    shamir_secret_sharing_threshold: Option<usize>,
}

pub(crate) fn cmd_unset(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let (Some(file), Some(path), []) = (&args.file, &args.path, &args.more[..]) else {
        return Err(
            CommandError::new(Code::NoFileSpecified, "expected a file and a key path")
                .hint("for example: `sops-rs unset secret.yaml stringData.password`"),
        );
    };
    let path = key_path(path)?;
    let services = Services::for_opening(ui, globals, &args.opening)?;
    services.contact_servers_of_named_files();
    let changing = FileUpdate {
        ui,
        globals,
        services: &services,
        file,
        formats: &args.formats,
        opening: &args.opening,
    };
    let mut copies = Vec::new();
    let mut is_reserved = false;
    let written = changing.change(|plaintext, format, _| {
        let document = parse_document(plaintext, format)?;
        let changed = match document.unset(&path) {
            Err(DocumentError::NotFound { .. }) if args.idempotent.idempotent => return Ok(None),
            Err(DocumentError::NotFound { .. })
                if !invocation::is_sops() && begins_with_reserved_key(&document, &path) =>
            {
                is_reserved = true;
                return Err(Error::AlreadyEncrypted);
            }
            changed => changed.map_err(|error| with_suggestion(error, &document, &path))?,
        };
        if !invocation::is_sops()
            && let Some(others) = other_documents(&document, &path)
        {
            ui.warn(format!("{}: {others}", name_of(file)));
        }
        copies = document.copies_of(&path);
        Ok(Some(changed))
    });
    let written = written.map_err(|error| match is_reserved {
        // For `sops`, the key does not exist.
        true => error.with_code(Code::Generic),
        false => error,
    })?;
    changing.report(written.as_ref(), "changed");
    warn_of_copies(ui, file, &copies, |aliases| {
        format!(
            "only `{path}` was removed, and aliases still have its value at {aliases}: unset it there too if nothing needs it"
        )
    });
    Ok(())
}

fn begins_with_reserved_key(document: &Document<'_>, path: &KeyPath) -> bool {
    match path.components().first() {
        Some(Component::Key(key)) => document.reserves(key),
        _ => false,
    }
}
