//! The Secret that the disguises hide.

/// The value that is not to be committed, and its base64.
pub const VALUE: &str = "hunter2-Marker";
/// [`VALUE`] as `data` has it.
pub const BASE64: &str = "aHVudGVyMi1NYXJrZXI=";

pub(super) const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: am\n";

pub(super) fn plain() -> String {
    format!("{HEAD}stringData:\n  password: {VALUE}\n")
}

/// Alertmanager and others have templates in their values, which make no template of the file.
pub(super) fn with_template_in_a_value() -> String {
    format!("{}  tmpl: '{{{{ .Alerts }}}}'\n", plain())
}
