//! Compares `set`, `unset`, `edit`, `rotate` and `updatekeys` with those of `sops`.
//!
//! Each test starts from a file that one of the programs encrypted, and both programs make the same
//! change to a copy of it. Both must then decrypt both results to the same values, with valid MACs.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_yaml::Value;
use sops_core::{EncryptedDocument, Format};
use sops_test_support::Features;
use sops_test_support::environment::{
    Run, TestEnvironment, other_identity, other_recipient, recipient,
};

use crate::generated::{for_each_seed, is_spoilt, values};

/// One of the two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Ours,
    Sops,
}

use Program::{Ours, Sops};

/// A change to a file.
#[derive(Clone, Debug)]
enum Change {
    /// Sets the value at a path.
    Set(String, String),
    /// Removes the value at a path.
    Unset(String),
    /// Replaces the whole plaintext with this text.
    Edit(String),
    /// Runs with flags in which `OTHER` and `FIRST` are placeholders for recipients.
    Rotate(&'static str),
    UpdateKeys,
}

impl Change {
    fn arguments(&self, file: &str) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Set(path, value) => vec!["set", file, path, value],
            Self::Unset(path) => vec!["unset", file, path],
            Self::Edit(_) => vec!["edit", file],
            Self::Rotate(flags) => {
                let flags = flags.split_whitespace();
                let before = ["rotate", "--in-place"].into_iter();
                before.chain(flags).chain([file]).collect()
            }
            Self::UpdateKeys => vec!["updatekeys", "--yes", file],
        };
        let word = |word| match word {
            "FIRST" => recipient(),
            "OTHER" => other_recipient(),
            word => word.to_owned(),
        };
        words.into_iter().map(word).collect()
    }

    /// Whether the values stay the same.
    fn keeps_values(&self) -> bool {
        matches!(self, Self::Rotate(_) | Self::UpdateKeys)
    }
}

/// A directory in which files of one format are encrypted, changed and decrypted.
struct Bench {
    environment: TestEnvironment,
    format: Format,
}

impl Bench {
    fn new(format: Format) -> Self {
        Self {
            environment: TestEnvironment::new(),
            format,
        }
    }

    fn run(&self, program: Program, arguments: &[&str], editor: &str) -> Run {
        let mut command = match program {
            Ours => self.environment.command(arguments),
            Sops => self.environment.command_of(Path::new("sops"), arguments),
        };
        command.env("SOPS_AGE_KEY", other_identity());
        command.env("SOPS_EDITOR", editor);
        self.environment.finish(command)
    }

    fn file(&self) -> String {
        format!("document.{}", self.format.name())
    }

    /// The text, encrypted by the program; `None` if it refuses the text.
    fn encrypt(&self, program: Program, text: &str) -> Option<String> {
        let (file, recipient) = (self.file(), recipient());
        self.environment.write(&file, text);
        let mut arguments = vec!["encrypt", "--age", &recipient, &file];
        if program == Ours {
            arguments.push("--allow-plaintext");
        }
        let run = self.run(program, &arguments, "false");
        (run.code == Some(0)).then_some(run.stdout)
    }

    /// The text, decrypted by the program with a valid MAC.
    fn decrypt(&self, program: Program, text: &str) -> Result<String, String> {
        let file = self.file();
        self.environment.write(&file, text);
        let run = self.run(program, &["decrypt", &file], "false");
        match run.code {
            Some(0) => Ok(run.stdout),
            _ => Err(format!("{program:?} cannot decrypt\n{text}\n{run}")),
        }
    }

    /// The encrypted text, changed by the program.
    fn change(&self, program: Program, encrypted: &str, change: &Change) -> Result<String, Run> {
        let file = self.file();
        self.environment.write(&file, encrypted);
        if let Change::Edit(text) = change {
            self.environment.write("edited", text);
        }
        if let Change::UpdateKeys = change {
            let both = format!("{},{}", recipient(), other_recipient());
            let rule = format!("creation_rules:\n  - age: {both}\n");
            self.environment.write(".sops.yaml", rule);
        }
        // `sops` reopens the editor forever if the text cannot be encrypted.
        let editor = self.environment.editor("mv edited \"$1\"");
        let arguments = change.arguments(&file);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = self.run(program, &arguments, &editor);
        match run.code {
            Some(0) => Ok(self.environment.read(&file)),
            _ => Err(run),
        }
    }

