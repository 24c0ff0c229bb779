//! `docs/migrate/sealed-secrets.md`, with the real `kubeseal` and a key of its controller in a
//! cluster.

use sops_test_support::environment::TestEnvironment;
use sops_test_support::page::PageTest;

use super::CLUSTER;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: shop\n  labels:\n    app: web\n\
                      type: Opaque\nstringData:\n  password: hunter2\n";

/// Creates the controller's key in the cluster, as the controller does when it starts.
const CREATE_KEY: &str = "
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=sealed-secret -days 2 -keyout ../tls.key -out ../tls.crt 2> ../log
kubectl create secret tls --namespace kube-system sealed-secrets-key --cert ../tls.crt --key ../tls.key
kubectl label secret --namespace kube-system sealed-secrets-key sealedsecrets.bitnami.com/sealed-secrets-key=active
";

const SEAL: &str = "
mkdir -p apps/web
kubeseal --cert ../tls.crt --format yaml < ../secret.yaml > apps/web/sealed-secret.yaml
git add --all
git commit --quiet -m x
rm ../secret.yaml
";

#[test]
fn moving_from_sealed_secrets_keeps_every_value() {
    let page = PageTest::new("migrate/sealed-secrets.md", TestEnvironment::without_key());
    let environment = &page.environment;
    CLUSTER.write_kubeconfig(environment);
    environment.write("../secret.yaml", SECRET);
    page.shell(CREATE_KEY).succeeds();
    page.shell(SEAL).succeeds();
    page.run(|_| {}, |_, _| {});
    let decrypted = environment.decrypt("apps/web/sealed-secret.yaml");
    for line in [
        "  name: web\n",
        "  namespace: shop\n",
        "    app: web\n",
        "  password: aHVudGVyMg==\n",
    ] {
        assert!(decrypted.contains(line), "{line} is not in {decrypted}");
    }
    assert!(!decrypted.contains("ownerReferences"), "{decrypted}");
    // The API server accepts the file that was written.
    page.shell("kubectl create namespace shop; sops-rs apply -f apps/web/sealed-secret.yaml")
        .succeeds();
    assert_eq!(
        CLUSTER.entry(environment, "shop", "web", "password"),
        "hunter2"
    );
    let search = "git ls-files; git grep -e aHVudGVyMg HEAD || true";
    let run = page.shell(search).succeeds();
    assert!(
        run.stdout.contains("apps/web/sealed-secret.yaml\n"),
        "{run}"
    );
    assert!(
        !run.stdout.contains(':'),
        "the plaintext is committed: {run}"
    );
}
