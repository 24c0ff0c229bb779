//! Generates dotenv and INI files with every kind of line.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt as _, SeedableRng as _};

/// A dotenv file that SOPS accepts.
pub fn dotenv(seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    let mut out = String::new();
    let lines = random.random_range(0..12);
    for line in 0..lines {
        match random.random_range(0..8) {
            0 => {}
            1 | 2 => out.push_str(pick(
                &mut random,
                &["# c", "#", "#c ", "## c=1", "#\tc\r", "# é"],
            )),
            _ => {
                let prefix = pick(&mut random, &["", "", "", "export ", " ", "sops", "é "]);
                let suffix = pick(&mut random, &["", "", "", "_unencrypted", " ", ".x", "\t"]);
                out.push_str(&format!("{prefix}K{line}{suffix}="));
                out.push_str(pick(&mut random, DOTENV_VALUES));
            }
        }
        out.push('\n');
    }
    if random.random_bool(0.2) {
        out.pop();
    }
    out
}

const DOTENV_VALUES: &[&str] = &[
    "",
    "x",
    "1",
    "true",
    "a b",
    " x ",
    "\"x y\"",
    "'x'",
    "a\\nb",
    "a\\\\nb\\n",
    "\\t",
    "a=b=",
    "x # no comment",
    "é 東京",
    "$VAR ${X}",
    "x\r",
    "ENC[not really]",
    "[]",
    "{}",
    "-----BEGIN KEY-----\\nabc\\n",
    "null",
    "\t",
];

/// An INI file that SOPS accepts and writes without losing anything.
pub fn ini(seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    let line_break = if random.random_bool(0.15) {
        "\r\n"
    } else {
        "\n"
    };
    let mut out = String::new();
    if random.random_bool(0.05) {
        out.push('\u{feff}');
    }
    let lines = random.random_range(0..16);
    for line in 0..lines {
        let indent = pick(&mut random, &["", "", "", " ", "\t"]);
        match random.random_range(0..12) {
            0 | 1 => {}
            2 | 3 => {
                out.push_str(indent);
                out.push_str(pick(&mut random, INI_COMMENTS));
            }
            4 | 5 => {
                let name = pick(
                    &mut random,
                    &["s", "a.b", "DEFAULT", "x y", "é", "s_unencrypted"],
                );
                out.push_str(&format!("{indent}[{name}{line}]"));
                if random.random_bool(0.2) {
                    out.push_str(pick(&mut random, &[" ; c", "# c", "  ;  c ", "\t;c"]));
                }
            }
            _ => {
                let key = pick(
                    &mut random,
                    &["k", "key ", "a.b", "é", "k_unencrypted", "\"q=", "`b:"],
                );
                let close = match key.as_bytes()[0] {
                    b'"' => "\"",
                    b'`' => "`",
                    _ => "",
                };
                let key = match close {
                    "" => format!("{line}{key}"),
                    _ => format!("{key}{line}{close}"),
                };
                let delimiter = pick(&mut random, &["=", " = ", ": ", "   =\t"]);
                out.push_str(&format!("{indent}{key}{delimiter}"));
                let value = pick(&mut random, INI_VALUES);
                out.push_str(&value.replace('\n', line_break));
                if random.random_bool(0.15) && !value.ends_with('\\') {
                    out.push_str(pick(&mut random, &[" ; c", " # c", ";c", "   ;;  c "]));
                }
            }
        }
        out.push_str(line_break);
    }
    if random.random_bool(0.2) {
        out.truncate(out.trim_end_matches(['\r', '\n']).len());
    }
    out
}

const INI_VALUES: &[&str] = &[
    "",
    "x",
    "1",
    "true",
    "a b",
    "  x  ",
    "\"x y\"",
    "'x'",
    "\"a'b\"",
    "'a'b'",
    "\"",
    "''",
    "`a;b`",
    "`x`",
    "`a\nb`",
    "\"\"\"a\n b\"\"\"",
    "\"\"\"x\"\"\"",
    "a \\\n  b",
    "a \\\n  b \\\n c",
    "é 東京",
    "%(k)s",
    "a=b:c",
    "[x]",
    "ENC[not really]",
    "&x y",
    "*x",
    "\\x",
    "C:\\x",
    "` x `",
    "\" x \"",
];

const INI_COMMENTS: &[&str] = &[
    "; c", "# c", ";c", "#  c  ", ";; c", "## ; c", "; # c", "# ;c", ";", "#", "; [x]", "# k=v",
    "; é",
];

fn pick<'a>(random: &mut StdRng, choices: &[&'a str]) -> &'a str {
    choices.choose(random).copied().unwrap_or_default()
}
