//! Files that cannot be read in the format that their name implies: templates, broken files, other encodings, copies. Secrets in them are
//! still reported.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use sops_core::config::CreationRule;
use sops_core::document::{NodeRef, Shape, merge_conflict};
use sops_core::{CIPHERTEXT_PREFIX, Document, Error, Format};

use crate::action::Definitions;
use crate::claim::{has_secret, has_secret_comment, is_secret_word, names_keys};
use crate::embedded::{is_operation_list, operation_credential};
use crate::encoding::{Decoded, decode};
use crate::likeness::{has_credential_beside, judge, literals};
use crate::linter::Kind;
use crate::object::{Object, objects};
use crate::readable::{is_encrypted_otherwise, is_public};
use crate::readings::{as_go_reads, decoded, may_hold_secret, secrets_with_repeated_keys};
use crate::report::Report;
use crate::rules::{
    self, COPY, Scrutiny, extends_ciphertext, holds_secret, is_manifest, is_open_base64,
    is_plaintext_under, open_values, own_rule,
};
use crate::secret::{SecretField, SecretValue, secret_fields};
use crate::unparsed::{Literal, literal, names_secret, of_swap_file};
use crate::{action, encoding, exempt, form, kubeconfig, template};

const CONFLICT: &str = "the file has an unresolved merge conflict";
const RESOLVE: &str = "resolve the conflict first: keep the lines that you want, and remove those that begin with `<<<<<<<`, `=======` and `>>>>>>>`";

const TAKE_ONE_SIDE: &str = "take one side as a whole, with `git checkout --ours <FILE>` or `git checkout --theirs <FILE>`, and make the changes of the other again with `sops-rs edit` or `sops-rs set`";

/// How the values of a text are judged.
#[derive(Clone, Copy)]
struct Judgement<'j> {
    is_template: bool,
    scrutiny: Scrutiny,
    /// What the template defines and uses in its values.
    definitions: &'j Definitions<'j>,
}

/// The readable content of a text.
struct Look {
    /// A value of a Secret in plaintext.
    secret: Option<Literal>,
    /// Whether it parses once the actions of a template are filled in.
    is_template: bool,
    /// Whether it parses, and is an object of Kubernetes but no Secret.
    is_manifest: bool,
    /// Whether it parses, and has an object of Kubernetes that the creation rule is for as a whole.
    is_to_encrypt: bool,
    /// Of a template, the first value that the creation rule selects and that no action makes.
    selected: Option<Range<usize>>,
}

/// Reports what is wrong with a file that does not parse.
pub(crate) fn broken(report: &mut Report<'_>, error: Error, is_encrypted: bool) -> Kind {
    let text = report.text();
    let conflict = merge_conflict(text.as_bytes());
    let at = conflict.clone().unwrap_or_else(|| place(&error));
    let look = look(report, text);
    // A template that makes an encrypted value is no file of SOPS.
    let is_of_sops =
        is_encrypted && (conflict.is_some() || !look.is_template || has_metadata(text));
    if is_of_sops {
        // There is no way to tell which values are in plaintext.
        report.of(&rules::PARTLY_ENCRYPTED, None);
        match conflict {
            Some(_) => report.span(at, CONFLICT).help(TAKE_ONE_SIDE),
            None => report.span(at, error.to_string()),
        };
        return Kind::Other;
    }
    if let Some(secret) = look.secret {
        // Where only values have actions in them, those are for another program.
        let is_template = look.is_template && is_like_template(text);
        in_secret(report, secret, is_template, &error, conflict);
        return kind(is_template);
    }
    if look.is_template && conflict.is_none() && !look.is_to_encrypt {
        if let Some(span) = look.selected {
            report.of(&rules::PLAINTEXT_SECRET, None);
            report
                .span(
                    span,
                    "a creation rule covers this template, but a value in it is in plaintext",
                )
                .help("use a template action that reads the value from an encrypted file");
        }
        return Kind::Template;
    }
    let covered = own_rule(report).filter(|rule| {
        let is_for_all = || !rule_names_keys(rule) && !rules::has_rule_for_its_form(report);
        let is_secret = !is_like_object(text)
            || may_be_secret(text)
            || look.is_to_encrypt
            || is_for_all() && has_more(rule, report);
        is_secret && may_select(rule, &error, report)
    });
    if covered.is_some() && is_nothing(text) {
        in_comments(report);
    } else if covered.is_some() {
        let message = match conflict {
            Some(_) => format!("{CONFLICT}, and a creation rule covers it"),
            None => format!(
                "a creation rule covers this file, which is in plaintext and cannot be encrypted as it is: {}",
                words(&error)
            ),
        };
        plaintext(report, at, message, conflict.is_some());
        return Kind::Other;
    }
    if conflict.is_none() && is_like_template(text) {
        return Kind::Template;
    }
    let is_meant = match &error {
        Error::Syntax { .. } => is_named_manifest(report),
        Error::Limit { .. } => true,
        // A manifest that SOPS has no form for, such as one with a key twice.
        _ => is_named_manifest(report) && has_key(text, "kind"),
    };
    // Another rule says what is wrong with a configuration.
    let is_config = || report.input.path.ends_with(rules::CONFIG);
    if is_meant && !is_config() {
        report.of(&rules::BROKEN_FILE, None);
        match conflict {
            Some(at) => report.span(at, CONFLICT).help(RESOLVE),
            None => report.span(at, error.to_string()),
        };
    }
    Kind::Other
}

