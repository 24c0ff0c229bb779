//! Follows `docs/gitops.md` and `testdata/gitops` to the end.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use sops_test_support::environment::{TestEnvironment, program};

use super::server::Server;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The section that is for a new computer.
const LOST_KEY: &str = "Get a lost key back";

/// The shell blocks of the page, with the heading of their section.
fn blocks() -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/gitops.md")).expect("the page exists");
    let mut all = Vec::new();
    for section in text.split("\n## ") {
        let heading = section.lines().next().unwrap_or_default();
        let blocks = section.split("```sh\n").skip(1);
        let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
        all.extend(blocks.map(|block| (heading.to_owned(), block.to_owned())));
    }
    all
}

/// The steps of the page, without those for a new computer. The blocks that replace the key come
/// twice, because the user repeats them every year.
fn steps() -> String {
    let blocks = blocks();
    let replacement: Vec<_> = blocks
        .iter()
        .filter(|(heading, _)| heading == "Replace the key")
        .collect();
    let mut steps = Vec::new();
    for block in blocks.iter().filter(|(heading, _)| heading != LOST_KEY) {
        steps.push(block);
        if Some(&block) == replacement.last() {
            steps.extend(&replacement);
        }
    }
    assert_eq!(steps.len(), 22, "the page has other steps");
    steps.into_iter().map(|(_, block)| block.as_str()).collect()
}

/// A shell in which both programs are on the PATH.
pub(super) fn shell(environment: &TestEnvironment, script: &str) -> Command {
    let function = program().with_file_name("sops-rs-krm");
    assert!(
        function.exists(),
        "cargo builds {} with the tests of its package",
        function.display()
    );
    let bin = environment.home().join("bin");
    fs::create_dir_all(&bin).expect("the directory can be created");
    for program in [program(), function] {
        let link = bin.join(program.file_name().expect("the path has a file name"));
        if !link.exists() {
            symlink(&program, link).expect("the link can be created");
        }
    }
    let mut command = environment.command_of(&PathBuf::from("sh"), &["-euc", script]);
    let mut paths = vec![bin];
    paths.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    command.env(
        "PATH",
        std::env::join_paths(paths).expect("paths have no colon"),
    );
    command.env("SOPS_RS", fs::canonicalize(ROOT).expect("the path exists"));
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "me")
            .env(format!("GIT_{role}_EMAIL"), "me@example.org");
    }
    command
}

#[test]
fn the_documented_steps_end_in_a_working_cluster() {
    let server = Server::start();
    let environment = TestEnvironment::without_key();
    server.write_kubeconfig(&environment);
    let run = environment.finish(shell(&environment, &steps())).succeeds();
    for line in [
        "namespace/flux-system created",
        "secret/sops-age created",
        "ok   ./apps/staging/secret.yaml                         can be decrypted with the key in the cluster",
        "ok   clusters/production/apps.yaml: kustomization/apps  decrypts 1 encrypted file",
        "-    cluster                                            has no Kustomizations: Flux is not installed",
        "namespace/web-staging created",
        "deployment.apps/web created",
        "secret/web created",
        "secret/web configured (server dry run)",
    ] {
        assert!(
            run.stdout.lines().any(|found| found == line),
            "{line} is not in {run}"
        );
    }
    let plaintext = "[database]\nurl = \"postgres://web:s3cret@database.staging.svc/web\"\n";
    assert!(run.stdout.contains(plaintext), "{run}");
    // Flux gets its own key, which is replaced twice.
    assert_eq!(
        run.stdout.matches("secret/sops-age configured\n").count(),
        5
    );
    let is_decrypted = "./apps/staging/secret.yaml                         can be decrypted";
    assert_eq!(run.stdout.matches(is_decrypted).count(), 4, "{run}");
    assert!(run.stderr.contains("replaces the key of age1"), "{run}");
    assert_eq!(
        server.entry(&environment, "web-staging", "web", "config.toml"),
        plaintext
    );

    // The user's key and the last of Flux's three keys are left.
    let rules = environment.read("fleet/.sops.yaml");
    assert_eq!(rules.matches("- age1").count(), 2, "{rules}");
    assert_eq!(rules.matches("# flux").count(), 1, "{rules}");
    get_lost_key_back(&server, &environment);

    // The commits contain neither plaintext nor keys.
    let search =
        "cd fleet; git ls-files; git grep -e s3cret -e change-me -e AGE-SECRET-KEY || true";
    let run = environment.finish(shell(&environment, search)).succeeds();
    assert!(run.stdout.contains("apps/staging/secret.yaml\n"), "{run}");
    assert!(!run.stdout.contains(':'), "{run}");
}

/// Follows the section about a lost key on a new computer, and on one whose key file has no line
/// break at the end.
fn get_lost_key_back(server: &Server, environment: &TestEnvironment) {
    let blocks = blocks();
    let section = blocks.iter().filter(|(heading, _)| heading == LOST_KEY);
    let section: String = section.map(|(_, block)| block.as_str()).collect();
    for old in [None, Some(sops_test_support::environment::other_identity())] {
        let fresh = TestEnvironment::without_key();
        server.write_kubeconfig(&fresh);
        let clone = environment.path("fleet").display().to_string();
        let keys = fresh.home().join(".config/sops/age/keys.txt");
        if let Some(old) = &old {
            fs::create_dir_all(keys.parent().expect("the file is in a directory"))
                .expect("the directory can be created");
            fs::write(&keys, old).expect("the file can be written");
        }
        let script = format!(
            "git clone -q {clone} fleet; cd fleet\n{section}\nsops-rs decrypt apps/production/secret.yaml; ls ~"
        );
        let run = fresh.finish(shell(&fresh, &script)).succeeds();
        assert_eq!(run.stdout.matches("kind: Secret").count(), 2, "{run}");
        assert!(!run.stdout.contains("agekey"), "{run}");
        let text = fs::read_to_string(&keys).expect("the file exists");
        assert!(old.is_none_or(|old| text.lines().any(|line| line == old)));
    }
}

/// The repository in the test data is complete: both environments can be applied.
#[test]
fn both_environments_are_built_verified_and_applied() {
    let server = Server::start();
    let environment = server.environment();
    let script = "\
        cp -r \"$SOPS_RS/testdata/gitops\" fleet; cd fleet
        sops-rs flux install-key --create-namespace
        sops-rs flux verify
        for environment in staging production; do
            kustomize build --enable-alpha-plugins --enable-exec local/$environment | sops-rs apply --allow-plaintext -f -
        done";
    environment.finish(shell(&environment, script)).succeeds();
    for name in ["staging", "production"] {
        let entry = server.entry(&environment, &format!("web-{name}"), "web", "config.toml");
        assert_eq!(
            entry,
            format!(
                "[database]\nurl = \"postgres://web:{name}-password@database.{name}.svc/web\"\n"
            )
        );
        let path = "jsonpath={.spec.template.spec.volumes[0].secret.secretName} {.spec.template.spec.containers[0].volumeMounts[0].readOnly}";
        let mounted = server.kubectl(
            &environment,
            &[
                "get",
                "deployment",
                "-n",
                &format!("web-{name}"),
                "web",
                "-o",
                path,
            ],
        );
        assert_eq!(mounted, "web true");
    }
}
