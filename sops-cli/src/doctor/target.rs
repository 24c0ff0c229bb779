//! The files that the user names: what each of them is, and its checks.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sops_core::reading::FileKind;
use sops_core::{Format, from_documents, reading};

use super::database::{self, DatabaseKind};
use super::encryption::EncryptionFile;
use super::kube_apiserver::{ApiServerFlags, NO_API_SERVER};
use super::manifests::Manifests;
use super::report::Check;
use super::{audit_policy, encryption, server_config};
use crate::batch::{self, Leftovers};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::input::read_manifest;
use crate::rbac::SecretName;

/// What the checks compare with.
pub(crate) struct Expected<'a> {
    /// The Secret with the key of Flux.
    pub(crate) secret: SecretName<'a>,
    /// The age from which on a key for encryption at rest is too old.
    pub(crate) max_key_age: Duration,
}

/// Checks the files, and all files in the directories.
///
/// # Errors
/// A named file cannot be read or parsed, or a directory cannot be read.
pub(crate) fn check_paths<'p>(
    paths: impl Iterator<Item = &'p Path>,
    expected: &Expected<'_>,
) -> Result<Vec<Check>, CommandError> {
    let mut checks = Vec::new();
    let mut manifests = Manifests::default();
    let mut unread = 0;
    for item in batch::items(paths, Leftovers::Keep)? {
        let target = Target {
            path: &item.path,
            subject: name_of(&item.path),
            is_named: !item.is_found,
        };
        match target.check(expected, &mut manifests) {
            Ok(own) => checks.extend(own),
            Err(error) if target.is_named => return Err(error),
            Err(_) => unread += 1,
        }
    }
    checks.extend(manifests.checks(&expected.secret));
    if unread > 0 {
        let message = match unread {
            1 => "1 file cannot be read or parsed, and was not checked".to_owned(),
            count => format!("{count} files cannot be read or parsed, and were not checked"),
        };
        checks.push(Check::unknown("files", "manifests", message));
    }
    Ok(checks)
}

/// A file to check.
struct Target<'a> {
    path: &'a Path,
    subject: String,
    /// Whether the user named the file. Others are skipped if they are something else.
    is_named: bool,
}

impl Target<'_> {
    fn check(
        &self,
        expected: &Expected<'_>,
        manifests: &mut Manifests,
    ) -> Result<Vec<Check>, CommandError> {
        let unreadable = |error: std::io::Error| CommandError::input(&self.subject, &error);
        let mut file = reading::open(self.path, FileKind::Regular).map_err(unreadable)?;
        if let Some(kind) = DatabaseKind::of(self.path, &mut file).map_err(unreadable)? {
            return database::checks(kind, &self.subject, file, self.is_named).map_err(unreadable);
        }
        let format = match Format::from_path(self.path) {
            format @ (Format::Yaml | Format::Json) => format,
            _ if self.is_named => Format::Yaml,
            _ => return Ok(Vec::new()),
        };
        let modified = file
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok();
        let documents = self.documents(file, format)?;
        let mut checks = Vec::new();
        for document in documents {
            let kind = document["kind"].as_str().unwrap_or_default();
            if matches!(kind, "EncryptionConfiguration" | "EncryptionConfig") {
                let file = EncryptionFile {
                    configuration: &document,
                    path: self.path,
                    subject: &self.subject,
                    modified,
                    max_key_age: expected.max_key_age,
                };
                checks.extend(file.checks());
            } else if audit_policy::is_policy(&document) {
                checks.push(audit_policy::check(&document, &self.subject));
            } else if let Some(flags) = ApiServerFlags::of(&document) {
                checks.push(flags.check(&self.subject));
            } else if kind == "Pod" && document["metadata"]["name"] == "kube-apiserver" {
                checks.push(Check::unknown(
                    encryption::CHECK,
                    &self.subject,
                    NO_API_SERVER,
                ));
            } else if server_config::is_config(&document)
                || self.is_config_of_server() && document.is_object() && kind.is_empty()
            {
                checks.push(server_config::check(&document, &self.subject));
            } else {
                manifests.add(&self.subject, document);
            }
        }
        Ok(checks)
    }

    /// Whether the user named a file that k3s may read, even if it says nothing about encryption.
    fn is_config_of_server(&self) -> bool {
        self.is_named
            && self
                .path
                .file_name()
                .is_some_and(|name| name == "config.yaml")
    }

    fn documents(&self, file: File, format: Format) -> Result<Vec<Value>, CommandError> {
        let bytes =
            read_manifest(file).map_err(|error| CommandError::input(&self.subject, &error))?;
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b") {
            let message = format!("{} is compressed", self.subject);
            return Err(CommandError::new(Code::CannotReadInput, message)
                .hint("unpack it first, and check the file in it"));
        }
        from_documents(&*bytes, format).map_err(|error| {
            CommandError::in_text(error.into(), &self.subject, &bytes, format, Role::Plaintext)
        })
    }
}

/// The documents of a file that a server reads; `None` if it cannot be parsed.
pub(super) fn documents_of(file: File, format: Format) -> std::io::Result<Option<Vec<Value>>> {
    let mut bytes = Vec::new();
    file.take(reading::CONFIG_LIMIT).read_to_end(&mut bytes)?;
    Ok(from_documents(&*bytes, format).ok())
}
