//! A page of the documentation, whose commands are run as they are written.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;

use crate::environment::{Run, TestEnvironment, other_recipient, program};

/// The directory for sockets, in the home.
const RUNTIME_DIRECTORY: &str = "run";

/// A part of a page below a heading of the second level.
pub struct Section {
    /// The heading.
    pub title: String,
    /// The commands of its shell blocks.
    pub commands: String,
}

/// The sections of a page, whose path is relative to `docs`.
pub fn sections(page: &str) -> Vec<Section> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let text =
        fs::read_to_string(docs.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let section = |text: &str| {
        let blocks = text.split("```sh\n").skip(1);
        let commands = blocks.map(|block| block.split("```").next().unwrap_or_default());
        Section {
            title: text.lines().next().unwrap_or_default().to_owned(),
            commands: commands.collect(),
        }
    };
    text.split("\n## ").skip(1).map(section).collect()
}

/// Runs the commands of a page, section by section, in a new Git repository.
pub struct PageTest {
    /// The environment of the commands.
    pub environment: TestEnvironment,
    sections: Vec<Section>,
    editor: String,
}

impl PageTest {
    /// Prepares the page. Its commands find `sops-rs` and `sops-rs-krm` on the PATH.
    pub fn new(page: &str, environment: TestEnvironment) -> Self {
        let editor =
            environment.editor("sed -i 's/^  password: .*/  password: secret-of-the-page/' \"$1\"");
        let this = Self {
            environment,
            sections: sections(page),
            editor,
        };
        let bin = this.environment.home().join("bin");
        fs::create_dir_all(&bin).expect("the home is writable");
        let runtime = this.environment.home().join(RUNTIME_DIRECTORY);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(runtime)
            .expect("the home is writable");
        let others = ["sops-rs-krm"].map(|name| program().with_file_name(name));
        for program in [program()].into_iter().chain(others) {
            let link = bin.join(program.file_name().expect("the path names a program"));
            if program.exists() && !link.exists() {
                symlink(&program, link).expect("the home is writable");
            }
        }
        this.shell("git init --quiet --initial-branch main")
            .succeeds();
        this
    }

    /// Runs the commands of each section, after `before`, and passes the result to `after`. Both
    /// also get the title of the section.
    pub fn run(&self, before: impl Fn(&str), after: impl Fn(&str, &Run)) {
        let mut count = 0;
        for Section { title, commands } in &self.sections {
            if commands.is_empty() {
                continue;
            }
            before(title);
            let run = self.shell(commands);
            assert_eq!(run.code, Some(0), "{title}: {run}");
            after(title, &run);
            count += 1;
        }
        assert!(count > 1, "the page has {count} sections with commands");
    }

    /// Runs commands in a shell that ends at the first error. `age1…` is a placeholder for a
    /// recipient.
    pub fn shell(&self, commands: &str) -> Run {
        let commands = commands.replace("age1…", &other_recipient());
        let home = self.environment.home();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [home.join("bin"), home.join(".local/bin")];
        let paths = paths.into_iter().chain(std::env::split_paths(&path));
        let path: OsString = std::env::join_paths(paths).expect("the paths have no colon");
        let mut command = self
            .environment
            .command_of(Path::new("sh"), &["-euc", &commands]);
        command
            .env("PATH", path)
            .env("XDG_RUNTIME_DIR", home.join(RUNTIME_DIRECTORY))
            .env("EDITOR", &self.editor)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "Ann")))
            .envs(
                ["AUTHOR", "COMMITTER"]
                    .map(|role| (format!("GIT_{role}_EMAIL"), "ann@example.org")),
            );
        self.environment.finish(command)
    }

    /// Writes an executable script into the working directory.
    pub fn script(&self, name: &str, text: &str) {
        self.environment.write(name, format!("#!/bin/sh\n{text}\n"));
        self.shell(&format!("chmod +x {name}")).succeeds();
    }

    /// Puts a rule for every value of the matching files before the other rules of `.sops.yaml`.
    pub fn add_rule(&self, path_regex: &str) {
        let rules = self.environment.read(".sops.yaml");
        let (_, list) = rules
            .split_once("age:\n")
            .expect("the last rule has recipients");
        let rule = format!("creation_rules:\n  - path_regex: {path_regex}\n    age:\n{list}");
        self.environment
            .write(".sops.yaml", rules.replace("creation_rules:\n", &rule));
    }
}
