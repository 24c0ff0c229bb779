//! `sops-rs edit`.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use sops_core::config::Stores;
use sops_core::document::Error as DocumentError;
use sops_core::{EncryptedDocument, Encryption, Error, Format, MacCheck};
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, FormatChange, GlobalArgs, KmsArgs, MasterKeyArgs, NameArg, OpeningArgs,
    RuleArgs, ThresholdArg, invocation,
};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::load;
use crate::config::rule_drift::RuleDrift;
use crate::config::stores::stores;
use crate::decrypt_file;
use crate::editor::{EditorHeader, EditorProgram, template};
use crate::encryption_options::{self, Wanted};
use crate::files::{self, Expected, PrivateDirectory, Readers};
use crate::input::Input;
use crate::keys::groups::KeyGroups;
use crate::keys::lockout::Lockout;
use crate::keys::services::Services;
use crate::signals::DeferredSignals;
use crate::text_guard::{TextGuard, check_parts};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs edit secret.yaml
  EDITOR='code --wait' sops-rs edit secret.yaml";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    /// Show who can decrypt the file at the top
    #[arg(long, short)]
    pub(crate) show_master_keys: bool,
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
    /// Only the old form has it.
    #[clap(skip)]
    pub(crate) name: NameArg,
}

pub(crate) fn cmd_edit(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let file = args.file.require(ui)?;
    let services = Services::for_opening(ui, globals, &args.opening)?;
    let name = args.name.or(Some(file)).unwrap_or(file);
    let by_name = args.formats.input(Some(name));
    let editor = EditorProgram::find()?;
    let exists = file
        .try_exists()
        .map_err(|error| CommandError::input(name_of(file), &error))?;
    let input = exists
        .then(|| Input::read(Some(file), by_name, Role::Encrypted))
        .transpose()?;
    let format = match &input {
        Some(input) => input.format,
        None => by_name.of_plaintext()?,
    };
    let formats = args.formats.of_change(format)?;
    let editing = Editing {
        ui,
        args,
        file,
        format: if exists {
            formats.input
        } else {
            formats.output
        },
        editor,
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
        let encryption =
            encryption_options::encryption(globals, config.as_ref(), &wanted, &services, name)?;
        // The editor must not open if its user could not decrypt the result.
        let lockout = Lockout::new(&services);
        lockout.note(&name_of(file), KeyGroups::of(&encryption));
        lockout.warn(ui);
        editing.create(&encryption)
    }
}

/// How often the editor reopens. A script used as the editor might otherwise run forever.
const MAX_TIMES: usize = 20;

/// No user closes an editor in less time, but a program that only passes the file to an open window
/// does.
const SHORTEST_EDIT: Duration = Duration::from_millis(700);

struct Editing<'a> {
    ui: &'a Ui,
    args: &'a Args,
    file: &'a Path,
    format: Format,
    editor: EditorProgram,
}

