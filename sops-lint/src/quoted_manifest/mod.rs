//! Finds Secrets in text that contains a manifest among other things: a scalar of another manifest,
//! a heredoc in a script, a comment, a patch, a log. Only values that look like secrets count,
//! because many of these are examples.

mod encoded;
mod excerpt;
mod judge;
mod manifest_lines;
mod markup;
mod quoted_value;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use judge::ValueJudge;
use quoted_value::QuotedValue;
use sops_core::parse_document;
use sops_document::{Document, Format, NodeRef};

use crate::base64_text::in_base64;
use crate::context::Context;
use crate::finding::Finding;
use crate::frame::TextFrame;
use crate::object::objects;
use crate::rule::Confidence;
use crate::rule_coverage::covering_rule;
use crate::rules::{BROKEN_FILE, PLAINTEXT_SECRET};
use crate::secret::secret_fields;
use crate::shown_name::shown_name;
use crate::span_set::SpanSet;
use crate::unparsed::kind_before;
use crate::{file_name, kubeconfig, template};

const HELP: &str =
    "delete it, or move the object to a file of its own and encrypt that with `sops-rs encrypt -i`";

/// How deep manifests may be nested in each other.
const DEPTH: usize = 3;

/// A word in the manifest of every Secret.
const SECRET: &str = "Secret";

/// The kind of a kubeconfig in YAML, in JSON and in JSON inside a string.
const CONFIG: [&str; 5] = [
    "kind: Config",
    "kind\":\"Config",
    "kind\": \"Config",
    "kind\\\":\\\"Config",
    "kind\\\": \\\"Config",
];

/// A position in the text where a manifest may be.
#[derive(Clone, Copy, Debug)]
enum Candidate {
    /// The position of a key `kind`.
    Kind(usize),
    /// The position of the key or its value in base64.
    Base64(usize),
}

impl Candidate {
    fn at(self) -> usize {
        match self {
            Self::Kind(at) | Self::Base64(at) => at,
        }
    }
}

/// Reports the Secrets in a file that contains them among other text. `document` is the file, if it
/// was parsed.
pub(crate) fn check(document: Option<&Document<'_>>, context: &mut Context<'_>) {
    let path = context.input.path;
    let is_prose = file_name::is_prose(path) && !markup::is_page(path) || judge::is_prose(path);
    let seen = match document {
        Some(_) => None,
        None => markup::seen(context.text()),
    };
    let text = seen.as_ref().map_or(context.text(), |seen| &seen.text);
    let mut starts = candidates(text).peekable();
    if starts.peek().is_none() || is_prose || describes_fields(text) {
        return;
    }
    let judge = &ValueJudge::of(path, text);
    match document {
        Some(document) => in_document(document, starts, judge, context),
        None if context.findings.iter().any(is_plaintext_secret) => {}
        None => {
            let mut values = literals(text, judge, DEPTH);
            // The creation rules cover a file that is a kubeconfig.
            if seen.is_none()
                && values.iter().any(|value| value.is_kubeconfig)
                && is_kubeconfig(text)
            {
                values.retain(|value| !value.is_kubeconfig);
            }
            for value in values {
                let span = match &seen {
                    Some(seen) => seen.place(&value.span),
                    None => value.span,
                };
                add(QuotedValue { span, ..value }, context);
            }
        }
    }
    if judge.is_exhausted() {
        too_much(context);
    }
}

/// Whether the text is CustomResourceDefinitions, whose descriptions show examples.
fn describes_fields(text: &str) -> bool {
    let mut kinds = text.lines().filter(|line| line.starts_with("kind:"));
    kinds.next().is_some_and(is_definition) && kinds.all(is_definition)
}

fn is_definition(line: &str) -> bool {
    line.trim_end().ends_with("CustomResourceDefinition")
}

