//! Lints the resources of a build without changing them.

use std::path::Path;

use sops_core::tree::Node;
use sops_lint::{Input, Linter, Severity};

use crate::config::Linting;
use crate::decrypt::origin::ResourceOrigin;
use crate::problem::Problem;
use crate::report::FunctionReport;

/// Reports the findings in the resources.
pub(crate) fn lint(
    report: &mut FunctionReport,
    linting: &Linting,
    resources: &[Node],
) -> Result<(), Problem> {
    let linter = Linter::new(linting.settings.clone())
        .map_err(|error| Problem::new(error.to_string()).at_field("settings"))?;
    for resource in resources {
        let file = ResourceOrigin::of(resource).into_file();
        let text = resource.to_yaml();
        let linted = linter.lint(&Input::new(
            file.as_deref().unwrap_or("resource.yaml"),
            Path::new("/resource.yaml"),
            text.as_bytes(),
        ));
        for finding in linted.findings {
            let rule = finding.rule;
            let mut message = format!("{} ({} {})", finding.message, rule.code, rule.name);
            if let Some(help) = &finding.help {
                message += &format!("; {help}");
            }
            let mut problem = Problem::new(message).of_resource(resource);
            if !finding.path.is_empty() {
                problem = problem.at_field(&finding.path.join("."));
            }
            if let Some(file) = &file {
                problem = problem.in_file(file);
            }
            match finding.severity {
                Severity::Error => report.fail(problem),
                Severity::Warning => report.warn(problem),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sample::{Sample, only};

    const CONFIG: &str =
        "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsLint\nmetadata:\n  name: lint\n";
    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: prod\n  annotations:\n    config.kubernetes.io/origin: |\n      \
                       path: web/pod.yaml\nspec:\n  containers:\n  - name: main\n    env:\n    - name: PASSWORD\n      value: s3cret-value\n";
    const MOUNT: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: main\n    volumeMounts:\n    - name: s\n      \
                         mountPath: /s\n  volumes:\n  - name: s\n    secret:\n      secretName: a\n";

    #[test]
    fn an_error_fails_the_build_and_names_file_and_field() {
        let ran = Sample::new().run(CONFIG, &[POD]);
        assert!(ran.failed);
        let start = "error: Pod prod/web: web/pod.yaml: spec.containers.[main].env.[PASSWORD].value: the environment variable `PASSWORD`";
        assert!(ran.lines[0].starts_with(start), "{:?}", ran.lines);
        assert!(ran.lines[0].contains("SL001"), "{:?}", ran.lines);
        assert!(!ran.lines.join("\n").contains("s3cret-value"));
        assert!(ran.output.contains("severity: error"), "{}", ran.output);
    }

    #[test]
    fn a_warning_is_reported_and_the_resources_are_unchanged() {
        let ran = Sample::new().run(CONFIG, &[MOUNT]);
        assert_eq!(ran.resources(), [only(MOUNT)]);
        assert!(
            ran.lines[0].starts_with("warning: Pod a: "),
            "{:?}",
            ran.lines
        );
        let quiet = format!("{CONFIG}settings:\n  ignore: [SL007]\n");
        assert_eq!(Sample::new().run(&quiet, &[MOUNT]).quiet(), [only(MOUNT)]);
    }

    #[test]
    fn unknown_settings_are_errors() {
        for wrong in [
            "settings: {slect: []}\n",
            "settings: {select: [SL999]}\n",
            "other: 1\n",
        ] {
            let ran = Sample::new().run(&format!("{CONFIG}{wrong}"), &[MOUNT]);
            assert!(ran.failed, "{wrong}");
        }
    }
}
