//! The data key: how key groups hold it, and how it is got back from them.

use std::collections::HashSet;
use std::fmt::{self, Write};
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::age::Effort;
use super::{Identities, KeyGroup, MasterKey, Prompt, Recipient, shamir};
use crate::error::{Error, Result};

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

/// Encrypts `data_key` for groups of recipients.
///
/// One group gets the data key itself, each of several a share of it (see [`shamir`]); each recipient of a group gets
/// what the group gets. `threshold` is how many groups have to be opened to get the data key back, all of them if it is
/// `None`; with one group it has no meaning. `prompt` is asked if a recipient's plugin wants to.
///
/// # Errors
///
/// [`Error::NoRecipient`] for no group or an empty one, [`Error::KeyGroups`] for a threshold that does not fit the
/// groups, [`Error::Recipient`] from a plugin.
///
/// ```
/// use sops_core::keys::age::generate_x25519;
/// use sops_core::keys::{DataKey, Identities, recover_data_key, wrap_data_key};
///
/// let (alice, bob) = (generate_x25519(), generate_x25519());
/// let key = DataKey::generate();
/// let groups = [vec![alice.recipient.clone()], vec![bob.recipient.clone()]];
/// let wrapped = wrap_data_key(&key, &groups, Some(2), Identities::new().prompt())?;
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
    groups: &[Vec<Recipient>],
    threshold: Option<usize>,
    prompt: &Arc<dyn Prompt>,
) -> Result<Vec<KeyGroup>> {
    if groups.is_empty() || groups.iter().any(Vec::is_empty) {
        return Err(Error::NoRecipient);
    }
    let secrets = match groups {
        [_] => vec![Zeroizing::new(data_key.as_bytes().to_vec())],
        _ => shamir::split(
            data_key.as_bytes(),
            groups.len(),
            threshold.unwrap_or(groups.len()),
        )?,
    };
    let wrap = |(recipients, secret): (&Vec<Recipient>, &Zeroizing<Vec<u8>>)| {
        let keys = recipients.iter().map(|recipient| {
            let enc = recipient.wrap_asking(secret, prompt)?;
            Ok(MasterKey::Age {
                recipient: recipient.to_string(),
                enc,
            })
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
/// asked for a passphrase or a plugin is started.
///
/// # Errors
///
/// [`Error::NoDataKey`] if too few groups open: it names their master keys and the sources of identities that were
/// looked at. [`Error::KeyGroups`] for no groups, a threshold above their number, or shares that make no data key.
pub fn recover_data_key(
    groups: &[KeyGroup],
    threshold: Option<usize>,
    identities: &Identities,
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
        let own = identities.native_recipients();
        let own: HashSet<String> = own.iter().map(ToString::to_string).collect();
        openings
            .iter_mut()
            .for_each(|opening| opening.put_first(&own));
    }

    let mut opened = 0;
    'enough: for effort in Effort::ALL {
        for opening in openings
            .iter_mut()
            .filter(|opening| opening.secret.is_none())
        {
            opening.attempt(effort, identities);
            opened += usize::from(opening.secret.is_some());
            if opened == needed {
                break 'enough;
            }
        }
    }
    if opened < needed {
        return Err(Error::NoDataKey {
            message: closed(&openings, needed, opened, identities),
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

/// A key group that is being opened.
struct Opening<'a> {
    /// The group's keys, the most promising first.
    keys: Vec<&'a MasterKey>,
    /// Why a key cannot be used at all, by its place.
    problems: Vec<Option<String>>,
    secret_bytes: usize,
    secret: Option<Zeroizing<Vec<u8>>>,
}

impl<'a> Opening<'a> {
    fn new(group: &'a KeyGroup, secret_bytes: usize) -> Self {
        let keys: Vec<_> = group.keys.iter().collect();
        Self {
            problems: vec![None; keys.len()],
            keys,
            secret_bytes,
            secret: None,
        }
    }

    /// Puts the keys for these recipients first, which saves trying the others.
    fn put_first(&mut self, own: &HashSet<String>) {
        self.keys.sort_by_key(|key| match key {
            MasterKey::Age { recipient, .. } => !own.contains(recipient.trim()),
            MasterKey::Foreign { .. } => true,
        });
    }

    fn attempt(&mut self, effort: Effort, identities: &Identities) {
        for (key, problem) in self.keys.iter().zip(&mut self.problems) {
            let MasterKey::Age { recipient, enc } = key else {
                continue;
            };
            if problem.is_some() {
                continue;
            }
            match identities.unwrap_with(effort, recipient, enc) {
                Ok(Some(secret)) if secret.len() == self.secret_bytes => {
                    self.secret = Some(secret);
                    return;
                }
                Ok(Some(secret)) => {
                    let (found, wanted) = (secret.len(), self.secret_bytes);
                    *problem = Some(format!("holds {found} bytes instead of {wanted}"));
                }
                Ok(None) => {}
                Err(Error::Metadata { message, .. }) => *problem = Some(message),
                Err(error) => *problem = Some(error.to_string()),
            }
        }
    }
}

/// The message about groups that stay closed: whose keys would open them, and where keys were looked for.
fn closed(
    openings: &[Opening<'_>],
    needed: usize,
    opened: usize,
    identities: &Identities,
) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |line: fmt::Arguments<'_>| {
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{separator}{line}");
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
            match (problem, key) {
                (Some(problem), _) => line(format_args!("  {key} ({problem})")),
                (None, MasterKey::Age { .. }) => line(format_args!("  {key}")),
                (None, MasterKey::Foreign { .. }) => {
                    line(format_args!(
                        "  {key} (keys of this family are not supported)"
                    ));
                }
            }
        }
    }
    let sources = identities.sources();
    if sources.is_empty() {
        line(format_args!("no private keys were given"));
    } else {
        line(format_args!("private keys were looked for in:"));
    }
    for source in &sources {
        line(format_args!("  {source}"));
    }
    for complaint in identities.complaints() {
        line(format_args!("{complaint}"));
    }
    text
}

fn refuse<T>(message: &str) -> Result<T> {
    Err(Error::KeyGroups {
        message: message.to_owned(),
    })
}
