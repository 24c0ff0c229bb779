//! The credentials of an image registry, as `kubectl create secret docker-registry` writes them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::IgnoredAny;
use serde_json::Value;
use zeroize::Zeroizing;

/// The registry that `kubectl` uses by default.
pub(super) const DEFAULT_SERVER: &str = "https://index.docker.io/v1/";

/// The credentials for one registry.
pub(super) struct DockerConfig<'c> {
    pub(super) server: &'c str,
    pub(super) username: &'c str,
    pub(super) password: &'c str,
    /// Empty if there is no email address.
    pub(super) email: &'c str,
}

impl DockerConfig<'_> {
    /// The JSON that Go writes: without empty fields, and with escapes for HTML.
    pub(super) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let pair = Zeroizing::new(format!("{}:{}", self.username, self.password));
        let auth = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
        let fields = [
            ("username", self.username),
            ("password", self.password),
            ("email", self.email),
            ("auth", &auth),
        ];
        let fields: Vec<_> = fields
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| Zeroizing::new(format!("\"{name}\":{}", &*quoted(text))))
            .collect();
        let fields = fields.iter().map(|field| field.as_str());
        let fields = Zeroizing::new(fields.collect::<Vec<_>>().join(","));
        let server = quoted(self.server);
        let json = format!("{{\"auths\":{{{}:{{{}}}}}}}", &*server, &*fields);
        Zeroizing::new(json.into_bytes())
    }
}

/// Whether the text is a JSON object, as Kubernetes requires.
pub(super) fn is_object(text: &[u8]) -> bool {
    // No value of the file is kept in memory.
    serde_json::from_slice::<HashMap<String, IgnoredAny>>(text).is_ok()
}

/// A string in JSON as Go writes it.
fn quoted(text: &str) -> Zeroizing<String> {
    let json = Zeroizing::new(Value::from(text).to_string());
    let mut escaped = Zeroizing::new(String::with_capacity(json.len()));
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected text was written by `kubectl` 1.32.
    #[test]
    fn the_text_is_that_of_kubectl() {
        let config = DockerConfig {
            server: "ghcr.io",
            username: "ann",
            password: "a\"<b>&\\c\té",
            email: "",
        };
        assert_eq!(
            str::from_utf8(&config.to_json()),
            Ok(
                "{\"auths\":{\"ghcr.io\":{\"username\":\"ann\",\"password\":\"a\\\"\\u003cb\\u003e\\u0026\\\\c\\té\",\"auth\":\"YW5uOmEiPGI+JlxjCcOp\"}}}"
            )
        );
    }
}
