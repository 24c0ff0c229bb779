//! Writes trees as text, so that equal entries have equal text, and reads text with other parsers
//! than the library's.

use std::collections::HashSet;

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};
use sops_core::Format;

use super::tree::{comment_key, is_comment};

/// The layout of a document.
#[derive(Clone, Copy)]
pub(super) struct Style {
    step: usize,
    /// Whether items are indented below their key.
    has_indented_items: bool,
    /// Whether a string that is already in the document is written as an alias.
    has_aliases: bool,
    /// Whether scalars are written in forms that SOPS does not keep.
    has_source_forms: bool,
    is_crlf: bool,
}

impl Style {
    pub(super) fn new(random: &mut StdRng) -> Self {
        let mut chance = |one_in| random.random_range(0..one_in) == 0;
        Self {
            has_indented_items: chance(2),
            has_aliases: chance(3),
            has_source_forms: chance(3),
            is_crlf: chance(4),
            step: random.random_range(1..4) * 2,
        }
    }

    /// The style of a side that may have been formatted again.
    pub(super) fn changed(self, random: &mut StdRng) -> Self {
        match random.random_range(0..6) {
            0 => Self { step: 3, ..self },
            _ => self,
        }
    }
}

pub(super) fn write(format: Format, tree: &Json, style: Style) -> String {
    let text = match (format, tree) {
        (Format::Json, tree) => {
            let mut text = serde_json::to_string_pretty(tree).expect("a tree is JSON");
            text.push('\n');
            text
        }
        (Format::Dotenv, Json::Object(map)) => lines(map, "="),
        (Format::Ini, Json::Object(map)) => {
            let sections = map.iter().map(|(name, section)| match section {
                Json::Object(map) => format!("[{name}]\n{}", lines(map, " = ")),
                _ => unreachable!("a section is a mapping"),
            });
            sections.collect()
        }
        (_, Json::Array(documents)) => {
            let documents = documents.iter().map(|document| yaml(document, style));
            documents.collect::<Vec<_>>().join("---\n")
        }
        (_, document) => yaml(document, style),
    };
    match style.is_crlf && format != Format::Json {
        true => text.replace('\n', "\r\n"),
        false => text,
    }
}

fn lines(map: &Map<String, Json>, separator: &str) -> String {
    let mut out = String::new();
    for (key, value) in map {
        let value = value.as_str().expect("values are strings");
        match is_comment(key) {
            true => comment(&mut out, value, ""),
            false => out.push_str(&format!("{key}{separator}{value}\n")),
        }
    }
    out
}

fn comment(out: &mut String, text: &str, indentation: &str) {
    for line in text.lines() {
        out.push_str(&format!("{indentation}# {line}\n"));
    }
}

fn yaml(document: &Json, style: Style) -> String {
    let mut writer = Writer {
        out: String::new(),
        style,
        anchors: HashSet::new(),
    };
    match document.as_object() {
        Some(map) if !map.is_empty() => writer.mapping(map, 0),
        _ => writer.out.push_str("{}\n"),
    }
    writer.out
}

struct Writer {
    out: String,
    style: Style,
    /// The strings that have an anchor.
    anchors: HashSet<String>,
}

impl Writer {
    fn mapping(&mut self, map: &Map<String, Json>, column: usize) {
        let keys = map.keys().filter(|key| !is_comment(key));
        for (number, key) in keys.enumerate() {
            let indentation = " ".repeat(column);
            if let Some(text) = map.get(&comment_key(key)) {
                let text = text.as_str().expect("comments are strings");
                comment(&mut self.out, text, &indentation);
            }
            // The first key of an item is in the line of its dash.
            if !(number == 0 && self.out.ends_with("- ")) {
                self.out.push_str(&indentation);
            }
            self.out.push_str(key);
            self.out.push(':');
            self.entry(&map[key], column);
        }
    }

    /// Writes the text after the colon of a key.
    fn entry(&mut self, value: &Json, column: usize) {
        let step = self.style.step;
        match value {
            Json::Object(map) if map.keys().any(|key| !is_comment(key)) => {
                self.out.push('\n');
                self.mapping(map, column + step);
            }
            Json::Object(_) => self.out.push_str(" {}\n"),
            Json::Array(list) if !list.is_empty() => {
                self.out.push('\n');
                self.items(
                    list,
                    match self.style.has_indented_items {
                        true => column + step,
                        false => column,
                    },
                );
            }
            _ => {
                self.out.push(' ');
                self.scalar(value, column + step);
            }
        }
    }

    fn items(&mut self, list: &[Json], column: usize) {
        for item in list {
            self.out.push_str(&" ".repeat(column));
            self.out.push_str("- ");
            match item {
                Json::Object(map) if !map.is_empty() => self.mapping(map, column + 2),
                _ => self.scalar(item, column + 2),
            }
        }
    }

