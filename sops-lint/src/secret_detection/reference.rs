//! Recognizes values that are not secrets, whatever their name: references, placeholders, paths,
//! settings, and public values.

use sops_core::{CIPHERTEXT_PREFIX, is_ciphertext};

use super::credential::{is_credential, is_name};
use super::entropy::is_random;
use super::literal::literals;
use super::mark::is_separator;
use super::mask::is_mask;
use super::placeholder::{Rest, is_template};
use super::public::is_public;
use super::stored_elsewhere::is_elsewhere;
use super::token_format;

/// Words that mark a secret to fill in, or an empty value.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "change me",
    "changeit",
    "replaceme",
    "replace",
    "placeholder",
    "example",
    "your",
    "todo",
    "tbd",
    "fixme",
    "dummy",
    "redacted",
    "insert",
    "sample",
    "to-be-",
    "fake",
    "not_used",
    "not-used",
    "unused",
    "not-needed",
    "not_needed",
    "not needed",
    "not-required",
    "not_required",
];

/// Values of settings.
const SETTINGS: &[&str] = &[
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "nil",
    "undefined",
    "disabled",
    "enabled",
    "optional",
    "required",
    "auto",
    "default",
    "basic",
    "bearer",
    "oauth",
    "oauth2",
    "jwt",
    "ldap",
    "oidc",
    "saml",
    "plain",
    "md5",
    "scram-sha-256",
    "never",
    "always",
    "secret",
    "string",
    "empty",
    "unset",
    "not set",
    "n/a",
    "number",
    "boolean",
    "str",
    "&str",
    "int",
    "text",
    "keyword",
    "varchar",
    "bytes",
    "prompt",
    "random",
    "generated",
    "generate",
    "encrypted",
    "hidden",
    "masked",
    "hashed",
    "env",
    "vault",
    "keychain",
    "external",
    "internal",
    "kubernetes",
    "bcrypt",
    "argon2",
    "argon2id",
    "sha256",
    "sha512",
    "kerberos",
    "iam",
    "mtls",
    "cert",
    "certificate",
    "same-origin",
    "include",
    "omit",
];

/// Whether the value cannot be a secret.
pub(crate) fn is_harmless(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || is_reference(value)
        || SETTINGS.contains(&lower.as_str())
        || is_public(value)
        || is_placeholder(value, &lower)
        || is_path(value)
        || is_plain_url(value)
        || value
            .parse::<f64>()
            .is_ok_and(|_| value.len() < 5 || is_decimal(value))
        || is_duration(value)
        || is_alias(value)
}

/// Whether a text with the form of a token is a placeholder. Long ones may contain such a word by
/// chance.
pub(super) fn is_placeholder_token(secret: &str) -> bool {
    secret.len() < 30 && is_harmless(secret) || Rest::of(secret).is_some_and(|rest| rest.is_empty())
}

/// Whether the text contains a token that is not harmless.
fn has_token(text: &str) -> bool {
    let mut tokens = token_format::tokens(text, is_placeholder_token);
    tokens.next().is_some()
}

/// Whether a program replaces the value. A password or token next to the replaced part is a value.
pub(crate) fn is_reference(value: &str) -> bool {
    is_between_signs(value)
        || is_elsewhere(value)
        || is_encrypted(value)
        || is_tagged(value)
        || Rest::of(value).is_some_and(|rest| !rest.holds_credential(has_token))
}

/// Whether a password or a token is next to a part that a program replaces.
pub(crate) fn has_credential_beside(value: &str) -> bool {
    Rest::of(value).is_some_and(|rest| rest.holds_credential(has_token))
}

/// Whether the value is certainly a reference: no part of it can be a password, such as a name with
/// special characters, or the default of a variable.
pub(crate) fn is_whole_reference(value: &str) -> bool {
    let is_sure = || {
        !may_be_password(value)
            && !names_credential(value)
            && !has_text_beside(value)
            && literals(value).is_empty()
    };
    is_encrypted(value) || is_reference(value) && is_sure()
}

/// Whether the name in a reference looks like a password itself, as in `vault:Tr0ub4dor3` or
/// `@Tr0ub4dor3@`. A shell variable may have any name.
fn names_credential(value: &str) -> bool {
    if is_template(value) {
        return false;
    }
    let mut parts = value.split("${");
    let words = |part: &str| {
        let is_end = |c: char| is_separator(c) || "$%#".contains(c);
        // Names of stored values contain hyphens and dots.
        part.split(is_end)
            .any(|word| !word.contains(['-', '.', '_']) && is_credential(word))
    };
    parts.next().is_some_and(words)
        || parts.any(|part| {
            let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            match part.split_once('}') {
                Some((name, rest)) if is_name(name) => words(rest),
                _ => words(part),
            }
        })
}

