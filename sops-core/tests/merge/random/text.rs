//! Writes trees as text with comments, so that equal entries have equal text.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};
use sops_core::Format;

/// The layout of a text.
#[derive(Clone, Copy)]
pub(super) struct Style {
    step: usize,
    /// Whether items are indented below their key.
    has_indented_items: bool,
    has_comments: bool,
}

impl Style {
    pub(super) fn new(random: &mut StdRng) -> Self {
        Self {
            step: random.random_range(1..4) * 2,
            has_indented_items: random.random_range(0..2) == 0,
            has_comments: random.random_range(0..2) == 0,
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
    let Json::Object(map) = tree else {
        unreachable!("the top level is a mapping");
    };
    match format {
        Format::Json => {
            let mut text = serde_json::to_string_pretty(tree).expect("a tree is JSON");
            text.push('\n');
            text
        }
        Format::Dotenv => lines(map, "=", style),
        Format::Ini => {
            let sections = map.iter().map(|(name, section)| match section {
                Json::Object(map) => format!("[{name}]\n{}", lines(map, " = ", style)),
                _ => unreachable!("a section is a mapping"),
            });
            sections.collect()
        }
        _ if map.is_empty() => "{}\n".to_owned(),
        _ => {
            let mut out = String::new();
            mapping(&mut out, map, 0, style);
            out
        }
    }
}

/// A comment that depends on the key alone.
fn comment(key: &str, style: Style) -> Option<String> {
    let is_wanted = style.has_comments && key.bytes().map(u32::from).sum::<u32>() % 3 == 0;
    is_wanted.then(|| format!("# about {key}"))
}

fn lines(map: &Map<String, Json>, separator: &str, style: Style) -> String {
    let mut out = String::new();
    for (key, value) in map {
        if let Some(comment) = comment(key, style) {
            out.push_str(&comment);
            out.push('\n');
        }
        let value = value.as_str().expect("values are strings");
        out.push_str(&format!("{key}{separator}{value}\n"));
    }
    out
}

fn mapping(out: &mut String, map: &Map<String, Json>, column: usize, style: Style) {
    for (number, (key, value)) in map.iter().enumerate() {
        let indentation = " ".repeat(column);
        // The first key of an item is in the line of its dash.
        let is_inline = number == 0 && out.ends_with("- ");
        if !is_inline {
            if let Some(comment) = comment(key, style) {
                out.push_str(&format!("{indentation}{comment}\n"));
            }
            out.push_str(&indentation);
        }
        out.push_str(key);
        out.push(':');
        entry(out, value, column, style);
    }
}

/// The text after the colon of a key.
fn entry(out: &mut String, value: &Json, column: usize, style: Style) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            out.push('\n');
            mapping(out, map, column + style.step, style);
        }
        Json::Array(list) if !list.is_empty() => {
            out.push('\n');
            let column = match style.has_indented_items {
                true => column + style.step,
                false => column,
            };
            items(out, list, column, style);
        }
        _ => {
            out.push(' ');
            scalar(out, value, column + style.step);
        }
    }
}

fn items(out: &mut String, list: &[Json], column: usize, style: Style) {
    for item in list {
        out.push_str(&" ".repeat(column));
        out.push_str("- ");
        match item {
            Json::Object(map) if !map.is_empty() => mapping(out, map, column + 2, style),
            _ => scalar(out, item, column + 2),
        }
    }
}

fn scalar(out: &mut String, value: &Json, column: usize) {
    match value {
        Json::String(text) if text.contains('\n') => {
            out.push_str("|\n");
            for line in text.lines() {
                out.push_str(&format!("{}{line}\n", " ".repeat(column)));
            }
            return;
        }
        Json::String(text) if text.is_empty() => out.push_str("''"),
        Json::String(text) => out.push_str(text),
        value => out.push_str(&value.to_string()),
    }
    out.push('\n');
}

pub(super) fn parse_dotenv(text: &str) -> Json {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entries = lines.filter_map(|line| line.split_once('='));
    let entries = entries.map(|(key, value)| (key.to_owned(), Json::from(value)));
    Json::Object(entries.collect())
}

pub(super) fn parse_ini(text: &str) -> Json {
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
