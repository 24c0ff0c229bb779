//! Parts of the documentation that are generated from the code. A test fails if they are out of
//! date.
//!
//! With `SOPS_RS_WRITE_DOCS=1` in the environment, the test updates them instead.

use std::path::Path;
use std::{env, fs, thread};

/// Fails unless the file has this content. The path is relative to the root of the workspace.
pub fn assert_file(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let content = fs::read_to_string(&file).unwrap_or_default();
    if content == expected {
        return;
    }
    if env::var_os("SOPS_RS_WRITE_DOCS").is_some() {
        fs::write(&file, expected).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let equal_lines = content.lines().zip(expected.lines());
    let line = equal_lines.take_while(|(line, expected)| line == expected);
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let test = thread::current();
    panic!(
        "line {} of {path} is out of date; update it with `SOPS_RS_WRITE_DOCS=1 cargo test -p {package} {}`",
        line.count() + 1,
        test.name().unwrap_or_default(),
    );
}

/// Fails unless this text is between the lines `<!-- begin NAME -->` and `<!-- end NAME -->` of the
/// file.
pub fn assert_section(path: &str, name: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let content = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    let begin = format!("<!-- begin {name} -->\n");
    let end = format!("<!-- end {name} -->\n");
    let (before, rest) = content
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{path} has no line {begin}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{path} has no line {end}"));
    assert_file(path, &[before, &begin, expected, &end, after].concat());
}
