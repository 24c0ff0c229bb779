//! `sops-rs recover drill`.

use std::path::PathBuf;
use std::process::ExitCode;

use sops_core::config::{Config, CreationRule};
use sops_core::keys::{Identities, MasterKey, Recipient};
use sops_lint::{ALTERED_FILE, UNVERIFIED_FILE};

use super::runbook::{self, Facts};
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::cluster::ClusterArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::commands::flux::report_of_backup;
use crate::commands::verify::{Verified, verify_commit};
use crate::config::load;
use crate::flux::{FluxCheck, FluxReport};
use crate::git::GitRepository;
use crate::keys::groups::KeyGroups;
use crate::keys::key_file::{key_pairs, read_keys};
use crate::keys::unprompted::Unprompted;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs recover drill --key-file backup.txt
  sops-rs recover drill --key-file backup.txt --rev v1.0
  sops-rs recover drill --key-file backup.txt --runbook > runbook.md";

/// Check that a backup of the key can decrypt every file without any other key
///
/// This decrypts every encrypted file of the last commit with the keys in the backup, and with no
/// other key: not those of this computer, of the agent, of key services or of plugins. It verifies
/// the MACs, checks that each creation rule names a recipient of the backup, and does what
/// `flux verify` does.
/// Without a kubeconfig, it says that the cluster was not checked.
///
/// The exit code is 0 if the backup decrypts everything, 1 if a file cannot be decrypted or a check
/// fails, and 2 if something could not be checked, or after an error.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The backup: a file with private age keys
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Also check the files of this commit, such as the last release; you can repeat this flag
    #[arg(long, value_name = "REV")]
    rev: Vec<String>,
    /// Print a recovery runbook for this repository, as Markdown; the results of the checks go to
    /// standard error
    #[arg(long)]
    runbook: bool,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// The commit that is always checked.
const LAST_COMMIT: &str = "HEAD";

pub(super) fn cmd_drill(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    let name = name_of(&args.key_file);
    let pairs = key_pairs(ui, &name, &read_keys(&args.key_file)?)?;
    let own: Vec<Recipient> = pairs.iter().map(|pair| pair.recipient.clone()).collect();
    let root = GitRepository::found(GitRepository::look_up()?)?.root;
    let config = load::config(ui, globals)?;

    let mut report = FluxReport::default();
    for recipient in &own {
        let finding = format!("has the key of {recipient}");
        report.checks.push(FluxCheck::ok("backup", finding));
    }
    report.checks.extend(rule_checks(config.as_ref(), &own));
    let mut errors = Vec::new();
    let mut files = 0;
    let others = args.rev.iter().map(String::as_str);
    for rev in std::iter::once(LAST_COMMIT).chain(others) {
        let identities = pairs.iter().map(|pair| pair.identity.clone());
        let only = Unprompted::only(Identities::from_iter(identities));
        let verified = verify_commit(globals, rev, only)?;
        report.checks.extend(file_checks(rev, &verified));
        if rev == LAST_COMMIT {
            files = verified.summary.encrypted;
        }
        errors.extend(verified.errors);
    }
    let target = (args.secret.clone(), args.cluster.clone());
    let flux = report_of_backup(ui, root.clone(), target, own.clone())?;
    report.checks.extend(flux.checks);

    let table = report.table();
    match args.runbook {
        false => ui.output(table.as_bytes())?,
        true => {
            table.lines().for_each(|line| ui.note(line));
            let facts = Facts::read(&root, &own, config.as_ref(), files, &args.secret)?;
            ui.output(runbook::text(&facts).as_bytes())?;
        }
    }
    let is_incomplete = !errors.is_empty();
    ui.errors(errors);
    Ok(match report.has_gap() {
        _ if is_incomplete => ExitCode::from(Code::CannotReadInput as u8),
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// Whether the backup opens the files that each creation rule will encrypt.
fn rule_checks(config: Option<&Config>, own: &[Recipient]) -> Vec<FluxCheck> {
    let Some(config) = config else {
        let finding = "is missing, so new files have no recipients";
        return vec![FluxCheck::gap(".sops.yaml", finding).hint("run `sops-rs init`")];
    };
    let own: Vec<MasterKey> = own.iter().cloned().map(MasterKey::from).collect();
    let subject = name_of(config.file());
    let rules = config.creation_rules().unwrap_or_default();
    let closed: Vec<usize> = (1..)
        .zip(rules)
        .filter(|(_, rule)| !opens(&own, rule))
        .map(|(number, _)| number)
        .collect();
    if closed.is_empty() {
        return vec![FluxCheck::ok(subject, "names the backup in every rule")];
    }
    let gap = |number: usize| {
        FluxCheck::gap(
            &*subject,
            format!("rule {number} does not encrypt for the backup"),
        )
        .hint("run `sops-rs recipients add --update` with the recipient of the backup")
    };
    closed.into_iter().map(gap).collect()
}

/// Whether the keys decrypt the files of the rule.
fn opens(own: &[MasterKey], rule: &CreationRule) -> bool {
    let groups = KeyGroups {
        groups: &rule.key_groups,
        threshold: rule.shamir_threshold.map(usize::from),
    };
    let is_open = |group: &&Vec<MasterKey>| {
        let mut keys = group.iter();
        keys.any(|key| own.iter().any(|own| own.is_same_key(key)))
    };
    rule.key_groups.iter().filter(is_open).count() >= groups.needed()
}

/// What was found in a commit.
fn file_checks(rev: &str, verified: &Verified) -> Vec<FluxCheck> {
    let gaps = verified.findings.iter().map(|finding| {
        let subject = match rev {
            LAST_COMMIT => finding.file.clone(),
            rev => format!("{rev}:{}", finding.file),
        };
        if finding.rule.code == UNVERIFIED_FILE.code {
            let finding = "cannot be decrypted with the backup alone";
            return FluxCheck::gap(subject, finding).hint(match rev {
                LAST_COMMIT => "add the recipient of the backup to `.sops.yaml`, run `sops-rs updatekeys -y .`, and commit the files",
                _ => "a commit does not change: to be able to restore it, keep a backup of a key that decrypts the file",
            });
        }
        if rev != LAST_COMMIT && finding.rule.code != ALTERED_FILE.code {
            // What `.sops.yaml` says about the file does not matter for restoring it.
            return FluxCheck::note(subject, finding.message.clone());
        }
        let check = FluxCheck::gap(subject, finding.message.clone());
        match &finding.help {
            // The help is about the working tree.
            Some(help) if rev == LAST_COMMIT => check.hint(help.clone()),
            _ => check,
        }
    });
    let mut checks: Vec<FluxCheck> = gaps.collect();
    let summary = &verified.summary;
    let (opened, all) = (summary.decrypted, summary.encrypted);
    let finding = match (opened == all, all) {
        (_, 0) => "has no encrypted files".to_owned(),
        (true, 1) => "has 1 encrypted file; the backup decrypts it, and its MAC matches".to_owned(),
        (true, _) => {
            format!("has {all} encrypted files; the backup decrypts them all, and their MACs match")
        }
        (false, 1) => {
            "has 1 encrypted file; the backup does not decrypt it with a matching MAC".to_owned()
        }
        (false, _) => format!(
            "has {all} encrypted files; the backup decrypts {opened} of them with a matching MAC"
        ),
    };
    checks.push(match (opened == all, all) {
        (_, 0) => FluxCheck::note(rev, finding),
        (true, _) => FluxCheck::ok(rev, finding),
        // The gaps say why.
        (false, _) => FluxCheck::note(rev, finding),
    });
    checks
}
