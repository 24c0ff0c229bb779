//! Finds the secrets in text: a value, or a file in a value.

use std::cell::LazyCell;

use super::found::{FoundSecret, FoundSecrets, range_of};
use super::judge::{judge, judge_variable};
use super::key_path::KeyPaths;
use super::likeness::Likeness;
use super::program_code::without_expressions;
use super::quoted_text::{is_cut, length_until};
use super::token_format::PEM_PRIVATE_KEY;
use super::{arguments, assignment, inline_pairs, name, pgpass, program, token};
use crate::private_key;

/// The secrets in a value with that name.
pub(crate) fn in_text(name: &str, text: &str) -> Vec<FoundSecret> {
    find(name, text, judge)
}

/// The secrets in the value of an environment variable.
pub(crate) fn in_variable(name: &str, text: &str) -> Vec<FoundSecret> {
    find(name, text, judge_variable)
}

/// The secrets in a script or a command.
pub(crate) fn in_script(script: &str) -> Vec<FoundSecret> {
    after_mark(script, |script| {
        let mut secrets = FoundSecrets::default();
        if name::may_be_in(script) {
            lines(script, true, &mut secrets);
            printed_lines(script, &mut secrets);
            for (name, value) in inline_pairs::within(script) {
                add(name, value, script, &mut secrets);
            }
            arguments::find(script, &mut secrets);
        }
        program::find(script, &mut secrets);
        pgpass::find("", script, &mut secrets);
        tokens(script, &mut secrets);
        let mut secrets = secrets.into_vec();
        without_expressions("", script, &mut secrets, |_| false);
        secrets
    })
}

/// Calls `find` on the text after a byte order mark, which would otherwise be part of the first
/// name.
fn after_mark(text: &str, find: impl FnOnce(&str) -> Vec<FoundSecret>) -> Vec<FoundSecret> {
    let Some(rest) = text.strip_prefix('\u{feff}') else {
        return find(text);
    };
    let mark = text.len() - rest.len();
    let mut secrets = find(rest);
    for secret in &mut secrets {
        secret.range = secret.range.start + mark..secret.range.end + mark;
    }
    secrets
}

fn find(name: &str, text: &str, judge: fn(&str, &str) -> Option<Likeness>) -> Vec<FoundSecret> {
    after_mark(text, |text| find_in(name, text, judge))
}

fn find_in(name: &str, text: &str, judge: fn(&str, &str) -> Option<Likeness>) -> Vec<FoundSecret> {
    let trimmed = text.trim();
    let is_one_line = !trimmed.contains('\n');
    if is_one_line && let Some(likeness) = judge(name, trimmed) {
        return vec![FoundSecret {
            name: String::new(),
            range: range_of(trimmed, text),
            likeness,
        }];
    }
    let mut secrets = FoundSecrets::default();
    let is_script = is_script(name, text);
    let has_flags = || {
        let pairs = trimmed.split_whitespace().filter(|word| word.contains('='));
        trimmed.starts_with('-') || trimmed.contains(" -") || pairs.count() > 1
    };
    if name::may_be_in(text) {
        lines(text, is_script, &mut secrets);
        if is_script {
            printed_lines(text, &mut secrets);
        }
        for (name, value) in inline_pairs::within(text) {
            add(name, value, text, &mut secrets);
        }
        if is_script || is_one_line && has_flags() {
            arguments::find(text, &mut secrets);
        }
    }
    if is_script || is_one_line && has_flags() {
        program::find(text, &mut secrets);
    }
    pgpass::find(name, text, &mut secrets);
    tokens(text, &mut secrets);
    let mut secrets = secrets.into_vec();
    let paths = KeyPaths::of(text);
    if !is_one_line || trimmed.starts_with('{') {
        paths.retain_values(&mut secrets);
    }
    without_expressions(name, text, &mut secrets, |secret| paths.has(secret));
    paths.name(&mut secrets);
    secrets
}

