//! The allowances of a file, and which of them were used.

use std::collections::HashMap;
use std::ops::Range;

use crate::finding::Finding;
use crate::rule::Rule;
use crate::span_set::SpanSet;

/// An allowance of one rule in a part of the text.
pub(super) struct Allowance {
    pub(super) rule: &'static Rule,
    /// The byte range in which findings are allowed.
    pub(super) holds: Range<usize>,
    /// The range of the comment or annotation.
    pub(super) span: Range<usize>,
}

/// All allowances of a file. Thousands of them may apply at one position, so findings are not
/// compared with each of them.
pub(super) struct Allowances {
    all: Vec<Allowance>,
    /// The allowances of each rule, by its code.
    allowed: HashMap<&'static str, SpanSet>,
    /// The findings of each rule that were allowed.
    offsets: HashMap<&'static str, Vec<usize>>,
}

impl Allowances {
    pub(super) fn new(mut all: Vec<Allowance>) -> Self {
        let key = |allowance: &Allowance| {
            let holds = &allowance.holds;
            (allowance.rule.code, holds.start, holds.end)
        };
        all.sort_by_key(key);
        all.dedup_by(|later, earlier| key(later) == key(earlier));
        let of_rules = all.chunk_by(|allowance, next| allowance.rule.code == next.rule.code);
        let allowed = of_rules.map(|of_rule| {
            let spans = of_rule.iter().map(|allowance| allowance.holds.clone());
            (of_rule[0].rule.code, SpanSet::new(spans))
        });
        Self {
            allowed: allowed.collect(),
            offsets: HashMap::new(),
            all,
        }
    }

    /// Whether the finding is allowed. Marks the allowances that allow it as used.
    pub(super) fn allow(&mut self, finding: &Finding) -> bool {
        let (code, at) = (finding.rule.code, finding.location.offset);
        let spans = self.allowed.get(code);
        let is_allowed = spans.is_some_and(|spans| spans.overlap(&(at..at)));
        if is_allowed {
            self.offsets.entry(code).or_default().push(at);
        }
        is_allowed
    }

    /// The unused allowances, in the order of the text.
    pub(super) fn unused(mut self) -> Vec<Allowance> {
        self.offsets
            .values_mut()
            .for_each(|offsets| offsets.sort_unstable());
        self.all.retain(|allowance| {
            let offsets = self.offsets.get(allowance.rule.code);
            !offsets.is_some_and(|offsets| {
                let next = offsets.partition_point(|at| *at < allowance.holds.start);
                offsets
                    .get(next)
                    .is_some_and(|at| *at < allowance.holds.end)
            })
        });
        self.all.sort_by_key(|allowance| allowance.span.start);
        self.all
    }
}