/// Reports a file with operations of JSON 6902 that a creation rule covers, if there is a secret or something else in it.
pub(crate) fn beside_operations(report: &mut Report<'_>, error: &Error) {
    let Some(rule) = own_rule(report) else {
        return;
    };
    let is_known = |code| code == rules::PLAINTEXT_SECRET.code;
    let mut found = report.findings.iter();
    if found.any(|one| is_known(one.rule.code)) || !has_more(rule, report) {
        return;
    }
    if may_select(rule, error, report) {
        let message = format!(
            "a creation rule covers this file, which is in plaintext and cannot be encrypted as it is: {}",
            words(error)
        );
        plaintext(report, place(error), message, false);
    }
}

fn rule_names_keys(creation: &CreationRule) -> bool {
    creation.rule.as_ref().is_some_and(names_keys)
}

/// Whether a document of the text is neither an object that may stay in plaintext nor a list of operations without a secret.
fn has_more(rule: &CreationRule, report: &Report<'_>) -> bool {
    let Ok(document) = Document::parse_leniently(report.text()) else {
        return false;
    };
    let is_secret = |key: &str, text: &str| judge(key, text).is_some();
    let is_for_form = rules::has_rule_for_its_form(report);
    let may_stay = |top: NodeRef<'_, '_>| match top.shape() {
        Shape::Scalar => top.value().is_none(),
        Shape::Sequence if is_operation_list(top) => {
            is_for_form || operation_credential(top, is_secret).is_none()
        }
        Shape::Sequence => top.items().all(|item| rules::may_stay(item, rule, report)),
        Shape::Mapping => rules::may_stay(top, rule, report),
    };
    !document.tops().flatten().all(may_stay) || exempt::has_word(report.text())
}

fn kind(is_template: bool) -> Kind {
    if is_template {
        Kind::Template
    } else {
        Kind::Other
    }
}

/// Reports a Secret in plaintext that cannot be encrypted as it is.
fn in_secret(
    report: &mut Report<'_>,
    secret: Literal,
    is_template: bool,
    error: &Error,
    conflict: Option<Range<usize>>,
) {
    let Literal { span, key } = secret;
    if let Some(at) = conflict {
        let message = format!("{CONFLICT}, and a Secret in it is in plaintext: `{key}`");
        return plaintext(report, at, message, true);
    }
    report.of(&rules::PLAINTEXT_SECRET, None);
    if is_template {
        report
            .span(
                span,
                format!("the Secret that this template makes has a value in plaintext: `{key}`"),
            )
            .help("use a template action that reads the value from an encrypted file, such as one of values");
        return;
    }
    let message = format!(
        "the Secret is in plaintext, and cannot be encrypted as it is: `{key}`: {}",
        words(error)
    );
    plaintext(report, place(error), message, false);
}

