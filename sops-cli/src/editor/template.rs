//! The initial text of a new file in the editor, and the message above it.

use sops_core::Format;
use sops_core::rules::EncryptionRule;

/// The message above an example, for formats with comments. It does not become part of the file.
pub(crate) fn notes(format: Format) -> Vec<String> {
    match format {
        Format::Json | Format::Binary => Vec::new(),
        _ => vec![
            "Replace this example. Its values are encrypted when you save and quit the editor."
                .to_owned(),
            "To cancel, quit without saving.".to_owned(),
        ],
    }
}

/// An example in the format. If the rule is for manifests, the example is one in which it selects a
/// value.
pub(crate) fn template(format: Format, rule: &EncryptionRule) -> &'static str {
    match format {
        Format::Dotenv => {
            return "\
EXAMPLE_KEY=example_value
EXAMPLE_LINES=one\\ntwo
";
        }
        Format::Ini => {
            return "\
[example]
example_key = example_value
";
        }
        Format::Binary => return "Write your secret here; it is encrypted as a whole.\n",
        _ => {}
    }
    let is_for_manifests = match rule {
        EncryptionRule::EncryptedRegex(_) => rule
            .compile()
            .is_ok_and(|rule| rule.key_matches("stringData") && !rule.key_matches("name")),
        _ => false,
    };
    match (format, is_for_manifests) {
        (Format::Yaml, true) => {
            "\
apiVersion: v1
kind: Secret
metadata:
  name: example
stringData:
  password: example
"
        }
        (Format::Yaml, false) => {
            "\
example_key: example_value
example_list:
  - example_value1
  - example_value2
example_number: 1234.56789
"
        }
        _ => {
            "\
{
\t\"example_key\": \"example_value\",
\t\"example_list\": [
\t\t\"example_value1\",
\t\t\"example_value2\"
\t],
\t\"example_number\": 1234.56789
}
"
        }
    }
}