    /// Whether both programs make the same change; an error describes the difference. `false` means
    /// that both refuse the change, or that `sops` cannot read its own output.
    fn check(&self, encrypted: &str, change: &Change) -> Result<bool, String> {
        let before = self.decrypt(Ours, encrypted)?;
        let tell = |what: &str| format!("{change:?}: {what}\nbefore:\n{before}");
        let ours = self.change(Ours, encrypted, change);
        let theirs = self.change(Sops, encrypted, change);
        let (ours, theirs) = match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(ours), Err(theirs)) if ours.code == theirs.code => return Ok(false),
            (Err(ours), Err(theirs)) => {
                return Err(tell(&format!("we say\n{ours}\nsops says\n{theirs}")));
            }
            (Err(ours), Ok(_)) => return Err(tell(&format!("we refuse it:\n{ours}"))),
            (Ok(_), Err(theirs)) => return Err(tell(&format!("sops refuses it:\n{theirs}"))),
        };
        let by_sops = self.decrypt(Sops, &ours).map_err(|error| tell(&error))?;
        let by_us = self.decrypt(Ours, &ours).map_err(|error| tell(&error))?;
        let Ok(own) = self.decrypt(Sops, &theirs) else {
            return Ok(false);
        };
        let of_theirs = self.decrypt(Ours, &theirs).map_err(|error| tell(&error))?;
        // `sops` writes some multi-line strings incorrectly.
        if is_spoilt(&by_sops, &by_us) || is_spoilt(&own, &of_theirs) {
            return Ok(false);
        }
        let right = values(&own, self.format);
        if values(&by_sops, self.format) != right {
            return Err(tell(&format!(
                "in ours sops reads\n{by_sops}\nand in its own\n{own}"
            )));
        }
        // This program restores the spelling of numbers; `sops` prints their values.
        let plain = self
            .encrypt(Sops, &by_us)
            .map(|text| self.decrypt(Sops, &text));
        if let Some(Ok(plain)) = plain
            && values(&plain, self.format) != right
        {
            return Err(tell(&format!("in ours we read\n{by_us}\nand sops\n{own}")));
        }
        if change.keeps_values() && by_us != before {
            return Err(tell(&format!("the text changes:\n{by_us}")));
        }
        if self.recipients(&ours) != self.recipients(&theirs) {
            return Err(tell("the recipients differ"));
        }
        Ok(true)
    }

    fn recipients(&self, encrypted: &str) -> Vec<Vec<String>> {
        let document =
            EncryptedDocument::parse(encrypted, self.format).expect("the file is encrypted");
        let groups = document.metadata().key_groups.iter();
        groups
            .map(|group| group.keys.iter().map(|key| key.master_key().id()).collect())
            .collect()
    }
}

/// A place in a document's first mapping.
struct Place {
    path: String,
    /// The number of items, if it is a sequence.
    items: Option<usize>,
    is_mapping: bool,
}

/// Adds all places at and below the value, inside sequences only if `indexes` is set.
fn places(path: &str, value: &Value, indexes: bool, found: &mut Vec<Place>) {
    let (mut items, mut is_mapping) = (None, false);
    match value {
        Value::Mapping(mapping) => {
            is_mapping = true;
            for (key, value) in mapping {
                // The two programs write quotes in a key differently.
                if let Some(key) = key
                    .as_str()
                    .filter(|key| !key.contains(['"', '\\', '\'', '[', ']']))
                {
                    places(&format!("{path}[\"{key}\"]"), value, indexes, found);
                }
            }
        }
        Value::Sequence(all) => {
            items = Some(all.len());
            for (index, value) in all.iter().enumerate().filter(|_| indexes) {
                places(&format!("{path}[{index}]"), value, indexes, found);
            }
        }
        _ => {}
    }
    found.push(Place {
        path: path.to_owned(),
        items,
        is_mapping,
    });
}

const NEW_VALUES: [&str; 14] = [
    "\"text\"",
    "\"\"",
    "\"two\\nlines\\n\"",
    "\"# no comment\"",
    "\"1\"",
    "\"true\"",
    "\"é\\u2028😀\"",
    "7",
    "-1.5",
    "true",
    "null",
    "{}",
    "{\"a\": {\"b\": [1, \"x\", null]}, \"c\": false}",
    "{\"only\": [{\"a\": 1}, []]}",
];

/// A change that fits the document; `other` is the text for an edit.
fn change_for(seed: u64, text: &str, format: Format, indexes: bool, other: String) -> Change {
    let mut random = StdRng::seed_from_u64(seed);
    let mut found = Vec::new();
    if let Some(first) = values(text, format)
        .ok()
        .and_then(|all| all.into_iter().next())
    {
        places("", &first, indexes, &mut found);
    }
    // The last place is the document itself.
    found.pop();
    let place = found.choose(&mut random);
    let value = (*NEW_VALUES
        .choose(&mut random)
        .expect("the list is not empty"))
    .to_owned();
    let flags = [
        "",
        "--add-age OTHER",
        "--rm-age FIRST --add-age OTHER",
        "--rm-age OTHER",
    ];
    match (random.random_range(0..10), place) {
        (0..=2, Some(place)) => Change::Set(place.path.clone(), value),
        (3, Some(place)) if place.is_mapping => {
            Change::Set(format!("{}[\"new\"][\"deep\"]", place.path), value)
        }
        (
            3,
            Some(Place {
                path,
                items: Some(items),
                ..
            }),
        ) if indexes => Change::Set(format!("{path}[{items}]"), value),
        (0..=3, _) => Change::Set("[\"new\"][0][\"a\"]".to_owned(), value),
        (4..=6, Some(place)) => Change::Unset(place.path.clone()),
        (4..=7, _) => Change::Edit(other),
        (8, _) => Change::Rotate(flags.choose(&mut random).expect("the list is not empty")),
        _ => Change::UpdateKeys,
    }
}

