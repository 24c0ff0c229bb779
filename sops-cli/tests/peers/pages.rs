//! The commands of pages in `docs/` that need other programs, run as they are written. `git-crypt`
//! and `kustomize` must be on the PATH.

use sops_test_support::environment::TestEnvironment;
use sops_test_support::page::PageTest;

/// The bytes of a file that is not text.
const KEY: &[u8] = b"\x00\xff\x30\x82";

#[test]
fn moving_from_git_crypt_keeps_every_file_encrypted() {
    let page = PageTest::new("migrate/git-crypt.md", TestEnvironment::without_key());
    let environment = &page.environment;
    page.shell("git-crypt init; git-crypt export-key ../git-crypt.key")
        .succeeds();
    environment.write(
        ".gitattributes",
        "*.png binary\nsecrets/** filter=git-crypt diff=git-crypt\n*.pem filter=git-crypt diff=git-crypt\n",
    );
    environment.write(
        "secrets/db.yaml",
        "password: hunter2-db # of the database\n",
    );
    environment.write("secrets/app.env", "TOKEN=hunter2-app\n");
    environment.write("server.pem", KEY);
    environment.write(".gitignore", "serve\n");
    page.shell("git add --all; git commit --quiet -m x; git-crypt lock")
        .succeeds();
    assert!(
        environment
            .bytes("secrets/db.yaml")
            .starts_with(b"\0GITCRYPT")
    );
    page.script(
        "serve",
        "test \"${TOKEN:-}\" = hunter2-app || grep hunter2-db \"$2\"",
    );
    page.run(
        |title| {
            if title == "Convert the files" {
                page.add_rule(r"^secrets/|\.pem$");
            }
        },
        |title, run| match title {
            "Unlock the repository" => {
                assert_eq!(run.stdout, "secrets/app.env\nsecrets/db.yaml\nserver.pem\n");
            }
            "Convert the files" => {
                let search = "git grep -e hunter2 HEAD || true";
                assert_eq!(page.shell(search).succeeds().stdout, "");
            }
            "Let programs read the files" => assert!(run.stdout.contains("hunter2-db"), "{run}"),
            _ => {}
        },
    );
    assert_eq!(environment.read(".gitattributes"), "*.png binary\n");
    page.shell("sops-rs decrypt --output key.pem server.pem")
        .succeeds();
    assert_eq!(environment.bytes("key.pem"), KEY);
}

/// Stands for ksops, which cannot be installed everywhere: a function that prints what the real
/// `sops` decrypts.
const KSOPS: &str = r#"cat > /dev/null
printf 'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- '
sops decrypt secret.enc.yaml | sed '2,$s/^/  /'"#;

#[test]
fn moving_from_ksops_changes_no_build() {
    let page = PageTest::new("migrate/ksops.md", TestEnvironment::new());
    let environment = &page.environment;
    let directory = "overlays/production";
    environment.encrypt(
        &format!("{directory}/secret.enc.yaml"),
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: hunter2\n",
    );
    environment.write(
        &format!("{directory}/kustomization.yaml"),
        "namePrefix: prod-\ngenerators: [generator.yaml]\n",
    );
    environment.write(
        &format!("{directory}/generator.yaml"),
        "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: web\n  annotations:\n    \
         config.kubernetes.io/function: |\n      exec:\n        path: ksops\nfiles:\n- ./secret.enc.yaml\n",
    );
    page.script("old/ksops", KSOPS);
    page.shell("mv old/ksops \"$HOME/bin/\"").succeeds();
    let build = format!("kustomize build --enable-alpha-plugins --enable-exec {directory}");
    let before = page.shell(&build).succeeds().stdout;
    assert!(before.contains("name: prod-web"), "{before}");
    page.run(|_| {}, |_, _| {});
    page.shell("rm -r \"$HOME/bin/ksops\" bin").succeeds();
    assert_eq!(page.shell(&build).succeeds().stdout, before);
}
