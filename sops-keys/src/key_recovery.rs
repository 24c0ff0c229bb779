//! Recovers the data key from key groups.

use std::collections::HashSet;
use std::fmt::{self, Write};

use sops_printable::escaped;
use zeroize::Zeroizing;

use crate::canonical_key::CanonicalKey;
use crate::data_key::DataKey;
use crate::error::{EntryPosition, Error, Result};
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::service::{Effort, KeyService};
use crate::shamir;
use crate::work_budget::WorkBudget;
use crate::wrapped_key::{KeyGroup, WrappedKey};

/// Recovers the data key from the key groups of a file.
///
/// With a single group, any of its master keys suffices. With several groups, `threshold` of them
/// are needed (`None` means all), and no more are decrypted. The least effort comes first: ready
/// private keys are tried on all master keys before any command runs, and commands run before the
/// user is asked for a passphrase or a plugin starts. If the service has a [decryption
/// order](KeyService::decryption_order), that order takes precedence.
///
/// # Errors
///
/// [`Error::NoKey`] if too few groups can be decrypted; it names their master keys and where
/// private keys were looked for. [`Error::KeyGroups`] for no groups, a threshold above their
/// number, or shares that do not form a data key.
pub fn recover_data_key(
    groups: &[KeyGroup],
    threshold: Option<usize>,
    service: &dyn KeyService,
) -> Result<DataKey> {
    let needed = match groups {
        [] => return refuse("the list is empty"),
        [_] => 1,
        // Shamir's scheme has no threshold of 1, so a 1 in the metadata is a mistake.
        _ => threshold.unwrap_or(groups.len()).max(2),
    };
    if needed > groups.len() {
        return refuse(&format!(
            "`shamir_threshold` requires {needed}, but there are only {}; restore the file from version control",
            groups.len()
        ));
    }
    let share_bytes = DataKey::BYTES + usize::from(groups.len() > 1);
    let mut openings: Vec<Opening> = groups
        .iter()
        .map(|group| Opening::new(group, share_bytes))
        .collect();
    if groups.iter().any(|group| group.keys.len() > 1) {
        let available: HashSet<CanonicalKey> = service
            .available_keys()
            .iter()
            .map(MasterKey::canonical)
            .collect();
        openings
            .iter_mut()
            .for_each(|opening| opening.put_first(&available));
    }

    let budget = service.budget();
    let mut opened = 0;
    'enough: for (rank, effort) in passes(service.decryption_order()) {
        for opening in openings
            .iter_mut()
            .filter(|opening| opening.secret.is_none())
        {
            opening.attempt(&rank, effort, service, &budget);
            opened += usize::from(opening.secret.is_some());
            if opened == needed {
                break 'enough;
            }
        }
    }
    if opened < needed {
        let closed_keys = openings
            .iter()
            .filter(|opening| opening.secret.is_none())
            .flat_map(|opening| &opening.keys);
        return Err(Error::NoKey {
            message: closed(&openings, needed, opened, service, &budget),
            missing: closed_keys.map(|key| key.master_key().clone()).collect(),
            damaged: openings.iter().enumerate().find_map(|(number, opening)| {
                let group = (groups.len() > 1).then_some(number);
                opening.damaged(group)
            }),
        });
    }
    let mut secrets: Vec<_> = openings
        .into_iter()
        .filter_map(|opening| opening.secret)
        .collect();
    let key = if groups.len() > 1 {
        shamir::combine(&secrets)?
    } else {
        secrets.remove(0)
    };
    // Each share was checked to be one byte longer.
    DataKey::from_bytes(&key).map_or_else(|| refuse("their shares do not form a data key"), Ok)
}

/// The passes, each with its families and its effort. The families in the decryption order get
/// passes of their own, before all others.
fn passes(order: &[Family]) -> Vec<(Vec<Family>, Effort)> {
    let rest = Family::ALL
        .into_iter()
        .filter(|family| !order.contains(family));
    let ranks = order.iter().map(|family| vec![*family]);
    ranks
        .chain([rest.collect()])
        .flat_map(|rank: Vec<Family>| Effort::ALL.map(|effort| (rank.clone(), effort)))
        .collect()
}

/// A key group that is being decrypted.
struct Opening<'a> {
    group: &'a KeyGroup,
    /// The group's keys, the most promising first.
    keys: Vec<&'a WrappedKey>,
    /// Why each key failed, by position, as far as that is known.
    problems: Vec<Option<RecoveryProblem>>,
    secret_bytes: usize,
    secret: Option<Zeroizing<Vec<u8>>>,
}

impl<'a> Opening<'a> {
    fn new(group: &'a KeyGroup, secret_bytes: usize) -> Self {
        let mut keys: Vec<_> = group.keys.iter().collect();
        // The order of `sops`: age, PGP, then the others in the order of the file.
        keys.sort_by_key(|key| match key.master_key().family() {
            Family::Age => 0,
            Family::Pgp => 1,
            _ => 2,
        });
        Self {
            group,
            problems: vec![None; keys.len()],
            keys,
            secret_bytes,
            secret: None,
        }
    }

