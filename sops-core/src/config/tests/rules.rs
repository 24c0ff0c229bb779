//! Which creation rule or destination rule applies to a path.

use super::*;

#[test]
fn texts_without_rules_for_sops_are_reported() {
    for text in [
        "",
        "# nothing\n",
        "---\n...\n",
        "\u{feff}",
        "~",
        "creation_rules:\n",
        "stores: {json: {indent: 2}}\nx: [1, {2: 3}]\n",
    ] {
        let config = parse(text).expect(text);
        assert!(
            matches!(config.creation_rule_for(Path::new("a.yaml")), Ok(None)),
            "{text:?}"
        );
    }
}

#[test]
fn the_first_rule_that_matches_wins() {
    // Each path with the text that `sops` 3.13.3 matches, for a configuration in `/repo`.
    let names = [
        ("/repo", "a.yaml", "a.yaml"),
        ("/repo/sub", "a.yaml", "sub/a.yaml"),
        ("/repo", "/repo/sub/../b.yaml", "b.yaml"),
        ("/repo", "./sub//b.yaml", "sub/b.yaml"),
        ("/repo", "../out/f.yaml", "/out/f.yaml"),
        ("/repo", "/repository/f.yaml", "/repository/f.yaml"),
        ("/elsewhere", "f.yaml", "/elsewhere/f.yaml"),
    ];
    for (working_dir, path, name) in names {
        let text = format!(
            "creation_rules:\n- path_regex: ^other$\n- path_regex: '^{}$'\n  age: [one]\n- age: [two]\n",
            name.replace('.', "\\.")
        );
        let config = Config::parse(
            text.as_bytes(),
            Path::new("/repo/.sops.yaml"),
            Path::new(working_dir),
        )
        .expect("the text is valid");
        let rule = config
            .creation_rule_for(Path::new(path))
            .expect("a rule matches")
            .expect("a rule matches");
        let matching = config.matching_creation_rule(Path::new(path));
        assert!(matching.is_some_and(|matching| std::ptr::eq(matching, rule)));
        assert_eq!(
            rule.key_groups[0][0].to_string(),
            "one",
            "{path} in {working_dir}"
        );
    }
}

#[test]
fn a_configuration_in_the_root_directory_matches_absolute_paths() {
    let text = b"creation_rules: [{path_regex: ^/a/b$}]";
    let config =
        Config::parse(text, Path::new("/.sops.yaml"), Path::new("/a")).expect("the text is valid");
    assert!(config.creation_rule_for(Path::new("b")).is_ok());
}

#[test]
fn no_matching_rule_is_an_error() {
    let long = "x".repeat(90);
    for (text, path, expected) in [
        (
            "creation_rules: []".to_owned(),
            "sub/a.yaml",
            "`sub/a.yaml` (the path relative to the directory of the configuration): `creation_rules` is empty; add a rule that matches, or a final rule without `path_regex`".to_owned(),
        ),
        (
            "creation_rules: [{path_regex: ^nope$}]".to_owned(),
            "sub/a.yaml",
            "`sub/a.yaml` (the path relative to the directory of the configuration): the only rule does not match; add a rule that matches, or a final rule without `path_regex`\ncreation_rules[0].path_regex: ^nope$"
                .to_owned(),
        ),
        (
            format!("creation_rules: [{{path_regex: {long}}}, {{path_regex: \"\\n1m\"}}]"),
            "/a.yaml",
            format!(
                "`/a.yaml` (the full path, because it is outside the directory of the configuration): none of the 2 rules matches; add a rule that matches, or a final rule without `path_regex`\n\
                 creation_rules[0].path_regex: {}…\ncreation_rules[1].path_regex: \\n1m",
                &long[..80]
            ),
        ),
    ] {
        let config = parse(&text).expect(&text);
        assert!(config.matching_creation_rule(Path::new(path)).is_none());
        let error = config
            .creation_rule_for(Path::new(path))
            .expect_err(&text)
            .to_string();
        let start = "/repo/.sops.yaml: no matching creation rules found for ";
        assert_eq!(error.strip_prefix(start), Some(&*expected), "{error}");
    }
    let many = format!("creation_rules: [{}]", "{path_regex: ^x}, ".repeat(12));
    let error = parse(&many)
        .expect("the text is valid")
        .creation_rule_for(Path::new("a"))
        .expect_err("no rule matches")
        .to_string();
    assert!(
        error.ends_with("creation_rules[9].path_regex: ^x\nand 2 more"),
        "{error}"
    );
}

