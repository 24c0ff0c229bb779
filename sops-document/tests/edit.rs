//! The law of `set` and `unset`: the values are those that `sops` produces, and everything outside
//! the entry stays.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sops_document::tree::{Entry, Node};
use sops_document::{Component, Document, Error, Format, KeyPath};
use sops_test_support::Features;

/// The result of `sops set` for a tree, following `set` and `valueFromPathAndLeaf` of `sops.go`.
/// `None` if it panics or does nothing.
fn set_in(node: Node, path: &[Component], value: &Node) -> Option<Node> {
    let Some((first, rest)) = path.split_first() else {
        return Some(value.clone());
    };
    let null = || Node::Scalar(None);
    Some(match (node, first) {
        (Node::Mapping(mut entries), Component::Key(key)) => {
            match entries.iter_mut().find(|entry| entry.key == *key) {
                Some(entry) => {
                    entry.value = set_in(std::mem::replace(&mut entry.value, null()), rest, value)?;
                }
                None => entries.push(Entry {
                    key: key.clone(),
                    value: set_in(null(), rest, value)?,
                }),
            }
            Node::Mapping(entries)
        }
        (Node::Sequence(mut items), Component::Index(index)) => {
            match items.get_mut(*index) {
                Some(item) => *item = set_in(std::mem::replace(item, null()), rest, value)?,
                None => items.push(set_in(null(), rest, value)?),
            }
            Node::Sequence(items)
        }
        (Node::Scalar(_), Component::Key(key)) => Node::Mapping(vec![Entry {
            key: key.clone(),
            value: set_in(null(), rest, value)?,
        }]),
        (Node::Scalar(_), Component::Index(_)) => {
            Node::Sequence(vec![set_in(null(), rest, value)?])
        }
        _ => return None,
    })
}

/// The result of `sops unset`. `None` if there is nothing to remove.
fn unset_in(node: Node, path: &[Component]) -> Option<Node> {
    let (first, rest) = path.split_first()?;
    Some(match (node, first) {
        (Node::Mapping(mut entries), Component::Key(key)) => {
            let at = entries.iter().position(|entry| entry.key == *key)?;
            if rest.is_empty() {
                entries.remove(at);
            } else {
                entries[at].value = unset_in(entries[at].value.clone(), rest)?;
            }
            Node::Mapping(entries)
        }
        (Node::Sequence(mut items), Component::Index(index)) if *index < items.len() => {
            if rest.is_empty() {
                items.remove(*index);
            } else {
                items[*index] = unset_in(items[*index].clone(), rest)?;
            }
            Node::Sequence(items)
        }
        _ => return None,
    })
}

/// A path into the tree, sometimes to a missing entry.
fn path(random: &mut StdRng, tree: &Node) -> KeyPath {
    let mut path = Vec::new();
    let mut node = tree;
    loop {
        let missing = random.random_bool(0.12);
        let (component, next) = match node {
            Node::Mapping(entries) => match entries.choose(random).filter(|_| !missing) {
                Some(entry) => (Component::Key(entry.key.clone()), Some(&entry.value)),
                None => (Component::Key(word(random)), None),
            },
            Node::Sequence(items) => {
                let at = random.random_range(0..=items.len());
                (Component::Index(at), items.get(at))
            }
            Node::Scalar(_) if random.random_bool(0.5) => (Component::Key(word(random)), None),
            Node::Scalar(_) => (Component::Index(random.random_range(0..2)), None),
        };
        path.push(component);
        match next {
            Some(next)
                if random.random_bool(if matches!(next, Node::Scalar(_)) {
                    0.03
                } else {
                    0.7
                }) =>
            {
                node = next
            }
            None if random.random_bool(0.2) => path.push(Component::Key(word(random))),
            _ => break,
        }
    }
    KeyPath::new(path).expect("a component has been added")
}

fn word(random: &mut StdRng) -> String {
    let words = [
        "new",
        "a b",
        "é",
        "x: y",
        "5",
        "#z",
        "",
        "-",
        "true",
        "[",
        "long and more words",
        "'\"",
    ];
    (*words.choose(random).unwrap_or(&"new")).to_owned()
}

