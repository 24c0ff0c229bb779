//! The certificates of TLS connections.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sops_printable::system_reason;

/// Which servers are trusted, and how this client proves who it is. The default trusts the
/// authorities of the system, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings {
    /// Trust these authorities and no others: PEM, with the name of its source.
    pub(crate) authorities: Vec<(String, Vec<u8>)>,
    /// The files with the client's certificate and private key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
    /// The host name that the server's certificate must have, if it is not that of the URL.
    pub(crate) server_name: Option<String>,
    /// Accept any certificate.
    pub(crate) is_unverified: bool,
}

impl TlsSettings {
    /// The configuration for rustls.
    ///
    /// # Errors
    ///
    /// The message names the file that can't be used.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?;
        let builder = match self.is_unverified {
            true => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified(provider))),
            false => builder.with_root_certificates(self.roots()?),
        };
        let Some((certificate, key)) = &self.client else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = certificates(&certificate.display().to_string(), &read(certificate)?)?;
        let private = PrivateKeyDer::from_pem_slice(&zeroize::Zeroizing::new(read(key)?))
            .map_err(|_| format!("{} contains no private key in PEM", key.display()))?;
        builder
            .with_client_auth_cert(chain, private)
            .map_err(|error| {
                let (certificate, key) = (certificate.display(), key.display());
                format!("{certificate} and {key}: {error}")
            })
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        if self.authorities.is_empty() {
            // A certificate that can't be used is no reason to reject the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        }
        for (source, pem) in &self.authorities {
            let all = certificates(source, pem)?;
            for certificate in all {
                roots
                    .add(certificate)
                    .map_err(|error| format!("{source}: {error}"))?;
            }
        }
        Ok(roots)
    }
}

/// The content of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {}", path.display(), system_reason(&error)))
}

/// The content of the file that a variable names.
#[cfg(any(feature = "aws", feature = "gcp", feature = "vault"))]
pub(crate) fn read_of(variable: &str, path: &Path) -> Result<Vec<u8>, String> {
    read(path).map_err(|message| format!("{variable}: {message}"))
}

fn certificates(source: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(format!("{source} contains no PEM certificate")),
    }
}

/// Accepts any certificate, for `VAULT_SKIP_VERIFY`.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
