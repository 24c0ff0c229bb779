//! Flags that every command accepts, before or after its name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ColorChoice};

use super::{go_integer, path_or_empty};

/// The variables that stand for a flag.
const VARIABLES: [&str; 4] = [
    "SOPS_CONFIG",
    "SOPS_KEYSERVICE",
    "SOPS_ENABLE_LOCAL_KEYSERVICE",
    "SOPS_RS_CLOUD_TIMEOUT",
];

/// Flags of every command.
#[derive(Args, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Configuration file [default: the nearest `.sops.yaml` at or above the working directory]
    ///
    /// For files that sops-rs finds in a directory, the default is the nearest one above each file.
    #[arg(
        long,
        hide_short_help = true,
        global = true,
        value_name = "FILE",
        env = "SOPS_CONFIG",
        value_parser = path_or_empty(),
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// Whether SOPS_CONFIG named the configuration file, and not the flag.
    #[arg(skip)]
    pub(crate) is_config_of_environment: bool,
    /// Print where sops-rs looks for keys, and log messages in the format of sops
    #[arg(long, hide_short_help = true, global = true)]
    pub(crate) verbose: bool,
    /// Do not report each file that was changed
    #[arg(long, hide_short_help = true, global = true)]
    pub(crate) quiet: bool,
    /// When to color messages [default: auto]
    #[arg(
        long,
        hide_short_help = true,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: ColorChoice,
    /// Indent converted files by this many spaces per level [default: from `stores` in
    /// `.sops.yaml`]
    #[arg(
        long,
        hide_short_help = true,
        global = true,
        value_name = "SPACES",
        value_parser = indentation,
        allow_negative_numbers = true
    )]
    pub(crate) indent: Option<i16>,
    /// Compute the MAC of a new file from its encrypted values only
    ///
    /// The plaintext values of the file can then be changed without sops-rs.
    #[arg(long, hide_short_help = true, global = true)]
    pub(crate) mac_only_encrypted: bool,
    /// Also use the key service at `unix:///path` or `tcp://host:port`
    ///
    /// Local keys are tried first. You can repeat this flag.
    #[arg(
        long,
        hide_short_help = true,
        global = true,
        hide = !cfg!(feature = "keyservice"),
        value_name = "ADDRESS",
        value_delimiter = ',',
        env = "SOPS_KEYSERVICE",
        hide_env_values = true
    )]
    keyservice: Vec<String>,
    /// Use the keys on this machine [default: true]
    #[arg(
        long,
        hide_short_help = true,
        global = true,
        hide = !cfg!(feature = "keyservice"),
        value_name = "true|false",
        hide_possible_values = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "SOPS_ENABLE_LOCAL_KEYSERVICE",
        hide_env_values = true,
        value_parser = BoolishValueParser::new(),
    )]
    enable_local_keyservice: Option<bool>,
    /// Limit the total time of requests to key servers, for example to `20s` [default: no limit]
    #[arg(
        long,
        hide_short_help = true,
        global = true,
        hide = !cfg!(feature = "cloud-keys"),
        value_name = "TIME",
        env = "SOPS_RS_CLOUD_TIMEOUT",
        hide_env_values = true,
        value_parser = super::duration
    )]
    pub(crate) cloud_timeout: Option<Duration>,
}

impl GlobalArgs {
    /// The values without any flag; `None` if a variable stands for one.
    pub(crate) fn without_flags() -> Option<Self> {
        let is_set = |name: &&str| std::env::var_os(name).is_some();
        (!VARIABLES.iter().any(is_set)).then(Self::default)
    }

    /// The names of the flags in the description of the command line.
    pub(crate) const IDS: [&str; 9] = [
        "config",
        "verbose",
        "quiet",
        "color",
        "indent",
        "mac_only_encrypted",
        "keyservice",
        "enable_local_keyservice",
        "cloud_timeout",
    ];

    /// The addresses of the key services to ask.
    pub(crate) fn key_services(&self) -> impl Iterator<Item = &str> {
        let addresses = self.keyservice.iter().map(|address| address.trim());
        addresses.filter(|address| !address.is_empty())
    }

    /// Whether the keys on this machine are used, and not only key services.
    pub(crate) fn is_local(&self) -> bool {
        self.enable_local_keyservice.unwrap_or(true)
    }

    /// The configuration file that the flag or SOPS_CONFIG names.
    pub(crate) fn config(&self) -> Option<&Path> {
        self.config
            .as_deref()
            .filter(|file| !file.as_os_str().is_empty())
    }

    /// The configuration file that the flag names. The variable does not count.
    pub(crate) fn config_of_flag(&self) -> Option<&Path> {
        self.config().filter(|_| !self.is_config_of_environment)
    }
}

/// Reads the number of spaces for a level; -1 is a tab in JSON, as in `sops`.
fn indentation(text: &str) -> Result<i16, String> {
    let spaces = i16::try_from(go_integer(text)?).ok();
    let spaces = spaces.filter(|spaces| (-1..=255).contains(spaces));
    spaces.ok_or_else(|| format!("{text} is not between -1 and 255"))
}