/// Whether the value is a name between the delimiters of a variable.
fn is_between_signs(value: &str) -> bool {
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

/// Whether a text with the delimiters of a variable may be a password, such as `$uperSecret1` and
/// `%hunter2%`. The program that fills in the values of a Secret is unknown, so only usual names of
/// variables count.
pub(crate) fn may_be_password(value: &str) -> bool {
    has_signs(value) && !is_variable(value)
}

/// Whether a text has delimiters of a variable that a password may also contain. Brackets are less
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

/// Whether there is text next to variables of Python, Grafana or the Vault plugin of Argo CD.
fn has_text_beside(value: &str) -> bool {
    let kinds = [("%(", ")", "s"), ("$__", "}", ""), ("<path:", ">", "")];
    let kind = kinds.iter().find(|(begin, ..)| value.starts_with(begin));
    kind.is_some_and(|(begin, end, form)| {
        value.split(begin).any(|part| {
            let rest = part.split_once(end).map_or("", |(_, rest)| rest);
            let rest = rest.strip_prefix(form).unwrap_or(rest);
            rest.contains(char::is_alphanumeric)
        })
    })
}

/// Whether the value is encrypted, by SOPS or by another program that writes `ENC[…]`.
fn is_encrypted(value: &str) -> bool {
    if value.starts_with(CIPHERTEXT_PREFIX) {
        return is_ciphertext(value);
    }
    let inner = value
        .strip_prefix("ENC[")
        .and_then(|inner| inner.trim_end().strip_suffix(']'));
    inner
        .and_then(|inner| inner.split_once(','))
        .is_some_and(|(kind, body)| {
            let is_part =
                |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_whitespace();
            kind != "AES256_GCM" && body.len() >= 32 && body.chars().all(is_part)
        })
}

/// Whether the value consists of descriptions in angle brackets.
pub(crate) fn is_angled(value: &str) -> bool {
    Rest::of_prose(value).is_some_and(|rest| rest.is_empty())
}

/// Whether the value is a YAML alias in a text, such as `*password`, or a query parameter, such as
/// `:password`.
fn is_alias(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || "_-".contains(c);
    value.strip_prefix(['*', ':']).is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_part)
    })
}

/// Whether the value has a YAML tag that refers to another value, such as `!env_var NAME` and
/// `!secret name`.
pub(crate) fn is_tagged(value: &str) -> bool {
    let tagged = value
        .strip_prefix('!')
        .and_then(|rest| rest.split_once(' '));
    tagged.is_some_and(|(tag, name)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.:/!".contains(c);
        !tag.is_empty() && tag.chars().all(is_part) && is_name(name.trim())
    })
}

pub(super) fn is_placeholder(value: &str, lower: &str) -> bool {
    // In a URL, these words may be in the host, which says nothing about the password.
    let is_url = value.contains("://");
    let mut characters = value.chars();
    let first = characters.next();
    let is_one_character = characters.all(|next| Some(next) == first);
    let is_in_brackets =
        || Rest::of_prose(value).is_some_and(|rest| !rest.holds_credential(has_token));
    is_one_character
        || is_mask(value)
        || !is_url && value.len() < 64 && is_in_brackets()
        || !is_url && value.len() < 64 && PLACEHOLDERS.iter().any(|word| has_word(lower, word))
        || lower.starts_with("xxx")
}

/// Whether the text contains the word. In a random text, short words count only at the beginning,
/// because they may occur by chance.
fn has_word(lower: &str, word: &str) -> bool {
    let by_chance = word.len() < 7 && word.starts_with(char::is_alphabetic) && is_random(lower);
    if by_chance {
        lower.starts_with(word)
    } else {
        lower.contains(word)
    }
}

fn is_path(value: &str) -> bool {
    let starts = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| value.starts_with(start));
    // Symfony names a directory by a parameter.
    let is_below = value.starts_with('%') && value.contains("%/");
    (starts || is_below)
        && !value.contains(char::is_whitespace)
        && !is_random(value.rsplit('/').next().unwrap_or(value))
}

