//! `sops-rs lint`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use sops_core::config::{Config, CreationRule};
use sops_lint::{
    Baseline, Confidence, Finding, RULES, Settings, find_rule, find_verification_rule, unknown_rule,
};

use sops_printable::escaped;

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::commands::git::status;
use crate::config::nearest::{self, InvalidConfig, NearestConfigs};
use crate::config::working_dir::working_dir;
use crate::files::{self, Expected, Readers};
use crate::git::root_above;
use crate::lint::fix::{Fixer, Repair};
use crate::lint::output::{LINT, OutputFormat};
use crate::lint::policy;
use crate::lint::root;
use crate::lint::settings::{FILE, SettingsArgs, linter, read_configured};
use crate::lint::walk::{Walk, WalkResult, WorkingTree};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs lint --fix apps
  sops-rs lint --format sarif > lint.sarif";

const RULE_EXAMPLES: &str = "\
Examples:
  sops-rs lint rule                   # list all rules
  sops-rs lint rule SL007";

const POLICY_EXAMPLES: &str = "\
Examples:
  sops-rs lint policy --format vap > policies.yaml
  sops-rs lint policy --format kyverno --select pods --action warn";

const SCHEMA_EXAMPLE: &str = "\
Examples:
  sops-rs lint schema > sops-lint.schema.json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<About>,
    /// Files, directories, or `-` for standard input [default: `.`]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One of text, json, sarif, github, junit
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    format: OutputFormat,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Write all findings to a baseline file instead of reporting them
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Remove baseline entries that match no finding
    #[arg(long, hide_short_help = true, conflicts_with_all = ["write_baseline", "paths"])]
    prune_baseline: bool,
    /// Report only findings of at least this confidence
    #[arg(
        long,
        hide_short_help = true,
        value_enum,
        value_name = "LEVEL",
        default_value = "low"
    )]
    min_confidence: MinConfidence,
    /// Fix findings that can be fixed safely
    ///
    /// This changes mounts and file modes, gives encrypted files the recipients and the selection
    /// rule of their creation rule, and encrypts plaintext that a creation rule covers.
    #[arg(long)]
    fix: bool,
    /// With `--fix`, add recipients from `.sops.yaml` without asking
    #[arg(long, short, hide_short_help = true, requires = "fix")]
    yes: bool,
    /// Print what `--fix` would change
    #[arg(long, conflicts_with = "fix")]
    diff: bool,
}

/// How confident a finding must be to be reported.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum MinConfidence {
    /// All findings
    Low,
    /// Leave out values that are only words, or may be references or settings
    Medium,
    /// Only facts (such as a Secret in plaintext), formats that only secrets have, and generated
    /// values under names that are typical of secrets
    High,
}

impl From<MinConfidence> for Confidence {
    fn from(least: MinConfidence) -> Self {
        match least {
            MinConfidence::Low => Self::Low,
            MinConfidence::Medium => Self::Medium,
            MinConfidence::High => Self::High,
        }
    }
}

#[derive(Subcommand, Debug)]
enum About {
    /// Explain a rule, or list all rules
    #[command(after_help = RULE_EXAMPLES)]
    Rule {
        /// Code or name of the rule
        rule: Option<String>,
    },
    /// Print rules as policies that a cluster applies
    ///
    /// The policies refuse what the selected rules report, as far as CEL can express it. They leave
    /// out the namespace `kube-system`.
    #[command(after_help = POLICY_EXAMPLES)]
    Policy(policy::Args),
    /// Print the JSON schema of `.sops-lint.yaml`
    #[command(after_help = SCHEMA_EXAMPLE)]
    Schema,
}

pub(crate) fn cmd_lint(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    let outcome = match &args.command {
        Some(about) => explain(ui, about).map(|()| ExitCode::SUCCESS),
        None => lint(ui, globals, args),
    };
    // Findings have the general exit code.
    outcome.map_err(|error| match error.code() {
        Code::BrokenPipe => error,
        _ => error.with_code(Code::CannotReadInput),
    })
}

