//! Secrets in texts that hold a manifest among other things: a scalar of another manifest, a heredoc in a script, a comment, a patch, a log.
//! Only values that look like secrets count, because many such texts are examples.

mod block;
mod packed;
mod worth;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use sops_core::Document;
use sops_core::document::NodeRef;

use crate::embedded::Frame;
use crate::finding::Finding;
use crate::object::objects;
use crate::report::Report;
use crate::rules::PLAINTEXT_SECRET;
use crate::secret::secret_fields;
use crate::spans::Spans;
use crate::unparsed::{Literal, kind_before};
use crate::{form, template};
use worth::Judge;

const HELP: &str =
    "delete it, or move the Secret to a file of its own and encrypt that with `sops-rs encrypt -i`";

/// How deep manifests are in each other.
const DEPTH: usize = 3;

/// The word that a Secret's manifest has, and what base64 makes of it at each offset.
const WORDS: [&str; 4] = ["Secret", "U2VjcmV0", "NlY3Jld", "TZWNyZX"];

/// A place in a text where a Secret's manifest may be.
#[derive(Clone, Copy, Debug)]
enum Candidate {
    /// Where the key `kind` is.
    Kind(usize),
    /// Where base64 has the word.
    Base64(usize),
}

impl Candidate {
    fn at(self) -> usize {
        match self {
            Self::Kind(at) | Self::Base64(at) => at,
        }
    }
}

/// Reports the Secrets in a file that holds them among other things. `document` is the file, if it was read as one.
pub(crate) fn look(document: Option<&Document<'_>>, report: &mut Report<'_>) {
    let text = report.text();
    let path = report.input.path;
    let mut found = candidates(text).peekable();
    if found.peek().is_none() || form::is_prose(path) || worth::is_prose(path) {
        return;
    }
    let judge = &Judge::of(path);
    match document {
        Some(document) => in_document(document, found, judge, report),
        None if report.findings.iter().any(is_plaintext_secret) => {}
        None => {
            for literal in literals(text, judge, DEPTH) {
                add(literal, report);
            }
        }
    }
}

fn is_plaintext_secret(finding: &Finding) -> bool {
    finding.rule.code == PLAINTEXT_SECRET.code
}

fn add(literal: Literal, report: &mut Report<'_>) {
    let Literal { span, key } = literal;
    report.of(&PLAINTEXT_SECRET, None);
    report
        .span(
            span,
            format!("the text contains a Secret with a value in plaintext: `{key}`"),
        )
        .help(HELP);
}

/// Looks at the scalars and comments of a document. Its objects are looked at elsewhere.
fn in_document(
    document: &Document<'_>,
    candidates: impl Iterator<Item = Candidate>,
    judge: &Judge,
    report: &mut Report<'_>,
) {
    let text = report.text();
    let is_own = |candidate: &Candidate| {
        let at = candidate.at();
        let is_at_start = at == 0 || text.as_bytes()[at - 1] == b'\n';
        matches!(candidate, Candidate::Kind(_)) && is_at_start
    };
    let mut candidates = candidates.filter(|one| !is_own(one)).peekable();
    if candidates.peek().is_none() {
        return;
    }
    let mut scalars: Vec<(Range<usize>, NodeRef<'_, '_>)> =
        document.scalars().map(|node| (node.span(), node)).collect();
    scalars.sort_by_key(|(span, _)| span.start);
    let comments = Spans::new(document.comments());
    let known = known(document, report);
    let mut seen = HashSet::new();
    let text = without_diff_signs(text);
    for candidate in candidates {
        let at = candidate.at();
        let begun = scalars.partition_point(|(span, _)| span.start <= at);
        let scalar = begun.checked_sub(1).map(|last| &scalars[last]);
        if let Some((span, node)) = scalar.filter(|(span, _)| span.contains(&at)) {
            // A manifest is longer than the name of a kind.
            let is_long = node
                .as_str()
                .is_some_and(|text| text.len() > "kind: Secret".len());
            if is_long && seen.insert(span.start) && !known.overlap(span) {
                in_scalar(*node, judge, report);
            }
        } else if comments.overlap(&(at..at + 1))
            && !known.overlap(&(at..at + 1))
            && seen.insert(at)
            && let Some(literal) = literal_at(&text, candidate, judge, DEPTH)
        {
            add(literal, report);
        }
    }
}