/// Whether the value is a URL without a password.
fn is_plain_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        let host = rest.split(['/', '?']).next().unwrap_or(rest);
        scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !host.contains('@')
            && !has_token(value)
    })
}

/// Whether a number has decimal places, as a price or a rate.
fn is_decimal(number: &str) -> bool {
    number
        .split_once('.')
        .is_some_and(|(whole, _)| whole.len() < 5)
}

/// Whether the value is a duration such as `30s` or `24h`.
fn is_duration(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < value.len() && ["s", "m", "h", "d", "ms"].contains(&unit)
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

    #[test]
    fn a_whole_reference_has_no_literal() {
        for value in [
            "$(echo X-y)",
            "$(echo hunter2)",
            "$(printf %s hunter2)",
            "${A/x/secret}",
            "${A//x/secret}",
            "${A%secret}",
            "${A##hunter2}",
            "${A:-hunter}",
            "${A-hunter}",
            "${A:=hunter}",
            "${A:+hunter}",
            "${A:hunter2}",
            "${A:?hunter2}",
            "${A,hunter}",
            "${A:-${B}hunter}",
            "${A:-${B:-hunter}}",
            "${password:hunter}",
            "${db.password:hunter}",
            "`echo hunter2`",
            "#{A:-hunter2}",
            "#{ENV['A'] || 'hunter2'}",
            "${base64encode(\"hunter2\")}",
            "${{ secrets.A || 'hunter2' }}",
            "$A:hunter2",
            "%(a)hunter2",
            "%(a)s:%(b)shunter2",
            "$__env{A}hunter2",
            "<path:a#b>hunter2<path:c#d>",
            "{{ 'hunter2' }}",
            "{{ \"hunter2\" | b64enc }}",
            "{{ printf \"%s\" \"hunter2\" }}",
            "{{ printf \"hunter2%s\" .x }}",
            "{{ printf \"hunter2\" }}",
            "{{ default \"hunter2\" .x }}",
            "{{ .x | default `hunter2` | quote }}",
            "{{ coalesce .x \"hunter2\" }}",
            "{{ ternary \"hunter2\" .x .y }}",
            "{{ or (env \"A\") \"hunter2\" }}",
            "{{ cat \"hun\" \"ter2\" | nospace }}",
            "{{ tpl \"hunter2\" . }}",
            "{{ dict \"a\" \"hunter2\" | toJson }}",
            "{{ dig \"a\" \"b\" \"hunter2\" .x }}",
            "{{ htpasswd \"app\" .x }}",
            "{{ getenv \"A\" \"hunter2\" }}",
            "{{ endpoint ~ 'hunter2' }}",
            "{{ with \"hunter2\" }}{{ . }}{{ end }}",
            "{{ $x := \"hunter2\" }}{{ $x }}",
            "{{ lookup('env', 'A') | default('hunter2') }}",
            "{{ lookup('env', 'A') ~ 'hunter2' }}",
            "{{ 'hunter2' if x == 'prod' else '' }}",
            "{% print \"hunter2\" %}",
            "{% set x = 'hunter2' %}{{ x }}",
            "{% if x %}hunter2{% endif %}",
            "<%= ENV.fetch('A', 'hunter2') %>",
            "{{ if .prod }}hunter2{{ end }}",
            "{{ if .prod }}hunter{{ else }}{{ .x }}{{ end }}",
            "{{ if .prod }}correct horse battery{{ end }}",
            "{{ if .prod }}aHVudGVyMg=={{ end }}",
            "{{ .x }}hunter",
            "hunter2 {{ .x }}",
            "{{ .x }}:hunter",
            "{{ index (dict \"a\" \"hunter2\") \"a\" }}",
            "password={{ .x }}hunter2",
            "host={{ .host }} password=hunter",
            "{\"host\":\"{{ .x }}\",\"password\":\"hunter\"}",
            "{{ .x }}\nhunter2\n",
            "postgres://app:hunter@{{ .host }}/x",
            "{{ hunter2",
        ] {
            assert!(!is_whole_reference(value), "{value}");
        }
        for value in [
            "$PASSWORD",
            "${PASSWORD}",
            "${db-password}",
            "${ var.password }",
            "${random_password.db.result}",
            "${sensitive(var.password)}",
            "${file:/run/secrets/db}",
            "${vault:secret/db#password}",
            "${env:DB_PASSWORD}",
            "${aws:accountId}",
            "${A:-}",
            "${A:-\"\"}",
            "${A:-${B}}",
            "${A:-$B}",
            "${A:?}",
            "${A:?set it}",
            "${A:?required}",
            "$(PASSWORD)",
            "$(db-password)",
            "#{PASSWORD}",
            "#{PASSWORD}#",
            "#{ENV['PASSWORD']}",
            "${{ secrets.PASSWORD }}",
            "${USER}:${PASSWORD}",
            "((db-password))",
            "%(password)s",
            "%(user)s:%(password)s",
            "$__file{/run/secrets/db}",
            "<path:secret/data/db#password>",
            "$argocd-secret:oidc.key",
            "sm://x",
            "vault:path#key",
            "ref+vault://secret/db#password",
            "{{ .Values.x }}",
            "{{- .Values.x | quote -}}",
            "{{ include \"chart.fullname\" . }}",
            "{{ (lookup \"v1\" \"Secret\" .Release.Namespace \"x\").data.y }}",
            "{{ index (lookup \"v1\" \"Secret\" \"ns\" \"x\").data \"db\" | b64dec }}",
            "{{ get $secret.data \"password\" }}",
            "{{ printf \"%s-db\" .Release.Name }}",
            "{{ printf \"%s:%s\" .user .pass | b64enc }}",
            "{{ printf \"{\\\"auths\\\":{\\\"%s\\\":{\\\"auth\\\":\\\"%s\\\"}}}\" .host (printf \"%s:%s\" .user .pass | b64enc) | b64enc }}",
            "{{ required \"set the password\" .Values.x }}",
            "{{ .Values.x | required \"set it\" }}",
            "{{ .Values.x | default \"\" }}",
            "{{ .Values.x | default (randAlphaNum 16) | trimSuffix \"\\n\" }}",
            "{{ dig \"a\" \"b\" \"\" .Values }}",
            "{{ dict \"user\" .user \"password\" .pass | toJson | b64enc }}",
            "{{ include \"common.password\" (dict \"secret\" (include \"chart.fullname\" .) \"key\" \"db\" \"context\" $) }}",
            "{{ .Files.Get \"files/x.txt\" | b64enc }}",
            "{{ genPrivateKey \"rsa\" }}",
            "{{ requiredEnv \"PASSWORD\" }}",
            "{{ x | selectattr('name', 'equalto', 'db') | map(attribute='password') | first }}",
            "{{ regexReplaceAll \"[^a-z]\" .x \"\" }}",
            "{{ \"ref+vault://secret/db#password\" | fetchSecretValue }}",
            "{{ .host }}:5432",
            "{{ lookup('vault', 'secret/db', engine='kv').password }}",
            "{{ hostvars['db']['password'] | b64encode }}",
            "{{ request.object.data.\"tls.crt\" }}",
            "{{ with secret \"secret/data/db\" }}{{ .Data.data.password }}{{ end }}",
            "{{ if eq .env \"production\" }}{{ .a }}{{ else }}{{ .b }}{{ end }}",
            "{{ if .a }}enabled{{ else }}disabled{{ end }}",
            "{{/* the password */}}{{ .x }}",
            "{{ fetchSecretValue \"ref+vault://secret/db#password\" }}",
            "<%= ENV['PASSWORD'] %>",
            "<%= ENV.fetch('PASSWORD') %>",
            "{{ .Release.Name }}-postgresql",
            "{{ .Release.Name }}.{{ .ns }}.svc:5432",
            "Bearer {{ .token }}",
            "postgres://{{ .user }}:{{ .pass }}@{{ .host }}/app{{ if .tls }}?sslmode=require{{ end }}",
            "{{ .size }}Gi",
            "host: {{ .host }}\nport: 5432\npassword: {{ .password }}\n",
        ] {
            assert!(is_whole_reference(value), "{value}: {:?}", literals(value));
        }
    }

    #[test]
    fn many_nested_placeholders_cost_no_more_than_their_length() {
        for text in [
            format!("{}{}", "${A:-".repeat(100_000), "}".repeat(100_000)),
            format!("{{{{ {} }}}}", "(a \"b\" ".repeat(100_000)),
            format!("{{{{ x }}}} {}", "password=a:".repeat(100_000)),
            "{{ x }}a:".repeat(100_000),
            "{{ if x }}b=".repeat(100_000),
        ] {
            is_whole_reference(&text);
        }
    }
}
