//! Disguised Secrets that `sops` encrypts. Lint accepts the encrypted form unless it still contains
//! the value.

use std::path::Path;

use sops_core::config::Config;
use sops_core::{EncryptedDocument, Format};
use sops_lint::{Input, Linter, Settings};
use sops_test_support::disguise::{Disguise, disguises};

use crate::peer::{recipient, sops_encrypt};

#[test]
fn files_that_sops_encrypts_pass_the_lint() {
    let root = Path::new("/repo");
    let rules = format!(
        "creation_rules:\n- path_regex: ^secrets/\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    let config = Config::parse(rules.as_bytes(), &root.join(".sops.yaml"), root);
    let config = config.expect("the input is valid");
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    let flags = ["--encrypted-regex", "^(data|stringData)$"];
    let (mut encrypted, mut wrong) = (0, Vec::new());
    for Disguise { path, bytes } in disguises() {
        let absolute = root.join(&path);
        let format = Format::from_path(&absolute);
        let Some(text) = sops_encrypt(&bytes, format, &flags) else {
            continue;
        };
        // An unreadable file, such as one with a duplicate key, is reported for that reason.
        if EncryptedDocument::parse(&text, format).is_err() {
            continue;
        }
        encrypted += 1;
        let linted =
            linter.lint(&Input::new(&path, &absolute, text.as_bytes()).with_config(&config));
        let rules = ["SL010", "SL011", "SL014"];
        let findings = linted.findings.iter();
        let is_refused = findings.clone().any(|one| rules.contains(&one.rule.code));
        // In some, the encrypted form does not show that an anchor had a value of the Secret, or a
        // field that a Secret does not have holds another value. In others, SOPS leaves the value
        // as it is: in the name of a key or section, or in base64 under a key that the rule does
        // not select.
        let is_other = [
            "aliased-value",
            "alias-as-key",
            "byte-order-mark-in-a-document",
            "flow-with-a-comment.env",
            "as-a-section.ini",
            "in-base64.yaml",
        ];
        let is_other = is_other.iter().any(|other| path.contains(other));
        if is_refused != Disguise::shows_value(text.as_bytes()) && !is_other {
            let messages: Vec<_> = findings.map(|one| &one.message).collect();
            wrong.push(format!("{path}: {messages:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(encrypted >= 50, "{encrypted}");
}