fn in_scalar(node: NodeRef<'_, '_>, judge: &Judge, report: &mut Report<'_>) {
    let Some(value) = node.as_str() else {
        return;
    };
    let found = literals(value, judge, DEPTH);
    if found.is_empty() {
        return;
    }
    let span = node.span();
    let source = report.text().get(span.clone()).unwrap_or_default();
    let frame = Frame::of_scalar(value, source, span.start, node.path());
    report.within(Some(frame));
    for literal in found {
        add(literal, report);
    }
    report.within(None);
}

/// The values of Secrets and what was reported.
fn known(document: &Document<'_>, report: &Report<'_>) -> Spans {
    let objects = objects(document);
    let secrets = objects.iter().filter(|object| object.is_secret());
    let fields = secrets.flat_map(|object| secret_fields(object.node));
    let fields = fields.filter(|field| field.holds_values());
    let values = fields.map(|field| field.node.span());
    let reported = report
        .findings
        .iter()
        .filter(|one| is_plaintext_secret(one));
    Spans::new(values.chain(reported.map(|one| one.location.offset..one.end)))
}

/// The places in a text where a Secret's manifest may be.
fn candidates(text: &str) -> impl Iterator<Item = Candidate> {
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        // The usual kind of matching has no fast search.
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(WORDS);
        search.ok()
    });
    let words = SEARCH.iter().flat_map(move |search| search.find_iter(text));
    words.filter_map(move |word| match word.pattern().as_usize() {
        0 => kind_before(text.as_bytes(), word.start()).map(Candidate::Kind),
        _ => Some(Candidate::Base64(word.start())),
    })
}

/// The first value that looks like a secret of each Secret in a text. Places in encoded text are those of the code.
fn literals(text: &str, judge: &Judge, depth: usize) -> Vec<Literal> {
    // What is in the comment of a template is not there.
    let filled = template::filled(text);
    let is_filled = |candidate: &Candidate| {
        let at = candidate.at();
        filled
            .as_deref()
            .is_some_and(|filled| filled.as_bytes()[at] != text.as_bytes()[at])
    };
    let text = without_diff_signs(text);
    let mut end = 0;
    let mut found = Vec::new();
    for candidate in candidates(&text).filter(|one| !is_filled(one)) {
        if candidate.at() < end || !judge.may_read(0) {
            continue;
        }
        if let Some(literal) = literal_at(&text, candidate, judge, depth) {
            end = literal.span.end;
            found.push(literal);
        }
    }
    found
}

fn literal_at(text: &str, candidate: Candidate, judge: &Judge, depth: usize) -> Option<Literal> {
    let packed = match candidate {
        Candidate::Base64(at) => Some(packed::base64(text, at)?),
        Candidate::Kind(at) => packed::escaped(text, at),
    };
    let Some((span, inner)) = packed else {
        return block::literal(text, candidate.at(), judge);
    };
    if !judge.may_read(inner.len()) {
        return None;
    }
    let depth = depth.checked_sub(1)?;
    let literal = literals(&inner, judge, depth).into_iter().next()?;
    Some(Literal {
        span,
        key: literal.key,
    })
}

/// The text of a patch without the signs before its lines, which do not count.
fn without_diff_signs(text: &str) -> Cow<'_, str> {
    let is_diff = text.contains("\n@@ ") || text.starts_with("@@ ");
    if !is_diff {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let is_header = ["+++", "---"].iter().any(|sign| line.starts_with(sign));
        match line.strip_prefix(['+', '-']).filter(|_| !is_header) {
            Some(rest) => format!(" {rest}"),
            None => line.to_owned(),
        }
    });
    Cow::Owned(lines.collect())
}