/// Counts the comparisons, so that a run in which everything is refused fails.
#[derive(Default)]
struct Tally {
    all: AtomicU64,
    compared: AtomicU64,
}

impl Tally {
    fn check(&self, seed: u64, text: &str, change: &Change, format: Format) -> Result<(), String> {
        let bench = Bench::new(format);
        let origin = if seed.is_multiple_of(2) { Ours } else { Sops };
        self.all.fetch_add(1, Ordering::Relaxed);
        let Some(encrypted) = bench.encrypt(origin, text) else {
            return Ok(());
        };
        // `sops` cannot read some of its own files.
        if bench.decrypt(Sops, &encrypted).is_err() && origin == Sops {
            return Ok(());
        }
        // `sops` does not accept everything either.
        if let Change::Edit(text) = change
            && bench
                .encrypt(Sops, text)
                .is_none_or(|edited| bench.decrypt(Sops, &edited).is_err())
        {
            return Ok(());
        }
        let compared = bench
            .check(&encrypted, change)
            .map_err(|error| format!("encrypted by {origin:?}, {error}"))?;
        self.compared
            .fetch_add(u64::from(compared), Ordering::Relaxed);
        Ok(())
    }

    fn done(&self) {
        let (all, compared) = (
            self.all.load(Ordering::Relaxed),
            self.compared.load(Ordering::Relaxed),
        );
        println!("{compared} of {all} compared");
        assert!(
            2 * compared > all,
            "only {compared} of {all} could be compared"
        );
    }
}

#[test]
fn yaml_is_changed_as_sops_does() {
    let tally = Tally::default();
    for_each_seed("changes of YAML", 2, |seed| {
        // An index counts comments too in `sops`.
        let indexes = seed % 3 == 0;
        let features = Features {
            comments: !indexes,
            ..Features::ALL
        };
        let text = sops_test_support::yaml(seed, features);
        let other = sops_test_support::yaml(seed + 1, features);
        let change = change_for(seed, &text, Format::Yaml, indexes, other);
        tally.check(seed, &text, &change, Format::Yaml)
    });
    tally.done();
}

#[test]
fn json_is_changed_as_sops_does() {
    let tally = Tally::default();
    for_each_seed("changes of JSON", 8, |seed| {
        let text = sops_test_support::json(seed);
        let change = change_for(
            seed,
            &text,
            Format::Json,
            true,
            sops_test_support::json(seed + 1),
        );
        tally.check(seed, &text, &change, Format::Json)
    });
    tally.done();
}

const DOCUMENT: &str = "\
# About the service
name: web # the name
empty: ''
port: 8080
ratio: 0.5
on: true
nothing: null
nested:
  # About the password
  password: \"two words\"
  list:
    - first
    - second: 2
      third: [a, b]
text: |
  two
  lines
---
other: document
";

const OBJECT: &str = "{\"name\": \"web\", \"port\": 8080, \"nested\": {\"list\": [\"first\", {\"second\": 2}]}, \"empty\": {}}\n";

#[test]
fn every_change_of_a_known_document_is_as_with_sops() {
    let set = |path: &str, value: &str| Change::Set(path.to_owned(), value.to_owned());
    let unset = |path: &str| Change::Unset(path.to_owned());
    let common = [
        set("[\"name\"]", "\"api\""),
        set("[\"name\"]", "{\"a\": 1}"),
        set("[\"nested\"]", "\"gone\""),
        set("[\"nested\"][\"list\"][0]", "null"),
        set("[\"nested\"][\"list\"][1][\"second\"]", "false"),
        set("[\"nested\"][\"list\"][9]", "\"behind\""),
        set("[\"new\"]", "{}"),
        set("[\"new\"][\"list\"][0]", "1.25"),
        set("['name']", "\"x\""),
        unset("[\"name\"]"),
        unset("[\"nested\"][\"list\"][0]"),
        unset("[\"nested\"][\"list\"]"),
        unset("[\"none\"]"),
        Change::Rotate(""),
        Change::Rotate("--add-age OTHER"),
        Change::Rotate("--add-age OTHER --rm-age FIRST"),
        Change::UpdateKeys,
    ];
    for (format, text, edited) in [
        (
            Format::Yaml,
            DOCUMENT,
            "# new\nname: api\nlist:\n  - 1\n---\nother: 2\n---\nthird: x\n",
        ),
        (Format::Json, OBJECT, "{\"name\": [1, {\"a\": \"b\"}]}"),
    ] {
        let bench = Bench::new(format);
        for origin in [Ours, Sops] {
            let encrypted = bench
                .encrypt(origin, text)
                .expect("the document can be encrypted");
            for change in common.iter().chain([&Change::Edit(edited.to_owned())]) {
                if let Err(error) = bench.check(&encrypted, change) {
                    panic!("{format:?} encrypted by {origin:?}, {error}");
                }
            }
        }
    }
}
