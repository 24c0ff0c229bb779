//! Files in plaintext next to or in place of encrypted ones.

use std::path::Path;

use sops_document::Format;

use super::Encrypted;
use crate::finding::Finding;
use crate::input::Input;
use crate::linter::Linter;
use crate::settings::Settings;

const ENC: &str = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
const META: &str = "sops:\n  mac: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n  lastmodified: '2026-01-01T00:00:00Z'\n  version: 3.13.3\n";

fn findings(old: (&str, &str), new: (&str, &[u8])) -> Vec<Finding> {
    let text = format!("{}{META}", old.1.replace("ENC", ENC));
    let old = Path::new("/").join(old.0);
    let encrypted = Encrypted::read(&old, text.as_bytes()).expect("the old version is encrypted");
    let path = Path::new("/").join(new.0);
    let input = Input::new(new.0, &path, new.1);
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    linter.decrypted(&input, &[encrypted], "HEAD")
}

#[test]
fn plaintext_in_place_of_ciphertext_is_found() {
    let old = "db:\n  user: a\n  password: ENC\nlist:\n- ENC\n- ENC\n";
    for (path, new, line) in [
        (
            "a/x.yaml",
            "db:\n  user: a\n  password: hunter2\nlist: [b, c]\n",
            3,
        ),
        ("a/x.yaml", "# c\nlist: [b]\n", 2),
        ("a/x.yaml", "db: {password: hunter2-changeme}\n", 1),
        ("a/x.yaml", "db: {password: hunter2, x: y}\n", 1),
        ("a/x.yaml", "other: text\n", 1),
        ("a/x.yaml", "db: [\n", 1),
        ("a/x.yaml", "hunter2\n", 1),
        ("x.yaml", "\ndb: {password: hunter2}\n", 2),
        ("public.yaml", "db: {password: hunter2}\nlist: [b, c]\n", 1),
        (
            "public.txt",
            "db: {password: hunter2}\nlist: [b, c]\nmore: d\n",
            1,
        ),
    ] {
        let findings = findings(("a/x.yaml", old), (path, new.as_bytes()));
        assert_eq!(findings.len(), 1, "{path} {new}");
        assert_eq!(findings[0].location.line, line, "{path} {new}");
        assert!(
            !findings[0].message.contains("hunter2"),
            "{}",
            findings[0].message
        );
    }
    let utf_16: Vec<u8> = "\u{feff}db: {password: hunter2}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(findings(("x.yaml", old), ("x.yaml", &utf_16)).len(), 1);
}

#[test]
fn the_content_determines_the_format_if_the_name_suggests_another() {
    let yaml = format!("a: {ENC}\n{META}");
    let flat =
        format!("sops_mac={ENC}\nsops_lastmodified=2026-01-01T00:00:00Z\nsops_version=3.13.3\n");
    let dotenv = format!("A={ENC}\n{flat}");
    let ini = format!("[a]\nb = {ENC}\n[sops]\n{}", flat.replace("sops_", ""));
    let json = format!(
        "{{\"a\": \"{ENC}\", \"sops\": {{\"mac\": \"{ENC}\", \"lastmodified\": \"2026-01-01T00:00:00Z\", \"version\": \"3.13.3\"}}}}"
    );
    let formats = [
        (Format::Yaml, &yaml),
        (Format::Dotenv, &dotenv),
        (Format::Ini, &ini),
        (Format::Json, &json),
    ];
    for name in ["a", ".env.local", "a.conf", "a.yaml.old", "a.txt", "a.toml"] {
        for (format, text) in formats {
            let read = Encrypted::read(&Path::new("/").join(name), text.as_bytes());
            assert_eq!(read.map(|read| read.format), Some(format), "{name}: {text}");
        }
    }
    for (name, text, format) in [
        ("a.env", &yaml, Format::Yaml),
        ("a.yaml", &dotenv, Format::Dotenv),
        ("a.json", &ini, Format::Ini),
        ("a.ini", &json, Format::Json),
    ] {
        let read = Encrypted::read(&Path::new("/").join(name), text.as_bytes());
        assert_eq!(read.map(|read| read.format), Some(format), "{name}");
    }
    let shown = format!("An encrypted file:\n\n    a: {ENC}\n");
    assert!(Encrypted::read(Path::new("/a.md"), shown.as_bytes()).is_none());
}

