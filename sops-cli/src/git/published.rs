//! Determines which commits remotes have, from the fetched branches or from the remotes themselves.

use super::objects::Objects;
use super::program::{Running, git};
use crate::command_error::CommandError;

/// The prefix of remote-tracking branches. A refspec may also write to other refs, such as tags,
/// but a ref there does not prove that the remote has it.
const TRACKING: &str = "refs/remotes/";

/// Whether a fetched branch of a remote contains the commit.
pub(crate) fn is_published(commit: &str) -> Result<bool, CommandError> {
    let first = ["rev-list", "--max-count=1", commit, "--not", "--remotes"];
    Ok(git(&first)?.is_empty())
}

/// The remote-tracking branches of a remote.
#[derive(Default)]
pub(crate) struct TrackingBranches {
    /// The names of the remotes.
    pub(crate) remotes: Vec<String>,
    /// The patterns of branches on the remote, each with the pattern to which it is fetched.
    refspecs: Vec<(String, String)>,
    /// The patterns to which the branches of other remotes are fetched.
    of_others: Vec<String>,
}

impl TrackingBranches {
    /// The branches of all remotes with this name or address. If the user pushes to an address, Git
    /// passes the address instead of a name.
    pub(crate) fn of(name: &str) -> Self {
        // This fails if there are no remotes.
        let list = git(&[
            "config",
            "-z",
            "--get-regexp",
            r"^remote\..*\.(url|pushurl|fetch)$",
        ]);
        let list = String::from_utf8(list.unwrap_or_default()).unwrap_or_default();
        Self::read(&list, name)
    }

    fn read(list: &str, name: &str) -> Self {
        let entries = list.split('\0').filter_map(|entry| {
            let (key, value) = entry.split_once('\n')?;
            let (remote, key) = key.strip_prefix("remote.")?.rsplit_once('.')?;
            Some((remote, key, value))
        });
        let entries: Vec<_> = entries.collect();
        let is_meant = |remote: &str| {
            let mut addresses = entries.iter().filter(|(_, key, _)| *key != "fetch");
            remote == name || addresses.any(|(of, _, address)| *of == remote && *address == name)
        };
        let mut branches = Self::default();
        let mut remotes: Vec<&str> = entries.iter().map(|(remote, ..)| *remote).collect();
        remotes.sort_unstable();
        remotes.dedup();
        let meant = remotes.into_iter().filter(|remote| is_meant(remote));
        branches.remotes = meant.map(str::to_owned).collect();
        for (remote, key, refspec) in &entries {
            let refspec = refspec.strip_prefix('+').unwrap_or(refspec);
            let Some((from, to)) = refspec.split_once(':').filter(|_| *key == "fetch") else {
                continue;
            };
            match is_meant(remote) {
                true if to.starts_with(TRACKING) => {
                    branches.refspecs.push((from.to_owned(), to.to_owned()));
                }
                true => {}
                false => branches.of_others.push(to.to_owned()),
            }
        }
        branches
    }

    /// The arguments that select these branches in `git rev-list`, except those that may belong to
    /// another remote.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (_, to) in &self.refspecs {
            let others = self.of_others.iter();
            arguments.extend(others.map(|remote| format!("--exclude={remote}")));
            // Without a wildcard, Git would append `/*`.
            let (start, last) = to.split_at(to.char_indices().last().map_or(0, |(at, _)| at));
            arguments.push(match to.contains('*') {
                true => format!("--glob={to}"),
                false => format!("--glob={start}[{last}]"),
            });
        }
        arguments
    }

    /// Whether the history of these commits contains all of the branches.
    pub(crate) fn are_in(&self, commits: &[String]) -> bool {
        let mut arguments = vec!["rev-list".to_owned(), "--max-count=1".to_owned()];
        arguments.extend(self.arguments());
        // Without a commit, Git would fail.
        arguments.extend(commits.first().cloned());
        arguments.push("--not".to_owned());
        arguments.extend(commits.iter().cloned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        !commits.is_empty() && git(&arguments).is_ok_and(|missing| missing.is_empty())
    }

    /// Whether a tracking branch points to a different commit than the branch on the remote, which
    /// is at `id` or, for `None`, does not exist. The tracking branch is then out of date, or
    /// belongs to another remote.
    pub(crate) fn contradict(&self, objects: &Objects, branch: &str, id: Option<&str>) -> bool {
        let mut tracking = self.refspecs.iter().filter_map(|(from, to)| {
            let tracking = match (from.split_once('*'), to.split_once('*')) {
                (Some((start, end)), Some((to_start, to_end))) => {
                    let name = branch.strip_prefix(start)?.strip_suffix(end)?;
                    format!("{to_start}{name}{to_end}")
                }
                _ => (branch == from).then(|| to.clone())?,
            };
            objects.find(&tracking)
        });
        tracking.any(|tracking| Some(&*tracking.id) != id)
    }
}

/// The current branch tips of the remote at this address that this repository also has; `None` if
/// the remote does not answer.
pub(crate) fn branches_at(objects: &Objects, address: &str) -> Option<Vec<String>> {
    let list = Running::start(&["ls-remote", "--heads", "--", address]);
    let list = list.ok()?.output().ok()?;
    let list = String::from_utf8_lossy(&list);
    let ids = list.lines().filter_map(|line| line.split_once('\t'));
    let ids = ids.filter_map(|(id, _)| objects.commit(id));
    Some(ids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(config: &[&str], name: &str) -> Vec<String> {
        let list: String = config
            .iter()
            .map(|entry| format!("{}\0", entry.replacen(' ', "\n", 1)))
            .collect();
        TrackingBranches::read(&list, name).arguments()
    }

    #[test]
    fn only_branches_fetched_from_the_remote_count() {
        let config = [
            "remote.team.url /team",
            "remote.team.fetch +refs/heads/*:refs/remotes/team/*",
            "remote.team/alice.url /alice",
            "remote.team/alice.fetch +refs/heads/*:refs/remotes/team/alice/*",
        ];
        let excluding = [
            "--exclude=refs/remotes/team/alice/*",
            "--glob=refs/remotes/team/*",
        ];
        assert_eq!(arguments(&config, "team"), excluding);
        assert_eq!(arguments(&config, "/team"), excluding);
        assert!(arguments(&config, "other").is_empty());
        // A clone of a single branch.
        let single = [
            "remote.o.url /o",
            "remote.o.fetch +refs/heads/main:refs/remotes/o/main",
        ];
        assert_eq!(arguments(&single, "o"), ["--glob=refs/remotes/o/mai[n]"]);
        // These refs may be local.
        for to in ["refs/*", "refs/tags/*", "refs/heads/*"] {
            let mirror = ["remote.o.url /o", &format!("remote.o.fetch +{to}:{to}")];
            assert!(arguments(&mirror, "o").is_empty(), "{to}");
        }
        for without in [
            &["remote.o.url /o"][..],
            &["remote.o.fetch ^refs/heads/x"],
            &["remote.o.fetch refs/heads/main"],
            &[],
        ] {
            assert!(arguments(without, "o").is_empty());
        }
    }
}
