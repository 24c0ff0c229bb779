//! `sops-rs recipients remove`.

use sops_core::config::Config;
use sops_core::keys::{Environment, Identities, MasterKey, Recipient};
use sops_core::{Format, parse_document};
use sops_lint::{shell_path, shell_word};

use super::remaining::Remaining;
use super::rewrite::rewrite;
use super::selection::{SelectionArgs, config};
use super::update::{UpdateArgs, directory, require_access, rotate, update};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
#[cfg(feature = "kube")]
use crate::flux::decrypts_with_flux;
use crate::keys::names::short;
use crate::keys::own::of_agent;
use crate::keys::services::Services;
use crate::recipient_edit::{Occurrence, RecipientChange, is_same_name, occurrences};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs recipients remove --dry-run bob
  sops-rs recipients remove --update --rotate bob";

/// What a rotation of data keys does not do.
const AT_THE_SOURCE: &str = "Change every secret at its source too: old commits still contain it, encrypted with the old data keys.";

/// Remove a recipient from `.sops.yaml`
///
/// This removes the recipient from every creation rule, changes nothing else in the file, and
/// prints the change as a diff. The encrypted files change only with `--update`, or when you run
/// `sops-rs updatekeys`. Even then, the recipient can decrypt old versions of the files: pass
/// `--rotate`, and change every secret at its source.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The recipient, its first 8 characters or more, its short form with `…`, or its name
    #[arg(value_name = "RECIPIENT|NAME")]
    recipient: String,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    update: UpdateArgs,
    /// Also update the encrypted files, and encrypt them with new data keys
    #[arg(long)]
    rotate: bool,
}

pub(super) fn cmd_remove(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::new(ui, globals)?;
    let remaining = remove(ui, globals, &services, args, FluxWarning::Usual)?;
    remaining.refuse("recipients remove --update --rotate")
}

/// Whether to warn that Flux may use the removed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FluxWarning {
    Usual,
    /// Flux already has another key.
    #[cfg(feature = "kube")]
    Never,
}

fn remove(
    ui: &Ui,
    globals: &GlobalArgs,
    services: &Services,
    args: &Args,
    warning: FluxWarning,
) -> Result<Remaining, CommandError> {
    let config = config(ui, globals)?;
    let document = parse_document(config.text(), Format::Yaml).map_err(CommandError::general)?;
    let all = occurrences(&document);
    // A rotation would otherwise refuse files that still have the recipient.
    let requested = args.update.or_if(args.rotate);
    let is_unnamed = !all.iter().any(|own| own.recipient == args.recipient);
    let recipient = args.recipient.parse::<Recipient>().ok();
    let dry_run = args.selection.dry_run;
    if let Some(recipient) =
        recipient.filter(|_| is_unnamed && requested.is_requested() && !dry_run)
    {
        ui.note(format_args!(
            "{} does not name {}",
            name_of(config.file()),
            short(&recipient.to_string())
        ));
        update(ui, globals, services, &config, &requested, true)?;
        if !args.rotate {
            return Ok(Remaining::default());
        }
        let recipient = recipient.to_string();
        let shown = short(&recipient);
        let key = MasterKey::Age { recipient };
        let leaving = args.leaving(&key, warning);
        rotate(ui, globals, services, &config, leaving)?;
        ui.note(AT_THE_SOURCE);
        return find_remaining(globals, &config, leaving, &shown);
    }
    let own =
        selected(&all, &args.recipient).map_err(|error| error.in_file(&name_of(config.file())))?;
    if requested.is_requested() && !dry_run {
        let rotate = if args.rotate { " --rotate" } else { "" };
        let next = format!(
            "sops-rs recipients remove --update{rotate} {}{}",
            args.selection.flags(),
            shell_word(&own.recipient)
        );
        require_access(ui, services, &config, &next)?;
        if args.rotate && is_only_own(&all, &own.recipient) {
            let message =
                "this is your own key, and without it, you could not give the files new data keys";
            return Err(CommandError::new(Code::Generic, message).hint(format!(
                "ask a teammate to run `{next}`, or add another key of yours first"
            )));
        }
    }
    let selection = args.selection.selection(&config)?;
    let change = RecipientChange::Remove {
        recipient: &own.recipient,
    };
    let is_written = rewrite(ui, &config, &change, &selection, args.selection.dry_run)?;
    if args.selection.dry_run {
        return Ok(Remaining::default());
    }
    let shown = match &own.name {
        Some(name) => format!("{name} ({})", short(&own.recipient)),
        None => short(&own.recipient),
    };
    if !is_written {
        let message = format!("the selected rules do not name {shown}");
        return Err(CommandError::new(Code::Generic, message)
            .in_file(&name_of(config.file()))
            .hint("`sops-rs recipients list` shows which rules name it"));
    }
    ui.note(format_args!(
        "Removed {shown} from {}",
        name_of(config.file())
    ));
    update(ui, globals, services, &config, &requested, true)?;
    if args.rotate {
        let key = own.key();
        let leaving = key.as_ref().and_then(|key| args.leaving(key, warning));
        rotate(ui, globals, services, &config, leaving)?;
        if warning == FluxWarning::Usual {
            ui.note(AT_THE_SOURCE);
        }
        warn_about_flux(ui, &config, &shown, warning);
        return find_remaining(globals, &config, leaving, &shown);
    }
    warn_about_flux(ui, &config, &shown, warning);
    ui.note(format_args!(
        "{shown} can still decrypt old versions of the files, and new ones until their data keys change. Run `sops-rs rotate -i {}`, and change every secret at its source.",
        shell_path(&directory(&config)?.to_string_lossy())
    ));
    Ok(Remaining::default())
}

