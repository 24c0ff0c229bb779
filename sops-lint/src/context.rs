//! The context of a check: the file, and the findings so far.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sops_core::EncryptedDocument;
use sops_core::config::{Config, CreationRule};
use sops_core::rules::EncryptionRule;
use sops_document::{Document, Format, NodeRef};

use crate::facts::Facts;
use crate::finding::Finding;
use crate::frame::TextFrame;
use crate::input::Input;
use crate::lines::LineIndex;
use crate::object::Object;
use crate::rule::{Confidence, Rule};
use crate::rule_scope::{has_secret, is_in_scope, is_meant_for, is_secret_word};
use crate::rule_settings::RuleSettings;
use crate::scrutiny::Scrutiny;
use crate::secret::SecretValue;
use crate::secret_detection::{FoundSecret, Likeness, is_shown};
use crate::selected_values::SelectedValues;
use crate::shell::shell_path;
use crate::shown_name::shown_name;
use crate::source_map::{SourceMap, has_tag};
use crate::{file_name, json_stream, related_name};

/// One file: its text, its position in the repository, the settings for it, and what the rules have
/// found in it.
pub(crate) struct Context<'r> {
    pub(crate) input: &'r Input<'r>,
    pub(crate) settings: &'r RuleSettings,
    pub(crate) findings: Vec<Finding>,
    pub(crate) facts: Facts,
    /// Whether the file has the metadata of SOPS.
    pub(crate) is_encrypted: bool,
    /// The format that the file is read in.
    pub(crate) format: Format,
    text: &'r str,
    lines: OnceCell<LineIndex<'r>>,
    creation_rule: OnceCell<Option<(usize, &'r Config, &'r CreationRule)>>,
    naming_rule: OnceCell<Option<NamingRule<'r>>>,
    in_scope: OnceCell<bool>,
    selected: OnceCell<SelectedValues>,
    own_rule: OnceCell<Option<OwnRule>>,
    rule: &'static Rule,
    object: Option<Rc<str>>,
    /// The text of a scalar that is checked as a document of its own.
    frame: Option<TextFrame>,
}

/// The selection rule in an encrypted file.
pub(crate) struct OwnRule {
    pub(crate) rule: EncryptionRule,
    /// Whether SOPS could have encrypted the file with this rule.
    pub(crate) is_followed: bool,
    /// The values and comments that the rule covers but that are in plaintext.
    pub(crate) open: SelectedValues,
}

/// A creation rule with a `path_regex` that matches a file, or the file that it is a copy of.
#[derive(Clone, Copy)]
pub(crate) struct NamingRule<'r> {
    pub(crate) config: &'r Config,
    pub(crate) rule: &'r CreationRule,
    /// Whether the expression matches only the name of the original, without the marks of a copy.
    pub(crate) is_for_original: bool,
}

impl<'r> Context<'r> {
    pub(crate) fn new(
        input: &'r Input<'r>,
        settings: &'r RuleSettings,
        rule: &'static Rule,
    ) -> Self {
        Self {
            input,
            settings,
            findings: Vec::new(),
            facts: Facts::default(),
            is_encrypted: false,
            format: Format::from_path(input.path),
            text: str::from_utf8(input.bytes).unwrap_or_default(),
            lines: OnceCell::new(),
            creation_rule: OnceCell::new(),
            naming_rule: OnceCell::new(),
            in_scope: OnceCell::new(),
            selected: OnceCell::new(),
            own_rule: OnceCell::new(),
            rule,
            object: None,
            frame: None,
        }
    }

    /// Sets the text in the file that nodes belong to from now on; `None` is the file itself.
    pub(crate) fn set_frame(&mut self, frame: Option<TextFrame>) {
        self.frame = frame;
    }

    /// Sets the rule and the object of the next findings.
    pub(crate) fn set_rule(&mut self, rule: &'static Rule, object: Option<&Object<'_, '_>>) {
        self.rule = rule;
        self.object = object
            .map(Object::reference)
            .filter(|name| !name.is_empty());
    }

