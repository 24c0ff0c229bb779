//! Documents written by hand.

use sops_core::Format;
use sops_test_support::written;

use crate::generated;

#[test]
fn sops_reads_files_of_sops_rs() {
    let check = |text: &&str| generated::check(text, Format::Yaml, None).err();
    let failures: Vec<String> = written::ACCEPTED.iter().filter_map(check).collect();
    assert!(
        failures.is_empty(),
        "{} fail:\n{}",
        failures.len(),
        failures.join("\n----\n")
    );
}
