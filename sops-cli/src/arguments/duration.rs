//! Durations on the command line.

use std::time::Duration;

/// Reads a duration with its units, such as `90s` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "the unit is missing: write `{text}s` for seconds, `{text}m` for minutes or `{text}h` for hours"
        ));
    }
    humantime::parse_duration(text)
        .map_err(|_| "expected a time with its units, such as `30s`, `15m` or `1h 30m`".to_owned())
}

/// An age with its units, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    pub(crate) duration: Duration,
    pub(crate) text: String,
}

/// Reads an age, such as `90d`.
pub(crate) fn age(text: &str) -> Result<Age, humantime::DurationError> {
    let duration = humantime::parse_duration(text)?;
    let text = text.trim().to_owned();
    Ok(Age { duration, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_needs_a_unit() {
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert!(duration("30").is_err_and(|error| error.contains("`30m`")));
        assert!(duration("soon").is_err() && duration("").is_err());
    }
}
