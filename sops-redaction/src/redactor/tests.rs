use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

/// Masks `text` by comparing every pattern with it at every position.
fn masked_by_hand(patterns: &Patterns, text: &[u8]) -> Vec<bool> {
    let mut is_masked = vec![false; text.len()];
    for start in 0..text.len() {
        for pattern in patterns.all() {
            if text[start..].starts_with(pattern) {
                is_masked[start..start + pattern.len()].fill(true);
            }
        }
    }
    is_masked
}

/// The first position from which on the text is the beginning of a pattern and nothing more.
fn open_by_hand(patterns: &Patterns, text: &[u8]) -> usize {
    let is_open = |start: &usize| {
        let rest = &text[*start..];
        patterns
            .all()
            .any(|pattern| pattern.len() > rest.len() && pattern.starts_with(rest))
    };
    (0..text.len()).find(is_open).unwrap_or(text.len())
}

/// The text with the mask in place of masked bytes.
fn written(text: &[u8], is_masked: &[bool]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match is_masked[at] {
            false => out.push(*byte),
            true if at > 0 && is_masked[at - 1] => {}
            true => out.extend_from_slice(MASK),
        }
    }
    out
}

/// What can be written of the text so far: all that is decided, and the mask for what follows if
/// that is certain.
fn decided(patterns: &Patterns, text: &[u8]) -> Vec<u8> {
    let is_masked = masked_by_hand(patterns, text);
    let open = open_by_hand(patterns, text);
    let covered = is_masked[open..].iter().take_while(|masked| **masked);
    // Later bytes that are masked may follow bytes that are not decided.
    let begun_before = |at: usize| {
        patterns.all().any(|pattern| {
            (0..=open).any(|start| {
                text[start..].starts_with(pattern) && (start..start + pattern.len()).contains(&at)
            })
        })
    };
    let mut end = open + covered.count();
    while end > open && !begun_before(end - 1) {
        end -= 1;
    }
    written(&text[..end], &is_masked[..end])
}

/// Random patterns over few letters, so that they overlap, contain and begin with each other.
fn random_patterns(random: &mut StdRng) -> Patterns {
    let letters = [1, 2, 3, 40][random.random_range(0..4)];
    let word = |random: &mut StdRng, lengths: std::ops::Range<usize>| -> Vec<u8> {
        let length = random.random_range(lengths);
        (0..length)
            .map(|_| b'a' + random.random_range(0..letters))
            .collect()
    };
    let mut patterns: Vec<Vec<u8>> = (0..random.random_range(1..8))
        .map(|_| word(random, 8..20))
        .collect();
    for _ in 0..random.random_range(0..8) {
        let other = patterns[random.random_range(0..patterns.len())].clone();
        let cut = random.random_range(0..other.len());
        patterns.push(match random.random_range(0..3) {
            0 => [other, word(random, 1..9)].concat(),
            1 => [&other[cut..], &word(random, 8..12)].concat(),
            _ => other[cut..].to_vec(),
        });
    }
    Patterns::exactly(&patterns)
}

fn random_text(random: &mut StdRng, patterns: &Patterns) -> Vec<u8> {
    let all: Vec<&[u8]> = patterns.all().collect();
    let mut text = Vec::new();
    for _ in 0..random.random_range(0..12) {
        let pattern = all[random.random_range(0..all.len())];
        let cut = random.random_range(0..=pattern.len());
        match random.random_range(0..5) {
            0 => text.extend_from_slice(pattern),
            1 => text.extend_from_slice(&pattern[..cut]),
            2 => text.extend_from_slice(&pattern[cut..]),
            3 => {
                text.extend((0..random.random_range(0..9)).map(|_| random.random_range(b'a'..b'd')))
            }
            _ => text
                .extend((0..random.random_range(0..40)).map(|_| random.random_range(b' '..b'~'))),
        }
    }
    text
}

