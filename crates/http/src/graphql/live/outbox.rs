//! What waits to be sent to one connection, bounded in number and in bytes.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{operation::Operation, protocol::Close};
use crate::hub::{Announcement, Full};

/// How many values, and how many bytes of them, may wait for one connection; beyond, the reader is too slow.
pub(super) const MOST: usize = 1_024;
pub(super) const MOST_BYTES: usize = 1024 * 1024;
/// How many bytes may wait when something passing comes: the rest is for what lasts.
const MOST_BEFORE_PASSING: usize = MOST_BYTES / 4;
/// The memory of a queue that has become empty is kept up to this many places.
const KEPT_PLACES: usize = 16;

/// What waits to be sent.
pub(super) enum Out {
    /// Something that the hub told, still to be made into what the operation selects.
    Told(Arc<Operation>, Arc<Announcement>),
    /// A value.
    Next(Arc<Operation>, Bytes),
    /// The one answer of an operation, and its end.
    Answer(Arc<Operation>, Vec<u8>),
    /// The end of an operation, with errors.
    Failed(Arc<Operation>, Vec<u8>),
}

impl Out {
    fn size(&self) -> usize {
        match self {
            Self::Told(_, told) => told.payload().get().len(),
            Self::Next(_, value) => value.len(),
            Self::Answer(_, body) | Self::Failed(_, body) => body.len(),
        }
    }
}

/// What waits for a connection, and why it is to be closed.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Out>,
    bytes: usize,
    /// Whether what was taken last is not on its way yet.
    leaving: bool,
    pub(super) close: Option<Close>,
}

impl Outbox {
    /// Whether all that there was is on its way.
    pub(super) fn is_drained(&self) -> bool {
        self.waiting.is_empty() && !self.leaving
    }

    /// Whether there is room for what was asked for.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.is_empty() || (self.waiting.len() < MOST && self.bytes < MOST_BYTES)
    }

    /// Whether so little waits that those may go on who wait for room.
    pub(super) fn is_roomy(&self) -> bool {
        self.waiting.len() < MOST / 2
    }

    /// Puts in what was told, unless too much waits already.
    pub(super) fn tell(&mut self, operation: &Arc<Operation>, told: &Arc<Announcement>) -> Result<(), Full> {
        let size = told.payload().get().len();
        let most = if told.is_passing() { MOST_BEFORE_PASSING } else { MOST_BYTES };
        let fits = self.waiting.is_empty() || (self.waiting.len() < MOST && self.bytes + size <= most);
        if !fits {
            return Err(Full);
        }
        self.bytes += size;
        self.waiting.push_back(Out::Told(Arc::clone(operation), Arc::clone(told)));
        Ok(())
    }

    /// Puts in what cannot be left out, however much waits.
    pub(super) fn push(&mut self, out: Out) {
        self.bytes += out.size();
        self.waiting.push_back(out);
    }

    /// Takes what waits, about so many bytes of it, and gives how many they are: whatever was taken before is on its way.
    pub(super) fn take(&mut self, taken: &mut VecDeque<Out>, bytes: usize) -> Option<usize> {
        let mut sum = 0;
        while sum < bytes
            && let Some(out) = self.waiting.pop_front()
        {
            sum += out.size();
            taken.push_back(out);
        }
        self.bytes = self.bytes.saturating_sub(sum);
        self.leaving = !taken.is_empty();
        for queue in [&mut self.waiting, taken] {
            if queue.is_empty() && queue.capacity() > KEPT_PLACES {
                *queue = VecDeque::new(); // an idle connection holds no buffer
            }
        }
        self.leaving.then_some(sum)
    }

    /// Forgets all that waits.
    pub(super) fn clear(&mut self) {
        *self = Self { close: self.close.take(), ..Self::default() };
    }
}
