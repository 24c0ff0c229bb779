//! Other programs that call `sops` or read its files. They must be on the PATH, or where `.ci/run`
//! puts them.

mod ansible;
mod helm;
mod readers;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use sops_test_support::environment::{TestEnvironment, program};

/// Where `.ci/run` installs clients that are not programs.
fn installed(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers");
    let path = path.join(name);
    assert!(
        path.exists(),
        "{} is missing; `.ci/run` installs it",
        path.display()
    );
    path
}

/// A search path on which this program is called `sops`.
fn path_with_our_sops(environment: &TestEnvironment) -> OsString {
    let directory = environment.home().join("bin");
    fs::create_dir_all(&directory).expect("the directory can be created");
    symlink(program(), directory.join("sops")).expect("the link can be created");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(directory).chain(std::env::split_paths(&path));
    std::env::join_paths(paths).expect("no path has a colon")
}

/// A document with values that some readers misread.
const YAML: &str = "user: admin\npassword: \"correct horse\"\nport: 5432\nrate: 1.5\nactive: true\nlist:\n  - one\n  - two\n\
    literal: |\n  first\n  second\nfolded: >\n  first\n  second\nkept: |+\n  first\n\nstripped: |-\n  first\n  second\nquoted: 'it''s'\n";

/// The same document as JSON.
const VALUES: &str = r#"{"user": "admin", "password": "correct horse", "port": 5432, "rate": 1.5, "active": true, "list": ["one", "two"],
    "literal": "first\nsecond\n", "folded": "first second\n", "kept": "first\n\n", "stripped": "first\nsecond", "quoted": "it's"}"#;

fn values() -> serde_json::Value {
    serde_json::from_str(VALUES).expect("the text is JSON")
}
