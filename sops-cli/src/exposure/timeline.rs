//! Finds when each value last changed: the commit since which an encrypted file has contained it
//! without a gap. Since then, files and keys may have been renamed, and encrypted again.

use std::collections::{BTreeMap, HashMap};

use super::knowledge::{Past, WantedValue};
use super::today::CurrentValue;
use crate::git::CommitGraph;

/// For each value, the commit since which the files have contained it.
pub(crate) struct LastChanges {
    /// The group of each value: equal values are in the same one.
    groups: Vec<usize>,
    /// The position of a commit for each group; `None` if the commit lacks the value.
    since: Vec<Option<usize>>,
}

/// The values of one commit.
#[derive(Clone)]
struct State {
    /// How many files have a value of each group.
    counts: Vec<u32>,
    /// For each group, the commit since which a file has contained one of its values.
    since: Vec<u32>,
}

impl LastChanges {
    /// The last changes of these values up to a commit, or none before the first commit.
    pub(crate) fn of(
        values: &[CurrentValue],
        past: &Past,
        graph: &CommitGraph,
        head: Option<usize>,
    ) -> Self {
        let mut numbers: HashMap<WantedValue<'_>, usize> = HashMap::new();
        let groups = values.iter().map(|value| {
            let next = numbers.len();
            *numbers.entry(past.wanted(value)).or_insert(next)
        });
        let groups: Vec<usize> = groups.collect();
        let mut in_version: Vec<Vec<usize>> = vec![Vec::new(); past.versions.len()];
        for (wanted, group) in &numbers {
            for (version, _) in past.places(wanted) {
                in_version[version].push(*group);
            }
        }
        for groups in &mut in_version {
            groups.sort_unstable();
            groups.dedup();
        }
        let since = match head {
            None => vec![None; numbers.len()],
            Some(head) => {
                let state = Walk {
                    past,
                    graph,
                    in_version: &in_version,
                    groups: numbers.len(),
                };
                let State { counts, since } = state.up_to(head);
                let since = since.into_iter().map(|commit| commit as usize);
                let pairs = counts.into_iter().zip(since);
                pairs
                    .map(|(count, since)| (count > 0).then_some(since))
                    .collect()
            }
        };
        Self { groups, since }
    }

    /// The position of the commit in which the value at this position last changed; `None` if the
    /// change is not committed.
    pub(crate) fn commit(&self, value: usize) -> Option<usize> {
        self.since[self.groups[value]]
    }
}

/// A walk over the commits, parents before children.
struct Walk<'w> {
    past: &'w Past,
    graph: &'w CommitGraph,
    /// The groups whose values each version has.
    in_version: &'w [Vec<usize>],
    groups: usize,
}

impl Walk<'_> {
    fn up_to(&self, head: usize) -> State {
        let is_needed = self.graph.ancestors(head);
        // How many children need the state of each commit.
        let mut uses = vec![0_usize; self.graph.commits.len()];
        uses[head] = 1;
        let needed = (0..=head).filter(|commit| is_needed[*commit]);
        for commit in needed.clone() {
            for parent in &self.graph.commits[commit].parents {
                uses[*parent] += 1;
            }
        }
        let mut states: HashMap<usize, State> = HashMap::new();
        for commit in needed {
            let parents = &self.graph.commits[commit].parents;
            let mut state = match parents.first() {
                // Most commits have one child, which takes over the state.
                Some(first) if uses[*first] == 1 => states.remove(first),
                Some(first) => states.get(first).cloned(),
                None => None,
            }
            .unwrap_or_else(|| State {
                counts: vec![0; self.groups],
                since: vec![0; self.groups],
            });
            let others = parents
                .iter()
                .skip(1)
                .filter_map(|parent| states.get(parent));
            self.apply(commit, &mut state, &others.collect::<Vec<_>>());
            for parent in parents {
                uses[*parent] -= 1;
                if uses[*parent] == 0 {
                    states.remove(parent);
                }
            }
            states.insert(commit, state);
        }
        states.remove(&head).expect("the walk ends there")
    }

    /// Turns the state of the first parent into that of the commit.
    fn apply(&self, commit: usize, state: &mut State, others: &[&State]) {
        let mut before: BTreeMap<usize, u32> = BTreeMap::new();
        for change in &self.graph.commits[commit].changes {
            for group in self.groups_of(change.new.as_deref()) {
                before.entry(*group).or_insert(state.counts[*group]);
                state.counts[*group] += 1;
            }
            for group in self.groups_of(change.old.as_deref()) {
                before.entry(*group).or_insert(state.counts[*group]);
                state.counts[*group] = state.counts[*group].saturating_sub(1);
            }
        }
        for (group, before) in before {
            if before > 0 || state.counts[group] == 0 {
                continue;
            }
            let other = others.iter().find(|other| other.counts[group] > 0);
            let position = u32::try_from(commit).unwrap_or(u32::MAX);
            state.since[group] = other.map_or(position, |other| other.since[group]);
        }
    }

    fn groups_of(&self, blob: Option<&str>) -> &[usize] {
        let version = blob.and_then(|blob| self.past.blobs.get(blob));
        version.map_or(&[], |version| &self.in_version[*version])
    }
}
