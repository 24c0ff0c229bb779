//! Checks whether the key groups of a file need fewer keys to decrypt it than its creation rule
//! requires.

use std::collections::BTreeSet;

use sops_core::keys::{CanonicalKey, MasterKey};

use super::groups::KeyGroups;

/// Key groups, and how many of them are needed.
pub(crate) struct CanonicalGroups {
    groups: Vec<BTreeSet<CanonicalKey>>,
    needed: usize,
}

impl CanonicalGroups {
    /// Without a valid threshold for Shamir's scheme, all groups are needed.
    pub(crate) fn new(KeyGroups { groups, threshold }: KeyGroups<'_>) -> Self {
        let needed = threshold.filter(|threshold| *threshold > 1 || groups.len() == 1);
        Self {
            groups: groups
                .iter()
                .map(|group| group.iter().map(MasterKey::canonical).collect())
                .collect(),
            needed: needed.unwrap_or(groups.len()).min(groups.len()),
        }
    }
}

/// How the groups of a file protect it less than those of the rule, or `None` if every set of
/// people who can decrypt the file could also do so under the rule. Keys that the rule does not
/// name are not compared.
pub(crate) fn weakness(file: &CanonicalGroups, rule: &CanonicalGroups) -> Option<String> {
    if rule.needed <= 1 {
        return None;
    }
    if file.needed < rule.needed {
        return Some(format!(
            "{} of {} key groups can decrypt the file, but the creation rule requires {} of {}",
            file.needed,
            file.groups.len(),
            rule.needed,
            rule.groups.len()
        ));
    }
    let named: BTreeSet<_> = rule.groups.iter().flatten().collect();
    let compared = file.groups.iter().map(|group| {
        let group = group.iter().filter(|key| named.contains(key));
        group.collect::<BTreeSet<_>>()
    });
    // Groups of the rule that contain all keys of a group of the file.
    let candidates: Vec<Vec<usize>> = compared
        .filter(|group| !group.is_empty())
        .map(|group| {
            let groups = rule.groups.iter().enumerate();
            let containing =
                groups.filter(|(_, containing)| group.iter().all(|key| containing.contains(key)));
            containing.map(|(index, _)| index).collect()
        })
        .collect();
    let mut taken = vec![None; rule.groups.len()];
    let has_own = |group| {
        let mut seen = vec![false; taken.len()];
        find_own(group, &candidates, &mut taken, &mut seen)
    };
    match (0..candidates.len()).all(has_own) {
        true => None,
        false => Some(
            "the file's key groups combine the keys differently from the creation rule, so other combinations of people can decrypt the file"
                .to_owned(),
        ),
    }
}

/// Assigns a group of the rule to a group of the file, and reassigns others if necessary.
fn find_own(
    group: usize,
    candidates: &[Vec<usize>],
    taken: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for &candidate in &candidates[group] {
        if std::mem::replace(&mut seen[candidate], true) {
            continue;
        }
        if taken[candidate].is_none_or(|holder| find_own(holder, candidates, taken, seen)) {
            taken[candidate] = Some(group);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use sops_core::keys::Family;

    use super::*;

    /// Parses groups such as `a,b c`.
    fn groups(text: &str, threshold: Option<usize>) -> CanonicalGroups {
        let group =
            |keys| MasterKey::from_list(Family::Age, keys).expect("the text is a list of keys");
        let groups: Vec<_> = text.split(' ').map(group).collect();
        CanonicalGroups::new(KeyGroups {
            groups: &groups,
            threshold,
        })
    }

    #[test]
    fn needing_fewer_or_other_keys_is_a_weakness() {
        for (rule, threshold, file, threshold_of_file, is_weaker) in [
            ("a", None, "a", None, false),
            ("a,b", None, "a b", None, false),
            ("a,b,c", None, "c a,b", Some(2), false),
            ("a b c", Some(3), "a b c", Some(3), false),
            ("a b c", Some(3), "c b a", None, false),
            ("a b c", Some(2), "a b c", Some(3), false),
            ("a b c", Some(2), "a b", None, false),
            ("a b c", Some(2), "a,x b c", Some(2), false),
            ("a b c", Some(2), "a b c x", Some(2), false),
            ("a b,c a,b", None, "a b c", None, false),
            ("a b c", Some(3), "a b c", Some(2), true),
            ("a b c", None, "a b c", Some(2), true),
            ("a b c", None, "a,b,c", None, true),
            ("a b c", Some(2), "a,b,c", Some(1), true),
            ("a b c", Some(3), "a b", None, true),
            ("a,b c", None, "a b,c", None, true),
            ("a,b c", None, "a b", None, true),
        ] {
            let rule_groups = groups(rule, threshold);
            let weakness = weakness(&groups(file, threshold_of_file), &rule_groups);
            assert_eq!(
                weakness.is_some(),
                is_weaker,
                "{rule} {threshold:?} {file}: {weakness:?}"
            );
        }
    }
}
