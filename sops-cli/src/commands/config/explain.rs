//! `sops-rs config explain`.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sops_core::config::{Config, CreationRule};
use sops_core::rules::EncryptionRule;
use sops_core::{
    Format, KeyPath, ciphertext, encrypted_format, parse_document, unencrypted_values,
};

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::near_miss::near_miss;
use crate::config::{load, nearer};
use crate::encryption_options;
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::recipient_edit::{RecipientNames, shown};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs config explain apps/secret.yaml
  sops-rs config explain --json apps/secret.yaml";

/// Show which creation rule applies to a file, and what the rule encrypts
///
/// This lists the rules up to the one that applies, and says why the rules before that one do not
/// match. It then lists the recipients, and the values that the rule encrypts. Nothing is
/// decrypted.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The file, which may not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `.sops.yaml` says about a file.
#[derive(Serialize)]
struct Explanation {
    config: String,
    /// The path that expressions are matched against.
    path: String,
    /// The rules in order, up to the one that applies.
    rules: Vec<RuleVerdict>,
    /// The encryption; `None` if no rule applies.
    encryption: Option<ExplainedEncryption>,
}

/// Whether a rule applies.
#[derive(Serialize)]
struct RuleVerdict {
    /// The number of the rule, from 1.
    number: usize,
    path_regex: Option<String>,
    applies: bool,
    /// Why the rule does not match although it looks as if it should.
    near_miss: Option<String>,
}

/// What the rule encrypts, and for whom.
#[derive(Serialize)]
struct ExplainedEncryption {
    /// The keys of each group.
    key_groups: Vec<Vec<ExplainedKey>>,
    shamir_threshold: Option<usize>,
    selection: Selection,
    mac_only_encrypted: bool,
    /// The values of the file; `None` if it does not exist.
    values: Option<Values>,
}

/// A master key, with the fields that `status --json` has.
#[derive(Serialize)]
struct ExplainedKey {
    family: &'static str,
    id: String,
    /// The comment at the end of its line in `.sops.yaml`.
    name: Option<String>,
}

/// The selection rule.
#[derive(Serialize)]
struct Selection {
    name: &'static str,
    text: String,
    /// Whether the rule names the values that stay in plaintext, rather than those that are
    /// encrypted.
    #[serde(skip)]
    names_plaintext: bool,
}

/// The key paths of values.
#[derive(Serialize)]
struct Values {
    /// The values that are encrypted in the file.
    encrypted: Vec<Place>,
    /// The values that are in plaintext, and that the rule would encrypt.
    selected: Vec<Place>,
}

/// The position of a value or a comment.
#[derive(Serialize)]
struct Place {
    path: String,
    line: usize,
    is_comment: bool,
}

pub(super) fn cmd_explain(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let config = load::config(ui, globals)?;
    let Some((config, rules)) = config
        .as_ref()
        .and_then(|config| Some((config, config.creation_rules()?)))
    else {
        return Err(encryption_options::no_rules(config.as_ref())?);
    };
    if args.file.is_dir() {
        let message = "this is a directory, but creation rules are about files";
        return Err(CommandError::new(Code::Generic, message)
            .in_file(&name_of(&args.file))
            .hint("pass a file, which may not exist yet; `sops-rs status` shows the rules of encrypted files in a directory"));
    }
    nearer::warn(ui, globals, Some(config), &args.file);
    let in_config = |error| CommandError::in_config(error, config);
    let path = config.matched_path(&args.file);
    let mut verdicts = Vec::new();
    let mut chosen = None;
    for (index, rule) in rules.iter().enumerate() {
        let applies = config.matches(rule, &args.file).map_err(in_config)?;
        verdicts.push(RuleVerdict {
            number: index + 1,
            path_regex: rule.path_regex.clone(),
            applies,
            near_miss: (!applies)
                .then(|| near_miss(config, rule, Path::new(&path)))
                .flatten(),
        });
        if applies {
            chosen = Some(rule);
            break;
        }
    }
    let encryption = match chosen {
        Some(rule) => Some(encryption(config, rule, &args.file)?),
        None => None,
    };
    let explanation = Explanation {
        config: name_of(config.file()),
        path,
        rules: verdicts,
        encryption,
    };
    match args.json {
        true => {
            let text = serde_json::to_string_pretty(&explanation);
            let text = text.expect("the explanation has only strings as keys");
            ui.output(format!("{text}\n").as_bytes())?;
        }
        false => print(ui, &explanation)?,
    }
    // `encrypt` fails with the same errors.
    config.creation_rule_for(&args.file).map_err(in_config)?;
    if let Some(rule) = chosen {
        config.check_keys(rule).map_err(in_config)?;
        config.check_threshold(rule).map_err(in_config)?;
    }
    Ok(())
}

