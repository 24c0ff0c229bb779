//! `sops-rs decrypt`.

use sops_core::{Document, KeyPath, extract};

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, NameArg, OpeningArgs, OutputArgs, require_existing,
};
use crate::command_error::{Code, CommandError, Role};
use crate::creation;
use crate::files::Readers;
use crate::key_services::Services;
use crate::opening;
use crate::source::Source;
use crate::ui::Ui;

/// Decrypt a file and print the result
///
/// Without a file, standard input is decrypted; its format is told by `--input-type` or `--filename-override`.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Print only what stands at this place, such as `["key"][0]`
    #[arg(long, value_name = "PATH")]
    pub(crate) extract: Option<String>,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
}

pub(crate) fn cmd_decrypt(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let file = args.file.get(ui);
    args.output.check(file)?;
    let services = Services::for_opening(ui, globals, &args.opening)?;
    if let Some(file) = file {
        require_existing(file)?;
    }
    let name = args.name.or(file);
    let format = args.formats.input(name)?;
    let to = args.formats.output(name, format)?;
    let path = args.path()?;
    let source = Source::read(file, format, Role::Encrypted)?;
    let decrypted = opening::decrypt(ui, &services, &source, &args.opening)?;
    let Some(path) = path else {
        let result = creation::in_format(ui, globals, &source, decrypted, to)?;
        return args
            .output
            .deliver(ui, &source, result.as_bytes(), Readers::Owner);
    };
    let stores = creation::stores(ui, globals)?;
    let result = Document::parse(&decrypted.text, format)
        .and_then(|plaintext| extract(&plaintext, &path, to, &stores))
        .map_err(|error| source.plaintext_error(error))?;
    args.output.deliver(ui, &source, &result, Readers::Owner)
}

impl Args {
    /// The path to print; an empty one is none.
    fn path(&self) -> Result<Option<KeyPath>, CommandError> {
        let text = self.extract.as_deref().filter(|path| !path.is_empty());
        let path = text.map(str::parse).transpose();
        path.map_err(|error| CommandError::general(error).with_code(Code::InvalidTreePath))
    }
}
