//! What can be wrong with the settings, told to the person who gave them.

use std::{error::Error, fmt};

use super::doubt::Doubt;

/// One thing that is wrong: which variable, what about it, and the way out. Holds no value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    variable: String,
    problem: String,
    remedy: String,
}

impl Fault {
    pub(super) fn new(variable: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { variable: variable.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// The variable at fault, or the place: `.env, line 3`.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.variable, self.problem, self.remedy)
    }
}

/// Everything that is wrong with the settings, in the order in which they were read; and what may be wrong besides, which
/// often explains it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub(super) faults: Vec<Fault>,
    pub(super) doubts: Vec<Doubt>,
}

impl Faults {
    /// The faults one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            1 => f.write_str("One setting is at fault:")?,
            count => write!(f, "{count} settings are at fault:")?,
        }
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))?;
        self.doubts.iter().try_for_each(|doubt| write!(f, "\n{doubt}"))
    }
}

impl Error for Faults {}

/// What a parser has against a value; the reader makes a [`Fault`] of it. Must not quote the value of a secret.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Goes on after the value: `is not a whole number`.
    pub(super) problem: String,
    /// Says what to do: `give one from 1 to 512`.
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}
