//! The demo data that a newcomer finds; never in production, for its passwords are public.

use super::{
    fault::Wrong,
    general::AppEnv,
    parse::switch,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

static DEMO: Setting = Setting {
    name: "DEMO",
    flag: "demo",
    value: "on|off",
    default: Preset::Per { development: "on", production: "off" },
    secret: false,
    help: "Whether an empty database gets the demo data at the start of the server; never in production",
};

pub(super) static SETTINGS: &[&Setting] = &[&DEMO];

/// The demo data.
#[derive(Clone, Copy, Debug)]
pub struct DemoSettings {
    /// Whether an empty database gets it at the start of the server.
    pub wanted: bool,
}

impl Read for DemoSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let environment = reader.environment;
        let wanted = reader.read(&DEMO, |text| match (switch(text)?, environment) {
            (true, AppEnv::Production) => Err(Wrong::new(
                "is not for production, since the demo's passwords are public",
                "leave it out, or write `off`",
            )),
            (wanted, _) => Ok(wanted),
        });
        Some(Self { wanted: wanted? })
    }
}
