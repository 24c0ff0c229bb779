//! A set of spans, for many overlap queries.

use std::ops::Range;

/// Spans in any order, which may overlap.
pub(crate) struct SpanSet {
    /// The start of each span, in order, with the furthest end of this and all previous spans.
    ends: Vec<(usize, usize)>,
}

impl SpanSet {
    pub(crate) fn new(spans: impl Iterator<Item = Range<usize>>) -> Self {
        let mut ends: Vec<_> = spans.map(|span| (span.start, span.end)).collect();
        ends.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut ends {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        Self { ends }
    }

    /// Whether a span in the set overlaps with `span`. An empty span counts as one byte.
    pub(crate) fn overlap(&self, span: &Range<usize>) -> bool {
        let end = span.end.max(span.start + 1);
        let begun = self.ends.partition_point(|(start, _)| *start < end);
        begun > 0 && self.ends[begun - 1].1 > span.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_overlaps_the_set_if_it_overlaps_any_span() {
        let spans = SpanSet::new([20..30, 5..8, 6..12, 40..41].into_iter());
        for (span, expected) in [
            (0..5, false),
            (0..6, true),
            (8..9, true),
            (11..20, true),
            (12..20, false),
            (12..12, false),
            (29..29, true),
            (30..40, false),
            (41..50, false),
        ] {
            assert_eq!(spans.overlap(&span), expected, "{span:?}");
        }
        assert!(!SpanSet::new(std::iter::empty()).overlap(&(0..9)));
    }
}
