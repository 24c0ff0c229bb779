//! Two colleagues with a clone and a key each, and a remote repository: what happens in a week,
//! with the commands of `docs/git.md`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, program, recipient,
};

use super::{CAROL, DAVE, SECRETS};

const EVE: &str = "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z";

/// Ann and Ben.
struct Team(TestEnvironment);

impl Team {
    /// Creates a team in which both have set up their clones, and there is nothing to pull.
    fn new() -> Self {
        let team = Self::with_clones();
        team.ben("sops-rs git install").succeeds();
        team
    }

    /// Creates a team in which only Ann has set up her clone.
    fn with_clones() -> Self {
        let team = Self(TestEnvironment::without_key());
        for (name, identity) in [("ann", identity()), ("ben", other_identity())] {
            let keys = team.0.path(&format!("../{name}/.config/sops/age/keys.txt"));
            let directory = keys.parent().expect("the file is in a directory");
            fs::create_dir_all(directory).expect("the directory can be created");
            fs::write(&keys, identity).expect("the file can be written");
            fs::set_permissions(&keys, fs::Permissions::from_mode(0o600))
                .expect("the permissions can be changed");
            let settings = format!(
                "[user]\nname = {name}\nemail = {name}@example.com\n[init]\ndefaultBranch = main\n[pull]\nrebase = false\n"
            );
            team.0.write(&format!("../{name}/.gitconfig"), settings);
        }
        team.0.write(
            "ann/secret.yaml",
            "# The database\nuser: web\npassword: correct-horse\nhosts:\n  - db1\nport: 80\n",
        );
        let everyone = [&recipient(), &other_recipient(), CAROL].join(",");
        let rules = format!("creation_rules:\n  - age: {everyone}\n");
        team.0.write("ann/.sops.yaml", rules);
        let remote =
            "git init -q . && git init -q --bare ../remote && git remote add origin ../remote";
        team.ann(remote).succeeds();
        team.ann("sops-rs encrypt -i secret.yaml && sops-rs git install && git add -A && git commit -qm start && git push -q -u origin main")
            .succeeds();
        team.run("ben", "", "git clone -q remote ben").succeeds();
        team
    }

    fn ann(&self, script: &str) -> Run {
        self.run("ann", "ann", script)
    }

    fn ben(&self, script: &str) -> Run {
        self.run("ben", "ben", script)
    }

