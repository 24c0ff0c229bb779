//! Runs Git and reads its objects, index and commits. This module does not know about secrets or
//! rules.

mod addresses;
mod attributes;
mod branches;
mod changed_files;
mod commit_graph;
mod elsewhere;
mod file_versions;
mod history;
mod merge_base_cache;
mod merge_bases;
mod merge_file;
mod objects;
mod operation;
mod program;
mod published;
mod remotes;
mod repository;
pub(crate) mod settings;
mod snapshot;
mod staged;
mod tracked;
mod unmerged;

pub(crate) use addresses::Addresses;
pub(crate) use attributes::without_attributes;
#[cfg(feature = "kube")]
pub(crate) use branches::branches_with;
pub(crate) use branches::other_branches_naming;
pub(crate) use changed_files::{ChangedFile, Compared, FileVersion};
pub(crate) use commit_graph::{CommitGraph, Reach, messages};
#[cfg(feature = "kube")]
pub(crate) use elsewhere::has_commit;
pub(crate) use elsewhere::{files_elsewhere, first_commit_of, is_ancestor};
pub(crate) use file_versions::{FileVersions, HistoryGap};
pub(crate) use history::{Changes, Pushed, Version};
pub(crate) use merge_bases::{versions_in_bases_of_this_merge, versions_in_merge_bases};
pub(crate) use merge_file::merge_file;
pub(crate) use objects::Objects;
pub(crate) use operation::{Operation, described_commit, merged_commit};
pub(crate) use program::{Running, git};
pub(crate) use published::{TrackingBranches, branches_at, is_published};
pub(crate) use remotes::remote_urls;
pub(crate) use repository::{GitRepository, root_by_variables};
pub(crate) use snapshot::{Snapshot, TrackedFile, missing_content};
pub(crate) use staged::{IndexChanges, staged};
pub(crate) use tracked::{Tracked, root_above};
pub(crate) use unmerged::{CommittedMerge, UnmergedFile, unmerged_files};
