//! Keys made by `age`, `sops` and `ssh-keygen`, and files made with them, against this library's public interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use sops_keys::age::{Held, Identity, KeyPair, generate_x25519};
use sops_keys::{
    DataKey, EntryPosition, Error, Family, Identities, KeyGroup, MasterKey, Prompt, Recipient,
    WrappedKey, recover_data_key, wrap_data_key,
};

const PASSPHRASE: &str = "passphrase of the test key";

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../testdata/keys")
        .join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(testdata(name)).unwrap()
}

/// An age file with the secret in it, and the key file that opens it.
#[derive(serde::Deserialize)]
struct Vector {
    identity: String,
    recipient: String,
    enc: String,
    secret: String,
}

/// The vectors that this build has the features for.
fn vectors() -> Vec<Vector> {
    let all: Vec<Vector> = read("age.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(all.len(), 20);
    all.into_iter()
        .filter(|vector| is_usable(&vector.identity))
        .collect()
}

/// Whether this build has the features for a key file.
fn is_usable(identity: &str) -> bool {
    match identity {
        "hybrid.txt" | "encrypted.age" => cfg!(feature = "pq"),
        _ => cfg!(feature = "ssh") || !identity.starts_with("ssh_"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers with a passphrase, and counts how often.
struct Answer {
    passphrase: &'static str,
    asked: AtomicUsize,
}

impl Answer {
    fn with(passphrase: &'static str) -> Arc<Self> {
        Arc::new(Self {
            passphrase,
            asked: AtomicUsize::new(0),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Prompt for Answer {
    fn passphrase(&self, description: &str) -> Option<secrecy::SecretString> {
        assert!(description.starts_with("Enter passphrase for identity '"));
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(self.passphrase.into())
    }
}

fn add(identities: &mut Identities, name: &str) {
    let text = std::fs::read(testdata(name)).unwrap();
    if name.starts_with("ssh_") {
        #[cfg(feature = "ssh")]
        identities.add_ssh_key(name, &text).unwrap();
    } else {
        identities.add_keys(name, &text).unwrap();
    }
}

fn with_key(name: &str) -> Identities {
    let mut identities = Identities::new().with_prompt(Answer::with(PASSPHRASE));
    add(&mut identities, name);
    identities
}

#[test]
fn files_of_age_and_sops_open_with_their_key_alone() {
    for vector in vectors() {
        let identities = with_key(&vector.identity);
        let secret = identities.unwrap(&vector.recipient, &vector.enc).unwrap();
        assert_eq!(hex(&secret.unwrap()), vector.secret, "{}", vector.identity);

        let other = if vector.identity == "x25519.txt" {
            "x25519_other.txt"
        } else {
            "x25519.txt"
        };
        assert!(
            with_key(other)
                .unwrap(&vector.recipient, &vector.enc)
                .unwrap()
                .is_none()
        );
    }
}

#[test]
#[cfg(feature = "pq")]
fn a_locked_key_file_may_be_binary() {
    let identities = with_key("encrypted.bin.age");
    for vector in vectors()
        .iter()
        .filter(|vector| vector.identity == "encrypted.age")
    {
        assert!(identities.unwrap("", &vector.enc).unwrap().is_some());
    }
}

#[test]
fn what_is_wrapped_for_a_recipient_opens_with_its_key() {
    for vector in vectors().iter().step_by(2) {
        let recipient: Recipient = vector.recipient.parse().unwrap();
        assert_eq!(recipient.to_string(), vector.recipient);
        let enc = recipient.wrap(b"a secret").unwrap();
        let secret = with_key(&vector.identity).unwrap("", &enc).unwrap();
        assert_eq!(
            secret.unwrap().as_slice(),
            b"a secret",
            "{}",
            vector.identity
        );
    }
}

#[test]
fn recipients_are_known_without_asking() {
    for vector in vectors()
        .iter()
        .filter(|vector| vector.identity != "encrypted.age")
    {
        let mut identities = Identities::new();
        add(&mut identities, &vector.identity);
        add(&mut identities, &vector.identity);
        let recipients: Vec<String> = identities
            .recipients()
            .iter()
            .map(ToString::to_string)
            .collect();
        let known = vector.recipient.trim_end_matches(" sops-rs TEST KEY");
        assert_eq!(recipients, [known]);
    }
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_needed() {
    for locked in [
        "encrypted.age",
        "ssh_ed25519_passphrase",
        "ssh_rsa_passphrase",
    ] {
        let ours: Vec<Vector> = vectors()
            .into_iter()
            .filter(|vector| vector.identity == locked)
            .collect();
        if ours.is_empty() {
            continue;
        }
        let answer = Answer::with(PASSPHRASE);
        let mut identities = Identities::new().with_prompt(Arc::clone(&answer) as _);
        add(&mut identities, locked);
        add(&mut identities, "x25519.txt");
        assert_eq!(identities.sources()[0].held, Held::Locked);

        // Plain keys come first, whatever the order of the sources.
        for vector in vectors()
            .iter()
            .filter(|vector| vector.identity == "x25519.txt")
        {
            assert!(identities.unwrap("", &vector.enc).unwrap().is_some());
        }
        // A file for another key of SSH is no reason to ask either.
        for vector in vectors()
            .iter()
            .filter(|vector| vector.identity == "ssh_ed25519")
        {
            assert!(identities.unwrap("", &vector.enc).unwrap().is_none());
        }
        assert_eq!(answer.asked(), 0, "{locked}");
        for vector in &ours {
            assert!(identities.unwrap("", &vector.enc).unwrap().is_some());
        }
        assert_eq!(answer.asked(), 1, "{locked}");
        assert!(matches!(identities.sources()[0].held, Held::Keys(_)));
    }
}

#[test]
fn a_wrong_passphrase_is_reported_and_not_asked_for_again() {
    for vector in vectors() {
        if vector.identity != "encrypted.age" && !vector.identity.ends_with("passphrase") {
            continue;
        }
        let answer = Answer::with("not that");
        let mut identities = Identities::new().with_prompt(Arc::clone(&answer) as _);
        add(&mut identities, &vector.identity);
        for _ in 0..2 {
            assert!(identities.unwrap("", &vector.enc).unwrap().is_none());
        }
        assert_eq!(answer.asked(), 1);
        let report = identities.sources()[0].to_string();
        assert_eq!(report, format!("{}: incorrect passphrase", vector.identity));

        let mut unasked = Identities::new();
        add(&mut unasked, &vector.identity);
        assert!(unasked.unwrap("", &vector.enc).unwrap().is_none());
        assert!(unasked.sources()[0].to_string().ends_with("nobody to ask"));
    }
}

#[test]
fn an_altered_file_is_an_error_or_for_nobody() {
    let vectors = vectors();
    let mut identities = Identities::new();
    for name in ["x25519.txt", "hybrid.txt", "ssh_ed25519", "ssh_rsa"] {
        if is_usable(name) {
            add(&mut identities, name);
        }
    }
    for identity in ["x25519.txt", "hybrid.txt", "ssh_ed25519", "ssh_rsa"] {
        let Some(vector) = vectors.iter().find(|vector| vector.identity == identity) else {
            continue;
        };
        let opens = |enc: &str| matches!(identities.unwrap("", enc), Ok(Some(_)));
        assert!(opens(&vector.enc));
        // Trying all places of a long file takes a while, and RSA longer.
        let step = if identity == "x25519.txt" { 1 } else { 7 };
        let end = vector.enc.find("\n-----END").unwrap();
        for at in (0..end).step_by(step) {
            assert!(!opens(&vector.enc[..at]), "{identity}: cut at {at}");
            for other in ["A", "=", "\n", "é", " "] {
                let mut altered = vector.enc.clone();
                altered.replace_range(at..=at, other);
                assert!(
                    altered == vector.enc || !opens(&altered),
                    "{identity}: {other:?} at {at}"
                );
            }
        }
    }
    for enc in [
        "",
        "x",
        "-----BEGIN AGE ENCRYPTED FILE-----",
        "age-encryption.org/v1\n",
    ] {
        assert!(
            matches!(identities.unwrap("", enc), Err(Error::DamagedSecret { .. })),
            "{enc:?}"
        );
    }
}

#[test]
fn what_is_no_identity_is_refused_without_being_shown() {
    let key = read("x25519.txt");
    let secret = key.lines().last().unwrap();
    let mut identities = Identities::new();
    for text in [
        format!("{secret}Q"),
        format!("x{secret}"),
        format!("# a\n{secret} {secret}"),
    ] {
        let error = identities.add_keys("mine", text.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::KeySource { .. }));
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("line ") && !shown.contains(&secret[16..24]),
            "{shown}"
        );
    }
    assert!(identities.sources().is_empty());
    // Of a locked file nothing is known before it is opened.
    identities
        .add_keys("mine", b"age-encryption.org/v1\nnothing")
        .unwrap();
    identities
        .add_keys("mine", b"-----BEGIN AGE nothing")
        .unwrap();
}

#[test]
#[cfg(feature = "ssh")]
fn ssh_keys_that_cannot_be_used_say_why() {
    let cases = [
        (read("ssh_ecdsa"), "an SSH key of type ecdsa-sha2-nistp256"),
        (read("ssh_rsa_pkcs8"), "convert it with `ssh-keygen -p`"),
        (
            read("ssh_rsa_pem_passphrase"),
            "convert it with `ssh-keygen -p`",
        ),
        (read("ssh_rsa").replace('Z', "z"), "malformed"),
        (read("ssh_rsa")[..900].to_owned(), "malformed"),
        (read("x25519.txt"), "malformed"),
        (String::new(), "malformed"),
    ];
    for (text, message) in cases {
        let error = Identities::new()
            .add_ssh_key("mine", text.as_bytes())
            .unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
#[cfg(feature = "ssh")]
fn altered_ssh_keys_do_not_panic() {
    for name in [
        "ssh_ed25519",
        "ssh_ed25519_passphrase",
        "ssh_rsa",
        "ssh_rsa_pem",
    ] {
        let text = std::fs::read(testdata(name)).unwrap();
        for at in (0..text.len()).step_by(5) {
            let _ = Identities::new().add_ssh_key("mine", &text[..at]);
            for byte in [b'A', b'/', b'=', b'\n', 0xff] {
                let mut altered = text.clone();
                altered[at] = byte;
                let _ = Identities::new().add_ssh_key("mine", &altered);
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct Groups {
    shamir_threshold: usize,
    identities: Vec<Vec<String>>,
    groups: Vec<Vec<Wrapped>>,
    data_key: String,
}

#[derive(serde::Deserialize)]
struct Wrapped {
    recipient: String,
    enc: String,
}

impl Groups {
    fn key_groups(&self) -> Vec<KeyGroup> {
        let key = |wrapped: &Wrapped| age_key(&wrapped.recipient, &wrapped.enc);
        let group = |keys: &Vec<Wrapped>| KeyGroup {
            keys: keys.iter().map(key).collect(),
        };
        self.groups.iter().map(group).collect()
    }
}

fn age_key(recipient: &str, enc: &str) -> WrappedKey {
    let recipient = recipient.to_owned();
    WrappedKey::new(MasterKey::Age { recipient }, enc.into(), SystemTime::now())
}

fn key_groups() -> Vec<Groups> {
    read("key_groups.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_data_key_comes_from_any_sufficient_groups() {
    for groups in key_groups() {
        let (keys, count) = (groups.key_groups(), groups.identities.len());
        // Every subset of the groups, with any key of each.
        for chosen in 0..1u32 << count {
            for turn in 0..2 {
                let chosen = (0..count).filter(|at| chosen & (1 << at) != 0);
                let names = chosen.map(|at| &groups.identities[at]);
                let names = names.map(|names| &names[turn % names.len()]);
                let names: Vec<_> = names.filter(|name| is_usable(name)).collect();
                let mut identities = Identities::new();
                names.iter().for_each(|name| add(&mut identities, name));
                let recovered = recover_data_key(&keys, Some(groups.shamir_threshold), &identities);
                if names.len() >= groups.shamir_threshold {
                    assert_eq!(hex(recovered.unwrap().as_bytes()), groups.data_key);
                } else {
                    assert!(matches!(recovered, Err(Error::NoKey { .. })));
                }
            }
        }
    }
}

#[test]
fn what_keeps_the_groups_closed_is_told() {
    let [two_of_two, ..] = &key_groups()[..] else {
        panic!("the file has two lines")
    };
    let error = recover_data_key(
        &two_of_two.key_groups(),
        None,
        &with_key("x25519_other.txt"),
    );
    let recipient = &two_of_two.groups[0][0].recipient;
    let own = &with_key("x25519_other.txt").recipients()[0];
    assert_eq!(
        error.unwrap_err().to_string(),
        format!(
            "2 of 2 key groups are needed, but only 1 can be opened\n\
             key group 1 needs one of these master keys:\n  {recipient}\n\
             key group 2: opened\n\
             private keys were looked for in:\n  x25519_other.txt: 1 key ({own})"
        )
    );

    let foreign = MasterKey::from_list(Family::Kms, "arn:a")
        .unwrap()
        .remove(0);
    let foreign = WrappedKey::new(foreign, "x".into(), SystemTime::now());
    let broken = age_key("age1x", "x");
    let group = KeyGroup {
        keys: vec![foreign, broken],
    };
    let error = recover_data_key(&[group], None, &Identities::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no private key at hand opens this; one of these master keys is needed:\n  \
         age1x (`enc` of age1x: not an armoured age file)\n  \
         kms arn:a (needs a key service for AWS KMS)\n\
         no private keys were given"
    );
}

#[test]
fn a_data_key_is_wrapped_for_one_group_or_shared_by_several() {
    let key = DataKey::generate();
    let other = with_key("x25519_other.txt");
    let mut both = with_key("x25519_other.txt");
    add(&mut both, "x25519.txt");
    let keys = |identities: &Identities| -> Vec<MasterKey> {
        let recipients = identities.recipients().into_iter();
        recipients.map(MasterKey::from).collect()
    };
    let (mine, others) = (keys(&with_key("x25519.txt")), keys(&other));
    let wrap = |groups: &[Vec<MasterKey>], threshold| {
        wrap_data_key(&key, groups, threshold, &both, SystemTime::now())
    };

    let one = wrap(&[[mine.clone(), others.clone()].concat()], None).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(
        recover_data_key(&one, None, &other).unwrap().as_bytes(),
        key.as_bytes()
    );

    let groups = [mine.clone(), others.clone(), mine.clone()];
    let shared = wrap(&groups, Some(2)).unwrap();
    assert_eq!(
        recover_data_key(&shared, Some(2), &both)
            .unwrap()
            .as_bytes(),
        key.as_bytes()
    );
    assert!(recover_data_key(&shared, None, &other).is_err());
    let recipients: Vec<_> = shared
        .iter()
        .map(|group| group.keys[0].master_key())
        .collect();
    assert_eq!(recipients, [&mine[0], &others[0], &mine[0]]);

    for groups in [vec![], vec![mine.clone(), vec![]]] {
        assert!(matches!(wrap(&groups, None), Err(Error::NoRecipient)));
    }
    for threshold in [1, 3] {
        let refused = wrap(&[mine.clone(), others.clone()], Some(threshold));
        assert!(matches!(refused, Err(Error::KeyGroups { .. })));
    }
    let cloud = MasterKey::from_list(Family::Kms, "arn:a").unwrap();
    let refused = wrap(&[[mine.clone(), cloud].concat()], None);
    assert!(matches!(refused, Err(Error::NoKeyService { .. })));
    for (groups, threshold) in [(&shared[..0], None), (&shared[..2], Some(3))] {
        let refused = recover_data_key(groups, threshold, &both);
        assert!(matches!(refused, Err(Error::KeyGroups { .. })));
    }
    // A share is no data key, nor the other way round.
    let refused = recover_data_key(&shared[..1], None, &both).unwrap_err();
    assert!(
        refused.to_string().contains("holds 33 bytes instead of 32"),
        "{refused}"
    );
}

#[test]
fn a_data_key_is_never_printed() {
    let key = DataKey::from_bytes(&[0xab; 32]).unwrap();
    assert_eq!(format!("{key:?}"), "DataKey(…)");
    assert!(DataKey::from_bytes(&[0xab; 31]).is_none());
    assert_ne!(
        DataKey::generate().as_bytes(),
        DataKey::generate().as_bytes()
    );
}

#[test]
fn identities_may_be_shared_by_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    check(&Identities::new());
    check(&DataKey::generate());
}

#[test]
fn a_generated_key_is_usable_as_it_is() {
    let pair = generate_x25519();
    let enc = pair.recipient.wrap(b"a secret").unwrap();
    let shown = format!("{:?}", pair.identity);
    assert_eq!(shown, "Identity(…)");
    let mut given = Identities::new();
    given.add_identity(pair.identity.clone());
    let report = given.sources()[0].to_string();
    assert_eq!(report, format!("{0}: 1 key ({0})", pair.recipient));
    for identities in [given, Identities::from(pair.identity)] {
        let secret = identities.unwrap("", &enc).unwrap();
        assert_eq!(secret.unwrap().as_slice(), b"a secret");
        assert_eq!(
            identities.recipients(),
            std::slice::from_ref(&pair.recipient)
        );
    }
}

#[test]
fn an_identity_is_parsed_from_its_line_and_refused_without_being_shown() {
    let file = read("x25519.txt");
    let line = file.lines().last().unwrap();
    let identity: Identity = format!(" {line}\n").parse().unwrap();
    assert!(file.contains(&identity.recipient().unwrap().to_string()));
    let message = "not an age identity, which begins with `AGE-SECRET-KEY-` or `AGE-PLUGIN-`";
    let refused = line[1..].parse::<Identity>().unwrap_err();
    assert_eq!(refused, Error::Identity { message });
}

#[test]
fn errors_tell_what_is_wrong_without_their_text() {
    let recipient = generate_x25519().recipient;
    let key = MasterKey::from(recipient.clone());
    let wrapped = |enc: &str| vec![age_key(&recipient.to_string(), enc)];
    let groups = |enc: &str| [KeyGroup { keys: wrapped(enc) }];
    let nothing = Identities::new();
    let is_no_key = |error: &Error, position: Option<(Family, usize)>| match error {
        Error::NoKey {
            missing, damaged, ..
        } => {
            let found = damaged.map(|EntryPosition { family, index, .. }| (family, index));
            missing == std::slice::from_ref(&key) && found == position
        }
        _ => false,
    };
    let enc = recipient.wrap(&[7; DataKey::BYTES]).unwrap();
    let closed = recover_data_key(&groups(&enc), None, &nothing).unwrap_err();
    assert!(is_no_key(&closed, None), "{closed:?}");
    let damaged = recover_data_key(&groups("x"), None, &nothing).unwrap_err();
    assert!(is_no_key(&damaged, Some((Family::Age, 0))), "{damaged:?}");
    assert_eq!(
        nothing.unwrap("age1x", "x").unwrap_err(),
        Error::DamagedSecret {
            key: "age1x".to_owned(),
            message: "not an armoured age file".to_owned()
        }
    );
    let cloud = MasterKey::from_list(Family::Kms, "arn:a")
        .unwrap()
        .remove(0);
    assert_eq!(
        wrap_data_key(
            &DataKey::generate(),
            &[vec![cloud.clone()]],
            None,
            &nothing,
            SystemTime::now()
        )
        .unwrap_err(),
        Error::no_key_service(&cloud)
    );
}

#[test]
fn a_key_file_is_written_as_age_keygen_writes_it() {
    for name in ["x25519.txt", "hybrid.txt"]
        .into_iter()
        .filter(|name| is_usable(name))
    {
        let file = read(name);
        let (_mark, key_file) = file.split_once('\n').unwrap();
        let lines: Vec<&str> = key_file.lines().collect();
        let [created, recipient, identity] = lines[..] else {
            panic!("three lines in {name}")
        };
        let pair = KeyPair::from_identity(identity.parse().unwrap()).unwrap();
        assert_eq!(recipient, format!("# public key: {}", pair.recipient));
        assert_eq!(
            *pair.key_file(created.strip_prefix("# created: ").unwrap()),
            key_file
        );
    }
}

#[test]
fn identities_can_be_kept_in_another_place() {
    use secrecy::ExposeSecret;

    for name in ["x25519.txt", "hybrid.txt", "encrypted.age"]
        .into_iter()
        .filter(|name| is_usable(name))
    {
        let mut identities = with_key(name);
        // The same once more is one key.
        add(&mut identities, name);
        let pairs = identities.key_pairs(&[]);
        assert_eq!(
            pairs.len(),
            if name == "encrypted.age" { 2 } else { 1 },
            "{name}"
        );
        let mut elsewhere = Identities::new();
        for pair in &pairs {
            let line = pair.identity.to_text();
            let line = line.expose_secret();
            assert!(
                name == "encrypted.age" || read(name).contains(&format!("{line}\n")),
                "{name}"
            );
            elsewhere.add_keys("elsewhere", line.as_bytes()).unwrap();
        }
        let recipients: Vec<&Recipient> = pairs.iter().map(|pair| &pair.recipient).collect();
        assert_eq!(
            elsewhere.recipients().iter().collect::<Vec<_>>(),
            recipients,
            "{name}"
        );
        for vector in vectors().iter().filter(|vector| vector.identity == name) {
            let secret = elsewhere.unwrap(&vector.recipient, &vector.enc).unwrap();
            assert_eq!(
                secret.map(|secret| hex(&secret)),
                Some(vector.secret.clone()),
                "{name}"
            );
        }
    }
    // Those of SSH have files of their own.
    #[cfg(feature = "ssh")]
    assert!(with_key("ssh_ed25519").key_pairs(&[]).is_empty());
}

#[cfg(feature = "ssh")]
mod work_limits {
    use sops_keys::{Effort, KeyService, WorkBudget};
    use zeroize::Zeroizing;

    use super::*;

    /// A key service that does little for one file.
    struct Sparing(Identities);

    impl KeyService for Sparing {
        fn serves(&self, family: Family) -> bool {
            self.0.serves(family)
        }

        fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> sops_keys::Result<String> {
            self.0.encrypt(key, secret)
        }

        fn decrypt(
            &self,
            key: &MasterKey,
            enc: &str,
            effort: Effort,
        ) -> sops_keys::Result<Option<Zeroizing<Vec<u8>>>> {
            self.0.decrypt(key, enc, effort)
        }

        fn decrypt_within(
            &self,
            budget: &WorkBudget,
            key: &MasterKey,
            enc: &str,
            effort: Effort,
        ) -> sops_keys::Result<Option<Zeroizing<Vec<u8>>>> {
            self.0.decrypt_within(budget, key, enc, effort)
        }

        fn budget(&self) -> WorkBudget {
            WorkBudget::small()
        }
    }

    /// The age file with 30 stanzas for the same SSH key, none of which it opens.
    fn with_broken_stanzas(enc: &str) -> String {
        use base64::Engine as _;
        use base64::prelude::BASE64_STANDARD;
        let base64: String = enc.lines().filter(|line| !line.starts_with('-')).collect();
        let file = BASE64_STANDARD.decode(base64).unwrap();
        let text = String::from_utf8_lossy(&file);
        let start = text.find("-> ssh-rsa").unwrap();
        let end = text.find("\n---").unwrap() + 1;
        let (arguments, body) = text[start..end].split_once('\n').unwrap();
        let other = if body.starts_with('A') { "B" } else { "A" };
        let stanza = format!("{arguments}\n{other}{}", &body[1..]);
        let file = [&file[..start], stanza.repeat(30).as_bytes(), &file[end..]].concat();
        let base64 = BASE64_STANDARD.encode(file);
        let lines: Vec<&str> = base64
            .as_bytes()
            .chunks(64)
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        format!(
            "-----BEGIN AGE ENCRYPTED FILE-----\n{}\n-----END AGE ENCRYPTED FILE-----\n",
            lines.join("\n")
        )
    }

    #[test]
    fn hostile_entries_take_only_so_many_operations() {
        let vector = vectors()
            .into_iter()
            .find(|vector| vector.identity == "ssh_rsa");
        let vector = vector.unwrap();
        let broken = with_broken_stanzas(&vector.enc);
        let group = |count: usize| KeyGroup {
            keys: (0..count)
                .map(|_| age_key(&vector.recipient, &broken))
                .collect(),
        };
        let identities = || {
            let mut identities = Identities::new();
            let text = read("ssh_rsa");
            identities.add_ssh_key("ssh_rsa", text.as_bytes()).unwrap();
            identities
        };
        const LEFT_OUT: &str = "not all of them were tried";
        let few = recover_data_key(&[group(2)], None, &identities()).unwrap_err();
        assert!(!few.to_string().contains(LEFT_OUT), "{few}");
        let few = recover_data_key(&[group(2)], None, &Sparing(identities())).unwrap_err();
        assert!(few.to_string().contains(LEFT_OUT), "{few}");

        let many = recover_data_key(&[group(40)], None, &identities()).unwrap_err();
        assert!(many.to_string().contains(LEFT_OUT), "{many}");
    }
}
