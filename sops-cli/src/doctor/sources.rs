//! The sources of Flux: whether it verifies the signature of what it applies.

use serde_json::Value;

use super::report::Check;

const CHECK: &str = "source-verification";

const WHY: &str = "whoever can push to the repository or the registry can make Flux decrypt your secrets and send them elsewhere";

/// The check of a GitRepository or an OCIRepository; `None` for other objects.
pub(super) fn check(object: &Value, subject: &str) -> Option<Check> {
    let group = object["apiVersion"].as_str()?.split('/').next()?;
    if group != "source.toolkit.fluxcd.io" {
        return None;
    }
    let verify = &object["spec"]["verify"];
    let is_git = match object["kind"].as_str()? {
        "GitRepository" => true,
        "OCIRepository" => false,
        _ => return None,
    };
    let has_secret = verify["secretRef"]["name"].is_string();
    let has_identity = verify["matchOIDCIdentity"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    let message = match () {
        () if !verify.is_object() => "has no `spec.verify`, so Flux applies unsigned content",
        () if !is_git && !has_secret && !has_identity => {
            "`spec.verify` accepts a signature of any identity"
        }
        () => return Some(Check::ok(CHECK, subject, "Flux verifies signatures")),
    };
    let fix = match is_git {
        true => {
            "store the public keys, `kubectl create secret generic signers --namespace flux-system --from-file=ann.asc`, and set `spec.verify` to `{mode: HEAD, secretRef: {name: signers}}`"
        }
        false => {
            "store the public key, `kubectl create secret generic signers --namespace flux-system --from-file=cosign.pub`, and set `spec.verify` to `{provider: cosign, secretRef: {name: signers}}`, or name the signer in `matchOIDCIdentity`"
        }
    };
    Some(Check::finding(CHECK, subject, message).why(WHY).fix(fix))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_names_its_signers() {
        for (kind, verify, is_finding) in [
            ("GitRepository", json!(null), true),
            (
                "GitRepository",
                json!({"mode": "HEAD", "secretRef": {"name": "a"}}),
                false,
            ),
            ("OCIRepository", json!(null), true),
            ("OCIRepository", json!({"provider": "cosign"}), true),
            (
                "OCIRepository",
                json!({"provider": "cosign", "matchOIDCIdentity": []}),
                true,
            ),
            (
                "OCIRepository",
                json!({"provider": "cosign", "secretRef": {"name": "a"}}),
                false,
            ),
            (
                "OCIRepository",
                json!({"provider": "cosign", "matchOIDCIdentity": [{"issuer": "a", "subject": "b"}]}),
                false,
            ),
        ] {
            let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "spec": {"verify": verify}});
            let check = check(&object, "source").expect("this is a source");
            assert_eq!(check.is_finding(), is_finding, "{object}");
        }
        let bucket = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "Bucket"});
        assert_eq!(check(&bucket, "bucket"), None);
        assert_eq!(
            check(&json!({"apiVersion": "v1", "kind": "GitRepository"}), "x"),
            None
        );
    }
}
