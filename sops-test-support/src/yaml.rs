//! Generates YAML streams with every kind of scalar, collection, comment and layout that people
//! write.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt as _, SeedableRng as _};

use crate::yaml_scalars::{FLOW_SCALARS, SCALARS, TAGGED};

/// What a generated stream may contain.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// Comments of all kinds.
    pub comments: bool,
    /// Anchors, aliases and merge keys.
    pub aliases: bool,
    /// Several documents.
    pub documents: bool,
    /// CRLF, a byte order mark, a missing last line break.
    pub odd_layout: bool,
    /// Tags.
    pub tags: bool,
}

impl Features {
    /// All features.
    pub const ALL: Self = Self {
        comments: true,
        aliases: true,
        documents: true,
        odd_layout: true,
        tags: true,
    };
}

/// A YAML stream whose documents are mappings.
pub fn yaml(seed: u64, features: Features) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    let documents = if features.documents && random.random_bool(0.2) {
        random.random_range(2..4)
    } else {
        1
    };
    let step = *[2, 2, 4, 3].choose(&mut random).unwrap_or(&2);
    let density = *[0.0, 0.1, 0.3].choose(&mut random).unwrap_or(&0.0);
    let mut generator = Generator {
        random,
        features,
        step,
        density,
        names: 0,
        anchors: Vec::new(),
        out: String::new(),
    };
    for number in 0..documents {
        generator.document(number);
    }
    generator.lay_out()
}

struct Generator {
    random: StdRng,
    features: Features,
    /// The spaces per level of indentation.
    step: usize,
    /// The probability of a comment, at each position where one is allowed.
    density: f64,
    /// A counter that gives every key and comment a unique name.
    names: usize,
    /// The anchors of this document, and whether each is on a mapping.
    anchors: Vec<(String, bool)>,
    out: String,
}

impl Generator {
    fn document(&mut self, number: usize) {
        self.anchors.clear();
        if number > 0 || self.random.random_bool(0.2) {
            self.comments(0);
            self.out.push_str("---");
            if self.features.comments && self.random.random_bool(0.1) {
                self.inline_comment();
            }
            self.out.push('\n');
        }
        if self.random.random_bool(0.08) {
            self.flow_top();
        } else {
            let indent = if self.random.random_bool(0.03) { 2 } else { 0 };
            self.block_mapping(indent, 0, false);
        }
        self.comments(0);
        if self.random.random_bool(0.05) {
            self.out.push_str("...\n");
        }
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from.choose(&mut self.random).unwrap_or(&"")
    }

    fn key(&mut self) -> String {
        let name = self.name("k");
        match self.random.random_range(0..16) {
            0 => format!("{name}_unencrypted"),
            1 => format!("'{name}'"),
            2 => format!("\"{name} \\u00e9\""),
            3 => format!("{name} with space"),
            4 => format!("{name}é"),
            5 => format!("data{name}"),
            6 => format!("\"{name}: x\""),
            _ => name,
        }
    }

    /// Writes comments on their own lines, and blank lines.
    fn comments(&mut self, indent: usize) {
        if self.chance(0.05) {
            self.out.push('\n');
        }
        while self.features.comments && self.chance(self.density) {
            let name = self.name("# c");
            let extra = self.pick(&["", " with text", ":", "  ", "\t# more"]);
            let indent = if self.chance(0.1) {
                self.random.random_range(0..=indent + 2)
            } else {
                indent
            };
            self.out
                .push_str(&format!("{}{name}{extra}\n", " ".repeat(indent)));
            if self.chance(0.2) {
                self.out.push('\n');
            }
        }
    }

    fn inline_comment(&mut self) {
        let name = self.name("# i");
        self.out.push_str(&format!("  {name}"));
    }

    fn end_line(&mut self) {
        if self.features.comments && self.chance(self.density / 2.0) {
            self.inline_comment();
        }
        self.out.push('\n');
    }

