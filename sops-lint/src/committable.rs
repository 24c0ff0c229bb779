//! Files that may be committed although a creation rule covers them: files that another program has
//! encrypted, and public files. The whole content is checked, because a first line is easily
//! copied.

use std::collections::HashSet;

use base64::Engine as _;

use crate::base64_text::LENIENT;
use crate::secret_detection::in_text;

/// Labels of public PEM blocks, and the first byte of their content: `0x30` for an ASN.1 sequence.
/// SSH keys have no fixed first byte.
const PUBLIC: [(&str, Option<u8>); 10] = [
    ("CERTIFICATE", Some(0x30)),
    ("TRUSTED CERTIFICATE", Some(0x30)),
    ("X509 CERTIFICATE", Some(0x30)),
    ("CERTIFICATE REQUEST", Some(0x30)),
    ("NEW CERTIFICATE REQUEST", Some(0x30)),
    ("X509 CRL", Some(0x30)),
    ("PUBLIC KEY", Some(0x30)),
    ("RSA PUBLIC KEY", Some(0x30)),
    // The length of the name of the key's type.
    ("SSH2 PUBLIC KEY", Some(0)),
    ("PGP PUBLIC KEY BLOCK", None),
];

/// The headers of armor.
const HEADERS: [&str; 5] = [
    "Version: ",
    "Comment: ",
    "Charset: ",
    "Hash: ",
    "MessageID: ",
];

/// The titles of the descriptions that `openssl` writes before a block.
const DESCRIPTIONS: [&str; 3] = [
    "Certificate:",
    "Certificate Request:",
    "Certificate Revocation List (CRL):",
];

/// The beginnings of lines that `openssl` and browsers write between blocks.
const REMARKS: [&str; 9] = [
    "subject=",
    "issuer=",
    "subject: ",
    "issuer: ",
    "Bag Attributes",
    "Key Attributes",
    // The usage that Java gives to a certificate.
    "2.16.840.1.113894.746875.1.1: ",
    "friendlyName: ",
    "localKeyID: ",
];

/// The length of the nonce of git-crypt, in bytes.
const GIT_CRYPT_NONCE: usize = 12;

/// The shortest recipient of age.
const RECIPIENT: usize = 62;

/// How long a comment after a public key may be, in words.
const COMMENT: usize = 3;

