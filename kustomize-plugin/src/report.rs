//! The output: messages on standard error, and `results` for programs.

use sops_core::tree::{Entry, Node};
use sops_printable::one_line;

use crate::problem::{Problem, ResourceRef};

/// The severity of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResultSeverity {
    Error,
    Warning,
}

impl ResultSeverity {
    /// The name in `results`.
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// The problems of a run.
#[derive(Debug, Default)]
pub(crate) struct FunctionReport {
    results: Vec<(ResultSeverity, Problem)>,
}

impl FunctionReport {
    pub(crate) fn warn(&mut self, problem: Problem) {
        self.add(ResultSeverity::Warning, problem);
    }

    pub(crate) fn fail(&mut self, problem: Problem) {
        self.add(ResultSeverity::Error, problem);
    }

    /// Adds a problem. The message may quote a misplaced private key, or text that controls a
    /// terminal.
    fn add(&mut self, severity: ResultSeverity, mut problem: Problem) {
        let make_safe = |text: &mut String| *text = one_line(text).into_owned();
        problem.message = without_error_numbers(&problem.message);
        make_safe(&mut problem.message);
        problem.file.as_mut().map(make_safe);
        problem.field.as_mut().map(make_safe);
        if let Some(resource) = problem.resource.as_deref_mut() {
            make_safe(&mut resource.name);
            make_safe(&mut resource.kind);
            make_safe(&mut resource.api_version);
            resource.namespace.as_mut().map(make_safe);
        }
        self.results.push((severity, problem));
    }

    pub(crate) fn has_error(&self) -> bool {
        self.results
            .iter()
            .any(|(severity, _)| *severity == ResultSeverity::Error)
    }

    /// The report with one line per result, safe to show on a terminal.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.results.iter().map(|(severity, problem)| {
            let mut line = severity.name().to_owned();
            let resource = problem.resource.as_deref().map(shown);
            let parts = [&resource, &problem.file, &problem.field];
            for part in parts.into_iter().flatten() {
                line.extend([": ", part]);
            }
            line.extend([": ", &problem.message]);
            line
        })
    }

    /// The items of `results`, as in the KRM function specification.
    pub(crate) fn results(&self) -> impl Iterator<Item = Node> {
        self.results.iter().map(|(severity, problem)| {
            let mut entries = vec![
                entry("message", problem.message.as_str().into()),
                entry("severity", severity.name().into()),
            ];
            if let Some(resource) = &problem.resource {
                entries.push(entry("resourceRef", reference(resource)));
            }
            if let Some(field) = &problem.field {
                let path = vec![entry("path", field.as_str().into())];
                entries.push(entry("field", Node::Mapping(path)));
            }
            if let Some(file) = &problem.file {
                let path = vec![entry("path", file.as_str().into())];
                entries.push(entry("file", Node::Mapping(path)));
            }
            Node::Mapping(entries)
        })
    }
}

fn entry(key: &str, value: Node) -> Entry {
    Entry {
        key: key.to_owned(),
        value,
    }
}

