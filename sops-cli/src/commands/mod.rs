//! The commands: one file or directory for each. `legacy.rs` handles command lines without a
//! command, and `deferred.rs` delays the description of flags.

mod accept;
#[cfg(feature = "keyservice")]
mod agent;
#[cfg(feature = "kube")]
mod apply;
mod completion;
mod config;
mod decrypt;
pub(crate) mod deferred;
mod diff;
mod doctor;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
mod exposure;
mod filestatus;
#[cfg(feature = "kube")]
mod flux;
pub(crate) mod git;
mod groups;
mod hook;
mod init;
mod keygen;
mod keys;
#[cfg(feature = "keyservice")]
mod keyservice;
pub(crate) mod legacy;
mod link;
mod lint;
mod ls;
mod man;
mod offboard;
mod propose;
mod publish;
mod recipients;
#[cfg(feature = "kube")]
mod recover;
mod refs;
mod render;
mod resolve;
mod rotate;
mod secret;
mod set;
mod status;
mod unset;
mod updatekeys;
mod verify;
mod whoami;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Args as _, Subcommand};

use self::deferred::DeferredArgs;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

/// The commands and their help.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Encrypt a file and print the result
    ///
    /// The first creation rule in `.sops.yaml` that matches the path of the file determines the
    /// recipients and the values to encrypt; flags override it. Only values change: comments, order
    /// and layout stay the same. Without a file, or with `-`, standard input is encrypted.
    ///
    /// With `--in-place`, you can name several files and directories. Files that you name are
    /// always encrypted. In a directory, every file that a rule with a `path_regex` matches is
    /// encrypted. If the rule of a file has no `path_regex`, or if it encrypts only some keys and
    /// matches every file with the same extension, only the plaintext Secrets that `sops-rs lint`
    /// reports are encrypted. Encrypted files and files that `.gitignore` excludes do not change. A
    /// plaintext Secret that no rule matches is an error.
    ///
    /// With `--over`, the plaintext replaces the content of an encrypted file, and only values that
    /// changed are encrypted again. If one value changes, three lines of the file change: the
    /// value, the MAC and the time. If nothing changes, the file is not written. `--over` is meant
    /// for editors, generators and other programs.
    Encrypt(DeferredArgs<encrypt::Args>),
    /// Decrypt a file and print the result
    ///
    /// With `--in-place`, you can name several files and directories. In a directory, every
    /// encrypted file is decrypted, except files that `.gitignore` excludes. If one file fails, the
    /// others are still processed. Without a file, or with `-`, standard input is decrypted; give
    /// its format with `--input-type` or `--filename-override`.
    Decrypt(DeferredArgs<decrypt::Args>),
    /// Edit an encrypted file in your editor, or create a new one
    ///
    /// The plaintext is on a memory file system, and is deleted when the file is written. Unchanged
    /// values keep their ciphertext. If your text cannot be encrypted, the editor reopens with the
    /// reason at the top. To give up, quit without changing the text: sops-rs then keeps your text,
    /// in plaintext, and prints its path, so that you can copy and delete it.
    ///
    /// The editor is the first of SOPS_EDITOR, EDITOR and VISUAL that is set or, if none is, the
    /// first of vim, nano, vi and nvim that is installed.
    Edit(DeferredArgs<edit::Args>),
    /// Set values in an encrypted file
    ///
    /// Without a value, sops-rs reads plain text from standard input, or asks for it on a terminal
    /// without showing it; the line break at the end of a single line is removed. A value on the command
    /// line is JSON, such as `"text"`, `1` or `{"a": true}`; with `--text`, it is plain text. Under
    /// `data` of a Secret, plain text is encoded in base64, and JSON must already be base64.
    ///
    /// Missing levels of the path are created, and an index after the end of a list appends to it.
    /// Everything else keeps its layout and its ciphertext.
    Set(DeferredArgs<set::Args>),
    /// Remove a value from an encrypted file
    ///
    /// Everything else keeps its layout and its ciphertext.
    Unset(DeferredArgs<unset::Args>),
    /// Propose new values for a file that you cannot decrypt
    ///
    /// This encrypts the values for the recipients of the file, and writes them into a new file
    /// next to it. Someone who can decrypt the file then applies them with `sops-rs accept`. Pass
    /// the values as you would to `sops-rs set`. Anyone can write a proposal; Git shows who
    /// committed it.
    Propose(DeferredArgs<propose::Args>),
    /// Apply proposed values to their files
    ///
    /// For each proposal, this prints which values it sets, and asks whether to accept the
    /// proposal. If you agree, sops-rs changes the file, and deletes the proposal. If several
    /// proposals set the same value, they are applied in the order in which they were made, so the
    /// newest wins. The values themselves are not printed; to see them, run `sops-rs decrypt` on
    /// the proposal.
    Accept(DeferredArgs<accept::Args>),
    /// Create encrypted Kubernetes Secrets
    Secret(DeferredArgs<secret::Args>),
    /// Encrypt a file again with a new data key and print the result
    ///
    /// The recipients stay the same, unless you add or remove some with flags. sops-rs asks before
    /// it encrypts for a recipient that neither the creation rule nor a flag names; without a
    /// terminal, pass `--yes`.
    Rotate(DeferredArgs<rotate::Args>),
    /// Change the master keys of files to those in `.sops.yaml`
    ///
    /// In a directory, this changes the encrypted files that a creation rule matches, except files
    /// that `.gitignore` excludes. The values and the data key stay the same: someone you remove
    /// can still decrypt old versions, and later ones too if they kept the data key. To create a
    /// new data key, use `rotate`.
    Updatekeys(DeferredArgs<updatekeys::Args>),
    /// Print your recipients, and the creation rules that name them
    ///
    /// This lists the private keys that sops-rs can use without a passphrase or another program,
    /// those that the agent has unlocked, and the PGP keys in GnuPG that a creation rule names,
    /// with the recipient and the location of each.
    Whoami(DeferredArgs<whoami::Args>),
    /// List, add and remove the recipients in `.sops.yaml`
    Recipients(DeferredArgs<recipients::Args>),
    /// Remove someone who left, and list the values to replace
    ///
    /// This removes the recipient from `.sops.yaml` and from every encrypted file, encrypts the
    /// files with new data keys, and writes a checklist of the values still in use that the
    /// recipient could read: those that `exposure --removed` lists. Nothing is committed. The
    /// values stay the same: change each one at its source.
    Offboard(DeferredArgs<offboard::Args>),
    /// Explain and check `.sops.yaml`
    Config(DeferredArgs<config::Args>),
    /// Add a key group to a file, or delete one
    ///
    /// If a file has several key groups, the threshold says how many of them are needed to decrypt
    /// it. The values and the data key stay the same. If the file has a recipient that neither the
    /// creation rule nor a flag names, sops-rs asks before it encrypts for that recipient; without
    /// a terminal, pass `--yes`.
    Groups(DeferredArgs<groups::Args>),
    /// Publish an encrypted file to its destination from `.sops.yaml`
    ///
    /// The first matching rule in `destination_rules` determines the destination. The `path_regex`
    /// of a rule is matched against the path exactly as you type it. The field `directory`, which
    /// `sops` does not have, names a directory relative to `.sops.yaml`. If the rule has a
    /// `recreation_rule` with keys, the file is encrypted again with them; otherwise it is copied.
    /// Amazon S3, Google Cloud Storage and HashiCorp Vault are not supported yet.
    Publish(DeferredArgs<publish::Args>),
    /// Run a command with the decrypted values as environment variables
    ///
    /// Each top-level value becomes a variable; in a Kubernetes Secret, each value under `data` and
    /// `stringData` does. Nested values are an error, unless `--separator` joins their keys. A
    /// command given as one argument runs in `/bin/sh`; a command of several arguments after `--`
    /// runs without a shell. Signals are passed on to the command, and sops-rs exits with the exit
    /// code of the command.
    ///
    /// With `--redact`, `***` replaces encrypted values of at least 8 bytes in the output of the
    /// command. Each line of at least 8 bytes of a value is masked too, and so are the forms of the
    /// value in base64, URL encoding and JSON. With `--mask github`, `::add-mask::` commands make
    /// GitHub Actions mask the values in later steps as well.
    ExecEnv(DeferredArgs<exec_env::Args>),
    /// Run a command with the path of the decrypted file in place of `{}`
    ///
    /// The file is a named pipe that can be opened more than once, or, with `--no-fifo`, a file on
    /// a memory file system. It is deleted when the command ends. A command given as one argument
    /// runs in `/bin/sh`; a command of several arguments after `--` runs without a shell. Signals
    /// are passed on to the command, and sops-rs exits with the exit code of the command.
    ///
    /// With `--redact`, `***` replaces encrypted values of at least 8 bytes in the output of the
    /// command. Each line of at least 8 bytes of a value is masked too, and so are the forms of the
    /// value in base64, URL encoding and JSON. With `--mask github`, `::add-mask::` commands make
    /// GitHub Actions mask the values in later steps as well.
    ExecFile(DeferredArgs<exec_file::Args>),
    /// Show who could read the secret values in use, according to the Git history
    ///
    /// For each encrypted value of the working tree, this prints when it last changed, and who can
    /// or could read it: everyone who had access to any version of any file with the same value, or
    /// with the same data key. Values are compared, not only their paths, so renamed files, moved
    /// keys and re-encryption make no difference. With `--removed`, it lists what someone who left
    /// still knows.
    ///
    /// sops-rs reads all branches and tags of this clone. With `--removed`, the exit code is 1
    /// while a value that the recipient could read is in use; with `--due` or `--max-age`, if a
    /// value is due; and with `--plaintext`, if a value is found. The exit code is 2 after an
    /// error, or if older versions are missing or cannot be decrypted, because then there may be
    /// more values. Otherwise it is 0.
    Exposure(DeferredArgs<exposure::Args>),
    /// Print as JSON whether a file is encrypted
    Filestatus(DeferredArgs<filestatus::Args>),
    /// Check that your keys work, and back up a private key as shares on paper
    #[command(alias = "key")]
    Keys(DeferredArgs<keys::Args>),
    /// Unlock your keys once, and keep them in an agent
    #[cfg(feature = "keyservice")]
    Agent(DeferredArgs<agent::Args>),
    /// Encrypt and decrypt for other sops programs with your keys
    ///
    /// Clients connect with `--keyservice`. Anyone who can connect can use the keys. Only you can
    /// connect to a Unix socket, but TCP has neither encryption nor passwords, so use TCP only on a
    /// loopback address or through a tunnel.
    #[cfg(feature = "keyservice")]
    Keyservice(DeferredArgs<keyservice::Args>),
    /// Find leaked secrets in manifests and in the repository
    ///
    /// In directories, lint checks all tracked files, and untracked files unless `.gitignore`
    /// excludes them. No key is needed. The exit code is 0 if nothing is found, 1 if something is
    /// found, and 2 after an error.
    Lint(DeferredArgs<lint::Args>),
    /// Verify encrypted files: keys, MAC, recipients and rule
    ///
    /// This decrypts each encrypted file in memory, verifies its MAC, and compares its recipients
    /// and rule with `.sops.yaml`. It also reports plaintext files that a creation rule covers. In
    /// directories, it checks all files except those that `.gitignore` excludes. It never asks for
    /// a passphrase: private keys that need one are skipped.
    ///
    /// A file that no private key can decrypt is compared with its earlier versions in Git: a
    /// version with the same MAC must have the same values. A new file has none and passes. The
    /// exit code is 0 if nothing is wrong, 1 if something is, and 2 if a file has neither a key nor
    /// a usable history, or after an error. To check what Flux can decrypt in a cluster, use `flux verify`.
    Verify(DeferredArgs<verify::Args>),
    /// Show who can decrypt each file, and how it differs from `.sops.yaml`
    ///
    /// For each encrypted file, this prints whether your keys can decrypt it, its recipients with
    /// their names, how it differs from its creation rule, what its MAC covers, and when it was
    /// last changed. Nothing is decrypted, and no key is needed.
    Status(DeferredArgs<status::Args>),
    /// List the keys, types and lengths of the values in a file, without the values
    ///
    /// No key is needed: encryption does not hide the type or the length of a value. Lengths are
    /// printed as ranges.
    Ls(DeferredArgs<ls::Args>),
    /// Find where a Kubernetes Secret is used
    ///
    /// This reads manifests, and prints each field that refers to the Secret: in volumes,
    /// environment variables, image pull secrets, the TLS settings of an Ingress or a Gateway, Flux
    /// objects, values of Helm charts, and service accounts. With `--unused`, it lists the Secrets
    /// that nothing refers to. No key is needed.
    ///
    /// The exit code is 1 if nothing refers to the Secret or, with `--unused`, if a Secret is
    /// unused.
    Refs(DeferredArgs<refs::Args>),
    /// Keep plaintext and private keys out of commits and pushes
    Hook(DeferredArgs<hook::Args>),
    /// Show how encrypted files differ, by key path
    ///
    /// Without a revision, this compares the working tree with the index, as `git diff` does. With
    /// one revision, it compares the working tree with that revision; with two, or a range such as
    /// `main..topic`, it compares the two revisions. Only files that are encrypted in at least one
    /// of the versions are compared. Secret values are masked unless text is printed on a
    /// terminal.
    ///
    /// The exit code is 0, or 2 after an error. With `--exit-code` or `--quiet`, it is 1 if there
    /// are differences.
    Diff(DeferredArgs<diff::Args>),
    /// Make Git show decrypted values in diffs, and merge encrypted files by value
    ///
    /// Git needs lines in `.gitattributes`, which you commit, and settings in each clone; `sops-rs
    /// git install` writes both. Websites such as GitHub ignore them: they show and merge encrypted
    /// files as text.
    Git(DeferredArgs<git::Args>),
    /// Resolve the merge conflicts of an encrypted file
    ///
    /// The editor opens the merged plaintext, with conflict markers around the values that both
    /// sides changed. With `--ours` or `--theirs`, no editor opens. When you save and quit, sops-rs
    /// encrypts the result. Check it, then run `git add`.
    ///
    /// The three versions (base, ours and theirs) come from Git's index or, if the conflict is
    /// already committed, from the history, but never from the working tree. Their MACs are
    /// verified. The plaintext is kept on a memory file system or, with `--allow-disk`, on a disk.
    Resolve(DeferredArgs<resolve::Args>),
    /// Set up a repository: an age key and a `.sops.yaml` for Kubernetes
    ///
    /// This creates a private key in your key file, unless you already have one, and a `.sops.yaml`
    /// in the working directory. Existing files are not changed. If there is already a `.sops.yaml`
    /// that does not name your recipient, this prints a line to send to someone who can decrypt the
    /// files.
    Init(DeferredArgs<init::Args>),
    /// Create an age key, or print the recipient of one
    ///
    /// On a terminal, the key is written to your key file. If standard output is a file or a pipe,
    /// the key is written there, as `age-keygen` does.
    Keygen(DeferredArgs<keygen::Args>),
    /// Decrypt manifests in memory and apply them to the cluster
    ///
    /// sops-rs reads all files before it sends anything. It uses server-side apply, and applies
    /// namespaces and CRDs first. If the cluster rejects an object, the others are still applied.
    #[cfg(feature = "kube")]
    Apply(DeferredArgs<apply::Args>),
    /// Install and check the key that Flux decrypts with
    #[cfg(feature = "kube")]
    Flux(DeferredArgs<flux::Args>),
    /// Check that a backup of the key can rebuild the cluster from the repository
    #[cfg(feature = "kube")]
    Recover(DeferredArgs<recover::Args>),
    /// Check how a cluster handles its secrets: encryption at rest, permissions, Flux
    ///
    /// Without a path, this checks the manifests of the repository, the files of a k3s, RKE2 or
    /// kubeadm server on this computer, and the cluster of the kubeconfig. With paths, it checks
    /// only these files and directories: manifests, an EncryptionConfiguration, the configuration
    /// of k3s, the manifest of kube-apiserver, an audit policy, and the databases of etcd and k3s,
    /// with their snapshots.
    ///
    /// Each finding has the reason and a fix. Nothing is changed, and no value of a Secret is
    /// printed. The exit code is 0 if nothing is found, 1 if something is found, and 2 after an
    /// error.
    Doctor(DeferredArgs<doctor::Args>),
    /// Replace encrypted values with placeholders, for checks without a key
    ///
    /// This prints the manifests without their `sops` metadata, and with a placeholder of the same
    /// type for every encrypted value, so that schemas, policies and `kubectl apply
    /// --dry-run=server` work in CI. In directories, it prints the objects of all YAML and JSON
    /// files, except files that `.gitignore` excludes, and objects that only `kustomize build`
    /// reads. A placeholder depends only on its key path and type; TLS Secrets get a test
    /// certificate whose private key is public.
    ///
    /// The objects get the annotation `sops-rs.dev/placeholder`; `apply`, `flux verify`, `lint` and
    /// the hooks refuse objects that have it.
    Render(DeferredArgs<render::Args>),
    /// Create a link named `sops`, for programs that call sops
    ///
    /// When called as `sops`, sops-rs prints the version, completions and errors that those
    /// programs expect. If another file already has that name, it is replaced only with `--force`.
    Link(DeferredArgs<link::Args>),
    /// Print a completion script for your shell
    ///
    /// The script completes commands and flags. In bash, zsh and fish, it also completes formats,
    /// recipients, rules, and the key paths of the file that you name.
    Completion(DeferredArgs<completion::Args>),
    /// Print or write manual pages
    ///
    /// Without an argument, this prints the manual page of sops-rs itself.
    Man(DeferredArgs<man::Args>),
}

