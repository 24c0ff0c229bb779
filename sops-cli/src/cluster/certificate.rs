//! Explains why the certificate of an API server is rejected. For most errors, the TLS library only
//! prints their names.

/// The problem with a certificate.
pub(super) struct CertificateFault {
    pub(super) message: String,
    /// What to do, if trusting another authority would not help.
    pub(super) hint: Option<&'static str>,
}

/// A part of the library's message, the explanation, and what to do.
const FAULTS: [(&str, &str, Option<&str>); 12] = [
    (
        "CaUsedAsEndEntity",
        "it is a CA certificate (`CA:TRUE`), not a server certificate",
        Some("give the server a certificate with `CA:FALSE`, signed by this CA"),
    ),
    ("UnknownIssuer", "no trusted CA has signed it", None),
    (
        "BadSignature",
        "its signature does not match the CA's key",
        None,
    ),
    ("expired", "it has expired", Some(RENEW)),
    ("Expired", "it has expired", Some(RENEW)),
    ("not valid yet", "it is not valid yet", Some(WAIT)),
    ("NotValidYet", "it is not valid yet", Some(WAIT)),
    (
        "Revoked",
        "it has been revoked",
        Some("give the server a new certificate"),
    ),
    (
        "key usage",
        "it is not a server certificate",
        Some(FOR_SERVERS),
    ),
    (
        "InvalidPurpose",
        "it is not a server certificate",
        Some(FOR_SERVERS),
    ),
    (
        "UnsupportedSignatureAlgorithm",
        "its signature algorithm is not supported",
        Some("give the server a certificate that is signed with RSA and SHA-256, ECDSA or Ed25519"),
    ),
    (
        "UnsupportedCertVersion",
        "it is not an X.509 version 3 certificate",
        Some("give the server a certificate of version 3, with a `subjectAltName`"),
    ),
];

const RENEW: &str = "renew the server's certificate, or correct the clock of this computer";

const WAIT: &str =
    "correct the clock of this computer, or wait until the certificate becomes valid";

const FOR_SERVERS: &str = "give the server a certificate with `extendedKeyUsage = serverAuth`";

/// The start of the library's message about a wrong name, which needs no explanation.
const NAME: &str = "certificate not valid for name";

/// Finds the problem with a certificate in the library's error message.
pub(super) fn fault(text: &str) -> CertificateFault {
    if let Some(start) = text.find(NAME) {
        let names = text[start + NAME.len()..].replace("; certificate is", "; it is");
        return CertificateFault {
            message: format!("it is not valid for the name{names}"),
            hint: Some(
                "use one of its names as `server` in the kubeconfig, or as `tls-server-name`",
            ),
        };
    }
    let known = FAULTS.iter().find(|(mark, ..)| text.contains(mark));
    let (message, hint) = known.map_or(
        ("it is malformed or not a server certificate", None),
        |known| (known.1, known.2),
    );
    CertificateFault {
        message: message.to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_explained() {
        for (text, message, has_hint) in [
            (
                "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
                "`CA:TRUE`",
                true,
            ),
            (
                "invalid peer certificate: UnknownIssuer",
                "no trusted CA",
                false,
            ),
            (
                "invalid peer certificate: certificate expired: verification time 2 (UNIX), but certificate is not valid after 1 (1 seconds ago)",
                "it has expired",
                true,
            ),
            (
                "invalid peer certificate: certificate not valid for name \"localhost\"; certificate is only valid for a: or b",
                "it is not valid for the name \"localhost\"; it is only valid for a: or b",
                true,
            ),
            (
                "invalid peer certificate: Other(OtherError(PathLenConstraintViolated))",
                "malformed",
                false,
            ),
        ] {
            let fault = fault(text);
            assert!(fault.message.contains(message), "{}", fault.message);
            assert!(!fault.message.contains("Error"), "{}", fault.message);
            assert_eq!(fault.hint.is_some(), has_hint, "{text}");
        }
    }
}