fn value(random: &mut StdRng, depth: usize) -> serde_json::Value {
    let strings = [
        "plain",
        "two words",
        "",
        "a: b",
        "# no comment",
        "5",
        "yes",
        "true",
        "~",
        " lead",
        "trail ",
        "it's",
        "\"q\"",
        "a\nb",
        "a\nb\n",
        "a\n\n",
        "\n",
        "\n\na",
        " a\nb",
        "tab\there",
        "- item",
        "[x, y]",
        "{",
        "é 🎉",
        "\u{7}",
        "a\r\nb",
        "&x",
        "*x",
        "!x",
        "<<",
        "%",
        "@",
    ];
    match random.random_range(0..if depth < 3 { 12 } else { 9 }) {
        0 => serde_json::Value::Null,
        1 => random.random_bool(0.5).into(),
        2 => random.random_range(-1000..1000).into(),
        3 => 1.5.into(),
        9 | 10 => (0..random.random_range(0..4))
            .map(|_| (word(random), value(random, depth + 1)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        11 => (0..random.random_range(0..4))
            .map(|_| value(random, depth + 1))
            .collect::<Vec<_>>()
            .into(),
        _ => (*strings.choose(random).unwrap_or(&"")).into(),
    }
}

/// The names of the comments in a generated document; each appears once.
fn comments(text: &str) -> BTreeSet<String> {
    let name = |(at, _): (usize, &str)| {
        let rest = &text[at + 2..];
        let end = 1 + rest[1..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len() - 1);
        (end > 1).then(|| rest[..end].to_owned())
    };
    text.match_indices("# c")
        .chain(text.match_indices("# i"))
        .filter_map(name)
        .collect()
}

fn parse(text: &str, format: Format) -> sops_document::Result<Document<'_>> {
    Document::parse_reserving(text, format, "sops")
}

fn trees(text: &str, format: Format) -> Result<Vec<Node>, String> {
    let document = parse(text, format).map_err(|error| error.to_string())?;
    Ok((0..).map_while(|number| document.to_tree(number)).collect())
}

/// Whether a string of the tree contains `text`.
fn holds(tree: &Node, text: &str) -> bool {
    match tree {
        Node::Mapping(entries) => entries.iter().any(|entry| holds(&entry.value, text)),
        Node::Sequence(items) => items.iter().any(|item| holds(item, text)),
        Node::Scalar(value) => value
            .as_ref()
            .is_some_and(|value| String::from_utf8_lossy(&value.bytes).contains(text)),
    }
}

fn node_at<'n>(tree: &'n Node, path: &[Component]) -> Option<&'n Node> {
    path.iter()
        .try_fold(tree, |node, component| match (node, component) {
            (Node::Mapping(entries), Component::Key(key)) => entries
                .iter()
                .find(|entry| entry.key == *key)
                .map(|entry| &entry.value),
            (Node::Sequence(items), Component::Index(index)) => items.get(*index),
            _ => None,
        })
}

