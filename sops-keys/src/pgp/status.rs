//! Parses the status lines of `gpg`, which contain the reason for an error. GnuPG documents them in
//! `doc/DETAILS`.

/// The standard error of `gpg`.
pub(super) struct Status {
    /// The status lines, without their prefix.
    lines: Vec<String>,
    /// The last message for the user, in the language of the environment.
    last_words: Option<String>,
}

/// Why a message can't be decrypted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The agent does not have the passphrase, so the user must enter it.
    NeedsUser,
    /// The message can't be decrypted for another reason.
    Because(String),
}

/// Error codes from `gpg-error.h` for a failed passphrase prompt: bad passphrase, timeout, no
/// pinentry, canceled, fully canceled, and not a terminal (ENOTTY).
const ASKING: [u32; 6] = [11, 62, 85, 99, 198, 0x8066];

impl Status {
    pub(super) fn read(text: &str) -> Self {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("[GNUPG:] "));
        let words = text.lines().filter(|line| !line.starts_with("[GNUPG:]"));
        let mut words = words.filter_map(|line| line.strip_prefix("gpg: "));
        let last_words = words.next_back().map(|line| {
            let line = line.chars().filter(|character| !character.is_control());
            line.take(200).collect()
        });
        Self {
            lines: lines.map(str::to_owned).collect(),
            last_words,
        }
    }

    /// The words after a status keyword, from its first line.
    fn words(&self, keyword: &str) -> Option<impl Iterator<Item = &str>> {
        self.lines.iter().find_map(|line| {
            let mut words = line.split(' ');
            (words.next() == Some(keyword)).then_some(words)
        })
    }

    /// The reason code of `INV_RECP` if a recipient was rejected.
    pub(super) fn refused_recipient(&self) -> Option<u32> {
        self.words("INV_RECP")?.next()?.parse().ok()
    }

    pub(super) fn closed(&self) -> Closed {
        let error = self
            .words("ERROR")
            .and_then(|mut words| match words.next()? {
                "pkdecrypt_failed" => words.next()?.parse::<u32>().ok(),
                _ => None,
            });
        match error.map(|error| error & 0xffff) {
            Some(code) if ASKING.contains(&code) => Closed::NeedsUser,
            // Versions before 2.1 can't suppress the prompt and print no status line.
            None if self.lines.is_empty() => Closed::NeedsUser,
            None if self.words("NO_SECKEY").is_some() => {
                Closed::Because("`gpg` does not have the secret key".to_owned())
            }
            None if self.words("NODATA").is_some() => {
                Closed::Because("`enc` is not a PGP message".to_owned())
            }
            _ => Closed::Because(self.failure()),
        }
    }

    /// The fingerprints of the key that decrypted; the subkey's comes first.
    pub(super) fn decryption_key(&self) -> Vec<String> {
        let words = self.words("DECRYPTION_KEY");
        words.map_or_else(Vec::new, |words| words.take(2).map(str::to_owned).collect())
    }

    /// The message of `gpg` itself.
    pub(super) fn failure(&self) -> String {
        match &self.last_words {
            Some(words) => format!("`gpg` failed: {words}"),
            None => "`gpg` failed without a message".to_owned(),
        }
    }
}

/// The meaning of a reason code of `INV_RECP`.
pub(super) fn refusal(reason: u32) -> &'static str {
    match reason {
        1 => {
            "`gpg` does not have this public key; import it, for example with `gpg --recv-keys FINGERPRINT`"
        }
        2 => "`gpg` has several keys with this ID; use the full fingerprint",
        3 => "the key cannot be used for encryption",
        4 => "the key is revoked",
        5 => "the key is expired",
        10 => "the key is not trusted",
        13 => "the key is disabled",
        _ => "`gpg` cannot use this public key",
    }
}

/// Why a key is unusable, from the validity in a listing of `gpg --with-colons`.
pub(super) fn validity(listing: &str) -> &'static str {
    let validity = |kind: &str| {
        let lines = listing.lines().map(|line| line.split(':'));
        let mut fields =
            lines.filter_map(|mut fields| (fields.next() == Some(kind)).then_some(fields));
        fields.next().and_then(|mut fields| fields.next())
    };
    match validity("pub") {
        Some("r") => refusal(4),
        Some("e") => refusal(5),
        Some("d") => refusal(13),
        // The key itself is valid, but it has no valid subkey for encryption.
        Some(_) => match validity("sub") {
            Some("e") => "its key for encryption is expired",
            Some("r") => "its key for encryption is revoked",
            _ => refusal(3),
        },
        None => refusal(0),
    }
}

