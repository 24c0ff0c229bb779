//! Finds private keys in any bytes.

mod base64_runs;
mod binary;
mod gnupg;
mod key;
mod labels;
mod marks;
mod pem;
mod web_key;

pub(crate) use key::PrivateKey;

/// The private keys in the bytes, in order.
pub(crate) fn find(bytes: &[u8]) -> Vec<PrivateKey> {
    let mut keys = marks::find_in(bytes, true);
    keys.extend(binary::whole_key(bytes));
    keys.sort_by_key(|key| key.span.start);
    base64_runs::find(bytes, &mut keys);
    labels::find(bytes, &mut keys);
    keys.sort_by_key(|key| key.span.start);
    keys
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const AGE: &str = include_str!("../../../testdata/keys/x25519.txt");

    fn key() -> &'static str {
        AGE.lines().last().unwrap_or_default()
    }

    fn kinds(bytes: &[u8]) -> Vec<(&'static str, bool, bool)> {
        let keys = find(bytes).into_iter();
        keys.map(|key| (key.description, key.certain, key.encoded))
            .collect()
    }

    #[test]
    fn a_checksum_distinguishes_a_key_from_similar_text() {
        let altered = key().replace("1", "1Q");
        assert_eq!(
            kinds(key().as_bytes()),
            [("an age private key", true, false)]
        );
        assert_eq!(
            kinds(altered.as_bytes()),
            [("an age private key", false, false)]
        );
        for text in [
            "AGE-SECRET-KEY-1...",
            "AGE-SECRET-KEY-1",
            "AGE-PLUGIN-YUBIKEY-",
            "age1shs52pvk44",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn base64_of_any_alignment_is_decoded() {
        for before in ["", "x", "xy", "xyz", "# created: 2026"] {
            let text = STANDARD.encode(format!("{before}{}\n", key()));
            assert_eq!(
                kinds(text.as_bytes()),
                [("an age private key", true, true)],
                "{before}"
            );
        }
        let pem = include_bytes!("../../../testdata/keys/ssh_ed25519");
        assert_eq!(kinds(pem), [("an SSH private key", true, false)]);
        assert_eq!(
            kinds(STANDARD.encode(pem).as_bytes()),
            [("an SSH private key", true, true)]
        );
    }

    #[test]
    fn wide_encodings_and_lower_case_hide_nothing() {
        let pem = include_str!("../../../testdata/keys/ssh_ed25519");
        let certain = |description| [(description, true, false)];
        for (text, description) in [
            (key().to_owned(), "an age private key"),
            (key().to_lowercase(), "an age private key"),
            (
                format!("# created\r\nx: {}\r\n", key()),
                "an age private key",
            ),
            (pem.to_owned(), "an SSH private key"),
        ] {
            let utf16: Vec<u16> = text.encode_utf16().collect();
            let utf32: Vec<u32> = text.chars().map(u32::from).collect();
            for bytes in [
                text.clone().into_bytes(),
                utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                utf32.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                utf32.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                [
                    &[0xFF, 0xFE][..],
                    &utf16
                        .iter()
                        .flat_map(|unit| unit.to_le_bytes())
                        .collect::<Vec<_>>(),
                ]
                .concat(),
            ] {
                assert_eq!(kinds(&bytes), certain(description), "{text}");
            }
        }
        for text in [
            "age-plugin-yubikey-1-0-0-x86-64-unknown-linux-gnu",
            "age-secret-key-1...",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn putty_files_with_private_keys_are_distinguished_from_public_ones() {
        let body = "AAAAC3NzaC1lZDI1NTE5AAAAIHwU4LFdVQ0PvIx2jkUaGqTSJ7hXK\n";
        let public = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 1\n{body}"
        );
        assert_eq!(kinds(public.as_bytes()), []);
        let both = format!("{public}Private-Lines: 1\n{body}");
        assert_eq!(
            kinds(both.as_bytes()),
            [("an SSH private key", true, false)]
        );
    }

    #[test]
    fn many_marks_cost_no_more_than_their_length() {
        // Each of these inputs takes minutes if every mark searches the whole input.
        for mark in [
            "AGE-SECRET-KEY-1",
            "AGE-PLUGIN-",
            "PRIVATE KEY ",
            "-----BEGIN PRIVATE KEY-----",
            "Private-Lines: 1\n",
            "QUdFLVNFQ1JFVC1LRVkt",
            "QUdFLVNFQ1JFVC1LRVkt\n",
            "UFJJVkFURSBLRVkt ",
            "age-secret-key-1",
            "A\0G\0E\0-\0S\0E\0C\0R\0E\0T\0-\0K\0E\0Y\0-\0",
        ] {
            assert_eq!(kinds(mark.repeat(50_000).as_bytes()), [], "{mark}");
        }
        // Text that only looks like a key must not hide the key after it.
        let text = format!("AGE-SECRET-KEY-1{} {}", "AGE-SECRET-KEY-", key());
        assert_eq!(
            kinds(text.as_bytes()),
            [("an age private key", true, false)]
        );
    }

    #[test]
    fn short_lines_and_spaces_hide_nothing() {
        let pem = include_str!("../../../testdata/keys/ssh_ed25519");
        let cut = |text: &str, length: usize, by: &str| {
            let pieces: Vec<&str> = text
                .as_bytes()
                .chunks(length)
                .filter_map(|piece| str::from_utf8(piece).ok())
                .collect();
            pieces.join(by)
        };
        let lines: Vec<&str> = pem.lines().collect();
        let body = lines[1..lines.len() - 1].concat();
        for (length, by) in [(1, "\n"), (1, " "), (4, "\n"), (4, "\r\n"), (20, "\n  ")] {
            let text = format!(
                "{}\n{}\n{}\n",
                lines[0],
                cut(&body, length, by),
                lines[lines.len() - 1]
            );
            assert_eq!(
                kinds(text.as_bytes()),
                [("an SSH private key", true, false)],
                "{text}"
            );
        }
        for text in [pem, key(), &format!("# created: 2026\n{}\n", key())] {
            let description = if text == pem {
                "an SSH private key"
            } else {
                "an age private key"
            };
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let encoded = STANDARD.encode(text);
            let mut hidden = vec![
                STANDARD.encode(&encoded),
                cut(&STANDARD.encode(cut(&encoded, 76, "\n")), 64, "\n"),
                STANDARD.encode(utf16),
            ];
            for length in [4, 8, 16, 19, 40, 64, 76] {
                for by in ["\n", " ", "\n    ", "\\\n    ", "\"\n\""] {
                    hidden.push(cut(&encoded, length, by));
                }
            }
            for text in hidden {
                let text = format!("binaryData:\n  k: \"{text}\"\n");
                assert_eq!(
                    kinds(text.as_bytes()),
                    [(description, true, true)],
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn keys_are_found_by_name() {
        let d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
        let jwk = format!(
            r#"{{"kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "d" : "{d}"}}"#
        );
        let wire_guard = "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n";
        for (text, description) in [
            (&*jwk, "a private key as a JSON Web Key"),
            (
                &format!(r#"{{"k": "{d}", "kty": "oct"}}"#),
                "a private key as a JSON Web Key",
            ),
            (wire_guard, "a WireGuard private key"),
            (
                &wire_guard.replace(" = ", ": \""),
                "a WireGuard private key",
            ),
            (
                &wire_guard.replace("PrivateKey = ", "wg:\n  privateKey: "),
                "a 32-byte private key",
            ),
            (
                &wire_guard.replace("PrivateKey = ", "  wg_private_key: '"),
                "a 32-byte private key",
            ),
            (
                &wire_guard.replace("PrivateKey = ", "WG_PRIVATE_KEY="),
                "a 32-byte private key",
            ),
            (
                &wire_guard.replace("Private", "Preshared"),
                "a WireGuard preshared key",
            ),
            (
                &format!("key:\n  kty: EC\n  crv: P-256\n  d: {d}\n  x: y\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("keys:\n- d: '{d}'\n  x: a\n  kty: \"EC\"\n- kty: EC\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("a = 1\n[key]\nkty = \"EC\"\nd = \"{d}\"\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("key = {{kty=\"oct\", k=\"{d}\"}}\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("JWK={}\n", serde_json::json!(jwk)),
                "a private key as a JSON Web Key",
            ),
            (
                &serde_json::json!([serde_json::json!({ "a": jwk }).to_string()]).to_string(),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("key: {{kty: oct, k: {d}}}\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!(r#"{{"kty": "EC", "meta": {{"a": 1}}, "d": "{d}"}}"#),
                "a private key as a JSON Web Key",
            ),
            (
                &format!(r#"{{"d": "{d}", "meta": {{"a": {{}}}}, "kty": "EC", "x": {{}}}}"#),
                "a private key as a JSON Web Key",
            ),
        ] {
            assert_eq!(
                kinds(text.as_bytes()),
                [(description, true, false)],
                "{text}"
            );
        }
        for text in [
            &*jwk.replace("\"d\"", "\"y\""),
            &jwk.replace(d, "..."),
            r#"{"kty": {"type": "string"}, "d": {"type": "string"}}"#,
            &wire_guard.replace("yAnz", "..."),
            "PrivateKey = (private key of the peer)",
            &wire_guard.replace("PrivateKey = ", "  publicKey: "),
            &format!("a:\n  kty: EC\n  x: {d}\nb:\n  d: {d}\n"),
            &format!("keys:\n- kty: EC\n  x: {d}\n- d: {d}\n"),
            &format!("[[key]]\nkty = \"EC\"\nx = \"{d}\"\n[[other]]\nd = \"{d}\"\n"),
            &serde_json::json!(jwk.replace("\"d\"", "\"y\"")).to_string(),
            &format!("kty: EC\nid: {d}\nd: {d}/a\n"),
            &format!(r#"[{{"kty": "EC", "x": "{d}"}}, {{"d": "{d}"}}]"#),
            "var key *rsa.PrivateKey = generate()",
            &format!("PrivateKey = {}=", "A".repeat(43)),
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
        for mark in [
            "\"kty\"",
            "{\"kty\"",
            "}kty:",
            "kty:\n",
            "- kty: a\n",
            "{kty: {",
            "PrivateKey = ",
            "\"kty\":\"oct\",\"k\":\"",
            "\\\"kty\\\"",
            "kty = d = \"\\\\",
        ] {
            assert_eq!(kinds(mark.repeat(50_000).as_bytes()), [], "{mark}");
        }
    }

    #[test]
    fn binary_keys_are_found_in_base64() {
        let body = (0..82u32).map(|number| (number * 7 + 13) as u8);
        let header = [0x94, 0x58, 0x04, 0x65, 0, 0, 0, 22];
        let bytes: Vec<u8> = header.into_iter().chain(body).collect();
        let kind = |encoded| [("a PGP private key", true, encoded)];
        assert_eq!(kinds(&bytes), kind(false));
        let text = STANDARD.encode(&bytes);
        let lines = format!("{}\n  {}\n", &text[..76], &text[76..]);
        for text in [
            text.clone(),
            format!("GPG_PRIVATE_KEY={text}\n"),
            format!("{{\"key\": \"{text}\"}}"),
            format!("key: |\n  {lines}"),
            STANDARD.encode(&text),
        ] {
            assert_eq!(kinds(text.as_bytes()), kind(true), "{text}");
        }
        // The body of a PEM key is not a second key.
        let pem = format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{lines}");
        assert_eq!(kinds(pem.as_bytes()), kind(false));
        let mut public = bytes;
        public[0] = 0x98;
        assert_eq!(kinds(STANDARD.encode(&public).as_bytes()), []);
    }

    #[test]
    fn formats_of_other_programs_are_recognized() {
        let number = "00DEAE6F1C3B5A79886704152B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5E6F70";
        let gnupg = |name: &str| {
            format!(
                "Created: 20261128T204340\nKey: ({name} (ecc (curve Ed25519)\n  (d #{number}#)))\n"
            )
        };
        let body = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk".repeat(5);
        let minisign = |begin: &str| format!("untrusted comment: a key\n{begin}{body}\n");
        let ssh2 = format!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"a\"\n{body}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"
        );
        for (text, description, certain) in [
            (gnupg("private-key"), "a GnuPG private key", true),
            (gnupg("protected-private-key"), "a GnuPG private key", false),
            (minisign("RWRTY0Iy"), "a minisign private key", false),
            (minisign("RWQAAEIy"), "a minisign private key", true),
            (minisign("RWRCSwAA"), "a signify private key", false),
            (ssh2, "a passphrase-protected private key", false),
        ] {
            assert_eq!(
                kinds(text.as_bytes()),
                [(description, certain, false)],
                "{text}"
            );
            let encoded = STANDARD.encode(&text);
            for text in [STANDARD.encode(&encoded), encoded] {
                assert_eq!(
                    kinds(text.as_bytes()),
                    [(description, certain, true)],
                    "{text}"
                );
            }
        }
        for text in [
            gnupg("public-key"),
            gnupg("shadowed-private-key"),
            "(define (private-key (rsa key)) (car key)) ; in Scheme, with no number".to_owned(),
            "untrusted comment: minisign public key\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n".to_owned(),
            "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABAQDx\n---- END SSH2 PUBLIC KEY ----\n".to_owned(),
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
        for mark in ["(private-key (rsa ", "untrusted comment: ", "private_key: "] {
            assert_eq!(kinds(mark.repeat(50_000).as_bytes()), [], "{mark}");
        }
    }

    #[test]
    fn a_header_without_a_key_is_not_a_private_key() {
        for text in [
            "-----BEGIN PRIVATE KEY-----\nput the 1st and the 2nd half of your private key here, or the path of a file in /etc/ssl\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "grep -q 'BEGIN PRIVATE KEY' file || echo there is no private key in that file at all",
            "-----BEGIN RSA PRIVATE KEY-----",
            &format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n", "X".repeat(64)),
            &format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                "xX0Y".repeat(16)
            ),
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }
}