/// Whether another program has encrypted the whole file.
pub(crate) fn is_encrypted_otherwise(bytes: &[u8]) -> bool {
    if let Some(rest) = bytes.strip_prefix(b"\0GITCRYPT\0") {
        return rest
            .split_at_checked(GIT_CRYPT_NONCE)
            .is_some_and(|(nonce, content)| is_random_nonce(nonce) && !is_readable(content));
    }
    if bytes.starts_with(AGE) {
        return is_age(bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let text = text.trim();
    if text.starts_with("$ANSIBLE_VAULT;") {
        return is_ansible_vault(text);
    }
    let Some((block, rest)) = PemBlock::first(text) else {
        return false;
    };
    let is_of = match block.label {
        "AGE ENCRYPTED FILE" => is_age(&block.body),
        "PGP MESSAGE" => block.is_packet(),
        _ => false,
    };
    is_of && rest.trim().is_empty()
}

/// Whether the bytes may be a nonce: random bytes are not text, and hardly any byte appears twice.
fn is_random_nonce(nonce: &[u8]) -> bool {
    let kinds: HashSet<&u8> = nonce.iter().collect();
    kinds.len() * 2 > nonce.len() && !nonce.iter().all(|byte| is_printable(*byte))
}

/// Whether the bytes are mostly text. Random bytes of these lengths look like text in fewer than 1
/// of 10,000 cases.
fn is_readable(bytes: &[u8]) -> bool {
    let others = bytes.iter().filter(|byte| !is_printable(**byte)).count();
    let is_mostly_text = || others * 8 < bytes.len() || str::from_utf8(bytes).is_ok();
    bytes.len() >= 10 && others == 0 || bytes.len() >= 16 && is_mostly_text()
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

const AGE: &[u8] = b"age-encryption.org/v1\n";

/// Whether the bytes are an age file: a header with stanzas and a MAC, followed by a binary
/// payload.
fn is_age(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(AGE) else {
        return false;
    };
    let mut has_stanza = false;
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return false;
        };
        let (line, after) = rest.split_at(end);
        rest = &after[1..];
        if let Some(mac) = line.strip_prefix(b"--- ") {
            // Every payload has a nonce and a tag.
            return has_stanza
                && mac.len() == 43
                && is_base64(mac)
                && rest.len() >= 32
                && !is_readable(rest);
        }
        let is_stanza = line.starts_with(b"-> ");
        has_stanza |= is_stanza;
        if !is_stanza && (line.len() > 64 || !is_base64(line)) {
            return false;
        }
    }
}

fn is_base64(line: &[u8]) -> bool {
    line.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
}

/// Whether the bytes are an Ansible Vault file: the hexadecimal form of a salt, a MAC and a
/// ciphertext, each again in hexadecimal.
fn is_ansible_vault(text: &str) -> bool {
    let Some((header, body)) = text.split_once('\n') else {
        return false;
    };
    let is_header = header
        .split(';')
        .nth(2)
        .is_some_and(|cipher| cipher.trim() == "AES256");
    let digits: Vec<u8> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let inner: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let parts = inner.map(|inner| {
        let parts = inner.split(|byte| *byte == b'\n');
        let is_part = |part: &[u8]| part.len() >= 32 && part.iter().all(u8::is_ascii_hexdigit);
        parts.map(is_part).collect::<Vec<_>>()
    });
    is_header && parts.is_some_and(|parts| parts == [true; 3])
}

/// Whether the whole text is public: public keys, certificates and recipients, with comments.
pub(crate) fn is_public(text: &str) -> bool {
    let mut rest = text;
    let mut is_any = false;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        if let Some((block, after)) = PemBlock::first(rest) {
            if !block.is_public() {
                return false;
            }
            rest = after;
            is_any = true;
            continue;
        }
        if let Some(after) = after_description(rest) {
            rest = after;
            is_any = true;
            continue;
        }
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.trim_end();
        rest = after;
        let is_remark = REMARKS.iter().any(|word| line.starts_with(word));
        // A remark may also follow a key.
        let remark = match is_remark {
            true => 0,
            false => line.find('#').unwrap_or(line.len()),
        };
        let (key, remark) = line.split_at(remark);
        let key = key.trim_end();
        let is_key = is_recipient(key) || is_ssh_key(key);
        if !key.is_empty() && !is_key || !in_text("", remark.trim_start_matches('#')).is_empty() {
            return false;
        }
        is_any |= is_key;
    }
    is_any
}

/// The text after the description of a certificate by `openssl x509 -text`; `None` if the text does
/// not start with one, or if it contains a secret.
fn after_description(text: &str) -> Option<&str> {
    let mut lines = text.split_inclusive('\n');
    let title = lines.next()?;
    if !DESCRIPTIONS.contains(&title.trim_end()) {
        return None;
    }
    let is_part = |line: &&str| line.starts_with("    ") || line.trim().is_empty();
    let length: usize = lines.take_while(is_part).map(str::len).sum();
    let (description, after) = text[title.len()..].split_at(length);
    let is_described = |line: &str| {
        let line = line.trim();
        line.contains([' ', ':']) || line.chars().all(char::is_alphabetic)
    };
    let is_public = description.lines().all(is_described) && in_text("", description).is_empty();
    is_public.then_some(after)
}

fn is_recipient(line: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    line.starts_with("age1") && line.len() >= RECIPIENT && line.bytes().all(is_digit)
}

/// Whether the line is an SSH public key, whose data repeats its type.
fn is_ssh_key(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(name), Some(data)) = (words.next(), words.next()) else {
        return false;
    };
    let Ok(data) = LENIENT.decode(data) else {
        return false;
    };
    let length = u32::try_from(name.len()).unwrap_or_default().to_be_bytes();
    let comment: Vec<&str> = words.collect();
    let is_type = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"]
        .iter()
        .any(|begin| name.starts_with(begin));
    let inner = data.strip_prefix(&length);
    is_type
        && inner.is_some_and(|inner| inner.starts_with(name.as_bytes()))
        && comment.len() <= COMMENT
        && in_text("", &comment.join(" ")).is_empty()
}

/// A block of PEM or armor.
struct PemBlock<'t> {
    label: &'t str,
    body: Vec<u8>,
}