    /// Moves these keys to the front, which saves trying the others.
    fn put_first(&mut self, available: &HashSet<CanonicalKey>) {
        self.keys
            .sort_by_cached_key(|key| !available.contains(&key.master_key().canonical()));
    }

    fn attempt(
        &mut self,
        families: &[Family],
        effort: Effort,
        service: &dyn KeyService,
        budget: &WorkBudget,
    ) {
        let served: Vec<usize> = (0..self.keys.len())
            .filter(|index| {
                let family = self.keys[*index].master_key().family();
                families.contains(&family) && service.serves(family)
            })
            .collect();
        let (waiting, ready): (Vec<usize>, Vec<usize>) = served
            .into_iter()
            .partition(|index| service.waits_for(self.keys[*index].master_key().family()));
        // Servers are asked only if no key on this machine decrypts, and then together.
        let tries = ready.into_iter().map(|index| vec![index]);
        for indices in tries.chain([waiting]) {
            let keys: Vec<(&MasterKey, &str)> = indices
                .iter()
                .map(|index| (self.keys[*index].master_key(), self.keys[*index].enc()))
                .collect();
            let attempts = service.decrypt_any(budget, &keys, effort);
            for (index, error) in attempts.errors {
                self.problems[indices[index]] = Some(RecoveryProblem {
                    is_damage: matches!(error, Error::DamagedSecret { .. }),
                    message: error.about_key(),
                });
            }
            match attempts.secret {
                Some((_, secret)) if secret.len() == self.secret_bytes => {
                    self.secret = Some(secret);
                    return;
                }
                Some((index, secret)) => {
                    let (found, wanted) = (secret.len(), self.secret_bytes);
                    self.problems[indices[index]] = Some(RecoveryProblem {
                        is_damage: true,
                        message: format!("holds {found} bytes instead of {wanted}"),
                    });
                }
                None => {}
            }
        }
    }

    /// The position of the first damaged `enc`. `group` is the number of this group if there are
    /// several.
    fn damaged(&self, group: Option<usize>) -> Option<EntryPosition> {
        let is_damage = |problem: &Option<RecoveryProblem>| {
            problem.as_ref().is_some_and(|problem| problem.is_damage)
        };
        let key = self.keys[self.problems.iter().position(is_damage)?];
        let family = key.master_key().family();
        let mut of_family = self
            .group
            .keys
            .iter()
            .filter(|key| key.master_key().family() == family);
        let index = of_family.position(|listed| std::ptr::eq(listed, key))?;
        Some(EntryPosition {
            group,
            family,
            index,
        })
    }
}

/// Why a key does not decrypt its group.
#[derive(Clone)]
struct RecoveryProblem {
    message: String,
    /// Whether the cause is the text in the metadata.
    is_damage: bool,
}

/// The message about groups that can't be decrypted: the master keys that could, and where private
/// keys were looked for.
fn closed(
    openings: &[Opening<'_>],
    needed: usize,
    opened: usize,
    service: &dyn KeyService,
    budget: &WorkBudget,
) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |line: fmt::Arguments<'_>| {
        let separator = if text.is_empty() { "" } else { "\n" };
        // Parts of the text come from remote services.
        let _ = write!(text, "{separator}{}", escaped(&line.to_string()));
    };
    if openings.len() == 1 {
        line(format_args!(
            "no private key can decrypt this; one of these master keys is needed:"
        ));
    } else {
        let groups = openings.len();
        line(format_args!(
            "{needed} of {groups} key groups are needed, but only {opened} can be decrypted"
        ));
    }
    if budget.is_exceeded() {
        line(format_args!(
            "not all master keys were tried: the file has too many entries that need private keys, programs or servers"
        ));
    }
    let mut families = Vec::new();
    for (at, opening) in openings.iter().enumerate() {
        if openings.len() > 1 && opening.secret.is_some() {
            line(format_args!("key group {}: decrypted", at + 1));
            continue;
        }
        if openings.len() > 1 {
            line(format_args!(
                "key group {} needs one of these master keys:",
                at + 1
            ));
        }
        for (key, problem) in opening.keys.iter().zip(&opening.problems) {
            let key = key.master_key();
            let family = key.family();
            if !families.contains(&family) {
                families.push(family);
            }
            match problem {
                Some(problem) => line(format_args!("  {key} ({})", problem.message)),
                None if service.serves(family) => line(format_args!("  {key}")),
                None => line(format_args!("  {key} (needs a key service for {family})")),
            }
        }
    }
    for reason in families
        .iter()
        .flat_map(|family| service.search_report(*family))
    {
        line(format_args!("{reason}"));
    }
    text
}

fn refuse<T>(message: &str) -> Result<T> {
    Err(Error::KeyGroups {
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_need_the_least_effort_come_first_by_default() {
        let all = passes(&[]);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|(families, _)| families == &Family::ALL));
        let ordered = passes(&[Family::Pgp, Family::Age]);
        assert_eq!(ordered[2], (vec![Family::Pgp], Effort::Ask));
        assert_eq!(ordered[3], (vec![Family::Age], Effort::Ready));
        assert_eq!((ordered.len(), ordered[6].0.len()), (9, 5));
    }
}
