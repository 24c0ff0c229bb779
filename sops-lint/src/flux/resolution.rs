//! The Kustomizations that Flux applies, followed from the parents to what they build.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::applied::AppliedKustomization;
use super::build::{Budget, Build};
use super::json_value::{items, text};
use super::patch::Patch;
use super::source::SourceOrigin;
use super::tree::{FluxTree, clean};

/// The most forms of one Kustomization: each parent may patch it differently.
const MAX_FORMS: usize = 8;

/// A Kustomization in a file: the file, and its number there.
type Id<'t> = (&'t Path, usize);

impl FluxTree {
    /// The Kustomizations that Flux applies, patched, in the order of the files, with those of the
    /// cluster last.
    pub fn applied(&self) -> Vec<AppliedKustomization<'_>> {
        let mut resolution = Resolution {
            tree: self,
            budget: Rc::new(Budget::new()),
            builds: HashMap::new(),
            forms: BTreeMap::new(),
        };
        resolution.resolve();
        let mut applied = Vec::new();
        for ((file, number), forms) in std::mem::take(&mut resolution.forms) {
            for form in forms {
                let (_, site) = self.files[file].kustomizations[number];
                applied.push(resolution.applied(Some((file, site)), form));
            }
        }
        applied.extend(
            self.live
                .iter()
                .map(|live| resolution.applied(None, live.clone())),
        );
        applied
    }
}

/// The build of a directory with components.
type BuildKey = (PathBuf, Vec<PathBuf>);

/// Follows the Kustomizations from the parents to what they build.
struct Resolution<'t> {
    tree: &'t FluxTree,
    budget: Rc<Budget>,
    builds: HashMap<BuildKey, Rc<Build<'t>>>,
    /// The Kustomizations as they are applied.
    forms: BTreeMap<Id<'t>, Vec<Value>>,
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
        let mut has_parent = BTreeSet::new();
        let mut child_counts = BTreeMap::new();
        for (id, kustomization) in &written {
            let children = self.children(kustomization).into_iter();
            let others: Vec<_> = children
                .map(|(child, _)| child)
                .filter(|child| child != id)
                .collect();
            child_counts.insert(*id, others.len());
            has_parent.extend(others);
        }
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
        // Those that build each other have no root. The one that the bootstrap applies comes first,
        // or else the one that builds most.
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
                    // It has been patched on the way round.
                    forms.remove(0);
                }
            }
        }
    }

    /// Whether the kustomization above the file of a Kustomization does not list it, so that
    /// nothing applies it.
    fn is_left_out(&self, (file, _): Id<'t>, kustomization: &Value) -> bool {
        let above = self.tree.kustomization_above(file);
        // A kustomization may be what the Kustomization beside it builds.
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

    /// Records a form of a Kustomization, and those of all that it builds.
    fn follow(&mut self, id: Id<'t>, form: Value) {
        let mut pending = vec![(id, form)];
        while let Some((id, form)) = pending.pop().filter(|_| self.budget.spend()) {
            let children = self.children(&form);
            let (own, children): (Vec<_>, Vec<_>) =
                children.into_iter().partition(|(child, _)| *child == id);
            // One that builds itself is applied as it patches itself.
            let form = own.into_iter().next().map_or(form, |(_, patched)| patched);
            let forms = self.forms.entry(id).or_default();
            if forms.len() < MAX_FORMS && !forms.contains(&form) {
                forms.push(form);
                pending.extend(children);
            }
        }
    }

    /// The Kustomizations that one builds, patched by kustomizations and by its `spec`.
    fn children(&mut self, kustomization: &Value) -> Vec<(Id<'t>, Value)> {
        let spec = &kustomization["spec"];
        if self.tree.sources.origin(spec) == SourceOrigin::Other {
            return Vec::new();
        }
        let Some(build) = self.build_of(spec) else {
            return Vec::new();
        };
        let mut children = build.children(self.tree, &self.budget);
        let patches = if children.is_empty() {
            Vec::new()
        } else {
            Patch::in_spec(spec)
        };
        let namespace = text(spec, &["targetNamespace"]);
        for (_, _, child) in &mut children {
            for patch in patches.iter().take_while(|_| self.budget.spend()) {
                patch.apply(child);
            }
            if let Some(namespace) = namespace.filter(|_| child["metadata"].is_object()) {
                child["metadata"]["namespace"] = namespace.into();
            }
        }
        children
            .into_iter()
            .map(|(file, number, child)| ((file, number), child))
            .collect()
    }

    /// The build of a Kustomization's path; `None` for a path outside of the repository, and if
    /// kustomize fails.
    fn build_of(&mut self, spec: &Value) -> Option<Rc<Build<'t>>> {
        let root = self.tree.root();
        if !spec.is_object() {
            return None;
        }
        let path = path_of(root, spec);
        let components = items(spec, &["components"]).filter_map(Value::as_str);
        let components = components
            .map(|component| clean(&path.join(component)))
            .collect();
        path.starts_with(root).then(|| self.build(path, components))
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
        let build = self.build_of(&value["spec"]);
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

/// The directory that a Kustomization with this `spec` builds. Paths begin at the root, however
/// they are written.
fn path_of(root: &Path, spec: &Value) -> PathBuf {
    let path = text(spec, &["path"]).unwrap_or_default();
    clean(&root.join(path.trim_start_matches('/')))
}
