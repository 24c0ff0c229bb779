//! Checks one file: how it is read, which rules apply to it, and which findings are suppressed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use globset::GlobSet;
use sops_core::metadata::METADATA_KEY;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, parse_document};
use sops_document::{Document, Format, Result};

use crate::check::Check;
use crate::context::Context;
use crate::facts::Facts;
use crate::file_format::{format_of, is_checked};
use crate::finding::{Finding, fingerprint};
use crate::images::globs;
use crate::input::{Input, InputKind};
use crate::lines::with_line_feeds;
use crate::object::objects;
use crate::one_per_secret::keep_one;
use crate::parse_failure::{
    beside_operations, broken, encoded, message_of_encrypted, of_any_name, span_of, unnamed,
};
use crate::rule::{Rule, Severity};
use crate::rule_coverage::covering_rule;
use crate::rule_settings::RuleSettings;
use crate::rules::RuleChecks;
use crate::settings::{Settings, SettingsError};
use crate::word_search::contains;
use crate::{
    embedded, encoding, excerpt, file_name, json_stream, kustomization, quoted_manifest,
    referenced_file, rules, suppress,
};

/// The result for one file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Linted {
    /// The findings, in the order of the text.
    pub findings: Vec<Finding>,
    /// How the file was read.
    pub kind: InputKind,
    /// The facts that a [`Repository`](crate::Repository) needs about the file.
    pub facts: Facts,
}

/// The rules, ready to check files. A linter keeps nothing from the files.
pub struct Linter {
    settings: Settings,
    rules: Vec<&'static Rule>,
    checks: Vec<RuleChecks>,
    severities: BTreeMap<&'static str, Severity>,
    pub(crate) rule_settings: RuleSettings,
    excluded: GlobSet,
}

