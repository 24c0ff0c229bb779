//! Decides which images anyone can pull.

use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

/// Patterns for images that anyone can pull. They match an image's name with its registry but
/// without its tag and digest; `private` takes precedence.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Images {
    /// Images that anyone can pull.
    pub public: Vec<String>,
    /// Images that only you can pull.
    pub private: Vec<String>,
}

impl Default for Images {
    fn default() -> Self {
        let public = [
            "docker.io/**",
            "quay.io/**",
            "ghcr.io/**",
            "registry.k8s.io/**",
            "k8s.gcr.io/**",
            "mcr.microsoft.com/**",
            "public.ecr.aws/**",
            "registry.access.redhat.com/**",
            "lscr.io/**",
            "docker.elastic.co/**",
        ];
        Self {
            public: public.map(str::to_owned).to_vec(),
            private: Vec::new(),
        }
    }
}

/// Patterns that are matched together.
pub(crate) fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        builder.add(Glob::new(pattern)?);
    }
    builder.build()
}

/// The patterns of [`Images`], ready to match.
pub(crate) struct ImagePatterns {
    public: GlobSet,
    private: GlobSet,
}

impl ImagePatterns {
    /// Compiles the patterns.
    pub(crate) fn new(images: &Images) -> Result<Self, globset::Error> {
        Ok(Self {
            public: globs(&images.public)?,
            private: globs(&images.private)?,
        })
    }

    /// Whether anyone can pull the image of that name, which begins with its registry.
    pub(crate) fn is_public(&self, image: &str) -> bool {
        !self.private.is_match(image) && self.public.is_match(image)
    }
}