    /// Runs a script as this colleague. No secret may be in its output, unless the script decrypts.
    fn run(&self, name: &str, directory: &str, script: &str) -> Run {
        let program = program();
        let programs = program
            .parent()
            .expect("the path has a parent directory")
            .display();
        let path = std::env::var("PATH").expect("PATH is set");
        let mut shell = self.0.command_of(Path::new("/bin/sh"), &["-euc", script]);
        shell
            .current_dir(self.0.path(directory))
            .env("HOME", self.0.path(&format!("../{name}")))
            .env("PATH", format!("{programs}:{path}"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_EDITOR", "true");
        let run = self.0.finish(shell);
        match script.contains("decrypt") {
            true => run,
            false => run.keeps(&SECRETS),
        }
    }

    /// Changes a value as this colleague, and commits it.
    fn set(&self, name: &str, key: &str, value: &str) {
        let script =
            format!("sops-rs set secret.yaml '[\"{key}\"]' '\"{value}\"' && git commit -qam x");
        self.run(name, name, &script).succeeds();
    }

    /// Asserts that both have the same file with these lines, and that Git has nothing left to do.
    #[track_caller]
    fn both_have(&self, file: &str, lines: &[&str]) {
        self.ann("git push -q 2>&1 || { git pull -q --no-edit && git push -q; }")
            .succeeds();
        self.ben("git pull -q --no-edit && git push -q").succeeds();
        self.ann("git pull -q").succeeds();
        for name in ["ann", "ben"] {
            let run = self
                .run(name, name, &format!("sops-rs decrypt {file}"))
                .succeeds();
            for line in lines {
                assert!(run.stdout.contains(&format!("{line}\n")), "{line}: {run}");
            }
            let status = self
                .run(name, name, "git status --short && sops-rs verify")
                .succeeds();
            assert_eq!(status.stdout.trim(), "", "{status}");
        }
    }
}

#[test]
fn changes_of_different_values_merge() {
    let team = Team::new();
    team.set("ann", "password", "battery-staple");
    team.set("ben", "user", "shop");
    team.both_have("secret.yaml", &["password: battery-staple", "user: shop"]);
}

#[test]
fn both_append_to_a_list() {
    let team = Team::new();
    for (name, index, host) in [("ann", 1, "db2"), ("ben", 1, "db3")] {
        let script = format!(
            "sops-rs set secret.yaml '[\"hosts\"][{index}]' '\"{host}\"' && git commit -qam x"
        );
        team.run(name, name, &script).succeeds();
    }
    team.both_have("secret.yaml", &["  - db1", "  - db2", "  - db3"]);
}

#[test]
fn changes_of_the_same_value_are_resolved_in_the_editor() {
    let team = Team::new();
    team.set("ann", "password", "battery-staple");
    team.ann("git push -q").succeeds();
    team.set("ben", "password", "open-sesame");
    let run = team.ben("git pull -q --no-edit");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("`sops-rs resolve secret.yaml`"),
        "{run}"
    );
    let editor = team
        .0
        .editor("sed -n -i '/^<<</d; /^===/,/^>>>/d; p' \"$1\"");
    team.ben(&format!(
        "EDITOR=\"{editor}\" sops-rs resolve secret.yaml && git add secret.yaml && git commit -q"
    ))
    .succeeds();
    team.both_have("secret.yaml", &["password: open-sesame"]);
}

#[test]
fn one_adds_a_recipient_while_the_other_edits() {
    let team = Team::new();
    team.ann(&format!(
        "sed -i 's/age: /age: {DAVE},/' .sops.yaml && sops-rs updatekeys -y . && git commit -qam dave"
    ))
    .succeeds();
    team.set("ben", "user", "shop");
    team.both_have("secret.yaml", &["user: shop"]);
    assert!(team.0.read("ben/secret.yaml").contains(DAVE));
}

#[test]
fn one_removes_a_teammate_and_rotates_while_the_other_edits() {
    let team = Team::new();
    team.ann(&format!(
        "sed -i 's/,{CAROL}//' .sops.yaml && sops-rs updatekeys -y . && sops-rs rotate -i secret.yaml && git commit -qam carol && git push -q"
    ))
    .succeeds();
    team.set("ben", "user", "shop");
    let run = team.ben("git pull -q --no-edit").succeeds();
    assert!(run.stderr.contains("has a new data key"), "{run}");
    team.both_have("secret.yaml", &["user: shop", "password: correct-horse"]);
    assert!(!team.0.read("ann/secret.yaml").contains(CAROL));
}

/// A colleague who was removed has a commit that was not pushed.
#[test]
fn a_removed_colleague_does_not_restore_their_own_recipient() {
    let team = Team::new();
    team.ann(&format!(
        "sed -i 's/,{}//' .sops.yaml && sops-rs updatekeys -y . && sops-rs rotate -i secret.yaml && git commit -qam ben && git push -q",
        other_recipient()
    ))
    .succeeds();
    team.set("ben", "user", "shop");
    let run = team.ben("git pull -q --no-edit");
    assert_eq!(run.code, Some(1), "{run}");
    let closed = format!(
        "their version cannot be used: no private key can decrypt it; it is encrypted for {}",
        recipient()
    );
    let theirs = "`git checkout --theirs -- secret.yaml`";
    let said = run.stderr.replace('\n', " ");
    for part in [&*closed, theirs, "`git merge --abort`"] {
        assert!(said.contains(part), "{part}: {run}");
    }
    assert!(
        !said.contains("shows both sides decrypted in your editor"),
        "{run}"
    );
    let marked = team.0.read("ben/secret.yaml");
    for flag in ["", "--ours", "--theirs"] {
        let run = team.ben(&format!("sops-rs resolve secret.yaml {flag}"));
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.replace('\n', " ").contains(theirs), "{run}");
        assert_eq!(team.0.read("ben/secret.yaml"), marked);
        let names_removed = run
            .stderr
            .contains("our version still has recipients that their version removed");
        assert_eq!(names_removed, flag == "--ours", "{run}");
    }
    // Only a user who asks for the old recipients gets them.
    team.ben("sops-rs resolve secret.yaml --ours --recipients ours")
        .succeeds();
    assert!(team.0.read("ben/secret.yaml").contains(&other_recipient()));
    team.ben(
        "git checkout -q --theirs -- secret.yaml && git add secret.yaml && git commit -q --no-edit",
    )
    .succeeds();
    assert!(!team.0.read("ben/secret.yaml").contains(&other_recipient()));
}

