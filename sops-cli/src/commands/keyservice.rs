//! `sops-rs keyservice`.

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use sops_keyservice::{Listener, serve};
use sops_printable::system_reason;

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::keys::local::{Confirmation, LocalKeys};
use crate::ui::{Ui, terminal};

const EXAMPLES: &str = "\
Examples:
  sops-rs keyservice --network unix --address \"$XDG_RUNTIME_DIR/sops.sock\"
  sops-rs keyservice --network tcp --address 127.0.0.1:5000 --prompt";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Network to listen on
    #[arg(long, alias = "net", value_enum, default_value = "tcp")]
    network: Network,
    /// Host and port, or the path of the socket [default for tcp: 127.0.0.1:5000]
    #[arg(long, alias = "addr")]
    address: Option<String>,
    /// Ask before answering each request
    #[arg(long)]
    prompt: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Network {
    Tcp,
    Unix,
}

pub(crate) fn cmd_keyservice(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<(), CommandError> {
    let address = match (args.address.as_deref(), args.network) {
        (Some(address), _) => address,
        (None, Network::Tcp) => "127.0.0.1:5000",
        (None, Network::Unix) => {
            let message = "`--network unix` needs the path of the socket";
            return Err(CommandError::new(Code::Generic, message).hint("pass it with `--address`"));
        }
    };
    let listen = async || {
        let listener = match args.network {
            Network::Tcp => Listener::tcp(address),
            Network::Unix => Listener::unix(Path::new(address)).await,
        }?;
        if listener.is_open() {
            ui.warn(format_args!(
                "other machines can reach {} and use the keys; to prevent that, listen on 127.0.0.1 or on a Unix socket",
                address.escape_debug()
            ));
        }
        ui.note(format_args!("listening on {}", listener.address()?));
        Ok(listener)
    };
    let confirmation = args.prompt.then(|| {
        let ui = Ui::new(globals.verbose);
        Box::new(move |question: &str| ui.confirm(question)) as Confirmation
    });
    let keys = LocalKeys::new(Ui::new(globals.verbose), confirmation);
    let served = serve(listen, Arc::new(keys));
    terminal::restore();
    served.map_err(|error| {
        let message = format!(
            "cannot serve keys on {}: {}",
            address.escape_debug(),
            system_reason(&error)
        );
        let error = CommandError::new(Code::Generic, message);
        match args.network {
            Network::Tcp if address.contains('/') => {
                error.hint("to listen on a Unix socket, add `--network unix`")
            }
            _ => error,
        }
    })
}