/// The lines that may change: the lines of the innermost entry on the path whose name is in the
/// text, and of the container around it.
fn lines_of(text: &str, path: &[Component]) -> (usize, usize) {
    let lines: Vec<&str> = text.split('\n').collect();
    let name = |component: &Component| match component {
        Component::Key(key) => {
            let start = key.find(|c: char| c.is_ascii_digit())?;
            key[..start].ends_with('k').then_some(())?;
            let digits: String = key[start..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            Some(format!("k{digits}"))
        }
        Component::Index(_) => None,
    };
    let names: Vec<String> = path.iter().filter_map(name).collect();
    let find = |name: &String| {
        lines.iter().enumerate().find_map(|(number, line)| {
            let mut hits = line.match_indices(name.as_str()).filter(|(at, _)| {
                !line[at + name.len()..].starts_with(|c: char| c.is_ascii_digit())
            });
            hits.next().map(|(at, _)| (number, at))
        })
    };
    // One level up, since adding or removing an entry changes the line before or after it.
    let in_flow = path
        .iter()
        .any(|component| matches!(component, Component::Key(key) if key.starts_with('f')));
    let Some((start, column)) = names.iter().rev().nth(usize::from(!in_flow)).and_then(find) else {
        return (0, lines.len());
    };
    let before = lines[start][..column].trim_end_matches(['\'', '"', 'd', 'a', 't']);
    let column = before.strip_suffix("? ").unwrap_or(before).chars().count();
    let belongs = |line: &&&str| {
        let content = line.trim_start();
        let indentation = line.len() - content.len();
        content.is_empty()
            || content.starts_with('#')
            || indentation >= column && content.starts_with(['-', ':'])
            || indentation > column
            || lines[start].contains("? ") && content.starts_with(':')
    };
    (
        start,
        start + 1 + lines[start + 1..].iter().take_while(belongs).count(),
    )
}

/// Changes a random entry of the text and checks the result. Returns `false` if the change was
/// rejected.
fn change(seed: u64, text: &str, format: Format) -> Result<bool, String> {
    let mut random = StdRng::seed_from_u64(seed);
    let before = trees(text, format)?;
    let path = path(&mut random, &before[0]);
    let components = path.components();
    let old = node_at(&before[0], components);
    let (expected, result, operation) = if random.random_bool(0.6) {
        let json = value(&mut random, 0);
        let value = Node::from_json(&json);
        let expected = set_in(before[0].clone(), components, &value);
        let result = parse(text, format).and_then(|document| document.set(&path, &value));
        if let Ok(None) = result {
            return match expected {
                Some(tree) if tree == before[0] => Ok(true),
                _ => Err(format!("{path} = {json} changes nothing")),
            };
        }
        (
            expected,
            result.map(|changed| changed.expect("the item was visited")),
            format!("{path} = {json}"),
        )
    } else {
        (
            unset_in(before[0].clone(), components),
            parse(text, format).and_then(|document| document.unset(&path)),
            format!("without {path}"),
        )
    };
    let changed = match (result, &expected) {
        (Err(Error::NotFound { .. }), None) => return Ok(true),
        (Err(Error::Path { message }), None) if !message.contains("editor") => return Ok(true),
        (Err(Error::Path { message }), _)
            if message.contains("editor") || message.contains("<<") =>
        {
            return Ok(false);
        }
        (Err(error), _) => return Err(format!("{operation}: {error}")),
        (Ok(changed), _) => String::from_utf8(changed.to_vec()).expect("the text was UTF-8"),
    };
    let problem = |message: &str| Err(format!("{operation}: {message}\n{changed}"));
    let after =
        trees(&changed, format).map_err(|error| format!("{operation}: {error}\n{changed}"))?;
    if expected.as_ref() != after.first() {
        return problem("differs from the result of sops");
    }
    if before[1..] != after[1..] {
        return problem("another document changed");
    }
    let mut lost: BTreeSet<_> = comments(text)
        .difference(&comments(&changed))
        .cloned()
        .collect();
    // Text that looks like a comment may be a line of a block scalar.
    lost.retain(|name| !before.iter().any(|tree| holds(tree, name)));
    let in_collection = matches!(old, Some(Node::Mapping(_) | Node::Sequence(_)));
    if !lost.is_empty() && !in_collection {
        return problem(&format!("the comments {lost:?} are gone"));
    }
    if !text.contains('*') && format == Format::Yaml {
        let existing = (0..=components.len())
            .rev()
            .find(|length| node_at(&before[0], &components[..*length]).is_some());
        let (start, end) = lines_of(text, &components[..existing.unwrap_or(0)]);
        let all: Vec<&str> = text.split('\n').collect();
        let new: Vec<&str> = changed.split('\n').collect();
        let rest = all.len() - end;
        if new.len() < start + rest
            || all[..start] != new[..start]
            || all[end..] != new[new.len() - rest..]
        {
            return problem(&format!("lines outside of {}..{end} changed", start + 1));
        }
    }
    Ok(true)
}

fn check_all(format: Format, generate: impl Fn(u64) -> String, count: u64) {
    let first = std::env::var("SOPS_RS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(0);
    let (mut tried, mut refused, mut failed) = (0, 0, Vec::new());
    for seed in first..first + count {
        let text = generate(seed);
        if trees(&text, format).is_err() {
            continue;
        }
        for round in 0..4 {
            tried += 1;
            match change(seed * 4 + round, &text, format) {
                Ok(true) => {}
                Ok(false) => refused += 1,
                Err(message) => failed.push(format!("seed {seed}:\n{text}\n--- {message}")),
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {tried}, the shortest:\n{}",
        failed.len(),
        failed
            .iter()
            .min_by_key(|text| text.len())
            .map_or("", |text| text)
    );
    assert!(tried > 2 * count, "only {tried} changes were tried");
    assert!(
        refused * 100 < tried,
        "{refused} of {tried} changes were refused"
    );
}

/// A stream with common uses of flow collections, nulls and dashes: over several lines, with
/// comments, with a comma after the last item, and with sequences in the column of their key.
fn flow(seed: u64) -> String {
    let mut flow = Flow {
        random: StdRng::seed_from_u64(seed),
        names: 0,
        out: String::new(),
    };
    for _ in 0..flow.random.random_range(1..5) {
        flow.entry(0, 0);
    }
    if flow.random.random_bool(0.2) {
        // There is no `a:` without a space, which Go reads as a key.
        let lines = flow
            .out
            .trim_end()
            .replace(":\n", ": ~\n")
            .replace('\n', ",\n")
            .replace(",,", ",");
        flow.out = format!("{{{}\n}}\n", lines.strip_suffix(':').unwrap_or(&lines));
    }
    flow.out
}

struct Flow {
    random: StdRng,
    names: usize,
    out: String,
}

impl Flow {
    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from.choose(&mut self.random).unwrap_or(&"")
    }

    fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    fn comment(&mut self) {
        if self.random.random_bool(0.3) {
            let name = self.name();
            self.out.push_str(&format!(" # i{name}"));
        }
        self.out.push('\n');
    }

    fn entry(&mut self, column: usize, depth: usize) {
        let name = self.name();
        let pad = " ".repeat(column);
        self.out.push_str(&format!("{pad}k{name}:"));
        match self.random.random_range(0..5) {
            0 if depth < 3 => {
                self.comment();
                for _ in 0..self.random.random_range(1..4) {
                    self.out.push_str(&format!("{pad}-"));
                    match self.random.random_range(0..4) {
                        0 => self.comment(),
                        1 => {
                            let name = self.name();
                            self.out.push_str(&format!(" k{name}: x"));
                            self.comment();
                            if self.random.random_bool(0.5) {
                                self.entry(column + 2, depth + 1);
                            }
                        }
                        _ => {
                            self.out.push(' ');
                            self.flow(column + 2, 0);
                            self.comment();
                        }
                    }
                }
            }
            1 => self.comment(),
            _ => {
                self.out.push(' ');
                self.flow(column + 1, 0);
                self.comment();
            }
        }
    }

    fn break_line(&mut self, lines: bool, column: usize) {
        if !lines {
            let blank = self.pick(&["", " "]);
            return self.out.push_str(blank);
        }
        self.comment();
        if self.random.random_bool(0.1) {
            let name = self.name();
            self.out
                .push_str(&format!("{}# c{name}\n", " ".repeat(column)));
        }
        self.out.push_str(&" ".repeat(column));
    }

    fn flow(&mut self, column: usize, depth: usize) {
        let mapping = self.random.random_bool(0.5);
        let lines = self.random.random_bool(0.5);
        let items = self.random.random_range(0..5);
        self.out.push(if mapping { '{' } else { '[' });
        for item in 0..items {
            self.break_line(lines, column + 2);
            let name = self.name();
            if mapping {
                let key = match self.random.random_range(0..4) {
                    0 => format!("f{name}"),
                    1 => format!("\"f{name}\":"),
                    2 => format!("'f{name}' : "),
                    _ => format!("f{name}: "),
                };
                self.out.push_str(&key);
            } else if self.random.random_bool(0.1) {
                self.out.push_str(&format!("f{name}: "));
            }
            if !mapping || self.out.ends_with([' ', ':']) {
                self.flow_value(column + 2, depth);
            }
            let last = item + 1 == items;
            if !last || self.random.random_bool(0.3) {
                let comma = self.pick(&[",", ",", " ,"]);
                self.out.push_str(comma);
            }
        }
        self.break_line(lines, column);
        self.out.push(if mapping { '}' } else { ']' });
    }

    fn flow_value(&mut self, column: usize, depth: usize) {
        if depth < 3 && self.random.random_bool(0.2) {
            return self.flow(column, depth + 1);
        }
        let scalar = self.pick(&[
            "x",
            "two words",
            "1",
            "'q'",
            "\"d, d\"",
            "~",
            "!!str 5",
            "&a z",
            "1.50",
            "http://x/#y",
        ]);
        self.out.push_str(scalar);
    }
}

#[test]
fn flow_collections_change_as_in_sops_and_nowhere_else() {
    check_all(Format::Yaml, flow, 700);
}

#[test]
fn generated_yaml_changes_as_in_sops_and_nowhere_else() {
    check_all(
        Format::Yaml,
        |seed| sops_test_support::yaml(seed, Features::ALL),
        700,
    );
}

#[test]
fn generated_json_changes_as_in_sops_and_nowhere_else() {
    check_all(Format::Json, sops_test_support::json, 400);
}
