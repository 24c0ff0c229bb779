//! One run of the function: a resource list in, a resource list out.

use std::io;
use std::path::Path;

use sops_core::keys::{Environment, KeyService, KeyServices};
use sops_core::tree::Node;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::decrypt::decrypt;
use crate::generate::generate;
use crate::keys::Keys;
use crate::lint::lint;
use crate::problem::{Problem, ResourceRef};
use crate::report::Report;
use crate::resource_list::ResourceList;
use crate::workspace::Workspace;

/// What a run has to do with.
pub(crate) struct Function {
    pub(crate) workspace: Workspace,
    pub(crate) keys: Keys,
    pub(crate) report: Report,
}

/// What came out of it.
pub(crate) struct Outcome {
    /// A resource list: with an error the one that came in, so that nothing decrypted is in it.
    pub(crate) output: Zeroizing<String>,
    pub(crate) report: Report,
}

impl Function {
    /// In the working folder, with the keys that `sops` would use.
    pub(crate) fn of_process() -> io::Result<Self> {
        let services = KeyServices::local(Environment::process());
        Self::new(Path::new("."), Box::new(services))
    }

    pub(crate) fn new(folder: &Path, service: Box<dyn KeyService>) -> io::Result<Self> {
        Ok(Self {
            workspace: Workspace::new(folder)?,
            keys: Keys::new(service),
            report: Report::default(),
        })
    }

    pub(crate) fn run(mut self, input: &[u8]) -> Outcome {
        let list = ResourceList::parse(input).and_then(|list| self.apply(list));
        let mut list = list.unwrap_or_else(|problem| {
            self.report.fail(problem);
            // It has been read before, if it can be read at all.
            ResourceList::parse(input).unwrap_or_default()
        });
        list.results.extend(self.report.results());
        Outcome {
            output: list.into_yaml(),
            report: self.report,
        }
    }

    fn apply(&mut self, mut list: ResourceList) -> Result<ResourceList, Problem> {
        let config = match (&list.function_config, &list.items[..]) {
            (Some(config), _) => config.clone(),
            (None, [config]) => config.clone(),
            (None, _) => {
                return Err(Problem::new(
                    "there is no configuration: neither `functionConfig` nor a single item",
                ));
            }
        };
        match Config::read(&config, &mut self.report)? {
            Config::Generate(generator) => {
                // kustomize gives a generator its own configuration as an item.
                let own = ResourceRef::of(&config);
                list.items.retain(|item| ResourceRef::of(item) != own);
                let generated = generate(self, &generator);
                list.items
                    .extend(generated.map_err(|problem| problem.of_resource(&config))?);
            }
            Config::Decrypt(decryption) => {
                list.items = decrypt(self, &config, &decryption, list.items)?;
            }
            Config::Lint(linting) => lint(&mut self.report, &linting, &list.items)?,
        }
        Ok(list)
    }
}

/// The text of an annotation.
pub(crate) fn annotation<'n>(resource: &'n Node, name: &str) -> Option<&'n str> {
    resource
        .get("metadata")?
        .get("annotations")?
        .get(name)?
        .as_str()
}