fn plaintext(report: &mut Report<'_>, at: Range<usize>, message: String, is_conflict: bool) {
    report.of(&rules::PLAINTEXT_SECRET, None);
    let help = match is_conflict {
        true => format!("{RESOLVE}; then encrypt it with `sops-rs encrypt -i`"),
        false => {
            "fix it, and encrypt it with `sops-rs encrypt -i`, which says what is wrong with it"
                .to_owned()
        }
    };
    report.span(at, message).help(help);
}

/// Reports what is wrong with a file that is not UTF-8.
pub(crate) fn encoded(report: &mut Report<'_>) {
    let bytes = report.input.bytes;
    // A name goes on where a program has packed the file.
    let extension = report.input.path.extension();
    let is_manifest = extension.is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    let is_covered = own_rule(report).is_some();
    // Most such files are pictures and archives.
    if !is_manifest && !is_covered && !may_name_secret(bytes) {
        return;
    }
    let Decoded { encoding, text } = &decode(bytes);
    let is_expected = is_manifest || is_covered || form::named(report.input.path).is_some();
    let is_secret_manifest = || may_hold_secret(text) && parses(text);
    if !is_expected && !is_secret_manifest() {
        return;
    }
    let look = look(report, text);
    if look.secret.is_some() {
        let message = format!(
            "the file contains a Secret in plaintext, and is {encoding}, which cannot be encrypted"
        );
        report.of(&rules::PLAINTEXT_SECRET, None);
        report
            .span(0..0, message)
            .help("save it as UTF-8, and encrypt it with `sops-rs encrypt -i`");
        return;
    }
    let is_secret = !is_like_object(text) || may_be_secret(text) || look.is_to_encrypt;
    if is_secret && !look.is_manifest && is_covered && !is_encrypted_otherwise(bytes) {
        return unencrypted(report);
    }
    if is_manifest {
        report.of(&rules::BROKEN_FILE, None);
        report
            .span(
                0..0,
                format!("the file is {encoding}, so it is not checked"),
            )
            .help("save it as UTF-8");
    }
}

/// Whether the kind of Secrets is in bytes of whatever encoding.
fn may_name_secret(bytes: &[u8]) -> bool {
    if encoding::is_wide(bytes) {
        // Few files are, and an escape hides the word.
        return true;
    }
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let zeros = |count: usize| {
            let zeros = "\0".repeat(count);
            "Secret"
                .split("")
                .filter(|c| !c.is_empty())
                .collect::<Vec<_>>()
                .join(&zeros)
        };
        AhoCorasick::new([0, 1, 3].map(zeros)).ok()
    });
    WORDS.as_ref().is_none_or(|words| words.is_match(bytes))
}

/// Looks at a file whose name SOPS takes for that of a binary file: copies of manifests, templates of other programs, and whatever a
/// creation rule covers.
pub(crate) fn unnamed(report: &mut Report<'_>) {
    let text = report.text();
    let path = report.input.path;
    // SOPS encrypts every dotenv and INI file.
    let is_copy = matches!(form::named(path), Some(Format::Yaml | Format::Json));
    let is_covered = own_rule(report).is_some();
    let is_prose = form::is_prose(path);
    if !is_prose && in_kubeconfig(report) {
        return;
    }
    let may_hold = may_hold_secret(text);
    if !may_hold && !is_covered {
        return;
    }
    if is_nothing(text) {
        if is_covered {
            in_comments(report);
        }
        return;
    }
    let is_expected = || names_secret(text) && (is_copy || is_covered);
    let is_looked_at = match is_prose {
        true => may_hold && is_whole_manifest(text),
        false => may_hold && (is_expected() || parses(text)),
    };
    if is_looked_at && in_any_file(report) {
        return;
    }
    if !is_covered
        || is_encrypted_otherwise(report.input.bytes)
        || is_open_line(text.trim())
        || is_public(text)
    {
        return;
    }
    if is_prose && !exempt::is_prose(path, text) {
        return unencrypted(report);
    }
    if is_prose {
        report.of(&rules::BROKEN_FILE, None);
        report
            .span(
                0..0,
                "a creation rule covers this file, which is prose and is not encrypted",
            )
            .help("if it is meant to be readable, exclude it from the rule's `path_regex`");
        return;
    }
    let look = look(report, text);
    let is_open_template =
        is_copy && look.is_template && look.selected.is_none() && !look.is_to_encrypt;
    if look.is_manifest || is_open_template {
        return;
    }
    if is_copy && merge_conflict(text.as_bytes()).is_none() && selects_nothing(report, text) {
        return;
    }
    unencrypted(report);
}

