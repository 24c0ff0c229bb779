//! The Secret in the cluster.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::core::v1::Secret;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sops_core::keys::Identities;
use sops_lint::shell_word;
use zeroize::Zeroizing;

use super::flux_keys::KeyFile;
use super::{Next, Rotation};
use crate::arguments::SecretArgs;
use crate::cluster::{Applied, ClusterObject, ResourcePath, ServerSideApply, was_applied};
use crate::command_error::{Code, CommandError};
use crate::commands::flux::install_key::ENTRY;
use crate::flux::{KeyReplacement, identities_of_secret};

impl Rotation<'_> {
    fn target(&self) -> ResourcePath {
        let SecretArgs { namespace, name } = &self.args.secret;
        ResourcePath::of::<Secret>(Some(namespace), name)
    }

    pub(super) fn secret(&self) -> Result<Value, CommandError> {
        let SecretArgs { namespace, name } = &self.args.secret;
        let secret = self.in_cluster(async |cluster| Ok(cluster.get(&self.target()).await?))?;
        secret.ok_or_else(|| {
            let message = format!("the Secret {namespace}/{name} does not exist in the cluster");
            CommandError::new(Code::Generic, message)
                .hint("install a key with `sops-rs flux install-key`, or pass the Secret that Flux uses with `--namespace` and `--name`")
        })
    }

    pub(super) fn add_to_secret(
        &self,
        secret: &Value,
        file: &KeyFile,
        replacement: &KeyReplacement,
    ) -> Result<Next, CommandError> {
        let new = file.pair(replacement.new.as_ref()).ok_or_else(|| {
            let new = replacement.new.as_ref().map(ToString::to_string);
            CommandError::new(
                Code::Generic,
                format!(
                    "the private key of {} is not in the key file",
                    new.unwrap_or_default()
                ),
            )
            .hint("restore it from your backup, or pass the file that has it with `--age-key-file`")
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

    /// Applies the Secret with new text in one entry. Entries that this program applied before are
    /// kept.
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

    pub(super) fn remove_from_secret(
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
        let SecretArgs { namespace, name } = &self.args.secret;
        let message = format!(
            "cannot remove the key of {old} from the Secret {namespace}/{name}: none of its `.agekey` entries that can be read contains the key"
        );
        Err(CommandError::new(Code::Generic, message).hint(format!(
            "remove the key with `kubectl edit secret --namespace {} {}`, then run this command again",
            shell_word(namespace),
            shell_word(name)
        )))
    }
}

/// The text of an entry of the Secret; empty if it does not exist.
fn entry_text(secret: &Value, entry: &str) -> Result<Zeroizing<String>, CommandError> {
    let encoded = secret["data"][entry].as_str().unwrap_or_default();
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(encoded).unwrap_or_default());
    let text = str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned()));
    text.map_err(|_| {
        let message =
            format!("the entry `{entry}` of the Secret is not text, so it contains no keys");
        CommandError::new(Code::Generic, message).hint(
            "check the entry with `kubectl get secret`, remove it, and run this command again",
        )
    })
}
