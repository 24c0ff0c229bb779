//! Literal block scalars.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::analysis::is_break;
use super::context::{ParentKind, ScalarContext, SpelledForm};
use super::lines::{break_line, push_lines};

pub(super) fn spell_literal(out: &mut String, text: &str, context: ScalarContext) -> SpelledForm {
    let column = context.content_column();
    out.push('|');
    if text.starts_with([' ', '\t']) || text.starts_with(is_break) {
        let indicated = match context.container {
            // `yaml.v3` always writes the step, which is harmless if no line is indented.
            ParentKind::Mapping | ParentKind::Sequence if !text.chars().all(is_break) => {
                column - context.column
            }
            _ => context.step,
        };
        out.push_str(&indicated.to_string());
    }
    let mut from_end = text.chars().rev();
    match (
        from_end.next().is_some_and(is_break),
        from_end.next().is_none_or(is_break),
    ) {
        (false, _) => out.push('-'),
        (true, true) => out.push('+'),
        (true, false) => {}
    }
    let first_line_end = out.len();
    out.push('\n');
    push_lines(out, text.strip_suffix('\n').unwrap_or(text), column, true);
    SpelledForm::MultiLine { first_line_end }
}

/// Appends bytes that are not UTF-8, in lines of 70 characters if they do not fit on one line.
pub(super) fn spell_binary(out: &mut String, bytes: &[u8], context: ScalarContext) -> SpelledForm {
    const LINE: usize = 70;
    out.push_str("!!binary ");
    let encoded = STANDARD.encode(bytes);
    if encoded.len() <= LINE || context.container == ParentKind::Flow {
        out.push_str(&encoded);
        return SpelledForm::Line;
    }
    out.push('|');
    let first_line_end = out.len();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, remainder) = rest.split_at(LINE.min(rest.len()));
        break_line(out, context.content_column());
        out.push_str(line);
        rest = remainder;
    }
    SpelledForm::MultiLine { first_line_end }
}
