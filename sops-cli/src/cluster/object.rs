//! An object for the API server, and its path.

use std::fmt;

use kube::Resource;
use kube::core::Request;
use kube::core::discovery::ApiResource;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError};

/// An object as it is sent.
pub(crate) struct ClusterObject {
    /// `apiVersion`, `kind`, `metadata` and the rest.
    pub(crate) json: Value,
    /// The values that must not appear in messages.
    pub(crate) secrets: Vec<Zeroizing<String>>,
}

impl ClusterObject {
    pub(crate) fn api_version(&self) -> &str {
        self.json["apiVersion"].as_str().unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.json["kind"].as_str().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.json["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.json["metadata"]["namespace"].as_str()
    }
}

/// The path of an object, the target of a request.
#[derive(Clone)]
pub(crate) struct ResourcePath {
    pub(crate) resource: ApiResource,
    /// `None` for a cluster-scoped object.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl ResourcePath {
    /// The path of an object of a built-in kind.
    pub(crate) fn of<K: Resource<DynamicType = ()>>(namespace: Option<&str>, name: &str) -> Self {
        Self {
            resource: ApiResource::erase::<K>(&()),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// The part of a path that names the namespace; empty for a cluster-scoped object.
    ///
    /// # Errors
    /// The errors of [`request`](Self::request).
    pub(crate) fn namespace_path(&self) -> Result<String, CommandError> {
        self.request()?;
        Ok(self
            .namespace
            .as_ref()
            .map(|namespace| format!("/namespaces/{namespace}"))
            .unwrap_or_default())
    }

    /// Starts a request.
    ///
    /// # Errors
    /// A name that would not stay a single component of the path.
    pub(super) fn request(&self) -> Result<Request, CommandError> {
        for name in self.namespace.iter().chain([&self.name]) {
            let is_part = |byte: u8| byte.is_ascii_graphic() && !b"/%?#".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_part) || matches!(&**name, "." | "..") {
                let message = format!(
                    "`{}` is not a valid name for an object",
                    name.escape_default()
                );
                return Err(CommandError::new(Code::Generic, message));
            }
        }
        let ApiResource {
            group,
            api_version,
            plural,
            ..
        } = &self.resource;
        let root = if group.is_empty() { "api" } else { "apis" };
        Ok(Request::new(match &self.namespace {
            Some(namespace) => format!("/{root}/{api_version}/namespaces/{namespace}/{plural}"),
            None => format!("/{root}/{api_version}/{plural}"),
        }))
    }
}

/// Names objects as `kubectl` does: `secret/web`, `deployment.apps/web`.
impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource.kind.to_lowercase())?;
        if !self.resource.group.is_empty() {
            write!(f, ".{}", self.resource.group)?;
        }
        write!(f, "/{}", self.name)
    }
}
