//! `docs/cli.md`, the reference of the command line, is generated from the descriptions of the
//! commands.

use clap::{Arg, Command};
use sops_test_support::generated::assert_file;

use crate::{cli, help};

#[test]
fn the_reference_of_the_command_line_is_up_to_date() {
    assert_file("docs/cli.md", &reference());
}

fn reference() -> String {
    let mut program = cli::command();
    program.build();
    let summary = program.get_about().expect("the program has a summary");
    let details = program.get_after_help().expect("the help has a last part");
    let mut out = format!(
        "# Command line\n\n\
         <!-- Generated: SOPS_RS_WRITE_DOCS=1 cargo test -p sops-cli reference -->\n\n\
         {summary}.\n\n"
    );
    usage(&program, &mut out);
    out += &format!("{details}\n\n");
    for (title, commands) in help::groups(&program) {
        out += &format!("**{title}**\n\n");
        table(&commands, &mut out);
    }
    lists(&visible(&program, false), &mut out);
    lists(&visible(&program, true), &mut out);
    for (_, commands) in help::groups(&program) {
        for command in commands {
            section(command, 2, &mut out);
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The section about a command, followed by those about its subcommands.
fn section(command: &Command, level: usize, out: &mut String) {
    let about = command.get_long_about().or(command.get_about());
    *out += &format!(
        "{} {}\n\n{}\n\n",
        "#".repeat(level),
        full_name(command),
        about.expect("each command has a summary")
    );
    usage(command, out);
    examples(command, out);
    list_subcommands(command, out);
    lists(&visible(command, false), out);
    for command in subcommands(command) {
        section(command, level + 1, out);
    }
}

fn usage(command: &Command, out: &mut String) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage:").expect("clap begins like this");
    *out += "```text\n";
    for line in usage.lines() {
        *out += &format!("{}\n", line.trim());
    }
    *out += "```\n\n";
}

/// The examples. In the help, they have a heading of their own.
fn examples(command: &Command, out: &mut String) {
    let Some(examples) = command.get_after_help() else {
        return;
    };
    *out += "```sh\n";
    for line in examples.to_string().lines().skip(1) {
        *out += &format!("{}\n", line.trim());
    }
    *out += "```\n\n";
}

fn list_subcommands(command: &Command, out: &mut String) {
    let subcommands: Vec<&Command> = subcommands(command).collect();
    if !subcommands.is_empty() {
        table(&subcommands, out);
    }
}

/// A table of commands, with links to their sections.
fn table(commands: &[&Command], out: &mut String) {
    *out += "| command | what it does |\n|---|---|\n";
    for command in commands {
        *out += &format!(
            "| [`{}`](#{}) | {} |\n",
            command.get_name(),
            full_name(command).replace(' ', "-"),
            command.get_about().expect("each command has a summary")
        );
    }
    out.push('\n');
}

/// The name of a command, preceded by the names of its parents.
fn full_name(command: &Command) -> &str {
    command.get_bin_name().expect("the commands are built")
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

/// The arguments that the command's help shows: those of every command, or its own.
fn visible(command: &Command, of_every_command: bool) -> Vec<&Arg> {
    command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && arg.get_id() != "help")
        .filter(|arg| arg.is_global_set() == of_every_command)
        .collect()
}

/// A list of arguments for each heading of the help.
fn lists(args: &[&Arg], out: &mut String) {
    let mut headings = Vec::new();
    for arg in args {
        if !headings.contains(&heading(arg)) {
            headings.push(heading(arg));
        }
    }
    for title in headings {
        *out += &format!("**{title}**\n\n");
        for arg in args.iter().filter(|arg| heading(arg) == title) {
            *out += &format!("- {}\n", item(arg));
        }
        out.push('\n');
    }
}

fn heading(arg: &Arg) -> &str {
    match arg.get_help_heading() {
        Some(heading) => heading,
        None if arg.is_positional() => "Arguments",
        None => "Options",
    }
}

fn item(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.expect("each argument has a help").to_string();
    let short = arg.get_short().map(|short| format!("`-{short}`, "));
    let mut text = format!(
        "{}`{arg}`: {}",
        short.unwrap_or_default(),
        help.replace("\n\n", ". ")
    );
    let takes_value = arg.get_action().takes_values();
    if let Some(variable) = arg.get_env() {
        text += &format!(" (environment: `{}`)", variable.display());
    }
    if let [default] = arg.get_default_values()
        && takes_value
        && !arg.is_hide_default_value_set()
    {
        text += &format!(" [default: {}]", default.display());
    }
    if takes_value && !arg.is_hide_possible_values_set() {
        for value in arg.get_possible_values() {
            text += &format!("\n  - `{}`", value.get_name());
            if let Some(help) = value.get_help() {
                text += &format!(": {help}");
            }
        }
    }
    text
}
