//! The sources of a set of identities, which are loaded when they are first needed.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::prompt::{NoPrompt, Prompt};

use super::source::{KeySource, SourceContent};

/// The sources from the caller and from the environment, and what is needed to use them.
pub(super) struct SourceList {
    given: Vec<Arc<KeySource>>,
    environment: Option<LazySources>,
    prompt: Arc<dyn Prompt>,
    /// The complaints of plugins.
    complaints: Mutex<Vec<String>>,
}

type Load = Box<dyn FnOnce() -> Vec<Arc<KeySource>> + Send>;

/// Sources that are loaded when they are first needed. A `LazyLock` can report whether it has been
/// loaded only from Rust 1.94 on.
struct LazySources {
    load: Mutex<Option<Load>>,
    loaded: OnceLock<Vec<Arc<KeySource>>>,
}

impl LazySources {
    fn get(&self) -> &[Arc<KeySource>] {
        self.loaded.get_or_init(|| {
            let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
            let load = load.take();
            load.expect("the sources are loaded once, unless that panics")()
        })
    }
}

impl Default for SourceList {
    fn default() -> Self {
        Self {
            given: Vec::new(),
            environment: None,
            prompt: Arc::new(NoPrompt),
            complaints: Mutex::default(),
        }
    }
}

impl SourceList {
    /// A list that `load` fills when it is first needed.
    pub(super) fn lazy(load: impl FnOnce() -> Vec<KeySource> + Send + 'static) -> Self {
        let load = move || load().into_iter().map(Arc::new).collect();
        Self {
            environment: Some(LazySources {
                load: Mutex::new(Some(Box::new(load))),
                loaded: OnceLock::new(),
            }),
            ..Self::default()
        }
    }

    pub(super) fn set_prompt(&mut self, prompt: Arc<dyn Prompt>) {
        self.prompt = prompt;
    }

    pub(super) fn prompt(&self) -> &Arc<dyn Prompt> {
        &self.prompt
    }

    pub(super) fn add(&mut self, name: &str, content: SourceContent) {
        self.given.push(Arc::new(KeySource::new(name, content)));
    }

    /// Whether the sources of the environment have been loaded, or do not exist.
    pub(super) fn are_loaded(&self) -> bool {
        let environment = self.environment.as_ref();
        environment.is_none_or(|sources| sources.loaded.get().is_some())
    }

    /// All sources in order, each command followed by its outputs.
    pub(super) fn all(&self) -> Vec<Arc<KeySource>> {
        let environment = self.environment.iter().flat_map(LazySources::get);
        let mut all = Vec::new();
        for source in self.given.iter().chain(environment) {
            all.push(Arc::clone(source));
            if let SourceContent::Command(command) = &source.content {
                all.extend(command.outputs());
            }
        }
        all
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.lock_complaints().clone()
    }

    /// Records a complaint of a plugin, once.
    #[cfg(feature = "plugin")]
    pub(super) fn complain(&self, complaint: String) {
        let mut complaints = self.lock_complaints();
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }

    fn lock_complaints(&self) -> MutexGuard<'_, Vec<String>> {
        // A panic while they were locked left no partial state.
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
