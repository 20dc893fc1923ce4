//! What the hub counts, for whoever shows it.

use std::time::{Duration, Instant};

use rondo_domain::measure::{Counter, Durations, Spread};

/// Since the start of the node.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) delivered: Counter,
    pub(super) passed: Counter,
    pub(super) personal: Counter,
    pub(super) refused: Counter,
    pub(super) repaired: Counter,
    pub(super) lagged: Counter,
    pub(super) dropped: Counter,
    pub(super) swept: Counter,
    lag: Durations,
    login_silence: Durations,
    membership_silence: Durations,
}

/// What the hub of a node did since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubCounts {
    /// Lasting events of sessions handed to connections that joined them.
    pub delivered: u64,
    /// Passing events handed to connections.
    pub passed: u64,
    /// What is for a person, handed to their connections.
    pub personal: u64,
    /// Handings-over that were refused, since too much waited for the connection.
    pub refused: u64,
    /// Reads of the log that mended a gap.
    pub repaired: u64,
    /// Connections that read too slowly and were told what they missed.
    pub lagged: u64,
    /// Signals for which there was no room.
    pub dropped: u64,
    /// What was for a person, lost by the bus, and found in the database.
    pub swept: u64,
    /// From the commit of a lasting event to when all connections of its session had it in their queues; one entry for
    /// each of them. Without what was found in the log, whose commit nobody told of.
    pub lag: Spread,
    /// From when the end of a login was committed to when its connections here were ended.
    pub login_silence: Spread,
    /// From when the end of a membership was committed to when its connections here heard no more of the session.
    pub membership_silence: Spread,
}

impl Counts {
    /// An event that was committed `since` then has reached so many connections.
    pub(super) fn delivered(&self, since: Option<Instant>, connections: u64) {
        if connections > 0 {
            self.delivered.more(connections);
            if let Some(since) = since {
                self.lag.each_took(since.elapsed(), connections);
            }
        }
    }

    /// A login that was ended `age` ago has no connection here any more.
    pub(super) fn login_silenced(&self, age: Duration) {
        self.login_silence.took(age);
    }

    /// A membership that was ended then is not heard here any more.
    pub(super) fn membership_silenced(&self, since: Instant) {
        self.membership_silence.took(since.elapsed());
    }

    pub(super) fn read(&self) -> HubCounts {
        let Self { delivered, passed, personal, refused, repaired, lagged, dropped, swept, .. } = self;
        HubCounts {
            delivered: delivered.get(),
            passed: passed.get(),
            personal: personal.get(),
            refused: refused.get(),
            repaired: repaired.get(),
            lagged: lagged.get(),
            dropped: dropped.get(),
            swept: swept.get(),
            lag: self.lag.read(),
            login_silence: self.login_silence.read(),
            membership_silence: self.membership_silence.read(),
        }
    }
}