#[test]
fn a_rebase_stops_at_a_conflict_and_continues() {
    let team = Team::new();
    team.set("ann", "password", "battery-staple");
    team.ann("git push -q").succeeds();
    team.set("ben", "port", "8080");
    team.set("ben", "password", "open-sesame");
    let run = team.ben("git pull -q --rebase");
    assert_ne!(run.code, Some(0), "{run}");
    // In a rebase, theirs is Ben's own commit.
    team.ben(
        "sops-rs resolve --theirs secret.yaml && git add secret.yaml && git rebase --continue",
    )
    .succeeds();
    team.both_have("secret.yaml", &["password: open-sesame", "port: \"8080\""]);
    let log = team.ann("git log --oneline --merges").succeeds();
    assert_eq!(log.stdout, "");
}

/// The damage is in a commit that the rebase has made, not in the one that it rebases onto.
#[test]
fn a_damaged_commit_of_the_same_rebase_is_not_blamed_on_the_other_side() {
    let team = Team::new();
    team.set("ann", "password", "battery-staple");
    team.set("ann", "user", "ann");
    team.ann("git push -q").succeeds();
    team.set("ben", "password", "open-sesame");
    team.set("ben", "port", "8080");
    assert_eq!(team.ben("git pull -q --rebase").code, Some(1));
    let run = team.ben(
        "sed -i '/^<<<<<<</,/^=======/d;/^>>>>>>>/d' secret.yaml && git add secret.yaml && git -c core.editor=true rebase --continue",
    );
    assert_ne!(run.code, Some(0), "{run}");
    let said = (run.stdout.clone() + &run.stderr).replace('\n', " ");
    assert!(
        said.contains("this rebase has already made the damaged version"),
        "{run}"
    );
    assert!(!said.contains("--detach"), "{run}");
    assert_eq!(
        team.ben("git rebase --abort && git pull -q --rebase").code,
        Some(1)
    );
    team.ben(
        "sops-rs resolve --theirs secret.yaml && git add secret.yaml && git -c core.editor=true rebase --continue && git push -q",
    )
    .succeeds();
    team.both_have(
        "secret.yaml",
        &["password: open-sesame", "port: \"8080\"", "user: ann"],
    );
}

#[test]
fn a_commit_is_cherry_picked_to_a_release() {
    let team = Team::new();
    team.ann("git checkout -q -b release").succeeds();
    team.set("ann", "user", "release");
    team.ann("git push -q origin release && git checkout -q main")
        .succeeds();
    team.set("ann", "port", "8080");
    team.set("ann", "password", "battery-staple");
    team.ann("git push -q").succeeds();
    team.ben("git fetch -q && git checkout -q release && git cherry-pick origin/main")
        .succeeds();
    let run = team.ben("sops-rs decrypt secret.yaml").succeeds();
    assert_eq!(
        run.stdout,
        "# The database\nuser: release\npassword: battery-staple\nhosts:\n  - db1\nport: 80\n"
    );
}

#[test]
fn a_stash_is_applied_after_a_pull() {
    let team = Team::new();
    team.set("ann", "password", "battery-staple");
    team.ann("git push -q").succeeds();
    team.ben("sops-rs set secret.yaml '[\"user\"]' '\"shop\"' && git stash -q && git pull -q && git stash pop -q")
        .succeeds();
    team.ben("git commit -qam x").succeeds();
    team.both_have("secret.yaml", &["password: battery-staple", "user: shop"]);
}

#[test]
fn a_clone_that_is_not_set_up_has_conflicts_until_it_is() {
    let team = Team::with_clones();
    team.set("ann", "password", "battery-staple");
    team.ann("git push -q").succeeds();
    team.set("ben", "user", "shop");
    let run = team.ben("git pull -q --no-edit");
    assert_ne!(run.code, Some(0), "{run}");
    let run = team.ben("sops-rs git status");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("run `sops-rs git install`"), "{run}");
    // The conflict can be resolved at once, even without the setup.
    team.ben("sops-rs resolve secret.yaml && git add secret.yaml && git commit -q")
        .succeeds();
    team.ben("sops-rs git install && sops-rs git status")
        .succeeds();
    team.both_have("secret.yaml", &["password: battery-staple", "user: shop"]);
}