/// Reports a file under a creation rule that has nothing but comments, if there is a secret in them.
fn in_comments(report: &mut Report<'_>) {
    if has_secret_comment(report.text()) {
        report.of(&rules::PLAINTEXT_SECRET, None);
        report
            .span(
                0..0,
                "a creation rule covers this file, and a comment in it has what looks like a secret",
            )
            .help("delete the comment, or write a value in its place and encrypt the file");
    }
}

/// Looks for a Secret in a file that was not read as YAML, such as an INI file: kustomize takes files of any name.
pub(crate) fn of_any_name(report: &mut Report<'_>) {
    let text = report.text();
    if may_hold_secret(text) && parses(text) {
        in_any_file(report);
    } else {
        in_kubeconfig(report);
    }
}

/// Reports a kubeconfig with credentials that a creation rule covers, whatever its name; whether the file is one.
fn in_kubeconfig(report: &mut Report<'_>) -> bool {
    let text = report.text();
    if !kubeconfig::may_be(text) {
        return false;
    }
    let is_copy = report.is_copy_of_covered();
    if report.creation_rule().is_none() && !is_copy {
        return false;
    }
    let filled = template::filled(text);
    let Ok(document) = Document::parse_leniently(filled.as_deref().unwrap_or(text)) else {
        return false;
    };
    let mut tops = document.tops().flatten();
    let scrutiny = report.scrutiny_of_file();
    let credential = |top| kubeconfig::credential(top, scrutiny);
    let Some(credential) = tops.find_map(credential) else {
        return false;
    };
    let command = report.command("encrypt -i");
    report.of(&rules::PLAINTEXT_SECRET, None);
    let found = report.node(
        credential,
        "a creation rule covers this file, a kubeconfig with credentials in plaintext",
    );
    match is_copy {
        true => found.help(COPY),
        false => found.help(format!("delete it, or encrypt it with `{command}`")),
    };
    true
}

/// Whether the whole text is objects of which one is a Secret.
fn is_secret(text: &str) -> bool {
    let filled = template::filled(text);
    let document = Document::parse_leniently(filled.as_deref().unwrap_or(text));
    document.is_ok_and(|document| objects(&document).iter().any(Object::is_secret))
}

/// Reports a Secret in plaintext in a file that need not be a manifest; whether there is one.
fn in_any_file(report: &mut Report<'_>) -> bool {
    let text = report.text();
    let Some(Literal { span, key }) = look(report, text).secret else {
        return false;
    };
    let (message, help) = match merge_conflict(text.as_bytes()) {
        Some(_) => (
            format!("{CONFLICT}, and a Secret in it is in plaintext: `{key}`"),
            RESOLVE,
        ),
        None if !is_secret(text) => (
            format!("the text has what reads like a Secret in plaintext: `{key}`"),
            "move the Secret to a file that ends in `.yaml` or `.json`, and encrypt that with `sops-rs encrypt -i`; if this is prose, write `a Secret` instead of `kind: Secret`",
        ),
        None => (
            format!("the Secret is in plaintext: `{key}`"),
            "delete the file if it is a copy; otherwise rename it so that it ends in `.yaml` or `.json`, and encrypt it with `sops-rs encrypt -i`",
        ),
    };
    report.of(&rules::PLAINTEXT_SECRET, None);
    report.span(span, message).help(help);
    true
}

/// Whether the text is YAML or a template of it, which a program that holds a manifest is not.
fn parses(text: &str) -> bool {
    let filled = template::filled(text);
    let is_read =
        |text: &str| !matches!(Document::parse_leniently(text), Err(error) if !is_limit(&error));
    is_read(filled.as_deref().unwrap_or(text))
        || filled.is_some() && is_read(text)
        || as_go_reads(text).is_some_and(|text| is_read(&text))
}

