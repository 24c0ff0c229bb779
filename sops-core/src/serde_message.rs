//! The messages of serde without the values that they quote, which may be secrets.

/// A message such as `invalid type: string "x", expected a map`, without the value.
pub(crate) fn without_value(message: &str) -> String {
    const QUOTING: [(&str, bool); 3] = [
        ("invalid type: ", true),
        ("invalid value: ", true),
        ("unknown variant ", false),
    ];
    let find = |(begin, has_kind): (&str, bool)| {
        let start = message.find(begin)? + begin.len();
        // What is expected comes last, and a quoted text before it may have the same words.
        let end = message.rfind(", ").filter(|end| *end > start)?;
        let end = message
            .rfind(", expected ")
            .filter(|at| *at > start)
            .unwrap_or(end);
        Some((start, end, has_kind))
    };
    let Some((start, end, has_kind)) = QUOTING.into_iter().find_map(find) else {
        return message.to_owned();
    };
    let kind = message[start..end].split(['"', '`']).next();
    let kind = kind.filter(|_| has_kind).unwrap_or_default();
    let before = message[..start].trim_end().to_owned() + " " + kind;
    before.trim_end().to_owned() + &message[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_shown() {
        for (message, expected) in [
            (
                "invalid type: string \"hunter2\", expected a map",
                "invalid type: string, expected a map",
            ),
            (
                "a.b: invalid type: string \"x, expected y\", expected a sequence",
                "a.b: invalid type: string, expected a sequence",
            ),
            (
                "invalid value: integer `5`, expected a list",
                "invalid value: integer, expected a list",
            ),
            (
                "unknown variant `hunter2`, expected `error` or `warning`",
                "unknown variant, expected `error` or `warning`",
            ),
            (
                "unknown variant `hunter2`, there are no variants",
                "unknown variant, there are no variants",
            ),
            (
                "invalid type: enum, expected a list",
                "invalid type: enum, expected a list",
            ),
            (
                "unknown field `slect`, expected `select`",
                "unknown field `slect`, expected `select`",
            ),
        ] {
            assert_eq!(without_value(message), expected);
        }
    }
}
