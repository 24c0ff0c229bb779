//! The Secret that the disguises hide.

/// The value that must not be committed.
pub const VALUE: &str = "hunter2-Marker";
/// [`VALUE`] in base64, as under `data`.
pub const BASE64: &str = "aHVudGVyMi1NYXJrZXI=";

pub(super) const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: am\n";

pub(super) fn plain() -> String {
    format!("{HEAD}stringData:\n  password: {VALUE}\n")
}

/// A Secret with a template in a value, as for Alertmanager and other programs. The file itself is
/// not a template.
pub(super) fn with_template_in_a_value() -> String {
    format!("{}  tmpl: '{{{{ .Alerts }}}}'\n", plain())
}
