//! The steps that are left.

use super::Rotation;
use crate::command_error::CommandError;
use crate::flux::{KeyReplacement, ReplacementStep};
use crate::keys::names::short;

impl Rotation<'_> {
    pub(super) fn print_plan(
        &self,
        step: ReplacementStep,
        replacement: &KeyReplacement,
    ) -> Result<(), CommandError> {
        let old = short(&replacement.old.to_string());
        let new = replacement.new.as_ref().map(|new| short(&new.to_string()));
        let new = new.unwrap_or_else(|| "the new key".to_owned());
        let steps = [
            (
                ReplacementStep::CreateKey,
                "create the new key in the key file".to_owned(),
            ),
            (
                ReplacementStep::AddToSecret,
                format!("add {new} to the Secret in the cluster"),
            ),
            (
                ReplacementStep::AddRecipient,
                format!(
                    "after you have copied the new key to your backup and CI: encrypt the files for {new} too"
                ),
            ),
            (
                ReplacementStep::ApplyBoth,
                "after you have pushed the commit: wait until Flux has applied it".to_owned(),
            ),
            (
                ReplacementStep::RemoveRecipient,
                format!(
                    "remove {old} from .sops.yaml and from the files, and give the files new data keys"
                ),
            ),
            (
                ReplacementStep::ApplyNew,
                "after you have pushed the commit: wait until Flux has applied it".to_owned(),
            ),
            (
                ReplacementStep::RemoveFromSecret,
                format!("remove {old} from the Secret in the cluster"),
            ),
        ];
        let first = steps.iter().position(|(own, _)| *own == step);
        match first {
            None => self.ui.print("nothing is left to do"),
            Some(first) => steps[first..]
                .iter()
                .enumerate()
                .try_for_each(|(index, (_, text))| {
                    self.ui.print(format_args!("{}. {text}", index + 1))
                }),
        }
    }
}
