//! Random documents with random changes on both sides: the merge must equal an independent merge of
//! parsed trees. `SOPS_RS_DOCUMENTS` is the number of documents per format, and `SOPS_RS_SEED` the
//! first seed.

mod documents;
mod lists;
mod oracle;
mod text;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value as Json;
use sops_core::merge::{MergeOutcome, MergeProblem, SideName};
use sops_core::rules::EncryptionRule;
use sops_core::{Encryption, Format, MacCheck};

use self::oracle::{Oracle, bare, conflict_name};
use self::tree::{Shape, Trees};
use crate::support::{Person, Repository};

/// How many documents of each format a usual run has.
const DOCUMENTS: u64 = 150;

#[test]
fn a_merge_of_random_yaml_is_that_of_the_trees() {
    check(Format::Yaml, Shape::Nested);
}

#[test]
fn a_merge_of_random_yaml_with_several_documents_is_that_of_the_trees() {
    check(Format::Yaml, Shape::Documents);
}

#[test]
fn a_merge_of_random_json_is_that_of_the_trees() {
    check(Format::Json, Shape::Bare);
}

#[test]
fn a_merge_of_random_dotenv_is_that_of_the_trees() {
    check(Format::Dotenv, Shape::Flat);
}

#[test]
fn a_merge_of_random_ini_is_that_of_the_trees() {
    check(Format::Ini, Shape::Sections);
}