#[test]
fn destination_rules_are_read_completely_and_do_not_stop_other_commands() {
    let config = parse(
        "destination_rules:\n- {path_regex: '^a/', directory: out, omit_extensions: true, recreation_rule: {age: x}}\n\
         - {path_regex: '[', s3_bucket: b}\n- {s3_bucket: b, s3_prefix: p/, gcs_bucket: g, vault_path: v, vault_kv_version: 1}\n",
    )
    .expect("the text is valid");
    let rule = config
        .destination_rule_for(Path::new("a/b.yaml"))
        .expect("a rule matches");
    let path = PathBuf::from("out");
    assert_eq!(rule.destinations, [Destination::Directory { path }]);
    assert!(rule.omit_extensions && rule.recreation_rule.key_groups[0].len() == 1);
    assert_eq!(config.destination_rules()[2].destinations.len(), 3);
    assert_eq!(config.directory(), Path::new("/repo"));
    let error = config.destination_rule_for(Path::new("/repo/a/b.yaml"));
    let error = error.expect_err("the second one is invalid").to_string();
    assert!(
        error.contains("destination_rules[1].path_regex: "),
        "{error}"
    );
    let config =
        parse("destination_rules: [{path_regex: b, directory: c}]").expect("the text is valid");
    let error = config
        .destination_rule_for(Path::new("a"))
        .expect_err("no rule matches");
    assert!(
        error
            .to_string()
            .contains("no matching destination found in config for `a`")
    );
}

#[test]
fn unused_rules_can_be_moved_first() {
    let config = |text: &str| parse(text).expect("the text is valid");
    let text = "creation_rules:\n- {path_regex: ^a/, age: x}\n- {age: y}\n- {path_regex: ^b/, age: z}\n- {path_regex: .*, age: z}\n";
    let config_of_text = config(text);
    let reordered = config_of_text
        .with_unused_rules()
        .expect("a name is unused");
    let expression = |config: &Config, path: &str| {
        let rule = config
            .creation_rule_for(Path::new(path))
            .expect("the text is valid");
        rule.and_then(|rule| rule.path_regex.clone())
    };
    for (path, before, after) in [
        ("/repo/a/x", Some("^a/"), Some("^a/")),
        ("/repo/b/x", None, Some("^b/")),
        ("/repo/c/x", None, None),
    ] {
        assert_eq!(expression(&config_of_text, path).as_deref(), before);
        assert_eq!(expression(reordered, path).as_deref(), after);
    }
    for text in [
        "creation_rules:\n- {path_regex: ^a/, age: x}\n- {age: y}\n",
        "creation_rules:\n- {age: x}\n- {age: y}\n",
        "creation_rules: []\n",
        "stores: {}\n",
    ] {
        assert!(config(text).with_unused_rules().is_none(), "{text}");
    }
}

#[test]
fn stores_have_the_values_that_sops_reads() {
    for (text, yaml_indent, json_indent, json_binary_indent) in [
        ("", None, None, None),
        (
            "stores: {yaml: {indent: 2}, json: {indent: 0}, json_binary: {indent: 3}}",
            Some(2),
            Some(0),
            Some(3),
        ),
        (
            "stores: {yaml: {indent: 0}, json: {indent: -1}, dotenv: {}, ini: }",
            None,
            None,
            None,
        ),
    ] {
        let stores = Stores {
            yaml_indent,
            json_indent,
            json_binary_indent,
        };
        assert_eq!(parse(text).expect(text).stores(), stores, "{text}");
    }
}
