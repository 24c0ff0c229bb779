//! A problem, and where it is: the file, the field, the resource.

use sops_core::Error;
use sops_core::document::Error as DocumentError;
use sops_core::tree::Node;

/// A message for the user. It contains no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// The file, as named in the configuration or the resource.
    pub(crate) file: Option<String>,
    /// The field of the resource or the file, as keys joined with dots.
    pub(crate) field: Option<String>,
    pub(crate) resource: Option<Box<ResourceRef>>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    pub(crate) fn in_file(mut self, file: &str) -> Self {
        self.file.get_or_insert_with(|| file.to_owned());
        self
    }

    pub(crate) fn at_field(mut self, field: &str) -> Self {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }

    /// A problem with a resource.
    pub(crate) fn of_resource(mut self, resource: &Node) -> Self {
        self.resource
            .get_or_insert_with(|| Box::new(ResourceRef::of(resource)));
        self
    }
}

impl From<sops_core::document::Error> for Problem {
    fn from(error: sops_core::document::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Value { path, message, .. }
            | Error::Document(DocumentError::Value { path, message, .. }) => {
                Self::new(message).at_field(&path)
            }
            error => Self::new(error.to_string()),
        }
    }
}

/// Identifies a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourceRef {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl ResourceRef {
    pub(crate) fn of(resource: &Node) -> Self {
        let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
        let metadata = resource.get("metadata");
        let in_metadata = |key| text(metadata.and_then(|metadata| metadata.get(key)));
        Self {
            api_version: text(resource.get("apiVersion")).unwrap_or_default(),
            kind: text(resource.get("kind")).unwrap_or_default(),
            namespace: in_metadata("namespace"),
            name: in_metadata("name").unwrap_or_default(),
        }
    }
}
