//! What an operator's program shows.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// A secret that operators' programs show as `Authorization: Bearer …`. It is never printed.
#[derive(Clone)]
pub struct OperatorToken(Arc<[u8]>);

impl OperatorToken {
    /// This token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.as_bytes().into())
    }

    /// Whether it is this; takes as long however much of it is right.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, given).is_ok()
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken(…)")
    }
}
