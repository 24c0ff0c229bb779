//! Random trees, and random changes of them.
//!
//! The comment above a key is a string under [`comment_key`] of the key in the same mapping, so
//! that a tree has everything that its text has.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde_json::{Map, Value as Json, json};

/// The kinds of trees that a format can hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Nested,
    /// Nested documents in one file; the tree is a list.
    Documents,
    /// Nested, without comments.
    Bare,
    Flat,
    Sections,
}

/// A tree and two changed copies of it.
pub(super) struct Trees {
    pub(super) base: Json,
    pub(super) ours: Json,
    pub(super) theirs: Json,
}

/// The key of the comment above another key.
pub(super) fn comment_key(key: &str) -> String {
    format!("#{key}")
}

/// Whether a key is that of a comment.
pub(super) fn is_comment(key: &str) -> bool {
    key.starts_with('#')
}

struct Maker<'r> {
    random: &'r mut StdRng,
    shape: Shape,
    /// A counter that makes keys and values unique.
    count: u32,
    /// Whether the current node is in a list, in which nothing has a comment.
    is_in_list: bool,
}

impl Trees {
    pub(super) fn new(shape: Shape, random: &mut StdRng) -> Self {
        let mut maker = Maker::new(random, shape, 0);
        let base = match shape {
            Shape::Documents => {
                let count = maker.random.random_range(2..5);
                (0..count).map(|_| maker.document()).collect()
            }
            _ => maker.mapping(0),
        };
        let (mut ours, mut theirs) = (base.clone(), base.clone());
        for _ in 0..maker.random.random_range(0..3) {
            // Both sides make the same change.
            let seed = maker.random.next_u64();
            let count = maker.count + 100;
            for side in [&mut ours, &mut theirs] {
                let mut random = StdRng::seed_from_u64(seed);
                Maker::new(&mut random, shape, count).change_all(side);
            }
            maker.count += 200;
        }
        for _ in 0..maker.random.random_range(0..5) {
            maker.change_all(&mut ours);
        }
        for _ in 0..maker.random.random_range(0..5) {
            maker.change_all(&mut theirs);
        }
        Self { base, ours, theirs }
    }
}

impl<'r> Maker<'r> {
    fn new(random: &'r mut StdRng, shape: Shape, count: u32) -> Self {
        Self {
            random,
            shape,
            count,
            is_in_list: false,
        }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.random.next_u32().is_multiple_of(one_in)
    }

