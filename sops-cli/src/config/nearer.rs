//! Finds a `.sops.yaml` that is nearer to a file than that of the working directory. As in `sops`,
//! it does not apply to a file that the user names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sops_core::config::Config;
use sops_lint::shell_path;

use super::nearest::CONFIG_FILE;
use super::working_dir::{shortened, working_dir};
use crate::arguments::{GlobalArgs, invocation};
use crate::command_error::name_of;
use crate::ui::Ui;

/// Warns if another configuration is nearer to the file than `own`, the one that applies.
pub(crate) fn warn(ui: &Ui, globals: &GlobalArgs, own: Option<&Config>, file: &Path) {
    warn_of_all(ui, globals, own, [file].into_iter());
}

/// Like [`warn`], for several files that the user named. Each configuration is named once.
pub(crate) fn warn_of_all<'i>(
    ui: &Ui,
    globals: &GlobalArgs,
    own: Option<&Config>,
    files: impl Iterator<Item = &'i Path>,
) {
    let Some(own) = own.filter(|_| globals.config().is_none() && !invocation::is_sops()) else {
        return;
    };
    let mut seen = BTreeSet::new();
    for file in files {
        let nearer = nearest(file).filter(|nearer| !is_same(nearer, own.file()));
        let Some(nearer) = nearer.filter(|nearer| seen.insert(nearer.clone())) else {
            continue;
        };
        let nearer = name_of(&nearer);
        ui.warn(format_args!(
            "{nearer} is nearer to {}, but sops-rs uses {} for a file on the command line, as `sops` does; to use the nearer one, add `--config {}`",
            name_of(file),
            name_of(own.file()),
            shell_path(&nearer)
        ));
    }
}

/// The nearest configuration above a file, which may not exist yet.
pub(crate) fn nearest(file: &Path) -> Option<PathBuf> {
    let here = working_dir().ok()?;
    let path = here.join(file);
    let mut above = path.ancestors().skip(1);
    let directory = above.find_map(|directory| directory.canonicalize().ok())?;
    let mut above = directory.ancestors();
    let found = above.find_map(|directory| {
        let config = directory.join(CONFIG_FILE);
        config.is_file().then_some(config)
    })?;
    let here = here.canonicalize().ok()?;
    Some(shortened(&found, &here))
}

/// Whether two paths lead to the same file.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
