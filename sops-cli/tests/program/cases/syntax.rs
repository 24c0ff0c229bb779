//! Mistakes that people make in YAML and JSON.

use super::{Case, json, yaml};

pub(crate) fn mistakes() -> Vec<Case> {
    let yaml = |name, text: &str| yaml(name, text, 2);
    let json = |name, text: &str| json(name, text, 2);
    vec![
        yaml("a tab before a later key", "a:\n  b: hunter2\n\tc: 1\n"),
        yaml("no colon after a key", "a: hunter2\nhunter2\nb: 1\n"),
        yaml("no space after the first colon", "a:hunter2\nb: 1\n"),
        yaml("no space after the only colon", "a:hunter2\n"),
        yaml("a single quote that is never closed", "a: 'hunter2\nb: 1\n"),
        yaml("a quote in single quotes", "a: 'hunter's'\n"),
        yaml("text after double quotes", "a: \"hunter2\" hunter2\n"),
        yaml("a brace that is never closed", "a: {b: hunter2\nc: 1\n"),
        yaml("a bracket that is never closed", "a: [hunter2\n"),
        yaml("an extra bracket", "a: ]hunter2\n"),
        yaml("a bracket closed by a brace", "a: [hunter2}\n"),
        yaml("an extra comma in braces", "a: {b: hunter2,, c: 1}\n"),
        yaml("a key indented too little", "a:\n    b: hunter2\n  c: 1\n"),
        yaml("a key indented too far", "a:\n  b: hunter2\n   c: 1\n"),
        yaml(
            "a list item indented too far",
            "a:\n  - b: hunter2\n    - c\n",
        ),
        yaml("an alias without a name", "a: * hunter2\n"),
        yaml("a leading percent sign", "a: %hunter2\n"),
        yaml("a leading at sign", "a: @hunter2\n"),
        yaml("a leading backtick", "a: `hunter2`\n"),
        yaml("a backslash in double quotes", "a: \"hunter2\\d\"\n"),
        yaml("a list after its key", "a: - hunter2\n"),
        yaml(
            "text after a block scalar's indicator",
            "a: |hunter2\n  b\n",
        ),
        yaml("a template", "a: {{ .Values.hunter2 }}\n"),
        yaml(
            "conflict markers",
            "<<<<<<< HEAD\na: hunter2\n=======\na: 2\n>>>>>>> x\n",
        ),
        json("a comma after the last item", "{\"a\": [\"hunter2\",]}"),
        json("single quotes around a key", "{'a': \"hunter2\"}"),
        json("single quotes around a value", "{\"a\": 'hunter2'}"),
        json(
            "a comment at the end of a line",
            "{\n  \"a\": 1, // hunter2\n  \"b\": 2\n}",
        ),
        json("a comment before the object", "// hunter2\n{\"a\": 1}"),
        json("a comment after a value", "{\"a\": 1 /* hunter2 */}"),
        json("a comment after the object", "{\"a\": 1}\n# hunter2\n"),
        json("a key without quotes", "{a: \"hunter2\"}"),
        json(
            "no comma between members",
            "{\n  \"a\": \"hunter2\"\n  \"b\": 1\n}",
        ),
        json("no comma between items", "{\"a\": [\"hunter2\" 1]}"),
        json("no colon after the key", "{\"a\" \"hunter2\"}"),
        json("no value", "{\"a\": , \"b\": \"hunter2\"}"),
        json(
            "a keyword of another language",
            "{\"a\": True, \"b\": \"hunter2\"}",
        ),
        json("a truncated word", "{\"a\": tru, \"b\": \"hunter2\"}"),
        json("a line break in a string", "{\"a\": \"hunter2\n\"}"),
        json("a backslash in a string", "{\"a\": \"hunter2\\d\"}"),
        json(
            "half of a surrogate pair",
            "{\"a\": \"hunter2\\ud800\\u0020\"}",
        ),
        json(
            "half of a surrogate pair at the end",
            "{\"a\": \"hunter2\\u0000\\ud800\"}",
        ),
        json(
            "the second half of a surrogate pair",
            "{\"a\": \"hunter2\", \"\\udc00\": 1}",
        ),
        json(
            "half of a surrogate pair, twice",
            "{\"a\": [\"hunter2\", \"\\ud83d\\ude00\\ud800\\ud800\\n\"]}",
        ),
        json(
            "a number with a leading zero",
            "{\"a\": 012, \"b\": \"hunter2\"}",
        ),
        json(
            "a number without a leading digit",
            "{\"a\": .5, \"b\": \"hunter2\"}",
        ),
        json("a list that ends in the middle", "{\"a\": [\"hunter2\""),
        json(
            "a brace closed by a bracket",
            "{\"a\": {\"b\": \"hunter2\"]}",
        ),
        json("an extra bracket in JSON", "{\"a\": \"hunter2\"}}"),
        json("YAML in a JSON file", "a: hunter2\n"),
    ]
}
