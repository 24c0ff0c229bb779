//! The pages in `docs/rules/` and the lists that link to them, which are generated from the rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sops_lint::{RULES, Rule, VERIFICATION_RULES};
use sops_test_support::generated::{assert_file, assert_section};

/// Below the title of each page.
const NOTE: &str =
    "<!-- Generated: SOPS_RS_WRITE_DOCS=1 cargo test -p sops-lint --test pages -->\n";

/// The directories with the pages that the rules include.
const SOURCES: [&str; 2] = ["src/rules", "src/verification"];

fn all_rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().copied().chain(VERIFICATION_RULES)
}

/// The name of the file that holds the rule's page, which links in other pages use.
fn source_of(rule: &Rule) -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directories = SOURCES.map(|source| fs::read_dir(package.join(source)));
    let pages = directories
        .into_iter()
        .flat_map(|entries| entries.expect("the directory exists"))
        .map(|entry| entry.expect("the entry can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages: Vec<_> = pages.collect();
    assert_eq!(
        pages.len(),
        all_rules().count(),
        "each page belongs to a rule"
    );
    let page = pages
        .iter()
        .find(|path| fs::read_to_string(path).is_ok_and(|text| text == rule.page))
        .unwrap_or_else(|| panic!("{} has no page", rule.name));
    let name = page.file_name().expect("the path has a file name");
    name.to_string_lossy().into_owned()
}

/// The page of a rule in the documentation.
fn page(rule: &Rule) -> String {
    let (title, text) = rule
        .page
        .split_once('\n')
        .expect("the page has text after its title");
    let mut page = format!(
        "{title}\n\n{NOTE}\nSeverity: {}. Fix: {}.\n{text}",
        rule.severity, rule.fix
    );
    for other in all_rules() {
        let link = format!("]({})", source_of(other));
        page = page.replace(&link, &format!("]({}.md)", other.name));
    }
    page
}

fn table<'a>(rules: impl IntoIterator<Item = &'a Rule>, directory: &str) -> String {
    let mut table =
        "\n| code | name | severity | fix | finds |\n|---|---|---|---|---|\n".to_owned();
    for rule in rules {
        table += &format!(
            "| {} | [{name}]({directory}{name}.md) | {} | {} | {} |\n",
            rule.code,
            rule.severity,
            rule.fix,
            rule.summary(),
            name = rule.name,
        );
    }
    table.push('\n');
    table
}

#[test]
fn each_rule_has_an_up_to_date_page() {
    for rule in all_rules() {
        assert_file(&format!("docs/rules/{}.md", rule.name), &page(rule));
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules");
    let files: BTreeSet<_> = fs::read_dir(directory)
        .expect("the directory exists")
        .map(|entry| entry.expect("the entry can be read").file_name())
        .map(|name| name.into_string().expect("names are UTF-8"))
        .collect();
    let expected = all_rules().map(|rule| format!("{}.md", rule.name));
    let expected: BTreeSet<_> = expected.chain(["README.md".to_owned()]).collect();
    assert_eq!(files, expected, "each file is the page of a rule");
}

#[test]
fn the_lists_of_rules_are_up_to_date() {
    let lint = RULES.iter().copied();
    assert_section("docs/lint.md", "rules", &table(lint.clone(), "rules/"));
    assert_section("docs/rules/README.md", "rules", &table(lint, ""));
    assert_section(
        "docs/rules/README.md",
        "verification rules",
        &table(VERIFICATION_RULES, ""),
    );
}

#[test]
fn the_table_of_contents_lists_each_rule() {
    let summary = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SUMMARY.md");
    let summary = fs::read_to_string(summary).expect("the file exists");
    let listed: Vec<_> = summary
        .lines()
        .filter(|line| line.contains("](rules/") && !line.contains("README.md"))
        .map(|line| line.trim().to_owned())
        .collect();
    let expected: Vec<_> = all_rules()
        .map(|rule| format!("- [{0} {1}](rules/{1}.md)", rule.code, rule.name))
        .collect();
    assert_eq!(listed, expected);
}
