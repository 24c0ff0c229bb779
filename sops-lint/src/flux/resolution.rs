//! Resolves the Kustomizations that Flux applies, from the parents to their children.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::applied::{Applied, AppliedKustomization};
use super::budget::Budget;
use super::build::Build;
use super::children::{Children, ChildrenKey, Id, Pending, children_key};
use super::json_value::{items, text};
use super::patch::Patch;
use super::paths::{clean, path_of};
use super::source::SourceOrigin;
use super::tree::FluxTree;

/// How many steps all builds of a repository may take. Kustomizations that build each other's
/// directories in different ways would take a step for each pair.
const STEPS: usize = 2_000_000;

/// The maximum number of forms of one Kustomization: each parent may patch it differently.
const MAX_FORMS: usize = 8;

impl FluxTree {
    /// The Kustomizations that Flux applies, patched, in the order of the files, with those of the
    /// cluster last.
    pub fn applied(&self) -> Applied<'_> {
        self.applied_within(Budget::new(STEPS))
    }

    fn applied_within(&self, budget: Budget) -> Applied<'_> {
        let mut resolution = Resolution {
            tree: self,
            budget: Rc::new(budget),
            builds: HashMap::new(),
            children: HashMap::new(),
            pending: Pending::default(),
            forms: BTreeMap::new(),
        };
        resolution.resolve();
        let mut applied = Vec::new();
        for ((file, number), forms) in std::mem::take(&mut resolution.forms) {
            for form in forms {
                let (_, site) = self.files[file].kustomizations[number];
                let form = Rc::unwrap_or_clone(form);
                applied.push(resolution.applied(Some((file, site)), form));
            }
        }
        applied.extend(
            self.live
                .iter()
                .map(|live| resolution.applied(None, live.clone())),
        );
        Applied {
            kustomizations: applied,
            budget: resolution.budget,
        }
    }
}

/// The build of a directory with components.
type BuildKey = (PathBuf, Vec<PathBuf>);

/// Follows the Kustomizations from the parents to what they build.
struct Resolution<'t> {
    tree: &'t FluxTree,
    budget: Rc<Budget>,
    builds: HashMap<BuildKey, Rc<Build<'t>>>,
    children: HashMap<ChildrenKey, Rc<Children<'t>>>,
    pending: Pending<'t>,
    /// The forms in which each Kustomization is applied.
    forms: BTreeMap<Id<'t>, Vec<Rc<Value>>>,
}

impl<'t> Resolution<'t> {
    fn resolve(&mut self) {
        let tree = self.tree;
        let patch_files = tree.patch_files();
        let written: BTreeMap<Id<'t>, &Value> = tree
            .files
            .iter()
            .filter(|(path, _)| !patch_files.contains(*path))
            .flat_map(|(path, facts)| {
                let numbered = facts.kustomizations.iter().enumerate();
                numbered.map(move |(number, (kustomization, _))| {
                    ((path.as_path(), number), kustomization)
                })
            })
            .collect();
        let (has_parent, child_counts) = self.parents(&written);
        let roots: BTreeSet<_> = written
            .keys()
            .filter(|id| !has_parent.contains(*id))
            .copied()
            .collect();
        let outer = self.forms_in_kustomizations(&roots);
        for id in roots {
            match outer.get(&id) {
                Some(forms) => forms.iter().for_each(|form| self.follow(id, form.clone())),
                None if self.is_left_out(id, written[&id]) => {}
                None => self.follow(id, written[&id].clone()),
            }
        }
        // Kustomizations that build each other have no root. The one that the bootstrap applies
        // comes first, or else the one that builds most.
        let mut rest: Vec<_> = has_parent
            .into_iter()
            .filter(|id| written.contains_key(id))
            .collect();
        rest.sort_by_key(|id| {
            (
                !tree.sources.is_bootstrap_kustomization(written[id]),
                Reverse(child_counts[id]),
                *id,
            )
        });
        for id in rest {
            if !self.forms.contains_key(&id) {
                self.follow(id, written[&id].clone());
                if let Some(forms) = self.forms.get_mut(&id).filter(|forms| forms.len() > 1) {
                    // The Kustomization was already patched in the cycle.
                    forms.remove(0);
                }
            }
        }
    }

