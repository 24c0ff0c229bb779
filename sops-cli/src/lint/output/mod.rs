//! The output formats for findings, one file per format.

mod github;
mod json;
mod junit;
mod reporter;
mod sarif;
mod text;

use annotate_snippets::Renderer;
use clap::ValueEnum;
use sops_lint::Finding;
use sops_printable::{escaped_json, masked};

pub(crate) use self::reporter::{LINT, Reporter, VERIFY};

/// A format of findings.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people, with the line of each finding
    #[default]
    Text,
    /// An array with an object for each finding
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Commands of GitHub's workflows, which show findings in the diff
    Github,
    /// JUnit's XML, for reports of tests
    Junit,
}

impl OutputFormat {
    /// The findings in this format, safe to show, because a finding can quote a private key that
    /// was entered as a recipient. Only text is wrapped at `width` columns, and only JUnit names
    /// the `checked` files.
    pub(crate) fn write(
        self,
        reporter: Reporter,
        findings: &[Finding],
        checked: &[String],
        renderer: &Renderer,
        width: Option<usize>,
    ) -> String {
        let text = match self {
            Self::Text => text::write(findings, renderer, width),
            Self::Json => escaped_json(&json::write(findings)).into_owned(),
            Self::Sarif => escaped_json(&sarif::write(reporter, findings)).into_owned(),
            Self::Github => github::write(findings),
            Self::Junit => junit::write(reporter, findings, checked),
        };
        masked(&text).into_owned()
    }
}