#[test]
fn all_that_belongs_to_a_pattern_is_masked_and_the_rest_passes_at_once() {
    for seed in 0..1_000 {
        let mut random = StdRng::seed_from_u64(seed);
        let patterns = Arc::new(random_patterns(&mut random));
        let text = random_text(&mut random, &patterns);
        let most = [1, 3, 8, 200][random.random_range(0..4)];
        let mut redactor = Redactor::new(Arc::clone(&patterns));
        let mut out = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let end = text.len().min(at + random.random_range(1..=most));
            redactor.push(&text[at..end], &mut out);
            at = end;
            assert_eq!(
                String::from_utf8_lossy(&out),
                String::from_utf8_lossy(&decided(&patterns, &text[..at])),
                "seed {seed}, at {at}"
            );
        }
        redactor.finish(&mut out);
        let expected = written(&text, &masked_by_hand(&patterns, &text));
        assert_eq!(
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&expected),
            "seed {seed}"
        );
    }
}

/// The output for `text` if it is pushed one byte at a time, with a pause after each if `pauses`.
fn redacted(patterns: Patterns, text: &[u8], pauses: bool) -> String {
    let mut redactor = Redactor::new(Arc::new(patterns));
    let mut out = Vec::new();
    for byte in text {
        redactor.push(&[*byte], &mut out);
        if pauses {
            redactor.release(&mut out);
        }
    }
    redactor.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn a_pause_shows_at_most_two_bytes_of_a_value() {
    for (text, expected) in [
        ("hunter2hunter2", "hu***"),
        ("a hunter2hunter2 b", "a hu*** b"),
        ("hunhunter2hunter2", "hunhu***"),
        ("hunter2 typed by hand", "hunter2 typed by hand"),
        // The second value follows a masked one without a gap.
        ("hunter2hunter2correct horse!", "hu***co***!"),
    ] {
        let patterns =
            || Patterns::of_values(["hunter2hunter2", "correct horse"].map(str::as_bytes));
        assert_eq!(redacted(patterns(), text.as_bytes(), true), expected);
        let strict = redacted(patterns(), text.as_bytes(), false);
        assert!(
            !strict.contains("hunter2h") && !strict.contains("horse"),
            "{strict}"
        );
    }
}

#[test]
fn values_are_found_in_the_forms_of_other_programs() {
    // The forms are those of Python, JavaScript, Go, PHP and coreutils.
    let value = "pä ss/w<o>rd+&\"1";
    for form in [
        value,
        "cMOkIHNzL3c8bz5yZCsmIjE=",
        "cMOkIHNzL3c8bz5yZCsmIjE",
        "p%C3%A4%20ss%2Fw%3Co%3Erd%2B%26%221",
        "p%c3%a4%20ss%2fw%3co%3erd%2b%26%221",
        "p%C3%A4+ss%2Fw%3Co%3Erd%2B%26%221",
        "p%C3%A4%20ss/w%3Co%3Erd%2B%26%221",
        "p%C3%A4%20ss/w%3Co%3Erd+&%221",
        "p%C3%A4%20ss%2Fw%3Co%3Erd+&%221",
        r#"p\u00e4 ss/w<o>rd+&\"1"#,
        r#"pä ss/w<o>rd+&\"1"#,
        r#"pä ss/w\u003co\u003erd+\u0026\"1"#,
        r#"p\u00e4 ss\/w<o>rd+&\"1"#,
        r#"p\u00E4 ss/w\u003Co\u003Erd+\u0026\"1"#,
    ] {
        let patterns = Patterns::of_values([value.as_bytes()]);
        let text = format!("<{form}>");
        assert_eq!(
            redacted(patterns, text.as_bytes(), false),
            "<***>",
            "{form}"
        );
    }
    // Within a longer text, the first and the last character may depend on their neighbors.
    for (base64, expected) in [
        ("YTpww6Qgc3MvdzxvPnJkKyYiMQ==", "YTp***"),
        ("YTpww6Qgc3MvdzxvPnJkKyYiMQo=", "YTp***o="),
        ("YTpww6Qgc3MvdzxvPnJkKyYiMXh5", "YTp***Xh5"),
        ("YWI6cMOkIHNzL3c8bz5yZCsmIjE=", "YWI6***"),
        ("YWI6cMOkIHNzL3c8bz5yZCsmIjEK", "YWI6***K"),
        ("YWJjOnDDpCBzcy93PG8+cmQrJiIx", "YWJjOn***"),
        ("YWJjOnDDpCBzcy93PG8-cmQrJiIx", "YWJjOn***"),
        ("YWJjOnDDpCBzcy93PG8+cmQrJiIxCg==", "YWJjOn***Cg=="),
    ] {
        let patterns = Patterns::of_values([value.as_bytes()]);
        assert_eq!(redacted(patterns, base64.as_bytes(), false), expected);
    }
}

#[test]
fn each_line_of_a_value_is_masked() {
    let value = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w\nshort\n-----END KEY-----\n";
    let patterns = || Patterns::of_values([value.as_bytes()]);
    for (text, expected) in [
        (value, "***"),
        (value.trim_end(), "***"),
        (&*value.replace('\n', "\r\n"), "***\r\n"),
        (&*value.replace('\n', "\\n"), "***"),
        (
            "1: -----BEGIN KEY-----\n2: MIIEvQIBADANBg\n",
            "1: ***\n2: ***\n",
        ),
        ("kqhkiG9w\nshort\n-----END KEY-----\n", "***\nshort\n***\n"),
        // The base64 of a line.
        ("TUlJRXZRSUJBREFOQmc=", "***"),
    ] {
        assert_eq!(
            redacted(patterns(), text.as_bytes(), false),
            expected,
            "{text}"
        );
    }
    // Indented as in YAML.
    let patterns = Patterns::of_values(["a:\n  hunter2hunter2\n".as_bytes()]);
    assert_eq!(
        redacted(patterns, b"- hunter2hunter2 \n", false),
        "- *** \n"
    );
}

#[test]
fn base64_in_lines_is_masked() {
    let value: Vec<u8> = (0..200).collect();
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &value);
    for width in [64, 76] {
        for end in ["\n", "\r\n"] {
            let lines: Vec<&str> = encoded
                .as_bytes()
                .chunks(width)
                .map(|line| str::from_utf8(line).expect("base64 is ASCII"))
                .collect();
            let text = lines.join(end);
            let patterns = Patterns::of_values([value.as_slice()]);
            assert_eq!(redacted(patterns, text.as_bytes(), false), "***");
            let patterns = Patterns::of_values_in([], &value);
            assert_eq!(redacted(patterns, text.as_bytes(), false), "***");
        }
    }
}

