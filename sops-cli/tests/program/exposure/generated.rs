//! Random histories, in which it is known who could read which value.
//!
//! `SOPS_RS_HISTORIES` is their number, and `SOPS_RS_SEED` the first seed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::num::NonZero;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::SystemTime;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sops_core::keys::age::generate_x25519;
use sops_core::keys::{Identities, MasterKey};
use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, encrypt};
use sops_test_support::environment::{identity, recipient};

use super::Repository;

/// The default number of histories.
const HISTORIES: u64 = 25;

/// The number of commits of a history.
const STEPS: usize = 18;

/// The number of users in a history. The first one runs the command.
const PEOPLE: usize = 4;

/// A version of a file.
#[derive(Clone)]
struct File {
    text: String,
    /// The users of each key group. Each group is needed.
    groups: Vec<Vec<usize>>,
    /// The number of the data key.
    data_key: usize,
    values: BTreeMap<String, String>,
}

struct Commit {
    parents: Vec<usize>,
    files: BTreeMap<String, File>,
}

/// A history and its random choices.
struct World {
    random: StdRng,
    keys: Vec<MasterKey>,
    identities: Identities,
    commits: Vec<Commit>,
    data_keys: usize,
    values: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let others = (1..PEOPLE).map(|_| MasterKey::from(generate_x25519().recipient));
        let own = MasterKey::Age {
            recipient: recipient(),
        };
        let mut identities = Identities::new();
        let added = identities.add_keys("keys.txt", identity().as_bytes());
        added.expect("the test key is valid");
        Self {
            random: StdRng::seed_from_u64(seed),
            keys: [own].into_iter().chain(others).collect(),
            identities,
            commits: vec![Commit {
                parents: Vec::new(),
                files: BTreeMap::new(),
            }],
            data_keys: 0,
            values: 0,
        }
    }

    /// A value that was used before, or a new one.
    fn value(&mut self) -> String {
        if self.values == 0 || self.random.random_bool(0.6) {
            self.values += 1;
        }
        let number = self.random.random_range(0..self.values);
        format!(
            "value-{}-",
            if self.random.random_bool(0.5) {
                self.values - 1
            } else {
                number
            }
        )
    }

    /// Key groups that the first user can open.
    fn groups(&mut self) -> Vec<Vec<usize>> {
        let count = if self.random.random_bool(0.2) { 2 } else { 1 };
        let mut group = || {
            let others = (1..PEOPLE).filter(|_| self.random.random_bool(0.4));
            [0].into_iter().chain(others).collect::<Vec<usize>>()
        };
        (0..count).map(|_| group()).collect()
    }

    fn master_keys(&self, groups: &[Vec<usize>]) -> Vec<Vec<MasterKey>> {
        let groups = groups.iter();
        groups
            .map(|people| {
                people
                    .iter()
                    .map(|person| self.keys[*person].clone())
                    .collect()
            })
            .collect()
    }

    /// A new file with these values.
    fn encrypted(&mut self, groups: Vec<Vec<usize>>, values: BTreeMap<String, String>) -> File {
        let encryption = Encryption::to_key_groups(self.master_keys(&groups), None);
        let text = encrypt(&yaml(&values), Format::Yaml, &encryption).expect("it is encrypted");
        self.data_keys += 1;
        File {
            text,
            groups,
            data_key: self.data_keys,
            values,
        }
    }

    /// Changes a file with its data key, as an editor does.
    fn edited(&self, file: &File, values: BTreeMap<String, String>) -> File {
        let document = EncryptedDocument::parse(&file.text, Format::Yaml).expect("it is encrypted");
        let key = document
            .data_key(&self.identities)
            .expect("the runner has a key");
        let open = document
            .open(key, MacCheck::Require)
            .expect("it is unaltered");
        let text = open.encrypt(yaml(&values).as_bytes(), SystemTime::now());
        File {
            text: text.expect("it is encrypted"),
            values,
            ..file.clone()
        }
    }

    /// Changes the recipients, but not the data key.
    fn shared(&self, file: &File, groups: Vec<Vec<usize>>) -> File {
        let document = EncryptedDocument::parse(&file.text, Format::Yaml).expect("it is encrypted");
        let key = document
            .data_key(&self.identities)
            .expect("the runner has a key");
        let keys = self.master_keys(&groups);
        let text = document.with_key_groups(&key, &keys, None, &self.identities, SystemTime::now());
        File {
            text: text.expect("the keys are valid"),
            groups,
            ..file.clone()
        }
    }

    fn step(&mut self) {
        let latest = self.commits.len() - 1;
        // Some commits continue an older one, so there are branches.
        let parent = match self.random.random_bool(0.8) {
            true => latest,
            false => self.random.random_range(0..=latest),
        };
        let mut files = self.commits[parent].files.clone();
        let mut parents = vec![parent];
        let names: Vec<String> = files.keys().cloned().collect();
        let name = names.choose(&mut self.random).cloned();
        match (self.random.random_range(0..10), name) {
            (0, _) if latest > 2 => {
                let other = self.random.random_range(1..=latest);
                if other != parent {
                    parents.push(other);
                }
                for (name, file) in self.commits[other].files.clone() {
                    if self.random.random_bool(0.5) {
                        files.insert(name, file);
                    }
                }
            }
            (1, Some(name)) => {
                let file = files.remove(&name).expect("it is there");
                let new = format!("{}.yaml", self.random.random_range(0..6));
                files.insert(new, file);
            }
            (2, Some(name)) => {
                let groups = self.groups();
                let shared = self.shared(&files[&name], groups);
                files.insert(name, shared);
            }
            // Another program encrypts the file again, or it is rotated.
            (3 | 4, Some(name)) => {
                let file = files[&name].clone();
                let groups = match self.random.random_bool(0.5) {
                    true => file.groups,
                    false => self.groups(),
                };
                let encrypted = self.encrypted(groups, file.values);
                files.insert(name, encrypted);
            }
            (5, Some(name)) => {
                files.remove(&name);
            }
            (6..=8, Some(name)) => {
                let mut values = files[&name].values.clone();
                let key = format!("k{}", self.random.random_range(0..3));
                match values.len() > 1 && self.random.random_bool(0.3) {
                    true => drop(values.pop_last()),
                    false => drop(values.insert(key, self.value())),
                }
                let edited = self.edited(&files[&name], values);
                files.insert(name, edited);
            }
            _ => {
                let (groups, value) = (self.groups(), self.value());
                let values = BTreeMap::from([("k0".to_owned(), value)]);
                let file = self.encrypted(groups, values);
                let new = format!("{}.yaml", self.random.random_range(0..6));
                files.insert(new, file);
            }
        }
        self.commits.push(Commit { parents, files });
    }

    /// The commands of `git fast-import`. Every commit is on a branch; the last one is on `main`.
    fn import(&self) -> String {
        let mut stream = String::new();
        for (number, commit) in self.commits.iter().enumerate() {
            let _ = write!(
                stream,
                "commit refs/heads/b{number}\nmark :{}\ncommitter t <t@example.com> {} +0000\ndata 1\nx\n",
                number + 1,
                1_700_000_000 + number
            );
            for (index, parent) in commit.parents.iter().enumerate() {
                let word = if index == 0 { "from" } else { "merge" };
                let _ = writeln!(stream, "{word} :{}", parent + 1);
            }
            stream.push_str("deleteall\n");
            for (name, file) in &commit.files {
                let text = &file.text;
                let _ = write!(
                    stream,
                    "M 100644 inline {name}\ndata {}\n{text}\n",
                    text.len()
                );
            }
        }
        let _ = write!(
            stream,
            "reset refs/heads/main\nfrom :{}\n",
            self.commits.len()
        );
        stream
    }

    /// The values that someone could read.
    fn known_to(&self, person: usize) -> BTreeSet<&str> {
        let files = || self.commits.iter().flat_map(|commit| commit.files.values());
        let is_reader = |file: &&File| file.groups.iter().all(|group| group.contains(&person));
        let data_keys: BTreeSet<usize> = files()
            .filter(is_reader)
            .map(|file| file.data_key)
            .collect();
        let readable = files().filter(|file| data_keys.contains(&file.data_key));
        readable
            .flat_map(|file| file.values.values().map(String::as_str))
            .collect()
    }

    /// For each value of each commit, the commit since which it has existed without a gap.
    fn since(&self) -> Vec<HashMap<&str, usize>> {
        let mut all: Vec<HashMap<&str, usize>> = Vec::new();
        for (number, commit) in self.commits.iter().enumerate() {
            let values = commit.files.values().flat_map(|file| file.values.values());
            let since = values.map(|value| {
                let mut parents = commit.parents.iter();
                let earlier = parents.find_map(|parent| all[*parent].get(&**value).copied());
                (&**value, earlier.unwrap_or(number))
            });
            let since = since.collect();
            all.push(since);
        }
        all
    }
}