/// The files that still have the recipient, if it leaves all files.
fn find_remaining(
    globals: &GlobalArgs,
    config: &Config,
    leaving: Option<&MasterKey>,
    shown: &str,
) -> Result<Remaining, CommandError> {
    match leaving {
        Some(key) => Remaining::find(globals, &directory(config)?, key, shown),
        None => Ok(Remaining::default()),
    }
}

/// Warns that Flux may use the removed key. Only the cluster knows which key Flux has.
#[cfg(feature = "kube")]
fn warn_about_flux(ui: &Ui, config: &Config, removed: &str, warning: FluxWarning) {
    if warning == FluxWarning::Usual && decrypts_with_flux(&config.directory()) {
        ui.warn(format_args!(
            "if Flux decrypts with the key of {removed}, it cannot decrypt the files once they are updated: run `sops-rs flux verify` before you push"
        ));
    }
}

#[cfg(not(feature = "kube"))]
fn warn_about_flux(_: &Ui, _: &Config, _: &str, _: FluxWarning) {}

/// Removes a recipient from every rule and every encrypted file, and rotates the data keys. Returns
/// the files that still have the recipient.
pub(crate) fn remove_everywhere(
    ui: &Ui,
    globals: &GlobalArgs,
    services: &Services,
    recipient: &str,
) -> Result<Remaining, CommandError> {
    let args = Args::everywhere(recipient);
    remove(ui, globals, services, &args, FluxWarning::Usual)
}

/// Like [`remove_everywhere`], for a key of Flux that has been replaced in the cluster.
#[cfg(feature = "kube")]
pub(crate) fn remove_replaced(
    ui: &Ui,
    globals: &GlobalArgs,
    recipient: &str,
) -> Result<(), CommandError> {
    let services = Services::new(ui, globals)?;
    let args = Args::everywhere(recipient);
    remove(ui, globals, &services, &args, FluxWarning::Never).map(|_| ())
}

