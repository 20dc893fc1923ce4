//! Where the server runs and where it keeps its files: the settings on which other defaults rest.

use std::path::PathBuf;

use super::{
    fault::Wrong,
    parse::one_of,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

pub(super) static APP_ENV: Setting = Setting {
    name: "APP_ENV",
    flag: "app-env",
    value: "ENVIRONMENT",
    default: Preset::Fixed("development"),
    secret: false,
    help: "`development` or `production`; decides several defaults, and production insists on a JWT_SECRET",
};

pub(super) static DATA_DIR: Setting = Setting {
    name: "DATA_DIR",
    flag: "data-dir",
    value: "FOLDER",
    default: Preset::Fixed("data"),
    secret: false,
    help: "Folder of what Rondo keeps itself, the SQLite file and the development secret; made when it does not exist",
};

pub(super) static SETTINGS: &[&Setting] = &[&APP_ENV, &DATA_DIR];

/// Who the server runs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppEnv {
    /// One's own machine: open to tools, closed to the network.
    Development,
    /// The world.
    Production,
}

impl AppEnv {
    /// Whether this is production.
    #[must_use]
    pub const fn is_production(self) -> bool {
        matches!(self, Self::Production)
    }
}

/// The settings on which defaults of other sections rest.
#[derive(Clone, Debug)]
pub struct GeneralSettings {
    /// Who the server runs for.
    pub app_env: AppEnv,
    /// The folder of what the server keeps itself. It need not exist yet.
    pub data_dir: PathBuf,
}

impl Read for GeneralSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let app_env = reader.read(&APP_ENV, |text| {
            one_of(text, &[("development", AppEnv::Development), ("production", AppEnv::Production)])
        });
        let data_dir = reader.read(&DATA_DIR, folder);
        if let Some(app_env) = app_env {
            reader.environment = app_env;
        }
        if let Some(data_dir) = &data_dir {
            reader.data_dir.clone_from(data_dir);
        }
        Some(Self { app_env: app_env?, data_dir: data_dir? })
    }
}

fn folder(text: &str) -> Result<PathBuf, Wrong> {
    if text.contains('\0') {
        return Err(Wrong::new("holds a NUL character", "name a folder"));
    }
    let path = PathBuf::from(text);
    if path.is_file() {
        return Err(Wrong::new("is a file", "name a folder, which is made when it does not exist"));
    }
    Ok(path)
}
