//! `SOPS_HC_VAULT_ALLOWLIST`, as `sops` reads it.

use crate::provider::Outcome;

/// The variable.
pub(super) const VARIABLE: &str = "SOPS_HC_VAULT_ALLOWLIST";

/// The servers that the user allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AllowList {
    /// The variable is not set.
    Unset,
    /// `all`.
    All,
    /// The addresses that begin with one of these strings; none for `none`.
    Prefixes(Vec<String>),
}

impl AllowList {
    /// Reads the value of the variable, if it is set.
    ///
    /// # Errors
    ///
    /// An empty entry is refused, as in `sops`.
    pub(super) fn new(text: Option<&str>) -> Outcome<Self> {
        let prefixes = match text {
            None => return Ok(Self::Unset),
            Some("all") => return Ok(Self::All),
            Some("none") => return Ok(Self::Prefixes(Vec::new())),
            Some(text) => text.split(',').map(|prefix| prefix.trim_matches(' ')),
        };
        let prefixes = prefixes.enumerate().map(|(index, prefix)| match prefix {
            "" => Err(format!("{VARIABLE}: entry {} is empty", index + 1)),
            prefix => Ok(with_slash(prefix)),
        });
        Ok(Self::Prefixes(prefixes.collect::<Outcome<_>>()?))
    }

    /// Whether an address from a file is allowed; `None` if the variable is not set.
    pub(super) fn allows(&self, address: &str) -> Option<bool> {
        match self {
            Self::Unset => None,
            Self::All => Some(true),
            Self::Prefixes(prefixes) => {
                let address = with_slash(address);
                Some(prefixes.iter().any(|prefix| address.starts_with(prefix)))
            }
        }
    }
}

fn with_slash(text: &str) -> String {
    match text.ends_with('/') {
        true => text.to_owned(),
        false => format!("{text}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of `TestAllowlist` in the source of `sops` 3.13.3, and similar ones.
    #[test]
    fn addresses_are_compared_as_in_sops() {
        let address = "https://vault.example:8200";
        for (list, address, is_allowed) in [
            (None, address, None),
            (Some("all"), address, Some(true)),
            (Some("none"), address, Some(false)),
            (Some("https://vault.example:8200"), address, Some(true)),
            (
                Some(" https://a , https://vault.example:8200/"),
                address,
                Some(true),
            ),
            (Some("https://vault.example"), address, Some(false)),
            (Some("https://vault.example:82"), address, Some(false)),
            (
                Some("https://vault.example"),
                "https://vault.example.evil.example",
                Some(false),
            ),
            (Some("none,https://a"), "https://a/", Some(true)),
        ] {
            let list = AllowList::new(list).unwrap();
            assert_eq!(list.allows(address), is_allowed, "{list:?} {address}");
        }
        for list in ["", ",", "https://a,", "https://a, ,https://b"] {
            assert!(AllowList::new(Some(list)).is_err(), "{list}");
        }
    }
}