/// Whether the recipient is the user's, and the configuration names no other recipient of the user.
#[cfg(feature = "kube")]
pub(crate) fn is_only_own_key(
    ui: &Ui,
    globals: &GlobalArgs,
    recipient: &str,
) -> Result<bool, CommandError> {
    let config = config(ui, globals)?;
    let document = parse_document(config.text(), Format::Yaml).map_err(CommandError::general)?;
    Ok(is_only_own(&occurrences(&document), recipient))
}

impl Args {
    fn everywhere(recipient: &str) -> Self {
        Self {
            recipient: recipient.to_owned(),
            selection: SelectionArgs::default(),
            update: UpdateArgs::default(),
            rotate: true,
        }
    }

    /// The key, if it must be removed from every file. Flux may still need its old key for files
    /// that no rule covers.
    fn leaving<'k>(&self, key: &'k MasterKey, warning: FluxWarning) -> Option<&'k MasterKey> {
        let is_wanted = self.selection.is_everything() && warning == FluxWarning::Usual;
        is_wanted.then_some(key)
    }
}

/// Whether the recipient is the user's, and no other of them is.
fn is_only_own(all: &[Occurrence], recipient: &str) -> bool {
    let identities = Identities::from_environment(Environment::process());
    let own = identities.recipients().into_iter();
    let mut own: Vec<String> = own.map(|own| own.to_string()).collect();
    own.extend(of_agent());
    let is_own = |named: &str| own.iter().any(|own| own == named);
    let mut others = all.iter().filter(|other| other.recipient != recipient);
    is_own(recipient) && !others.any(|other| is_own(&other.recipient))
}

/// The recipient with that name, text or beginning.
fn selected<'o>(all: &'o [Occurrence], wanted: &str) -> Result<&'o Occurrence, CommandError> {
    /// Shorter beginnings are likely to be mistakes.
    const SHORTEST: usize = 8;
    let is_exact =
        |own: &&Occurrence| own.recipient == wanted || own.name.as_deref() == Some(wanted);
    let is_begun = |own: &&Occurrence| match wanted.split_once('…') {
        // The short form that messages show.
        Some((begin, end)) => {
            wanted.len() >= SHORTEST
                && own.recipient.len() >= begin.len() + end.len()
                && own.recipient.starts_with(begin)
                && own.recipient.ends_with(end)
        }
        None => wanted.len() >= SHORTEST && own.recipient.starts_with(wanted),
    };
    let exact: Vec<&Occurrence> = all.iter().filter(is_exact).collect();
    let is_like = |own: &&Occurrence| {
        own.name
            .as_deref()
            .is_some_and(|name| is_same_name(name, wanted))
    };
    let like: Vec<&Occurrence> = all.iter().filter(is_like).collect();
    let matches = match (exact.is_empty(), like.is_empty()) {
        (false, _) => exact,
        (true, false) => like,
        (true, true) => all.iter().filter(is_begun).collect(),
    };
    let Some(first) = matches.first() else {
        let message = format!("no rule names `{wanted}`");
        let is_short = all.iter().any(|own| own.recipient.starts_with(wanted));
        if is_short && !wanted.is_empty() {
            let message = format!("`{wanted}` is too short");
            return Err(CommandError::new(Code::Generic, message).hint(format!(
                "pass at least the first {SHORTEST} characters of the recipient, or its name"
            )));
        }
        return Err(CommandError::new(Code::Generic, message)
            .hint("`sops-rs recipients list` shows the recipients and their names"));
    };
    match matches
        .iter()
        .find(|other| other.recipient != first.recipient)
    {
        Some(other) => {
            let message = format!(
                "`{wanted}` matches both {} and {}",
                short(&first.recipient),
                short(&other.recipient)
            );
            Err(CommandError::new(Code::Generic, message).hint("pass the whole recipient"))
        }
        // One of its lines may have the name.
        None => Ok(matches
            .iter()
            .find(|own| own.name.is_some())
            .unwrap_or(first)),
    }
}