#[test]
fn parts_of_long_values_are_masked() {
    let value: Vec<u8> = (0..20_000_u32)
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let patterns = Arc::new(Patterns::of_values([value.as_slice()]));
    let mut redactor = Redactor::new(Arc::clone(&patterns));
    let mut out = Vec::new();
    redactor.push(&value, &mut out);
    assert_eq!(out, MASK);
    redactor.push(b"text", &mut out);
    redactor.finish(&mut out);
    assert_eq!(out, b"***text");
    // A program may print a part of the value.
    let mut redactor = Redactor::new(patterns);
    out.clear();
    redactor.push(&value[..30_000], &mut out);
    redactor.push(b"text", &mut out);
    assert!(out.len() < 2_000, "{}", out.len());
}

#[test]
fn short_values_are_not_searched_for() {
    let patterns = Patterns::of_values(["hunter2", "8080", "", "a\nb"].map(str::as_bytes));
    assert!(patterns.is_empty());
    let text = "hunter2 on 8080";
    assert_eq!(redacted(patterns, text.as_bytes(), false), text);
}

#[test]
fn neither_values_nor_held_bytes_are_shown_for_debugging() {
    let patterns = Arc::new(Patterns::of_values([b"hunter2hunter2".as_slice()]));
    let mut redactor = Redactor::new(Arc::clone(&patterns));
    redactor.push(b"hunter2hun", &mut Vec::new());
    let shown = format!("{patterns:?} {redactor:?}");
    assert!(!shown.contains("hun"), "{shown}");
}
