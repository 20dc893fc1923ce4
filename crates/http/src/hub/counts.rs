//! What the hub counts, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since the start of the node.
#[derive(Debug, Default)]
pub(super) struct Counts {
    delivered: AtomicU64,
    repaired: AtomicU64,
    lagged: AtomicU64,
    dropped: AtomicU64,
    swept: AtomicU64,
}

/// What the hub of a node did since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubCounts {
    /// Lasting events handed to connections.
    pub delivered: u64,
    /// Reads of the log that mended a gap.
    pub repaired: u64,
    /// Connections that read too slowly and were told what they missed.
    pub lagged: u64,
    /// Signals for which there was no room.
    pub dropped: u64,
    /// What was for a person, lost by the bus, and found in the database.
    pub swept: u64,
}

impl Counts {
    pub(super) fn delivered(&self, events: u64) {
        self.delivered.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn repaired(&self) {
        self.repaired.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lagged(&self) {
        self.lagged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn swept(&self) {
        self.swept.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> HubCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        HubCounts {
            delivered: read(&self.delivered),
            repaired: read(&self.repaired),
            lagged: read(&self.lagged),
            dropped: read(&self.dropped),
            swept: read(&self.swept),
        }
    }
}
