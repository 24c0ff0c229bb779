//! `sops-rs flux rotate-key`: replaces the key of Flux, in one or more steps per run.
//!
//! `plan.rs` prints the steps, `flux_keys.rs` is the file with Flux's keys, `secret.rs` changes the
//! Secret in the cluster, and `applied.rs` waits until Flux has applied a commit.

mod applied;
mod flux_keys;
mod plan;
mod secret;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use sops_core::keys::age::Recipient;

use sops_lint::{shell_path, shell_word};
use zeroize::Zeroizing;

use self::flux_keys::KeyFile;
use crate::arguments::{GlobalArgs, SecretArgs, duration};
use crate::cluster::{self, Cluster, ClusterArgs, Security};
use crate::command_error::{Code, CommandError, name_of};
use crate::commands::keygen;
use crate::commands::recipients::{add_to_rules, is_only_own_key, remove_replaced};
use crate::config::load;
use crate::flux::{
    KeyReplacement, REPLACES, ReplacementState, ReplacementStep, RepositoryState,
    identities_of_secret, recipients_in_secret,
};
use crate::git::branches_with;
use crate::keys::key_file;
use crate::keys::names::short;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs flux rotate-key --age-key-file flux.txt --start
  sops-rs flux rotate-key --age-key-file flux.txt --confirmed backup,ci
  sops-rs flux rotate-key --age-key-file flux.txt --wait=30m";

/// Replace Flux's key, step by step
///
/// Each run reads the key file, the Secret, `.sops.yaml`, the files and Git to find out which steps
/// are done. It does what comes next, and stops where you must act: to store copies of the new key,
/// and to push commits. Throughout, Flux can decrypt what it applies. Run the command again until
/// it says that nothing is left to do.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    secret: SecretArgs,
    /// The recipient of the key to replace [default: from the key file's record of a replacement, or
    /// that of the only key in the cluster]
    #[arg(long, value_name = "RECIPIENT")]
    old: Option<String>,
    /// The file that keeps Flux's keys on this computer
    #[arg(long, value_name = "FILE")]
    age_key_file: PathBuf,
    /// Confirm that these places have the new key, such as `backup,ci`
    #[arg(long, value_name = "PLACES", value_delimiter = ',')]
    confirmed: Vec<Place>,
    /// Start a replacement: create a new key
    #[arg(long)]
    start: bool,
    /// Wait until Flux has applied a commit, for at most this time [default without a value: 10m]
    #[arg(long, value_name = "TIME", value_parser = duration, num_args = 0..=1, require_equals = true, default_missing_value = "10m")]
    wait: Option<Duration>,
    /// Commit the changed files; you still have to push them
    #[arg(long)]
    commit: bool,
    /// Print what is left to do, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take over the key's entry from another field manager
    #[arg(long)]
    force_conflicts: bool,
    /// Send the private key even if the connection is not encrypted or the server's certificate is
    /// not verified
    #[arg(long)]
    allow_insecure_connection: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// A place that must have the new key before the old one is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Place {
    /// Your backup, such as a password manager
    Backup,
    /// The secret store of your CI, if it decrypts with the key
    Ci,
    /// The other clusters that use the key
    Clusters,
}

impl Place {
    fn shown(self) -> &'static str {
        match self {
            Self::Backup => "your backup, such as a password manager",
            Self::Ci => "the secret store of your CI, if it decrypts with Flux's key",
            Self::Clusters => "every other cluster that uses the key",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Ci => "ci",
            Self::Clusters => "clusters",
        }
    }
}

/// Whether another step can follow in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Continue,
    Stop,
}

pub(crate) fn cmd_rotate_key(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    let rotation = Rotation { ui, globals, args };
    let mut starts = args.start;
    while rotation.advance(starts)? == Next::Continue {
        starts = false;
    }
    Ok(ExitCode::SUCCESS)
}

