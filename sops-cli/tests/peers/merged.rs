//! Merges of random changes: the real `sops` opens the merged file with its MAC, and reads the
//! values that we read.

use std::time::SystemTime;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sops_core::merge::{Approval, ConfiguredKeys, Markers, Versions, merge};
use sops_core::rules::EncryptionRule;
use sops_core::{Component, EncryptedDocument, Error, Format, KeyPath, MacCheck, parse_document};
use sops_test_support::Features;

use crate::generated::{for_each_seed, values};
use crate::peer::{self, IDENTITIES};

/// The maximum number of changes on each side.
const CHANGES: usize = 4;

#[test]
fn merged_yaml_is_opened_by_sops() {
    check_all("merged YAML", Format::Yaml, |seed| {
        sops_test_support::yaml(seed, Features::ALL)
    });
}

#[test]
fn merged_json_is_opened_by_sops() {
    check_all("merged JSON", Format::Json, sops_test_support::json);
}

#[test]
fn merged_dotenv_is_opened_by_sops() {
    check_all("merged dotenv", Format::Dotenv, sops_test_support::dotenv);
}

#[test]
fn merged_ini_is_opened_by_sops() {
    check_all("merged INI", Format::Ini, sops_test_support::ini);
}

#[test]
fn merged_binary_files_are_opened_by_sops() {
    check_all("merged binary files", Format::Binary, |seed| {
        format!("line\n\u{0}{seed}\n")
    });
}

fn check_all(name: &str, format: Format, generate: impl Fn(u64) -> String + Sync) {
    for_each_seed(name, 20, |seed| check(seed, format, &generate(seed)));
}

/// The key paths of the values in the first document of `text`.
fn paths(text: &str, format: Format) -> Vec<KeyPath> {
    let Ok(document) = parse_document(text, format) else {
        return Vec::new();
    };
    let component = |step: String| {
        let number = step
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let index = number.and_then(|number| number.parse().ok());
        index.map_or(Component::Key(step), Component::Index)
    };
    let scalars = document.scalars().map(|node| node.path());
    let paths = scalars.map(|path| KeyPath::new(path.into_iter().map(component)));
    paths.flatten().collect()
}

/// `text` with random changes to its values.
fn changed(text: &str, format: Format, name: &str, random: &mut StdRng) -> String {
    if format == Format::Binary {
        return format!("{text}{name}");
    }
    let paths = paths(text, format);
    let mut changed = text.to_owned();
    for number in 0..random.random_range(0..CHANGES) {
        let Some(path) = paths.choose(random) else {
            break;
        };
        let Ok(document) = parse_document(&changed, format) else {
            break;
        };
        let edited = match random.random_range(0..4) {
            0 => document.unset(path).ok(),
            _ => {
                let value = format!("{name} {number}");
                document.set(path, &value.as_str().into()).ok().flatten()
            }
        };
        if let Some(edited) = edited.and_then(|text| String::from_utf8(text.to_vec()).ok()) {
            changed = edited;
        }
    }
    changed
}

fn check(seed: u64, format: Format, base: &str) -> Result<(), String> {
    let mut random = StdRng::seed_from_u64(seed);
    let has_rule = random.random_range(0..3) == 0;
    let rule = || match has_rule {
        true => EncryptionRule::EncryptedRegex("[a-m]".into()),
        false => EncryptionRule::default(),
    };
    let encrypted = peer::encrypt(base, format, |settings| {
        settings.allow_ciphertext = false;
        settings.mac_only_encrypted = random.random_range(0..3) == 0;
        settings.rule = rule();
        if random.random_range(0..3) == 0 {
            let keys = settings.key_groups[0].clone();
            settings.key_groups = vec![keys.clone(), keys];
            settings.shamir_threshold = Some(2);
        }
    });
    let Ok(encrypted) = encrypted else {
        return Ok(());
    };
    let Ok(document) = EncryptedDocument::parse(&encrypted, format) else {
        return Ok(());
    };
    let sides = ["ours", "theirs"].map(|name| {
        let text = match random.random_range(0..5) {
            0 => base.to_owned(),
            _ => changed(base, format, name, &mut random),
        };
        let key = document.data_key(&*IDENTITIES)?;
        let open = document.open(key, MacCheck::Require)?;
        let written = open.encrypt(&text, SystemTime::now())?;
        Ok::<_, Error>((text, written))
    });
    let [Ok((our_text, ours)), Ok((their_text, theirs))] = sides else {
        return Ok(());
    };
    let context = format!("{base}\n=== ours\n{our_text}\n=== theirs\n{their_text}\n=== merged\n");
    let versions = Versions {
        base: Some(encrypted.as_bytes()),
        ours: ours.as_bytes(),
        theirs: theirs.as_bytes(),
        format,
    };
    let approval = Approval::Configured(&ConfiguredKeys::default);
    let (markers, now) = (Markers::default(), SystemTime::now());
    let outcome = merge(&versions, &*IDENTITIES, &approval, &markers, now)
        .ok_or_else(|| format!("nothing is merged of {context}"))?;
    let merged = String::from_utf8_lossy(&outcome.text).into_owned();
    if !outcome.problems.is_empty() {
        return Ok(());
    }
    let ours =
        peer::decrypt(&merged, format).map_err(|error| format!("{error} in {context}{merged}"))?;
    let theirs = peer::sops_decrypt(&merged, format)
        .map_err(|error| format!("`sops`: {error} in {context}{merged}"))?;
    // `sops` changes the layout and the spelling of numbers, so its output is compared with the one
    // for the same values without a merge.
    let unmerged = peer::encrypt(&ours, format, |settings| settings.rule = rule())
        .map_err(|error| format!("{error} in {context}{ours}"))?;
    let expected = peer::sops_decrypt(&unmerged, format)
        .map_err(|error| format!("`sops`: {error} in {context}{ours}"))?;
    match values(&theirs, format) == values(&expected, format) {
        true => Ok(()),
        false => Err(format!(
            "{theirs}\n=== expected\n{expected}\nin {context}{merged}"
        )),
    }
}
