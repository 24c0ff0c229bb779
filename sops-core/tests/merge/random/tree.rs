//! Random trees, and random changes of them.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde_json::{Map, Value as Json, json};

/// The kinds of trees that a format can hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Nested,
    Flat,
    Sections,
}

/// A tree and two changed copies of it.
pub(super) struct Trees {
    pub(super) base: Json,
    pub(super) ours: Json,
    pub(super) theirs: Json,
}

struct Maker<'r> {
    random: &'r mut StdRng,
    shape: Shape,
    /// A counter that makes keys and values unique.
    count: u32,
}

impl Trees {
    pub(super) fn new(shape: Shape, random: &mut StdRng) -> Self {
        let mut maker = Maker {
            random,
            shape,
            count: 0,
        };
        let base = maker.mapping(0);
        let (mut ours, mut theirs) = (base.clone(), base.clone());
        for _ in 0..maker.random.random_range(0..3) {
            // Both sides make the same change.
            let seed = maker.random.next_u64();
            let count = maker.count + 100;
            for side in [&mut ours, &mut theirs] {
                let mut twin = Maker {
                    random: &mut StdRng::seed_from_u64(seed),
                    shape,
                    count,
                };
                twin.change(side, 0);
            }
            maker.count += 200;
        }
        for _ in 0..maker.random.random_range(0..5) {
            maker.change(&mut ours, 0);
        }
        for _ in 0..maker.random.random_range(0..5) {
            maker.change(&mut theirs, 0);
        }
        Self { base, ours, theirs }
    }
}

impl Maker<'_> {
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

    fn mapping(&mut self, depth: usize) -> Json {
        let count = self
            .random
            .random_range(if depth == 0 { 1..8 } else { 1..5 });
        let mut map = Map::new();
        for _ in 0..count {
            let key = self.key(depth);
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
            Shape::Nested => {}
        }
        match self.random.random_range(0..10) {
            0 | 1 if depth < 4 => self.mapping(depth),
            2 if depth < 4 => {
                let count = self.random.random_range(1..5);
                (0..count).map(|_| self.item(depth + 1)).collect()
            }
            3 => json!(self.unique()),
            4 => json!(self.chance(2)),
            5 => json!(null),
            6 => json!(format!("two\nlines {}\n", self.unique())),
            7 => json!(""),
            _ => self.text(),
        }
    }

    fn item(&mut self, depth: usize) -> Json {
        match self.chance(4) {
            true => self.mapping(depth),
            false => self.text(),
        }
    }

    fn text(&mut self) -> Json {
        json!(format!("value {}", self.unique()))
    }

    /// Makes one change somewhere in the tree.
    fn change(&mut self, node: &mut Json, depth: usize) {
        match node {
            Json::Object(map) => self.change_mapping(map, depth),
            Json::Array(items) => self.change_items(items, depth),
            _ => *node = self.value(depth),
        }
    }

    fn change_mapping(&mut self, map: &mut Map<String, Json>, depth: usize) {
        let number = self.random.random_range(0..map.len().max(1));
        let key = map.keys().nth(number).cloned();
        match (key, self.random.random_range(0..6)) {
            (Some(key), 0) => {
                map.shift_remove(&key);
            }
            (Some(key), 1..4) => {
                if let Some(child) = map.get_mut(&key) {
                    self.change(child, depth + 1);
                }
            }
            (_, position) => {
                let (key, value) = (self.key(depth), self.value(depth + 1));
                if map.contains_key(&key) {
                    return;
                }
                match position {
                    4 => drop(map.shift_insert(number.min(map.len()), key, value)),
                    _ => drop(map.insert(key, value)),
                }
            }
        }
    }

    fn change_items(&mut self, items: &mut Vec<Json>, depth: usize) {
        let number = self.random.random_range(0..items.len().max(1));
        match self.random.random_range(0..4) {
            0 if !items.is_empty() => drop(items.remove(number)),
            1 | 2 if !items.is_empty() => self.change(&mut items[number], depth + 1),
            _ => {
                let item = self.item(depth + 1);
                items.insert(number.min(items.len()), item);
            }
        }
    }
}
