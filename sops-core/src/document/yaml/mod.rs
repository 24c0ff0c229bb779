//! YAML as SOPS reads and writes it, which is as Go's `yaml.v3` does.

mod analysis;
pub(crate) mod emit;
pub(crate) mod in_style;
pub(crate) mod resolve;
pub(crate) mod spell;
