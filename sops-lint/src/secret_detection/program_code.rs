//! Recognizes the source code of programs, in which a value without quotes is an expression.

use std::sync::LazyLock;

use regex::Regex;

use super::found::FoundSecret;
use super::judge::is_constant;
use super::likeness::Likeness;

/// The extensions of source code.
const EXTENSIONS: [&str; 15] = [
    "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rb", "php", "go", "rs", "java", "kt", "groovy",
    "html",
];

/// Removes the expressions of a program, such as `token` in `login(password=token)`, from what
/// looks like secrets. `is_document` says whether a position belongs to a YAML or JSON document.
pub(super) fn without_expressions(
    name: &str,
    text: &str,
    secrets: &mut Vec<FoundSecret>,
    is_document: impl Fn(&FoundSecret) -> bool,
) {
    let is_named = |secret: &FoundSecret| matches!(secret.likeness, Likeness::Name(_));
    if !secrets.iter().any(is_named) || !is_code(name, text) {
        return;
    }
    secrets.retain(|secret| {
        let (before, value) = text.split_at(secret.range.start);
        !is_named(secret) || is_document(secret) || !is_expression(before, value)
    });
}

/// Whether `text` is or contains program code in a language other than shell.
fn is_code(name: &str, text: &str) -> bool {
    static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
        let statement = concat!(
            r"(?m)^[ \t]*(?:import [\w.{*]|from [\w.]+ import |def \w+\(|class \w+[(:]|",
            r"(?:export )?(?:default )?(?:async )?function\b[^\n]*\{[ \t]*$|",
            r"(?:const|let|var) [\w{\[][^\n=]*=|package \w+;?$|<script\b)",
        );
        Regex::new(statement).expect("the expression is valid")
    });
    let first = text.trim_start().lines().next().unwrap_or_default();
    if let Some(interpreter) = first.strip_prefix("#!") {
        return ["python", "node", "deno", "ruby", "perl", "php"]
            .iter()
            .any(|program| interpreter.contains(program));
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) || STATEMENT.is_match(text)
}

/// Whether a program assigns an expression to a name: the text up to its value, and from its value
/// on.
fn is_expression(before: &str, value: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let value = value.lines().next().unwrap_or_default();
    let assigned = line.trim_end();
    let Some(name) = assigned.strip_suffix([':', '=']) else {
        return false;
    };
    let name = name.trim_end_matches(':').trim_end();
    let is_quoted = name.ends_with(['"', '\'']);
    let name = name.trim_end_matches(['"', '\'', ']']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_$.-".contains(c);
    let name = &name[name.trim_end_matches(is_part).len()..];
    // A shell assigns without spaces, and a flag is an argument.
    let is_shell = is_constant(name) && assigned.len() == line.len();
    if name.is_empty() || name.starts_with('-') || is_shell {
        return false;
    }
    let prefix = value.trim_start_matches(['f', 'r', 'b', 'u']);
    if prefix.starts_with("'''") || prefix.starts_with("\"\"\"") {
        return true;
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.$?!".contains(c);
    let rest = value.trim_start_matches(is_name);
    let head = &value[..value.len() - rest.len()];
    let begins = head.starts_with(|c: char| c.is_ascii_alphabetic() || "_$".contains(c));
    let is_computed = rest.starts_with(['(', '[']) || head.contains('.');
    let is_plain = !head.contains(|c: char| c.is_ascii_digit());
    let ends = rest.is_empty() || rest.starts_with([',', ')', '}', ';', ' ', ']']);
    // YAML in a string of the program has lines such as `password: hunter`.
    let is_in_code =
        assigned.ends_with('=') || is_quoted || rest.starts_with([',', ')', '}', ';', ' ']);
    begins && (is_computed || is_plain && ends && is_in_code)
}

#[cfg(test)]
mod tests {
    use super::super::text::{in_script, in_text};

    fn names(name: &str, text: &str) -> Vec<String> {
        let secrets = in_text(name, text).into_iter();
        secrets
            .map(|secret| text[secret.range].to_owned())
            .collect()
    }

    #[test]
    fn an_expression_of_a_program_is_not_a_secret() {
        for (name, text) in [
            ("a.py", "client = Client(url=url, api_key=api_key)\n"),
            ("a.py", "client = Client(\n    api_key=API_KEY,\n)\n"),
            ("a.py", "import os\nfound_token = token_data\n"),
            (
                "a",
                "import os\ntoken = Token.objects.create(\n    user=user)\n",
            ),
            (
                "a",
                "def f():\n    return {'token': token_key,\n  'secret_token': token_key}\n",
            ),
            (
                "a",
                "from x import Gauge\ntoken_errors_seen = Gauge(\n  'x')\n",
            ),
            (
                "a",
                "import os\nh = {'Authorization': f'Bearer {config.token}'}\n",
            ),
            (
                "a",
                "import os\nsecret_yaml = f'''apiVersion: v1\nkind: Secret\n'''\n",
            ),
            (
                "a.js",
                "const r = await fetch(url, { credentials: 'same-origin' });\n",
            ),
            (
                "a.js",
                "import x from 'y';\nconst h = {'X-Csrf-Token': csrf };\n",
            ),
            (
                "a.ts",
                "hosts.push({\n  username: user,\n  password: harborToken,\n});\n",
            ),
            ("a.html", "<script>\nstate.token = cand;\n</script>\n"),
        ] {
            assert_eq!(names(name, text), [""; 0], "{text}");
            // Other strings need a name that says what they are.
            if name == "a" {
                assert_eq!(in_script(text), [], "{text}");
            }
        }
    }

    #[test]
    fn a_secret_in_a_program_is_found() {
        for (name, text) in [
            ("a.py", "client = Client(url=url, api_key='hunter2')\n"),
            ("a.py", "import os\npassword = \"hunter2\"\n"),
            ("a", "def f():\n    return {'token': 'hunter2'}\n"),
            ("a.js", "const password = 'hunter2';\n"),
            (
                "a.sh",
                "#!/bin/sh\nexport DB_PASSWORD=hunter2\npython - <<E\nimport os\nE\n",
            ),
            (
                "a",
                "export DB_PASSWORD=hunter2\npython - <<E\nimport os\nE\n",
            ),
            // A document may have a program in it.
            (
                "a.yaml",
                "password: hunter2\nscript: |\n  import os\n  x = y\n",
            ),
        ] {
            assert_eq!(names(name, text), ["hunter2"], "{text}");
        }
    }
}
