//! Generates YAML with a flow mapping at the top level.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Entries of a flow mapping, and the text that may come between them.
const FLOW_PARTS: &[&str] = &[
    "a: 1, ",
    "b: x, ",
    "? c : y, ",
    "d: [1, {e: f}], ",
    "g: &a 'x', ",
    "h: *a, ",
    "i: , ",
    "\"j\": \"y\\n\\n\", ",
    "k: 0x1F, ",
    "l: {m: n, # e\n o: p}, ",
    "<<: {q: r}, ",
    "s: !!str 5, ",
    "t: # f\n [u], ",
    "\n",
    "\n  ",
    "\t",
    " # c\n",
    "# d\n",
];

/// A document in flow style, perhaps after another one. Many contain an error, such as a duplicate
/// key.
pub fn yaml_in_flow_style(seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    let mut out = String::new();
    for (probability, text) in [(0.15, "z: |+\n  x\n\n---\n"), (0.3, "--- ")] {
        if !out.ends_with("---\n") && random.random_bool(probability) {
            out.push_str(text);
        }
    }
    out.push('{');
    for _ in 0..random.random_range(0..9) {
        out.push_str(FLOW_PARTS[random.random_range(0..FLOW_PARTS.len())]);
    }
    out.push('}');
    for text in [" # t", "\n"] {
        if random.random_bool(0.6) {
            out.push_str(text);
        }
    }
    out
}
