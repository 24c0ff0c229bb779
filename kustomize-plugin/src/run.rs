//! Runs the function: a resource list in, a resource list out.

use sops_core::tree::Node;
use zeroize::Zeroizing;

use crate::config::FunctionConfig;
use crate::decrypt::decrypt;
use crate::decrypt::origin::ResourceOrigin;
use crate::function::Function;
use crate::generate::generate;
use crate::lint::lint;
use crate::problem::{Problem, ResourceRef};
use crate::report::FunctionReport;
use crate::resource_list::ResourceList;

/// The outcome of a run.
pub(crate) struct FunctionOutcome {
    /// The output list. On error, it is the input list, so that it contains nothing decrypted.
    pub(crate) output: Zeroizing<String>,
    pub(crate) report: FunctionReport,
}

/// Runs the function on a resource list.
pub(crate) fn run(mut function: Function, input: &[u8]) -> FunctionOutcome {
    let list = ResourceList::parse(input).and_then(|list| apply(&mut function, list));
    let mut list = list.unwrap_or_else(|problem| {
        function.report.fail(problem);
        // Input that cannot be parsed gives an empty list.
        ResourceList::parse(input).unwrap_or_default()
    });
    list.results.extend(function.report.results());
    FunctionOutcome {
        output: list.into_yaml(),
        report: function.report,
    }
}

fn apply(function: &mut Function, mut list: ResourceList) -> Result<ResourceList, Problem> {
    let config = match (&list.function_config, &list.items[..]) {
        (Some(config), _) => config.clone(),
        (None, [config]) => config.clone(),
        (None, _) => {
            return Err(Problem::new(
                "there is no configuration; expected `functionConfig` or a single item",
            ));
        }
    };
    let read = FunctionConfig::read(&config, &mut function.report);
    match read.map_err(|problem| in_file_of(&config, problem))? {
        FunctionConfig::Generate(generator) => {
            function.warn_of_placeholders();
            list.items.retain(|item| !is_own(item, &config));
            let generated = generate(function, &generator);
            let generated =
                generated.map_err(|problem| in_file_of(&config, problem.of_resource(&config)))?;
            list.items.extend(generated);
        }
        FunctionConfig::Decrypt(decryption) => {
            function.warn_of_placeholders();
            warn_without_resources(function, &config, &list.items);
            list.items = decrypt(function, &config, &decryption, list.items)?;
        }
        FunctionConfig::Lint(linting) => {
            warn_without_resources(function, &config, &list.items);
            lint(&mut function.report, &linting, &list.items)?;
        }
    }
    Ok(list)
}

/// Whether an item is the configuration itself, which kustomize gives to a generator.
fn is_own(item: &Node, config: &Node) -> bool {
    ResourceRef::of(item) == ResourceRef::of(config)
}

/// Warns if the only item is the configuration, as under `generators`, or in a kustomization
/// without resources (measured with kustomize 5.8.1).
fn warn_without_resources(function: &mut Function, config: &Node, items: &[Node]) {
    if !items.is_empty() && items.iter().all(|item| is_own(item, config)) {
        let problem = in_file_of(config, Problem::new(NO_RESOURCES).of_resource(config));
        function.report.warn(problem);
    }
}

const NO_RESOURCES: &str = "this function got no resources, so it does nothing; list it under `transformers`, in a kustomization with resources";

/// Adds the file of the configuration to a problem, if kustomize recorded that file.
fn in_file_of(config: &Node, problem: Problem) -> Problem {
    match ResourceOrigin::of(config).into_file() {
        Some(file) => problem.in_file(&file),
        None => problem,
    }
}
