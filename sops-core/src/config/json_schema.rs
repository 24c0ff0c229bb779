//! The JSON schema of `.sops.yaml`, from the same tables that the reader uses.

use serde_json::{Map, Value, json};

use super::schema::{Schema, UnknownKeys, ValueKind};
use super::sops_yaml;

/// The dialect that editors and validators support best.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The JSON schema (draft 7) of `.sops.yaml`. It accepts what
/// [`Config::parse`](super::Config::parse) reads without an error and without a warning about
/// unknown keys. It can't check regular expressions, which are Go's, or the keys themselves.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let Value::Object(top) = mapping(&sops_yaml::FILE, &mut definitions) else {
        unreachable!("the schema of a mapping is an object");
    };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), DIALECT.into());
    schema.insert("title".to_owned(), ".sops.yaml".into());
    schema.extend(top);
    // An empty file is an empty configuration.
    schema.insert("type".to_owned(), json!(["object", "null"]));
    schema.insert("definitions".to_owned(), definitions.into());
    schema.into()
}

/// A mapping, and in `definitions` the mappings below it.
fn mapping(schema: &'static Schema, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for (name, kind) in schema.keys {
        properties.insert((*name).to_owned(), value(*kind, definitions));
    }
    let mut object = json!({
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": schema.unknown_keys == UnknownKeys::Ignored,
    });
    if !schema.required.is_empty() {
        object["type"] = "object".into();
        object["required"] = schema.required.into();
        for name in schema.required {
            object["properties"][*name] = json!({"type": "string", "minLength": 1});
        }
    }
    let rivals = schema.at_most_one;
    let pairs = rivals.iter().enumerate().flat_map(|(index, first)| {
        let rest = &rivals[index + 1..];
        rest.iter().map(move |second| both(first, second))
    });
    let pairs: Vec<Value> = pairs.map(|both| json!({ "not": both })).collect();
    if !pairs.is_empty() {
        object["allOf"] = pairs.into();
    }
    object
}

/// The schema of a mapping in which both keys are set. An empty string is the same as no value.
fn both(first: &str, second: &str) -> Value {
    let text = json!({"type": "string", "minLength": 1});
    json!({"required": [first, second], "properties": {first: text, second: text}})
}

fn value(kind: ValueKind, definitions: &mut Map<String, Value>) -> Value {
    let strings = || json!({"type": "array", "items": {"type": "string", "minLength": 1}});
    let or_null = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
    match kind {
        ValueKind::Text | ValueKind::Pattern | ValueKind::Duration => {
            json!({"type": ["string", "null"]})
        }
        ValueKind::Keys { text: true, .. } => {
            json!({"anyOf": [strings(), {"type": ["string", "null"]}]})
        }
        ValueKind::Keys { text: false, .. } | ValueKind::List => or_null(strings()),
        ValueKind::Flag => json!({"type": ["boolean", "null"]}),
        ValueKind::Number { min } => {
            json!({"type": ["integer", "null"], "minimum": min, "maximum": 255})
        }
        ValueKind::Texts => {
            let text = json!({"type": "string", "minLength": 1});
            json!({"type": ["object", "null"], "additionalProperties": text})
        }
        ValueKind::Mapping(schema) => or_null(reference(schema, definitions)),
        ValueKind::Mappings(schema) => {
            let items = reference(schema, definitions);
            json!({"type": ["array", "null"], "items": items})
        }
    }
}

/// A reference to the definition of a mapping. The first reference adds the definition, because
/// mappings can contain themselves.
fn reference(schema: &'static Schema, definitions: &mut Map<String, Value>) -> Value {
    let name = name_of(schema);
    if !definitions.contains_key(&name) {
        definitions.insert(name.clone(), Value::Null);
        let definition = mapping(schema, definitions);
        definitions.insert(name.clone(), definition);
    }
    json!({"$ref": format!("#/definitions/{name}")})
}

/// The description without its article and quotes, as a name: `creation-rule`.
fn name_of(schema: &Schema) -> String {
    let words = schema.description.replace('`', "");
    let words = words
        .split(' ')
        .filter(|word| !["a", "an", "the"].contains(word));
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_reader_is_in_the_schema() {
        let schema = json_schema();
        for (schema_of, at) in [
            (&sops_yaml::FILE, "/properties"),
            (
                &sops_yaml::CREATION_RULE,
                "/definitions/creation-rule/properties",
            ),
            (&sops_yaml::KEY_GROUP, "/definitions/key-group/properties"),
            (&sops_yaml::STORES, "/definitions/stores/properties"),
        ] {
            let found = schema.pointer(at).and_then(Value::as_object);
            let found = found.unwrap_or_else(|| panic!("{at} is missing"));
            let names: Vec<_> = schema_of.keys.iter().map(|(name, _)| *name).collect();
            assert!(names.iter().all(|name| found.contains_key(*name)), "{at}");
            assert_eq!(found.len(), names.len(), "{at}");
        }
    }

    #[test]
    fn definitions_have_distinct_names() {
        let schema = json_schema();
        let definitions = schema["definitions"].as_object().expect("an object");
        assert!(
            definitions.values().all(Value::is_object),
            "{definitions:?}"
        );
        assert_eq!(definitions.len(), 11);
    }
}
