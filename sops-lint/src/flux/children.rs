//! The Kustomizations that another one builds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Value, json};

/// A Kustomization in a file: the file, and its number there.
pub(super) type Id<'t> = (&'t Path, usize);

/// The fields of a `spec` that change the objects of a build.
const CHANGES: [&str; 4] = [
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "targetNamespace",
];

/// The facts that determine the children of a Kustomization: the directory, its components, and the
/// changes of its `spec` as JSON.
pub(super) type ChildrenKey = (PathBuf, Vec<PathBuf>, String);

pub(super) fn children_key(path: PathBuf, components: Vec<PathBuf>, spec: &Value) -> ChildrenKey {
    let changes = json!(CHANGES.map(|field| spec.get(field)));
    (path, components, changes.to_string())
}

/// The children of all Kustomizations with the same [`ChildrenKey`], each as its parent patches it.
#[derive(Debug)]
pub(super) struct Children<'t> {
    all: Vec<(Id<'t>, Rc<Value>)>,
    numbers: HashMap<Id<'t>, usize>,
}

impl<'t> Children<'t> {
    pub(super) fn new(all: Vec<(Id<'t>, Rc<Value>)>) -> Self {
        let numbers = all.iter().enumerate();
        Self {
            numbers: numbers.map(|(number, (id, _))| (*id, number)).collect(),
            all,
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = Id<'t>> {
        self.all.iter().map(|(id, _)| *id)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn form_of(&self, id: Id<'t>) -> Option<&Rc<Value>> {
        self.numbers.get(&id).map(|number| &self.all[*number].1)
    }
}

/// Children that are still to be followed, each once for all parents that share them.
#[derive(Default)]
pub(super) struct Pending<'t> {
    open: Vec<(Id<'t>, Rc<Value>)>,
    /// The lists that were added, by their addresses, with the parent that was left out.
    followed: HashMap<*const Children<'t>, Option<Id<'t>>>,
    /// The same lists, kept so that their addresses are not reused.
    lists: Vec<Rc<Children<'t>>>,
}

impl<'t> Pending<'t> {
    pub(super) fn add(&mut self, id: Id<'t>, form: Rc<Value>) {
        self.open.push((id, form));
    }

    pub(super) fn next(&mut self) -> Option<(Id<'t>, Rc<Value>)> {
        self.open.pop()
    }

    /// Adds the children of a Kustomization, without itself.
    pub(super) fn add_children(&mut self, parent: Id<'t>, children: &Rc<Children<'t>>) {
        let address = Rc::as_ptr(children);
        match self.followed.get(&address).copied() {
            None => {
                self.followed.insert(address, Some(parent));
                self.lists.push(Rc::clone(children));
                let others = children.all.iter().filter(|(id, _)| *id != parent);
                self.open.extend(others.cloned());
            }
            // Only the first parent was left out.
            Some(Some(first)) if first != parent => {
                self.followed.insert(address, None);
                let form = children.form_of(first);
                self.open.extend(form.map(|form| (first, Rc::clone(form))));
            }
            Some(_) => {}
        }
    }
}
