//! Documents as people write them, with all kinds of values, comments and layout: two edits of
//! different values merge to the result of both edits made in turn, byte by byte.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sops_core::{Component, Format, KeyPath, parse_document};
use sops_test_support::Features;

use crate::support::Repository;

/// How many documents of each kind are tried.
const DOCUMENTS: u64 = 150;

#[derive(Clone)]
enum Edit {
    Set(KeyPath, String),
    Remove(KeyPath),
}

impl Edit {
    fn apply(&self, text: &[u8], format: Format) -> Option<Vec<u8>> {
        let document = parse_document(text, format).ok()?;
        let edited = match self {
            Self::Set(path, value) => document.set(path, &value.as_str().into()).ok()??,
            Self::Remove(path) => document.unset(path).ok()?,
        };
        Some(edited.to_vec())
    }

    fn path(&self) -> &KeyPath {
        match self {
            Self::Set(path, _) | Self::Remove(path) => path,
        }
    }
}

/// The key paths of the values in `text`.
fn paths(text: &str, format: Format) -> Vec<KeyPath> {
    let Ok(document) = parse_document(text, format) else {
        return Vec::new();
    };
    let component = |step: String| match step
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(number) => number
            .parse()
            .map_or(Component::Key(step.clone()), Component::Index),
        None => Component::Key(step),
    };
    let scalars = document.scalars().map(|node| node.path());
    scalars
        .filter_map(|path| KeyPath::new(path.into_iter().map(component)))
        .collect()
}

fn edit(paths: &[KeyPath], random: &mut StdRng, name: &str) -> Option<Edit> {
    let path = paths.choose(random)?.clone();
    let in_list = path
        .components()
        .iter()
        .any(|part| matches!(part, Component::Index(_)));
    Some(match random.random_range(0..4) {
        0 if !in_list => Edit::Remove(path),
        1 => {
            let mut components = path.components().to_vec();
            components.pop();
            components.push(Component::Key(name.to_owned()));
            let is_entry = matches!(path.components().last(), Some(Component::Key(_)));
            match is_entry {
                true => Edit::Set(KeyPath::new(components)?, format!("new {name}")),
                false => Edit::Set(path, format!("changed {name}")),
            }
        }
        _ => Edit::Set(path, format!("changed {name}")),
    })
}

fn check(format: Format, generate: impl Fn(u64) -> String) {
    let repository = Repository::new(format);
    let (mut tried, mut other_text, mut wrong) = (0, Vec::new(), Vec::new());
    for seed in 0..DOCUMENTS {
        let base = generate(seed);
        let mut random = StdRng::seed_from_u64(seed);
        let paths = paths(&base, format);
        let Some(ours) = edit(&paths, &mut random, "nameA") else {
            continue;
        };
        let Some(theirs) = edit(&paths, &mut random, "nameB") else {
            continue;
        };
        if ours.path() == theirs.path() {
            continue;
        }
        let text_of = |edit: &Edit| edit.apply(base.as_bytes(), format);
        let (Some(of_ours), Some(of_theirs)) = (text_of(&ours), text_of(&theirs)) else {
            continue;
        };
        let Some(expected) = theirs.apply(&of_ours, format) else {
            continue;
        };
        let Ok(encrypted) = repository.try_encrypt(&base) else {
            continue;
        };
        let (Ok(left), Ok(right)) = (
            repository.try_edit(&encrypted, &of_ours),
            repository.try_edit(&encrypted, &of_theirs),
        ) else {
            continue;
        };
        tried += 1;
        let outcome = repository.merge(Some(&encrypted), &left, &right);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let context = || {
            format!(
                "seed {seed}\n{base}\n=== ours\n{}\n=== theirs\n{}\n",
                shown(&of_ours),
                shown(&of_theirs)
            )
        };
        if !outcome.problems.is_empty() {
            wrong.push(format!("{}{:?}", context(), outcome.problems));
            continue;
        }
        let merged = repository.decrypt(&outcome.text);
        let tree = |text: &[u8]| {
            parse_document(text, format)
                .ok()
                .map(|document| document.trees().collect::<Vec<_>>())
        };
        if merged.as_bytes() == expected {
            continue;
        }
        let report = format!(
            "{}=== expected\n{}\n=== merged\n{merged}",
            context(),
            shown(&expected)
        );
        match tree(merged.as_bytes()) == tree(&expected) {
            true => other_text.push(report),
            false => wrong.push(report),
        }
    }
    let shortest = |reports: &[String]| {
        reports
            .iter()
            .min_by_key(|text| text.len())
            .cloned()
            .unwrap_or_default()
    };
    assert!(
        wrong.is_empty(),
        "{} of {tried}, the shortest:\n{}",
        wrong.len(),
        shortest(&wrong)
    );
    // Next to a removed entry, spaces and brackets may go with either neighbor.
    assert!(
        other_text.len() * 10 < tried,
        "{} of {tried}, the shortest:\n{}",
        other_text.len(),
        shortest(&other_text)
    );
    assert!(tried > 30, "only {tried} merges were tried");
}

#[test]
fn yaml_of_all_kinds() {
    let features = Features {
        documents: false,
        ..Features::ALL
    };
    check(Format::Yaml, |seed| sops_test_support::yaml(seed, features));
}

#[test]
fn yaml_in_flow_style() {
    check(Format::Yaml, sops_test_support::yaml_in_flow_style);
}

#[test]
fn json() {
    check(Format::Json, sops_test_support::json);
}

#[test]
fn dotenv() {
    check(Format::Dotenv, sops_test_support::dotenv);
}

#[test]
fn ini() {
    check(Format::Ini, sops_test_support::ini);
}
