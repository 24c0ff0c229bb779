//! `sops-rs propose`: a new value from someone who cannot decrypt the file.

use std::path::PathBuf;
use std::time::SystemTime;

use sops_core::metadata::Metadata;
use sops_core::{EncryptedDocument, Format, parse_document};

use super::set::{Assignment, Caller, ValueArgs, may_select};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::files::{self, Expected, Readers};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::agreement::Agreement;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::proposal::{self, Proposal, ProposedValue};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs propose secret.yaml data.password --generate 32
  openssl rand -base64 24 | sops-rs propose secret.yaml data.password";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    values: ValueArgs,
    /// Encrypt for recipients of the file that the creation rule does not name, without asking
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn cmd_propose(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let file = &*args.file;
    let input = Input::read(Some(file), InputFormat::of_name(file), Role::Encrypted)?;
    let encrypted = EncryptedDocument::parse(&*input.content, input.format)
        .map_err(|error| input.error(error))?;
    let document =
        parse_document(&*input.content, input.format).map_err(|error| input.error(error))?;
    let metadata = encrypted.metadata();
    let propose = |assignment: Assignment| {
        let node = assignment
            .node(ui, file, &document)
            .map_err(|error| input.error(error))?;
        if input.format != Format::Binary && !may_select(metadata, &assignment.path) {
            return Err(unselected(&assignment, &input, metadata));
        }
        Ok(ProposedValue {
            replaces: Some(proposal::fingerprint(&document, &assignment.path)),
            path: assignment.path,
            node,
        })
    };
    let groups = metadata.master_keys();
    let key_groups = KeyGroups {
        groups: &groups,
        threshold: metadata.shamir_threshold,
    };
    let services = Services::new(ui, globals)?;
    services.contact_servers_of_named_files();
    // The file may name a recipient that someone has planted.
    let agreement = Agreement::new(ui, globals, &services, args.yes, [].iter())?;
    let unagreed = agreement.unagreed(file, key_groups, &[])?;
    agreement.require(&input.name, unagreed)?;
    let caller = Caller {
        command: "propose",
        file: Some(file),
    };
    if args.values.asks(ui) {
        for assignment in args.values.trial(caller)? {
            propose(assignment)?;
        }
    }
    let assignments = args.values.assignments(ui, caller)?.into_iter();
    let proposal = Proposal {
        created: SystemTime::now(),
        file: proposal::base_name(file),
        values: assignments.map(propose).collect::<Result<_, _>>()?,
    };
    let text = proposal
        .encrypt(&groups, metadata.shamir_threshold, services.all())
        .map_err(|error| input.plaintext_error(error))?;
    let path = proposal::new_path(file);
    files::write(
        ui,
        &path,
        text.as_bytes(),
        Expected::Nothing,
        Readers::Usual,
    )?;
    ui.note(format_args!(
        "Wrote {}. Commit it, and ask someone who can decrypt {} to run `sops-rs accept`.",
        name_of(&path),
        input.name
    ));
    Ok(())
}

/// The error about a value that the rule of the file would leave in plaintext.
fn unselected(assignment: &Assignment, input: &Input, metadata: &Metadata) -> CommandError {
    let message = format!(
        "`{}` would stay in plaintext, because the rule of the file does not select it",
        assignment.typed
    );
    CommandError::new(Code::Generic, message)
        .in_file(&input.name)
        .hint(match metadata.mac_only_encrypted {
            true => "write the value into the file with an editor: the MAC does not cover plaintext values",
            false => "ask someone who can decrypt the file to set it with `sops-rs set`",
        })
}