fn yaml(values: &BTreeMap<String, String>) -> String {
    let lines = values
        .iter()
        .map(|(key, value)| format!("{key}: {value}\n"));
    lines.collect()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn exposure_is_what_people_could_read() {
    let first = number("SOPS_RS_SEED").unwrap_or_else(rand::random);
    let count = number("SOPS_RS_HISTORIES").unwrap_or(HISTORIES);
    let next = AtomicU64::new(0);
    let run = || {
        while let offset = next.fetch_add(1, Ordering::Relaxed)
            && offset < count
        {
            let seed = first.wrapping_add(offset);
            let mut world = World::new(seed);
            for _ in 0..STEPS {
                world.step();
            }
            check(&world, seed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(run);
        }
    });
}

fn check(world: &World, seed: u64) {
    let repository = Repository::new();
    std::fs::remove_file(repository.0.path(".sops.yaml")).expect("it can be removed");
    let arguments = ["fast-import", "--quiet", "--export-marks=marks"];
    let mut command = repository.0.command_of("git".as_ref(), &arguments);
    command.stdin(Stdio::piped());
    let mut child = command.spawn().expect("git runs");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    std::io::Write::write_all(&mut stdin, world.import().as_bytes()).expect("git reads it");
    drop(stdin);
    assert!(child.wait().expect("git ends").success(), "seed {seed}");
    repository.git(&["reset", "-q", "--hard", "main"]);
    let marks = repository.0.read("marks");
    std::fs::remove_file(repository.0.path("marks")).expect("it can be removed");
    let marks = marks
        .lines()
        .filter_map(|line| line.strip_prefix(':')?.split_once(' '));
    let marks: HashMap<&str, usize> = marks
        .map(|(mark, id)| (&id[..10], mark.parse::<usize>().expect("a number") - 1))
        .collect();

    let files = &world.commits.last().expect("there is one").files;
    let (all, report) = repository.exposure(0, &[]);
    let expected = files
        .iter()
        .flat_map(|(name, file)| file.values.keys().map(|key| (name.clone(), key.clone())));
    assert_eq!(all, expected.collect::<Vec<_>>(), "seed {seed}");
    let since = world.since();
    let since = since.last().expect("there is a commit");
    let known: Vec<BTreeSet<&str>> = (0..PEOPLE).map(|person| world.known_to(person)).collect();
    for value in report["values"].as_array().expect("it is a list") {
        let text = |field: &str| value[field].as_str().expect("it is a string");
        let plaintext = &*files[text("file")].values[text("path")];
        let commit = value["last_change"]["commit"]
            .as_str()
            .expect("it is committed");
        assert_eq!(marks[commit], since[plaintext], "seed {seed}: {value}");
        let ids = value["readers"].as_array().expect("it is a list").iter();
        let ids: BTreeSet<String> = ids
            .map(|reader| reader["id"].as_str().expect("it is a string").to_owned())
            .collect();
        let readers = (0..PEOPLE).filter(|person| known[*person].contains(plaintext));
        let readers = readers.map(|person| world.keys[person].id());
        assert_eq!(ids, readers.collect(), "seed {seed}: {value}");
    }
    for (person, known) in known.iter().enumerate().skip(1) {
        let expected = files.iter().flat_map(|(name, file)| {
            let known = file
                .values
                .iter()
                .filter(|(_, value)| known.contains(&***value));
            known.map(|(key, _)| (name.clone(), key.clone()))
        });
        let expected: Vec<_> = expected.collect();
        let code = i32::from(!expected.is_empty());
        let id = world.keys[person].id();
        let (values, _) = repository.exposure(code, &["--removed", &id]);
        assert_eq!(values, expected, "seed {seed}, person {person}");
    }
}