impl<'t> PemBlock<'t> {
    /// The block at the start of `text`, and the rest of it. `None` if the block has lines that are
    /// not base64.
    fn first(text: &'t str) -> Option<(Self, &'t str)> {
        // The form of SSH2 has a space instead of the fifth dash.
        let (dash, rest) = match text.strip_prefix("---- BEGIN ") {
            Some(rest) => (" ", rest),
            None => ("-", text.strip_prefix("-----BEGIN ")?),
        };
        let (begin, rest) = rest.split_once('\n')?;
        let label = begin.trim_end().strip_suffix("----")?.strip_suffix(dash)?;
        let end = format!("----{dash}END {label}{dash}----");
        let at = rest.find(&end)?;
        let body = Self::decoded(&rest[..at])?;
        Some((Self { label, body }, &rest[at + end.len()..]))
    }

    fn decoded(lines: &str) -> Option<Vec<u8>> {
        let is_header = |line: &&str| HEADERS.iter().any(|header| line.starts_with(header));
        let lines = lines.lines().map(str::trim).skip_while(is_header);
        // The checksum of armor.
        let lines = lines.filter(|line| !(line.len() == 5 && line.starts_with('=')));
        LENIENT.decode(lines.collect::<String>()).ok()
    }

    fn is_public(&self) -> bool {
        let known = PUBLIC.iter().find(|(label, _)| *label == self.label);
        known.is_some_and(|(_, first)| match first {
            Some(first) => self.body.first() == Some(first),
            None => self.is_packet(),
        })
    }

    /// Whether the bytes begin like OpenPGP packets, which no text does.
    fn is_packet(&self) -> bool {
        self.body.first().is_some_and(|first| *first >= 0x80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "6162636465666768696a6b6c6d6e6f706162636465666768696a6b6c6d6e6f70";

    const DESCRIPTION: &str = "Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number:
            34:2a:38:42:20:b9:87:f5:75:22:35:c5:de:9d:ea:e7:8e:63:0a:7e
        Signature Algorithm: sha256WithRSAEncryption
        Issuer: C = DE, O = Acme Inc, CN = a.example.com
        Validity
            Not Before: Nov 28 20:26:29 2026 GMT
            Not After : Dec  8 20:26:29 2026 GMT
        Subject: C = DE, O = Acme Inc, CN = a.example.com
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
                Public-Key: (2048 bit)
                Modulus:
                    00:f5:fd:fb:54:10:d2:6e:2e:95:6e:f2:b1:01:b1:
                    7b:a5
                Exponent: 65537 (0x10001)
        X509v3 extensions:
            X509v3 Subject Key Identifier: 
                FC:48:F6:04:11:04:7E:0A:5F:E4:4F:0A:03:AD:C0:A6:31:4D:8D:F6
            X509v3 Basic Constraints: critical
                CA:TRUE
            X509v3 Key Usage: critical
                Digital Signature, Key Encipherment
            X509v3 Subject Alternative Name: 
                DNS:a.example.com, IP Address:10.0.0.1
    Signature Algorithm: sha256WithRSAEncryption
    Signature Value:
        88:30:06:94:b8:fe:35:77:76:71:50:5e:cb:d0:8b:ad:50:32:
";

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn vault() -> String {
        let inner = format!("{HEX}\n{HEX}\n{HEX}");
        format!("$ANSIBLE_VAULT;1.1;AES256\n{}\n", hex(&inner))
    }

    fn age() -> Vec<u8> {
        let header = format!(
            "age-encryption.org/v1\n-> X25519 abc\n{}\n--- {}\n",
            "A".repeat(43),
            "B".repeat(43)
        );
        [header.as_bytes(), &[0xFF; 40]].concat()
    }

    fn armored() -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(age());
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .filter_map(|line| str::from_utf8(line).ok())
            .collect();
        format!(
            "-----BEGIN AGE ENCRYPTED FILE-----\n{}\n-----END AGE ENCRYPTED FILE-----\n",
            lines.join("\n")
        )
    }

    const PGP: &str = "-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\n\nhQEMA8xyzzyAAAAA\n=abcd\n-----END PGP MESSAGE-----\n";

    #[test]
    fn files_of_other_programs_are_recognized_by_all_their_parts() {
        let nonce: Vec<u8> = (0xF0..0xFC).collect();
        let git_crypt = [&b"\0GITCRYPT\0"[..], &nonce, &[0xF0; 20]].concat();
        for bytes in [
            age(),
            armored().into(),
            vault().into(),
            PGP.into(),
            git_crypt,
        ] {
            assert!(
                is_encrypted_otherwise(&bytes),
                "{}",
                String::from_utf8_lossy(&bytes)
            );
        }
        let after = |text: String| format!("{text}password: hunter2\n");
        for text in [
            after("age-encryption.org/v1\n".to_owned()),
            "age-encryption.org/v1\n-> X25519 abc\n--- AAAA\npassword: hunter2-hunter2-hunter2-hunter2\n".to_owned(),
            after(armored()),
            after(vault()),
            after("$ANSIBLE_VAULT;1.1;AES256\n".to_owned()),
            after(PGP.to_owned()),
            "-----BEGIN PGP MESSAGE-----\npassword: hunter2\n-----END PGP MESSAGE-----\n".to_owned(),
            "-----BEGIN PGP MESSAGE-----\nhunter2".to_owned(),
            "\0GITCRYPT\0password: hunter2".to_owned(),
            "\0GITCRYPT\0\0\0\0\0\0\0\0\0\0\0\0\0password: hunter2".to_owned(),
            String::new(),
        ] {
            assert!(!is_encrypted_otherwise(text.as_bytes()), "{text}");
        }
        let with_text = |begin: &[u8]| [begin, b"password: hunter2-\xFFMarker9, 32 bytes"].concat();
        let begin = age().len() - 40;
        for bytes in [
            with_text(&[&b"\0GITCRYPT\0"[..], &nonce].concat()),
            with_text(&age()[..begin]),
        ] {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!is_encrypted_otherwise(&bytes), "{text}");
        }
    }

