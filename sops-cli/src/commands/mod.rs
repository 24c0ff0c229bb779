//! The commands: one file or directory for each. `legacy.rs` is the form without a command, and `deferred.rs` delays the description of flags.

#[cfg(feature = "kube")]
mod apply;
mod completion;
mod decrypt;
pub(crate) mod deferred;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
mod filestatus;
#[cfg(feature = "kube")]
mod flux;
mod groups;
mod hook;
mod init;
mod keygen;
#[cfg(feature = "keyservice")]
mod keyservice;
pub(crate) mod legacy;
mod link;
mod lint;
mod man;
mod publish;
mod rotate;
mod set;
mod unset;
mod updatekeys;

use std::process::ExitCode;

use clap::Subcommand;

use self::deferred::DeferredArgs;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

/// The commands, and what their help says of each.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Encrypt a file and print the result
    ///
    /// With `--in-place`, you can give several files and directories. In a directory, a creation rule with `path_regex` encrypts every file
    /// that it covers; under a rule without one, or one that selects keys in all files with the same extension, only the plaintext that
    /// `sops-rs lint` reports is encrypted. A Secret in plaintext that no rule matches is an error. Files that are encrypted already and files that `.gitignore` excludes stay as they are; `--dry-run` prints what would be encrypted. Files that you name
    /// are always encrypted. Without a file, or with `-`, standard input is encrypted. The first creation rule in `.sops.yaml` that matches the file's name
    /// decides the recipients and the values; flags override it. Only the values change: comments, order and layout stay.
    Encrypt(DeferredArgs<encrypt::Args>),
    /// Decrypt a file and print the result
    ///
    /// With `--in-place`, several files and folders can be given; of a folder all encrypted files are decrypted but those that `.gitignore`
    /// leaves out. One that fails does not keep the others from being done. Without a file, or with `-`, standard input is decrypted; its format is told by `--input-type` or `--filename-override`.
    Decrypt(DeferredArgs<decrypt::Args>),
    /// Edit an encrypted file, or make a new one
    ///
    /// The plaintext is only ever on a memory file system, and goes when the editor is left. Where it cannot be encrypted, the editor comes
    /// again with the reason on top. To give up, leave that text as it is: it is kept, and a message says where. Values that do not
    /// change keep their ciphertext.
    ///
    /// The editor is that of SOPS_EDITOR, EDITOR or VISUAL.
    Edit(DeferredArgs<edit::Args>),
    /// Set one value of an encrypted file
    ///
    /// The path is like `["key"][0]`, the value is JSON: `"text"`, `1`, `{"a": true}`. Levels of the path that are missing are added; an index
    /// after the end of a list appends to it. Everything else keeps its layout and its ciphertext.
    Set(DeferredArgs<set::Args>),
    /// Remove one value of an encrypted file
    ///
    /// The path is like `["key"][0]`. All else keeps its layout and its ciphertext.
    Unset(DeferredArgs<unset::Args>),
    /// Encrypt a file again with a new data key, and print the result
    ///
    /// The master keys stay the same, except those that you add or remove. If the creation rule and the flags do not name a recipient, sops-rs
    /// asks before it encrypts for it; without a terminal, pass `--yes`.
    Rotate(DeferredArgs<rotate::Args>),
    /// Give files the master keys that `.sops.yaml` names for them
    ///
    /// Of a folder the encrypted files that a creation rule covers are meant, but those that `.gitignore` leaves out.
    /// The values and the data key stay as they are: who could read the file before can still read what it held then. `rotate` makes a new
    /// data key.
    Updatekeys(DeferredArgs<updatekeys::Args>),
    /// Add a key group to a file, or delete one
    ///
    /// With several groups, as many as the threshold says are needed to open the file. The values and the data key stay as they are.
    /// If the creation rule and the flags do not name a recipient, sops-rs asks before it encrypts for it; without a terminal, pass `--yes`.
    Groups(DeferredArgs<groups::Args>),
    /// Publish an encrypted file to the destination that `.sops.yaml` names for it
    ///
    /// The first of `destination_rules` whose `path_regex` is found in the path, as you give it, counts. With `directory`, the file is written to
    /// a directory, relative to that of `.sops.yaml`; `sops` does not have this destination. If the rule's `recreation_rule` has keys, the file is
    /// encrypted again with them; otherwise it is published as it is. Publishing to Amazon S3, Google Cloud Storage and HashiCorp Vault will come with
    /// the cargo features for their keys.
    Publish(DeferredArgs<publish::Args>),
    /// Run a command with the decrypted values in its environment
    ///
    /// Each value at the top level becomes a variable, or of a Kubernetes Secret each value in it. Nested values are an error, unless
    /// `--separator` joins their keys to names. A command in one argument runs in `/bin/sh`, one of several words after `--` without a shell. It
    /// gets the signals that sops-rs gets, and its exit code is that of sops-rs.
    ///
    /// Examples: `sops-rs exec-env secrets.env './serve --port 80'`, `sops-rs exec-env secrets.env -- ./serve --port 80`.
    ExecEnv(DeferredArgs<exec_env::Args>),
    /// Run a command that finds the decrypted file under the name `{}`
    ///
    /// The file is a named pipe, which can be opened more than once, or with `--no-fifo` a file on a memory file system; either goes when
    /// the command ends. A command in one argument runs in `/bin/sh`, one of several words after `--` without a shell. It gets the signals that
    /// sops-rs gets, and its exit code is that of sops-rs.
    ExecFile(DeferredArgs<exec_file::Args>),
    /// Tell whether a file is encrypted, as JSON
    Filestatus(DeferredArgs<filestatus::Args>),
    /// Let others use the age and PGP keys of this machine, by a key service as sops has it
    ///
    /// Others name it with `--keyservice`. Whoever can connect can use the keys: a Unix socket is its owner's alone; TCP has neither
    /// encryption nor passwords, and belongs on a loopback address or into a tunnel.
    #[cfg(feature = "keyservice")]
    Keyservice(DeferredArgs<keyservice::Args>),
    /// Find secrets that leak in manifests and in the repository
    ///
    /// Folders are searched, without what `.gitignore` leaves out. No key is needed. Exit codes: 0 nothing found, 1 something found, 2 an error.
    Lint(DeferredArgs<lint::Args>),
    /// Keep plaintext and private keys out of commits and pushes, with Git hooks
    Hook(DeferredArgs<hook::Args>),
    /// Set up a repository: create an age key if you have none, and a `.sops.yaml` for Kubernetes
    ///
    /// Nothing that exists is overwritten. The key goes into the key file of sops, the configuration into the working directory.
    Init(DeferredArgs<init::Args>),
    /// Make an age key, as `age-keygen` does
    Keygen(DeferredArgs<keygen::Args>),
    /// Decrypt manifests in memory, and have the objects in the cluster as they say
    ///
    /// All files are read before anything is sent. Namespaces and CRDs go first; server-side apply is used. Where one object is refused, the
    /// others are applied all the same.
    #[cfg(feature = "kube")]
    Apply(DeferredArgs<apply::Args>),
    /// The key with which Flux decrypts, in the cluster
    #[cfg(feature = "kube")]
    Flux(DeferredArgs<flux::Args>),
    /// Install a link named `sops`, under which other programs find sops-rs
    ///
    /// Called by that name, sops-rs answers as sops does: it prints its version, its completions and its errors. A file that is not a link to
    /// sops-rs stays, unless you pass `--force`.
    Link(DeferredArgs<link::Args>),
    /// Print the completion script for a shell
    ///
    /// It completes commands, flags, formats, recipients, rules, and the key paths of the file that you name. To load it:
    /// `source <(sops-rs completion bash)`, `source <(sops-rs completion zsh)`, `sops-rs completion fish | source`.
    Completion(DeferredArgs<completion::Args>),
    /// Print a manual page, of the program or of one of its commands, or write all of them
    ///
    /// `sops-rs man groups add` prints the page of a subcommand; `sops-rs man --directory ~/.local/share/man/man1` writes every page.
    Man(DeferredArgs<man::Args>),
}