/// Whether a file is a script, by its name or its first line.
fn is_script(name: &str, text: &str) -> bool {
    let (_, extension) = name.rsplit_once('.').unwrap_or_default();
    let is_known = [
        "sh", "bash", "zsh", "ksh", "fish", "csh", "ps1", "bat", "cmd", "envrc",
    ];
    text.trim_start().starts_with("#!") || is_known.contains(&extension)
}

fn add(name: &str, value: &str, text: &str, secrets: &mut FoundSecrets) {
    // In a configuration of CFSSL, this is the name of a key.
    let is_of_cfssl = name == "auth_key" && text.contains("\"auth_keys\"");
    if is_cut(value) || is_of_cfssl {
        return;
    }
    let judged = match name {
        "pass" if has_user(text) => "password",
        name => name,
    };
    if let Some(likeness) = judge(judged, value) {
        secrets.add(name, range_of(value, text), likeness);
    }
}

/// Adds the assignments in quoted strings that a command such as `echo` writes to a file. A string
/// may have several lines.
fn printed_lines(script: &str, secrets: &mut FoundSecrets) {
    for line in script.lines().filter(|line| is_written(line)) {
        let mut rest = line;
        while let Some(at) = rest.find(['"', '\'']) {
            let (text, quote) = (&rest[at + 1..], rest.as_bytes()[at]);
            let length = length_until(text, char::from(quote));
            let Some(length) = length else {
                break;
            };
            for line in text[..length].split("\\n") {
                if let Some((name, value)) = assignment::of_line(line, false) {
                    add(name, value, script, secrets);
                }
            }
            rest = &text[length + 1..];
        }
    }
}

/// Whether a line of a script writes a string to a file.
fn is_written(line: &str) -> bool {
    let has_command = line.contains("echo ") || line.contains("printf ");
    let is_file = |rest: &str| {
        let target = rest.trim_start_matches('>').trim_start();
        !target.is_empty() && !target.starts_with('&') && !target.starts_with("/dev/")
    };
    let mut redirected = line.split('>').skip(1);
    has_command && (line.contains("| tee ") || redirected.any(is_file))
}

/// Whether a file is about users or servers, so that `pass` in it is a password.
fn has_user(text: &str) -> bool {
    ["user", "login", "smtp", "host"]
        .iter()
        .any(|word| text.contains(word))
}

/// Adds the assignments of secrets, line by line.
fn lines(text: &str, is_script: bool, secrets: &mut FoundSecrets) {
    // A name followed by `|` or `>`, whose value is on the next line.
    let mut block: Option<&str> = None;
    // The value of `name:`, which may be followed by `value:`.
    let mut named: Option<&str> = None;
    for line in text.lines() {
        if let Some(name) = block.take() {
            let value = line.trim();
            match value.is_empty() {
                true => block = Some(name),
                false => add(name, value, text, secrets),
            }
            continue;
        }
        if !name::may_be_in(line) && !line.contains("name") && named.is_none() {
            continue;
        }
        let Some((name, value)) = assignment::of_line(line, is_script) else {
            continue;
        };
        match (name, named) {
            ("name", _) => named = Some(value),
            ("value", Some(variable)) => add(variable, value, text, secrets),
            _ => {}
        }
        match value {
            "|" | ">" | "|-" | ">-" | "|+" | ">+" => block = Some(name),
            value => add(name, value, text, secrets),
        }
        if name != "name" && line.trim_start().starts_with("- ") {
            named = None;
        }
    }
}

