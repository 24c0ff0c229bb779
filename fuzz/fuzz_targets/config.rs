//! Any `.sops.yaml` is read or refused in words.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sops_core::config::Config;

fuzz_target!(|text: &str| {
    if let Ok(config) = Config::parse(text, Path::new("/repository/.sops.yaml")) {
        let _ = config.creation_rule_for(Path::new("/repository/apps/secret.yaml"));
    }
});
