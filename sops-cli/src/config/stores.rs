//! The layout of a file that is written in another format: from the configuration, or from the flag
//! that overrides it.

use sops_core::config::{Config, Stores};

use super::load::config;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

/// The layout of a file that is converted to another format: from the configuration, or from the
/// flag that overrides it.
pub(crate) fn stores(ui: &Ui, globals: &GlobalArgs) -> Result<Stores, CommandError> {
    Ok(stores_of(globals, config(ui, globals)?.as_ref()))
}

pub(crate) fn stores_of(globals: &GlobalArgs, config: Option<&Config>) -> Stores {
    let mut stores = config.map_or_else(Stores::default, Config::stores);
    if let Some(indent) = globals.indent {
        // As in `sops`, 0 is the default for YAML, and -1 is a tab for JSON.
        let spaces = u8::try_from(indent).ok();
        stores.yaml_indent = spaces.filter(|spaces| *spaces > 0);
        stores.json_indent = spaces;
        stores.json_binary_indent = spaces;
    }
    stores
}
