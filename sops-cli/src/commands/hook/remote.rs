//! Determines which commits the remote of a push already has, so that only the others are checked.

use crate::git::{Addresses, Objects, TrackingBranches, branches_at};
use crate::ui::Ui;

/// The commits that a remote has.
pub(super) struct PushRemote {
    /// The IDs of some commits of the remote. This repository may not have them.
    pub(super) known: Vec<String>,
    /// Branches that were fetched from the remote.
    pub(super) tracking: TrackingBranches,
}

impl PushRemote {
    /// The remote with this name and address. `branches` are the names of the branches that the
    /// push updates, with the IDs that Git has just received from the remote, or `None` if the
    /// remote lacks the branch.
    ///
    /// The fetched branches count, unless they contradict these IDs or may come from an earlier
    /// address of the remote. In these cases, the remote is asked for all its branches.
    pub(super) fn find(
        ui: &Ui,
        objects: &Objects,
        name: &str,
        address: &str,
        branches: &[(&str, Option<&str>)],
    ) -> Self {
        let tracking = TrackingBranches::of(name);
        let ids = branches.iter().filter_map(|(_, id)| *id);
        let mut known: Vec<String> = ids.map(str::to_owned).collect();
        let mut addresses = Addresses::read();
        let mut remotes = tracking.remotes.iter();
        let has_moved = remotes.any(|remote| addresses.has_changed(remote, address));
        let is_contradicted = branches
            .iter()
            .any(|(branch, id)| tracking.contradict(objects, branch, *id));
        if !has_moved && !is_contradicted {
            addresses.remember(&tracking.remotes, address);
            return Self { known, tracking };
        }
        let mut is_incomplete = known.iter().any(|id| objects.commit(id).is_none());
        match branches_at(objects, address) {
            Some(branches) => {
                if tracking.are_in(&branches) {
                    addresses.remember(&tracking.remotes, address);
                }
                known.extend(branches);
            }
            None => is_incomplete = true,
        }
        if is_incomplete {
            ui.note("The remote may have commits that you have not fetched, so commits that are already published may be checked too: run `git fetch --prune` first, and `git pull` if your branch is behind");
        }
        Self {
            known,
            tracking: TrackingBranches::default(),
        }
    }
}
