//! Writes new values as flow collections, in YAML and JSON.

use super::as_given::{spell_json, spell_yaml};
use super::layout::{MERGE_KEY, keep_float, write_merge_key, write_scalar};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::json;
use crate::tree::Node;
use crate::value::{Type, Value};
use crate::yaml::emit;
use crate::yaml::spell::{ParentKind, ScalarContext};

/// The separators in a flow collection on one line.
#[derive(Clone, Copy)]
pub(super) struct Separators<'a> {
    pub(super) comma: &'a str,
    pub(super) colon: &'a str,
}

/// The usual separators.
pub(super) const SPACED: Separators<'_> = Separators {
    comma: ", ",
    colon: ": ",
};

/// Appends the node on one line.
///
/// # Errors
/// In JSON, if a number can't be represented.
pub(super) fn write_flow(
    out: &mut String,
    node: &Node,
    format: Format,
    separators: Separators<'_>,
) -> Result<()> {
    match node {
        Node::Mapping(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                out.push_str(if index > 0 { separators.comma } else { "" });
                write_flow_key(out, &entry.key, &entry.value, format);
                out.push_str(separators.colon);
                write_flow(out, &entry.value, format, separators)?;
            }
            out.push('}');
        }
        Node::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { separators.comma } else { "" });
                write_flow(out, item, format, separators)?;
            }
            out.push(']');
        }
        Node::Scalar(value) => match format {
            Format::Yaml => write_scalar(out, value.as_ref(), IN_FLOW),
            _ => write_json_scalar(out, value.as_ref())?,
        },
    }
    Ok(())
}

/// Appends a scalar as JSON. A float still reads as a float.
///
/// # Errors
/// If JSON can't represent the number.
pub(super) fn write_json_scalar(out: &mut String, value: Option<&Value<'_>>) -> Result<()> {
    if spell_json(out, value) {
        return Ok(());
    }
    let start = out.len();
    let written = json::emit::spell(out, value);
    written.map_err(|_| Error::Path {
        message: "JSON has neither infinity nor NaN".to_owned(),
    })?;
    if value.is_some_and(|value| value.kind == Type::Float) {
        keep_float(out, start);
    }
    Ok(())
}

/// Appends the key of `value`, an entry in a flow mapping, without its `:`.
pub(super) fn write_flow_key(out: &mut String, key: &str, value: &Node, format: Format) {
    match format {
        Format::Yaml if key == MERGE_KEY => write_merge_key(out, value),
        Format::Yaml => {
            let key = Value::string(key.into());
            spell_yaml(out, Some(&key), IN_FLOW);
        }
        _ => json::emit::spell_string_as_given(out, key),
    }
}

/// Columns do not matter in a flow collection.
const IN_FLOW: ScalarContext = ScalarContext {
    container: ParentKind::Flow,
    column: 0,
    step: emit::DEFAULT_STEP,
};
