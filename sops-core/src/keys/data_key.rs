//! The data key: how key groups hold it, and how it is got back from them.

use std::collections::HashSet;
use std::fmt::{self, Write};
use std::time::SystemTime;

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::{
    Budget, CanonicalKey, Effort, Family, KeyGroup, KeyService, MasterKey, WrappedKey, shamir,
};
use crate::error::{Error, Result};
use crate::metadata::KEY_GROUPS;
use sops_document::{Component, KeyPath};
use sops_printable::escaped;

/// The key of 32 bytes that the values of one document are encrypted with (AES-256). It is wiped when dropped, and
/// never printed.
#[derive(Clone)]
pub struct DataKey(Box<Zeroizing<[u8; DataKey::BYTES]>>);

impl DataKey {
    /// Its size.
    pub const BYTES: usize = 32;

    /// A new one, from the system's random generator.
    pub fn generate() -> Self {
        let mut key = Box::new(Zeroizing::new([0; Self::BYTES]));
        SysRng
            .try_fill_bytes(key.as_mut_slice())
            .expect("the system's random generator works: nothing secret can be made without it");
        Self(key)
    }

    /// From bytes; `None` if they are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Box::new(Zeroizing::new([0; Self::BYTES]));
        (bytes.len() == Self::BYTES).then(|| {
            key.copy_from_slice(bytes);
            Self(key)
        })
    }

    /// The key itself.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// Encrypts `data_key` for groups of master keys.
///
/// One group gets the data key itself, each of several a share of it (see [`shamir`]); each key of a group gets what the group gets.
/// `threshold` is how many groups have to be opened to get the data key back, all of them if it is `None`; with one group it has no
/// meaning. `now` is what the metadata tells as `created_at`.
///
/// # Errors
///
/// [`Error::NoRecipient`] for no group or an empty one, [`Error::KeyGroups`] for a threshold that does not fit the groups,
/// [`Error::Recipient`] and [`Error::MasterKey`] for a key that cannot be used, [`Error::NoKeyService`] for one that `service`
/// knows nothing of.
///
/// ```
/// use std::time::SystemTime;
///
/// use sops_core::keys::age::generate_x25519;
/// use sops_core::keys::{DataKey, Identities, recover_data_key, wrap_data_key};
///
/// let (alice, bob) = (generate_x25519(), generate_x25519());
/// let key = DataKey::generate();
/// let groups = [vec![alice.recipient.clone().into()], vec![bob.recipient.clone().into()]];
/// let wrapped = wrap_data_key(&key, &groups, Some(2), &Identities::new(), SystemTime::now())?;
///
/// let mut identities = Identities::new();
/// identities.add_keys("alice", alice.key_file("2026-01-01T00:00:00Z").as_bytes())?;
/// assert!(recover_data_key(&wrapped, Some(2), &identities).is_err());
/// identities.add_keys("bob", bob.key_file("2026-01-01T00:00:00Z").as_bytes())?;
/// assert_eq!(recover_data_key(&wrapped, Some(2), &identities)?.as_bytes(), key.as_bytes());
/// # Ok::<(), sops_core::Error>(())
/// ```
pub fn wrap_data_key(
    data_key: &DataKey,
    groups: &[Vec<MasterKey>],
    threshold: Option<usize>,
    service: &dyn KeyService,
    now: SystemTime,
) -> Result<Vec<KeyGroup>> {
    if groups.is_empty() || groups.iter().any(Vec::is_empty) {
        return Err(Error::NoRecipient);
    }
    // Before any service is asked: a key that cannot be used, and one that nobody knows.
    for key in groups.iter().flatten() {
        key.check()?;
        if !service.serves(key.family()) {
            return Err(Error::no_service(key));
        }
    }
    let secrets = match groups {
        [_] => vec![Zeroizing::new(data_key.as_bytes().to_vec())],
        _ => shamir::split(
            data_key.as_bytes(),
            groups.len(),
            threshold.unwrap_or(groups.len()),
        )?,
    };
    let wrap = |(keys, secret): (&Vec<MasterKey>, &Zeroizing<Vec<u8>>)| {
        let keys = keys.iter().map(|key| {
            let enc = service.encrypt(key, secret)?;
            Ok(WrappedKey::new(key.clone(), enc, now))
        });
        Ok(KeyGroup {
            keys: keys.collect::<Result<_>>()?,
        })
    };
    groups.iter().zip(&secrets).map(wrap).collect()
}

