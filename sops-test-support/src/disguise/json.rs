//! Secrets in JSON.

use super::secret::{BASE64, VALUE};

pub(super) fn json_of(value: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"a"}},"stringData":{{"password":"{value}"}}}}"#
    )
}

/// JSON as programs write it, and text that is almost JSON.
pub(super) fn json() -> Vec<(&'static str, String)> {
    let compact = json_of(VALUE);
    let pretty = format!(
        "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {{\"name\": \"a\"}},\n  \"stringData\": {{\n    \"password\": \"{VALUE}\"\n  }}\n}}\n"
    );
    vec![
        ("json-compact", compact.clone()),
        ("json-pretty", pretty.clone()),
        ("json-tabs", pretty.replace("  ", "\t")),
        ("json-array", format!("[{compact}]")),
        ("json-lines", format!("{compact}\n{compact}\n")),
        ("json-concatenated", format!("{compact}{compact}")),
        (
            "json-trailing-comma",
            pretty.replace("\n  }\n", ",\n  }},\n").replace("}},", "},"),
        ),
        (
            "json-comment",
            pretty.replace("{\n  \"api", "{\n  // ours\n  \"api"),
        ),
        ("json-comment-of-c", format!("/* ours */ {pretty}")),
        (
            "json-key-twice",
            compact.replace("\"metadata\"", "\"kind\":\"Secret\",\"metadata\""),
        ),
        (
            "json-kind-twice",
            compact.replace("\"kind\"", "\"kind\":\"ConfigMap\",\"kind\""),
        ),
        (
            "json-version-twice",
            compact.replace("\"apiVersion\"", "\"apiVersion\":\"x/v1\",\"apiVersion\""),
        ),
        (
            "json-hidden-in-the-second",
            format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}}\n{}",
                compact.replace("kind", "\\u006bind")
            ),
        ),
        (
            "json-hidden-with-text-behind",
            format!("{} xx", compact.replace("kind", "\\u006bind")),
        ),
        (
            "json-hidden-behind-a-marker",
            format!("---\n{}", compact.replace("kind", "\\u006bind")),
        ),
        (
            "json-hidden-behind-a-comment",
            format!("# a\n{}", compact.replace("kind", "\\u006bind")),
        ),
        ("json-cut-off", compact[..compact.len() - 1].to_owned()),
        (
            "json-in-a-list",
            format!(r#"{{"apiVersion":"v1","kind":"List","items":[{compact}]}}"#),
        ),
        (
            "json-secret-list",
            format!(
                r#"{{"kind":"SecretList","apiVersion":"v1","items":[{{"metadata":{{"name":"a"}},"data":{{"p":"{BASE64}"}}}}]}}"#
            ),
        ),
        (
            "json-escapes",
            compact.replace("\"v1\"", "\"v1\",\"type\":\"\\/\\ud83d\\ude00\""),
        ),
    ]
}
