//! `sops-rs flux rotate-key`: replaces the key of Flux, in one or more steps per run.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::core::v1::Secret;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sops_core::keys::age::{KeyPair, Recipient};
use sops_core::keys::{Environment, Identities};
use sops_core::reading::{self, FileKind};
use sops_lint::{shell_path, shell_word};
use zeroize::Zeroizing;

use super::install_key::ENTRY;
use super::secret_args::SecretArgs;
use crate::arguments::{GlobalArgs, duration};
use crate::cluster::{
    self, Applied, Cluster, ClusterArgs, ClusterObject, ResourcePath, Security, ServerSideApply,
    was_applied,
};
use crate::command_error::{Code, CommandError, name_of};
use crate::commands::keygen;
use crate::commands::recipients::{add_to_rules, remove_replaced};
use crate::config::load;
use crate::files::{self, Expected, Readers};
use crate::flux::{
    KeyReplacement, REPLACES, ReplacementState, ReplacementStep, RepositoryState, Rollout,
    identities_of_secret, items, read_repository, recipients_in_secret, recorded,
};
use crate::git::{git, is_published, unmerged_files};
use crate::keys::key_file;
use crate::keys::names::short;
use crate::lint::root;
use crate::ui::Ui;

/// How often the cluster is asked while waiting.
const INTERVAL: Duration = Duration::from_secs(5);

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
    /// The recipient of the key to replace [default: that of the only key in the cluster]
    #[arg(long, value_name = "RECIPIENT")]
    old: Option<String>,
    /// The file that keeps Flux's keys on this computer [default: your key file]
    #[arg(long, value_name = "FILE")]
    age_key_file: Option<PathBuf>,
    /// Confirm that these places have the new key, such as `backup,ci`
    #[arg(long, value_name = "PLACES", value_delimiter = ',')]
    confirmed: Vec<Place>,
    /// Start another replacement if the last one is complete
    #[arg(long, conflicts_with = "old")]
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
    /// Does the next step. `starts` allows another replacement after a complete one.
    fn advance(&self, starts: bool) -> Result<Next, CommandError> {
        let Self { ui, args, .. } = self;
        let config = load::config(ui, self.globals)?.ok_or_else(|| {
            CommandError::new(Code::Generic, "no .sops.yaml found")
                .hint("run the command in the repository, or pass the file with `--config`")
        })?;
        let repository = RepositoryState::read(config)?;
        let secret = self.secret()?;
        let file = KeyFile::read(self.key_file()?)?;
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

    fn target(&self) -> ResourcePath {
        let SecretArgs { namespace, name } = &self.args.secret;
        ResourcePath::of::<Secret>(Some(namespace), name)
    }

    fn secret(&self) -> Result<Value, CommandError> {
        let SecretArgs { namespace, name } = &self.args.secret;
        let secret = self.in_cluster(async |cluster| Ok(cluster.get(&self.target()).await?))?;
        secret.ok_or_else(|| {
            let message = format!("the Secret {namespace}/{name} does not exist in the cluster");
            CommandError::new(Code::Generic, message)
                .hint("install a key first: `sops-rs flux install-key`")
        })
    }

    fn key_file(&self) -> Result<PathBuf, CommandError> {
        match &self.args.age_key_file {
            Some(file) => Ok(file.clone()),
            None => key_file::own_file(),
        }
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
                let message = format!("the Secret in the cluster has {} age keys", several.len());
                let error = CommandError::new(Code::Generic, message);
                Err(several.iter().fold(error, |error, key| {
                    error.hint(format!("to replace this one, pass `--old {key}`"))
                }))
            }
        }
    }

    fn create_key(&self, file: &KeyFile, old: &Recipient) -> Result<Next, CommandError> {
        let ui = self.ui;
        let usual = Identities::from_environment(Environment::process());
        if self.args.age_key_file.is_none() && usual.recipients().contains(old) {
            ui.note("Flux uses a key from your key file. To give Flux a key of its own, pass another key file with `--age-key-file`.");
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

    fn add_to_secret(
        &self,
        secret: &Value,
        file: &KeyFile,
        replacement: &KeyReplacement,
    ) -> Result<Next, CommandError> {
        let new = file.pair(replacement.new.as_ref()).ok_or_else(|| {
            CommandError::new(Code::Generic, "the new key is not in the key file")
        })?;
        let mut text = entry_text(secret, ENTRY)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("# public key: {}\n", new.recipient));
        text.push_str(new.identity.to_text().expose_secret());
        text.push('\n');
        self.apply(secret, ENTRY, text)?;
        self.ui.note("    the cluster has the old and the new key");
        Ok(Next::Continue)
    }

    /// Applies the Secret with another text in an entry. What this program has applied before stays.
    fn apply(
        &self,
        secret: &Value,
        changed: &str,
        text: Zeroizing<String>,
    ) -> Result<(), CommandError> {
        let SecretArgs { namespace, name } = &self.args.secret;
        let encoded = BASE64_STANDARD.encode(&*text);
        let entries = secret["data"].as_object().into_iter().flatten();
        let mut data: serde_json::Map<String, Value> = entries
            .filter(|(entry, _)| was_applied(secret, entry))
            .map(|(entry, value)| (entry.clone(), value.clone()))
            .collect();
        match text.is_empty() {
            // An entry without a key would stop Flux.
            true => drop(data.remove(changed)),
            false => drop(data.insert(changed.to_owned(), encoded.clone().into())),
        }
        let lines = text.lines().filter(|line| line.starts_with("AGE-"));
        let mut secrets: Vec<_> = lines.map(|line| Zeroizing::new(line.to_owned())).collect();
        secrets.extend(
            data.values()
                .filter_map(Value::as_str)
                .map(|text| Zeroizing::new(text.to_owned())),
        );
        secrets.push(Zeroizing::new(encoded));
        let object = ClusterObject {
            json: json!({
                "apiVersion": "v1",
                "kind": "Secret",
                // The server rejects the change if someone else has changed the Secret meanwhile.
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "resourceVersion": secret["metadata"]["resourceVersion"],
                },
                "data": data,
            }),
            secrets,
        };
        let options = ServerSideApply {
            dry_run: false,
            force: self.args.force_conflicts,
        };
        let target = self.target();
        let outcome =
            self.in_cluster(async |cluster| Ok(cluster.apply(options, &target, &object).await?))?;
        self.ui.print(Applied {
            target: &target,
            outcome,
            dry_run: false,
        })
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
                name_of(&self.key_file()?)
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

    /// Says how to continue.
    fn next(&self, flags: &str) {
        let space = if flags.is_empty() { "" } else { " " };
        self.ui.note(format_args!(
            "Then run: sops-rs flux rotate-key{space}{flags}{}",
            self.flags()
        ));
    }

    /// The flags of this run that the next one needs.
    fn flags(&self) -> String {
        let Args {
            old, age_key_file, ..
        } = self.args;
        let SecretArgs { namespace, name } = &self.args.secret;
        let file = age_key_file.as_ref().map(|file| shell_path(&name_of(file)));
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

    /// Whether the files are committed, and Flux has applied them.
    fn is_applied(
        &self,
        repository: &RepositoryState,
        replacement: &KeyReplacement,
        subject: &str,
    ) -> Result<bool, CommandError> {
        let Self { ui, args, .. } = self;
        let changed = repository.uncommitted()?;
        if !changed.is_empty() {
            let here = std::env::current_dir().unwrap_or_default();
            let names: Vec<_> = changed
                .iter()
                .map(|path| {
                    path.strip_prefix(&here)
                        .unwrap_or(path)
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            if !args.commit {
                let paths: Vec<_> = names.iter().map(|name| shell_path(name)).collect();
                ui.note("The files are changed. Commit and push them:");
                ui.note(format_args!(
                    "    git commit --message {} -- {}",
                    shell_word(subject),
                    paths.join(" ")
                ));
                ui.note("    git push");
                self.next("--wait");
                return Ok(false);
            }
            if let Some(unmerged) = unmerged_files()?.first() {
                let message = "this file has conflicts, so nothing was committed";
                return Err(CommandError::new(Code::Generic, message)
                    .in_file(&name_of(&unmerged.path))
                    .hint("resolve them first: `sops-rs resolve` lists the encrypted files"));
            }
            let mut arguments = vec!["commit", "--quiet", "--message", subject, "--"];
            arguments.extend(names.iter().map(String::as_str));
            git(&arguments)?;
            let plural = if names.len() == 1 { "" } else { "s" };
            ui.note(format_args!(
                "Committed {} file{plural}: {subject}",
                names.len()
            ));
        }
        let commit = last_commit(repository)?;
        let has_remote = !git(&["remote"])?.is_empty();
        if has_remote && !is_published(&commit)? {
            ui.note(format_args!(
                "Push the commit {}: git push",
                &commit[..commit.len().min(10)]
            ));
            self.next("--wait");
            return Ok(false);
        }
        self.is_rolled_out(&commit, replacement)
    }

    /// Whether Flux has applied the commit, after waiting for it.
    fn is_rolled_out(
        &self,
        commit: &str,
        replacement: &KeyReplacement,
    ) -> Result<bool, CommandError> {
        let Self { ui, args, .. } = self;
        let end = Instant::now() + args.wait.unwrap_or_default();
        let mut last = Vec::new();
        loop {
            let rollout = self.rollout(commit)?;
            if rollout.waiting.is_empty() {
                for name in &rollout.suspended {
                    ui.note(format_args!(
                        "The Kustomization {name} is suspended: it will apply the new files when you resume it"
                    ));
                }
                if rollout.finished == 0 {
                    ui.note("No Kustomization of this repository is active in the cluster, so there is nothing to wait for");
                }
                for directory in &rollout.elsewhere {
                    ui.note(format_args!(
                        "Not checked, because it is not in this cluster: {directory}"
                    ));
                }
                let is_first = self.is_before_removal(replacement)?;
                let places = [Place::Clusters];
                let needs_answer = is_first && !rollout.elsewhere.is_empty();
                return Ok(!needs_answer || self.confirm(&places)?);
            }
            if last != rollout.waiting {
                rollout
                    .waiting
                    .iter()
                    .for_each(|why| ui.note(format_args!("Not yet: {why}")));
                last.clone_from(&rollout.waiting);
            }
            if Instant::now() >= end {
                ui.note(format_args!(
                    "Flux has not applied the commit {} yet",
                    &commit[..commit.len().min(10)]
                ));
                self.next("--wait");
                return Ok(false);
            }
            thread::sleep(INTERVAL.min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Whether the configuration still names the old recipient.
    fn is_before_removal(&self, replacement: &KeyReplacement) -> Result<bool, CommandError> {
        let config = load::config(self.ui, self.globals)?;
        let old = replacement.old.to_string();
        Ok(config.is_some_and(|config| config.text().contains(&old)))
    }

    fn rollout(&self, commit: &str) -> Result<Rollout, CommandError> {
        let here = std::env::current_dir()
            .and_then(|here| here.canonicalize())
            .map_err(|error| CommandError::input("the working directory", &error))?;
        let root = root(&here);
        let mut tree = read_repository(&root)?;
        let path = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
        let sources = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories";
        let (list, sources) = self.in_cluster(async |cluster| {
            let list = cluster.list(path).await?;
            // A user without permission to list them sees less.
            let sources = cluster.list(sources).await.ok().flatten();
            Ok((list, sources))
        })?;
        let sources = sources
            .into_iter()
            .flat_map(|list| items(list, "GitRepository"));
        sources.for_each(|source| tree.add_source(&source));
        let live: Vec<Value> = list
            .into_iter()
            .flat_map(|list| items(list, "Kustomization"))
            .filter(|live| tree.names_source_of(live))
            .collect();
        live.iter().for_each(|live| tree.add_live(live.clone()));
        Ok(Rollout::of(&tree, &live, &root, commit))
    }

    fn remove_recipient(&self, old: &Recipient) -> Result<Next, CommandError> {
        remove_replaced(self.ui, self.globals, &old.to_string())?;
        Ok(Next::Continue)
    }

    fn remove_from_secret(
        &self,
        secret: &Value,
        file: KeyFile,
        replacement: &KeyReplacement,
    ) -> Result<Next, CommandError> {
        let Self { ui, .. } = self;
        let old = &replacement.old;
        let identities = identities_of_secret(secret);
        let pairs = identities.key_pairs(&[]);
        // Nothing is lost: the old key still decrypts old commits.
        if file.pair(Some(old)).is_none()
            && let Some(pair) = pairs.iter().find(|pair| pair.recipient == *old)
        {
            let identity = pair.identity.to_text();
            let text = Zeroizing::new(format!(
                "# public key: {old}\n{}\n",
                identity.expose_secret()
            ));
            file.append(ui, &text)?;
        }
        let entries = secret["data"].as_object().into_iter().flatten();
        for (entry, _) in entries.filter(|(entry, _)| entry.ends_with(".agekey")) {
            let text = entry_text(secret, entry)?;
            let mut own = Identities::new();
            let is_read = own.add_keys(entry, text.as_bytes()).is_ok();
            if !is_read || !own.recipients().contains(old) {
                continue;
            }
            let mut rest = Zeroizing::new(String::new());
            for pair in own
                .key_pairs(&[])
                .iter()
                .filter(|pair| pair.recipient != *old)
            {
                rest.push_str(&format!("# public key: {}\n", pair.recipient));
                rest.push_str(pair.identity.to_text().expose_secret());
                rest.push('\n');
            }
            self.apply(secret, entry, rest)?;
            // The Secret has another version now.
            return Ok(Next::Continue);
        }
        let message = format!("the key of {old} is in an entry of the Secret that cannot be read");
        Err(CommandError::new(Code::Generic, message))
    }

    /// Whether the branch that this one follows has files for the old key, which Flux may apply.
    fn is_used_upstream(&self, old: &Recipient) -> Result<bool, CommandError> {
        let name = git(&["rev-parse", "--abbrev-ref", "@{upstream}"]).unwrap_or_default();
        let name = String::from_utf8_lossy(&name).trim().to_owned();
        let mut branches = branches_with(&old.to_string())?.into_iter();
        let is_used = branches.any(|(branch, _)| branch == name);
        if is_used {
            self.ui.note(format_args!(
                "The branch {name} has files that need the old key: run `git pull`, then this command again"
            ));
        }
        Ok(is_used)
    }

    fn finish(
        &self,
        replacement: &KeyReplacement,
        file: &KeyFile,
        changed: usize,
    ) -> Result<(), CommandError> {
        let Self { ui, .. } = self;
        let old = replacement.old.to_string();
        if changed > 0 {
            ui.note("There are changed files: commit and push them");
        }
        if let Some(new) = &replacement.new {
            ui.note(format_args!(
                "Flux has only the new key, {new}; nothing is left to do"
            ));
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

    fn print_plan(
        &self,
        step: ReplacementStep,
        replacement: &KeyReplacement,
    ) -> Result<(), CommandError> {
        let old = short(&replacement.old.to_string());
        let new = replacement.new.as_ref().map(|new| short(&new.to_string()));
        let new = new.unwrap_or_else(|| "the new key".to_owned());
        let steps = [
            (
                ReplacementStep::CreateKey,
                "create the new key in the key file".to_owned(),
            ),
            (
                ReplacementStep::AddToSecret,
                format!("add {new} to the Secret in the cluster"),
            ),
            (
                ReplacementStep::AddRecipient,
                format!(
                    "after you have copied the new key to your backup and CI: encrypt the files for {new} too"
                ),
            ),
            (
                ReplacementStep::ApplyBoth,
                "after you have pushed the commit: wait until Flux has applied it".to_owned(),
            ),
            (
                ReplacementStep::RemoveRecipient,
                format!(
                    "remove {old} from .sops.yaml and from the files, and give the files new data keys"
                ),
            ),
            (
                ReplacementStep::ApplyNew,
                "after you have pushed the commit: wait until Flux has applied it".to_owned(),
            ),
            (
                ReplacementStep::RemoveFromSecret,
                format!("remove {old} from the Secret in the cluster"),
            ),
        ];
        let first = steps.iter().position(|(own, _)| *own == step);
        match first {
            None => self.ui.print("nothing is left to do"),
            Some(first) => steps[first..]
                .iter()
                .enumerate()
                .try_for_each(|(index, (_, text))| {
                    self.ui.print(format_args!("{}. {text}", index + 1))
                }),
        }
    }
}

/// The file that keeps Flux's keys on this computer.
struct KeyFile {
    path: PathBuf,
    /// `None` if the file does not exist.
    content: Option<Zeroizing<Vec<u8>>>,
    text: Zeroizing<Vec<u8>>,
    pairs: Vec<KeyPair>,
    recorded: Vec<KeyReplacement>,
}

impl KeyFile {
    fn read(path: PathBuf) -> Result<Self, CommandError> {
        let content = match path.symlink_metadata() {
            Err(_) => None,
            Ok(_) => {
                let content = reading::read_config(&path, FileKind::Regular).map(Zeroizing::new);
                Some(content.map_err(|error| CommandError::input(name_of(&path), &error))?)
            }
        };
        let text = content.clone().unwrap_or_default();
        if text.starts_with(b"age-encryption.org/") || text.starts_with(b"-----BEGIN AGE") {
            let message = format!("{} is protected with a passphrase", name_of(&path));
            return Err(CommandError::new(Code::CannotWriteOutput, message).hint(
                "keep Flux's keys in a file of their own, and pass that file with `--age-key-file`",
            ));
        }
        let mut identities = Identities::new();
        identities
            .add_keys(&name_of(&path), &text)
            .map_err(CommandError::general)?;
        let pairs = identities.key_pairs(&[]);
        let recorded = recorded(&String::from_utf8_lossy(&text), &pairs);
        Ok(Self {
            path,
            content,
            text,
            pairs,
            recorded,
        })
    }

    fn pair(&self, recipient: Option<&Recipient>) -> Option<&KeyPair> {
        let recipient = recipient?;
        self.pairs.iter().find(|pair| pair.recipient == *recipient)
    }

    /// Adds text at the end, readable only for the user.
    fn append(&self, ui: &Ui, addition: &str) -> Result<(), CommandError> {
        let mut text = Zeroizing::new(self.text.to_vec());
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(addition.as_bytes());
        if let Some(directory) = self
            .path
            .parent()
            .filter(|path| !path.as_os_str().is_empty())
        {
            key_file::create_directory(directory)?;
        }
        let expected = match &self.content {
            Some(content) => Expected::Content(content),
            None => Expected::Nothing,
        };
        files::write(ui, &self.path, &text, expected, Readers::Owner)
    }
}

/// The text of an entry of the Secret; empty if it does not exist.
fn entry_text(secret: &Value, entry: &str) -> Result<Zeroizing<String>, CommandError> {
    let encoded = secret["data"][entry].as_str().unwrap_or_default();
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(encoded).unwrap_or_default());
    let text = str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned()));
    text.map_err(|_| {
        let message = format!("the entry `{entry}` of the Secret is not text");
        CommandError::new(Code::Generic, message)
    })
}

/// The last commit that changed the configuration or an encrypted file.
fn last_commit(repository: &RepositoryState) -> Result<String, CommandError> {
    let paths: Vec<String> = repository
        .paths()
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    let mut arguments = vec!["log", "--max-count=1", "--format=%H", "--"];
    arguments.extend(paths.iter().map(String::as_str));
    let commit = git(&arguments)?;
    Ok(String::from_utf8_lossy(&commit).trim().to_owned())
}

/// The branches with files that name a recipient, and how many.
fn branches_with(recipient: &str) -> Result<Vec<(String, usize)>, CommandError> {
    let list = git(&[
        "for-each-ref",
        "--format=%(refname:short)",
        "refs/heads",
        "refs/remotes",
    ])?;
    let list = String::from_utf8_lossy(&list).into_owned();
    let mut found = Vec::new();
    for branch in list.lines().filter(|name| !name.starts_with('-')) {
        // This fails if nothing is found.
        let files = git(&[
            "grep",
            "--name-only",
            "--fixed-strings",
            "-e",
            recipient,
            branch,
            "--",
        ]);
        let count = files.map_or(0, |files| files.split(|byte| *byte == b'\n').count() - 1);
        if count > 0 {
            found.push((branch.to_owned(), count));
        }
    }
    Ok(found)
}
