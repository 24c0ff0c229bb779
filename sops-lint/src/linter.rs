//! One way through a file: what it is, what the rules say of it, what of that is suppressed.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use globset::GlobSet;
use sops_core::config::Config;
use sops_core::{CIPHERTEXT_PREFIX, Document, EncryptedDocument, Error, Format};

use crate::finding::{Finding, Severity, fingerprint};
use crate::object::objects;
use crate::report::{Facts, Report};
use crate::rule::{Check, Rule};
use crate::rules::own_rule;
use crate::settings::{Settings, SettingsError, globs};
use crate::unparsed::names_secret;
use crate::unreadable::{beside_operations, broken, encoded, of_any_name, place, unnamed};
use crate::{embedded, encoding, exempt, form, kustomization, rules, suppress, within};

/// A file that is to be looked at.
pub struct Input<'i> {
    /// What findings call it.
    pub name: &'i str,
    /// Its absolute path; it need not be there.
    pub path: &'i Path,
    /// Its content.
    pub bytes: &'i [u8],
    /// The configuration that holds for it.
    pub config: Option<&'i Config>,
    /// The files around it.
    pub tree: &'i dyn Tree,
}

impl Input<'_> {
    /// The path from the repository's folder on.
    pub(crate) fn place(&self) -> String {
        let place = self.path.strip_prefix(self.tree.root());
        place.unwrap_or(self.path).to_string_lossy().into_owned()
    }
}

/// The files of a repository, for the rules that follow a path from one to another.
pub trait Tree: Sync {
    /// The content of the file at an absolute path, if it belongs to the repository.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;

    /// The folder of the repository, an absolute path.
    fn root(&self) -> &Path;
}

/// No files around.
pub struct NoTree;

impl Tree for NoTree {
    fn read(&self, _: &Path) -> Option<Vec<u8>> {
        None
    }

    fn root(&self) -> &Path {
        Path::new("/")
    }
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All rules that fit its form were asked.
    Read,
    /// A template that makes manifests, as those of Helm: private keys were looked for.
    Template,
    /// A form that no rule knows: private keys were looked for.
    Other,
}

/// What was found in one file.
#[derive(Debug)]
pub struct Linted {
    /// What is wrong, in the order of the text.
    pub findings: Vec<Finding>,
    /// What the file is.
    pub kind: Kind,
    /// What is to be told to a [`Repository`](crate::Repository).
    pub facts: Facts,
}

/// The rules, ready to be asked. It keeps nothing of the files.
pub struct Linter {
    settings: Settings,
    rules: Vec<&'static Rule>,
    severities: BTreeMap<&'static str, Severity>,
    public: GlobSet,
    private: GlobSet,
    excluded: GlobSet,
}

impl Linter {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// [`SettingsError`] for a rule that is not known, and for a pattern that is none.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            rules: settings.rules()?,
            severities: settings.severities()?,
            public: globs(&settings.images.public)?,
            private: globs(&settings.images.private)?,
            excluded: globs(&settings.exclude)?,
            settings,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a file or folder is to be left out, by its path in the repository.
    pub fn is_excluded(&self, path: &Path) -> bool {
        self.excluded.is_match(path)
    }

    /// Whether anybody can pull the image of that name, which has its registry in front.
    pub(crate) fn is_public(&self, image: &str) -> bool {
        !self.private.is_match(image) && self.public.is_match(image)
    }

    /// Looks at a file. Whatever is in it, this ends with findings and not with an error.
    pub fn lint(&self, input: &Input<'_>) -> Linted {
        let mut report = Report::new(input, self, &rules::BROKEN_FILE);
        let kind = self.run(&mut report);
        exempt::check(&mut report);
        let facts = std::mem::take(&mut report.facts);
        let mut findings = suppress::apply(report, &self.rules);
        findings.retain(|finding| self.rules.iter().any(|rule| rule.code == finding.rule.code));
        self.finish(&mut findings);
        Linted {
            findings,
            kind,
            facts,
        }
    }

