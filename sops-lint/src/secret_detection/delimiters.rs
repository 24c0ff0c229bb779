//! Recognizes names between the delimiters of a variable, such as `$NAME` and `%NAME%`, and
//! passwords that have the same characters at their ends.

use super::credential::is_name;

/// Whether the value is a name between the delimiters of a variable.
pub(super) fn is_between_signs(value: &str) -> bool {
    // Argo CD writes `$secret-name:key.of.it`.
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let is_between = |begin: &str, end: &str| {
        let inner = value.strip_prefix(begin);
        let inner = inner.and_then(|inner| inner.strip_suffix(end));
        inner.is_some_and(|inner| {
            // Programs refer to a file, a function or an item like this.
            let plain = inner.replace(['/', '(', ')', '[', ']'], "_");
            plain.chars().all(is_part) && is_name(inner)
        })
    };
    [
        ("$", ""),
        // Kubernetes turns `$$NAME` into `$NAME`.
        ("$$", ""),
        ("%", "%"),
        ("__", "__"),
        ("@", "@"),
        ("{", "}"),
        ("@{", "}"),
        ("%{", "}"),
        ("#[", "]"),
        ("&&", "&&"),
        ("~", "~"),
    ]
    .iter()
    .any(|(begin, end)| is_between(begin, end))
}

/// Whether `value` with the delimiters of a variable may be a password, such as `$uperSecret1` and
/// `%hunter2%`. The program that fills in the values of a Secret is unknown, so only usual names of
/// variables count.
pub(crate) fn may_be_password(value: &str) -> bool {
    has_signs(value) && !is_variable(value)
}

/// Whether `value` has delimiters of a variable that a password may also contain. Brackets are less
/// ambiguous.
pub(crate) fn has_signs(value: &str) -> bool {
    is_between_signs(value) && !value.starts_with("$(") && !value.starts_with("$[")
}

/// Whether the value is a variable with a usual name, or a key in a Secret as Argo CD writes it.
fn is_variable(value: &str) -> bool {
    let is_capital = |name: &str| {
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && name.chars().all(is_part)
    };
    let is_of_argo_cd = |name: &str| {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let secret = name.split_once(':').map(|(secret, _)| secret);
        secret.is_some_and(|secret| !secret.is_empty() && secret.chars().all(is_part))
    };
    if let Some(name) = value.strip_prefix('$') {
        return is_capital(name) || is_of_argo_cd(name);
    }
    let name = value.trim_matches(['%', '_', '@', '{', '}', '#', '[', ']', '&', '~']);
    let has = |is: fn(&char) -> bool| name.chars().any(|c| is(&c));
    let is_joined = !has(char::is_ascii_digit) || name.contains(['_', '-', '.', ':', '/']);
    is_capital(name) || !value.starts_with('%') && !has(char::is_ascii_uppercase) && is_joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_are_distinguished_from_passwords() {
        for value in [
            "$uperSecret1",
            "$P4ss",
            "$ecretPassw0rd",
            "$1hunter2",
            "$secret",
            "%uperSecret1%",
            "%secret%",
            "__S3cretPass__",
            "@hunter2@",
            "{Secret1}",
        ] {
            assert!(may_be_password(value), "{value}");
        }
        for value in [
            "$PASSWORD",
            "$DB_2_PASSWORD",
            "$_SECRET",
            "$argocd-secret-2:oidc.client.key",
            "%DB_PASSWORD%",
            "__PASSWORD__",
            "__db_password__",
            "@db.password@",
            "@DB2_PASSWORD@",
            "{client_secret}",
            "$(secret)",
            "${secret}",
            "{{ secret }}",
            "correct-horse-9",
            "$2a$10$x",
            "",
        ] {
            assert!(!may_be_password(value), "{value}");
        }
    }
}
