//! Files and fixes per second on one core: `cargo bench -p sops-lint --bench speed`. The target is
//! 10,000 manifests of 2 KB per second, so 0.1 ms per file.

use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sops_core::parse_document;
use sops_document::Format;
use sops_lint::{Fix, Input, Linter, Settings};

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
        let input = Input::new(
            "shop.yaml",
            Path::new("/repository/shop.yaml"),
            text.as_bytes(),
        );
        let found = linter.lint(&input).findings;
        assert!(found.is_empty(), "{found:?}");
        group.bench_function(name, |bencher| bencher.iter(|| linter.lint(&input)));
    }
}

/// Measures fixes. All fixes of a file are applied in one change, so the time must grow linearly
/// with their number.
fn fix(criterion: &mut Criterion) {
    let linter = Linter::new(Settings::default()).expect("the default settings are valid");
    let mut group = criterion.benchmark_group("fix");
    for mounts in [1_000, 10_000] {
        let text = mounted(mounts);
        let input = Input::new(
            "pod.yaml",
            Path::new("/repository/pod.yaml"),
            text.as_bytes(),
        );
        let linted = linter.lint(&input);
        let entries: Vec<_> = linted
            .findings
            .iter()
            .filter_map(|finding| match &finding.fix {
                Some(Fix::Entry(entry)) => Some(entry),
                _ => None,
            })
            .collect();
        assert_eq!(entries.len(), mounts);
        group.throughput(Throughput::Elements(mounts as u64));
        group.bench_function(format!("{mounts} mounts"), |bencher| {
            bencher.iter(|| {
                let document = parse_document(&text, Format::Yaml).expect("the text is valid YAML");
                let (_, is_set) = document.with_entries(&entries);
                assert!(is_set.into_iter().all(|is_set| is_set));
            });
        });
    }
}

/// Pods with this many Secret mounts in total, 10 in each.
fn mounted(mounts: usize) -> String {
    let mount = "    - {name: keys, mountPath: /keys}\n    - name: keys\n      mountPath: /keys # of the shop\n";
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: shop\nspec:\n  volumes:\n  - name: keys\n    secret: {{secretName: keys}}\n  \
         containers:\n  - name: main\n    volumeMounts:\n{}",
        mount.repeat(5)
    );
    vec![pod; mounts / 10].join("---\n")
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = lint, fix
}
criterion_main!(benches);