#[test]
fn a_conflict_that_was_resolved_by_hand_is_found_and_undone() {
    let team = Team::new();
    team.ben("sops-rs hook install").succeeds();
    team.set("ann", "password", "battery-staple");
    team.ann("git push -q").succeeds();
    team.set("ben", "password", "open-sesame");
    let run = team.ben("git pull -q --no-edit");
    assert_eq!(run.code, Some(1), "{run}");
    // The file has markers, or it has none but a wrong MAC.
    for script in [
        "git add secret.yaml",
        "sed -n -i '/^<<</d; /^===/,/^>>>/d; p' secret.yaml && sed -i 's/^port: .*/port: 81/' secret.yaml && git add secret.yaml",
    ] {
        team.ben(script).succeeds();
        let run = team.ben("git commit -q");
        assert_ne!(run.code, Some(0), "{run}");
        team.ben("sops-rs resolve --ours secret.yaml").succeeds();
        let run = team.ben("sops-rs verify").succeeds();
        assert_eq!(run.stdout, "");
        team.ben("git checkout -q --merge -- secret.yaml")
            .succeeds();
    }
    team.ben("sops-rs resolve --ours secret.yaml && git add secret.yaml && git commit -q")
        .succeeds();
    team.both_have("secret.yaml", &["password: open-sesame", "port: 80"]);
}

#[test]
fn a_renamed_file_takes_the_changes_of_the_other_side() {
    let team = Team::new();
    team.ann("git mv secret.yaml database.yaml && sops-rs git install && git commit -qam rename && git push -q")
        .succeeds();
    team.set("ben", "user", "shop");
    // The other order needs no help: HEAD has the new name then.
    let run = team.ben("git pull -q --no-edit");
    if run.code != Some(0) {
        team.ben("sops-rs resolve database.yaml && git add database.yaml && git commit -q")
            .succeeds();
    }
    team.both_have("database.yaml", &["user: shop", "password: correct-horse"]);
}

/// The commands in backquotes after the phrase `after` in a message.
fn commands(run: &Run, after: &str) -> Vec<String> {
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, steps) = said.split_once(after).unwrap_or_else(|| panic!("{run}"));
    let steps = steps.split("help:").next().unwrap_or_default();
    let commands = steps.split('`').skip(1).step_by(2).map(str::to_owned);
    commands.collect()
}

/// Ann pushes conflict markers, or values of both sides with the MAC of one, and Ben has commits of
/// his own.
#[test]
fn a_damaged_version_of_a_colleague_is_repaired_and_loses_nothing() {
    for pull in ["git pull -q --no-edit", "git pull -q --rebase"] {
        for by_hand in [
            "true",
            "sed -i -e '/^<<</d; /^===/,/^>>>/d; /^hosts:/d; /^ *- ENC/d' secret.yaml",
        ] {
            let team = Team::new();
            team.set("ben", "password", "battery-staple");
            team.ben("git push -q").succeeds();
            team.set("ann", "port", "8080");
            team.set("ann", "password", "open-sesame");
            let run = team.ann("git pull -q --no-edit");
            assert_eq!(run.code, Some(1), "{run}");
            team.ann(&format!(
                "{by_hand}; git add secret.yaml; git commit -q --no-verify --no-edit; git push -q"
            ))
            .succeeds();
            team.set("ben", "user", "shop");
            let run = team.ben(pull);
            assert_ne!(run.code, Some(0), "{run}");
            let steps = commands(&run, "repair the damaged one first:");
            assert_eq!(steps.len(), 6, "{steps:?} {run}");
            let editor = team
                .0
                .editor("sed -i '/^<<</d; /^===/,/^>>>/d' \"$1\"; touch \"$1\"; echo >> \"$1\"");
            for step in steps {
                let step = step.replace("--all", "--all -m x");
                team.ben(&format!("EDITOR=\"{editor}\" {step}")).succeeds();
            }
            let port = "port: \"8080\"";
            team.both_have(
                "secret.yaml",
                &["user: shop", "password: open-sesame", port],
            );
        }
    }
}