/// The fingerprints of the keys and subkeys in a listing of `gpg --with-colons`.
pub(super) fn fingerprints(listed: &str) -> Vec<String> {
    let lines = listed.lines().filter_map(|line| line.strip_prefix("fpr:"));
    let fields = lines.filter_map(|line| line.split(':').nth(8));
    fields.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GnuPG 2.2.40 printed these lines.
    #[test]
    fn the_reason_for_a_failed_decryption_is_found() {
        let because = |text: &str| Closed::Because(text.to_owned());
        for (lines, closed) in [
            (
                "[GNUPG:] ENC_TO E9B362340B5B4AE9 1 0\ngpg: encrypted with RSA key, ID E9B362340B5B4AE9\n[GNUPG:] NO_SECKEY E9B362340B5B4AE9\n\
                 [GNUPG:] DECRYPTION_FAILED\ngpg: decryption failed: No secret key\n",
                because("`gpg` does not have the secret key"),
            ),
            (
                "gpg: no valid OpenPGP data found.\n[GNUPG:] NODATA 1\n[GNUPG:] FAILURE decrypt 4294967295\n",
                because("`enc` is not a PGP message"),
            ),
            (
                "[GNUPG:] ERROR pkdecrypt_failed 67108963\n",
                Closed::NeedsUser,
            ),
            (
                "[GNUPG:] ERROR pkdecrypt_failed 67108949\n",
                Closed::NeedsUser,
            ),
            (
                "[GNUPG:] ERROR pkdecrypt_failed 83918950\n",
                Closed::NeedsUser,
            ),
            (
                "gpg: invalid option \"--pinentry-mode\"\n",
                Closed::NeedsUser,
            ),
            (
                "[GNUPG:] ERROR add_keyblock_resource 33587281\n[GNUPG:] DECRYPTION_FAILED\ngpg: decryption failed: \u{1b}[31mBad\n",
                because("`gpg` failed: decryption failed: [31mBad"),
            ),
            (
                "[GNUPG:] DECRYPTION_FAILED\n",
                because("`gpg` failed without a message"),
            ),
        ] {
            assert_eq!(Status::read(lines).closed(), closed, "{lines}");
        }
    }

    /// GnuPG 2.2.40 printed this line.
    #[test]
    fn the_key_that_decrypted_is_found() {
        let (subkey, key) = (
            "D38DB8EBF8B8FB0E4CDB1CE6E9B362340B5B4AE9",
            "85D77543B3D624B63CEA9E6DBC17301B491B3F21",
        );
        let status = Status::read(&format!(
            "[GNUPG:] ENC_TO E9B362340B5B4AE9 1 0\n[GNUPG:] DECRYPTION_KEY {subkey} {key} u\n[GNUPG:] DECRYPTION_OKAY\n"
        ));
        assert_eq!(status.decryption_key(), [subkey, key]);
        assert!(Status::read("").decryption_key().is_empty());
    }

    #[test]
    fn the_reason_for_a_rejected_key_is_found() {
        let status = Status::read(
            "gpg: x: skipped: No public key\n[GNUPG:] INV_RECP 1 85D7\n[GNUPG:] FAILURE encrypt 9\n",
        );
        assert_eq!(status.refused_recipient(), Some(1));
        assert_eq!(Status::read("[GNUPG:] INV_RECP").refused_recipient(), None);
        for (listing, words) in [
            (
                "tru::1:0:0:3:1:5\npub:e:3072:1:EBB2:1577836800:1577923200::u:::sc:\n",
                "is expired",
            ),
            ("pub:r:3072:1:\n", "is revoked"),
            ("pub:u:2048:1:95E4:\n", "cannot be used for encryption"),
            ("pub:u:2048:1:95E4:\nsub:e:\n", "for encryption is expired"),
            ("", "cannot use"),
        ] {
            assert!(validity(listing).contains(words), "{listing}");
        }
    }
}
