//! Symbolic links that Git keeps, whose blobs have only where they lead. A configuration that is one is read where its link ends.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sops_lint::Tree;

use super::staged::{Index, clean};
use crate::command_error::{Code, CommandError, name_of};
use crate::git::git;

/// How many links one after another are followed; Linux ends at 40.
const MOST: usize = 8;

/// The files of the index, or of the commit before it, with their links.
pub(crate) struct Links<'i> {
    index: &'i Index,
    /// As Git names it; the empty name is the index.
    commit: &'static str,
    /// Paths from the repository's folder on.
    links: HashSet<PathBuf>,
}

impl<'i> Links<'i> {
    /// Those of the index.
    pub(crate) fn staged(index: &'i Index) -> Result<Self, CommandError> {
        let listed = git(&["ls-files", "--stage", "--full-name", "-z", ":/"])?;
        let links = links(&listed);
        Ok(Self {
            index,
            commit: "",
            links,
        })
    }

    /// Those before the commit.
    pub(crate) fn before(index: &'i Index) -> Self {
        // The first commit has nothing before it.
        let listed = git(&["ls-tree", "-r", "--full-tree", "-z", "HEAD"]).unwrap_or_default();
        Self {
            index,
            commit: "HEAD",
            links: links(&listed),
        }
    }

    /// The content of the file at an absolute path, through links. `None`: there is no such file.
    ///
    /// # Errors
    /// The file is a link to what Git does not keep.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, CommandError> {
        let root = self.index.root();
        let Some(start) = path.strip_prefix(root).ok().and_then(clean) else {
            return Ok(None);
        };
        if !self.links.contains(&start) {
            return Ok(self.index.read_of(self.commit, path));
        }
        let end = self.end(&start);
        let content = end.and_then(|end| self.index.read_of(self.commit, &root.join(end)));
        content.map(Some).ok_or_else(|| {
            let message = "the symbolic link leads to no file in Git's index";
            CommandError::new(Code::CannotReadInput, message)
                .in_file(&name_of(path))
                .hint("`git add` the file that it leads to, or put a file in place of the link")
        })
    }

    /// The folders whose `.sops.yaml` is a link to one of the files.
    pub(crate) fn configured_by<'s>(
        &'s self,
        files: &'s HashSet<&PathBuf>,
    ) -> impl Iterator<Item = PathBuf> + 's {
        let configurations = self
            .links
            .iter()
            .filter(|link| link.ends_with(".sops.yaml"));
        configurations.filter_map(|link| {
            let end = self.end(link)?;
            files
                .contains(&end)
                .then(|| link.parent())?
                .map(Path::to_owned)
        })
    }

    /// Where a link ends, if that is inside of the repository.
    fn end(&self, link: &Path) -> Option<PathBuf> {
        let mut at = link.to_owned();
        for _ in 0..MOST {
            let target = self
                .index
                .read_of(self.commit, &self.index.root().join(&at))?;
            at = clean(&at.parent()?.join(OsStr::from_bytes(&target)))?;
            if !self.links.contains(&at) {
                return Some(at);
            }
        }
        None
    }
}

/// The paths of the links in a list of Git: the mode and more, a tab, the path.
fn links(listed: &[u8]) -> HashSet<PathBuf> {
    let entries = listed.split(|byte| *byte == 0);
    let links = entries.filter(|entry| entry.starts_with(b"120000 "));
    let paths = links.filter_map(|entry| {
        let tab = entry.iter().position(|byte| *byte == b'\t')?;
        Some(PathBuf::from(OsStr::from_bytes(&entry[tab + 1..])))
    });
    paths.collect()
}
