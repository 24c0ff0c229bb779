//! Ways in which kustomize can put a plaintext value into a Secret: generators, patches,
//! replacements and plugins.

use crate::disguise::{Disguise, VALUE, encodings};

/// The title of a directory, and the name and content of each file.
type Directory = (String, Vec<(String, Vec<u8>)>);

/// Directories, below `kustomize/`, in which kustomize generates a Secret with the value or patches
/// the value into one. Each is a list of its files.
pub fn kustomizations() -> Vec<Vec<Disguise>> {
    let generator = format!("- {{name: a, literals: [password={VALUE}]}}\n");
    let plugin = |kind: &str, rest: &str| {
        let head = format!("apiVersion: builtin\nkind: {kind}\nmetadata: {{name: a}}\n");
        head + &rest.replace('@', VALUE)
    };
    let inline =
        |key: &str, text: &str| format!("{key}:\n- |-\n  {}\n", text.replace('\n', "\n  "));
    let target = "- target: {kind: Secret}\n  ";
    let merge = "apiVersion: v1, kind: Secret, metadata: {name: am}, stringData: {password: @}";
    let merge = format!("{{{merge}}}").replace('@', VALUE);
    let operation = format!("{{op: add, path: /stringData, value: {{password: {VALUE}}}}}");
    let generators = plugin("SecretGenerator", "literals: [password=@]");
    let transformer = plugin("PatchTransformer", &format!("patch: '{merge}'"));
    let replacement = format!(
        "sourceValue: {VALUE}\n  targets:\n  - select: {{kind: Secret}}\n    fieldPaths: [stringData.password]\n"
    );
    let mut all: Vec<Directory> = Vec::new();
    let mut add = |title: &str, files: &[(&str, &str)]| {
        let files = files.iter();
        let files = files.map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        all.push((title.to_owned(), files.collect()));
    };
    for name in [
        "kustomization.yaml",
        "kustomization.yml",
        "Kustomization",
        "k.txt",
    ] {
        add(
            "generator",
            &[(name, &format!("secretGenerator:\n{generator}"))],
        );
        add("patch", &[(name, &inline("patchesStrategicMerge", &merge))]);
    }
    for (title, text) in [
        (
            "no-version",
            format!("kind: Kustomization\nsecretGenerator:\n{generator}"),
        ),
        (
            "component",
            format!("kind: Component\nsecretGenerator:\n{generator}"),
        ),
        ("capital", format!("SecretGenerator:\n{generator}")),
        ("lower-case", format!("secretgenerator:\n{generator}")),
        (
            "capital-inside",
            format!("secretGenerator:\n{generator}").replace("literals", "Literals"),
        ),
        (
            "twice",
            format!("secretGenerator: []\nsecretGenerator:\n{generator}"),
        ),
        (
            "line-separator",
            format!("namePrefix: a # \u{2028}secretGenerator:\n{generator}"),
        ),
        (
            "next-line",
            format!("namePrefix: a # \u{85}secretGenerator:\n{generator}"),
        ),
        ("plugin", inline("generators", &generators)),
        ("transformer", inline("transformers", &transformer)),
        ("replacement", format!("replacements:\n- {replacement}")),
        ("patches-capital", format!("Patches:\n- Patch: '{merge}'\n")),
        (
            "patch-with-a-tab",
            format!(
                "patches:\n- patch: |\n    {}\n",
                merge.replace("{password", "{\n    \tpassword")
            ),
        ),
        (
            "patch-with-an-integer-key",
            format!(
                "patches:\n- patch: |\n    {}\n",
                merge.replace(", stringData", ", 1: 2, stringData")
            ),
        ),
        (
            "patch-of-another-kind",
            format!(
                "patches:\n{target}patch: '{}'\n",
                merge.replace("kind: Secret", "kind: Other")
            ),
        ),
        (
            "patch-of-another-version",
            format!("patches:\n{target}patch: '{}'\n", merge.replace("v1", "v9")),
        ),
        (
            "patch-of-all",
            format!("patches:\n{target}patch: '[{{op: replace, path: \"\", value: {merge}}}]'\n"),
        ),
        (
            "patch-that-moves",
            format!(
                "patches:\n{target}patch: |-\n    - {}\n    - {{op: move, from: /x, path: /stringData}}\n",
                operation.replace("/stringData", "/x")
            ),
        ),
    ] {
        add(title, &[("kustomization.yaml", &text)]);
    }
    for (title, name, text) in [
        ("operations", "p.txt", format!("- {operation}\n")),
        ("operations", "p", format!("[{operation}]\n")),
        (
            "operations-directive",
            "p.yaml",
            format!("%YAML 1.1\n---\n- {operation}\n"),
        ),
        (
            "operations-tag",
            "p.yaml",
            format!("!!seq\n- {operation}\n"),
        ),
        (
            "operations-anchor",
            "p.yaml",
            format!("&a\n- {operation}\n"),
        ),
        (
            "operations-escape",
            "p.yaml",
            format!(
                "- {}\n",
                operation
                    .replace("op:", "\"\\x6fp\":")
                    .replace("path:", "\"p\\x61th\":")
            ),
        ),
        (
            "merge-escape",
            "p",
            merge.replace("kind:", "\"k\\u0069nd\":"),
        ),
        (
            "merge-of-another-kind",
            "p",
            merge.replace("kind: Secret", "kind: Other"),
        ),
        (
            "merge-of-another-kind",
            "p.yaml",
            merge.replace("kind: Secret", "kind: Other"),
        ),
    ] {
        let kustomization = format!("patches:\n{target}path: {name}\n");
        add(
            title,
            &[("kustomization.yaml", &kustomization), (name, &text)],
        );
    }
    for (title, key, text) in [
        ("plugin-file", "generators", &generators),
        ("transformer-file", "transformers", &transformer),
    ] {
        for name in ["p.yaml", "p.txt"] {
            add(
                title,
                &[
                    ("kustomization.yaml", &format!("{key}: [{name}]\n")),
                    (name, text),
                ],
            );
        }
    }
    add(
        "replacement-file",
        &[
            ("kustomization.yaml", "replacements: [{path: r.txt}]\n"),
            ("r.txt", &format!("- {replacement}")),
        ],
    );
    for (name, bytes) in encodings(&format!("secretGenerator:\n{generator}")) {
        all.push((
            name.to_owned(),
            vec![("kustomization.yaml".to_owned(), bytes)],
        ));
    }
    let directories = all.into_iter().enumerate();
    directories
        .map(|(number, (title, files))| {
            let files = files.into_iter();
            files
                .map(|(name, bytes)| Disguise {
                    path: format!("kustomize/{number:02}-{title}/{name}"),
                    bytes,
                })
                .collect()
        })
        .collect()
}