    #[test]
    fn files_with_only_public_keys_or_certificates_are_public() {
        let recipient = format!("age1{}", "q".repeat(58));
        let ssh =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHbX2a0SsPtp7WjHrcZJ2gVxhHnMoCGMOlMvOvzMZgCq";
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for text in [
            recipient.clone(),
            format!("# Alice\n{recipient}\n\n{ssh} alice@host\r\n"),
            ssh.to_owned(),
            certificate.to_owned(),
            format!("# Root CA\n{certificate}\n{certificate}"),
            certificate.replace('\n', "\r\n"),
            format!("{DESCRIPTION}{certificate}"),
            format!("{DESCRIPTION}{certificate}{DESCRIPTION}{certificate}"),
            format!("Bag Attributes\n    localKeyID: 5E 2D\nsubject=CN = a\n{certificate}"),
            format!("{recipient} # Alice, who has the laptop of the build\n"),
            format!("{ssh} alice@host # since 2026\n{ssh} # Bob\n{certificate}"),
            "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"a key\"\nAAAAC3Nz\n---- END SSH2 PUBLIC KEY ----\n".to_owned(),
        ] {
            assert!(is_public(&text), "{text}");
        }
        for text in [
            "age1 hunter2".to_owned(),
            format!("{recipient} hunter2"),
            format!("{recipient}\nhunter2"),
            format!("{recipient} # password: hunter2-Marker9"),
            format!("hunter2 # {recipient}"),
            "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3Nz\n---- END SSH2 PUBLIC KEY ----\nhunter2\n"
                .to_owned(),
            "ssh-rsa hunter2".to_owned(),
            "ssh-rsa AAAA hunter2".to_owned(),
            format!("{ssh} alice\npassword: hunter2"),
            format!("{certificate}password: hunter2\n"),
            format!("# password: hunter2-Marker9\n{certificate}"),
            format!("{DESCRIPTION}    password: hunter2-Marker9\n{certificate}"),
            format!("{DESCRIPTION}    hunter2\n{certificate}"),
            format!("{DESCRIPTION}hunter2 is it\n{certificate}"),
            format!("subject=CN = a\nhunter2\n{certificate}"),
            certificate.replace("MIIB", "hunter2-Marker"),
            certificate.replace("CERTIFICATE", "SECRET"),
            "-----BEGIN CERTIFICATE-----\nMIIB\n".to_owned(),
            String::new(),
        ] {
            assert!(!is_public(&text), "{text}");
        }
    }
}
