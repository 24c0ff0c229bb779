//! Random documents with random changes on both sides: the merge is what an independent merge of
//! parsed trees gives. `SOPS_RS_DOCUMENTS` is their number per format, `SOPS_RS_SEED` the first.

mod oracle;
mod text;
mod tree;

use std::collections::BTreeSet;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value as Json;
use sops_core::merge::{MergeOutcome, SideName};
use sops_core::{Format, MacCheck};

use self::oracle::Oracle;
use self::tree::{Shape, Trees};
use crate::support::{Repository, paths};

/// How many documents of each format a usual run has.
const DOCUMENTS: u64 = 150;

#[test]
fn a_merge_of_random_yaml_is_that_of_the_trees() {
    check(Format::Yaml, Shape::Nested);
}

#[test]
fn a_merge_of_random_json_is_that_of_the_trees() {
    check(Format::Json, Shape::Nested);
}

#[test]
fn a_merge_of_random_dotenv_is_that_of_the_trees() {
    check(Format::Dotenv, Shape::Flat);
}

#[test]
fn a_merge_of_random_ini_is_that_of_the_trees() {
    check(Format::Ini, Shape::Sections);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(format: Format, shape: Shape) {
    let first = number("SOPS_RS_SEED").unwrap_or(1);
    let count = number("SOPS_RS_DOCUMENTS").unwrap_or(DOCUMENTS);
    let repository = Repository::new(format);
    let mut conflicting = 0;
    for seed in first..first + count {
        conflicting += u64::from(check_one(&repository, shape, seed));
    }
    // Both kinds of merges are tested.
    assert!(count < 20 || conflicting > 0 && conflicting < count);
}

/// Whether the merge of this seed has conflicts.
fn check_one(repository: &Repository, shape: Shape, seed: u64) -> bool {
    let format = repository.format;
    let mut random = StdRng::seed_from_u64(seed);
    let trees = Trees::new(shape, &mut random);
    let style = text::Style::new(&mut random);
    let base = text::write(format, &trees.base, style);
    let ours = text::write(format, &trees.ours, style);
    let theirs_style = style.changed(&mut random);
    let theirs = text::write(format, &trees.theirs, theirs_style);
    let context =
        format!("SOPS_RS_SEED={seed} {format:?}\n{base}\n=== ours\n{ours}\n=== theirs\n{theirs}\n");

    let base = repository.encrypt(&base);
    let (ours, theirs) = (
        repository.edit(&base, &ours),
        repository.edit(&base, &theirs),
    );
    let outcome = repository.merge(Some(&base), &ours, &theirs);

    let oracle = |side| Oracle::merge(&trees.base, &trees.ours, &trees.theirs, side);
    let expected = oracle(SideName::Ours);
    let conflicts: BTreeSet<String> = paths(&outcome).into_iter().collect();
    assert_eq!(conflicts, expected.conflicts, "{context}");
    let text = std::str::from_utf8(&outcome.text).expect("an encrypted file is text");
    let (of_ours, of_theirs) = halves(text);
    let plaintext = repository.decrypt(&of_ours);
    assert_eq!(
        parse(format, &plaintext),
        expected.tree,
        "{context}=== merged\n{plaintext}"
    );
    assert_kept(&outcome, &ours, &theirs, &context);
    if conflicts.is_empty() {
        return false;
    }
    let plaintext = without_mac(repository, &of_theirs);
    let expected = oracle(SideName::Theirs);
    assert_eq!(
        parse(format, &plaintext),
        expected.tree,
        "{context}=== merged\n{plaintext}"
    );
    true
}

/// The texts of our side and their side in a file with conflict markers.
fn halves(text: &str) -> (String, String) {
    let (mut ours, mut theirs) = (String::new(), String::new());
    let (mut in_ours, mut in_theirs) = (true, true);
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            "<<<<<<< HEAD" => in_theirs = false,
            "=======" => (in_ours, in_theirs) = (false, true),
            ">>>>>>> topic" => in_ours = true,
            _ => {
                for (text, _) in [(&mut ours, in_ours), (&mut theirs, in_theirs)]
                    .into_iter()
                    .filter(|(_, is_in)| *is_in)
                {
                    text.push_str(line);
                }
            }
        }
    }
    (ours, theirs)
}

/// The plaintext of their side, which has the MAC of our side.
fn without_mac(repository: &Repository, encrypted: &str) -> String {
    let document = repository.parse(encrypted);
    let key = document
        .data_key(&repository.ann.identities)
        .expect("Ann has a key");
    let decrypted = document
        .decrypt(&key, MacCheck::Ignore)
        .expect("the values are whole");
    String::from_utf8(decrypted.plaintext.to_vec()).expect("the plaintext is text")
}

/// Asserts that every ciphertext comes from one of the sides, except the MAC and the source forms.
fn assert_kept(outcome: &MergeOutcome, ours: &str, theirs: &str, context: &str) {
    let merged = String::from_utf8_lossy(&outcome.text).into_owned();
    let sides: BTreeSet<&str> = [ours, theirs].into_iter().flat_map(ciphertexts).collect();
    let new = ciphertexts(&merged).filter(|text| !sides.contains(text));
    let new: BTreeSet<&str> = new.collect();
    assert!(new.len() <= 2, "{context}{merged}\n{new:#?}");
}

fn ciphertexts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.match_indices("ENC[AES256_GCM");
    parts.map(|(at, _)| &text[at..at + text[at..].find(']').expect("a ciphertext ends")])
}

/// Reads a plaintext with other parsers than the library's.
fn parse(format: Format, text: &str) -> Json {
    match format {
        Format::Yaml => {
            serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
        }
        Format::Json => {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
        }
        Format::Ini => text::parse_ini(text),
        _ => text::parse_dotenv(text),
    }
}
