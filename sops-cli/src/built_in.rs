//! The families of keys on servers that this program was built with.

use sops_core::keys::Family;

/// What to do about a key whose family this program was built without; `None` if it has the family.
pub(crate) fn missing_family(family: Family) -> Option<String> {
    let (is_built_in, feature) = match family {
        Family::Age | Family::Pgp => return None,
        Family::Kms => (cfg!(feature = "aws"), "cloud"),
        Family::AzureKv => (cfg!(feature = "azure"), "azure"),
        Family::GcpKms => (cfg!(feature = "gcp"), "gcp"),
        Family::Hckms => (cfg!(feature = "hckms"), "hckms"),
        Family::HcVault => (cfg!(feature = "vault"), "vault"),
    };
    (!is_built_in).then(|| {
        format!(
            "this sops-rs was built without support for {family} keys: install a release package, or build it with `--features {feature}`"
        )
    })
}
