//! `sops-rs flux install-key`.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sops_core::keys::age::{Held, KeyPair};
use sops_core::keys::{Environment, Identities, MasterKey, Recipient};
use sops_core::reading::read_keys;
use sops_core::tree::Node;
use sops_lint::shell_word;
use zeroize::Zeroizing;

use crate::arguments::{GlobalArgs, SecretArgs};
use crate::cluster::{
    self, Applied, ApplyOutcome, Cluster, ClusterArgs, ClusterObject, ResourcePath, Security,
    ServerSideApply, was_applied,
};
use crate::command_error::{Code, CommandError, name_of};
use crate::config::load;
use crate::flux::{recipients_in, recorded};
use crate::ui::Ui;

/// The entry of the Secret. Flux reads entries whose names end with `.agekey`.
pub(super) const ENTRY: &str = "age.agekey";

const EXAMPLES: &str = "\
Examples:
  sops-rs flux install-key --create-namespace
  sops-rs flux install-key --dry-run client
  sops-rs flux install-key --export > sops-age.yaml";

/// Install your private age key in the cluster, as the Secret that Flux decrypts with
///
/// sops-rs looks for keys where sops does, and installs those that belong to recipients in
/// `.sops.yaml`. It sends these keys with server-side apply, and only over TLS to a server whose
/// certificate is valid.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    secret: SecretArgs,
    /// File with the private key; `.sops.yaml` must name its recipient [default: where sops looks
    /// for keys]
    #[arg(long, value_name = "FILE")]
    age_key_file: Option<PathBuf>,
    /// Create the namespace if it does not exist
    #[arg(long)]
    create_namespace: bool,
    /// Change nothing: `client` does not connect, and `server` asks the server to validate the
    /// Secret
    #[arg(long, value_name = "BY")]
    dry_run: Option<DryRun>,
    /// Take over the key's entry from another field manager
    #[arg(long)]
    force_conflicts: bool,
    /// Replace the key in the cluster even if this computer has no copy of it
    #[arg(long)]
    replace: bool,
    /// Print the Secret, including the private key, instead of sending it
    #[arg(long, conflicts_with_all = ["dry_run", "create_namespace", "force_conflicts", "replace"])]
    export: bool,
    /// Send the private key even if the connection is not encrypted or the server's certificate is
    /// not verified
    #[arg(long)]
    allow_insecure_connection: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DryRun {
    Client,
    Server,
}

