//! Files a second on one core: `cargo bench -p sops-lint`. 5,000 a second, 0.2 ms a file, are to be reached with manifests of 2 KB.

use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sops_lint::{Input, Linter, NoTree, Settings};

const DEPLOYMENT: &str = include_str!("manifests/deployment.yaml");
const SERVICE: &str = include_str!("manifests/service.yaml");
const CONFIG_MAP: &str = include_str!("manifests/configmap.yaml");

fn lint(criterion: &mut Criterion) {
    let linter = Linter::new(Settings::default()).expect("the default settings are valid");
    let mut group = criterion.benchmark_group("lint");
    group.throughput(Throughput::Elements(1));
    let all = [DEPLOYMENT, SERVICE, CONFIG_MAP].join("---\n");
    for (name, text) in [
        ("a Deployment of 2 KB", DEPLOYMENT),
        ("a ConfigMap of 2 KB", CONFIG_MAP),
        ("a Service of 0.3 KB", SERVICE),
        ("the three in a file of 4 KB", &all),
    ] {
        let input = Input {
            name: "shop.yaml",
            path: Path::new("/repository/shop.yaml"),
            bytes: text.as_bytes(),
            config: None,
            tree: &NoTree,
        };
        let found = linter.lint(&input).findings;
        assert!(found.is_empty(), "{found:?}");
        group.bench_function(name, |bencher| bencher.iter(|| linter.lint(&input)));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = lint
}
criterion_main!(benches);
