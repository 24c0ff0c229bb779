//! Builds a cluster again from its repository and the shares of its key.

use std::fs;
use std::time::Instant;

use super::server::Server;
use super::walk::shell;

/// The repository of the cluster, with the steps of `docs/life.md` up to the last one that needs the
/// private key of this computer.
const BEFORE: &str = "
    cp -r \"$SOPS_RS/testdata/gitops\" fleet; cd fleet
    git init -q; git add --all; git commit -q -m fleet
    for share in 3 1; do sops-rs keys split 2-of-3 --share $share > ../share-$share.txt; done";

/// The steps of the bad day, without Flux.
const REBUILD: &str = "
    cd fleet
    sops-rs keys join ../share-3.txt ../share-1.txt --output ../restored.txt
    sops-rs recover drill --key-file ../restored.txt
    sops-rs flux install-key --create-namespace --age-key-file ../restored.txt
    export SOPS_AGE_KEY_FILE=\"$PWD/../restored.txt\"
    for environment in staging production; do
        kustomize build --enable-alpha-plugins --enable-exec local/$environment |
            sops-rs apply --allow-plaintext --filename -
    done
    sops-rs flux verify
    sops-rs recover drill --key-file ../restored.txt";

#[test]
fn a_repository_and_two_shares_rebuild_an_empty_cluster() {
    let server = Server::start();
    let environment = server.environment();
    environment.finish(shell(&environment, BEFORE)).succeeds();
    fs::remove_file(environment.home().join(".config/sops/age/keys.txt"))
        .expect("the key file exists");

    let start = Instant::now();
    let run = environment.finish(shell(&environment, REBUILD)).succeeds();
    println!("rebuilt in {:?}", start.elapsed());
    let new = "-    flux-system/sops-age";
    let lines = || run.stdout.lines();
    assert!(
        lines().any(|line| line.starts_with(new) && line.ends_with("does not exist")),
        "{run}"
    );
    assert!(
        lines().any(|line| line == "secret/sops-age created"),
        "{run}"
    );
    let in_cluster =
        |line: &str| line.starts_with("ok   backup ") && line.ends_with("is in the cluster");
    assert!(lines().any(in_cluster), "{run}");
    for name in ["staging", "production"] {
        let entry = server.entry(&environment, &format!("web-{name}"), "web", "config.toml");
        assert!(entry.contains(&format!("{name}-password")), "{entry}");
    }
}
