//! Measures how time grows with size, for each document shape: `cargo bench -p sops-core --bench
//! linear -- [NAME] [PARTS]`.
//!
//! Each row shows the ratio between the times for `10 * PARTS` and `PARTS` parts, the time for the
//! larger document in milliseconds, the shape and the step. A ratio of about ten or less means
//! linear time; fixed costs lower it.

mod shapes;

use std::time::{Instant, SystemTime};

use sops_core::keys::Identities;
use sops_core::keys::age::generate_x25519;
use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, encrypt, parse_document};

use shapes::SHAPES;

/// The time of each step, in milliseconds.
type Times = Vec<(&'static str, f64)>;

fn timed<T>(times: &mut Times, step: &'static str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    times.push((step, start.elapsed().as_secs_f64() * 1e3));
    result
}

/// Runs each step once.
fn run(text: &str, format: Format, identities: &Identities, encryption: &Encryption) -> Times {
    let mut times = Times::new();
    let tree = timed(&mut times, "read", || {
        parse_document(text, format)
            .expect("the shape is valid")
            .to_tree(0)
            .map(drop)
    });
    tree.expect("the shape has a tree");
    let encrypted = timed(&mut times, "encrypt", || encrypt(text, format, encryption));
    let encrypted = encrypted.expect("the shape can be encrypted");
    let document = EncryptedDocument::parse(&encrypted, format).expect("the document is encrypted");
    let key = document
        .data_key(identities)
        .expect("the identity is the recipient's");
    let decrypted = timed(&mut times, "decrypt", || {
        document.decrypt(&key, MacCheck::Require)
    });
    let decrypted = decrypted.expect("the MAC matches");
    assert_eq!(decrypted.plaintext.as_slice(), text.as_bytes());
    let again = timed(&mut times, "edit", || {
        document
            .open(key.clone(), MacCheck::Require)?
            .encrypt(text, SystemTime::now())
    });
    again.expect("an unchanged document can be encrypted again");
    let path = match format {
        Format::Ini => "[\"added\"][\"key\"]",
        _ => "[\"added\"]",
    };
    let path = path.parse().expect("the path is valid");
    let added = timed(&mut times, "set", || {
        parse_document(text, format).and_then(|document| document.set(&path, &"value".into()))
    });
    added.expect("a key can be added");
    times
}

/// The shortest time of each step in three runs, because other load can only add time.
fn best(text: &str, format: Format, identities: &Identities, encryption: &Encryption) -> Times {
    let mut best = run(text, format, identities, encryption);
    for _ in 0..2 {
        for (best, again) in best
            .iter_mut()
            .zip(run(text, format, identities, encryption))
        {
            best.1 = best.1.min(again.1);
        }
    }
    best
}

fn main() {
    // `cargo bench` adds flags.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|given| !given.starts_with("--"));
    let wanted = arguments.next().unwrap_or_default();
    let parts = arguments.next().map_or(1000, |parts| {
        parts.parse().expect("PARTS is a whole number")
    });
    let pair = generate_x25519();
    let identities = Identities::from(pair.identity);
    let encryption = Encryption::to([pair.recipient]).allowing_plaintext(true);
    println!("ratio        ms  shape: step");
    for (name, format, shape) in SHAPES.iter().filter(|(name, ..)| name.contains(&wanted)) {
        let few = best(&shape(parts), *format, &identities, &encryption);
        let many = best(&shape(10 * parts), *format, &identities, &encryption);
        for ((step, few), (_, many)) in few.into_iter().zip(many) {
            println!("{:5.1} {many:9.2}  {name}: {step}", many / few);
        }
    }
}
