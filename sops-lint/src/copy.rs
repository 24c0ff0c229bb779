//! Checks copies of files, such as `settings.yaml.bak`, like their originals.

use crate::context::Context;
use crate::file_name;
use crate::input::Input;
use crate::linter::Linter;
use crate::rule::Confidence;
use crate::rules::{self, COPY, PLAINTEXT_SECRET};

impl Linter {
    /// Reports a copy in plaintext of a file that a creation rule covers, if the original with this
    /// content would be reported.
    pub(crate) fn judge_like_original(&self, context: &mut Context<'_>) {
        let is_known = |code| code == PLAINTEXT_SECRET.code;
        let mut known = context.findings.iter();
        // A diff is named after its file, but has different content.
        if known.any(|finding| is_known(finding.rule.code))
            || file_name::is_patch(context.input.path)
        {
            return;
        }
        let Some(path) = context.covered_original().filter(|_| context.may_be_copy()) else {
            return;
        };
        let Input {
            name,
            bytes,
            config,
            tree,
            ..
        } = *context.input;
        let input = Input {
            name,
            path: &path,
            bytes,
            config,
            tree,
        };
        let mut original = Context::new(&input, &self.rule_settings, &rules::BROKEN_FILE);
        self.run(&mut original);
        rules::plaintext_secret::exempt_file::check(&mut original);
        context.set_rule(&PLAINTEXT_SECRET, None);
        for finding in original.findings {
            if is_known(finding.rule.code) {
                context
                    .report_span(finding.location.offset..finding.end, finding.message)
                    .confidence(finding.confidence.min(Confidence::Medium))
                    .help(COPY);
            }
        }
    }
}