    /// The finding that a file cannot be read, for the reason that the message tells.
    pub fn unreadable(&self, input: &Input<'_>, message: &str) -> Vec<Finding> {
        let mut report = Report::new(input, self, &rules::BROKEN_FILE);
        report.span(0..0, message);
        let mut findings = report.findings;
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

    fn run(&self, report: &mut Report<'_>) -> Kind {
        self.ask(report, |check, report| {
            if let Check::File(check) = check {
                check(report);
            }
        });
        if !encoding::is_utf8(report.input.bytes) {
            if kustomization::is_named(report.input.path)
                || form::named(report.input.path).is_some()
            {
                let text = encoding::decode(report.input.bytes).text;
                if kustomization::may_bring_values(&text) {
                    embedded::look_into_text(&text, report);
                }
            }
            encoded(report);
            return Kind::Other;
        }
        let text = report.text();
        let is_encrypted = text.contains(CIPHERTEXT_PREFIX);
        let Some(format) = form_of(report, is_encrypted) else {
            if !form::is_prose(report.input.path) {
                embedded::look_into_file(report);
                if kustomization::seems_to_be(text) {
                    embedded::look_into_text(text, report);
                }
            }
            unnamed(report);
            within::look(None, report);
            return Kind::Other;
        };
        report.format = format;
        let is_covered = || !text.trim().is_empty() && own_rule(report).is_some();
        if !is_read(format, is_encrypted, text) && !is_covered() {
            if format == Format::Json && embedded::look_into_file(report) {
                return Kind::Read;
            }
            of_any_name(report);
            within::look(None, report);
            return Kind::Other;
        }
        let document = match Document::parse(
            text,
            match format {
                Format::Binary => Format::Json,
                format => format,
            },
        ) {
            Ok(document) => document,
            // SOPS cannot encrypt a list of patches.
            Err(error) if embedded::look_into_file(report) => {
                beside_operations(report, &error);
                return Kind::Read;
            }
            Err(error) => {
                if kustomization::may_bring_values(text) {
                    embedded::look_into_text(text, report);
                }
                let kind = broken(report, error, is_encrypted);
                within::look(None, report);
                return kind;
            }
        };
        report.is_encrypted = document.is_encrypted();
        if matches!(format, Format::Dotenv | Format::Ini) {
            of_any_name(report);
        }
        for object in objects(&document) {
            for rule in &self.rules {
                for check in rule.checks {
                    if let Check::Object(check) = check {
                        report.of(rule, Some(&object));
                        check(&object, report);
                    }
                }
            }
        }
        embedded::look_into(&document, report);
        if document.is_encrypted() {
            self.encrypted(report, text, format);
        } else {
            self.ask(report, |check, report| {
                if let Check::Plaintext(check) = check {
                    check(&document, report);
                }
            });
        }
        within::look(Some(&document), report);
        self.ask(report, |check, report| {
            if let Check::Document(check) = check {
                check(&document, report);
            }
        });
        Kind::Read
    }

    fn encrypted(&self, report: &mut Report<'_>, text: &str, format: Format) {
        match EncryptedDocument::parse(text, format) {
            Ok(document) => self.ask(report, |check, report| {
                if let Check::Encrypted(check) = check {
                    check(&document, report);
                }
            }),
            Err(error) => {
                report.of(&rules::PARTLY_ENCRYPTED, None);
                let message = match &error {
                    Error::NotEncrypted => {
                        "the first document of the file has no `sops` block, which others have; SOPS takes the file for plaintext"
                            .to_owned()
                    }
                    error => error.to_string(),
                };
                report.span(place(&error), message);
            }
        }
    }

    fn ask(&self, report: &mut Report<'_>, ask: impl Fn(&'static Check, &mut Report<'_>)) {
        for rule in &self.rules {
            for check in rule.checks {
                report.of(rule, None);
                ask(check, report);
            }
        }
    }
}

/// The format to read the file in. `None` if the name implies none, and for a copy of a manifest. SOPS encrypted some of these, and not all
/// as binary files.
fn form_of(report: &Report<'_>, is_encrypted: bool) -> Option<Format> {
    let path = report.input.path;
    let exact = Format::from_path(path);
    let text = report.text();
    if exact != Format::Binary {
        return Some(exact);
    }
    if kustomization::is_named(path) {
        return Some(Format::Yaml);
    }
    if is_encrypted {
        return encrypted_form(path, text);
    }
    // Kubernetes takes a manifest of any case for one.
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match &*extension {
        "yaml" | "yml" => Some(Format::Yaml),
        "json" => Some(Format::Json),
        _ => None,
    }
}

/// The format of an encrypted file whose name does not tell it. What shows such a file, as documentation does, is none.
pub(crate) fn encrypted_form(path: &Path, text: &str) -> Option<Format> {
    if text.trim_start().starts_with('{') {
        return text.contains("\"sops\"").then(|| json_of(text));
    }
    let has = |begin: &str| text.lines().any(|line| line.starts_with(begin));
    let format = match () {
        () if has("sops:") => Format::Yaml,
        () if has("[sops]") => Format::Ini,
        () if has("sops_") => Format::Dotenv,
        () => return None,
    };
    let is_copy = form::named(path) == Some(format);
    let is_encrypted =
        || Document::parse(text, format).is_ok_and(|document| document.is_encrypted());
    (is_copy || is_encrypted()).then_some(format)
}

/// Whether encrypted JSON holds a binary file, whose one value is `data`, or is JSON.
fn json_of(text: &str) -> Format {
    let document = Document::parse(text, Format::Json);
    let is_binary = document.is_ok_and(|document| {
        let tops = document.tops().flatten();
        let mut keys = tops.flat_map(|top| top.entries().map(|(key, _)| key));
        keys.all(|key| key == "data")
    });
    if is_binary {
        Format::Binary
    } else {
        Format::Json
    }
}

/// Whether the rules know the form. Dotenv and INI are what many files are called that are neither, JSON begins with a brace;
/// but a creation rule of its own says what a file is, and a Secret in it does.
fn is_read(format: Format, is_encrypted: bool, text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match format {
        Format::Yaml => !text.is_empty(),
        Format::Json => text.starts_with('{') || names_secret(text),
        Format::Dotenv => true,
        Format::Ini => is_encrypted,
        _ => is_encrypted,
    }
}
