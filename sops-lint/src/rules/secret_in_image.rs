//! A secret in a layer of an image.

use std::ops::Range;

use crate::check::Check;
use crate::context::Context;
use crate::dockerfile::{Instruction, holds_secrets, instructions, is_dockerfile};
use crate::rule::{Confidence, FixAvailability, Rule, Severity};
use crate::secret_detection::{
    FoundSecret, FoundSecrets, in_script, in_text, in_variable, in_words,
};
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL009",
    name: "secret-in-image",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_image.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::File(check)];

const HELP: &str = "anyone who pulls the image can read it, even if a later layer removes it; use `RUN --mount=type=secret`, or mount it at run time";

fn check(context: &mut Context<'_>) {
    if !is_dockerfile(context.input.path) {
        return;
    }
    let mut text = String::new();
    for range in instructions(context.input.bytes, &mut text) {
        let instruction = Instruction::read(&text, range);
        for (span, message, confidence) in secrets(&instruction) {
            let span = instruction.at + span.start..instruction.at + span.end;
            context
                .report_span(span, message)
                .confidence(confidence)
                .help(HELP);
        }
    }
}

/// The secrets of an instruction, each with its range in `rest`.
fn secrets(instruction: &Instruction<'_>) -> Vec<(Range<usize>, String, Confidence)> {
    let name = instruction.name.as_str();
    match name {
        "ENV" | "ARG" | "LABEL" => assigned(instruction)
            .into_iter()
            .map(|secret| {
                let description = secret.likeness.description();
                (
                    secret.range,
                    format!("`{name} {}` puts {description} into the image", secret.name),
                    secret.likeness.confidence(),
                )
            })
            .collect(),
        "COPY" | "ADD" => {
            let files = copied(instruction).into_iter().map(|range| {
                let file = shown_name(&instruction.rest[range.clone()]);
                let message = format!("`{name}` puts `{file}` into a layer of the image");
                // The name shows that the file contains secrets.
                (range, message, Confidence::Medium)
            });
            // The file may be in the Dockerfile, and an address may have a password.
            let address = in_text("", &instruction.rest[..first_line(instruction.rest)]);
            let texts = address.into_iter().chain(in_heredoc(instruction)).collect();
            files.chain(held(name, texts)).collect()
        }
        "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => held(name, run(instruction)).collect(),
        _ => Vec::new(),
    }
}

fn held(
    name: &str,
    secrets: Vec<FoundSecret>,
) -> impl Iterator<Item = (Range<usize>, String, Confidence)> {
    secrets.into_iter().map(move |secret| {
        let description = secret.likeness.description();
        let named = match secret.name.as_str() {
            "" => String::new(),
            flag => format!(", as `{}`", shown_name(flag)),
        };
        let message = format!("`{name}` contains {description}{named}");
        (secret.range, message, secret.likeness.confidence())
    })
}

/// The secrets in `NAME=value …`, or in the older `NAME value`.
fn assigned(instruction: &Instruction<'_>) -> Vec<FoundSecret> {
    let rest = instruction.rest;
    let words = instruction.words();
    let find = match instruction.name.as_str() {
        "LABEL" => in_text,
        _ => in_variable,
    };
    let mut all = Vec::new();
    let Some(first) = words.first() else {
        return all;
    };
    if !rest[first.clone()].contains('=') {
        let value = first.end + (rest[first.end..].len() - rest[first.end..].trim_start().len());
        add(
            &rest[first.clone()],
            rest,
            value..rest.trim_end().len(),
            find,
            &mut all,
        );
        return all;
    }
    for word in words {
        let text = &rest[word.clone()];
        let Some(equals) = text.find('=') else {
            continue;
        };
        let name = text[..equals].trim_matches(['"', '\'']);
        add(
            name,
            rest,
            word.start + equals + 1..word.end,
            find,
            &mut all,
        );
    }
    all
}

/// Adds the secrets of a value, which may be in quotes.
fn add(
    name: &str,
    rest: &str,
    value: Range<usize>,
    find: fn(&str, &str) -> Vec<FoundSecret>,
    all: &mut Vec<FoundSecret>,
) {
    let text = rest.get(value.clone()).unwrap_or_default();
    let is_quoted = ['"', '\'']
        .iter()
        .any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote));
    let quote = usize::from(is_quoted);
    let inner = &text[quote..text.len() - quote];
    for secret in find(name, inner) {
        let start = value.start + quote;
        all.push(FoundSecret {
            name: match secret.name.as_str() {
                "" => shown_name(name).into_owned(),
                inner => format!("{}: {}", shown_name(name), shown_name(inner)),
            },
            range: start + secret.range.start..start + secret.range.end,
            ..secret
        });
    }
}

/// The secrets in a command, which is a list of words or a script.
fn run(instruction: &Instruction<'_>) -> Vec<FoundSecret> {
    let rest = instruction.rest;
    let mut all = FoundSecrets::default();
    if let Some(list) = instruction.list() {
        let words: Vec<&str> = list.iter().map(|word| &rest[word.clone()]).collect();
        for (word, secrets) in list.iter().zip(in_words(&words)) {
            for secret in secrets {
                let span = word.start + secret.range.start..word.start + secret.range.end;
                all.add(&secret.name, span, secret.likeness);
            }
        }
        return all.into_vec();
    }
    // Flags of the instruction itself, such as `--mount=type=secret`.
    let words = instruction.words().into_iter();
    let own = words.take_while(|word| rest[word.clone()].starts_with("--"));
    let start = own.last().map_or(0, |word| word.end);
    for secret in in_script(&rest[start..]) {
        let span = start + secret.range.start..start + secret.range.end;
        all.add(&secret.name, span, secret.likeness);
    }
    all.into_vec()
}

/// Where the text of a heredoc begins.
fn heredoc_start(rest: &str) -> Option<usize> {
    rest.find('\n').filter(|end| rest[..*end].contains("<<"))
}

/// How long the part before a heredoc is.
fn first_line(rest: &str) -> usize {
    heredoc_start(rest).unwrap_or(rest.len())
}

/// The secrets in an inline file of `COPY <<NAME target`.
fn in_heredoc(instruction: &Instruction<'_>) -> Vec<FoundSecret> {
    let rest = instruction.rest;
    let Some(begin) = heredoc_start(rest) else {
        return Vec::new();
    };
    let target = rest[..begin].split_whitespace().last().unwrap_or_default();
    let mut secrets = in_text(target, &rest[begin..]);
    for secret in &mut secrets {
        secret.range = begin + secret.range.start..begin + secret.range.end;
    }
    secrets
}

/// The sources that hold secrets by their names.
fn copied(instruction: &Instruction<'_>) -> Vec<Range<usize>> {
    let rest = instruction.rest;
    let words = instruction.list().unwrap_or_else(|| instruction.words());
    // After the first line is the text of a file.
    let first_line = first_line(rest);
    // Files of another stage are not in the repository.
    if rest.contains("--from=") {
        return Vec::new();
    }
    let words: Vec<_> = words
        .into_iter()
        .filter(|word| word.start < first_line)
        .filter(|word| !rest[word.clone()].starts_with("--"))
        .collect();
    let Some((target, sources)) = words.split_last() else {
        return Vec::new();
    };
    let target = &rest[target.clone()];
    let holds = |source: &&Range<usize>| {
        let source = rest[(*source).clone()].trim_matches(['"', '\'']);
        !source.starts_with("<<") && holds_secrets(source, target)
    };
    sources.iter().filter(holds).cloned().collect()
}