/// Runs a command and returns its exit code. `command_line` describes the whole command line, for completions and manual pages.
pub(crate) fn run(
    ui: &Ui,
    globals: &GlobalArgs,
    command: &Command,
    command_line: fn() -> clap::Command,
) -> Result<ExitCode, CommandError> {
    match command {
        Command::Encrypt(args) => encrypt::cmd_encrypt(ui, globals, args),
        Command::Decrypt(args) => decrypt::cmd_decrypt(ui, globals, args),
        Command::Edit(args) => edit::cmd_edit(ui, globals, args),
        Command::Set(args) => set::cmd_set(ui, globals, args),
        Command::Unset(args) => unset::cmd_unset(ui, globals, args),
        Command::Rotate(args) => rotate::cmd_rotate(ui, globals, args),
        Command::Updatekeys(args) => updatekeys::cmd_updatekeys(ui, globals, args),
        Command::Groups(args) => groups::cmd_groups(ui, globals, args),
        Command::Publish(args) => publish::cmd_publish(ui, globals, args),
        Command::ExecEnv(args) => return exec_env::cmd_exec_env(ui, globals, args),
        Command::ExecFile(args) => return exec_file::cmd_exec_file(ui, globals, args),
        Command::Filestatus(args) => filestatus::cmd_filestatus(ui, args),
        #[cfg(feature = "keyservice")]
        Command::Keyservice(args) => keyservice::cmd_keyservice(ui, globals, args),
        Command::Lint(args) => return lint::cmd_lint(ui, globals, args),
        Command::Hook(args) => return hook::cmd_hook(ui, globals, args),
        Command::Init(args) => init::cmd_init(ui, globals, args),
        Command::Keygen(args) => keygen::cmd_keygen(ui, args),
        #[cfg(feature = "kube")]
        Command::Apply(args) => apply::cmd_apply(ui, globals, args),
        #[cfg(feature = "kube")]
        Command::Flux(args) => return flux::cmd_flux(ui, globals, args),
        Command::Link(args) => link::cmd_link(ui, args),
        Command::Completion(args) => completion::cmd_completion(ui, args, command_line()),
        Command::Man(args) => man::cmd_man(ui, args, command_line()),
    }?;
    Ok(ExitCode::SUCCESS)
}