fn lint(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<ExitCode, CommandError> {
    let working_dir = working_dir()?;
    let tree = WorkingTree::new(root(&working_dir));
    let own = match args.settings.settings {
        Some(_) => None,
        None => nearest::on_disk(&tree.root.join(FILE))?,
    };
    let settings = args.settings.read(own)?;
    let linter = linter(settings)?;
    // A baseline that is about to be written may not exist yet.
    let baseline = match args.write_baseline {
        Some(_) => Baseline::default(),
        None => args
            .settings
            .baseline(&linter, &tree.root, read_configured)?,
    };
    let configs = NearestConfigs::new(&tree.root, nearest::on_disk)
        .with_named(globals.config(), &working_dir)?;
    let walk = Walk {
        linter: &linter,
        configs: &configs,
        tree: &tree,
        working_dir: &working_dir,
        inspector: None,
        ui,
    };
    let here = [PathBuf::from(".")];
    let paths = if args.paths.is_empty() {
        &here
    } else {
        &args.paths[..]
    };
    let mut result = walk.run(paths)?;
    result.warn_of_unlisted(ui);
    if result.is_whole && root_above(&tree.root).is_some() {
        status::warn(ui, &tree.root);
    }
    if result.is_without_files() {
        ui.warn("no file was checked: the paths contain no files, or `.gitignore`, or `exclude` in `.sops-lint.yaml`, excludes all of them");
    }
    let errors = configs.wrong();
    let end = |result: &WalkResult| {
        for wrong in &errors {
            match is_reported(result, &tree, wrong) {
                true => ui.error(&unusable(wrong)),
                false => ui.error(&wrong.error),
            }
        }
        match errors.is_empty() {
            true => code(result),
            // Without the configuration, lint cannot determine which files must be encrypted.
            false => ExitCode::from(Code::CannotReadInput as u8),
        }
    };
    if let Some(file) = &args.write_baseline {
        if !errors.is_empty() {
            return Ok(end(&result));
        }
        let text = Baseline::of(&result.shown).to_json();
        files::write(
            ui,
            file,
            text.as_bytes(),
            Expected::Anything,
            Readers::Usual,
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = Wanted {
        baseline: &baseline,
        least: args.min_confidence.into(),
    };
    if args.prune_baseline {
        let file = args.settings.baseline_file(&linter, &tree.root);
        prune(ui, file, &baseline, &result)?;
    } else if result.is_whole {
        warn_of_outdated(ui, args.settings.baseline_flag(), &baseline, &result.shown);
    }
    wanted.keep(&mut result);
    if args.fix || args.diff {
        let repair = if args.fix {
            Repair::Write
        } else {
            Repair::Show
        };
        let fixer = Fixer {
            ui,
            globals,
            repair,
            yes: args.yes,
            agreed: BTreeSet::new(),
        };
        let refused = fix(fixer, &walk, &result)?;
        if args.diff {
            return Ok(end(&result));
        }
        result = walk.run(paths)?;
        wanted.keep(&mut result);
        let left = result.shown.iter_mut();
        left.filter(|finding| refused.contains(&finding.place))
            .for_each(|finding| finding.fix = None);
    }
    for shown in &result.shown {
        result.tally.finding(shown);
    }
    ui.output(
        args.format
            .write(
                LINT,
                &result.shown,
                &[],
                &ui.renderer_of_output(),
                ui.width_of_output(),
            )
            .as_bytes(),
    )?;
    ui.note(&result.tally);
    Ok(end(&result))
}

/// Selects the findings to report.
struct Wanted<'w> {
    baseline: &'w Baseline,
    least: Confidence,
}

impl Wanted<'_> {
    /// Removes the findings that are not reported, and counts them.
    fn keep(&self, result: &mut WalkResult) {
        let before = result.shown.len();
        let findings = &mut result.shown;
        findings.retain(|finding| !self.baseline.contains(finding));
        let new = findings.len();
        findings.retain(|finding| finding.confidence >= self.least);
        result.tally.known = before - new;
        result.tally.unsure = new - findings.len();
    }
}

/// Warns about baseline entries that match no finding: they would hide later findings of the same
/// kind in the same file. `flag` has the words that name the baseline, if the settings don't.
fn warn_of_outdated(ui: &Ui, flag: String, baseline: &Baseline, findings: &[Finding]) {
    let files = baseline.outdated(findings);
    let Some(first) = files.first() else {
        return;
    };
    let (entries, first) = (files.len(), escaped(first));
    let (entries, them) = match entries {
        1 => (
            format!("1 baseline entry matches no finding: {first}"),
            "it",
        ),
        _ => {
            let first = format!("the first one is for {first}");
            (
                format!("{entries} baseline entries match no finding; {first}"),
                "them",
            )
        }
    };
    ui.warn(format_args!(
        "{entries}; `sops-rs lint {flag}--prune-baseline` removes {them}"
    ));
}

/// Removes the entries of a baseline that match none of the findings.
fn prune(
    ui: &Ui,
    file: Option<PathBuf>,
    baseline: &Baseline,
    result: &WalkResult,
) -> Result<(), CommandError> {
    let refused = |message: &str| CommandError::new(Code::CannotReadInput, message);
    let file = file.ok_or_else(|| {
        refused("there is no baseline to prune")
            .hint("pass it with `--baseline`, or set `baseline` in `.sops-lint.yaml`")
    })?;
    if !result.is_whole {
        let message = "a baseline can only be pruned when the whole repository is checked";
        return Err(refused(message).hint("run the command in the root of the repository"));
    }
    let findings = &result.shown;
    let removed = baseline.outdated(findings).len();
    if removed > 0 {
        let text = baseline.pruned(findings).to_json();
        let (expected, readers) = (Expected::Anything, Readers::Usual);
        files::write(ui, &file, text.as_bytes(), expected, readers)?;
    }
    let entries = if removed == 1 { "entry" } else { "entries" };
    ui.note(format_args!(
        "Removed {removed} {entries} from the baseline"
    ));
    Ok(())
}

/// Whether a finding already reports the error in the configuration.
fn is_reported(result: &WalkResult, tree: &WorkingTree, wrong: &InvalidConfig) -> bool {
    result
        .shown
        .iter()
        .any(|finding| finding.rule.code == "SL016" && tree.root.join(&finding.place) == wrong.file)
}

/// A note about the consequence of an invalid configuration for the check.
fn unusable(wrong: &InvalidConfig) -> CommandError {
    let message =
        "this configuration is invalid, so lint cannot determine which files must be encrypted";
    CommandError::new(Code::CannotReadInput, message).in_file(&name_of(&wrong.file))
}

fn code(result: &WalkResult) -> ExitCode {
    match result.shown.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// A file with findings that can be fixed.
struct ToFix<'f> {
    path: PathBuf,
    absolute: PathBuf,
    findings: Vec<&'f Finding>,
    config: Option<Arc<Config>>,
}

impl<'f> ToFix<'f> {
    fn new(walk: &Walk<'_>, place: &str, name: &str, findings: Vec<&'f Finding>) -> Self {
        let absolute = walk.tree.root.join(place);
        // A fix uses the file's name from the findings, unless that name had to be escaped.
        let named = Path::new(name);
        let is_same = named.canonicalize().ok() == absolute.canonicalize().ok();
        Self {
            path: if is_same { named } else { &absolute }.to_owned(),
            findings,
            config: walk.configs.of(&absolute),
            absolute,
        }
    }

    fn rule(&self) -> Option<(&Config, &CreationRule)> {
        let config = self.config.as_deref()?;
        Some((config, config.matching_creation_rule(&self.absolute)?))
    }
}

/// Fixes each file. If one fails, the others are still fixed. Returns the places of those that
/// failed.
fn fix(
    mut fixer: Fixer<'_>,
    walk: &Walk<'_>,
    result: &WalkResult,
) -> Result<BTreeSet<String>, CommandError> {
    let mut files: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for shown in result.shown.iter().filter(|shown| shown.fix.is_some()) {
        files
            .entry((&shown.place, &shown.file))
            .or_default()
            .push(shown);
    }
    let files: Vec<ToFix<'_>> = files
        .into_iter()
        .map(|((place, name), findings)| ToFix::new(walk, place, name, findings))
        .collect();
    let mut refused = BTreeSet::new();
    if fixer.repair == Repair::Write {
        fixer.agree(files.iter().filter_map(|file| {
            let (_, rule) = file.rule()?;
            Some((&*file.path, &*file.findings, rule))
        }));
    }
    let mut fixed = 0;
    for file in &files {
        match fixer.fix(&file.path, &file.findings, file.rule()) {
            Ok(count) => fixed += count,
            Err(error) => {
                fixer.ui.error(&error);
                refused.extend(file.findings.iter().map(|finding| finding.place.clone()));
            }
        }
    }
    let verb = if fixer.repair == Repair::Write {
        "fixed"
    } else {
        "can be fixed"
    };
    let findings = if fixed == 1 { "finding" } else { "findings" };
    fixer.ui.note(format_args!("{fixed} {findings} {verb}"));
    Ok(refused)
}

fn explain(ui: &Ui, about: &About) -> Result<(), CommandError> {
    match about {
        About::Policy(args) => policy::print(ui, args),
        About::Schema => {
            let schema = serde_json::to_string_pretty(&Settings::schema())
                .expect("strings and numbers can be written as JSON");
            ui.output(format!("{schema}\n").as_bytes())
        }
        About::Rule { rule: None } => {
            let line = |rule: &&sops_lint::Rule| {
                format!(
                    "{} {:<26} {:<8} {}\n",
                    rule.code,
                    rule.name,
                    rule.severity.to_string(),
                    rule.summary()
                )
            };
            ui.output(RULES.iter().map(line).collect::<String>().as_bytes())
        }
        About::Rule { rule: Some(name) } => {
            match find_rule(name).or_else(|| find_verification_rule(name)) {
                Some(rule) => ui.output(for_terminal(rule.page).as_bytes()),
                None => Err(CommandError::new(Code::CannotReadInput, unknown_rule(name))),
            }
        }
    }
}

/// The page of a rule, without the marks of its examples for the tests.
fn for_terminal(page: &str) -> String {
    let lines = page.split_inclusive('\n').map(|line| {
        let language = line.split(' ').next().unwrap_or_default();
        match line.starts_with("```") && language.len() < line.len() {
            true => format!("{language}\n"),
            false => line.to_owned(),
        }
    });
    lines.collect()
}