/// Whether a text is YAML that other programs may read, but too deep or too large for ours.
fn is_limit(error: &Error) -> bool {
    match error {
        Error::Limit { .. } => true,
        // The parser of events has limits of its own.
        Error::Syntax { message, .. } => message.contains("limit exceeded"),
        _ => false,
    }
}

/// Whether every document of the text is an object of Kubernetes. Prose shows objects among other things.
fn is_whole_manifest(text: &str) -> bool {
    let is_whole = |text: &str| {
        Document::parse_leniently(text).is_ok_and(|document| {
            // Kustomize takes nothing without it.
            let has_name = |top: NodeRef<'_, '_>| top.at(&["metadata", "name"]).is_some();
            let mut tops = document
                .tops()
                .flatten()
                .filter(|top| top.value().is_some() || top.shape() != Shape::Scalar);
            tops.all(|top| is_manifest(top) && has_name(top))
        })
    };
    is_whole(text) || as_go_reads(text).is_some_and(|text| is_whole(&text))
}

/// Whether the rule for manifests selects nothing of a copy of one, as of the original.
fn selects_nothing(report: &Report<'_>, text: &str) -> bool {
    let rule = own_rule(report).and_then(|creation| creation.rule.clone());
    let rule = rule.unwrap_or_default();
    Document::parse_leniently(text).is_ok_and(|document| {
        let mut tops = document.tops().flatten();
        match tops.any(|top| top.shape() != Shape::Scalar) {
            true => document
                .unencrypted(Some(&rule))
                .is_ok_and(|selected| selected.is_empty()),
            // It is another text than the original.
            false => {
                let is_other = rule.names_what_is_encrypted() || report.is_copy_of_covered();
                is_other && !has_secret(text) && !is_secret_word(text)
            }
        }
    })
}

/// Reports a file as a whole.
fn unencrypted(report: &mut Report<'_>) {
    let is_conflict = merge_conflict(report.input.bytes);
    let command = report.command("encrypt -i");
    let is_copy = report.is_copy_of_covered();
    report.of(&rules::PLAINTEXT_SECRET, None);
    match is_conflict {
        None if is_copy => report
            .span(
                0..0,
                "a creation rule covers the original of this copy, which is not encrypted",
            )
            .help(COPY),
        Some(at) => report
            .span(at, format!("{CONFLICT}, and a creation rule covers it"))
            .help(RESOLVE),
        None => report
            .span(
                0..0,
                "a creation rule covers this file, which is not encrypted",
            )
            .help(format!(
                "encrypt it with `{command}`, move it, or exclude it from the rule's `path_regex`"
            )),
    };
}

/// Whether it is one line in which something is filled in.
fn is_open_line(text: &str) -> bool {
    !text.contains(['\n', '\r']) && Scrutiny::Strict.passes(text)
}

