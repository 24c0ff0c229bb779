//! Equal errors of many files, which are reported once.

use super::error::CommandError;
use super::names::files_named;

impl CommandError {
    /// The errors in order, with equal errors joined: one report for the first file, and a
    /// note with the other files.
    pub(crate) fn without_repetition(errors: Vec<Self>) -> Vec<Self> {
        let mut kinds: Vec<(Self, Vec<String>)> = Vec::new();
        for error in errors {
            let name = error.pointer.as_ref().map(|pointer| pointer.name.clone());
            let known = kinds
                .iter_mut()
                .find(|(first, _)| name.is_some() && first.says_the_same(&error));
            match (known, name) {
                // Several files may have an error in the same configuration.
                (Some((first, names)), Some(name)) => {
                    let is_first = first.pointer.as_ref().is_some_and(|at| at.name == name);
                    if !is_first && !names.contains(&name) {
                        names.push(name);
                    }
                }
                _ => kinds.push((error, Vec::new())),
            }
        }
        kinds
            .into_iter()
            .map(|(error, names)| match names.len() {
                0 => error,
                1 => error.note(&format!("1 more file: {}", names[0])),
                count => error.note(&format!("{count} more files: {}", files_named(&names))),
            })
            .collect()
    }

    /// Whether only the file and the location in it differ.
    fn says_the_same(&self, other: &Self) -> bool {
        self.pointer.is_some()
            && self.code == other.code
            && self.message == other.message
            && self.hints == other.hints
    }
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    #[test]
    fn equal_errors_are_reported_once_with_the_names_of_the_other_files() {
        let error = |message: &str, name: &str| {
            CommandError::new(Code::Generic, message)
                .hint("try again")
                .in_file(name)
        };
        let errors = vec![
            error("no key", "a"),
            error("bad file", "b"),
            error("no key", "c"),
            error("no key", "d"),
            CommandError::new(Code::Generic, "no file"),
            CommandError::new(Code::Generic, "no file"),
        ];
        let renderer = annotate_snippets::Renderer::plain();
        let reports: Vec<String> = CommandError::without_repetition(errors)
            .iter()
            .filter_map(|error| error.render(&renderer, None))
            .collect();
        assert_eq!(
            reports,
            [
                "error: no key\n--> a\n = note: 2 more files: c, d\n = help: try again",
                "error: bad file\n--> b\n = help: try again",
                "error: no file",
                "error: no file",
            ]
        );
    }

    #[test]
    fn a_file_is_named_once() {
        let errors = ["a", "a", "b", "b"]
            .map(|name| CommandError::new(Code::Generic, "no rules").in_file(name));
        let errors = CommandError::without_repetition(errors.into());
        let report = errors[0].render(&annotate_snippets::Renderer::plain(), None);
        assert_eq!(errors.len(), 1);
        assert_eq!(
            report.as_deref(),
            Some("error: no rules\n--> a\n = note: 1 more file: b")
        );
    }

    #[test]
    fn many_equal_errors_are_counted() {
        let errors = (0..50).map(|number| {
            CommandError::new(Code::Generic, "no key").in_file(&format!("{number}.yaml"))
        });
        let errors = CommandError::without_repetition(errors.collect());
        let report = errors[0].render(&annotate_snippets::Renderer::plain(), None);
        assert_eq!(errors.len(), 1);
        assert!(report.is_some_and(|report| report.contains("49 more files: 1.yaml, 2.yaml")));
    }
}
