//! The list of pushed branches and tags that Git passes to the pre-push hook.

use crate::command_error::{Code, CommandError};

/// An update of a ref: one line of the list that Git passes to the pre-push hook.
pub(super) struct RefUpdate {
    pub(super) local_name: String,
    pub(super) local_id: String,
    pub(super) remote_name: String,
    pub(super) remote_id: String,
}

/// Parses the list, without the branches and tags that are deleted.
pub(super) fn updates(list: &str) -> Result<Vec<RefUpdate>, CommandError> {
    let mut updates = Vec::new();
    for line in list.lines().filter(|line| !line.trim().is_empty()) {
        // The first name is the user's, and may contain spaces: `HEAD@{1 day ago}`.
        let words: Vec<_> = line.rsplitn(4, ' ').collect();
        let [remote_id, remote_name, local_id, local_name] = words[..] else {
            let message = "standard input is not the list that Git passes to pre-push: expected lines with a local name, its ID, a remote name and its ID";
            return Err(CommandError::new(Code::CannotReadInput, message)
                .hint("if a hook manager runs this command, make it pass on standard input"));
        };
        if !is_none(local_id) {
            updates.push(RefUpdate {
                local_name: local_name.to_owned(),
                local_id: local_id.to_owned(),
                remote_name: remote_name.to_owned(),
                remote_id: remote_id.to_owned(),
            });
        }
    }
    Ok(updates)
}

/// Whether an ID is all zeros, which means that no object exists.
pub(super) fn is_none(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte == b'0')
}
