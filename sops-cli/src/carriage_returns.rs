//! Warns of carriage returns that are part of the values of a dotenv file.

use crate::ui::Ui;

/// Warns if the lines of a plaintext dotenv file end in CR LF: `sops` reads the carriage return as
/// part of the value.
pub(crate) fn warn_of_returns(ui: &Ui, name: &str, dotenv: &[u8]) {
    if dotenv.windows(2).any(|pair| pair == b"\r\n") {
        ui.warn(format_args!(
            "{name} has Windows line endings, so each value ends with a carriage return, as in `sops`; to avoid that, convert the file with `dos2unix`"
        ));
    }
}
