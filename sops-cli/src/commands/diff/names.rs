//! The names of recipients: from the configurations on disk, and from those among the compared
//! files, since a recipient that was removed has its name only in the old version.

use std::path::Path;

use super::version::Versions;
use crate::config::nearest::{CONFIG_FILE, NearestConfigs, on_disk};
use crate::recipient_edit::RecipientNames;

/// The names for files with these versions, whose paths are relative to `root`. A configuration
/// that cannot be read has none.
pub(super) fn names(root: &Path, versions: &[Versions]) -> RecipientNames {
    let mut names = RecipientNames::default();
    let configs = NearestConfigs::new(Path::new("/"), on_disk);
    for Versions { old, new, .. } in versions {
        for version in [old, new] {
            if let Ok(Some(config)) = configs.nearest(&root.join(&version.path)) {
                names.extend(RecipientNames::of(&config));
            }
        }
    }
    let is_config = |path: &Path| path.file_name() == Some(CONFIG_FILE.as_ref());
    for Versions { old, new, .. } in versions {
        // An old name counts more, because the change may give it to another recipient.
        for version in [new, old].into_iter().filter(|own| is_config(&own.path)) {
            let text = version
                .bytes
                .as_deref()
                .map(|text| String::from_utf8_lossy(text));
            names.extend(RecipientNames::of_text(&text.unwrap_or_default()));
        }
    }
    names
}
