//! `sops-rs edit`.

use std::borrow::Cow;
use std::path::Path;
use std::time::SystemTime;

use sops_core::config::Stores;
use sops_core::document::merge_conflict;
use sops_core::{EncryptedDocument, Encryption, Format, MacCheck};

use super::resolve;
use crate::arguments::{
    FileArg, FormatArgs, FormatChange, GlobalArgs, KmsArgs, MasterKeyArgs, NameArg, OpeningArgs,
    RuleArgs, ThresholdArg, invocation,
};
use crate::command_error::{CommandError, Role, name_of};
use crate::config::rule_drift::RuleDrift;
use crate::config::stores::stores;
use crate::config::{load, nearer};
use crate::decoded_data::DecodedView;
use crate::decrypt_file;
use crate::editor::{EditorProgram, EditorSession, Original, notes, template};
use crate::encryption_options::{self, Wanted};
use crate::files::{self, Expected};
use crate::git::UnmergedFile;
use crate::input::Input;
use crate::keys::groups::KeyGroups;
use crate::keys::lockout::Lockout;
use crate::keys::services::Services;
use crate::text_guard::{TextGuard, check_parts};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs edit secret.yaml
  sops-rs edit --decode secret.yaml   # shows base64 under `data` as text
  EDITOR='code --wait' sops-rs edit secret.yaml";

/// The user's setting for `--decode`.
const DECODE_VARIABLE: &str = "SOPS_RS_EDIT_DECODE";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    /// List the file's master keys at the top of the text
    #[arg(long, short)]
    pub(crate) show_master_keys: bool,
    /// Show base64 under `data` of Secrets as text, and encode it again when you save
    ///
    /// Values that are not text begin with `base64:`. Values that you do not change keep their
    /// spelling. Set SOPS_RS_EDIT_DECODE to make this the default.
    #[arg(long, hide_short_help = true, env = DECODE_VARIABLE, hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) decode: bool,
    /// Edit on a disk if there is no memory file system
    #[arg(long, hide_short_help = true, env = "SOPS_RS_ALLOW_DISK", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) allow_disk: bool,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
    #[command(flatten)]
    pub(crate) keys: MasterKeyArgs,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    #[command(flatten)]
    pub(crate) threshold: ThresholdArg,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Only the command line without a command, as in older versions of `sops`, has this flag.
    #[clap(skip)]
    pub(crate) name: NameArg,
}

pub(crate) fn cmd_edit(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let file = args.file.require(ui)?;
    let services = Services::for_opening(ui, globals, &args.opening)?;
    services.contact_servers_of_named_files();
    let name = args.name.or(Some(file)).unwrap_or(file);
    let by_name = args.formats.input(Some(name));
    let editor = EditorProgram::find()?;
    let exists = file
        .try_exists()
        .map_err(|error| CommandError::input(name_of(file), &error))?;
    let input = exists
        .then(|| Input::read(Some(file), by_name, Role::Encrypted))
        .transpose()?;
    if let Some(input) = &input
        && is_in_conflict(ui, file, input)?
    {
        return resolve::cmd_resolve(ui, globals, &resolve::Args::of(file)).map(drop);
    }
    let format = match &input {
        Some(input) => input.format,
        None => by_name.of_plaintext()?,
    };
    let formats = args.formats.of_change(format)?;
    let format = match exists {
        true => formats.input,
        false => formats.output,
    };
    let session = EditorSession {
        ui,
        file,
        format,
        editor,
        allow_disk: args.allow_disk,
    };
    let editing = Editing {
        ui,
        args,
        file,
        format,
        session,
    };
    if let Some(input) = input {
        editing.change(globals, &services, &input, formats)?;
        formats.warn(ui, file);
        Ok(())
    } else {
        let wanted = Wanted {
            rules: &args.rules,
            keys: &args.keys,
            kms: &args.kms,
            threshold: &args.threshold,
        };
        let config = load::config(ui, globals)?;
        nearer::warn(ui, globals, config.as_ref(), name);
        let encryption =
            encryption_options::encryption(globals, config.as_ref(), &wanted, &services, name)?;
        // The editor must not open if the user could not decrypt the result.
        let lockout = Lockout::new(&services);
        lockout.note(&name_of(file), KeyGroups::of(&encryption));
        lockout.warn(ui);
        editing.create(&encryption)
    }
}

/// Whether the user has set `--decode` as the default, for the form without a command.
pub(super) fn decodes_by_default() -> bool {
    let value = std::env::var(DECODE_VARIABLE).unwrap_or_default();
    let falsey = ["", "n", "no", "f", "false", "off", "0"];
    !falsey.contains(&value.to_lowercase().as_str())
}

/// Whether the file has a merge conflict and the user wants to resolve it.
fn is_in_conflict(ui: &Ui, file: &Path, input: &Input) -> Result<bool, CommandError> {
    if merge_conflict(&input.content).is_none()
        || !ui.can_ask()
        || UnmergedFile::find(file)?.is_none()
    {
        return Ok(false);
    }
    let question = format!(
        "{} has a merge conflict. Resolve it now, as `sops-rs resolve` does?",
        name_of(file)
    );
    Ok(matches!(ui.confirm(&question), Ok(true)))
}