struct Rotation<'r> {
    ui: &'r Ui,
    globals: &'r GlobalArgs,
    args: &'r Args,
}

impl Rotation<'_> {
    /// Does the next step. `starts` allows a new replacement.
    fn advance(&self, starts: bool) -> Result<Next, CommandError> {
        let Self { ui, args, .. } = self;
        let config = load::config(ui, self.globals)?.ok_or_else(|| {
            CommandError::new(Code::Generic, "no .sops.yaml found")
                .hint("run the command in the repository, or pass the file with `--config`")
        })?;
        let repository = RepositoryState::read(config)?;
        let secret = self.secret()?;
        let file = KeyFile::read(args.age_key_file.clone())?;
        let in_cluster = recipients_in_secret(&secret);
        let mut replacement = self.replacement(&file, &in_cluster)?;
        if starts
            && let Some(new) = &replacement.new
            && !in_cluster.contains(&replacement.old)
            && in_cluster.contains(new)
            && repository.rules_with(&replacement.old).is_empty()
        {
            replacement = KeyReplacement {
                old: new.clone(),
                new: None,
            };
        }
        let has = |key: &Recipient| in_cluster.contains(key);
        if !has(&replacement.old) && !replacement.new.as_ref().is_some_and(has) {
            let message = format!("the cluster does not have the key of {}", replacement.old);
            return Err(CommandError::new(Code::Generic, message)
                .hint("`sops-rs flux verify` lists the keys in the cluster"));
        }
        let mut keys = identities_of_secret(&secret);
        // A file that cannot be read as keys was reported when it was read.
        let _ = keys.add_keys("the key file", &file.text);
        let state = ReplacementState {
            repository: &repository,
            in_cluster,
            replacement: &replacement,
            keys: &keys,
        };
        let step = state.step()?;
        if step == ReplacementStep::CreateKey && repository.rules_with(&replacement.old).is_empty()
        {
            let message = format!(
                "{} is not a recipient in .sops.yaml, so there is nothing to replace",
                replacement.old
            );
            return Err(CommandError::new(Code::Generic, message)
                .hint("`sops-rs flux verify` says which keys Flux needs"));
        }
        if args.dry_run {
            self.print_plan(step, &replacement)?;
            return Ok(Next::Stop);
        }
        if step == ReplacementStep::CreateKey && !starts {
            return Err(not_started(&file));
        }
        match step {
            ReplacementStep::CreateKey => self.create_key(&file, &replacement.old),
            ReplacementStep::AddToSecret => self.add_to_secret(&secret, &file, &replacement),
            ReplacementStep::AddRecipient => self.add_recipient(&repository, &replacement),
            ReplacementStep::ApplyBoth => {
                if self.is_applied(
                    &repository,
                    &replacement,
                    "Encrypt for the new Flux key too",
                )? {
                    self.remove_recipient(&replacement.old)
                } else {
                    Ok(Next::Stop)
                }
            }
            ReplacementStep::RemoveRecipient => self.remove_recipient(&replacement.old),
            ReplacementStep::ApplyNew | ReplacementStep::RemoveFromSecret => {
                if self.is_applied(
                    &repository,
                    &replacement,
                    "Encrypt only for the new Flux key",
                )? && !self.is_used_upstream(&replacement.old)?
                {
                    self.remove_from_secret(&secret, file, &replacement)
                } else {
                    Ok(Next::Stop)
                }
            }
            ReplacementStep::Done => {
                let changed = repository.uncommitted()?.len();
                self.finish(&replacement, &file, changed)?;
                Ok(Next::Stop)
            }
        }
    }

    /// Connects to the cluster for one piece of work.
    fn in_cluster<T>(
        &self,
        work: impl AsyncFnOnce(&Cluster) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let security = match self.args.allow_insecure_connection {
            true => Security::AsConfigured,
            false => Security::VerifiedTls,
        };
        cluster::run(async {
            let cluster = Cluster::of(&self.args.cluster, security).await?;
            work(&cluster).await
        })
    }

    /// The key to replace, and its replacement.
    fn replacement(
        &self,
        file: &KeyFile,
        in_cluster: &[Recipient],
    ) -> Result<KeyReplacement, CommandError> {
        let recorded = file.recorded.iter().rev();
        if let Some(old) = &self.args.old {
            let old: Recipient = old.parse().map_err(CommandError::general)?;
            let known = recorded.clone().find(|known| known.old == old);
            return Ok(known.cloned().unwrap_or(KeyReplacement { old, new: None }));
        }
        // The last replacement whose keys this cluster has, so that one file can serve several
        // clusters.
        let mut begun = recorded.filter(|known| {
            in_cluster.contains(&known.old)
                || known
                    .new
                    .as_ref()
                    .is_some_and(|new| in_cluster.contains(new))
        });
        if let Some(known) = begun.next() {
            return Ok(known.clone());
        }
        match in_cluster {
            [old] => Ok(KeyReplacement {
                old: old.clone(),
                new: None,
            }),
            [] => Err(CommandError::new(
                Code::Generic,
                "the Secret in the cluster has no age key to replace",
            )
            .hint("install a key first: `sops-rs flux install-key`")),
            several => {
                let message = format!(
                    "the Secret in the cluster has {} age keys, so you must say which one to replace",
                    several.len()
                );
                let error = CommandError::new(Code::Generic, message).hint(format!(
                    "{} has no record of a replacement; to continue one, pass the key file that you started it with as `--age-key-file`",
                    name_of(&file.path)
                ));
                Err(several.iter().fold(error, |error, key| {
                    error.hint(format!("to replace {key}, pass `--start --old {key}`"))
                }))
            }
        }
    }

    fn create_key(&self, file: &KeyFile, old: &Recipient) -> Result<Next, CommandError> {
        let ui = self.ui;
        let own = key_file::own_file().ok();
        let own = own.and_then(|file| file.canonicalize().ok());
        if own.is_some() && own == file.path.canonicalize().ok() {
            let message =
                "this is the file of your own keys, and Flux's keys must not be mixed with them";
            return Err(CommandError::new(Code::Generic, message)
                .in_file(&name_of(&file.path))
                .hint("pass another file with `--age-key-file`; it need not exist"));
        }
        if is_only_own_key(ui, self.globals, &old.to_string())? {
            let message = format!(
                "{old} is the key of Flux and also your only key, so you could not decrypt the files once it is replaced"
            );
            return Err(CommandError::new(Code::Generic, message)
                .hint("create a key of your own with `sops-rs keygen --append`, and give it access with `sops-rs recipients add --update RECIPIENT`"));
        }
        let pair = keygen::generate(old.to_string().starts_with("age1pq1"));
        let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let mut text = Zeroizing::new(format!("{REPLACES}{old}\n"));
        text.push_str(&pair.key_file(&now));
        file.append(ui, &text)?;
        ui.note(format_args!(
            "Created the key {} in {}",
            pair.recipient,
            name_of(&file.path)
        ));
        Ok(Next::Continue)
    }

    fn add_recipient(
        &self,
        repository: &RepositoryState,
        replacement: &KeyReplacement,
    ) -> Result<Next, CommandError> {
        let Some(new) = &replacement.new else {
            return Ok(Next::Stop);
        };
        let is_begun = !repository.rules_with(new).is_empty();
        if !is_begun && !self.confirm(&[Place::Backup, Place::Ci])? {
            return Ok(Next::Stop);
        }
        let rules: Vec<_> = repository
            .rules_with(&replacement.old)
            .into_iter()
            .map(|own| (own.rule, own.group))
            .collect();
        let name = repository
            .rules_with(&replacement.old)
            .into_iter()
            .find_map(|own| own.name.clone());
        add_to_rules(
            self.ui,
            self.globals,
            &new.to_string(),
            name.as_deref(),
            &rules,
        )?;
        Ok(Next::Continue)
    }

    /// Whether the user has confirmed that the new key is in these places.
    fn confirm(&self, places: &[Place]) -> Result<bool, CommandError> {
        let Self { ui, args, .. } = self;
        let is_missing = |place: &&Place| !args.confirmed.contains(place);
        let missing: Vec<_> = places.iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(true);
        }
        ui.note("Only you can do the next step. Copy the new key to:");
        for place in &missing {
            ui.note(format_args!("    {}", place.shown()));
        }
        if missing.contains(&&Place::Clusters) {
            ui.note(
                "For another cluster, run this command with its `--context`: it adds the new key.",
            );
        } else {
            ui.note(format_args!(
                "The key is the last one in {}.",
                name_of(&args.age_key_file)
            ));
        }
        if ui.can_ask() {
            let answer = ui.confirm("Is this done?");
            return answer.map_err(|error| CommandError::input("the answer", &error));
        }
        let flags: Vec<_> = places.iter().map(|place| place.flag()).collect();
        self.next(&format!("--confirmed {}", flags.join(",")));
        Ok(false)
    }

    /// Says how to continue after the user has acted.
    fn next(&self, flags: &str) {
        self.step("Then run", flags);
    }

    fn step(&self, when: &str, flags: &str) {
        let space = if flags.is_empty() { "" } else { " " };
        self.ui.note(format_args!(
            "{when}: sops-rs flux rotate-key{space}{flags}{}",
            self.flags()
        ));
    }

    /// The flags of this run that the next one needs.
    fn flags(&self) -> String {
        let Args {
            old, age_key_file, ..
        } = self.args;
        let SecretArgs { namespace, name } = &self.args.secret;
        let file = Some(shell_path(&name_of(age_key_file)));
        let word = |text: &String, usual: &str| (text != usual).then(|| shell_word(text));
        let flags = [
            ("--namespace", word(namespace, "flux-system")),
            ("--name", word(name, "sops-age")),
            ("--old", old.as_deref().map(shell_word)),
            ("--age-key-file", file),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(flag, value)| Some(format!(" {flag} {}", value?)));
        given.collect::<String>() + &self.args.cluster.for_kubectl()
    }

    fn remove_recipient(&self, old: &Recipient) -> Result<Next, CommandError> {
        remove_replaced(self.ui, self.globals, &old.to_string())?;
        Ok(Next::Continue)
    }

    fn finish(
        &self,
        replacement: &KeyReplacement,
        file: &KeyFile,
        changed: usize,
    ) -> Result<(), CommandError> {
        let Self { ui, .. } = self;
        let old = replacement.old.to_string();
        if let Some(new) = &replacement.new {
            let rest = match changed {
                0 => "; nothing is left to do",
                _ => ". Commit and push the changed files; then nothing is left to do",
            };
            ui.note(format_args!("Flux has only the new key, {new}{rest}"));
        }
        if file.pair(Some(&replacement.old)).is_some() {
            ui.note(format_args!(
                "The old key stays in {}: it decrypts old commits",
                name_of(&file.path)
            ));
        }
        for (branch, count) in branches_with(&old)? {
            let files = match count {
                1 => "1 file".to_owned(),
                count => format!("{count} files"),
            };
            ui.note(format_args!(
                "The branch {branch} still has {files} encrypted for the old key {}",
                short(&old)
            ));
        }
        ui.note("To replace the key again, add `--start`");
        Ok(())
    }
}

/// The error if the key file records no replacement, and no flag starts one.
fn not_started(file: &KeyFile) -> CommandError {
    let message = format!(
        "{} does not record that the cluster's key is being replaced",
        name_of(&file.path)
    );
    CommandError::new(Code::Generic, message)
        .hint("to start one, add `--start`")
        .hint("to continue one, pass the key file that you started it with: `--age-key-file`")
}
