//! Checks that a certificate and a private key belong together.

use std::path::Path;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use crate::command_error::{Code, CommandError};
use crate::secret_input::input_name;

/// Refuses PEM files that cannot be read, and a key that belongs to another certificate. A type of
/// key that the library does not know is accepted.
pub(super) fn check_pair(
    (certificate_file, certificate): (&Path, &[u8]),
    (key_file, key): (&Path, &[u8]),
) -> Result<(), CommandError> {
    let invalid = |file: &Path, content: &str| {
        let message = format!("{} contains no valid {content} in PEM", input_name(file));
        CommandError::new(Code::Generic, message)
    };
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| invalid(certificate_file, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        invalid(key_file, "private key").hint(
            "if the key has a passphrase, remove the passphrase, for example with `openssl pkey`",
        )
    })?;
    match CertifiedKey::from_der(chain, key, &ring::default_provider()) {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let message = format!(
                "{} is not the private key of the certificate in {}",
                input_name(key_file),
                input_name(certificate_file)
            );
            Err(CommandError::new(Code::Generic, message)
                .hint("the certificate of the server must be the first one in the file"))
        }
        _ => Ok(()),
    }
}