/// The text that the editor opens.
struct Original<'t> {
    text: &'t [u8],
    /// Whether it is encrypted and written even if the user does not change it.
    is_worth_writing: bool,
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
        let encrypt = |text: &[u8]| {
            let warnings = guard.check(text)?;
            let open = document.open(key.clone(), self.args.opening.mac_check())?;
            let encrypted = open
                .in_format(formats.output, stores)
                .encrypt(text, SystemTime::now())?;
            self.warn_of_parts(&warnings);
            Ok(encrypted)
        };
        let head = if self.args.show_master_keys {
            master_keys(&document)
        } else {
            Vec::new()
        };
        // A file with the same values gets a correct MAC.
        let is_mac_wrong = self.args.opening.mac_check() == MacCheck::Ignore
            && document.open(key.clone(), MacCheck::Require).is_err();
        let original = Original {
            text: open.plaintext(),
            is_worth_writing: is_mac_wrong,
        };
        self.run(&original, &head, encrypt, input.expected())
    }

    fn create(&self, encryption: &Encryption) -> Result<(), CommandError> {
        let directory = self
            .file
            .parent()
            .filter(|directory| !directory.as_os_str().is_empty());
        if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
            let message = format!("the directory {} does not exist", name_of(directory));
            return Err(CommandError::new(Code::CannotWriteOutput, message));
        }
        let encrypt = |text: &[u8]| {
            let (rule, allows_plaintext) = (&encryption.rule, encryption.allow_plaintext);
            let warnings = check_parts(text, self.format, rule, allows_plaintext)?;
            let encrypted = sops_core::encrypt(text, self.format, encryption)?;
            self.warn_of_parts(&warnings);
            Ok(encrypted)
        };
        let original = Original {
            text: template(self.format, &encryption.rule).as_bytes(),
            is_worth_writing: false,
        };
        self.run(&original, &[], encrypt, Expected::Nothing)
    }

    fn warn_of_parts(&self, warnings: &[String]) {
        for warning in warnings {
            self.ui.warn(format!("{}: {warning}", name_of(self.file)));
        }
    }

    /// Reopens the editor until the text can be encrypted, and writes the result.
    fn run(
        &self,
        original: &Original<'_>,
        head: &[String],
        encrypt: impl Fn(&[u8]) -> sops_core::Result<String>,
        expected: Expected<'_>,
    ) -> Result<(), CommandError> {
        // Dropped last: the process ends by a signal only when the plaintext is gone.
        let signals = DeferredSignals::new();
        // The edited text could not be written.
        files::check(self.file)?;
        let directory = PrivateDirectory::for_plaintext(self.ui, self.args.allow_disk)?;
        let mut header = EditorHeader::new(self.format);
        let name = Path::new(self.file.file_name().unwrap_or_default());
        let path = directory.create(name, &header.above(head, original.text))?;
        let mut refused: Option<Zeroizing<Vec<u8>>> = None;
        let mut times = 0;
        let encrypted = loop {
            let start = Instant::now();
            if !self.editor.run(&path, &signals)? {
                return Err(CommandError::new(
                    Code::Generic,
                    "interrupted; nothing was written",
                ));
            }
            let edited = edited(&path)?;
            let text = header.stripped(&edited);
            if text == original.text && !original.is_worth_writing {
                let error =
                    CommandError::new(Code::FileNotModified, "the file was not changed").calmly();
                return Err(match start.elapsed() < SHORTEST_EDIT {
                    true => error.hint(
                        "if the editor's window is still open, make the editor wait until you close it, as with `EDITOR='code --wait'`",
                    ),
                    false => error,
                });
            }
            if refused
                .as_deref()
                .is_some_and(|refused| text == refused.as_slice())
            {
                let message =
                    "the text cannot be encrypted and was not changed; nothing was written";
                let error = CommandError::new(Code::FileNotModified, message).calmly();
                return Err(match text == original.text {
                    true => error,
                    false => {
                        // Without the lines above it. If that fails, the text with these lines
                        // stays.
                        let _ = std::fs::write(&path, text);
                        keep(directory, &path, error)
                    }
                });
            }
            let error = match encrypt(text) {
                Ok(encrypted) => break encrypted,
                Err(error) => error,
            };
            let is_about_text = is_about_text(&error);
            let error =
                CommandError::in_text(error, &name_of(self.file), text, self.format, Role::Changed);
            if !is_about_text {
                return Err(keep(directory, &path, error));
            }
            self.ui.error(&error);
            times += 1;
            if times == MAX_TIMES {
                let message = format!(
                    "the editor saved {MAX_TIMES} texts in a row that cannot be encrypted; nothing was written"
                );
                return Err(keep(
                    directory,
                    &path,
                    CommandError::new(Code::FileNotModified, message),
                ));
            }
            let lines = header.of_error(&error);
            let text = Zeroizing::new(text.to_vec());
            if let Err(error) = std::fs::write(&path, &*header.above(&lines, &text)) {
                let error = CommandError::output(name_of(&path), &error);
                return Err(keep(directory, &path, error));
            }
            refused = Some(text);
        };
        files::write(
            self.ui,
            self.file,
            encrypted.as_bytes(),
            expected,
            Readers::Usual,
        )
        .map_err(|error| keep(directory, &path, error))?;
        self.ui.log_written();
        Ok(())
    }
}

/// The text as the editor left it.
fn edited(path: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    // A pipe might never end, and a link lead to a file for others.
    if !path.symlink_metadata().is_ok_and(|left| left.is_file()) {
        let message = "the editor left no regular file; nothing was written";
        return Err(CommandError::new(Code::CannotReadInput, message));
    }
    let text = std::fs::read(path);
    text.map(Zeroizing::new)
        .map_err(|error| CommandError::input(name_of(path), &error))
}

/// Whether another text could be encrypted.
fn is_about_text(error: &Error) -> bool {
    matches!(
        error,
        Error::Document(DocumentError::Syntax { .. })
            | Error::Document(DocumentError::Unsupported { .. })
            | Error::Document(DocumentError::Unrepresentable { .. })
            | Error::Document(DocumentError::Limit { .. })
            | Error::AlreadyEncrypted
            | Error::Ciphertext { .. }
            | Error::Metadata { .. }
            | Error::NothingSelected { .. }
    )
}

/// Keeps the edited text in its directory, because it cannot be encrypted.
fn keep(directory: PrivateDirectory, path: &Path, error: CommandError) -> CommandError {
    let kept = directory.keep().join(path.file_name().unwrap_or_default());
    error.hint(format!(
        "the edited text is kept in plaintext as {}; delete its directory after you have restored the text",
        name_of(&kept)
    ))
}

fn master_keys(document: &EncryptedDocument<'_>) -> Vec<String> {
    let groups = &document.metadata().key_groups;
    let mut lines = vec![
        "This file can be decrypted with (change that with `updatekeys` or `rotate`):".to_owned(),
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