/// Gets the data key back from a document's key groups.
///
/// Of one group any master key will do. Of several, `threshold` have to be opened, all of them if it is `None`; no
/// more are. Keys that lie ready are tried on all master keys before any command runs, and commands before anybody is
/// asked for a passphrase or a plugin is started; unless the service has a
/// [decryption order](KeyService::decryption_order), which comes before that.
///
/// # Errors
///
/// [`Error::NoDataKey`] if too few groups open: it names their master keys and where private keys were
/// looked for. [`Error::KeyGroups`] for no groups, a threshold above their number, or shares that make no data key.
pub fn recover_data_key(
    groups: &[KeyGroup],
    threshold: Option<usize>,
    service: &dyn KeyService,
) -> Result<DataKey> {
    let needed = match groups {
        [] => return refuse("there are none"),
        [_] => 1,
        // Shamir's scheme has no threshold of 1; one that is written down is a mistake.
        _ => threshold.unwrap_or(groups.len()).max(2),
    };
    if needed > groups.len() {
        return refuse(&format!(
            "{needed} of them have to be opened, but there are only {}",
            groups.len()
        ));
    }
    let share_bytes = DataKey::BYTES + usize::from(groups.len() > 1);
    let mut openings: Vec<Opening> = groups
        .iter()
        .map(|group| Opening::new(group, share_bytes))
        .collect();
    if groups.iter().any(|group| group.keys.len() > 1) {
        let at_hand: HashSet<CanonicalKey> = service
            .keys_at_hand()
            .iter()
            .map(MasterKey::canonical)
            .collect();
        openings
            .iter_mut()
            .for_each(|opening| opening.put_first(&at_hand));
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
        return Err(Error::NoDataKey {
            message: closed(&openings, needed, opened, service, &budget),
            missing: closed_keys.map(|key| key.master_key().clone()).collect(),
            damaged: openings.iter().enumerate().find_map(|(number, opening)| {
                let group = (groups.len() > 1).then_some(number);
                opening.damaged(group)
            }),
            location: None,
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
    // A share was checked to be one byte longer.
    DataKey::from_bytes(&key).map_or_else(|| refuse("their shares make no data key"), Ok)
}

/// Which families are tried with which effort, in turn: all families of a pass together, those of the order one by one before the others.
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

/// A key group that is being opened.
struct Opening<'a> {
    group: &'a KeyGroup,
    /// The group's keys, the most promising first.
    keys: Vec<&'a WrappedKey>,
    /// Why a key does not open, by its place, as far as that is known.
    problems: Vec<Option<Problem>>,
    secret_bytes: usize,
    secret: Option<Zeroizing<Vec<u8>>>,
}

impl<'a> Opening<'a> {
    fn new(group: &'a KeyGroup, secret_bytes: usize) -> Self {
        let mut keys: Vec<_> = group.keys.iter().collect();
        // The order of sops: age, PGP, then the others as they come.
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

    /// Puts these keys first, which saves trying the others.
    fn put_first(&mut self, at_hand: &HashSet<CanonicalKey>) {
        self.keys
            .sort_by_cached_key(|key| !at_hand.contains(&key.master_key().canonical()));
    }

    fn attempt(
        &mut self,
        families: &[Family],
        effort: Effort,
        service: &dyn KeyService,
        budget: &Budget,
    ) {
        for (key, problem) in self.keys.iter().zip(&mut self.problems) {
            let master_key = key.master_key();
            let family = master_key.family();
            if !families.contains(&family) || !service.serves(family) {
                continue;
            }
            match service.decrypt_within(budget, master_key, key.enc(), effort) {
                Ok(Some(secret)) if secret.len() == self.secret_bytes => {
                    self.secret = Some(secret);
                    return;
                }
                Ok(Some(secret)) => {
                    let (found, wanted) = (secret.len(), self.secret_bytes);
                    *problem = Some(Problem {
                        is_damage: true,
                        message: format!("holds {found} bytes instead of {wanted}"),
                    });
                }
                Ok(None) => {}
                Err(error) => {
                    *problem = Some(Problem {
                        is_damage: matches!(error, Error::Metadata { .. }),
                        message: error.about_key(),
                    });
                }
            }
        }
    }

    /// The path of the first damaged `enc` in the metadata, in which the group is one of several if it has a number.
    fn damaged(&self, group: Option<usize>) -> Option<KeyPath> {
        let is_damage =
            |problem: &Option<Problem>| problem.as_ref().is_some_and(|problem| problem.is_damage);
        let key = self.keys[self.problems.iter().position(is_damage)?];
        let family = key.master_key().family();
        let mut of_family = self
            .group
            .keys
            .iter()
            .filter(|key| key.master_key().family() == family);
        let index = of_family.position(|other| std::ptr::eq(other, key))?;
        let group =
            group.map(|number| [Component::Key(KEY_GROUPS.into()), Component::Index(number)]);
        let entry = [
            Component::Key(family.name().into()),
            Component::Index(index),
            Component::Key("enc".into()),
        ];
        KeyPath::new(group.into_iter().flatten().chain(entry))
    }
}

/// Why a key does not open its group.
#[derive(Clone)]
struct Problem {
    message: String,
    /// Whether that is the fault of what stands in the metadata.
    is_damage: bool,
}

/// The message about groups that stay closed: whose keys would open them, and where keys were looked for.
fn closed(
    openings: &[Opening<'_>],
    needed: usize,
    opened: usize,
    service: &dyn KeyService,
    budget: &Budget,
) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |line: fmt::Arguments<'_>| {
        let separator = if text.is_empty() { "" } else { "\n" };
        // A remote service chooses the wording.
        let _ = write!(text, "{separator}{}", escaped(&line.to_string()));
    };
    if openings.len() == 1 {
        line(format_args!(
            "no private key at hand opens this; one of these master keys is needed:"
        ));
    } else {
        let groups = openings.len();
        line(format_args!(
            "{needed} of {groups} key groups are needed, but only {opened} can be opened"
        ));
    }
    if budget.is_exceeded() {
        line(format_args!(
            "not all of them were tried: the file has too many entries that would take private keys or programs of this computer to try"
        ));
    }
    let mut families = Vec::new();
    for (at, opening) in openings.iter().enumerate() {
        if openings.len() > 1 && opening.secret.is_some() {
            line(format_args!("key group {}: opened", at + 1));
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
        .flat_map(|family| service.looked_at(*family))
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
    fn the_least_effort_comes_first_unless_there_is_an_order() {
        let all = passes(&[]);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|(families, _)| families == &Family::ALL));
        let ordered = passes(&[Family::Pgp, Family::Age]);
        assert_eq!(ordered[2], (vec![Family::Pgp], Effort::Ask));
        assert_eq!(ordered[3], (vec![Family::Age], Effort::Ready));
        assert_eq!((ordered.len(), ordered[6].0.len()), (9, 5));
    }
}