    /// Writes a mapping in block style. With `inline`, the first key continues the current line.
    fn block_mapping(&mut self, indent: usize, depth: usize, inline: bool) {
        let entries = self.random.random_range(1..if depth == 0 { 8 } else { 5 });
        for entry in 0..entries {
            if entry > 0 || !inline {
                self.comments(indent);
                self.out.push_str(&" ".repeat(indent));
            }
            if self.features.aliases && entry == 0 && self.chance(0.1) && self.merge() {
                self.end_line();
                continue;
            }
            let key = self.key();
            if self.chance(0.01) {
                self.out
                    .push_str(&format!("? {key}\n{}:", " ".repeat(indent)));
            } else {
                self.out.push_str(&key);
                self.out.push(':');
            }
            self.value(indent, depth);
        }
        if self.chance(0.2) {
            self.comments(indent);
        }
    }

    fn merge(&mut self) -> bool {
        let mappings: Vec<String> = self
            .anchors
            .iter()
            .filter(|(_, mapping)| *mapping)
            .map(|(name, _)| name.clone())
            .collect();
        let Some(name) = mappings.choose(&mut self.random) else {
            return false;
        };
        self.out.push_str(&format!("<<: *{name}"));
        true
    }

    fn block_sequence(&mut self, indent: usize, depth: usize, inline: bool) {
        for item in 0..self.random.random_range(1..5) {
            if item > 0 || !inline {
                self.comments(indent);
                self.out.push_str(&" ".repeat(indent));
            }
            self.out.push('-');
            if depth < 5 && self.chance(0.15) {
                self.out.push(' ');
                self.block_mapping(indent + 2, depth + 1, true);
            } else if depth < 5 && self.chance(0.05) {
                self.out.push(' ');
                self.block_sequence(indent + 2, depth + 1, true);
            } else {
                self.value(indent, depth);
            }
        }
    }

    /// Writes a value after a colon or a dash of the block at column `indent`, up to the end of its
    /// line or block.
    fn value(&mut self, indent: usize, depth: usize) {
        let inner = indent + self.step;
        let kind = self.random.random_range(0..20);
        if self.features.aliases && kind == 0 && !self.anchors.is_empty() {
            let (name, _) = self
                .anchors
                .choose(&mut self.random)
                .cloned()
                .unwrap_or_default();
            self.out.push_str(&format!(" *{name}"));
            self.end_line();
            return;
        }
        let anchor = (self.features.aliases && self.chance(0.08)).then(|| self.name("a"));
        if let Some(name) = &anchor {
            self.out.push_str(&format!(" &{name}"));
        }
        let mut mapping = false;
        match kind {
            1..=3 if depth < 5 => {
                self.end_line();
                self.block_mapping(inner, depth + 1, false);
                mapping = true;
            }
            4 | 5 if depth < 5 => {
                self.end_line();
                self.block_sequence(inner, depth + 1, false);
            }
            6 => {
                self.out.push(' ');
                mapping = self.flow(depth);
                self.end_line();
            }
            7 => self.block_scalar(inner),
            8 => self.folded_quotes(inner),
            9 if self.features.tags => {
                let tagged = self.pick(TAGGED);
                self.out.push_str(&format!(" {tagged}"));
                self.end_line();
            }
            _ => {
                let scalar = self.pick(SCALARS);
                if !scalar.is_empty() {
                    self.out.push(' ');
                    self.out.push_str(scalar);
                }
                self.end_line();
            }
        }
        self.anchors.extend(anchor.map(|name| (name, mapping)));
    }

    fn flow(&mut self, depth: usize) -> bool {
        let mapping = self.chance(0.5);
        if mapping {
            self.flow_mapping(depth)
        } else {
            self.flow_sequence(depth)
        }
        mapping
    }

    fn flow_value(&mut self, depth: usize) {
        if depth < 3 && self.chance(0.2) {
            self.flow(depth + 1);
        } else {
            let scalar = self.pick(FLOW_SCALARS);
            self.out.push_str(scalar);
        }
    }

