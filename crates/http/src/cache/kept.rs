//! An answer as it is kept.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::HeaderValue;
use bytes::Bytes;
use tokio::time::Instant;

use super::epochs::Epoch;
use crate::etag::Tag;

/// The media type of every answer here.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What an answer takes besides its body, about.
const FRAME: usize = 256;

/// An answer, of an epoch and an age.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) body: Bytes,
    pub(super) tag: Tag,
    /// The viewer's epoch in which the making of it began; it is good in no other.
    pub(super) epoch: Epoch,
    /// When the making of it began.
    pub(super) born: Instant,
    renewed: AtomicBool,
}

impl Kept {
    pub(super) fn new(body: Bytes, epoch: Epoch, born: Instant) -> Self {
        Self { tag: Tag::of(&body), body, epoch, born, renewed: AtomicBool::new(false) }
    }

    /// Whether the caller is the one who sees to a newer answer.
    pub(super) fn is_first_to_renew(&self) -> bool {
        !self.renewed.swap(true, Ordering::Relaxed)
    }

    pub(super) fn weight(&self) -> u32 {
        u32::try_from(self.body.len() + FRAME).unwrap_or(u32::MAX)
    }
}
