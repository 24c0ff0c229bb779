//! `flux rotate-key` in every state, and killed at random moments. The real `sops` stands for Flux,
//! which decrypts with the same library.
//!
//! `SOPS_RS_KILLS` is the number of kills, `SOPS_RS_SEED` repeats a run.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sops_test_support::environment::{Run, TestEnvironment, recipient};

use super::server::Server;

/// The default number of kills.
const KILLS: u64 = 50;

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kustomizations.kustomize.toolkit.fluxcd.io
spec:
  group: kustomize.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: Kustomization, plural: kustomizations, singular: kustomization}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

const KUSTOMIZATION: &str = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  decryption: {provider: sops, secretRef: {name: sops-age}}
";

const FILES: [&str; 2] = ["apps/a.yaml", "apps/b.yaml"];

/// A repository with a remote, whose files are encrypted for the user and for Flux, and a cluster
/// in which Flux has applied it.
struct Fleet {
    server: Server,
    environment: TestEnvironment,
    /// The commit that Flux has applied.
    applied: String,
}

impl Fleet {
    fn new() -> Self {
        let server = Server::start();
        let environment = server.environment();
        let mut fleet = Self {
            server,
            environment,
            applied: String::new(),
        };
        let environment = &fleet.environment;
        environment
            .run(&["keygen", "--output", "flux.txt"])
            .succeeds();
        let key = fleet.keys_of("flux.txt").remove(0);
        environment.write(
            "fleet/.sops.yaml",
            format!(
                "creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^stringData$\n    age:\n      - {} # ann\n      - {key} # flux\n",
                recipient()
            ),
        );
        for file in FILES {
            environment.write(
                &format!("fleet/{file}"),
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: hunter2\n",
            );
        }
        environment.write("fleet/clusters/here/apps.yaml", KUSTOMIZATION);
        environment.write("crd.yaml", CRD);
        fleet.shell(
            "git init -q --bare -b main ../remote; git init -q -b main; git remote add origin ../remote
             sops-rs encrypt -i apps/a.yaml apps/b.yaml
             git add .sops.yaml apps clusters; git commit -q -m first; git push -q -u origin main
             sops-rs flux install-key --create-namespace --age-key-file ../flux.txt",
        );
        for arguments in [
            &["create", "-f", "crd.yaml"][..],
            &["wait", "--for=condition=Established", "-f", "crd.yaml"],
            &["create", "-f", "fleet/clusters/here/apps.yaml"],
        ] {
            fleet.server.kubectl(environment, arguments);
        }
        fleet.push_and_apply();
        fleet
    }

    fn shell(&self, script: &str) -> Run {
        let script = format!("cd fleet; {script}");
        let command = super::walk::shell(&self.environment, &script);
        self.environment.finish(command).succeeds()
    }

    fn rotate(&self, more: &str) -> Run {
        let script = format!("cd fleet; sops-rs flux rotate-key --age-key-file ../flux.txt {more}");
        let command = super::walk::shell(&self.environment, &script);
        self.environment.finish(command)
    }

    /// The recipients of a key file.
    fn keys_of(&self, file: &str) -> Vec<String> {
        let run = self.environment.run(&["keygen", "-y", file]).succeeds();
        run.stdout.lines().map(str::to_owned).collect()
    }

    /// The recipients of the keys in the Secret.
    fn keys_in_cluster(&self) -> Vec<String> {
        self.environment.write("secret.txt", self.secret());
        self.keys_of("secret.txt")
    }

    fn secret(&self) -> String {
        self.server
            .entry(&self.environment, "flux-system", "sops-age", "age.agekey")
    }

    /// Pushes all commits, and applies them as Flux does.
    fn push_and_apply(&mut self) {
        let head = self
            .shell("git push -q origin main; git rev-parse HEAD")
            .stdout;
        self.applied = head.trim().to_owned();
        self.assert_decryptable();
        let status = format!(
            r#"{{"status":{{"observedGeneration":1,"lastAppliedRevision":"main@sha1:{}","conditions":[{{"type":"Ready","status":"True"}}]}}}}"#,
            self.applied
        );
        self.server.kubectl(
            &self.environment,
            &[
                "patch",
                "kustomization",
                "-n",
                "flux-system",
                "apps",
                "--subresource=status",
                "--type=merge",
                "-p",
                &status,
            ],
        );
    }

    /// Asserts that Flux can decrypt the commit that it has applied, and that the user can decrypt
    /// the last commit.
    fn assert_decryptable(&self) {
        let cluster = self.secret();
        let local = self.environment.read("flux.txt");
        for (commit, keys) in [
            (self.applied.as_str(), cluster.clone()),
            ("HEAD", format!("{cluster}\n{local}")),
        ] {
            self.environment.write("keys.txt", keys);
            for file in FILES {
                let run = self.shell(&format!(
                    "git show {commit}:{file} > ../shown.yaml; HOME=/nonexistent SOPS_AGE_KEY_FILE=../keys.txt sops decrypt ../shown.yaml"
                ));
                assert!(
                    run.stdout.contains("password: hunter2"),
                    "{commit} {file}: {run}"
                );
            }
        }
    }
}