/// Reads a text that does not parse, or is in no format, as loosely as can be.
fn look(report: &Report<'_>, text: &str) -> Look {
    let filled = template::filled(text);
    let is_template = filled.is_some();
    let scrutiny = report.scrutiny_of_file();
    let definitions = match scrutiny {
        Scrutiny::Strict if is_template => Definitions::of(text),
        _ => Definitions::default(),
    };
    let judgement = Judgement {
        is_template,
        scrutiny,
        definitions: &definitions,
    };
    let readable = filled.as_deref().unwrap_or(text);
    // No text contains zero bytes.
    let parsed = match text.contains('\0') {
        true => Err(false),
        false => Document::parse_leniently(readable).map_err(|error| is_limit(&error)),
    };
    let document = match parsed {
        Ok(document) => document,
        Err(is_limit) => {
            // What is too large for us is not too large for others, so the words of a Secret are enough.
            let is_secret = match is_limit {
                true => may_hold_secret,
                false => names_secret,
            };
            let secret = in_other_readings(text, filled.as_deref(), judgement)
                .or_else(|| in_lines(text, judgement, is_secret));
            return Look {
                secret,
                is_template: false,
                is_manifest: false,
                is_to_encrypt: false,
                selected: None,
            };
        }
    };
    // A text of words and actions is a template of something else.
    let is_template =
        is_template && (document.tops().flatten().next().is_some() || is_nothing(readable));
    let judgement = Judgement {
        is_template,
        ..judgement
    };
    let secret = in_document(&document, text, judgement)
        .or_else(|| in_other_readings(text, filled.as_deref(), judgement))
        .or_else(|| in_variable(&document, text).filter(|_| is_template));
    // Of a manifest, Secrets count, and they were looked at.
    let has_manifest = document.tops().flatten().any(is_manifest);
    let rule = own_rule(report).filter(|_| secret.is_none());
    // An action may make the name, and what does not parse may lack it.
    let path = report.input.path;
    let is_copy = Format::from_path(path) == Format::Binary && !form::is_companion(path);
    let is_named = is_copy && !is_template;
    let is_whole = |rule| rules::is_for_whole_file(&document, rule, is_named, report);
    let is_to_encrypt = has_manifest && rule.is_some_and(is_whole);
    let is_manifest = has_manifest && !is_to_encrypt && !may_be_secret(text);
    let selected = match rule {
        Some(rule) if is_template && !has_manifest => selected(&document, rule, text, judgement),
        _ => None,
    };
    Look {
        secret,
        is_template,
        is_manifest,
        is_to_encrypt,
        selected,
    }
}

/// The first variable with a secret in it, of a template that makes a Secret.
fn in_variable(document: &Document<'_>, text: &str) -> Option<Literal> {
    if !objects(document).iter().any(Object::is_secret) {
        return None;
    }
    let variable = action::variable_with_secret(text)?;
    let start = variable.as_ptr() as usize - text.as_ptr() as usize;
    Some(Literal {
        span: start..start + variable.len(),
        key: variable.to_owned(),
    })
}

/// The first value of a Secret in plaintext that other programs see in the text.
fn in_other_readings(
    text: &str,
    filled: Option<&str>,
    judgement: Judgement<'_>,
) -> Option<Literal> {
    if text.contains('\0') || !may_hold_secret(text) {
        return None;
    }
    // Where nothing fills in the actions, they are comments or values.
    let literal = filled.map(|_| text);
    let normal = as_go_reads(text);
    let normal_filled = filled.and_then(as_go_reads);
    let readings = [literal, normal.as_deref(), normal_filled.as_deref()];
    readings
        .into_iter()
        .flatten()
        .find_map(|reading| match Document::parse_leniently(reading) {
            Ok(document) => in_document(&document, text, judgement),
            Err(error) if is_limit(&error) => in_lines(text, judgement, may_hold_secret),
            Err(_) => None,
        })
}

/// The first value of a Secret in plaintext of a text that does not parse. `is_secret` tells which of its documents are Secrets.
fn in_lines(
    text: &str,
    judgement: Judgement<'_>,
    is_secret: impl Fn(&str) -> bool,
) -> Option<Literal> {
    let is_open = |key: &str, value: &str| is_open_text(key, value, judgement);
    let moved = |found: Literal| Literal {
        span: 0..0,
        ..found
    };
    let of_other_text = |text: String| literal(&text, &is_secret, is_open).map(moved);
    literal(text, &is_secret, is_open)
        .or_else(|| decoded(text).and_then(of_other_text))
        .or_else(|| {
            let is_swap = text.contains('\0');
            is_swap.then(|| of_swap_file(text)).and_then(of_other_text)
        })
}

/// The first value of a Secret in plaintext of a document.
fn in_document(document: &Document<'_>, text: &str, judgement: Judgement<'_>) -> Option<Literal> {
    let objects = objects(document);
    let secrets = objects
        .iter()
        .filter(|object| object.is_secret() && !object.is_deletion());
    let mut secrets = secrets.filter_map(|object| in_object(object, text, judgement));
    secrets.next().or_else(|| {
        let repeated = secrets_with_repeated_keys(document).into_iter();
        let fields = repeated
            .flat_map(secret_fields)
            .filter(SecretField::is_part);
        let is_plaintext =
            |value: &SecretValue<'_, '_>| is_plaintext_under(judgement.scrutiny, value);
        let values = fields.flat_map(|field| field.values()).filter(is_plaintext);
        in_values(values, text, judgement)
    })
}