#[test]
fn a_merge_of_random_binary_files_takes_the_change() {
    let repository = Repository::new(Format::Binary);
    let mut random = StdRng::seed_from_u64(number("SOPS_RS_SEED").unwrap_or(1));
    for _ in 0..number("SOPS_RS_DOCUMENTS").unwrap_or(DOCUMENTS) {
        let [base, ours, theirs] = [0; 3].map(|_| {
            let length = random.random_range(0..3);
            (0..length)
                .map(|_| random.random_range(0..3) * 127)
                .collect::<Vec<u8>>()
        });
        let encrypted = repository.encrypt(&base);
        let sides = [&ours, &theirs].map(|text| repository.edit(&encrypted, text));
        let outcome = repository.merge(Some(&encrypted), &sides[0], &sides[1]);
        let expected = match () {
            () if ours == theirs || theirs == base => Some(&ours),
            () if ours == base => Some(&theirs),
            () => None,
        };
        let context = format!("{base:?} {ours:?} {theirs:?}");
        assert_eq!(outcome.problems.is_empty(), expected.is_some(), "{context}");
        if let Some(expected) = expected {
            let identities = &repository.ann.identities;
            let merged = sops_core::decrypt(&outcome.text, Format::Binary, identities);
            assert_eq!(&*merged.expect("Ann has a key"), expected, "{context}");
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(format: Format, shape: Shape) {
    let first = number("SOPS_RS_SEED").unwrap_or(1);
    let count = number("SOPS_RS_DOCUMENTS").unwrap_or(DOCUMENTS);
    let repository = Repository::new(format);
    let outcomes: Vec<Checked> = (first..first + count)
        .map(|seed| check_one(&repository, shape, seed))
        .collect();
    let number = |kind: Checked| outcomes.iter().filter(|outcome| **outcome == kind).count();
    // Both clean and conflicting merges are tested, and layouts that do not fit together are rare.
    assert!(count < 20 || number(Checked::Clean) > 0 && number(Checked::Conflicting) > 0);
    assert!(number(Checked::Whole) * 100 <= outcomes.len());
}

/// An encrypted file with random settings and key groups.
fn encrypt(repository: &Repository, plaintext: &str, random: &mut StdRng) -> String {
    let ann = repository.ann.key.clone();
    let other = Person::new().key;
    let mut settings = match random.random_range(0..4) {
        0 => {
            let groups = vec![vec![ann.clone(), other.clone()], vec![other, ann]];
            Encryption::to_key_groups(groups, Some(2))
        }
        1 => Encryption::to([ann, other]),
        _ => Encryption::to([ann]),
    };
    settings = match random.random_range(0..4) {
        0 => settings.with_rule(EncryptionRule::EncryptedRegex("^[kK][0-5]$".into())),
        1 => settings.with_rule(EncryptionRule::UnencryptedRegex("^[kK](1|3|11)$".into())),
        _ => settings,
    };
    settings = settings
        .with_mac_only_encrypted(random.random_range(0..3) == 0)
        .allowing_plaintext(true);
    settings.now = repository.tick();
    sops_core::encrypt(plaintext, repository.format, &settings).expect("the text is encrypted")
}

/// The kind of a merge that is as expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    Clean,
    Conflicting,
    /// The layouts of both sides do not fit together, so more than the values conflicts.
    Whole,
}

fn check_one(repository: &Repository, shape: Shape, seed: u64) -> Checked {
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

    let base = encrypt(repository, &base, &mut random);
    if !base.contains("sops") {
        // The rule selects nothing.
        return Checked::Clean;
    }
    let (ours, theirs) = (
        repository.edit(&base, &ours),
        repository.edit(&base, &theirs),
    );
    let outcome = repository.merge(Some(&base), &ours, &theirs);

    let oracle = |side| Oracle::merge(&trees.base, &trees.ours, &trees.theirs, side);
    let expected = oracle(SideName::Ours);
    let mut found = conflicts(&outcome);
    if found.remove("everything") && !expected.conflicts.contains("everything") {
        assert!(String::from_utf8_lossy(&outcome.text).contains("<<<<<<<"));
        return Checked::Whole;
    }
    found = conflicts(&outcome);
    assert_eq!(found, expected.conflicts, "{context}");
    let has_conflicts = !expected.conflicts.is_empty();
    let sides = [SideName::Ours, SideName::Theirs];
    if sides.iter().any(|side| documents(&oracle(*side).tree) == 0) {
        // A file without documents cannot be encrypted.
        assert!(found.contains("everything"), "{context}");
        return Checked::Conflicting;
    }
    let text = std::str::from_utf8(&outcome.text).expect("an encrypted file is text");
    assert_eq!(text.contains("<<<<<<<"), has_conflicts, "{context}{text}");
    let (of_ours, of_theirs) = halves(text);
    let is = |plaintext: &str, expected: &Json| {
        let context = format!("{context}=== merged\n{plaintext}");
        let merged = text::parse(format, plaintext, shape == Shape::Documents);
        assert_eq!(merged, bare(expected), "{context}");
        // A comment may stay above a mapping that has become empty.
        if !plaintext.contains("{}") {
            let comments = text::comments_of_text(plaintext);
            assert_eq!(comments, text::comments_of_tree(expected), "{context}");
        }
    };
    is(&repository.decrypt(&of_ours), &expected.tree);
    let mut number = documents(&expected.tree);
    if has_conflicts {
        let expected = oracle(SideName::Theirs);
        is(&without_mac(repository, &of_theirs), &expected.tree);
        number = number.max(documents(&expected.tree));
    }
    // Two versions of a document have values that neither side has twice.
    let is_copied = number > documents(&trees.ours).max(documents(&trees.theirs))
        || has_copies(&expected.tree, [&trees.ours, &trees.theirs]);
    if !(shape == Shape::Documents && has_conflicts || is_copied) {
        assert_kept(&outcome, [&ours, &theirs], has_conflicts, &context);
    }
    match has_conflicts {
        true => Checked::Conflicting,
        false => Checked::Clean,
    }
}

/// Whether a string that is unique in each side occurs more often in the merged tree.
fn has_copies(merged: &Json, sides: [&Json; 2]) -> bool {
    let count = |tree: &Json| {
        let mut texts = BTreeMap::new();
        count_texts(tree, &mut texts);
        texts
    };
    let in_sides = sides.map(count);
    let most = |text: &str| {
        let counts = in_sides.iter().map(|side| side.get(text).copied());
        counts.max().flatten().unwrap_or_default()
    };
    count(merged)
        .iter()
        .any(|(text, number)| *number > most(text))
}

fn count_texts(tree: &Json, texts: &mut BTreeMap<String, usize>) {
    match tree {
        Json::Object(map) => map.values().for_each(|value| count_texts(value, texts)),
        Json::Array(items) => items.iter().for_each(|item| count_texts(item, texts)),
        Json::String(text) if text.starts_with("value ") || text.starts_with("about ") => {
            *texts.entry(text.clone()).or_default() += 1;
        }
        _ => {}
    }
}

/// The number of documents.
fn documents(tree: &Json) -> usize {
    tree.as_array().map_or(1, Vec::len)
}

/// The places of the conflicts.
fn conflicts(outcome: &MergeOutcome) -> BTreeSet<String> {
    let problems = outcome.problems.iter();
    let names = problems.map(|problem| match problem {
        MergeProblem::Conflict(conflict) => {
            let path = conflict.path.as_ref().map(ToString::to_string);
            conflict_name(conflict.document, &path.unwrap_or_default())
        }
        problem => format!("{problem:?}"),
    });
    names.collect()
}

/// Our side and their side of a file with conflict markers.
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
fn assert_kept(outcome: &MergeOutcome, sides: [&str; 2], has_conflicts: bool, context: &str) {
    let merged = String::from_utf8_lossy(&outcome.text).into_owned();
    let sides: BTreeSet<&str> = sides.into_iter().flat_map(ciphertexts).collect();
    let new = ciphertexts(&merged).filter(|text| !sides.contains(text));
    // A comment may belong to another container in one half than in the other, and then has other
    // additional data.
    let new = new.filter(|text| !has_conflicts || !text.ends_with("type:comment"));
    let new: BTreeSet<&str> = new.collect();
    assert!(new.len() <= 2, "{context}{new:#?}");
}

fn ciphertexts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.match_indices("ENC[AES256_GCM");
    parts.map(|(at, _)| &text[at..at + text[at..].find(']').expect("a ciphertext ends")])
}
