//! What the gateway counts. Events that nobody knows are counted as one, so that clients cannot make new names.

use std::time::Duration;

use rondo_domain::measure::{Counter, Counters, Durations, Spread};
use rondo_wire::{ErrorCode, Outcomes};
use socketioxide::socket::DisconnectReason;

use super::ClientEvent;

/// How events that nobody knows are called.
const OTHER: &str = "other";

/// How the ends of connections are called, by their places in [`SocketFigures::ended`].
const REASONS: [&str; 8] = [
    "transport_close",
    "transport_error",
    "heartbeat_timeout",
    "client_disconnect",
    "server_disconnect",
    "server_stopping",
    "polling_error",
    "parsing_error",
];

/// What the gateway counted so far.
#[derive(Debug, Default)]
pub(crate) struct SocketFigures {
    /// Handshakes.
    pub(crate) admissions: Outcomes,
    /// Connections that were cut for not reading.
    pub(crate) slow: Counter,
    /// Events that were refused unread: too fast, too many waiting, far too fast.
    pub(crate) too_fast: Counter,
    pub(crate) too_many: Counter,
    pub(crate) floods: Counter,
    ended: Counters<{ REASONS.len() }>,
    events: [EventFigures; ClientEvent::ALL.len() + 1],
}

#[derive(Debug, Default)]
struct EventFigures {
    outcomes: Outcomes,
    time: Durations,
}

/// The open connections at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) polling: u64,
    pub(crate) websocket: u64,
    /// Bytes that wait to be read by them.
    pub(crate) outgoing: u64,
}

impl SocketFigures {
    /// An event was acknowledged; `None` stands for one that nobody knows.
    pub(super) fn handled(&self, event: Option<ClientEvent>, refused: Option<ErrorCode>, took: Duration) {
        let place = event.map_or(ClientEvent::ALL.len(), |event| event as usize);
        if let Some(figures) = self.events.get(place) {
            figures.outcomes.note(refused);
            figures.time.took(took);
        }
    }

    /// A connection ended.
    pub(super) fn ended(&self, reason: DisconnectReason) {
        self.ended.one(match reason {
            DisconnectReason::TransportClose => 0,
            DisconnectReason::TransportError => 1,
            DisconnectReason::HeartbeatTimeout => 2,
            DisconnectReason::ClientNSDisconnect => 3,
            DisconnectReason::ServerNSDisconnect => 4,
            DisconnectReason::ClosingServer => 5,
            DisconnectReason::MultipleHttpPollingError => 6,
            DisconnectReason::PacketParsingError => 7,
        });
    }

    /// Why connections ended, and how often.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REASONS.into_iter().zip(self.ended.get())
    }

    /// Each event that was ever handled, what became of it, and how fast.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&'static str, &Outcomes, Spread)> {
        let names = ClientEvent::ALL.into_iter().map(ClientEvent::name).chain([OTHER]);
        let read = names.zip(&self.events).map(|(name, figures)| (name, &figures.outcomes, figures.time.read()));
        read.filter(|(.., time)| time.count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_place_of_its_own_and_all_others_share_one() {
        let figures = SocketFigures::default();
        for (place, event) in ClientEvent::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, place);
            figures.handled(Some(event), None, Duration::ZERO);
        }
        for _ in 0..1_000 {
            figures.handled(None, Some(ErrorCode::UnknownEvent), Duration::ZERO);
        }
        let counts: Vec<_> = figures.events().map(|(name, _, time)| (name, time.count)).collect();
        assert_eq!(counts.len(), ClientEvent::ALL.len() + 1);
        assert_eq!(counts.last(), Some(&(OTHER, 1_000)));
        assert!(counts.iter().rev().skip(1).all(|(_, count)| *count == 1), "{counts:?}");
    }
}
