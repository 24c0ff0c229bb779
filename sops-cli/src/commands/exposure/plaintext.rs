//! Current values that are in plaintext somewhere in the history: in any file, or in the message of
//! a commit or a tag.

use std::collections::BTreeMap;

use serde::Serialize;
use sops_core::EncryptedDocument;
use sops_core::keys::KeyService;
use sops_redaction::{SHORTEST, ValueSearch};
use zeroize::Zeroizing;

use super::survey::{Survey, short_id};
use crate::command_error::{CommandError, name_of};
use crate::exposure::{contents, is_distinctive};
use crate::git::messages;
use crate::input::read_repository_file;
use crate::input_format::InputFormat;
use crate::parallel::{self, ItemsPerThread};
use crate::secret_data;
use crate::ui::Ui;

/// How many contents are in memory at once. Each has at most 64 MiB.
const TOGETHER: usize = 64;

/// A place where a value is in plaintext.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Leak {
    /// The encrypted file.
    file: String,
    /// The key path of the value.
    path: String,
    /// The file with the plaintext; `None` for a message.
    found_in: Option<String>,
    /// The first commit with it; for a message, the commit or the tag.
    commit: String,
}

/// A value to search for.
struct Wanted {
    file: String,
    path: String,
    plaintext: Zeroizing<Vec<u8>>,
}

/// The result of the search.
pub(super) struct Search {
    pub(super) leaks: Vec<Leak>,
    /// How many values were searched for.
    pub(super) searched: usize,
    /// How many were left out, because they are too short or are common words.
    pub(super) left_out: usize,
    /// The files that could not be decrypted, and contents that could not be read.
    pub(super) unknown: Vec<String>,
}

/// Searches the history.
pub(super) fn search(survey: &Survey, keys: &dyn KeyService) -> Result<Search, CommandError> {
    let (mut wanted, mut left_out, mut unknown) = (Vec::new(), 0, Vec::new());
    for (item, path) in &survey.files {
        let content = read_repository_file(&item.path)
            .map_err(|error| CommandError::input(name_of(&item.path), &error))?;
        match values(&name_of(path), &content, InputFormat::of_name(path), keys) {
            Some(values) => {
                for value in values {
                    match is_distinctive(&value.plaintext) {
                        true => wanted.push(value),
                        false => left_out += 1,
                    }
                }
            }
            None => unknown.push(format!("{} could not be decrypted", name_of(path))),
        }
    }
    let texts = wanted.iter().map(|value| value.plaintext.as_slice());
    let search = ValueSearch::new(texts);
    // The first commit for each value and file.
    let mut found: BTreeMap<(usize, Option<String>), String> = BTreeMap::new();
    let all = contents(&survey.graph);
    for contents in all.chunks(TOGETHER) {
        let ids: Vec<&str> = contents.iter().map(|content| &*content.blob).collect();
        let with_bytes: Vec<_> = contents.iter().zip(survey.objects.blobs(&ids)).collect();
        let results = parallel::map(&with_bytes, ItemsPerThread::Many, |(_, bytes)| {
            bytes.as_ref().map(|bytes| search.find(bytes))
        });
        for (content, values) in contents.iter().zip(results) {
            let commit = content.commit.map(|commit| short_id(survey, commit));
            let commit = commit.unwrap_or_default();
            let name = name_of(&content.path);
            let Some(values) = values else {
                unknown.push(format!("{name} in commit {commit} could not be read"));
                continue;
            };
            for value in values {
                let place = (value, Some(name.clone()));
                found.entry(place).or_insert_with(|| commit.clone());
            }
        }
    }
    for (id, message) in messages()? {
        for value in search.find(&message) {
            found.entry((value, None)).or_insert_with(|| id.clone());
        }
    }
    let leaks = found.into_iter().map(|((value, found_in), commit)| Leak {
        file: wanted[value].file.clone(),
        path: wanted[value].path.clone(),
        found_in,
        commit,
    });
    let mut leaks: Vec<Leak> = leaks.collect();
    leaks.sort();
    Ok(Search {
        leaks,
        searched: wanted.len(),
        left_out,
        unknown,
    })
}

/// The encrypted values of a file, decoded if they are base64; `None` if no key decrypts the file.
fn values(
    file: &str,
    content: &[u8],
    format: InputFormat,
    keys: &dyn KeyService,
) -> Option<Vec<Wanted>> {
    let format = format.of_encrypted(content).ok()?;
    let document = EncryptedDocument::parse(content, format).ok()?;
    let key = document.data_key(keys).ok()?;
    let mut wanted = Vec::new();
    for value in document.secret_values(Some(&key)).ok()? {
        if value.ciphertext.is_none() {
            continue;
        }
        let plaintext = value.plaintext?;
        let decoded = str::from_utf8(&plaintext)
            .ok()
            .and_then(secret_data::decode);
        let mut add = |plaintext| {
            wanted.push(Wanted {
                file: file.to_owned(),
                path: value.path.clone(),
                plaintext,
            });
        };
        match decoded {
            // The search also looks for the base64 of each value.
            Some(decoded) if decoded.len() >= SHORTEST => add(decoded),
            _ => add(plaintext),
        }
    }
    Some(wanted)
}

pub(super) fn json(ui: &Ui, search: &Search) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(&search.leaks);
    let text = text.expect("the places have only strings as keys");
    ui.output(format!("{text}\n").as_bytes())
}

/// One line for each place.
pub(super) fn text(ui: &Ui, search: &Search) -> Result<(), CommandError> {
    for Leak {
        file,
        path,
        found_in,
        commit,
    } in &search.leaks
    {
        let colon = if path.is_empty() { "" } else { ": " };
        match found_in {
            Some(found_in) => ui.print(format_args!(
                "{file}{colon}{path}: in plaintext in {found_in}, first in commit {commit}"
            ))?,
            None => ui.print(format_args!(
                "{file}{colon}{path}: in plaintext in the message of {commit}"
            ))?,
        }
    }
    Ok(())
}

pub(super) fn summarize(ui: &Ui, search: &Search) {
    for problem in &search.unknown {
        ui.warn(problem);
    }
    ui.note(format_args!(
        "Values searched for: {}; not searched for, because other text may contain them by chance: {}",
        search.searched, search.left_out
    ));
}
