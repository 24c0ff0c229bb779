//! `sops-rs ls`: what is in an encrypted file, without a key and without values.

use std::path::PathBuf;

use serde::Serialize;
use sops_core::document::{NodeRef, Type};
use sops_core::{
    Document, Format, KeyPath, ciphertext, encrypted_format, is_encrypted, parse_document,
    plaintext_shape,
};

use crate::command_error::{CommandError, Role};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs ls secret.yaml
  sops-rs ls --json secret.yaml";

/// The path of a value that is the whole file.
const WHOLE_FILE: &str = "(the whole file)";

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
    /// The number of the document in the stream, from 1.
    document: usize,
    /// Empty for a value that is the whole file.
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
    // An encrypted binary file is JSON with one value.
    let is_binary = encrypted_format(&input.content) == Some(Format::Binary);
    let format = match input.format {
        Format::Binary if is_binary => Format::Json,
        format => format,
    };
    let document = parse_document(&*input.content, format).map_err(|error| input.error(error))?;
    let starts: Vec<usize> = document
        .tops()
        .flatten()
        .map(|top| top.span().start)
        .collect();
    let values = document.scalars().map(|scalar| {
        let start = scalar.span().start;
        let number = starts.iter().filter(|top| **top <= start).count();
        listed(scalar, number.max(1))
    });
    let mut values: Vec<ListedValue> = values.collect();
    if is_binary && input.format == Format::Binary {
        values.iter_mut().for_each(|value| value.path.clear());
    }
    if args.json {
        let text = serde_json::to_string_pretty(&values);
        let text = text.expect("the values have only strings as keys");
        return ui.output(format!("{text}\n").as_bytes());
    }
    let widths = values.iter().map(|value| value.path.chars().count());
    let width = widths.filter(|width| *width <= MAX_WIDTH).max();
    let width = width.unwrap_or_default();
    let titles = titles(&document);
    let mut last = 0;
    for value in &values {
        if titles.len() > 1 && value.document != last {
            ui.print(&titles[value.document - 1])?;
        }
        last = value.document;
        let state = match value.encrypted {
            true => "encrypted",
            false => "plaintext",
        };
        let length = value.length.iter().map(|length| format!(", {length}"));
        let path = match value.path.as_str() {
            "" => WHOLE_FILE,
            path => path,
        };
        ui.print(format_args!(
            "{path:width$}  {state}  {}{}",
            value.kind,
            length.collect::<String>()
        ))?;
    }
    if !is_encrypted(&document) {
        ui.note(format_args!("{} is not encrypted", input.name));
    }
    Ok(())
}

/// The lines above the values of each document.
fn titles(document: &Document<'_>) -> Vec<String> {
    let plain = |node: NodeRef<'_, '_>| {
        let text = node
            .as_str()
            .filter(|_| node.value().and_then(ciphertext).is_none());
        text.map(str::to_owned)
    };
    let tops = document.tops().flatten().enumerate();
    tops.map(|(index, top)| {
        let kind = top.get("kind").and_then(plain);
        let name = top
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        let object = [kind, name.and_then(plain)].into_iter().flatten();
        let object: Vec<String> = object.collect();
        match object.is_empty() {
            true => format!("--- document {}", index + 1),
            false => format!("--- document {}: {}", index + 1, object.join(" ")),
        }
    })
    .collect()
}

fn listed(scalar: NodeRef<'_, '_>, document: usize) -> ListedValue {
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
        document,
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
