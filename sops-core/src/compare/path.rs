//! The paths of values in the documents of a stream.

use std::fmt;

use sops_document::Component;

/// A step of the path to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// A document in a stream of several, counted from 0.
    Document(usize),
    /// A key or an index.
    Component(Component),
}

/// The path to a value. It is empty for the value of a binary file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValuePath(pub(super) Vec<PathStep>);

impl ValuePath {
    /// The steps of the path.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }
}

/// The path for messages: `document 2: stringData.password`. Here, documents are counted from 1.
impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        for step in &self.0 {
            match step {
                PathStep::Document(number) if self.0.len() == 1 => {
                    return write!(f, "document {}", number + 1);
                }
                PathStep::Document(number) => {
                    write!(f, "document {}: ", number + 1)?;
                    continue;
                }
                PathStep::Component(Component::Index(index)) => write!(f, "[{index}]")?,
                PathStep::Component(Component::Key(key)) if is_first => f.write_str(key)?,
                PathStep::Component(Component::Key(key)) => write!(f, ".{key}")?,
            }
            is_first = false;
        }
        Ok(())
    }
}
