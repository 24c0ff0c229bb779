//! Runs the function: a resource list in, a resource list out.

use zeroize::Zeroizing;

use crate::config::FunctionConfig;
use crate::decrypt::decrypt;
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
        // If the configuration is valid, it has been read before.
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
    match FunctionConfig::read(&config, &mut function.report)? {
        FunctionConfig::Generate(generator) => {
            function.warn_of_placeholders();
            // kustomize gives a generator its own configuration as an item.
            let own = ResourceRef::of(&config);
            list.items.retain(|item| ResourceRef::of(item) != own);
            let generated = generate(function, &generator);
            list.items
                .extend(generated.map_err(|problem| problem.of_resource(&config))?);
        }
        FunctionConfig::Decrypt(decryption) => {
            function.warn_of_placeholders();
            list.items = decrypt(function, &config, &decryption, list.items)?;
        }
        FunctionConfig::Lint(linting) => lint(&mut function.report, &linting, &list.items)?,
    }
    Ok(list)
}