    fn flow_mapping(&mut self, depth: usize) {
        self.out.push('{');
        for entry in 0..self.random.random_range(0..4) {
            if entry > 0 {
                self.out.push_str(", ");
            }
            let key = self.name("f");
            let key = if self.chance(0.2) {
                format!("\"{key}\"")
            } else {
                key
            };
            self.out.push_str(&format!("{key}: "));
            self.flow_value(depth);
        }
        self.out.push('}');
    }

    /// Writes a document in flow style: on one line, or on several with comments between the
    /// entries.
    fn flow_top(&mut self) {
        if self.chance(0.5) {
            self.flow_mapping(0);
            self.end_line();
            return;
        }
        self.out.push('{');
        let indent = self.pick(&["", "  ", "\t"]);
        for _ in 0..self.random.random_range(0..5) {
            self.end_line();
            if self.features.comments && self.chance(0.2) {
                let comment = self.name("# c");
                self.out.push_str(&format!("{indent}{comment}\n"));
            }
            let key = self.name("f");
            let key = match self.random.random_range(0..10) {
                0 => format!("\"{key}\""),
                1 => format!("? {key} "),
                _ => key,
            };
            self.out.push_str(&format!("{indent}{key}: "));
            if self.features.aliases && self.chance(0.1) {
                let name = self.name("a");
                self.out.push_str(&format!("&{name} "));
            }
            self.flow_value(0);
            self.out.push(',');
        }
        self.end_line();
        self.out.push('}');
        self.end_line();
    }

    fn flow_sequence(&mut self, depth: usize) {
        self.out.push('[');
        for item in 0..self.random.random_range(0..4) {
            if item > 0 {
                self.out.push_str(", ");
            }
            self.flow_value(depth);
        }
        self.out.push(']');
    }

    fn block_scalar(&mut self, indent: usize) {
        let indicator = self.pick(&["|", "|", "|-", "|+", ">", ">-", ">+"]);
        let leading = self.chance(0.15);
        let digit = if leading {
            self.step.to_string()
        } else {
            String::new()
        };
        self.out
            .push_str(&format!(" {}{digit}{}", &indicator[..1], &indicator[1..]));
        self.end_line();
        let pad = " ".repeat(indent);
        for line in 0..self.random.random_range(1..5) {
            let text = self.pick(&[
                "word",
                "two words",
                "",
                "  more indented",
                "# no comment",
                "key: value",
                "- item",
                "tab\tbed",
                "é",
            ]);
            let text = match (line, text) {
                (0, "" | "  more indented") if !leading => "first",
                (0, text) if leading => &format!("  {text}"),
                (_, text) => text,
            };
            let pad = if text.is_empty() { "" } else { &pad };
            self.out.push_str(&format!("{pad}{text}\n"));
        }
        if self.chance(0.2) {
            self.out.push('\n');
        }
    }

    /// Writes quoted and plain scalars that span several lines.
    fn folded_quotes(&mut self, indent: usize) {
        let pad = " ".repeat(indent);
        let text = match self.random.random_range(0..4) {
            0 => format!(" \"first\n{pad}second\\\n{pad}third\n\n{pad}fourth\""),
            1 => format!(" 'it''s\n\n{pad}folded'"),
            2 => format!(" plain\n{pad}goes on\n\n{pad}here"),
            _ => format!(" \"\n{pad}lead\n{pad}\""),
        };
        self.out.push_str(&text);
        self.end_line();
    }

    fn lay_out(mut self) -> String {
        if !self.features.odd_layout {
            return self.out;
        }
        if self.random.random_bool(0.1) {
            self.out = self.out.replace('\n', "\r\n");
        }
        if self.random.random_bool(0.1) {
            let kept = self.out.trim_end_matches(['\r', '\n']).len();
            self.out.truncate(kept);
        }
        if self.random.random_bool(0.03) {
            self.out.insert(0, '\u{feff}');
        }
        self.out
    }
}