fn encryption(
    config: &Config,
    rule: &CreationRule,
    file: &Path,
) -> Result<ExplainedEncryption, CommandError> {
    let names = RecipientNames::of(config);
    let is_binary = Format::from_path(file) == Format::Binary;
    let selection = match is_binary {
        // A binary file is one value.
        true => EncryptionRule::default(),
        false => rule.rule.clone().unwrap_or_default(),
    };
    let groups = rule.key_groups.iter();
    let groups = groups.map(|group| {
        let keys = group.iter().map(|key| ExplainedKey {
            family: key.family().name(),
            id: key.id(),
            name: names.name(key).map(str::to_owned),
        });
        keys.collect()
    });
    let many = rule.key_groups.len() > 1;
    let needed = rule
        .shamir_threshold
        .map_or(rule.key_groups.len(), usize::from);
    Ok(ExplainedEncryption {
        key_groups: groups.collect(),
        shamir_threshold: many.then_some(needed),
        selection: Selection {
            name: selection.name(),
            text: selection.text().to_owned(),
            names_plaintext: !selection.names_what_is_encrypted(),
        },
        mac_only_encrypted: rule.mac_only_encrypted,
        values: match file.is_file() {
            true => Some(values(file, &selection)?),
            false => None,
        },
    })
}

impl ExplainedKey {
    fn shown(&self) -> String {
        shown(self.family, &self.id, self.name.as_deref())
    }
}

fn values(file: &Path, selection: &EncryptionRule) -> Result<Values, CommandError> {
    let by_name = InputFormat::of_name(file);
    let input = Input::read(Some(file), by_name, Role::Plaintext)?;
    // An encrypted binary file is JSON with one value.
    let (format, is_binary) = match (input.format, encrypted_format(&input.content)) {
        (Format::Binary, Some(Format::Binary)) => (Format::Json, true),
        (Format::Binary, Some(format)) => (format, false),
        (format, _) => (format, false),
    };
    let document = parse_document(&*input.content, format);
    let document = document.map_err(|error| input.error(error))?;
    let breaks: Vec<usize> = document
        .text()
        .match_indices('\n')
        .map(|(at, _)| at)
        .collect();
    let line = |offset| breaks.partition_point(|at| *at < offset) + 1;
    let selected =
        unencrypted_values(&document, Some(selection)).map_err(|error| input.error(error))?;
    let selected = selected.into_iter().map(|value| Place {
        line: line(value.span.start),
        path: value.path,
        is_comment: value.is_comment,
    });
    let encrypted = document.scalars().filter(|scalar| {
        let value = scalar.value();
        value.is_some_and(|value| ciphertext(value).is_some())
    });
    let encrypted = encrypted.map(|scalar| Place {
        path: KeyPath::new(scalar.components())
            .filter(|_| !is_binary)
            .map_or_else(String::new, |path| path.dotted().to_string()),
        line: line(scalar.span().start),
        is_comment: false,
    });
    Ok(Values {
        encrypted: encrypted.collect(),
        selected: selected.collect(),
    })
}

fn print(ui: &Ui, explanation: &Explanation) -> Result<(), CommandError> {
    ui.print(format_args!(
        "Rules in {} for {}",
        explanation.config, explanation.path
    ))?;
    for rule in &explanation.rules {
        let verdict = match (rule.applies, &rule.near_miss) {
            (true, _) => "applies".to_owned(),
            (false, None) => "does not match".to_owned(),
            (false, Some(reason)) => format!("does not match: {reason}"),
        };
        let pattern = rule.path_regex.as_deref().unwrap_or("every file");
        ui.print(format_args!(
            "  rule {} ({pattern}): {verdict}",
            rule.number
        ))?;
    }
    let Some(encryption) = &explanation.encryption else {
        return Ok(());
    };
    match (&encryption.key_groups[..], encryption.shamir_threshold) {
        (groups, Some(needed)) => {
            ui.print(format_args!(
                "Recipients: any {needed} of these {} key groups",
                groups.len()
            ))?;
            for (index, group) in groups.iter().enumerate() {
                let keys: Vec<String> = group.iter().map(ExplainedKey::shown).collect();
                ui.print(format_args!("  group {}: {}", index + 1, keys.join(", ")))?;
            }
        }
        (groups, None) => {
            ui.print("Recipients")?;
            let mut keys = groups.iter().flatten();
            keys.try_for_each(|key| ui.print(format_args!("  {}", key.shown())))?;
        }
    }
    let Selection {
        name,
        text,
        names_plaintext,
    } = &encryption.selection;
    match names_plaintext {
        true => ui.print(format_args!(
            "Values to encrypt (all except those that {name} {text} leaves in plaintext)"
        )),
        false => ui.print(format_args!(
            "Values to encrypt (selected by {name} {text})"
        )),
    }?;
    let Some(values) = &encryption.values else {
        return ui.print("  the file does not exist yet");
    };
    let listed = [
        ("encrypted", &values.encrypted),
        ("not encrypted yet", &values.selected),
    ];
    for (state, places) in listed {
        for Place {
            path,
            line,
            is_comment,
        } in places
        {
            let kind = if *is_comment { "a comment in " } else { "" };
            let path = if path.is_empty() {
                "the whole file"
            } else {
                path
            };
            ui.print(format_args!("  {kind}{path} (line {line}): {state}"))?;
        }
    }
    match values.encrypted.is_empty() && values.selected.is_empty() {
        true => ui.print("  none in this file"),
        false => Ok(()),
    }
}