/// The flags of a command that scripts run for many files, without its help. For a small file,
/// describing all commands takes a noticeable part of the time.
pub(crate) fn frequent(name: &OsStr) -> Option<clap::Command> {
    let (name, augment): (&str, fn(clap::Command) -> clap::Command) = match name.to_str()? {
        "decrypt" => ("decrypt", DeferredArgs::<decrypt::Args>::augment_args),
        "encrypt" => ("encrypt", DeferredArgs::<encrypt::Args>::augment_args),
        "exec-env" => ("exec-env", DeferredArgs::<exec_env::Args>::augment_args),
        "exec-file" => ("exec-file", DeferredArgs::<exec_file::Args>::augment_args),
        _ => return None,
    };
    Some(augment(clap::Command::new(name)))
}

/// Runs a command and returns its exit code. `command_line` describes the whole command line, for
/// completions and manual pages.
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
        Command::Propose(args) => propose::cmd_propose(ui, globals, args),
        Command::Accept(args) => accept::cmd_accept(ui, globals, args),
        Command::Secret(args) => secret::cmd_secret(ui, globals, args),
        Command::Rotate(args) => rotate::cmd_rotate(ui, globals, args),
        Command::Updatekeys(args) => updatekeys::cmd_updatekeys(ui, globals, args),
        Command::Whoami(args) => whoami::cmd_whoami(ui, globals, args),
        Command::Status(args) => status::cmd_status(ui, globals, args),
        Command::Recipients(args) => recipients::cmd_recipients(ui, globals, args),
        Command::Offboard(args) => offboard::cmd_offboard(ui, globals, args),
        Command::Config(args) => config::cmd_config(ui, globals, args),
        Command::Groups(args) => groups::cmd_groups(ui, globals, args),
        Command::Publish(args) => publish::cmd_publish(ui, globals, args),
        Command::ExecEnv(args) => return exec_env::cmd_exec_env(ui, globals, args),
        Command::ExecFile(args) => return exec_file::cmd_exec_file(ui, globals, args),
        Command::Exposure(args) => return exposure::cmd_exposure(ui, globals, args),
        Command::Filestatus(args) => filestatus::cmd_filestatus(ui, args),
        Command::Keys(args) => return keys::cmd_keys(ui, globals, args),
        #[cfg(feature = "keyservice")]
        Command::Agent(args) => return agent::cmd_agent(ui, args),
        #[cfg(feature = "keyservice")]
        Command::Keyservice(args) => keyservice::cmd_keyservice(ui, globals, args),
        Command::Lint(args) => return lint::cmd_lint(ui, globals, args),
        Command::Verify(args) => return verify::cmd_verify(ui, globals, args),
        Command::Ls(args) => ls::cmd_ls(ui, args),
        Command::Refs(args) => return refs::cmd_refs(ui, args),
        Command::Hook(args) => return hook::cmd_hook(ui, globals, args),
        Command::Diff(args) => return diff::cmd_diff(ui, globals, args),
        Command::Git(args) => return git::cmd_git(ui, globals, args),
        Command::Resolve(args) => return resolve::cmd_resolve(ui, globals, args),
        Command::Init(args) => init::cmd_init(ui, globals, args),
        Command::Keygen(args) => keygen::cmd_keygen(ui, args),
        #[cfg(feature = "kube")]
        Command::Apply(args) => apply::cmd_apply(ui, globals, args),
        #[cfg(feature = "kube")]
        Command::Flux(args) => return flux::cmd_flux(ui, globals, args),
        #[cfg(feature = "kube")]
        Command::Recover(args) => return recover::cmd_recover(ui, globals, args),
        Command::Doctor(args) => return doctor::cmd_doctor(ui, args),
        Command::Render(args) => render::cmd_render(ui, globals, args),
        Command::Link(args) => link::cmd_link(ui, args),
        Command::Completion(args) => completion::cmd_completion(ui, args, command_line()),
        Command::Man(args) => man::cmd_man(ui, args, command_line()),
    }?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_commands_have_the_flags_of_their_description() {
        let all = Command::augment_subcommands(clap::Command::new("all"));
        for name in ["decrypt", "encrypt", "exec-env", "exec-file"] {
            let flags = |mut command: clap::Command| {
                command.build();
                command
                    .get_arguments()
                    .map(|flag| format!("{flag:?}"))
                    .collect::<Vec<_>>()
            };
            let frequent = frequent(OsStr::new(name)).expect("the command is frequent");
            assert_eq!(frequent.get_name(), name);
            let described = all.find_subcommand(name).expect("the command exists");
            assert_eq!(flags(frequent), flags(described.clone()), "{name}");
        }
        assert!(frequent(OsStr::new("edit")).is_none());
    }
}