    /// The Kustomizations that another one builds, and how many others each one builds.
    fn parents(
        &mut self,
        written: &BTreeMap<Id<'t>, &Value>,
    ) -> (BTreeSet<Id<'t>>, BTreeMap<Id<'t>, usize>) {
        let mut has_parent = BTreeSet::new();
        let mut child_counts = BTreeMap::new();
        let mut parents: HashMap<*const Children<'t>, Vec<Id<'t>>> = HashMap::new();
        let mut lists = Vec::new();
        for (id, kustomization) in written {
            let Some(children) = self.children(kustomization) else {
                child_counts.insert(*id, 0);
                continue;
            };
            let is_own = children.form_of(*id).is_some();
            child_counts.insert(*id, children.len() - usize::from(is_own));
            parents.entry(Rc::as_ptr(&children)).or_default().push(*id);
            lists.push(children);
        }
        for children in lists {
            // Kustomizations that share the list are followed together.
            let parents = parents.remove(&Rc::as_ptr(&children)).unwrap_or_default();
            match parents[..] {
                [] => {}
                [only] => has_parent.extend(children.ids().filter(|child| *child != only)),
                _ => has_parent.extend(children.ids()),
            }
        }
        (has_parent, child_counts)
    }

    /// Whether the kustomization above the file of a Kustomization does not list it, so that
    /// nothing applies it.
    fn is_left_out(&self, (file, _): Id<'t>, kustomization: &Value) -> bool {
        let above = self.tree.kustomization_above(file);
        // The Kustomization next to a kustomization may build it.
        above
            .is_some_and(|directory| path_of(self.tree.root(), &kustomization["spec"]) != directory)
    }