pub(crate) fn cmd_install_key(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<(), CommandError> {
    let recipients = recipients(ui, globals)?;
    let (identities, replaced) = args.identities(ui)?;
    let found = key_pairs(&identities, &recipients)?;
    let pairs = args.installed(ui, found, &recipients, &replaced)?;
    let object = args.object(&pairs);
    if args.export {
        return export(ui, &object);
    }
    let target = ResourcePath::of::<Secret>(Some(&args.secret.namespace), &args.secret.name);
    match args.dry_run {
        Some(DryRun::Client) => {
            ui.print(format_args!("{target} would be applied (client dry run)"))?;
        }
        dry_run => {
            let options = ServerSideApply {
                dry_run: dry_run.is_some(),
                force: args.force_conflicts,
            };
            let installation = Installation {
                ui,
                args,
                identities: &identities,
                pairs: &pairs,
            };
            cluster::run(installation.run(options, &target, &object))?;
        }
    }
    for pair in &pairs {
        ui.note(format_args!("    the key of {}", pair.recipient));
    }
    Ok(())
}

/// The age recipients in the configuration, for which files are encrypted.
fn recipients(ui: &Ui, globals: &GlobalArgs) -> Result<Vec<Recipient>, CommandError> {
    let config = load::config(ui, globals)?.ok_or_else(|| {
        let message = "no .sops.yaml found, so the recipients of the files are unknown";
        CommandError::new(Code::Generic, message).hint(
            "run the command in the repository, or pass the file with `--config`; `sops-rs init` creates one",
        )
    })?;
    let rules = config.creation_rules().unwrap_or_default().iter();
    let keys = rules.flat_map(|rule| rule.key_groups.iter().flatten());
    let texts = keys.filter_map(|key| match key {
        MasterKey::Age { recipient } => Some(recipient),
        _ => None,
    });
    texts
        .map(|text| text.parse().map_err(CommandError::general))
        .collect()
}

/// The key pairs to install: the identities that belong to these recipients.
fn key_pairs(
    identities: &Identities,
    recipients: &[Recipient],
) -> Result<Vec<KeyPair>, CommandError> {
    let pairs = identities.key_pairs(recipients);
    if !pairs.is_empty() {
        return Ok(pairs);
    }
    let looked = identities.sources().into_iter();
    let looked = looked.filter(|source| source.held != Held::NotSet);
    let error = CommandError::new(
        Code::Generic,
        "there is no private age key that Flux could use",
    );
    let error = looked.fold(error, |error, source| error.hint(source.to_string()));
    Err(error.hint("Flux cannot use SSH keys or keys of age plugins; create a key with `sops-rs init`, or pass a key file with `--age-key-file`"))
}

impl Args {
    /// The key pairs whose recipients `.sops.yaml` names. Key files also have retired keys, and
    /// keys for other repositories; such a key is a mistake only in a file that the user named, and
    /// only if the file does not say that the key was replaced.
    fn installed(
        &self,
        ui: &Ui,
        found: Vec<KeyPair>,
        recipients: &[Recipient],
        replaced: &[Recipient],
    ) -> Result<Vec<KeyPair>, CommandError> {
        let (pairs, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|pair| recipients.contains(&pair.recipient));
        let names: Vec<_> = others
            .iter()
            .map(|pair| pair.recipient.to_string())
            .collect();
        if names.is_empty() {
            return Ok(pairs);
        }
        let is_named = self.age_key_file.is_some();
        let mut keys = others.iter().map(|pair| &pair.recipient);
        let is_mistake = is_named && !keys.all(|key| replaced.contains(key));
        if is_mistake || pairs.is_empty() {
            let message = match &names[..] {
                [only] => {
                    format!(
                        "{only} is not a recipient in .sops.yaml, so its private key was not installed"
                    )
                }
                names => format!(
                    "{} are not recipients in .sops.yaml, so no private key was installed",
                    names.join(" and ")
                ),
            };
            let error = CommandError::new(Code::Generic, message);
            let error = match is_named {
                true => error,
                false => error.hint("put the key for the cluster into its own file, and pass that file with `--age-key-file`"),
            };
            return Err(error.hint(
                "to encrypt the files for such a recipient too, run `sops-rs recipients add --update RECIPIENT`",
            ));
        }
        for name in names {
            ui.note(format_args!(
                "Left out the key of {name}, which is not a recipient in .sops.yaml"
            ));
        }
        Ok(pairs)
    }

    /// The identities that contain the keys to install, and the recipients of those that were
    /// replaced.
    fn identities(&self, ui: &Ui) -> Result<(Identities, Vec<Recipient>), CommandError> {
        Ok(match &self.age_key_file {
            None => (usual_identities(ui), Vec::new()),
            Some(file) => {
                let name = name_of(file);
                let text = File::open(file).and_then(|file| {
                    let expected = file.metadata()?.len();
                    read_keys(file, usize::try_from(expected).unwrap_or_default())
                });
                let text = text.map_err(|error| CommandError::input(&name, &error))?;
                let mut identities = Identities::new();
                identities
                    .add_keys(&name, &text)
                    .map_err(CommandError::general)?;
                let text = String::from_utf8_lossy(&text);
                let replaced = recorded(&text, &identities.key_pairs(&[])).into_iter();
                let replaced = replaced.map(|replacement| replacement.old).collect();
                (identities.with_prompt(ui.prompt()), replaced)
            }
        })
    }

    fn object(&self, pairs: &[KeyPair]) -> ClusterObject {
        let mut text = Zeroizing::new(String::new());
        let mut secrets = Vec::new();
        for pair in pairs {
            let identity = pair.identity.to_text();
            let identity = identity.expose_secret();
            text.push_str(&format!("# public key: {}\n", pair.recipient));
            text.push_str(identity);
            text.push('\n');
            secrets.push(Zeroizing::new(identity.to_owned()));
        }
        let encoded = BASE64_STANDARD.encode(&*text);
        secrets.push(Zeroizing::new(encoded.clone()));
        ClusterObject {
            json: json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": self.secret.name, "namespace": self.secret.namespace},
                "data": {ENTRY: encoded},
            }),
            secrets,
        }
    }
}

/// The private keys that the cluster gets.
struct Installation<'i> {
    ui: &'i Ui,
    args: &'i Args,
    /// The identities that the keys come from.
    identities: &'i Identities,
    pairs: &'i [KeyPair],
}

