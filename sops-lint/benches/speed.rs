//! Files a second on one core: `cargo bench -p sops-lint`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sops_lint::{Input, Linter, NoTree, Settings};

/// A Deployment of 2 KB.
fn manifest() -> String {
    let mut text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        \
                    image: registry.example.com/web:1\n        env:\n"
        .to_owned();
    for number in 0..28 {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "        - name: SETTING_{number}\n          value: /var/lib/web/{number}\n"
        );
    }
    text
}

fn lint(criterion: &mut Criterion) {
    let text = manifest();
    assert!((1_900..2_200).contains(&text.len()), "{}", text.len());
    let linter = Linter::new(Settings::default()).expect("the default settings are valid");
    let input = Input {
        name: "web.yaml",
        path: Path::new("/repository/web.yaml"),
        bytes: text.as_bytes(),
        config: None,
        tree: &NoTree,
    };
    let mut group = criterion.benchmark_group("lint");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a manifest of 2 KB", |bencher| {
        bencher.iter(|| linter.lint(&input))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = lint
}
criterion_main!(benches);