/// The first value of a Secret in plaintext, that of `text` where an action of a template may have been filled in.
fn in_object(object: &Object<'_, '_>, text: &str, judgement: Judgement<'_>) -> Option<Literal> {
    let open = open_values(object, |_| judgement.scrutiny);
    in_values(open.into_iter(), text, judgement)
        .or_else(|| in_actions(object, text, judgement).filter(|_| judgement.is_template))
}

/// The first value of a Secret that an action of a template has as a literal, or that is beside one.
fn in_actions(object: &Object<'_, '_>, text: &str, judgement: Judgement<'_>) -> Option<Literal> {
    let fields = secret_fields(object.node).into_iter();
    let fields = fields.filter(SecretField::is_part);
    let mut values = fields.flat_map(|field| field.values());
    let value = values.find(|value| {
        let source = text.get(value.origin.clone()).unwrap_or_default();
        is_open_beside_actions(value.key, source, judgement)
    })?;
    Some(Literal {
        span: value.node.span(),
        key: value.key.to_owned(),
    })
}

fn in_values<'d, 'a: 'd>(
    mut values: impl Iterator<Item = SecretValue<'d, 'a>>,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<Literal> {
    values.find_map(|value| {
        let source = text.get(value.origin.clone()).unwrap_or_default();
        let literal = value.node.scalar_text().unwrap_or_default();
        if template::has_action(source) {
            return holds_secret(value.key, source).then(|| Literal {
                span: value.node.span(),
                key: value.key.to_owned(),
            });
        }
        let is_open = match value.field.eq_ignore_ascii_case("data") {
            true => {
                is_open_base64(judgement.scrutiny, value.key, literal)
                    && is_worth(value.key, literal, judgement)
            }
            false => is_open_text(value.key, literal, judgement),
        };
        is_open.then(|| Literal {
            span: value.node.span(),
            key: value.key.to_owned(),
        })
    })
}

/// Whether a text in the place of a value of a Secret is one.
fn is_open_text(key: &str, value: &str, judgement: Judgement<'_>) -> bool {
    if template::has_action(value) {
        return is_open_beside_actions(key, value, judgement);
    }
    (!value.starts_with(CIPHERTEXT_PREFIX) || extends_ciphertext(value))
        && !judgement.scrutiny.passes(value)
        && is_worth(key, value, judgement)
}

/// Whether a value of a template has a literal that may be a secret, beside its actions or in them.
fn is_open_beside_actions(key: &str, source: &str, judgement: Judgement<'_>) -> bool {
    let is_worth = |literal: &String| is_worth(key, literal, judgement);
    let has_literal = || {
        let literals = match source.starts_with('"') {
            true => literals(&source.replace("\\\"", "\"")),
            false => literals(source),
        };
        literals.iter().any(is_worth) || judgement.definitions.used_in(source).any(is_worth)
    };
    action::holds_secret(key, source)
        || has_credential_beside(source)
        || judgement.scrutiny == Scrutiny::Strict && has_literal()
}

/// Whether a literal value of a template is worth a report: names of users and databases often are beside the values that are filled in.
fn is_worth(key: &str, value: &str, judgement: Judgement<'_>) -> bool {
    let is_word =
        value.chars().all(|c| c.is_ascii_lowercase() || c == '_') || value.parse::<u16>().is_ok();
    !judgement.is_template || !is_word || judge(key, value).is_some()
}

