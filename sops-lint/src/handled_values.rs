//! Values that need no report, because other rules reported them or require their encryption.

use std::ops::Range;

use sops_document::{Document, NodeRef};

use crate::context::Context;
use crate::finding::Fix;
use crate::object::objects;
use crate::secret::is_secret_part;
use crate::span_set::SpanSet;

/// Values that other rules reported, or must be encrypted.
pub(crate) struct HandledValues {
    reported: SpanSet,
    /// The values of Secrets.
    secrets: Vec<Range<usize>>,
    /// Whether the file must be encrypted as a whole.
    is_covered: bool,
    /// Whether the file has a CustomResourceDefinition.
    is_definition: bool,
}

impl HandledValues {
    pub(crate) fn new(document: &Document<'_>, context: &Context<'_>) -> Self {
        let reported = context.findings.iter();
        let written = reported
            .clone()
            .filter_map(|finding| finding.written.clone());
        let reported = reported.map(|finding| finding.location.offset..finding.end);
        let objects = objects(document);
        let is_definition = |kind: &str| kind == "CustomResourceDefinition";
        let secrets = objects.iter().filter(|object| object.is_secret());
        let parts = secrets.flat_map(|object| object.node.entries());
        let parts = parts.filter(|(key, _)| is_secret_part(key));
        let mut secrets: Vec<_> = parts.map(|(_, part)| part.span()).collect();
        secrets.sort_by_key(|part| part.start);
        let is_to_be_encrypted = |fix: &Option<Fix>| *fix == Some(Fix::Encrypt);
        Self {
            reported: SpanSet::new(reported.chain(written)),
            secrets,
            is_covered: context
                .findings
                .iter()
                .any(|finding| is_to_be_encrypted(&finding.fix)),
            is_definition: objects.iter().any(|object| is_definition(object.kind)),
        }
    }

    /// Whether something that overlaps with the span was reported.
    pub(crate) fn is_reported(&self, span: &Range<usize>) -> bool {
        self.reported.overlap(span)
    }

    /// Whether a value needs no report.
    pub(crate) fn has_value(&self, node: NodeRef<'_, '_>, context: &Context<'_>) -> bool {
        let span = node.span();
        let begun = self
            .secrets
            .partition_point(|part| part.start <= span.start);
        begun > 0 && span.end <= self.secrets[begun - 1].end
            || self.is_covered && context.is_selected(&span)
            || self.is_definition && node.step() == "description"
    }
}
