//! Generates JSON objects with every kind of value, escape and layout.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt as _, SeedableRng as _};

/// A JSON object.
pub fn json(seed: u64) -> String {
    let mut generator = Generator {
        random: StdRng::seed_from_u64(seed),
        keys: 0,
        out: String::new(),
        layout: Layout::Compact,
    };
    generator.layout = *[
        Layout::Compact,
        Layout::Spaced,
        Layout::Lines("  "),
        Layout::Lines("\t"),
        Layout::Lines("    "),
    ]
    .choose(&mut generator.random)
    .unwrap_or(&Layout::Compact);
    generator.object(0);
    if generator.random.random_bool(0.8) {
        generator.out.push('\n');
    }
    generator.out
}

#[derive(Clone, Copy)]
enum Layout {
    Compact,
    Spaced,
    Lines(&'static str),
}

struct Generator {
    random: StdRng,
    keys: usize,
    out: String,
    layout: Layout,
}

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-17",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "1.0",
    "1.50",
    "1e3",
    "1E+2",
    "0.1",
    "123456789.125",
    "1e21",
    "1e-7",
    "2.5e300",
    r#""""#,
    r#""plain""#,
    r#""with \"quotes\"""#,
    r#""tab\tnewline\n""#,
    r#""\u00e9\u2028\ud83d\ude00""#,
    r#""slash\/""#,
    r#""<a href=\"x\">&amp;</a>""#,
    r#""é 東京""#,
    r#""\u0000\u001f\u007f""#,
    r#""line\r\nline""#,
    r#""trailing space ""#,
    r#""ENC[not really]""#,
    r#""1.5""#,
    r#""true""#,
    r#""2001-12-14T21:59:43Z""#,
];

impl Generator {
    fn value(&mut self, depth: usize) {
        match self.random.random_range(0..10) {
            0 if depth < 5 => self.object(depth),
            1 if depth < 5 => self.array(depth),
            _ => {
                let scalar = SCALARS.choose(&mut self.random).unwrap_or(&"null");
                self.out.push_str(scalar);
            }
        }
    }

    fn object(&mut self, depth: usize) {
        let members = self
            .random
            .random_range(if depth == 0 { 1..9 } else { 0..5 });
        self.out.push('{');
        for member in 0..members {
            self.between(member, depth + 1);
            self.keys += 1;
            let suffix = ["", "", "", "_unencrypted", " é", "\\u0041", "\\n"]
                .choose(&mut self.random)
                .unwrap_or(&"");
            self.out.push_str(&format!("\"k{}{suffix}\":", self.keys));
            if !matches!(self.layout, Layout::Compact) {
                self.out.push(' ');
            }
            self.value(depth + 1);
        }
        self.end(members, depth, '}');
    }

    fn array(&mut self, depth: usize) {
        let items = self.random.random_range(0..5);
        self.out.push('[');
        for item in 0..items {
            self.between(item, depth + 1);
            self.value(depth + 1);
        }
        self.end(items, depth, ']');
    }

    fn between(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push(',');
        }
        match self.layout {
            Layout::Compact => {}
            Layout::Spaced if index > 0 => self.out.push(' '),
            Layout::Spaced => {}
            Layout::Lines(unit) => {
                self.out.push('\n');
                self.out.push_str(&unit.repeat(depth));
            }
        }
    }

    fn end(&mut self, members: usize, depth: usize, bracket: char) {
        if let Layout::Lines(unit) = self.layout
            && members > 0
        {
            self.out.push('\n');
            self.out.push_str(&unit.repeat(depth));
        }
        self.out.push(bracket);
    }
}