/// Whether the whole text is YAML with a kubeconfig.
fn is_kubeconfig(text: &str) -> bool {
    Document::parse_leniently(text).is_ok_and(|document| {
        let mut tops = document.tops().flatten();
        tops.any(|top| kubeconfig::find(top, |_, _| true).is_some())
    })
}

fn is_plaintext_secret(finding: &Finding) -> bool {
    finding.rule.code == PLAINTEXT_SECRET.code
}

fn add(shown: QuotedValue, context: &mut Context<'_>) {
    let key = shown_name(&shown.key);
    let message = match shown.is_kubeconfig {
        true => format!("the text contains a kubeconfig with a credential in plaintext: `{key}`"),
        false => format!("the text contains a Secret with a value in plaintext: `{key}`"),
    };
    context.set_rule(&PLAINTEXT_SECRET, None);
    context
        .report_span(shown.span, message)
        .confidence(Confidence::Medium)
        .help(HELP);
}

/// Reports a file with too many mentions of Secrets to check all of them.
fn too_much(context: &mut Context<'_>) {
    let rule = match covering_rule(context) {
        Some(_) => &PLAINTEXT_SECRET,
        None => &BROKEN_FILE,
    };
    context.set_rule(rule, None);
    let message = "the text contains `kind: Secret` too often, so not all of it was checked";
    context.report_span(0..0, message).help("split the file");
}

/// Checks the scalars and comments of a document. Its objects are checked elsewhere.
fn in_document(
    document: &Document<'_>,
    candidates: impl Iterator<Item = Candidate>,
    judge: &ValueJudge,
    context: &mut Context<'_>,
) {
    let text = context.text();
    let is_own = |candidate: &Candidate| {
        let at = candidate.at();
        let is_at_start = at == 0 || text.as_bytes()[at - 1] == b'\n';
        matches!(candidate, Candidate::Kind(_)) && is_at_start
    };
    let mut candidates = candidates.filter(|candidate| !is_own(candidate)).peekable();
    if candidates.peek().is_none() {
        return;
    }
    let mut scalars: Vec<(Range<usize>, NodeRef<'_, '_>)> =
        document.scalars().map(|node| (node.span(), node)).collect();
    scalars.sort_by_key(|(span, _)| span.start);
    let comments = comments(document, context);
    let known = known(document, context);
    let mut seen = HashSet::new();
    let mut end = 0;
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
            let is_new = !known.overlap(span) && seen.insert(span.start);
            if is_new && is_long && in_scalar(*node, judge, context) {
                continue;
            }
            // The scalar may be one line of text that is written as a list.
            let is_quoted = text[span.start..].starts_with(['"', '\'']);
            if is_new && is_quoted && at >= end {
                let (shown, to) = shown_at(&text, candidate, judge, DEPTH);
                end = to;
                shown.into_iter().for_each(|shown| add(shown, context));
            }
        } else if comments.overlap(&(at..at + 1))
            && !known.overlap(&(at..at + 1))
            && seen.insert(at)
            && let (Some(shown), _) = shown_at(&text, candidate, judge, DEPTH)
        {
            add(shown, context);
        }
    }
}

/// The spans of the comments, which may be missing on the tape of a YAML document.
fn comments(document: &Document<'_>, context: &Context<'_>) -> SpanSet {
    match document.format() {
        Format::Yaml => parse_document(context.text(), Format::Yaml).map_or_else(
            |_| SpanSet::new(std::iter::empty()),
            |document| SpanSet::new(document.comments()),
        ),
        _ => SpanSet::new(document.comments()),
    }
}

/// Checks a scalar. Returns whether something was found.
fn in_scalar(node: NodeRef<'_, '_>, judge: &ValueJudge, context: &mut Context<'_>) -> bool {
    let Some(value) = node.as_str() else {
        return false;
    };
    let values = literals(value, judge, DEPTH);
    if values.is_empty() {
        return false;
    }
    let span = node.span();
    let source = context.text().get(span.clone()).unwrap_or_default();
    let frame = TextFrame::of_scalar(value, source, span.start, node.path());
    context.set_frame(Some(frame));
    for shown in values {
        add(shown, context);
    }
    context.set_frame(None);
    true
}

