//! How often something was done, and how often it was refused with which code.

use rondo_domain::measure::{Counter, Counters};

use crate::ErrorCode;

/// Counts of what became of something, by the codes of the catalogue.
#[derive(Debug, Default)]
pub struct Outcomes {
    done: Counter,
    refused: Counters<{ ErrorCode::ALL.len() }>,
}

impl Outcomes {
    /// How doing without a refusal is called among the codes.
    pub const OK: &str = "ok";

    /// One more; with the code where it was refused.
    pub fn note(&self, refused: Option<ErrorCode>) {
        match refused {
            None => self.done.one(),
            Some(code) => self.refused.one(code as usize),
        }
    }

    /// What became of it, and how often, as far as it was ever met.
    pub fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let refused = ErrorCode::ALL.iter().map(|code| code.as_str()).zip(self.refused.get());
        std::iter::once((Self::OK, self.done.get())).chain(refused).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_counted_as_itself() {
        let outcomes = Outcomes::default();
        outcomes.note(None);
        for code in ErrorCode::ALL {
            outcomes.note(Some(*code));
        }
        let names = std::iter::once(Outcomes::OK).chain(ErrorCode::ALL.iter().map(|code| code.as_str()));
        assert_eq!(outcomes.read().collect::<Vec<_>>(), names.map(|name| (name, 1)).collect::<Vec<_>>());
    }
}