    /// The root Kustomizations as the outermost kustomizations patch them: `kubectl apply -k` may
    /// have applied those, but not one that the kustomization above leaves out.
    fn forms_in_kustomizations(
        &mut self,
        roots: &BTreeSet<Id<'t>>,
    ) -> BTreeMap<Id<'t>, Vec<Value>> {
        let tree = self.tree;
        let mut forms: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        if roots.is_empty() {
            return forms;
        }
        let inner: BTreeSet<PathBuf> = tree
            .kustomizations
            .keys()
            .filter_map(|directory| Some((directory, tree.kustomization_in(directory)?.1)))
            .flat_map(|(directory, file)| {
                file.resources
                    .iter()
                    .chain(&file.components)
                    .map(|name| clean(&directory.join(name)))
            })
            .collect();
        let mut outermost: Vec<_> = tree
            .kustomizations
            .keys()
            .filter(|directory| {
                !inner.contains(*directory) && tree.kustomization_above(directory).is_none()
            })
            .collect();
        outermost.sort();
        for directory in outermost {
            let build = self.build(directory.clone(), Vec::new());
            for (file, number, form) in build.children(tree, &self.budget) {
                let known = forms.entry((file, number)).or_default();
                if roots.contains(&(file, number))
                    && known.len() < MAX_FORMS
                    && !known.contains(&form)
                {
                    known.push(form);
                }
            }
        }
        forms.retain(|id, _| roots.contains(id));
        forms
    }

    /// Records a form of a Kustomization, and the forms of all Kustomizations that it builds.
    fn follow(&mut self, id: Id<'t>, form: Value) {
        self.pending.add(id, Rc::new(form));
        while let Some((id, form)) = self.pending.next().filter(|_| self.budget.spend()) {
            let children = self.children(&form);
            // A Kustomization that builds itself is applied with its own patches.
            let own = children.as_ref().and_then(|children| children.form_of(id));
            let form = own.cloned().unwrap_or(form);
            let forms = self.forms.entry(id).or_default();
            if forms.len() < MAX_FORMS && !forms.contains(&form) {
                forms.push(form);
                if let Some(children) = children {
                    self.pending.add_children(id, &children);
                }
            }
        }
    }

    /// The children of a Kustomization, patched by kustomizations and by its `spec`. Kustomizations
    /// that build the same directory in the same way share them.
    fn children(&mut self, kustomization: &Value) -> Option<Rc<Children<'t>>> {
        let spec = &kustomization["spec"];
        if self.tree.sources.origin(spec) == SourceOrigin::Other {
            return None;
        }
        let (path, components) = self.built_directories(spec)?;
        let key = children_key(path.clone(), components.clone(), spec);
        if let Some(children) = self.children.get(&key) {
            return Some(Rc::clone(children));
        }
        if self.budget.is_spent() {
            return None;
        }
        let build = self.build(path, components);
        let mut children = build.children(self.tree, &self.budget);
        let patches = match children.is_empty() {
            true => Vec::new(),
            false => Patch::in_spec(spec),
        };
        let namespace = text(spec, &["targetNamespace"]);
        for (_, _, child) in &mut children {
            if !self.budget.spend_on_form() {
                return None;
            }
            for patch in patches.iter().take_while(|_| self.budget.spend()) {
                patch.apply(child);
            }
            if let Some(namespace) = namespace.filter(|_| child["metadata"].is_object()) {
                child["metadata"]["namespace"] = namespace.into();
            }
        }
        let children = children.into_iter();
        let children = children.map(|(file, number, child)| ((file, number), Rc::new(child)));
        let children = Rc::new(Children::new(children.collect()));
        self.children.insert(key, Rc::clone(&children));
        Some(children)
    }

    /// The directory that a Kustomization builds, and the components that it adds; `None` for a
    /// path outside the repository.
    fn built_directories(&self, spec: &Value) -> Option<BuildKey> {
        let root = self.tree.root();
        if !spec.is_object() {
            return None;
        }
        let path = path_of(root, spec);
        let components = items(spec, &["components"]).filter_map(Value::as_str);
        let components = components
            .map(|component| clean(&path.join(component)))
            .collect();
        path.starts_with(root).then_some((path, components))
    }

    fn build(&mut self, path: PathBuf, components: Vec<PathBuf>) -> Rc<Build<'t>> {
        let (tree, budget) = (self.tree, &self.budget);
        let build =
            self.builds
                .entry((path, components))
                .or_insert_with_key(|(path, components)| {
                    Rc::new(Build::of(tree, path, components, budget))
                });
        Rc::clone(build)
    }

    fn applied(
        &mut self,
        site: Option<(&'t Path, usize)>,
        value: Value,
    ) -> AppliedKustomization<'t> {
        let origin = self.tree.sources.origin(&value["spec"]);
        let directories = self.built_directories(&value["spec"]);
        let build = directories.map(|(path, components)| self.build(path, components));
        AppliedKustomization {
            tree: self.tree,
            site,
            value,
            origin,
            build,
            budget: Rc::clone(&self.budget),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exhausted_budget_makes_the_result_incomplete() {
        let tree = FluxTree::new(Path::new("/repo"));
        for (steps, is_complete) in [(0, true), (10, true)] {
            let applied = tree.applied_within(Budget::new(steps));
            assert_eq!(applied.is_complete(), is_complete);
        }
        let mut tree = tree;
        for number in 0..50 {
            let path = format!("/repo/{number}.yaml");
            let text = format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k{number}}}\nspec: {{path: ./}}\n"
            );
            let facts = crate::flux::FluxFacts::of_bytes(
                Path::new(&path),
                text.as_bytes(),
                &crate::input::NoTree,
            );
            tree.add(Path::new(&path), facts);
        }
        for (steps, is_complete) in [(100, false), (10_000, true)] {
            let applied = tree.applied_within(Budget::new(steps));
            assert_eq!(applied.is_complete(), is_complete, "{steps}");
        }
    }
}