#[test]
fn each_run_does_what_comes_next_and_stops_for_the_user() {
    let mut fleet = Fleet::new();
    let old = fleet.keys_of("flux.txt").remove(0);
    let plan = fleet.rotate("--dry-run").succeeds();
    assert_eq!(plan.stdout.lines().count(), 7, "{plan}");
    assert_eq!(fleet.keys_of("flux.txt").len(), 1);

    // The new key is in both places before anything is encrypted for it.
    let before = (fleet.secret(), fleet.environment.read("flux.txt"));
    let run = fleet.rotate("").fails_with(1);
    assert!(run.stderr.contains("to start one, add `--start`"), "{run}");
    assert_eq!((fleet.secret(), fleet.environment.read("flux.txt")), before);
    let run = fleet.rotate("--start").succeeds();
    let new = fleet.keys_of("flux.txt").remove(1);
    assert_eq!(fleet.keys_in_cluster(), [old.clone(), new.clone()]);
    assert!(run.stderr.contains("--confirmed backup,ci"), "{run}");
    assert!(!fleet.environment.read("fleet/.sops.yaml").contains(&new));
    // Without the confirmation, nothing more happens.
    fleet.rotate("").succeeds();
    assert_eq!(fleet.keys_of("flux.txt").len(), 2);

    let run = fleet.rotate("--confirmed backup,ci").succeeds();
    assert!(run.stderr.contains("git commit --message"), "{run}");
    let rules = fleet.environment.read("fleet/.sops.yaml");
    assert!(rules.contains(&format!("- {new} # flux\n")), "{rules}");
    let run = fleet.rotate("--commit").succeeds();
    assert!(run.stderr.contains("Push the commit"), "{run}");
    fleet.shell("git push -q origin main");
    let run = fleet.rotate("").succeeds();
    assert!(
        run.stderr
            .contains("Not yet: flux-system/apps is still at main@sha1:"),
        "{run}"
    );
    fleet.shell("git branch other");
    fleet.push_and_apply();

    let run = fleet.rotate("--commit").succeeds();
    assert!(
        !fleet.environment.read("fleet/.sops.yaml").contains(&old),
        "{run}"
    );
    assert_eq!(
        fleet.keys_in_cluster().len(),
        2,
        "Flux still applies the commit before"
    );
    fleet.push_and_apply();
    let run = fleet.rotate("").succeeds();
    assert_eq!(fleet.keys_in_cluster(), std::slice::from_ref(&new));
    assert!(
        run.stderr.contains("The branch other still has 3 files"),
        "{run}"
    );
    fleet.assert_decryptable();

    // Nothing is left to do, until the user wants to replace the new key.
    let before = (fleet.secret(), fleet.environment.read("flux.txt"));
    let run = fleet.rotate("").succeeds();
    assert!(run.stderr.contains("nothing is left to do"), "{run}");
    assert_eq!((fleet.secret(), fleet.environment.read("flux.txt")), before);
    // The file with both keys can be installed in another cluster.
    fleet
        .shell("sops-rs flux install-key -n another --create-namespace --age-key-file ../flux.txt");
    fleet.rotate("--start").succeeds();
    assert_eq!(fleet.keys_in_cluster().len(), 2);
}

#[test]
fn a_key_that_is_also_the_only_key_of_the_user_is_not_replaced() {
    let fleet = Fleet::new();
    let environment = &fleet.environment;
    let flux = fleet.keys_of("flux.txt").remove(0);
    environment.write(
        "fleet/.sops.yaml",
        format!("creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^stringData$\n    age: [{flux}]\n"),
    );
    let script = "cd fleet; sops-rs updatekeys -y apps; git commit -q -a -m flux; git push -q
        export SOPS_AGE_KEY=$(grep SECRET ../flux.txt)
        sops-rs flux rotate-key --age-key-file ../flux.txt --start --confirmed backup,ci";
    let run = environment.finish(super::walk::shell(environment, script));
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("sops-rs keygen --append"), "{run}");
    assert_eq!(fleet.keys_of("flux.txt"), [flux]);
}

#[test]
fn a_killed_run_loses_nothing_and_the_next_one_continues() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("SOPS_RS_SEED").unwrap_or_else(rand::random);
    println!("SOPS_RS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut fleet = Fleet::new();
    let mut killed = 0;
    let mut longest = Duration::from_millis(500);
    for _ in 0..number("SOPS_RS_KILLS").unwrap_or(KILLS) {
        let script = "cd fleet; exec sops-rs flux rotate-key --start --age-key-file ../flux.txt --commit --confirmed backup,ci";
        let mut command = super::walk::shell(&fleet.environment, script);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let start = Instant::now();
        let mut child = command.spawn().expect("the program can be started");
        let delay = random.random_range(Duration::ZERO..longest);
        let is_finished = loop {
            if child
                .try_wait()
                .expect("the program can be waited for")
                .is_some()
            {
                break true;
            }
            if start.elapsed() >= delay {
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        match is_finished {
            true => longest = start.elapsed().max(Duration::from_millis(200)),
            false => {
                killed += 1;
                child.kill().expect("the program can be killed");
                child.wait().expect("the program can be waited for");
                longest = longest.mul_f64(1.05);
            }
        }
        // A commit that has begun continues.
        while Path::new(&fleet.environment.path("fleet/.git/index.lock")).exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        fleet.assert_decryptable();
        if random.random_bool(0.5) {
            fleet.push_and_apply();
        }
    }
    for _ in 0..8 {
        fleet.rotate("--commit --confirmed backup,ci").succeeds();
        fleet.push_and_apply();
    }
    println!("{killed} runs were killed");
    assert!(fleet.keys_of("flux.txt").len() > 1);
    assert_eq!(fleet.keys_in_cluster().len(), 1);
    let rules = fleet.environment.read("fleet/.sops.yaml");
    assert_eq!(rules.matches("- age1").count(), 2, "{rules}");
    assert_eq!(rules.matches("# flux").count(), 1, "{rules}");
}
