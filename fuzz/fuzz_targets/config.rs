//! Any `.sops.yaml` is read or rejected with an error.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sops_core::config::Config;

fuzz_target!(|text: &[u8]| {
    let directory = Path::new("/repository");
    if let Ok(config) = Config::parse(text, &directory.join(".sops.yaml"), directory) {
        let _ = config.creation_rule_for(Path::new("/repository/apps/secret.yaml"));
    }
});