impl Installation<'_> {
    async fn run(
        &self,
        options: ServerSideApply,
        target: &ResourcePath,
        object: &ClusterObject,
    ) -> Result<(), CommandError> {
        let Self {
            ui, args, pairs, ..
        } = self;
        let security = match args.allow_insecure_connection {
            true => Security::AsConfigured,
            false => Security::VerifiedTls,
        };
        let cluster = Cluster::of(&args.cluster, security).await?;
        cluster.warn_if_insecure(ui);
        let say = |target: &ResourcePath, outcome| {
            let applied = Applied {
                target,
                outcome,
                dry_run: options.dry_run,
            };
            ui.print(applied)
        };
        let name = &args.secret.namespace;
        let namespace = ResourcePath::of::<Namespace>(None, name);
        if args.create_namespace && cluster.get(&namespace).await?.is_none() {
            let object = ClusterObject {
                json: json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
                secrets: Vec::new(),
            };
            say(
                &namespace,
                cluster.apply(options, &namespace, &object).await?,
            )?;
            if options.dry_run {
                // The namespace does not exist, so the server would reject the Secret.
                return say(target, ApplyOutcome::Created);
            }
        }
        let before = cluster.get(target).await?;
        let replaced = before.map_or_else(Vec::new, |secret| replaced(&secret, pairs));
        if !args.replace {
            self.refuse_loss(&replaced)?;
        }
        let applied = match cluster.apply(options, target, object).await {
            Err(failure) if matches!(cluster.get(&namespace).await, Ok(None)) => {
                return Err(CommandError::from(failure)
                    .hint("to create the namespace, add `--create-namespace`"));
            }
            applied => applied?,
        };
        say(target, applied)?;
        for (_, recipient) in &replaced {
            ui.warn(format_args!(
                "this replaces the key of {recipient}: Flux can no longer decrypt files that are encrypted only for it"
            ));
        }
        Ok(())
    }

    /// Refuses to replace keys that this computer does not have: the cluster may have the last
    /// copy.
    fn refuse_loss(&self, replaced: &[(String, Recipient)]) -> Result<(), CommandError> {
        let Self {
            ui,
            args,
            identities,
            ..
        } = self;
        if replaced.is_empty() {
            return Ok(());
        }
        let usual;
        let own = match args.age_key_file {
            None => identities,
            Some(_) => {
                usual = usual_identities(ui);
                &usual
            }
        };
        let wanted: Vec<_> = replaced
            .iter()
            .map(|(_, recipient)| recipient.clone())
            .collect();
        let pairs = own.key_pairs(&wanted).into_iter();
        let mut at_hand = own.recipients();
        at_hand.extend(pairs.map(|pair| pair.recipient));
        let lost: Vec<_> = replaced
            .iter()
            .filter(|(_, recipient)| !at_hand.contains(recipient))
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let SecretArgs { namespace, name } = &args.secret;
        let recipients: Vec<_> = lost
            .iter()
            .map(|(_, recipient)| recipient.to_string())
            .collect();
        let message = format!(
            "this would delete private keys from {namespace}/{name} that are neither among the keys to install nor in your key file; their recipients: {}",
            recipients.join(", ")
        );
        let entries: BTreeSet<_> = lost.iter().map(|(entry, _)| entry).collect();
        let error = entries
            .iter()
            .fold(CommandError::new(Code::Generic, message), |error, entry| {
                let value = format!("jsonpath={{.data.{}}}", entry.replace('.', r"\."));
                // An older file with that name may contain the last copy of another key.
                error.hint(format!(
                    "save them to a file first: `(umask 077; set -C; kubectl get secret{} --namespace {} {} --output {} | base64 -d > ~/{})`",
                    args.cluster.for_kubectl(),
                    shell_word(namespace),
                    shell_word(name),
                    shell_word(&value),
                    shell_word(&format!("{name}-{entry}"))
                ))
            });
        Err(error.hint("if you have copies of these keys, or no longer need them, add `--replace`"))
    }
}

/// The keys of this computer, from the files and variables that sops reads.
fn usual_identities(ui: &Ui) -> Identities {
    Identities::from_environment(Environment::process()).with_prompt(ui.prompt())
}

/// The keys that the Secret would no longer have, each with its entry.
fn replaced(secret: &Value, pairs: &[KeyPair]) -> Vec<(String, Recipient)> {
    let (mut gone, stay): (Vec<_>, Vec<_>) = recipients_in(secret)
        .into_iter()
        .partition(|(entry, _)| entry == ENTRY || was_applied(secret, entry));
    let mut seen: HashSet<_> = pairs.iter().map(|pair| pair.recipient.clone()).collect();
    seen.extend(stay.into_iter().map(|(_, recipient)| recipient));
    gone.retain(|(_, recipient)| seen.insert(recipient.clone()));
    gone
}

/// Writes the manifest to standard output. On a terminal, asks first.
fn export(ui: &Ui, object: &ClusterObject) -> Result<(), CommandError> {
    if io::stdout().is_terminal() {
        let question = "The manifest contains the private key. Show it on the terminal?";
        let answer = ui.confirm(question);
        if !answer.map_err(|error| CommandError::input("the answer", &error))? {
            return Err(CommandError::new(Code::Generic, "nothing was printed")
                .hint("pipe the manifest to a command, or redirect it to a file"));
        }
    }
    ui.output(Node::from_json(&object.json).to_yaml().as_bytes())
}