/// Ann picks a commit of Ben's to a release, in which someone deleted a list by hand.
#[test]
fn a_damaged_commit_is_repaired_and_then_picked() {
    let team = Team::new();
    team.ann("git checkout -q -b release && sops-rs set secret.yaml '[\"port\"]' '81' && git commit -qam x")
        .succeeds();
    let damage = "sed -i '/^hosts:/d; /^ *- ENC/d' secret.yaml; git commit -q --no-verify -am x";
    team.ben(&format!("{damage}; git push -q origin HEAD:damaged"))
        .succeeds();
    let run = team.ann("git fetch -q && git cherry-pick origin/damaged");
    assert_ne!(run.code, Some(0), "{run}");
    let run = team.ann("sops-rs resolve secret.yaml || true");
    let steps = commands(&run, "repair the damaged one first:");
    assert_eq!(steps.len(), 6, "{steps:?} {run}");
    let editor = team.0.editor("echo >> \"$1\"");
    for step in steps {
        team.ann(&format!("EDITOR=\"{editor}\" {step}")).succeeds();
    }
    let run = team.ann("sops-rs verify && sops-rs decrypt secret.yaml");
    assert!(run.stdout.contains("port: 81\n"), "{run}");
    assert!(!run.stdout.contains("hosts:"), "{run}");
}