#[test]
fn a_binary_file_is_recognized_without_the_suffix_of_its_name() {
    let encrypted = |path: &str| {
        let text = format!(
            "{{\"data\": \"{ENC}\", \"sops\": {{\"mac\": \"{ENC}\", \"lastmodified\": \"2026-01-01T00:00:00Z\", \"version\": \"3.13.3\"}}}}"
        );
        Encrypted::read(&Path::new("/").join(path), text.as_bytes())
            .expect("the document is encrypted")
    };
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    for (old, new, is_found) in [
        ("a/a.bin.enc", "a/a.bin", true),
        ("a/a.bin.enc", "b/a.bin", true),
        ("a.enc.bin", "a.bin", true),
        ("a.bin.sops", "a.bin", true),
        ("a.bin.encrypted", "a.bin.dec", true),
        ("a.txt.ENC", "a.txt", true),
        ("a.bin", "a.bin", true),
        ("a.bin.enc", "b.bin", false),
        ("enc", "a", false),
        ("a.bin.enc", "a", false),
        ("a.bin.enc", "A.bin", true),
        ("a-enc.bin", "a.bin", true),
        ("a_encrypted.bin", "a.bin", true),
        ("a.bin", "a-dec.bin", true),
        ("\u{e4}.bin.enc", "\u{e4}.bin", true),
        ("enc-a.bin", "b.bin", false),
    ] {
        let path = Path::new("/").join(new);
        let input = Input::new(new, &path, b"\x01hunter2");
        let findings = linter.decrypted(&input, &[encrypted(old)], "HEAD");
        assert_eq!(findings.len(), usize::from(is_found), "{old} {new}");
    }
}

#[test]
fn a_copy_next_to_its_encrypted_file_has_values_of_the_same_lengths() {
    let of = |value: &str, kind: &str| {
        let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value);
        format!("ENC[AES256_GCM,data:{data},iv:eA==,tag:eA==,type:{kind}]")
    };
    let text = format!(
        "db:\n  password: {}\n  port: {}\n  ratio: {}\n{META}",
        of("correct-horse", "str"),
        of("5432", "int"),
        of("1.5", "float"),
    );
    let encrypted = |text: &str| {
        let read = Encrypted::read(Path::new("/a/settings.yaml"), text.as_bytes());
        read.expect("the document is encrypted").staying()
    };
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    let is_found = |text: &str, new: &str, bytes: &str| {
        let path = Path::new("/a").join(new);
        let input = Input::new(new, &path, bytes.as_bytes());
        !linter
            .decrypted(&input, &[encrypted(text)], "HEAD")
            .is_empty()
    };
    let copy = "db: {password: correct-horse, port: 5432, ratio: 1.50}\n";
    // A value that may stay in plaintext by itself is one of those that were encrypted.
    let with_reference = text.replace(META, &format!("a: {}\n{META}", of("${A}", "str")));
    let copy_of_it = format!("{copy}a: ${{A}}\n");
    assert!(is_found(&with_reference, "b.yaml", &copy_of_it));
    for name in [
        "backup.yaml",
        "settings2.yaml",
        "settings.local.yaml",
        "settings.yaml.md",
        "settings-decrypted.yaml",
    ] {
        assert!(is_found(&text, name, copy), "{name}");
    }
    let json =
        "{\"db\": {\"password\": \"battery-stapl\", \"port\": 1234, \"ratio\": 2}, \"a\": 1}";
    assert!(is_found(&text, "settings.json", json));
    let longer = copy.replace("horse", "horses");
    assert!(is_found(&text, "settings-copy.yaml", &longer));
    for (name, bytes) in [
        ("dev.yaml", &*longer),
        ("dev.yaml", "db: {password: correct-horse, port: 5432}\n"),
        (
            "dev.yaml",
            "db: {password: '${PASSWORD12}', port: 5432, ratio: 1.5}\n",
        ),
        ("settings.yaml", copy),
    ] {
        assert!(!is_found(&text, name, bytes), "{name} {bytes}");
    }
    let settings = format!(
        "level: {}\nreplicas: {}\n{META}",
        of("info", "str"),
        of("3", "int")
    );
    assert!(!is_found(
        &settings,
        "dev.yaml",
        "level: warn\nreplicas: 1\n"
    ));
}

