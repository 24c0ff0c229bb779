//! `sops-rs ls`: what is in an encrypted file, without a key and without values.

use std::path::PathBuf;

use serde::Serialize;
use sops_core::document::{NodeRef, Type};
use sops_core::{KeyPath, ciphertext, is_encrypted, parse_document, plaintext_shape};

use crate::command_error::{CommandError, Role};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs ls secret.yaml
  sops-rs ls --json secret.yaml";

/// The widest column of key paths, in characters. Longer paths move the rest of their line.
const MAX_WIDTH: usize = 48;

/// The upper limits of the length classes, in bytes.
const LENGTHS: [usize; 7] = [8, 16, 32, 64, 256, 1024, 4096];

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A value of the file.
#[derive(Serialize)]
struct ListedValue {
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The range that the length of a string is in, in bytes.
    length: Option<String>,
    encrypted: bool,
}

pub(crate) fn cmd_ls(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let by_name = InputFormat::of_name(&args.file);
    let input = Input::read(Some(&args.file), by_name, Role::Encrypted)?;
    let document =
        parse_document(&*input.content, input.format).map_err(|error| input.error(error))?;
    let values: Vec<ListedValue> = document.scalars().map(listed).collect();
    if args.json {
        let text = serde_json::to_string_pretty(&values);
        let text = text.expect("the values have only strings as keys");
        return ui.output(format!("{text}\n").as_bytes());
    }
    let widths = values.iter().map(|value| value.path.chars().count());
    let width = widths.filter(|width| *width <= MAX_WIDTH).max();
    let width = width.unwrap_or_default();
    for value in &values {
        let state = match value.encrypted {
            true => "encrypted",
            false => "plaintext",
        };
        let length = value.length.iter().map(|length| format!(", {length}"));
        ui.print(format_args!(
            "{:width$}  {state}  {}{}",
            value.path,
            value.kind,
            length.collect::<String>()
        ))?;
    }
    if !is_encrypted(&document) {
        ui.note(format_args!("{} is not encrypted", input.name));
    }
    Ok(())
}

fn listed(scalar: NodeRef<'_, '_>) -> ListedValue {
    let value = scalar.value();
    let shape = value.and_then(ciphertext).and_then(plaintext_shape);
    let (kind, bytes) = match (shape, value) {
        (Some((kind, bytes)), _) => (Some(kind), bytes),
        (None, Some(value)) => (Some(value.kind), value.bytes.len()),
        (None, None) => (None, 0),
    };
    let has_length = matches!(kind, Some(Type::Str | Type::Bytes));
    let path = KeyPath::new(scalar.components());
    ListedValue {
        path: path.map_or_else(String::new, |path| path.dotted().to_string()),
        kind: kind.map_or("null", described),
        length: has_length.then(|| length_class(bytes)),
        encrypted: shape.is_some(),
    }
}

/// The type in words.
fn described(kind: Type) -> &'static str {
    match kind {
        Type::Str => "string",
        Type::Int => "integer",
        Type::Float => "float",
        Type::Bool => "boolean",
        Type::Time => "time",
        Type::Bytes => "bytes",
        Type::Comment => "comment",
    }
}

/// The range that a length in bytes is in, so that the list is stable under small changes.
fn length_class(bytes: usize) -> String {
    let Some(class) = LENGTHS.iter().position(|most| bytes <= *most) else {
        return format!("more than {} bytes", LENGTHS[LENGTHS.len() - 1]);
    };
    match (bytes, class) {
        (0, _) => "empty".to_owned(),
        (_, 0) => format!("1 to {} bytes", LENGTHS[0]),
        (_, class) => format!("{} to {} bytes", LENGTHS[class - 1] + 1, LENGTHS[class]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_in_one_class() {
        for (bytes, class) in [
            (0, "empty"),
            (1, "1 to 8 bytes"),
            (8, "1 to 8 bytes"),
            (9, "9 to 16 bytes"),
            (4096, "1025 to 4096 bytes"),
            (4097, "more than 4096 bytes"),
        ] {
            assert_eq!(length_class(bytes), class, "{bytes}");
        }
    }
}
