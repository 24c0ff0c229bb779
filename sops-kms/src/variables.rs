//! Reads environment variables as the tools of the providers do.

#[cfg(feature = "vault")]
use std::time::Duration;

use sops_keys::Environment;

use crate::provider::Outcome;

/// The text of a variable; `None` if it is not set or empty.
///
/// # Errors
///
/// A value that is not UTF-8 is refused.
pub(crate) fn text(environment: &Environment, name: &str) -> Outcome<Option<String>> {
    let value = environment.var(name).map(std::ffi::OsString::into_string);
    value
        .transpose()
        .map_err(|_| format!("{name} is not valid UTF-8"))
}

/// A switch, as Go's `strconv.ParseBool` reads it; off if it is not set.
#[cfg(feature = "vault")]
pub(crate) fn is_on(environment: &Environment, name: &str) -> Outcome<bool> {
    match text(environment, name)?.as_deref() {
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some(_) => Err(format!("{name} is neither `true` nor `false`")),
    }
}

/// A number of seconds, or a duration such as `1m30s`.
#[cfg(feature = "vault")]
pub(crate) fn duration(environment: &Environment, name: &str) -> Outcome<Option<Duration>> {
    let Some(value) = text(environment, name)? else {
        return Ok(None);
    };
    let seconds = value.parse().map(Duration::from_secs).ok();
    let duration = seconds.or_else(|| humantime::parse_duration(&value).ok());
    match duration {
        Some(duration) => Ok(Some(duration)),
        None => Err(format!(
            "{name} is neither a number of seconds nor a duration such as `1m30s`"
        )),
    }
}

/// A number.
#[cfg(feature = "vault")]
pub(crate) fn number(environment: &Environment, name: &str) -> Outcome<Option<u32>> {
    let value = text(environment, name)?.map(|value| value.parse());
    value
        .transpose()
        .map_err(|_| format!("{name} is not a number"))
}

#[cfg(all(test, feature = "vault"))]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_go_reads_them() {
        let environment = Environment::new([
            ("ON", "T"),
            ("OFF", "False"),
            ("EMPTY", ""),
            ("TEN", "10"),
            ("LONG", "1m30s"),
            ("BAD", "yes"),
        ]);
        assert_eq!(is_on(&environment, "ON"), Ok(true));
        assert_eq!(is_on(&environment, "OFF"), Ok(false));
        assert_eq!(is_on(&environment, "EMPTY"), Ok(false));
        assert!(is_on(&environment, "BAD").is_err());
        assert_eq!(number(&environment, "TEN"), Ok(Some(10)));
        assert!(number(&environment, "BAD").is_err());
        let ten = Duration::from_secs(10);
        assert_eq!(duration(&environment, "TEN"), Ok(Some(ten)));
        assert_eq!(duration(&environment, "LONG"), Ok(Some(ten * 9)));
        assert!(duration(&environment, "BAD").is_err());
        assert_eq!(text(&environment, "EMPTY"), Ok(None));
    }
}
