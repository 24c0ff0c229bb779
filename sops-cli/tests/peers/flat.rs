//! Generated dotenv, INI and binary files, both directions.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use sops_core::rules::EncryptionRule;
use sops_core::tree::Node;
use sops_core::{Format, parse_document};

use crate::generated::for_each_seed;
use crate::peer;

fn tree(text: &str, format: Format) -> Option<Node> {
    parse_document(text, format).ok()?.to_tree(0)
}

/// The text with no second marker in comments: whenever `sops` reads a file, encrypted or not, it
/// removes one marker of `; # x`.
fn without_markers(text: &str) -> Vec<&str> {
    let is_marker = |next: char| matches!(next, '#' | ';' | ' ');
    let comment = |line: &str| line.starts_with(['#', ';']);
    text.lines()
        .map(|line| match comment(line) {
            true => line.trim_start_matches(is_marker),
            false => line,
        })
        .collect()
}

/// Whether both programs agree on one file, in both directions; an error describes the difference.
fn check(text: &str, format: Format, rule: Option<EncryptionRule>) -> Result<(), String> {
    let (ours, theirs) = peer::encrypt_both(text, format, rule.as_ref());
    // `sops` crashes on comments that begin with an empty line.
    let crashes = text
        .lines()
        .any(|line| matches!(line.trim_start_matches('\u{feff}').trim(), "#" | ";"));
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), Some(theirs)) => (ours, theirs),
        (Err(_), None) => return Ok(()),
        (Ok(ours), None)
            if crashes
                && peer::decrypt(&ours, format).is_ok_and(|back| back == text)
                && peer::sops_decrypt(&ours, format).is_ok() =>
        {
            return Ok(());
        }
        (ours, theirs) => {
            return Err(format!(
                "`sops` encrypts: {}, we: {:?}\n{text:?}",
                theirs.is_some(),
                ours.err()
            ));
        }
    };
    let back = peer::decrypt(&ours, format);
    if !back.as_deref().is_ok_and(|back| back == text) {
        return Err(format!(
            "the round trip gives\n{back:?}\nfor\n{text:?}\nby\n{ours}"
        ));
    }
    // `sops` may encrypt them and crash later.
    let Ok(expected) = peer::sops_decrypt(&theirs, format) else {
        return Ok(());
    };
    let read = peer::sops_decrypt(&ours, format).map_err(|error| {
        format!("`sops` cannot read what we made of\n{text:?}\nwhich is\n{ours}\n{error}")
    })?;
    if without_markers(&read) != without_markers(&expected) {
        return Err(format!(
            "`sops` reads in ours\n{read:?}\nand in its own\n{expected:?}\nfor\n{text:?}\nour file:\n{ours}"
        ));
    }
    let read = peer::decrypt(&theirs, format).map_err(|error| {
        format!("we cannot read what `sops` made of\n{text:?}\n{theirs}\n{error}")
    })?;
    // `sops` reads some values that it wrote as other values.
    let right = tree(text, format);
    let is_spoilt = tree(&expected, format) != right && tree(&read, format) == right;
    let has_plain_comment = theirs
        .lines()
        .any(|line| line.starts_with(['#', ';']) && !line.contains("ENC["));
    let same = match has_plain_comment {
        true => without_markers(&read) == without_markers(&expected),
        false => read == expected,
    };
    if !same && !is_spoilt {
        return Err(format!(
            "we decrypt what `sops` made of\n{text:?}\nwhich is\n{theirs}\nto\n{read:?}\nand it to\n{expected:?}"
        ));
    }
    Ok(())
}

fn rule(seed: u64) -> Option<EncryptionRule> {
    let rules = [
        EncryptionRule::EncryptedSuffix("_unencrypted".into()),
        EncryptionRule::UnencryptedRegex("[1-4]".into()),
        EncryptionRule::EncryptedRegex("[1-4]".into()),
        EncryptionRule::UnencryptedCommentRegex("^ ?[cé]".into()),
        EncryptionRule::EncryptedCommentRegex("^ ?[cé]".into()),
    ];
    rules.into_iter().nth(seed as usize % 10)
}

#[test]
fn dotenv_both_ways() {
    for_each_seed("dotenv", 4, |seed| {
        check(&sops_test_support::dotenv(seed), Format::Dotenv, rule(seed))
    });
}

#[test]
fn ini_both_ways() {
    for_each_seed("INI", 4, |seed| {
        check(&sops_test_support::ini(seed), Format::Ini, rule(seed))
    });
}

#[test]
fn binary_both_ways() {
    for_each_seed("binary", 20, |seed| {
        let mut random = StdRng::seed_from_u64(seed);
        let mut plaintext = vec![0; random.random_range(0..200)];
        random.fill_bytes(&mut plaintext);
        let theirs = peer::sops_encrypt(&plaintext, Format::Binary, &[]);
        let theirs = theirs.ok_or("`sops` refuses bytes")?;
        let ours = peer::encrypt(&plaintext, Format::Binary, |_| {});
        let ours = ours.map_err(|error| error.to_string())?;
        for encrypted in [&ours, &theirs] {
            let read = peer::sops(&["decrypt"], Format::Binary, encrypted);
            if read.stdout != plaintext {
                return Err(format!("`sops` does not read\n{encrypted}"));
            }
            let read = sops_core::decrypt(encrypted, Format::Binary, &*peer::IDENTITIES);
            if !read.as_ref().is_ok_and(|read| **read == plaintext) {
                return Err(format!("we do not read\n{encrypted}\n{:?}", read.err()));
            }
        }
        Ok(())
    });
}
