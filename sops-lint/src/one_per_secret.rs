//! Keeps one finding per secret: rules look at a file in different ways, so several of them may
//! find the same value.

use std::ops::Range;

use crate::finding::Finding;

/// Rules, each with the rules that say less about the same value. SL005 knows that the value is in
/// an annotation, SL010 knows how to encrypt it, and SL014 that it must be replaced.
const PRECEDENCE: [(&str, &[&str]); 3] = [
    ("SL005", &["SL010"]),
    ("SL010", &["SL016", "SL019", "SL021"]),
    ("SL014", &["SL004", "SL019", "SL021"]),
];

/// Removes the findings about a value that another finding describes better. A finding that a hook
/// would refuse stays unless the other one is refused too.
pub(crate) fn keep_one(findings: &mut Vec<Finding>) {
    for (rule, weaker) in PRECEDENCE {
        let mut kept: Vec<(Range<usize>, usize)> = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            let span = span(finding);
            if finding.rule.code == rule && finding.referenced.is_none() && !span.is_empty() {
                kept.push((span, index));
            }
        }
        kept.sort_by_key(|(span, _)| span.start);
        let mut is_removed = vec![false; findings.len()];
        for index in 0..findings.len() {
            let finding = &findings[index];
            if !weaker.contains(&finding.rule.code) || finding.referenced.is_some() {
                continue;
            }
            let own = span(finding);
            let next = kept.partition_point(|(span, _)| span.start < own.end);
            let Some((_, better)) = kept[..next].last().filter(|(span, _)| own.start < span.end)
            else {
                continue;
            };
            if findings[*better].is_refused || !finding.is_refused {
                let confidence = finding.confidence.max(findings[*better].confidence);
                findings[*better].confidence = confidence;
                is_removed[index] = true;
            }
        }
        let mut is_removed = is_removed.into_iter();
        findings.retain(|_| !is_removed.next().unwrap_or_default());
    }
}

fn span(finding: &Finding) -> Range<usize> {
    finding.location.offset..finding.end
}
