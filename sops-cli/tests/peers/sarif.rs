//! Validates SARIF output against the official schema with `check-jsonschema`, which must be on the
//! PATH.

use std::path::Path;

use sops_test_support::environment::TestEnvironment;

#[test]
fn sarif_is_valid_by_the_official_schema() {
    let environment = TestEnvironment::new();
    for (name, text) in [
        (
            "a b.yaml",
            "kind: Secret\nstringData:\n  password: correct-horse\n",
        ),
        ("broken.yaml", "a: [\n"),
        ("Dockerfile", "FROM a\nENV PASSWORD=correct-horse\n"),
    ] {
        environment.write(name, text);
    }
    let run = environment.run(&["lint", "--format", "sarif"]);
    assert_eq!(run.code, Some(1), "{run}");
    environment.write("out.sarif", &run.stdout);
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/schemas/sarif-2.1.0.json"
    );
    // The schema has expressions that are not valid in every dialect.
    let arguments = [
        "--regex-variant",
        "python",
        "--schemafile",
        schema,
        "out.sarif",
    ];
    let check = environment.command_of(Path::new("check-jsonschema"), &arguments);
    environment.finish(check).succeeds();
    environment.write("out.sarif", run.stdout.replace("\"2.1.0\"", "\"2.2.0\""));
    let check = environment.command_of(Path::new("check-jsonschema"), &arguments);
    assert_eq!(environment.finish(check).code, Some(1));
}
