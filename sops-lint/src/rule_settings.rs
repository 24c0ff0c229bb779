//! The settings that single rules need, ready to use.

use crate::images::{ImagePatterns, Images};
use crate::pod_settings::PodSettings;

pub(crate) struct RuleSettings {
    pub(crate) images: ImagePatterns,
    pub(crate) pods: PodSettings,
}

impl RuleSettings {
    /// Compiles the patterns.
    pub(crate) fn new(images: &Images, pods: &PodSettings) -> Result<Self, globset::Error> {
        Ok(Self {
            images: ImagePatterns::new(images)?,
            pods: pods.clone(),
        })
    }
}