fn shown(resource: &ResourceRef) -> String {
    let ResourceRef {
        kind,
        namespace,
        name,
        ..
    } = resource;
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

fn reference(resource: &ResourceRef) -> Node {
    let mut entries = vec![
        entry("apiVersion", resource.api_version.as_str().into()),
        entry("kind", resource.kind.as_str().into()),
        entry("name", resource.name.as_str().into()),
    ];
    if let Some(namespace) = &resource.namespace {
        entries.push(entry("namespace", namespace.as_str().into()));
    }
    Node::Mapping(entries)
}

/// The text without the numbers of system errors, such as the end of `Permission denied (os error
/// 13)`.
pub(crate) fn without_error_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        out += digits.strip_prefix(')').unwrap_or(digits);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Sample, field, only};

    #[test]
    fn no_part_of_a_private_key_is_reported() {
        let sample = Sample::new();
        for config in [
            "apiVersion: AGE-SECRET-KEY-1HUNTER\nkind: AGE-SECRET-KEY-1HUNTER\n",
            "apiVersion: viaduct.ai/v1\nkind: ksops\nAGE-SECRET-KEY-1HUNTER: 1\nfiles: [AGE-SECRET-KEY-1HUNTER]\n",
        ] {
            let ran = sample.run(config, &[]);
            let lines = ran.lines.join("\n");
            assert!(lines.contains("AGE-SECRET-KEY-…"), "{lines}");
            let results = field(&only(&ran.output), "results").to_yaml();
            for text in [&*lines, &*results] {
                assert!(!text.contains("HUNTER"), "{text}");
            }
        }
    }

    #[test]
    fn untrusted_names_are_escaped_in_lines_and_results() {
        const HOSTILE: &str =
            "x\u{1b}[2K\u{9b}1A\nerror: forged\r\u{85}\u{2028}\u{202e}\u{2066}\u{200b}\u{feff}";
        let name = serde_json::to_string(HOSTILE).expect("the text is JSON");
        let name = sops_printable::escaped_json(&name);
        let sample = Sample::new();
        let generator =
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsGenerator\nmetadata:\n  name: ";
        let secret = sample.encrypt(
            "secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  b: s3cret-value\n",
        );
        let altered = secret
            .replacen(",data:", ",data:A", 1)
            .replace("name: a", &format!("name: {name}\n  namespace: {name}"))
            .replace("  b: ", &format!("  {name}: "));
        let decrypt = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmetadata:\n  name: a\n";
        for (config, items) in [
            (format!("{generator}{name}\nfiles: [{name}]\n"), vec![]),
            (
                format!("{generator}a\nfiles: [secret.yaml]\n{name}: 1\n"),
                vec![],
            ),
            (format!("{generator}a\nfiles: [{name}, a.yaml]\n"), vec![]),
            (format!("apiVersion: {name}\nkind: {name}\n"), vec![]),
            (decrypt.to_owned(), vec![&*altered]),
        ] {
            let ran = sample.run(&config, &items);
            assert!(ran.failed, "{config}");
            let results = field(&only(&ran.output), "results").to_yaml();
            for text in ran.lines.iter().map(String::as_str).chain([&**results]) {
                for character in HOSTILE.chars().filter(|character| *character != '\n') {
                    let is_safe = character.is_ascii_graphic() || character == ' ';
                    assert!(
                        is_safe || !text.contains(character),
                        "{character:?} in {text}"
                    );
                }
            }
            assert!(ran.lines.iter().all(|line| !line.contains('\n')));
            assert!(
                ran.lines.iter().any(|line| line.contains(r"x\u{1b}[2K")),
                "{:?}",
                ran.lines
            );
        }
    }

    #[test]
    fn system_errors_have_no_numbers() {
        for (text, expected) in [
            ("a: Permission denied (os error 13)", "a: Permission denied"),
            ("a (os error 2); b (os error -1): c", "a; b: c"),
            ("a: no number", "a: no number"),
        ] {
            assert_eq!(without_error_numbers(text), expected);
        }
        let sample = Sample::new();
        std::os::unix::fs::symlink("loop.yaml", sample.path("loop.yaml"))
            .expect("the path is writable");
        let config = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsGenerator\nmetadata:\n  name: a\nfiles: [loop.yaml]\n";
        assert_eq!(
            sample.run(config, &[]).error(),
            "SopsGenerator a: loop.yaml: the file cannot be read: Too many levels of symbolic links"
        );
    }

    #[test]
    fn a_line_names_resource_file_and_field() {
        let mut report = FunctionReport::default();
        let mut problem = Problem::new("it was altered")
            .in_file("a\u{1b}[31m.yaml")
            .at_field("data.b");
        problem.resource = Some(Box::new(ResourceRef {
            api_version: "v1".into(),
            kind: "Secret".into(),
            namespace: Some("n".into()),
            name: "a".into(),
        }));
        report.fail(problem);
        let lines: Vec<_> = report.lines().collect();
        assert_eq!(
            lines,
            ["error: Secret n/a: a\\u{1b}[31m.yaml: data.b: it was altered"]
        );
        assert!(report.has_error());
        let results = Node::Sequence(report.results().collect()).to_yaml();
        assert_eq!(
            *results,
            "- message: it was altered\n  severity: error\n  resourceRef:\n    apiVersion: v1\n    kind: Secret\n    \
             name: a\n    namespace: \"n\"\n  field:\n    path: data.b\n  file:\n    path: a\\u{1b}[31m.yaml\n"
        );
    }
}
