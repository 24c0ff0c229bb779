//! Recognizes public values: recipients, public keys, certificates, digests. The whole value must
//! be public.

use std::borrow::Cow;

use super::credential::is_credential;

/// Kinds of keys that SSH writes before a public key.
const SSH: [&str; 5] = [
    "ssh-rsa",
    "ssh-ed25519",
    "ecdsa-sha2-",
    "sk-ssh-",
    "sk-ecdsa-",
];

/// Labels of PEM blocks that are public or encrypted.
const BLOCKS: [&str; 10] = [
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE REQUEST",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "PGP PUBLIC KEY BLOCK",
    "SSH2 PUBLIC KEY",
    "AGE ENCRYPTED FILE",
    "PGP MESSAGE",
    "X509 CRL",
];

/// Whether the value is public and contains nothing else.
pub(super) fn is_public(value: &str) -> bool {
    let value = value.trim();
    is_of_lines(value) || is_digest(value) || value.contains("-----BEGIN ") && is_pem(value)
}

/// Whether each line is a recipient of age or a public key of SSH.
fn is_of_lines(value: &str) -> bool {
    let lines = value.lines().map(str::trim);
    let mut lines = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    lines.peek().is_some() && lines.all(|line| is_recipients(line) || is_ssh(line))
}

fn is_recipients(line: &str) -> bool {
    let mut words = line.split([',', ' ']).filter(|word| !word.is_empty());
    words.all(|word| {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        word.starts_with("age1") && word.trim_end_matches(['.', '…']).chars().all(is_part)
    })
}

/// Whether the line is an SSH public key: a type, a base64 body, and a comment that cannot be a
/// password.
fn is_ssh(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_kind = words
        .next()
        .is_some_and(|kind| SSH.iter().any(|begin| kind.starts_with(begin)));
    let is_body = words.next().is_some_and(|body| {
        let is_cut = body.ends_with("...") || body.ends_with('…');
        let body = body.trim_end_matches(['.', '…', '=']);
        body.starts_with("AAAA") && (is_cut || body.len() >= 16) && body.chars().all(is_base64)
    });
    is_kind && is_body && words.all(|word| word.contains('@') || !is_credential(word))
}

fn is_digest(value: &str) -> bool {
    let digest = ["sha256:", "sha512:"]
        .iter()
        .find_map(|kind| value.strip_prefix(kind));
    digest.is_some_and(|digest| {
        let is_cut = digest.ends_with("...") || digest.ends_with('…');
        let digest = digest.trim_end_matches(['.', '…', '=']);
        (is_cut || digest.len() >= 32) && digest.chars().all(is_base64)
    })
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '+' || c == '/'
}

/// Whether the text consists of public PEM blocks and comments. The first line of a block alone
/// counts too.
fn is_pem(value: &str) -> bool {
    let value = value.replace("\\n", "\n");
    let mut left = String::new();
    let is_whole = each_block(&value, |text| left.push_str(text));
    let is_first_line = || {
        !left.trim().contains('\n') && begin_of(left.trim()).is_some()
            || left.trim_end().ends_with("...")
    };
    match is_whole {
        true => left.lines().all(|line| {
            let line = line.trim();
            // `openssl` and browsers write these lines between blocks.
            let is_remark = line.starts_with('#')
                || [
                    "subject",
                    "issuer",
                    "Bag Attributes",
                    "friendlyName",
                    "localKeyID",
                ]
                .iter()
                .any(|word| line.starts_with(word));
            line.is_empty() || is_remark
        }),
        false => is_first_line(),
    }
}

/// The text with a mark for each public PEM block.
pub(super) fn without_blocks(text: &str, mark: char) -> Cow<'_, str> {
    if !text.contains("-----BEGIN ") {
        return Cow::Borrowed(text);
    }
    let mut left = String::new();
    each_block(text, |part| {
        if !left.is_empty() {
            left.push(mark);
            left.push('\n');
        }
        left.push_str(part);
    });
    Cow::Owned(left)
}

/// Calls a function for the text outside public blocks. Returns whether there is at least one
/// public block, and no other or partial block.
fn each_block(text: &str, mut outside: impl FnMut(&str)) -> bool {
    let mut blocks = 0;
    let mut start = 0;
    let mut line_start = 0;
    // The name of the block that the line is in, and where that begins.
    let mut open: Option<(&str, usize)> = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let end = line_start + line.len();
        match open {
            None => open = begin_of(trimmed).map(|name| (name, line_start)),
            Some((name, begin)) if is_end(trimmed, name) => {
                outside(&text[start..begin]);
                blocks += 1;
                start = end;
                open = None;
            }
            Some(_) if is_body(trimmed) => {}
            Some(_) => open = None,
        }
        line_start = end;
    }
    let rest = &text[start..];
    outside(rest);
    blocks > 0 && !rest.contains("-----BEGIN ")
}

/// The name of the public block that the line begins.
fn begin_of(line: &str) -> Option<&str> {
    let name = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
    BLOCKS.contains(&name).then_some(name)
}

fn is_end(line: &str, name: &str) -> bool {
    let end = line
        .strip_prefix("-----END ")
        .and_then(|line| line.strip_suffix("-----"));
    end == Some(name)
}

/// Whether the line is base64, a header, or a placeholder for the body.
fn is_body(line: &str) -> bool {
    let is_header = || {
        let header = line.split_once(": ");
        header.is_some_and(|(name, _)| ["Comment", "Version", "Hash", "Charset"].contains(&name))
    };
    let is_placeholder = || {
        line.contains("{{")
            || line.contains("${")
            || line.starts_with('<')
            || line.ends_with("...")
            || line.ends_with('…')
    };
    line.trim_end_matches('=')
        .trim_start_matches('=')
        .chars()
        .all(is_base64)
        || is_header()
        || is_placeholder()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_value_must_be_public() {
        let block = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for value in [
            "age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w",
            "age1abc,age1def",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ann@laptop",
            "ssh-rsa AAAA...",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            block,
            &block.repeat(3),
            &format!("# root\n{block}\nsubject=/CN=a\n{block}"),
            &block.replace('\n', "\\n"),
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n...",
        ] {
            assert!(is_public(value), "{value}");
        }
        for value in [
            "age1 correct-horse-battery-9",
            "ssh-rsa AAAA correct-horse-battery-9",
            "ssh-rsa correct-horse-battery-9",
            "sha256:correct-horse",
            "-----BEGIN CERTIFICATE-----\ncorrect-horse-battery-9",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\nS3cr3t!pass",
            "S3cr3t!pass\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nS3cr3t!pass\n-----END CERTIFICATE-----",
            "hunter2",
            "",
        ] {
            assert!(!is_public(value), "{value}");
        }
    }
}
