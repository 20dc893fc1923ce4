//! What `rondo config check` says: every effective setting, then whether they are sound.

use std::fmt;

use super::{SECTIONS, fault::Faults, raw::Origin, setting::Setting};

/// A setting as it is in effect. The value of a secret is not here, only whether it is set.
#[derive(Debug)]
pub(super) struct Shown {
    /// Which setting.
    pub(super) setting: &'static Setting,
    /// Its value, or whether it is set.
    pub(super) value: String,
    /// Where it came from.
    pub(super) origin: Origin,
}

/// The settings in effect and what is wrong with them; `Display` is the report of `rondo config check`.
#[derive(Debug)]
pub struct Check {
    shown: Vec<Shown>,
    faults: Faults,
}

impl Check {
    pub(super) const fn new(shown: Vec<Shown>, faults: Faults) -> Self {
        Self { shown, faults }
    }

    /// Whether nothing is at fault.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.iter().next().is_none()
    }

    /// What is wrong; nothing when the settings are sound.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    fn width(&self, of: impl Fn(&Shown) -> &str) -> usize {
        self.shown.iter().map(|shown| of(shown).chars().count()).max().unwrap_or_default()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.width(|shown| shown.setting.name);
        let values = self.width(|shown| &shown.value);
        for (heading, settings) in SECTIONS {
            writeln!(f, "{heading}")?;
            for setting in *settings {
                if let Some(Shown { value, origin, .. }) =
                    self.shown.iter().find(|shown| shown.setting.name == setting.name)
                {
                    writeln!(f, "  {:names$}  {value:values$}  {origin}", setting.name)?;
                }
            }
            writeln!(f)?;
        }
        if !self.is_sound() {
            return self.faults.fmt(f);
        }
        self.faults.doubts.iter().try_for_each(|doubt| writeln!(f, "{doubt}"))?;
        f.write_str("The settings are sound.")
    }
}