    /// The file's text; empty if the file is not UTF-8.
    pub(crate) fn text(&self) -> &'r str {
        self.text
    }

    /// The creation rule for the file, with its number, if the configuration is valid and has one.
    pub(crate) fn creation_rule(&self) -> Option<(usize, &'r Config, &'r CreationRule)> {
        // The rule is for the file as a whole, not for text that one of its values contains.
        if self.frame.is_some() {
            return None;
        }
        *self.creation_rule.get_or_init(|| {
            let config = self.input.config?;
            let rule = config.matching_creation_rule(self.input.path)?;
            let index = config
                .creation_rules()?
                .iter()
                .position(|known| std::ptr::eq(known, rule))?;
            Some((index, config, rule))
        })
    }

    /// The creation rule that names the file, or the file that it is a copy of, by an expression.
    pub(crate) fn naming_rule(&self) -> Option<NamingRule<'r>> {
        if self.frame.is_some() {
            return None;
        }
        *self.naming_rule.get_or_init(|| {
            let config = self.input.config?;
            let named = |rule: &&CreationRule| rule.path_regex.is_some();
            if let Some((_, config, rule)) = self.creation_rule().filter(|(.., rule)| named(rule)) {
                let is_for_original = false;
                return Some(NamingRule {
                    config,
                    rule,
                    is_for_original,
                });
            }
            let path = self.input.path;
            let of = |original: PathBuf| config.matching_creation_rule(&original).filter(named);
            let originals = file_name::originals(path);
            let rule = originals.iter().cloned().find_map(of);
            let rule = rule.or_else(|| {
                let rule = of(file_name::manifest_before(path)?)?;
                self.may_be_copy().then_some(rule)
            });
            let meant = |near: PathBuf| {
                let rule = of(near.clone())?;
                is_meant_for(config, rule, &near, self.text).then_some(rule)
            };
            let rule = rule.or_else(|| {
                related_name::meant(path, &originals)
                    .into_iter()
                    .find_map(meant)
            })?;
            Some(NamingRule {
                config,
                rule,
                is_for_original: true,
            })
        })
    }

    /// Whether the content confirms that the file is a copy, if its name only suggests it.
    pub(crate) fn may_be_copy(&self) -> bool {
        let text = self.text;
        !file_name::may_be_notes(self.input.path)
            || has_keys(text)
            || has_secret(text)
            || is_secret_word(text)
    }

    /// The path of the YAML or JSON file that this one is a copy of, if a creation rule names both.
    pub(crate) fn covered_original(&self) -> Option<PathBuf> {
        self.naming_rule()?;
        let config = self.input.config?;
        let is_covered = |path: &PathBuf| {
            let rule = config.matching_creation_rule(path);
            let is_read = matches!(Format::from_path(path), Format::Yaml | Format::Json);
            is_read && rule.is_some_and(|rule| rule.path_regex.is_some())
        };
        let path = self.input.path;
        let originals = file_name::originals(path).into_iter();
        let mut originals = originals.chain(file_name::manifest_before(path));
        originals.find(is_covered)
    }

    /// Whether the creation rule that names the file is for files like this one.
    pub(crate) fn is_in_scope(&self, rule: &CreationRule) -> bool {
        *self.in_scope.get_or_init(|| is_in_scope(self.input, rule))
    }

    /// The scrutiny for the value at this position.
    pub(crate) fn scrutiny(&self, span: &Range<usize>) -> Scrutiny {
        match self.scrutiny_of_file() {
            Scrutiny::Strict if self.is_selected(span) => Scrutiny::Strict,
            _ => Scrutiny::Usual,
        }
    }

    /// The scrutiny for values that must be encrypted.
    pub(crate) fn scrutiny_of_file(&self) -> Scrutiny {
        match self.naming_rule() {
            Some(_) => Scrutiny::Strict,
            None => Scrutiny::Usual,
        }
    }

    /// Whether the creation rule is for the file that this one is a copy of, so that no command
    /// encrypts this one.
    pub(crate) fn is_copy_of_covered(&self) -> bool {
        self.naming_rule()
            .is_some_and(|named| named.is_for_original)
    }

    /// A command of `sops-rs` about the file, to run in the directory that the file's name is
    /// relative to. Commands look for `.sops.yaml` there and above, so the command names a
    /// configuration that is further down.
    pub(crate) fn command(&self, words: &str) -> String {
        let Input { name, path, .. } = self.input;
        let start = path
            .ancestors()
            .nth(Path::new(name).components().count())
            .filter(|start| start.join(name) == **path);
        let below = self.input.config.zip(start).and_then(|(config, start)| {
            let file = config.file().strip_prefix(start).ok()?;
            (file.components().count() > 1).then(|| shell_path(&file.to_string_lossy()))
        });
        let config = below.map_or_else(String::new, |file| format!("--config {file} "));
        format!("sops-rs {config}{words} {}", shell_path(name))
    }

    /// Whether the creation rule selects the value or comment at this span.
    pub(crate) fn is_selected(&self, span: &Range<usize>) -> bool {
        self.selected().contains(span)
    }

    /// Whether the creation rule leaves a value of a Secret in plaintext.
    pub(crate) fn is_left_open(&self, value: &SecretValue<'_, '_>) -> bool {
        self.selected().leaves_open(value)
    }

    fn selected(&self) -> &SelectedValues {
        self.selected.get_or_init(|| {
            let rule = self.creation_rule().map(|(_, _, creation)| &creation.rule);
            let rule = rule.cloned().flatten().unwrap_or_default();
            // Other checks report text that does not parse and invalid rules.
            json_stream::parse(self.text, self.format)
                .ok()
                .and_then(|document| SelectedValues::of(&document, &rule).ok())
                .unwrap_or_default()
        })
    }

    /// The rule in the file, if it is encrypted and its metadata can be read.
    pub(crate) fn own_rule(&self) -> Option<&OwnRule> {
        let own = self.own_rule.get_or_init(|| {
            let document = EncryptedDocument::parse(self.text, self.format).ok()?;
            let open = document.unencrypted().unwrap_or_default();
            Some(OwnRule {
                rule: document.metadata().rule.clone().unwrap_or_default(),
                is_followed: document.follows_its_rule().unwrap_or(false),
                open: SelectedValues::from_iter(open),
            })
        });
        own.as_ref()
    }

    /// Adds a finding at a node.
    pub(crate) fn report_node(
        &mut self,
        node: NodeRef<'_, '_>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let path = path(node);
        self.add(node.span(), path, message.into())
    }

    /// Reports the secrets in the value of a scalar, each with its own position and name.
    pub(crate) fn report_secrets(
        &mut self,
        node: NodeRef<'_, '_>,
        secrets: Vec<FoundSecret>,
        holder: fmt::Arguments<'_>,
        help: &str,
    ) {
        let Some(value) = node.scalar_text().filter(|_| !secrets.is_empty()) else {
            return;
        };
        let text = self.node_text();
        let is_tagged = has_tag(text.get(..node.span().start).unwrap_or_default());
        let secrets: Vec<_> = secrets
            .into_iter()
            .filter(|secret| !is_tagged || !matches!(secret.likeness, Likeness::Name(_)))
            .collect();
        let parts = secrets.iter().map(|secret| &secret.range);
        let written = self.written_parts(node, value, parts);
        let path = path(node);
        let is_in_file = self.frame.is_none();
        for (secret, written) in secrets.into_iter().zip(written) {
            let description = secret.likeness.description();
            let named = match secret.name.as_str() {
                "" => String::new(),
                name => format!(": `{}`", shown_name(name)),
            };
            let inner = Some(secret.name).filter(|name| !name.is_empty());
            let path = path.iter().cloned().chain(inner).collect();
            let message = format!("{holder} contains {description}{named}");
            let finding = self.add(place(node, &written), path, message);
            finding.confidence(secret.likeness.confidence()).help(help);
            finding.written = is_in_file.then_some(written);
        }
    }

    /// Reports something in a part of the value of a scalar.
    pub(crate) fn report_part(
        &mut self,
        node: NodeRef<'_, '_>,
        part: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let value = node.scalar_text().unwrap_or_default();
        let written = self
            .written_parts(node, value, [part].into_iter())
            .remove(0);
        self.add(place(node, &written), path(node), message.into())
    }

    /// The text that nodes are in.
    fn node_text(&self) -> &str {
        self.frame.as_ref().map_or(self.text, TextFrame::text)
    }

    /// Where parts of the value of a scalar are written: for an alias, in the anchored value.
    fn written_parts<'p>(
        &self,
        node: NodeRef<'_, '_>,
        value: &str,
        parts: impl Iterator<Item = &'p Range<usize>>,
    ) -> Vec<Range<usize>> {
        let span = node.origin().span();
        let source = self.node_text().get(span.clone()).unwrap_or_default();
        let mut map = SourceMap::new(source, value);
        let is_block = map.is_block();
        let written = parts.map(|part| match part.len() == value.trim().len() && !is_block {
            true => span.clone(),
            false => {
                let part = map.range(part);
                span.start + part.start..span.start + part.end
            }
        });
        written.collect()
    }

    /// Adds a finding about a part of the text.
    pub(crate) fn report_span(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.add(span, Vec::new(), message.into())
    }

    /// Adds a finding about a part of the text that has a path.
    pub(crate) fn report_at(
        &mut self,
        span: Range<usize>,
        path: Vec<String>,
        message: String,
    ) -> &mut Finding {
        self.add(span, path, message)
    }

    /// The offset of the encrypted file's metadata.
    pub(crate) fn metadata_start(&self) -> usize {
        let text = self.text();
        ["\nsops:", "\nsops_", "\n[sops]", "\"sops\""]
            .iter()
            .find_map(|mark| {
                text.rfind(mark)
                    .map(|at| at + usize::from(mark.starts_with('\n')))
            })
            .unwrap_or(0)
    }

    /// Takes back the last finding, so that it can be reported later or not at all.
    pub(crate) fn put_aside(&mut self) -> Option<Finding> {
        self.findings.pop()
    }

    fn add(&mut self, span: Range<usize>, path: Vec<String>, message: String) -> &mut Finding {
        // An object with an empty name is shown without a name.
        let message = match message.contains("``") {
            true => message.replace(": ``", "").replace(" ``", ""),
            false => message,
        };
        let (span, path) = match &mut self.frame {
            Some(frame) => (frame.in_file(&span), frame.path(path)),
            None => (span, path),
        };
        let path = path.into_iter().map(|step| shown_name(&step).into_owned());
        let lines = self.lines.get_or_init(|| LineIndex::new(self.input.bytes));
        let end = self.input.bytes[span.clone()]
            .iter()
            .rposition(|byte| !byte.is_ascii_whitespace());
        self.findings.push(Finding {
            rule: self.rule,
            severity: self.rule.severity,
            confidence: Confidence::High,
            file: self.input.name.to_owned(),
            place: self.input.place(),
            location: lines.location(span.start),
            end: end.map_or(span.end, |last| span.start + last + 1),
            excerpt: None,
            object: self
                .object
                .as_deref()
                .map(|name| shown_name(name).into_owned()),
            is_embedded: self.frame.is_some(),
            path: path.collect(),
            message,
            help: None,
            fix: None,
            lacks_creation_rule: false,
            is_refused: true,
            written: None,
            referenced: None,
            fingerprint: String::new(),
        });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }
}

/// The range of a finding about text in the value of a node; for an alias, the range of the alias.
fn place(node: NodeRef<'_, '_>, written: &Range<usize>) -> Range<usize> {
    let span = node.span();
    match node.origin().span() == span {
        true => written.clone(),
        false => span,
    }
}

/// Whether `text` is YAML or JSON with keys.
fn has_keys(text: &str) -> bool {
    Document::parse_leniently(text).is_ok_and(|document| {
        let mut tops = document.tops().flatten();
        tops.any(|top| top.entries().next().is_some())
    })
}

/// The path to a node, with list items by name if they have one.
fn path(node: NodeRef<'_, '_>) -> Vec<String> {
    let below_top = node.lineage().into_iter().skip(1);
    below_top
        .map(|node| {
            let name = node.number().and_then(|_| node.get("name")?.as_str());
            let name = name.filter(|name| is_shown(name));
            name.map_or_else(|| node.step(), |name| format!("[{name}]"))
        })
        .collect()
}
