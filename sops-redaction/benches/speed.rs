//! Megabytes per second of CPU time with 100 values: `cargo bench -p sops-redaction`. The target is
//! 500 MB/s for the whole program, so the search must take much less than 2 ns per byte.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rustix::time::{ClockId, clock_gettime};
use sops_redaction::{Patterns, Redactor};

/// As much as a pipe holds, which is what the program reads at once.
const READ: usize = 1 << 16;
const TOTAL: usize = 1 << 30;

fn main() {
    let mut random = StdRng::seed_from_u64(1);
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut word = |length: usize| -> Vec<u8> {
        (0..length)
            .map(|_| letters[random.random_range(0..letters.len())])
            .collect()
    };
    let values: Vec<Vec<u8>> = (0..100).map(|_| word(32)).collect();
    let patterns = Arc::new(Patterns::of_values(values.iter().map(Vec::as_slice)));
    let log: Vec<u8> = (0..READ)
        .map(|number| {
            format!(
                "2026-11-30T00:00:00Z INFO request {number} took {}ms\n",
                number % 97
            )
        })
        .flat_map(String::into_bytes)
        .collect();
    let base64 = BASE64_STANDARD.encode(word(READ));
    let secrets: Vec<u8> = values
        .iter()
        .flat_map(|value| [b"token=", value.as_slice(), b" ", &word(60), b"\n"].concat())
        .collect();
    println!("{patterns:?}");
    for (name, text) in [
        ("log lines", &*log),
        ("base64", base64.as_bytes()),
        ("a value in each 100 bytes", &secrets),
        ("zero bytes", &[0; READ]),
    ] {
        let mut redactor = Redactor::new(Arc::clone(&patterns));
        let mut out = Vec::with_capacity(2 * READ);
        let start = seconds();
        let mut done = 0;
        while done < TOTAL {
            for part in text.chunks(READ) {
                out.clear();
                redactor.push(part, &mut out);
                done += part.len();
            }
        }
        let rate = done as f64 / (seconds() - start) / 1e6;
        println!("{name:26} {rate:6.0} MB/s");
    }
}

/// The CPU time of this process so far.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