    fn scalar(&mut self, value: &Json, column: usize) {
        let indentation = " ".repeat(column);
        match value {
            Json::String(text) if text.contains('\n') => {
                self.out.push_str("|\n");
                for line in text.lines() {
                    self.out.push_str(&format!("{indentation}{line}\n"));
                }
                return;
            }
            Json::String(text) if text.is_empty() => self.out.push_str("''"),
            Json::String(text) => return self.string(text, &indentation),
            Json::Number(number) => {
                let number = number.as_u64().expect("numbers are whole");
                self.out.push_str(&match self.style.has_source_forms {
                    true if number % 2 == 0 => format!("0x{number:X}"),
                    _ => number.to_string(),
                });
            }
            value => self.out.push_str(&value.to_string()),
        }
        self.out.push('\n');
    }

    fn string(&mut self, text: &str, indentation: &str) {
        if self.style.has_aliases && text.starts_with("shared") {
            let name = text.replace(' ', "");
            if !self.anchors.insert(text.to_owned()) {
                self.out.push_str(&format!("*{name}\n"));
                return;
            }
            self.out.push_str(&format!("&{name} "));
        }
        let form = match self.style.has_source_forms {
            true => text.bytes().map(usize::from).sum::<usize>() % 5,
            false => 0,
        };
        let written = match form {
            1 => format!("\"{text}\""),
            2 => format!("'{text}'"),
            3 => format!(
                ">-\n{indentation}{}",
                text.replace(' ', &format!("\n{indentation}"))
            ),
            _ => text.to_owned(),
        };
        self.out.push_str(&written);
        self.out.push('\n');
    }
}

/// Reads a document; comments become entries as in the trees.
pub(super) fn parse(format: Format, text: &str, is_stream: bool) -> Json {
    let text = &without_anchors(&text.replace("\r\n", "\n"));
    match format {
        Format::Yaml => {
            let documents = serde_yaml::Deserializer::from_str(text).map(|document| {
                serde::Deserialize::deserialize(document)
                    .unwrap_or_else(|error| panic!("{error}\n{text}"))
            });
            // A document that has become empty.
            let documents = documents.map(|document: Json| match document {
                Json::Null => Json::Object(Map::new()),
                document => document,
            });
            let documents: Vec<Json> = documents.collect();
            match (is_stream, &documents[..]) {
                (true, _) => Json::Array(documents),
                (false, [document]) => document.clone(),
                (false, _) => panic!("this is not one document:\n{text}"),
            }
        }
        Format::Json => {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
        }
        Format::Ini => parse_ini(text),
        _ => {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let entries = lines.filter_map(|line| line.split_once('='));
            let entries = entries.map(|(key, value)| (key.to_owned(), Json::from(value)));
            Json::Object(entries.collect())
        }
    }
}

/// Removes the anchors and aliases of [`Writer::string`]: the parser does not accept an anchor that
/// is used twice, although YAML allows that.
fn without_anchors(text: &str) -> String {
    let mut text = text.to_owned();
    for number in 0..3 {
        let anchor = format!("&shared{number} ");
        if text.matches(&anchor).count() > 1 {
            text = text.replace(&anchor, "");
            text = text.replace(&format!("*shared{number}\n"), &format!("shared {number}\n"));
        }
    }
    text
}

fn parse_ini(text: &str) -> Json {
    let mut sections = Map::new();
    let mut name = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            name = header.trim_end_matches(']').to_owned();
            sections.insert(name.clone(), Json::Object(Map::new()));
        } else if let Some((key, value)) = line.split_once('=')
            && let Some(Json::Object(section)) = sections.get_mut(&name)
        {
            section.insert(key.trim().to_owned(), Json::from(value.trim()));
        }
    }
    Json::Object(sections)
}

/// The comments in `text`, each with the key of the entry below it.
pub(super) fn comments_of_text(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut above = Vec::new();
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("# ") {
            Some(comment) => above.push(comment.to_owned()),
            None => {
                let key = line.split([':', '=']).next().unwrap_or_default().trim();
                found.extend(above.drain(..).map(|comment| (comment, key.to_owned())));
            }
        }
    }
    found.extend(above.into_iter().map(|comment| (comment, String::new())));
    found.sort();
    found
}

/// The comments of a tree, each with its key.
pub(super) fn comments_of_tree(tree: &Json) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_comments(tree, &mut found);
    found.sort();
    found
}

fn collect_comments(tree: &Json, found: &mut Vec<(String, String)>) {
    match tree {
        Json::Object(map) => {
            for (key, value) in map {
                let Some(key) = key.strip_prefix('#') else {
                    collect_comments(value, found);
                    continue;
                };
                let text = value.as_str().unwrap_or_default();
                found.extend(text.lines().map(|line| (line.to_owned(), key.to_owned())));
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect_comments(item, found)),
        _ => {}
    }
}