    fn unique(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// A key, which the other side may use too.
    fn key(&mut self, depth: usize) -> String {
        let number = self.random.random_range(0..12);
        match self.shape {
            Shape::Sections if depth == 0 => format!("s{number}"),
            Shape::Flat => format!("K{number}"),
            _ => format!("k{number}"),
        }
    }

    /// A comment above a key, if it can have one.
    fn comment(&mut self, key: &str, depth: usize) -> Option<Json> {
        let can_have_one = match self.shape {
            Shape::Bare => false,
            Shape::Sections => depth > 0,
            _ => !self.is_in_list,
        };
        can_have_one.then(|| json!(format!("about {key} {}", self.unique())))
    }

    /// An object with a kind and a name, or another mapping.
    fn document(&mut self) -> Json {
        let Json::Object(entries) = self.mapping(0) else {
            unreachable!("it is a mapping");
        };
        let mut map = Map::new();
        if self.chance(2) {
            map.insert("kind".to_owned(), json!("Secret"));
            let name = json!({"name": format!("n{}", self.random.random_range(0..4))});
            map.insert("metadata".to_owned(), name);
        }
        map.extend(entries);
        Json::Object(map)
    }

    fn mapping(&mut self, depth: usize) -> Json {
        let count = self
            .random
            .random_range(if depth == 0 { 1..8 } else { 1..5 });
        let mut map = Map::new();
        for _ in 0..count {
            let key = self.key(depth);
            if map.contains_key(&key) {
                continue;
            }
            if self.chance(3)
                && let Some(comment) = self.comment(&key, depth)
            {
                map.insert(comment_key(&key), comment);
            }
            let value = self.value(depth + 1);
            map.insert(key, value);
        }
        Json::Object(map)
    }

    fn value(&mut self, depth: usize) -> Json {
        match self.shape {
            Shape::Flat => return self.text(),
            Shape::Sections if depth == 1 => return self.mapping(depth),
            Shape::Sections => return self.text(),
            Shape::Nested | Shape::Documents | Shape::Bare => {}
        }
        match self.random.random_range(0..11) {
            0 | 1 if depth < 4 => self.mapping(depth),
            2 if depth < 4 => {
                let was_in_list = std::mem::replace(&mut self.is_in_list, true);
                let count = self.random.random_range(1..5);
                let are_named = self.chance(3);
                let items = (0..count).map(|_| self.item(depth + 1, are_named));
                let items = items.collect();
                self.is_in_list = was_in_list;
                items
            }
            3 => json!(self.unique()),
            4 => json!(self.chance(2)),
            5 => json!(null),
            6 => json!(format!("two\nlines {}\n", self.unique())),
            7 => json!(""),
            8 => json!(format!("shared {}", self.random.random_range(0..3))),
            _ => self.text(),
        }
    }

    fn item(&mut self, depth: usize, is_named: bool) -> Json {
        if is_named {
            let name = format!("n{}", self.random.random_range(0..6));
            return json!({"name": name, "value": self.text()});
        }
        match self.chance(4) {
            true => self.mapping(depth),
            false => self.text(),
        }
    }

    fn text(&mut self) -> Json {
        json!(format!("value {}", self.unique()))
    }

    /// Makes one change somewhere in the tree.
    fn change_all(&mut self, tree: &mut Json) {
        let Json::Array(documents) = tree else {
            return self.change(tree, 0);
        };
        let number = self.random.random_range(0..documents.len());
        match self.random.random_range(0..8) {
            0 if documents.len() > 1 => drop(documents.remove(number)),
            1 => {
                let document = self.document();
                documents.insert(number, document);
            }
            2 => {
                let document = self.document();
                documents.push(document);
            }
            _ => self.change(&mut documents[number], 0),
        }
    }

    fn change(&mut self, node: &mut Json, depth: usize) {
        match node {
            Json::Object(map) => self.change_mapping(map, depth),
            Json::Array(items) => {
                let was_in_list = std::mem::replace(&mut self.is_in_list, true);
                self.change_items(items, depth);
                self.is_in_list = was_in_list;
            }
            _ => *node = self.value(depth),
        }
    }

    fn change_mapping(&mut self, map: &mut Map<String, Json>, depth: usize) {
        let keys: Vec<String> = map.keys().filter(|key| !is_comment(key)).cloned().collect();
        let number = self.random.random_range(0..keys.len().max(1));
        match (keys.get(number), self.random.random_range(0..8)) {
            (Some(key), 0) => {
                map.shift_remove(key);
                map.shift_remove(&comment_key(key));
            }
            (Some(key), 1..4) => {
                if let Some(child) = map.get_mut(key) {
                    self.change(child, depth + 1);
                }
            }
            (Some(key), 4 | 5) => {
                if map.shift_remove(&comment_key(key)).is_none() || self.chance(2) {
                    let Some(comment) = self.comment(key, depth) else {
                        return;
                    };
                    let position = map.keys().position(|other| other == key);
                    let position = position.expect("the mapping has the key");
                    map.shift_insert(position, comment_key(key), comment);
                }
            }
            (before, position) => {
                let (key, value) = (self.key(depth), self.value(depth + 1));
                if map.contains_key(&key) {
                    return;
                }
                // Before an entry with its comment, or at the end.
                let before = before.filter(|_| position == 6);
                let at = before.and_then(|before| {
                    let comment = comment_key(before);
                    map.keys().position(|key| *key == comment || key == before)
                });
                map.shift_insert(at.unwrap_or(map.len()), key, value);
            }
        }
    }

    fn change_items(&mut self, items: &mut Vec<Json>, depth: usize) {
        let number = self.random.random_range(0..items.len().max(1));
        match self.random.random_range(0..4) {
            0 if !items.is_empty() => drop(items.remove(number)),
            1 if !items.is_empty() => self.change(&mut items[number], depth + 1),
            change => {
                let is_named = |item: &Json| item.get("name").is_some();
                let are_named = items.iter().any(is_named);
                let item = self.item(depth + 1, are_named);
                match change {
                    2 => items.push(item),
                    _ => items.insert(number.min(items.len()), item),
                }
            }
        }
    }
}
