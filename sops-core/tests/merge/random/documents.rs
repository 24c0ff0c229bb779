//! Documents, or items of a list, that both sides change, add, remove and move: a clean merge
//! merges each one with itself. The test knows which one is which; the library only sees text.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::index::sample;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value as Json, json};
use sops_core::Format;
use sops_core::merge::SideName;

use super::oracle::{Oracle, bare};
use super::{number, text};
use crate::support::Repository;

/// How many streams a usual run has.
const STREAMS: u64 = 400;

/// How many keys documents are made of.
const KEYS: usize = 9;

/// The minimum number of entries of a document, which shares at most one of them with another
/// document. If documents shared half of their entries, replacing one would look like an edit.
const FEWEST: usize = 3;

/// A document with a number that only the test knows.
#[derive(Clone)]
struct Tracked {
    id: u32,
    tree: Json,
}

/// The stream of one version.
type Stream = Vec<Tracked>;

/// What a stream consists of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Documents,
    /// Items of a list with names. Without a name, an item is also identified by its number, and
    /// nothing distinguishes a changed item from its replacement.
    Items,
}

struct Author<'r> {
    random: &'r mut StdRng,
    count: u32,
    kind: Kind,
}

impl Author<'_> {
    fn unique(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    fn value(&mut self) -> Json {
        json!(format!("value {}", self.unique()))
    }

    fn key(&mut self) -> String {
        format!("k{}", self.random.random_range(0..KEYS))
    }

    fn document(&mut self) -> Tracked {
        let id = self.unique();
        let mut tree = match self.kind {
            Kind::Documents if self.random.random_range(0..3) == 0 => {
                json!({"kind": "Secret", "metadata": {"name": format!("n{id}")}})
            }
            Kind::Items => json!({"name": format!("n{id}")}),
            Kind::Documents => json!({}),
        };
        if self.random.random_range(0..2) == 0 {
            tree["common"] = json!(format!("common {}", self.random.random_range(0..2)));
        }
        let number = self.random.random_range(FEWEST..7);
        for key in sample(self.random, KEYS, number) {
            tree[format!("k{key}")] = self.value();
        }
        Tracked { id, tree }
    }

    fn change(&mut self, stream: &mut Stream) {
        let at = self.random.random_range(0..stream.len());
        let key = self.key();
        match self.random.random_range(0..12) {
            0 | 1 if stream.len() > 1 => drop(stream.remove(at)),
            2 | 3 => {
                let document = self.document();
                stream.insert(self.random.random_range(0..=stream.len()), document);
            }
            4 => {
                let document = stream.remove(at);
                stream.insert(self.random.random_range(0..=stream.len()), document);
            }
            5 | 6 => {
                let map = stream[at].tree.as_object_mut().expect("it is a mapping");
                if map.len() > FEWEST {
                    map.shift_remove(&key);
                }
            }
            // Changes or adds a key.
            _ => stream[at].tree[key] = self.value(),
        }
    }
}

/// The documents that a merge of each with itself gives; `None` if that conflicts.
fn expected(base: &Stream, ours: &Stream, theirs: &Stream) -> Option<Vec<Json>> {
    let by_id = |stream: &Stream| -> BTreeMap<u32, Json> {
        let documents = stream.iter();
        documents
            .map(|document| (document.id, document.tree.clone()))
            .collect()
    };
    let [base, ours, theirs] = [base, ours, theirs].map(by_id);
    let ids: BTreeSet<&u32> = ours.keys().chain(theirs.keys()).collect();
    let mut merged = Vec::new();
    for id in ids {
        match (base.get(id), ours.get(id), theirs.get(id)) {
            (Some(base), Some(ours), Some(theirs)) => {
                let document = Oracle::merge(base, ours, theirs, SideName::Ours);
                if !document.conflicts.is_empty() {
                    return None;
                }
                merged.push(bare(&document.tree));
            }
            (Some(base), Some(side), None) | (Some(base), None, Some(side)) => {
                if base != side {
                    return None;
                }
            }
            (None, Some(side), _) | (None, None, Some(side)) => merged.push(bare(side)),
            (Some(_), None, None) => {}
            (None, None, None) => unreachable!("a side has the document"),
        }
    }
    Some(sorted(merged))
}

fn sorted(mut documents: Vec<Json>) -> Vec<Json> {
    documents.sort_by_key(Json::to_string);
    documents
}

#[test]
fn documents_are_merged_with_themselves_or_conflict() {
    check(Kind::Documents);
}

#[test]
fn items_are_merged_with_themselves_or_conflict() {
    check(Kind::Items);
}

fn check(kind: Kind) {
    let repository = Repository::new(Format::Yaml);
    let first = number("SOPS_RS_SEED").unwrap_or(1);
    let streams = number("SOPS_RS_DOCUMENTS").unwrap_or(STREAMS);
    let (mut possible, mut clean) = (0, 0);
    for seed in first..first + streams {
        let mut random = StdRng::seed_from_u64(seed);
        let style = text::Style::new(&mut random);
        let mut author = Author {
            random: &mut random,
            count: 0,
            kind,
        };
        let base: Stream = (0..author.random.random_range(1..5))
            .map(|_| author.document())
            .collect();
        let mut side = || {
            let mut stream = base.clone();
            for _ in 0..author.random.random_range(1..6) {
                author.change(&mut stream);
            }
            stream
        };
        let (ours, theirs) = (side(), side());
        let are_single = [&base, &ours, &theirs].map(Vec::len) == [1; 3];
        if are_single && kind == Kind::Documents {
            // The entries of a file with one document are merged by key.
            continue;
        }
        let texts = [&base, &ours, &theirs].map(|stream| {
            let trees = stream.iter().map(|document| document.tree.clone());
            let trees: Json = trees.collect();
            match kind {
                Kind::Documents => text::write(Format::Yaml, &trees, style),
                Kind::Items => text::write(Format::Yaml, &json!({"l": trees}), style),
            }
        });
        let [of_base, of_ours, of_theirs] = &texts;
        let encrypted = repository.encrypt(of_base);
        let sides = [of_ours, of_theirs].map(|text| repository.edit(&encrypted, text));
        let outcome = repository.merge(Some(&encrypted), &sides[0], &sides[1]);
        let expected = expected(&base, &ours, &theirs);
        possible += usize::from(expected.is_some());
        if !outcome.problems.is_empty() {
            assert!(String::from_utf8_lossy(&outcome.text).contains("<<<<<<<"));
            continue;
        }
        let merged = repository.decrypt(&outcome.text);
        let context = format!(
            "SOPS_RS_SEED={seed}\n{of_base}\n=== ours\n{of_ours}\n=== theirs\n{of_theirs}\n=== merged\n{merged}"
        );
        let documents = match kind {
            Kind::Documents => text::parse(Format::Yaml, &merged, true),
            Kind::Items => text::parse(Format::Yaml, &merged, false)["l"].clone(),
        };
        let documents = documents.as_array().expect("it is a stream").iter();
        let documents = documents.map(bare).collect();
        let expected = expected.unwrap_or_else(|| panic!("this must conflict: {context}"));
        assert_eq!(sorted(documents), expected, "{context}");
        clean += 1;
    }
    // A merge that always conflicts would be right too.
    println!("{clean} of {possible} possible merges are clean");
    assert!(
        streams < 20 || clean * 10 >= possible * 7,
        "{clean} of {possible}"
    );
}
