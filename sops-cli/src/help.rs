//! Groups the commands in the help, and hides flags from commands in which they have no effect.

use clap::Command;

use crate::arguments::invocation;

/// The commands in the order and under the headings of `sops-rs --help`.
const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Everyday",
        &[
            "init",
            "secret",
            "encrypt",
            "decrypt",
            "edit",
            "set",
            "unset",
            "propose",
            "accept",
            "ls",
            "exec-env",
            "exec-file",
        ],
    ),
    (
        "Keys",
        &[
            "keygen",
            "whoami",
            "recipients",
            "offboard",
            "config",
            "status",
            "updatekeys",
            "rotate",
            "groups",
            "keys",
            "agent",
            "keyservice",
        ],
    ),
    (
        "Git",
        &[
            "git", "diff", "resolve", "verify", "exposure", "hook", "lint",
        ],
    ),
    (
        "Kubernetes",
        &["apply", "doctor", "flux", "recover", "refs", "render"],
    ),
    (
        "Compatibility with sops",
        &["filestatus", "publish", "link"],
    ),
    ("Shell", &["completion", "man"]),
];

/// The flags of every command that only some commands use. The others accept them, as `sops`
/// does, and hide them.
const USED_BY: [(&str, &[&str]); 6] = [
    ("quiet", CHANGING),
    ("indent", WRITING),
    ("mac_only_encrypted", &["encrypt", "edit", "init", "secret"]),
    ("keyservice", DECRYPTING),
    ("enable_local_keyservice", DECRYPTING),
    ("cloud_timeout", WITH_KEYS),
];

const CHANGING: &[&str] = &[
    "accept",
    "decrypt",
    "edit",
    "encrypt",
    "groups",
    "offboard",
    "recipients",
    "rotate",
    "secret",
    "set",
    "unset",
    "updatekeys",
];

const WRITING: &[&str] = &[
    "encrypt", "decrypt", "edit", "set", "unset", "rotate", "publish",
];

/// The commands that use master keys, if only to encrypt.
const WITH_KEYS: &[&str] = &[
    "accept",
    "apply",
    "decrypt",
    "diff",
    "edit",
    "encrypt",
    "exec-env",
    "exec-file",
    "exposure",
    "groups",
    "keys",
    "offboard",
    "propose",
    "publish",
    "recipients",
    "resolve",
    "rotate",
    "secret",
    "set",
    "unset",
    "updatekeys",
    "verify",
];

const DECRYPTING: &[&str] = &[
    "accept",
    "apply",
    "decrypt",
    "diff",
    "edit",
    "exec-env",
    "exec-file",
    "exposure",
    "groups",
    "keys",
    "offboard",
    "publish",
    "recipients",
    "resolve",
    "rotate",
    "set",
    "status",
    "unset",
    "updatekeys",
    "verify",
    "whoami",
];

/// Shared flags that one command only accepts, as `sops` does: the output of `filestatus` is JSON.
const WITHOUT_EFFECT: [(&str, &str); 1] = [("filestatus", "output_type")];

/// The commands that read no `.sops.yaml`.
const WITHOUT_CONFIG: [&str; 10] = [
    "agent",
    "completion",
    "doctor",
    "filestatus",
    "keygen",
    "link",
    "ls",
    "man",
    "refs",
    "render",
];

/// The commands of each group. A program that is built without a feature lacks some.
pub(crate) fn groups(program: &Command) -> Vec<(&'static str, Vec<&Command>)> {
    let commands = |names: &[&str]| {
        let commands = names.iter().map(|name| program.find_subcommand(name));
        commands.flatten().collect()
    };
    let all = GROUPS
        .iter()
        .map(|(title, names)| (*title, commands(names)));
    all.filter(|(_, commands): &(_, Vec<_>)| !commands.is_empty())
        .collect()
}

/// The help of shared arguments that mean something else for one command.
const OWN_HELP: [(&str, &str, &str); 3] = [
    (
        "decrypt",
        "filename_override",
        "Use this file name to choose the format",
    ),
    ("edit", "file", "The file to change or create"),
    ("filestatus", "file", "The file"),
];

/// The program, with its commands listed in groups.
pub(crate) fn with_groups(program: Command) -> Command {
    let width = program
        .get_subcommands()
        .map(|command| command.get_name().len())
        .max()
        .unwrap_or_default();
    let mut list = String::new();
    for (title, commands) in groups(&program) {
        list += &format!("\n{title}:\n");
        for command in commands {
            let about = command.get_about().map(ToString::to_string);
            list += &format!(
                "  {:width$}  {}\n",
                command.get_name(),
                about.unwrap_or_default()
            );
        }
    }
    program.help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n{list}\nOptions:\n{{options}}{{after-help}}"
    ))
}

/// The command, without the flags that have no effect there, and with examples that call the
/// program as the user did.
pub(crate) fn of_command(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let mut unused: Vec<&str> = USED_BY
        .iter()
        .filter(|(_, commands)| !commands.contains(&name.as_str()))
        .map(|(id, _)| *id)
        .collect();
    if WITHOUT_CONFIG.contains(&name.as_str()) {
        unused.push("config");
    }
    let own = WITHOUT_EFFECT
        .iter()
        .filter(|(command, _)| *command == name);
    unused.extend(own.map(|(_, id)| *id));
    let command = command.mut_args(|arg| {
        let id = arg.get_id().as_str().to_owned();
        let is_hidden = arg.is_hide_set() || unused.contains(&id.as_str());
        let own = OWN_HELP
            .iter()
            .find(|(command, argument, _)| *command == name && *argument == id);
        match own {
            Some((.., help)) => arg.hide(is_hidden).help(*help).long_help(*help),
            None => arg.hide(is_hidden),
        }
    });
    match command.get_after_help().map(ToString::to_string) {
        Some(examples) if invocation::is_sops() => {
            command.after_help(examples.replace("sops-rs ", "sops "))
        }
        _ => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn every_command_is_in_one_group() {
        let program = cli::command();
        let visible = program
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        let mut expected: Vec<&str> = visible.map(Command::get_name).collect();
        let groups = groups(&program);
        let listed = groups.iter().flat_map(|(_, commands)| commands);
        let mut listed: Vec<&str> = listed.map(|command| command.get_name()).collect();
        expected.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, expected);
    }
}