/// The values of Secrets, and the values that were reported.
fn known(document: &Document<'_>, context: &Context<'_>) -> SpanSet {
    let objects = objects(document);
    let secrets = objects.iter().filter(|object| object.is_secret());
    let fields = secrets.flat_map(|object| secret_fields(object.node));
    let fields = fields.filter(|field| field.holds_values());
    let values = fields.map(|field| field.node.span());
    let reported = context
        .findings
        .iter()
        .filter(|finding| is_plaintext_secret(finding));
    SpanSet::new(values.chain(reported.map(|finding| finding.location.offset..finding.end)))
}

/// The positions in `text` where a manifest may be.
fn candidates(text: &str) -> impl Iterator<Item = Candidate> {
    static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let plain = [SECRET].into_iter().chain(CONFIG).map(str::to_owned);
        let once = |text: &str| [0, 1, 2].map(|shift| in_base64(text, shift));
        let packed: Vec<String> = [SECRET, CONFIG[0]].into_iter().flat_map(once).collect();
        let twice: Vec<String> = packed.iter().flat_map(|text| once(text)).collect();
        // The usual kind of matching has no fast search.
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(plain.chain(packed).chain(twice));
        search.expect("the words are few enough for one search")
    });
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let words = SEARCH.find_iter(text);
    words.filter_map(move |word| match word.pattern().as_usize() {
        0 => kind_before(bytes, word.start()).map(Candidate::Kind),
        number if number <= CONFIG.len() => {
            let is_part = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(is_word);
            let is_before =
                is_part(word.start().checked_sub(1)) && !bytes[..word.start()].ends_with(b"\\n");
            let is_whole = !is_before && !is_part(Some(word.end()));
            is_whole.then_some(Candidate::Kind(word.start()))
        }
        _ => Some(Candidate::Base64(word.start())),
    })
}

/// For each object in `text`, the first value that looks like a secret.
fn literals(text: &str, judge: &ValueJudge, depth: usize) -> Vec<QuotedValue> {
    // Comments of templates are ignored.
    let filled = template::filled(text);
    let is_filled = |candidate: &Candidate| {
        let at = candidate.at();
        filled
            .as_deref()
            .is_some_and(|filled| filled.as_bytes()[at] != text.as_bytes()[at])
    };
    let text = without_diff_signs(text);
    let mut end = 0;
    let mut values = Vec::new();
    for candidate in candidates(&text).filter(|candidate| !is_filled(candidate)) {
        if candidate.at() < end {
            continue;
        }
        if !judge.may_read(0) {
            break;
        }
        let (shown, to) = shown_at(&text, candidate, judge, depth);
        end = to;
        values.extend(shown);
    }
    values
}

/// The value at a candidate, and the offset to continue at.
fn shown_at(
    text: &str,
    candidate: Candidate,
    judge: &ValueJudge,
    depth: usize,
) -> (Option<QuotedValue>, usize) {
    let packed = match candidate {
        Candidate::Base64(at) => Some(encoded::base64(text, at, judge)),
        Candidate::Kind(at) => encoded::quoted(text, at).map(|(span, inner)| (span, Some(inner))),
    };
    let Some((span, inner)) = packed else {
        let shown = manifest_lines::shown(text, candidate.at(), judge);
        let end = shown.as_ref().map_or(0, |shown| shown.span.end);
        return (shown, end);
    };
    let end = span.end;
    let inner = inner.filter(|_| judge.may_read(span.len()));
    let shown = inner.zip(depth.checked_sub(1)).and_then(|(inner, depth)| {
        let shown = literals(&inner, judge, depth).into_iter().next()?;
        Some(QuotedValue { span, ..shown })
    });
    (shown, end)
}

/// The text of a patch with spaces instead of the `+` and `-` before its lines.
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