/// What a run says, in one line.
fn said(run: &Run) -> String {
    let words = run
        .stderr
        .split_whitespace()
        .chain(run.stdout.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

const CORRECT_IT: &str =
    "if a merge brought a removed line back, or dropped a new one, correct `.sops.yaml` instead";

impl Team {
    /// Ann and Ben add a recipient each, Ann pushes, and Ben's pull conflicts in `.sops.yaml`.
    fn with_two_new_recipients() -> Self {
        let team = Self::new();
        team.ben("sops-rs hook install").succeeds();
        for (name, recipient) in [("ann", DAVE), ("ben", EVE)] {
            let add = format!("sops-rs recipients add {recipient} --update && git commit -qam add");
            team.run(name, name, &add).succeeds();
        }
        team.ann("git push -q").succeeds();
        let run = team.ben("git pull -q --no-edit");
        assert_eq!(run.code, Some(1), "{run}");
        team
    }
}

/// Ben takes one side of `.sops.yaml`, which drops a recipient that his files have.
#[test]
fn a_recipient_that_one_side_added_is_not_taken_for_an_unwanted_one() {
    for side in ["--ours", "--theirs"] {
        let team = Team::with_two_new_recipients();
        let run = team.ben("sops-rs git status").succeeds();
        let conflict = "configurations have conflict markers: .sops.yaml";
        assert!(said(&run).contains(conflict), "{run}");
        team.ben(&format!(
            "git checkout {side} -- .sops.yaml && git add .sops.yaml"
        ))
        .succeeds();
        let run = team.ben("git commit -q");
        assert_ne!(run.code, Some(0), "{run}");
        assert!(said(&run).contains(CORRECT_IT), "{run}");
    }
}

/// Ann removes a teammate while Ben adds one, and Ben keeps the lines of both sides, as in a rebase
/// too.
#[test]
fn a_teammate_who_was_removed_is_not_taken_for_a_new_one() {
    for is_rebase in [false, true] {
        let team = Team::new();
        team.ben("sops-rs hook install").succeeds();
        team.ben(&format!(
            "sops-rs recipients add {DAVE} --update && git commit -qam add"
        ))
        .succeeds();
        team.ann(&format!(
            "sops-rs offboard {CAROL} && git commit -qam 'Remove Carol' && git push -q"
        ))
        .succeeds();
        let pull = match is_rebase {
            true => "git pull -q --rebase",
            false => "git pull -q --no-edit",
        };
        let run = team.ben(pull);
        assert_ne!(run.code, Some(0), "{run}");
        let everyone = [&recipient(), &other_recipient(), CAROL, DAVE].join(",");
        let rules = format!("creation_rules:\n  - age: {everyone}\n");
        team.0.write("ben/.sops.yaml", rules);
        let run = team.ben(match is_rebase {
            true => {
                "git add .sops.yaml && sops-rs resolve secret.yaml --yes && git add secret.yaml && git rebase --continue && git push -q"
            }
            false => "git add .sops.yaml && git commit -q",
        });
        assert_ne!(run.code, Some(0), "{is_rebase} {run}");
        assert!(said(&run).contains(CORRECT_IT), "{run}");
    }
}

/// Ben swaps two values by hand and pushes: neither can be decrypted.
#[test]
fn a_version_whose_values_are_lost_is_replaced_by_the_one_before() {
    let team = Team::new();
    let swap = "user=$(sed -n 's/^user: //p' secret.yaml); sed -i \"s|^password: .*|password: $user|\" secret.yaml";
    team.ben(&format!(
        "{swap}; git commit -q --no-verify -am x && git push -q --no-verify"
    ))
    .succeeds();
    team.set("ann", "port", "8080");
    let run = team.ann("git pull -q --no-edit");
    assert_ne!(run.code, Some(0), "{run}");
    let steps = commands(&run, "repair the damaged one first:");
    assert!(steps[2].starts_with("git checkout "), "{run}");
    assert!(steps[2].ends_with(" -- secret.yaml"), "{run}");
    for step in &steps[..6] {
        let step = step.replace("--all", "--all -m x");
        team.ann(&step).succeeds();
    }
    let port = "port: \"8080\"";
    team.both_have("secret.yaml", &["password: correct-horse", port]);
}

/// Ann adds a rule for a plaintext file and encrypts it, while Ben changes the plaintext.
#[test]
fn a_plaintext_side_is_encrypted_with_the_rule_of_the_other_side() {
    let team = Team::new();
    let everyone = [&recipient(), &other_recipient(), CAROL].join(",");
    let rule = format!("creation_rules:\n  - path_regex: ^secret\\.yaml$\n    age: {everyone}\n");
    team.0.write("ann/.sops.yaml", rule);
    team.0.write("ann/app.yaml", "name: shop\nkey: one\n");
    team.ann("git add . && git commit -qm app && git push -q")
        .succeeds();
    team.ben("git pull -q").succeeds();
    let rules = format!("creation_rules:\n  - age: {everyone}\n");
    team.0.write("ann/.sops.yaml", rules);
    team.ann("sops-rs encrypt -i app.yaml && sops-rs git install && git add . && git commit -qm encrypt && git push -q")
        .succeeds();
    team.0.write("ben/app.yaml", "name: market\nkey: one\n");
    team.ben("git commit -qam rename").succeeds();
    team.ben("git pull -q --no-edit || true").succeeds();
    let run = team.ben("sops-rs resolve app.yaml || true");
    let steps = commands(&run, "repair the damaged one first:");
    let check = "first take it from there, and check its recipients";
    assert!(said(&run).contains(check), "{run}");
    team.ben(
        "git merge --abort && git checkout -q origin/main -- .sops.yaml && git commit -qm rule",
    )
    .succeeds();
    for step in &steps[1..3] {
        let step = step.replace("--all", "--all -m x");
        team.ben(&step).succeeds();
    }
    team.ben("git pull -q --no-edit || true").succeeds();
    team.ben("sops-rs resolve app.yaml --ours && git add app.yaml && git commit -q")
        .succeeds();
    team.both_have("app.yaml", &["name: market", "key: one"]);
}

#[test]
fn a_rename_with_a_new_data_key_is_found_by_lowering_the_threshold() {
    let team = Team::new();
    team.ann("git mv secret.yaml database.yaml && sops-rs rotate -i database.yaml && sops-rs git install && git commit -qam rename && git push -q")
        .succeeds();
    team.set("ben", "user", "shop");
    let run = team.ben("git pull -q --no-edit");
    assert_ne!(run.code, Some(0), "{run}");
    let run = team.ben("sops-rs resolve secret.yaml || true");
    assert!(said(&run).contains("`-X find-renames=10%`"), "{run}");
    team.ben("git merge --abort; git merge -q -X find-renames=10% origin/main || true; sops-rs resolve database.yaml; git add database.yaml && git commit -q")
        .succeeds();
    team.both_have("database.yaml", &["user: shop", "password: correct-horse"]);
}