impl Linter {
    /// Looks up the rules and patterns that the settings name.
    ///
    /// # Errors
    /// [`SettingsError`] for an unknown rule and for an invalid pattern.
    pub fn new(settings: Settings) -> std::result::Result<Self, SettingsError> {
        let rules = settings.rules()?;
        Ok(Self {
            checks: rules::TABLE
                .into_iter()
                .filter(|(rule, _)| rules.iter().any(|selected| selected.code == rule.code))
                .collect(),
            rules,
            severities: settings.severities()?,
            rule_settings: RuleSettings::new(&settings.images, &settings.pods)
                .map_err(|error| SettingsError::pattern(&error))?,
            excluded: globs(&settings.exclude).map_err(|error| SettingsError::pattern(&error))?,
            settings,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the settings select a rule.
    pub(crate) fn uses(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|selected| selected.code == rule.code)
    }

    /// Whether the settings exclude a file or directory, by its path in the repository.
    pub fn is_excluded(&self, path: &Path) -> bool {
        self.excluded.is_match(path)
    }

    /// Checks a file. Any content results in findings, never in an error.
    pub fn lint(&self, input: &Input<'_>) -> Linted {
        let fed = with_line_feeds(input.bytes);
        let bytes = fed.as_deref().unwrap_or(input.bytes);
        let input = &Input { bytes, ..*input };
        let mut context = Context::new(input, &self.rule_settings, &rules::BROKEN_FILE);
        let kind = self.run(&mut context);
        rules::plaintext_secret::exempt_file::check(&mut context);
        report_once(&mut context.findings);
        let mut findings = suppress::apply(&mut context, &self.rules);
        let mut facts = std::mem::take(&mut context.facts);
        findings.retain(|finding| self.rules.iter().any(|rule| rule.code == finding.rule.code));
        keep_one(&mut findings);
        let check = |file: &mut Context<'_>| {
            self.run(file);
        };
        let (mut findings, mut elsewhere) = referenced_file::divide(findings, &context, &check);
        elsewhere.retain(|finding| !self.is_excluded(Path::new(&finding.place)));
        let mut all: Vec<_> = findings.iter_mut().chain(facts.findings()).collect();
        excerpt::add(&context, &mut all);
        findings.append(&mut elsewhere);
        self.finish(&mut findings);
        Linted {
            findings,
            kind,
            facts,
        }
    }

    /// The finding that a file cannot be read, for the reason in `message`.
    pub fn unreadable(&self, input: &Input<'_>, message: &str) -> Vec<Finding> {
        let mut context = Context::new(input, &self.rule_settings, &rules::BROKEN_FILE);
        context.report_span(0..0, message);
        let mut findings = context.findings;
        findings.retain(|finding| self.rules.iter().any(|rule| rule.code == finding.rule.code));
        self.finish(&mut findings);
        findings
    }

    /// Puts findings in order, and gives them their severities and fingerprints.
    pub(crate) fn finish(&self, findings: &mut [Finding]) {
        findings.sort_by_key(|finding| (finding.location.offset, finding.rule.code));
        let mut ordinals: HashMap<String, usize> = HashMap::new();
        for finding in findings {
            if let Some(severity) = self.severities.get(finding.rule.code) {
                finding.severity = *severity;
            }
            finding.make_printable();
            let first = fingerprint(finding, 0);
            let ordinal = ordinals.entry(first).or_default();
            finding.fingerprint = fingerprint(finding, *ordinal);
            *ordinal += 1;
        }
    }

    pub(crate) fn run(&self, context: &mut Context<'_>) -> InputKind {
        self.ask(context, |check, context| {
            if let Check::File(check) = check {
                check(context);
            }
        });
        if !encoding::is_utf8(context.input.bytes) {
            if kustomization::is_named(context.input.path)
                || file_name::named(context.input.path).is_some()
            {
                let text = encoding::decode(context.input.bytes).text;
                if kustomization::may_bring_values(&text) {
                    embedded::look_into_text(&text, context);
                }
            }
            encoded(context);
            return InputKind::Other;
        }
        let text = context.text();
        let is_encrypted = contains(text, CIPHERTEXT_PREFIX);
        let Some(format) = format_of(context, is_encrypted) else {
            if !file_name::is_prose(context.input.path) {
                embedded::look_into_file(context);
                if kustomization::seems_to_be(text) {
                    embedded::look_into_text(text, context);
                }
            }
            unnamed(context);
            quoted_manifest::check(None, context);
            self.judge_like_original(context);
            return InputKind::Other;
        };
        context.format = format;
        let is_covered = || !text.trim().is_empty() && covering_rule(context).is_some();
        if !is_checked(format, is_encrypted, text) && !is_covered() {
            if format == Format::Json && embedded::look_into_file(context) {
                return InputKind::Read;
            }
            of_any_name(context);
            quoted_manifest::check(None, context);
            return InputKind::Other;
        }
        let document = match document(text, is_encrypted, context) {
            Ok(document) => document,
            // SOPS cannot encrypt a list of patches.
            Err(error) if embedded::look_into_file(context) => {
                beside_operations(context, &error);
                return InputKind::Read;
            }
            Err(error) => {
                if kustomization::may_bring_values(text) {
                    embedded::look_into_text(text, context);
                }
                let kind = broken(context, error, is_encrypted);
                quoted_manifest::check(None, context);
                return kind;
            }
        };
        context.is_encrypted = sops_core::is_encrypted(&document);
        if matches!(format, Format::Dotenv | Format::Ini) {
            of_any_name(context);
        }
        for object in objects(&document) {
            for (rule, checks) in &self.checks {
                for check in *checks {
                    if let Check::Object(check) = check {
                        context.set_rule(rule, Some(&object));
                        check(&object, context);
                    }
                }
            }
        }
        embedded::look_into(&document, context);
        if context.is_encrypted {
            self.encrypted(context, text, format);
        } else {
            self.ask(context, |check, context| {
                if let Check::Plaintext(check) = check {
                    check(&document, context);
                }
            });
        }
        quoted_manifest::check(Some(&document), context);
        self.ask(context, |check, context| {
            if let Check::Document(check) = check {
                check(&document, context);
            }
        });
        if json_stream::is_stream(&document) {
            context.findings.iter_mut().for_each(adapt_to_stream);
        }
        InputKind::Read
    }

    fn encrypted(&self, context: &mut Context<'_>, text: &str, format: Format) {
        match EncryptedDocument::parse(text, format) {
            Ok(document) => self.ask(context, |check, context| {
                if let Check::Encrypted(check) = check {
                    check(&document, context);
                }
            }),
            Err(error) => {
                context.set_rule(&rules::PARTLY_ENCRYPTED, None);
                let message = match &error {
                    Error::NotEncrypted => {
                        "the first document of the file has no `sops` metadata, but a later one does, so SOPS treats the file as plaintext; move the documents without metadata to a file of their own"
                            .to_owned()
                    }
                    error => message_of_encrypted(error),
                };
                context.report_span(place_in_metadata(&error), message);
            }
        }
    }

    fn ask(&self, context: &mut Context<'_>, ask: impl Fn(&'static Check, &mut Context<'_>)) {
        for (rule, checks) in &self.checks {
            for check in *checks {
                context.set_rule(rule, None);
                ask(check, context);
            }
        }
    }
}

/// The file as a document. Most files need no comments on its tape, and finding out which
/// containers they belong to takes as long as parsing the rest.
fn document<'t>(text: &'t str, is_encrypted: bool, context: &Context<'_>) -> Result<Document<'t>> {
    let needs_comments = is_encrypted || covering_rule(context).is_some();
    if context.format == Format::Yaml && !needs_comments {
        let document = Document::parse_values_reserving(text, Format::Yaml, METADATA_KEY)?;
        if !sops_core::is_encrypted(&document) {
            return Ok(document);
        }
    }
    let format = match context.format {
        Format::Binary => Format::Json,
        format => format,
    };
    match is_encrypted {
        true => parse_document(text, format),
        false => json_stream::parse(text, format),
    }
}

/// Changes a finding in a stream of JSON objects: no command can fix it in the file.
fn adapt_to_stream(finding: &mut Finding) {
    finding.fix = None;
    if finding.rule.code == rules::PLAINTEXT_SECRET.code {
        finding.help(json_stream::HELP);
        finding.lacks_creation_rule = false;
    }
}

/// Keeps one of the findings that a rule has for a value and its aliases: the first in the text.
fn report_once(findings: &mut Vec<Finding>) {
    let mut first: HashMap<(&str, Range<usize>), (usize, usize)> = HashMap::new();
    let key = |finding: &Finding| Some((finding.rule.code, finding.written.clone()?));
    for (index, finding) in findings.iter().enumerate() {
        if let Some(key) = key(finding) {
            let this = (finding.location.offset, index);
            let first = first.entry(key).or_insert(this);
            *first = this.min(*first);
        }
    }
    let mut index = 0..findings.len();
    findings.retain(|finding| {
        let index = index.next();
        let first = key(finding).and_then(|key| first.get(&key));
        first.is_none_or(|(_, first)| Some(*first) == index)
    });
}

/// The position of the error in a document that cannot be read.
fn place_in_metadata(error: &Error) -> Range<usize> {
    match error {
        Error::Document(error) => span_of(error),
        Error::Metadata {
            location: Some(location),
            ..
        } => location.offset..location.offset,
        _ => 0..0,
    }
}