/// The first value of a template that the rule selects and no action makes.
fn selected(
    document: &Document<'_>,
    creation: &CreationRule,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<Range<usize>> {
    let rule = creation.rule.clone().unwrap_or_default();
    let selected = document.unencrypted(Some(&rule)).ok()?.into_iter();
    let mut literals = selected.filter(|one| {
        let source = text.get(one.span.clone()).unwrap_or_default();
        let value = source.trim().trim_matches(['"', '\'']);
        !one.is_comment && is_open_text(&one.path, value, judgement)
    });
    literals.next().map(|one| one.span)
}

/// Whether nothing stands in the text but comments, `null`, or a list without items.
fn is_nothing(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let mut said = lines.filter(|line| !line.starts_with('#'));
    said.all(|line| {
        matches!(
            line.trim_matches(['[', ']', '-', ' ', '\u{feff}']),
            "" | "null" | "~"
        )
    })
}

/// Whether the rule may have something in the text encrypted. One that names what is encrypted, as manifests have, says nothing of a text
/// of another shape in which no such key stands, nor of JSON with comments.
fn may_select(creation: &CreationRule, error: &Error, report: &Report<'_>) -> bool {
    let text = report.text();
    let is_shape = matches!(
        error,
        Error::Unsupported { .. } | Error::Unencryptable { .. }
    ) || report.format == Format::Json && !text.contains("\\u");
    let Some(rule) = creation.rule.as_ref().filter(|rule| names_keys(rule)) else {
        return true;
    };
    let Ok(rule) = rule.compile() else {
        return true;
    };
    let key = |part: &str| {
        let (key, _) = part.split_once([':', '='])?;
        let marks = |mark: char| mark.is_whitespace() || "-?\"'".contains(mark);
        Some(rule.key_matches(key.trim_matches(marks)))
    };
    !is_shape
        || text
            .split(['\n', ',', '{', '['])
            .filter_map(key)
            .any(|matches| matches)
}

/// What an error says, without its place, which a finding has.
fn words(error: &Error) -> String {
    match error {
        Error::Syntax { message, .. }
        | Error::Unsupported { message, .. }
        | Error::Unencryptable { message, .. }
        | Error::Limit { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

fn is_named_manifest(report: &Report<'_>) -> bool {
    matches!(
        form::named(report.input.path),
        Some(Format::Yaml | Format::Json)
    )
}

/// Whether the text has the metadata of SOPS, in whatever format.
fn has_metadata(text: &str) -> bool {
    let begins = ["sops:", "\"sops\"", "sops_", "[sops]"];
    text.lines().any(|line| {
        begins
            .iter()
            .any(|begin| line.trim_start().starts_with(begin))
    })
}

/// Whether the text seems to be an object, of a kind and an API.
fn is_like_object(text: &str) -> bool {
    has_key(text, "kind") && has_key(text, "apiVersion")
}

/// Whether a line of the text begins with the key, and not in a comment only.
fn has_key(text: &str, key: &str) -> bool {
    let is_key = |line: &str| {
        let line = line.trim_start().strip_prefix(key);
        line.is_some_and(|rest| rest.starts_with(':'))
    };
    text.contains(&format!("\"{key}\"")) || text.lines().any(is_key)
}

/// Whether an object of the text may be a Secret: it says so, or says its kind with an escape, an alias or a merged mapping.
fn may_be_secret(text: &str) -> bool {
    let is_hidden = |line: &str| {
        let line = line.trim_start();
        let value = line
            .strip_prefix("kind")
            .map(|rest| rest.trim_start_matches(['"', '\'', ' ', ':']));
        value.is_some_and(|value| value.starts_with('*') || value.contains('\\'))
    };
    names_secret(text) || text.contains("stringData") || text.lines().any(is_hidden)
}

/// Whether the text is written as templates are, with actions in place of lines or of whole values: our parser may not read all that the
/// template's program makes something of.
fn is_like_template(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        let begins = |text: &str| ["{{", "{%", "<%"].iter().any(|mark| text.starts_with(mark));
        begins(line)
            || line
                .split_once(": ")
                .is_some_and(|(_, value)| begins(value.trim_start()))
    })
}

/// Where it is wrong.
pub(crate) fn place(error: &Error) -> Range<usize> {
    let offset = match error {
        Error::Syntax { location, .. }
        | Error::Unsupported { location, .. }
        | Error::Unencryptable { location, .. } => location.offset,
        Error::Limit { location, .. } | Error::Metadata { location, .. } => {
            location.map_or(0, |location| location.offset)
        }
        _ => 0,
    };
    offset..offset
}
