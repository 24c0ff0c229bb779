//! What is allowed, and which of it allows a finding.

use std::collections::HashMap;
use std::ops::Range;

use crate::finding::Finding;
use crate::rule::Rule;
use crate::span_set::SpanSet;

/// One rule that is allowed somewhere.
pub(super) struct Allowance {
    pub(super) rule: &'static Rule,
    /// Where it holds: the bytes of the text.
    pub(super) holds: Range<usize>,
    /// Where the comment or annotation is.
    pub(super) span: Range<usize>,
}

/// All allowances of a text. Thousands of them may hold at one place, so no finding is compared
/// with each.
pub(super) struct Allowances {
    all: Vec<Allowance>,
    /// Where each rule is allowed, by its code.
    allowed: HashMap<&'static str, SpanSet>,
    /// Where findings of each rule were allowed.
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

    /// Whether the finding is allowed; each that allows it has been used.
    pub(super) fn allow(&mut self, finding: &Finding) -> bool {
        let (code, at) = (finding.rule.code, finding.location.offset);
        let spans = self.allowed.get(code);
        let is_allowed = spans.is_some_and(|spans| spans.overlap(&(at..at)));
        if is_allowed {
            self.offsets.entry(code).or_default().push(at);
        }
        is_allowed
    }

    /// Those that no finding has used, in the order of the text.
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
