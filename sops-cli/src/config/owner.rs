//! Checks whose `.sops.yaml` is used. Any local user can put one into a shared directory such as
//! `/tmp`, and with it choose the recipients of the files below.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;

use crate::command_error::name_of;
use crate::ui::Ui;

/// The permission of every user to create files in a directory.
const FOR_EVERYONE: u32 = 0o002;

/// Warns if a configuration that was found belongs to neither the current user, nor root, nor the
/// owner of the working `directory`. In a container that runs as root, the whole checkout may belong
/// to another user.
pub(crate) fn warn(ui: &Ui, config: &Path, directory: &Path) {
    let Ok(file) = fs::symlink_metadata(config) else {
        return;
    };
    let user = geteuid().as_raw();
    let owner = fs::metadata(directory).map(|directory| directory.uid());
    if [user, 0].contains(&file.uid()) || owner.is_ok_and(|owner| owner == file.uid()) {
        return;
    }
    // In a directory that not everyone can write to, its owner has given the other user access.
    let parent = config.parent().map(fs::metadata);
    let is_invited = parent.and_then(Result::ok).is_some_and(|parent| {
        [user, 0].contains(&parent.uid()) && parent.mode() & FOR_EVERYONE == 0
    });
    if !is_invited {
        ui.warn(format_args!(
            "{} belongs to another user (uid {}), who controls the recipients; if you do not trust that user, pass your own configuration with `--config`",
            name_of(config),
            file.uid()
        ));
    }
}
