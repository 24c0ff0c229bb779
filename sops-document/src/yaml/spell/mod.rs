//! Writes values like `yaml.v3` if they have no style of their own.

mod ambiguity;
mod block;
mod context;
mod lines;
mod quoted;
#[cfg(test)]
mod tests;

use sops_go_compat::{exponent_of_decimal, parse_float, write_general};

use self::ambiguity::stays_string;
use self::block::{spell_binary, spell_literal};
use super::analysis::Analysis;
use crate::value::{Type, Value};

pub(crate) use self::context::{ParentKind, ScalarContext, SpelledForm};
pub(crate) use self::lines::{break_line, indent};
pub(crate) use self::quoted::escape;
use self::quoted::{double_quote, single_quote};

/// Appends `value` (`None` for null) as `yaml.v3` writes it in this context, without the line break
/// that ends its last line.
///
/// A string is plain if it reads back as itself, otherwise in single or double quotes, and a
/// literal block if it has a `\n`; bytes that are not UTF-8 are base64 under `!!binary`. Where
/// `yaml.v3` writes something that does not read back as the value (a string that begins with a tab
/// and has more lines becomes `null`; an indentation indicator in a sequence counts wrong), the
/// nearest spelling that reads back is written.
pub(crate) fn spell(
    out: &mut String,
    value: Option<&Value<'_>>,
    context: ScalarContext,
) -> SpelledForm {
    let Some(value) = value else {
        out.push_str("null");
        return SpelledForm::Line;
    };
    match (value.kind, str::from_utf8(&value.bytes)) {
        (_, Err(_)) => return spell_binary(out, &value.bytes, context),
        (Type::Str | Type::Bytes | Type::Comment, Ok(text)) => {
            return spell_string(out, text, context);
        }
        (Type::Bool, Ok("True")) => out.push_str("true"),
        (Type::Bool, Ok(_)) => out.push_str("false"),
        (Type::Float, Ok("+Inf")) => out.push_str(".inf"),
        (Type::Float, Ok("-Inf")) => out.push_str("-.inf"),
        (Type::Float, Ok("NaN")) => out.push_str(".nan"),
        // The most common floats have the canonical form.
        (Type::Float, Ok(text))
            if exponent_of_decimal(text).is_some_and(|exponent| (-4..6).contains(&exponent)) =>
        {
            out.push_str(text);
        }
        (Type::Float, Ok(text)) => match parse_float(text) {
            Some(float) => write_general(out, float),
            None => out.push_str(text),
        },
        (Type::Int | Type::Time, Ok(text)) => out.push_str(text),
    }
    SpelledForm::Line
}

/// Appends the key of a block mapping in `column` and its `:`. Returns whether it had to be
/// explicit (with `? ` before it), like keys of more than 128 bytes and those with line breaks.
pub(crate) fn spell_key(out: &mut String, key: &str, column: usize, step: usize) -> bool {
    const LONGEST_IMPLICIT: usize = 128;
    let explicit = key.len() > LONGEST_IMPLICIT || Analysis::of(key).is_multiline();
    if explicit {
        out.push_str("? ");
    }
    spell_string(
        out,
        key,
        ScalarContext {
            container: ParentKind::Mapping,
            column,
            step,
        },
    );
    if explicit {
        break_line(out, column);
    }
    out.push(':');
    explicit
}

/// Appends a string as [`spell`] does.
pub(crate) fn spell_string(out: &mut String, text: &str, context: ScalarContext) -> SpelledForm {
    let analysis = Analysis::of(text);
    let (plain_allowed, flow) = match context.container {
        ParentKind::Flow => (analysis.is_flow_plain(), true),
        _ => (analysis.is_block_plain(), false),
    };
    if text.contains('\n') {
        // A line separator at the end would end the line for Go, and only for Go.
        if analysis.is_literal() && !flow && !text.ends_with(['\u{2028}', '\u{2029}']) {
            return spell_literal(out, text, context);
        }
        double_quote(out, text);
    } else if !stays_string(text) {
        double_quote(out, text);
    } else if plain_allowed {
        // Go's YAML library tags a string that spells the merge key, so that it stays a string.
        out.push_str(if text == "<<" { "!!merge <<" } else { text });
    } else if analysis.is_single_quoted() && !(flow && analysis.is_multiline()) {
        return single_quote(out, text, context.content_column());
    } else {
        double_quote(out, text);
    }
    SpelledForm::Line
}