#[test]
fn defaults_next_to_an_encrypted_file_are_not_a_copy() {
    let of = |value: &str| {
        let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value);
        format!("ENC[AES256_GCM,data:{data},iv:eA==,tag:eA==,type:str]")
    };
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    let is_found = |old: [&str; 2], new: [&str; 2]| {
        let text = format!("user: {}\npassword: {}\n{META}", of(old[0]), of(old[1]));
        let encrypted = Encrypted::read(Path::new("/settings.enc.yaml"), text.as_bytes());
        let encrypted = encrypted.expect("the document is encrypted").staying();
        let plain = format!("user: {}\npassword: {}\n", new[0], new[1]);
        let input = Input::new(
            "settings.yaml",
            Path::new("/settings.yaml"),
            plain.as_bytes(),
        );
        !linter.decrypted(&input, &[encrypted], "HEAD").is_empty()
    };
    for new in [["app", "changeme"], ["dev", "dev"], ["USER", "CHANGE_ME"]] {
        assert!(!is_found(["admin", "correct-horse"], new), "{new:?}");
    }
    for (old, new) in [
        (["admin", "correct-horse"], ["admin", "correct-horse"]),
        (["admin", "correct-horse"], ["app", "battery"]),
        (["a", "1234"], ["a", "1234"]),
    ] {
        assert!(is_found(old, new), "{new:?}");
    }
}

#[test]
fn files_without_values_pass() {
    let old = "kind: Secret\nstringData:\n  password: ENC\n  user: ENC\n";
    let encrypted = format!("stringData:\n  password: {ENC}\n{META}");
    for (path, new) in [
        ("a/x.yaml", &*encrypted),
        ("a/x.yaml", ""),
        ("a/x.yaml", "\n"),
        ("a/x.yaml", "# nothing\n"),
        (
            "a/x.yaml",
            "kind: Secret\nstringData:\n  password: ${PASSWORD}\n",
        ),
        (
            "a/x.yaml",
            "kind: ExternalSecret\nspec:\n  data: [{secretKey: a}]\n",
        ),
        (
            "a/x.yaml",
            "$ANSIBLE_VAULT;1.1;AES256\n61316131613161316131613161316131613161316131613161316131613161316131613161316131\n\
             6131613161316131613161316131613161316131613161310a623262326232623262326232623262\n\
             32623262326232623262326232623262326232623262326232623262326232623262326232623262\n\
             3262326232623262320a633363336333633363336333633363336333633363336333633363336333\n\
             63336333633363336333633363336333633363336333633363336333633363336333\n",
        ),
        ("x.yaml", "kind: ConfigMap\ndata: {a: b}\n"),
        ("y.yaml", "stringData: {password: hunter2}\n"),
        (
            "a/x.yaml",
            "# sops-rs: allow plaintext-secret -- a demo\nstringData: {password: hunter2}\n",
        ),
    ] {
        let findings = findings(("a/x.yaml", old), (path, new.as_bytes()));
        assert!(findings.is_empty(), "{path} {new}");
    }
}
