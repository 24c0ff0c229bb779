//! Speed by step and by size: `cargo bench -p sops-core --bench speed`.

use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use sops_core::keys::age::generate_x25519;
use sops_core::keys::{DataKey, Identities};
use sops_core::{
    EncryptedDocument, Encryption, Format, MacCheck, encrypt, is_encrypted, parse_document,
};

const LEAVES: u64 = 10_000;

/// Sections with ten short values each.
fn yaml() -> String {
    (0..LEAVES)
        .map(|number| {
            let section = match number % 10 {
                0 => format!("section{number}:\n"),
                _ => String::new(),
            };
            format!("{section}  key{}: value-{number:08}\n", number % 10)
        })
        .collect()
}

fn json() -> String {
    let members: Vec<String> = (0..LEAVES)
        .map(|number| format!("\t\"key{number}\": \"value-{number:08}\""))
        .collect();
    format!("{{\n{}\n}}\n", members.join(",\n"))
}

/// A single value of 1 MiB, for which the cipher, base64 and the MAC take almost all the time.
fn one_value() -> String {
    format!("value: {}\n", "x".repeat(1 << 20))
}

fn both_ways(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, text: &str, format: Format) {
    let pair = generate_x25519();
    let identities = Identities::from(pair.identity);
    let encryption = Encryption::to([pair.recipient]);
    let encrypted = encrypt(text, format, &encryption).expect("the document is valid");
    let document = EncryptedDocument::parse(&encrypted, format).expect("the document is encrypted");
    let key: DataKey = document
        .data_key(&identities)
        .expect("the identity is the recipient's");
    group.bench_function(format!("encrypt {name}"), |bencher| {
        bencher.iter(|| encrypt(text, format, &encryption));
    });
    group.bench_function(format!("decrypt {name}"), |bencher| {
        bencher.iter(|| document.decrypt(&key, MacCheck::Require));
    });
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, text, format) in [
        ("YAML", yaml(), Format::Yaml),
        ("JSON", json(), Format::Json),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| parse_document(&text, format).map(|document| is_encrypted(&document)));
        });
    }
}

fn leaves(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("leaves");
    group.throughput(Throughput::Elements(LEAVES));
    both_ways(&mut group, "YAML", &yaml(), Format::Yaml);
    both_ways(&mut group, "JSON", &json(), Format::Json);
}

fn cipher_and_mac(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one value");
    let text = one_value();
    group.throughput(Throughput::Bytes(text.len() as u64));
    both_ways(&mut group, "1 MiB", &text, Format::Yaml);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = parse, leaves, cipher_and_mac
}
criterion_main!(benches);