/// Adds secrets of known forms. The header of a private key counts only if a key follows.
fn tokens(text: &str, secrets: &mut FoundSecrets) {
    let has_key = LazyCell::new(|| !private_key::find(text.as_bytes()).is_empty());
    for token in token::tokens(text) {
        if token.description != PEM_PRIVATE_KEY || *has_key {
            secrets.add("", token.range, Likeness::Format(token.description));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, text: &str) -> Vec<String> {
        let secrets = in_text(name, text).into_iter();
        secrets
            .map(|secret| format!("{}={}", secret.name, &text[secret.range]))
            .collect()
    }

    #[test]
    fn files_in_a_value_are_read_line_by_line() {
        for (file, text, expected) in [
            (
                "app.properties",
                "# password = old\nname: web\n  db.password = s3cr3t-1\n",
                vec!["db.password=s3cr3t-1"],
            ),
            (
                "a",
                r#"{"db": {"user": "a", "password": "hunter2"}}"#,
                vec!["db.password=hunter2"],
            ),
            (
                "a",
                "server: {user: 'a', token: 'k3y-0f-the-house'}\nx: 1\n",
                vec!["server.token=k3y-0f-the-house"],
            ),
            (
                "a",
                "port 6379\nrequirepass hunter2\n",
                vec!["requirepass=hunter2"],
            ),
            (
                "a.yml",
                "db:\n  password: hunter2 # move me\nmail:\n  password: hunter3\n",
                vec!["db.password=hunter2", "mail.password=hunter3"],
            ),
            (
                "a.ini",
                "[db]\npassword = hunter2\n[mail]\npassword = hunter3 ; old\n",
                vec!["db.password=hunter2", "mail.password=hunter3"],
            ),
            (
                "a.yml",
                "env:\n- name: DB_PASSWORD\n  value: hunter2\npassword: >-\n  hunter3\n",
                vec!["env.DB_PASSWORD.value=hunter2", "password=hunter3"],
            ),
            (
                "smtp.ini",
                "[smtp]\npass = correct-horse\n",
                vec!["smtp.pass=correct-horse"],
            ),
            (
                "run.sh",
                "#!/bin/sh\nexport PGPASSWORD=hunter2\ncurl -u admin:hunter3 https://x\n",
                vec!["PGPASSWORD=hunter2", "-u=hunter3"],
            ),
            (
                "a.sh",
                "echo 'password: hunter2' > a.yml\nprintf \"[db]\\npassword=hunter3\\n\" | tee a.ini\n",
                vec!["password=hunter2", "password=hunter3"],
            ),
            (
                "netrc",
                "machine github.com login x password correct-horse\n",
                vec!["password=correct-horse"],
            ),
            (
                "a.md",
                "see\npostgres://app:hunter2@db/x and ghp_abcdefghijklmnopqrstuvwxyz0123456789\n",
                vec!["=hunter2", "=ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
            ),
        ] {
            assert_eq!(names(file, text), expected, "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_a_name() {
        for text in [
            "\u{feff}DB_PASSWORD=hunter2\n",
            "\u{feff}DB_PASSWORD=hunter2\nA=b\n",
        ] {
            assert_eq!(names("a", text), ["DB_PASSWORD=hunter2"], "{text}");
        }
        let script = "\u{feff}PASSWORD := hunter2\nall:\n\techo\n";
        let secrets = in_script(script);
        assert_eq!(&script[secrets[0].range.clone()], "hunter2");
    }

    #[test]
    fn a_token_used_as_a_name_is_not_shown() {
        let text = "users:\n- name: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n  a: 1\n";
        let secrets = in_text("a.yml", text);
        assert_eq!(
            (secrets.len(), secrets[0].name.as_str()),
            (1, "users.0.name")
        );
    }

    #[test]
    fn files_without_secrets_are_not_reported() {
        for text in [
            "user = app\npassword = ${DB_PASSWORD}\n",
            r#"{"properties": {"password": {"type": "keyword"}, "token": "string"}}"#,
            "password required pam_unix.so\npassword sufficient\n",
            "password: # set by the operator\nuser: a\n",
            "a: 1\n# password: hunter2\n",
            "- name: DB_PASSWORD\n  valueFrom: {secretKeyRef: {name: db, key: password}}\n",
            "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
            "#!/bin/sh\nexport PGPASSWORD=$(cat /run/secrets/db)\nset -x TOKEN $argv\n",
            "#!/bin/sh\nexport PASSWORD\nread -p 'Password: ' PASSWORD\nset -euo pipefail\n",
            "token: {name: web, key: token}\n",
            "#!/bin/sh\necho 'password: missing' >&2\necho 'token: created'\nPASSWORD=`cat /run/a`\n",
            "rules:\n  pass: all-tests-1\n",
            "smtp:\n  pass: ${SMTP_PASSWORD}\n",
        ] {
            assert_eq!(names("a", text), [""; 0], "{text}");
        }
    }
}