struct Editing<'a> {
    ui: &'a Ui,
    args: &'a Args,
    file: &'a Path,
    format: Format,
    session: EditorSession<'a>,
}

impl Editing<'_> {
    fn change(
        &self,
        globals: &GlobalArgs,
        services: &Services,
        input: &Input,
        formats: FormatChange,
    ) -> Result<(), CommandError> {
        let document = EncryptedDocument::parse(&*input.content, self.format)
            .map_err(|error| input.error(error))?;
        let key = services.data_key(self.ui, input, &document)?;
        let open = decrypt_file::open(input, &document, key.clone(), &self.args.opening)?;
        decrypt_file::warn_of_comments(self.ui, input, open.unopened_comments());
        let stores = match formats.input == formats.output {
            true => Stores::default(),
            false => stores(self.ui, globals)?,
        };
        let drift = match self.args.rules.given()[..] {
            [] => RuleDrift::of(
                self.ui,
                globals,
                self.file,
                document.metadata(),
                self.format,
            ),
            // The user chose the rule on the command line.
            [_, ..] => None,
        };
        let allows_plaintext = self.args.rules.allow_plaintext || invocation::is_sops();
        let guard = TextGuard::new(
            &document,
            self.file,
            open.plaintext(),
            drift,
            allows_plaintext,
        );
        let view = self.view(open.plaintext());
        let encrypt = |text: &[u8]| {
            let text = &*encoded(view.as_ref(), text, |warning| self.warn_of_parts(warning))?;
            let warnings = guard.check(text)?;
            let open = document.open(key.clone(), self.args.opening.mac_check())?;
            let encrypted = open
                .in_format(formats.output, stores)
                .encrypt(text, SystemTime::now())?;
            self.warn_of_parts(&warnings);
            Ok(encrypted)
        };
        let mut head = if self.args.show_master_keys {
            master_keys(&document)
        } else {
            Vec::new()
        };
        head.extend_from_slice(view.as_ref().map_or(&[], DecodedView::notes));
        // Even if no value changed, the file gets a correct MAC.
        let is_mac_wrong = self.args.opening.mac_check() == MacCheck::Ignore
            && document.open(key.clone(), MacCheck::Require).is_err();
        let original = Original {
            text: view.as_ref().map_or(open.plaintext(), DecodedView::text),
            is_worth_writing: is_mac_wrong,
        };
        self.session
            .run(&original, &head, encrypt, input.expected())
    }

    fn create(&self, encryption: &Encryption) -> Result<(), CommandError> {
        files::check_directory(self.file)?;
        let example = template(self.format, &encryption.rule).as_bytes();
        let view = self.view(example);
        let mut head = notes(self.format);
        head.extend_from_slice(view.as_ref().map_or(&[], DecodedView::notes));
        let encrypt = |text: &[u8]| {
            let text = &*encoded(view.as_ref(), text, |warning| self.warn_of_parts(warning))?;
            let (rule, allows_plaintext) = (&encryption.rule, encryption.allow_plaintext);
            let warnings = check_parts(text, self.format, rule, allows_plaintext)?;
            let encrypted = sops_core::encrypt(text, self.format, encryption)?;
            self.warn_of_parts(&warnings);
            Ok(encrypted)
        };
        let original = Original {
            text: example,
            is_worth_writing: false,
        };
        self.session
            .run(&original, &head, encrypt, Expected::Nothing)
    }

    /// The text with decoded Secrets, if the user asked for them.
    fn view(&self, text: &[u8]) -> Option<DecodedView> {
        let is_wanted = self.args.decode && !invocation::is_sops();
        is_wanted.then(|| DecodedView::new(text, self.format))
    }

    fn warn_of_parts(&self, warnings: &[String]) {
        for warning in warnings {
            self.ui.warn(format!("{}: {warning}", name_of(self.file)));
        }
    }
}

/// The edited text, with encoded Secrets if they were shown decoded.
fn encoded<'t>(
    view: Option<&DecodedView>,
    text: &'t [u8],
    warn: impl FnOnce(&[String]),
) -> sops_core::Result<Cow<'t, [u8]>> {
    let Some(view) = view else {
        return Ok(Cow::Borrowed(text));
    };
    let restored = view.restore(text)?;
    warn(&restored.warnings);
    Ok(Cow::Owned(restored.text.to_vec()))
}

fn master_keys(document: &EncryptedDocument<'_>) -> Vec<String> {
    let groups = &document.metadata().key_groups;
    let mut lines = vec![
        "This file can be decrypted with these keys (to change them, use `updatekeys` or `rotate`):".to_owned(),
    ];
    for (index, group) in groups.iter().enumerate() {
        let number = if groups.len() > 1 {
            format!("group {}: ", index + 1)
        } else {
            String::new()
        };
        lines.extend(
            group
                .keys
                .iter()
                .map(|key| key.master_key())
                .map(|key| format!("  {number}{} {}", key.family().name(), key.id())),
        );
    }
    lines
}
