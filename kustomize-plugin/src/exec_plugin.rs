//! The older way in which kustomize starts a generator: as an exec plugin, with the name of its
//! configuration file. The generated resources are the output. ksops calls it the legacy form.

use std::path::Path;

use sops_core::reading::{self, FileKind};
use sops_core::tree::Node;
use zeroize::Zeroizing;

use crate::config::FunctionConfig;
use crate::function::Function;
use crate::generate::generate;
use crate::problem::Problem;
use crate::run::FunctionOutcome;

/// Generates the resources that the configuration in `file` requests. On error, the output is
/// empty.
pub(crate) fn run(mut function: Function, file: &Path) -> FunctionOutcome {
    let output = resources(&mut function, file).unwrap_or_else(|problem| {
        function.report.fail(problem);
        Zeroizing::default()
    });
    FunctionOutcome {
        output,
        report: function.report,
    }
}

fn resources(function: &mut Function, file: &Path) -> Result<Zeroizing<String>, Problem> {
    let in_file = |problem: Problem| problem.in_file(&file.display().to_string());
    let text = reading::read_config(file, FileKind::Any)
        .map_err(|error| in_file(Problem::new(format!("the file cannot be read: {error}"))))?;
    let text = str::from_utf8(&text).map_err(|_| in_file(Problem::new("it is not UTF-8 text")))?;
    let documents = Node::from_yaml(text).map_err(|error| in_file(error.into()))?;
    let [config] = <[Node; 1]>::try_from(documents)
        .map_err(|_| in_file(Problem::new("a configuration must be a single document")))?;
    let FunctionConfig::Generate(generator) = FunctionConfig::read(&config, &mut function.report)?
    else {
        let message = "an exec plugin only generates; this kind is a KRM function, which kustomize starts with `--enable-exec`";
        return Err(Problem::new(message).of_resource(&config));
    };
    function.warn_of_placeholders();
    let generated =
        generate(function, &generator).map_err(|problem| problem.of_resource(&config))?;
    let mut output = Zeroizing::new(String::new());
    for resource in generated {
        if !output.is_empty() {
            output.push_str("---\n");
        }
        output.push_str(&resource.to_yaml());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use crate::sample::{SECRET, Sample, only};

    const KSOPS: &str = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: g\n";

    #[test]
    fn the_resources_of_a_configuration_file_are_the_output() {
        let sample = Sample::new();
        let manifest = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: {SECRET}\n"
        );
        sample.encrypt("a.yaml", &manifest);
        sample.encrypt("b.yaml", &manifest.replace("name: a", "name: b"));
        sample.write("c.yaml", format!("{KSOPS}files:\n- ./a.yaml\n- b.yaml\n"));
        let ran = sample.run_plugin("c.yaml");
        assert!(!ran.failed && ran.lines.is_empty(), "{:?}", ran.lines);
        let (first, second) = ran
            .output
            .split_once("---\n")
            .expect("the output has two items");
        assert_eq!(only(first), only(&manifest));
        assert_eq!(only(second), only(&manifest.replace("name: a", "name: b")));
        for (config, message) in [
            (
                format!("{KSOPS}files: [none.yaml]\n"),
                "error: ksops g: none.yaml: there is no such file",
            ),
            (
                KSOPS.replace("ksops", "SopsLint"),
                "use krm.sops-rs/v1alpha1",
            ),
            (
                "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmetadata: {name: d}\n"
                    .to_owned(),
                "error: SopsDecrypt d: an exec plugin only generates",
            ),
            (
                format!("{KSOPS}---\n{KSOPS}"),
                "a configuration must be a single document",
            ),
            ("a: [".to_owned(), "c.yaml"),
        ] {
            sample.write("c.yaml", &config);
            let ran = sample.run_plugin("c.yaml");
            assert!(ran.failed && ran.output.is_empty(), "{config}");
            assert!(ran.lines[0].contains(message), "{:?}", ran.lines);
        }
        let ran = sample.run_plugin("missing.yaml");
        assert!(
            ran.failed && ran.lines[0].contains("missing.yaml"),
            "{:?}",
            ran.lines
        );
    }
}
