//! What is wrong with an input, by field. Value types refuse with a [`Reason`]; a [`Check`] gathers the reasons of a
//! whole body, so that its sender hears of every fault at once.

use std::fmt;

/// Why one value was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A stable, `snake_case` word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Reason {
    /// A reason with its stable code and its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A refused field and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's public (camelCase) name.
    pub field: String,
    /// Why it was refused.
    pub reason: Reason,
}

/// An input that breaks at least one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Every fault that was found, in the order of the fields.
    pub violations: Vec<Violation>,
}

impl Invalid {
    /// An input with a single fault.
    pub fn field(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { violations: vec![Violation { field: field.into(), reason: Reason::new(code, message) }] }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}", violation.field, violation.reason.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Gathers the faults of one input.
///
/// Each [`Check::field`] gives the parsed value or notes why there is none; [`Check::failed`] ends a body of which at
/// least one value is missing.
#[derive(Debug, Default)]
pub struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// The value, if it passed; else its fault is noted under `field`.
    pub fn field<T>(&mut self, field: &str, parsed: Result<T, Reason>) -> Option<T> {
        parsed.map_err(|reason| self.violations.push(Violation { field: field.to_owned(), reason })).ok()
    }

    /// As [`Check::field`], for a value that may be absent: the outer `Option` says whether it passed.
    pub fn optional<R, T>(
        &mut self,
        field: &str,
        raw: Option<R>,
        parse: impl FnOnce(R) -> Result<T, Reason>,
    ) -> Option<Option<T>> {
        match raw {
            None => Some(None),
            Some(raw) => self.field(field, parse(raw)).map(Some),
        }
    }

    /// Ends an input whose values all may be absent.
    ///
    /// # Errors
    /// When a fault was noted.
    pub fn passed(self) -> Result<(), Invalid> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.failed()) }
    }

    /// What was found.
    #[must_use]
    pub fn failed(self) -> Invalid {
        Invalid { violations: self.violations }
    }
}
