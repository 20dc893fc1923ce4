//! What is to be reached, and what a well-tuned NestJS 11 peer reached on the same kind of machine.

use super::Figures;

/// A figure of Rondo's, and its bound.
pub(super) struct Target {
    pub(super) work: &'static str,
    value: Value,
    pub(super) unit: Unit,
    /// The peer's figure.
    pub(super) peer: Option<f64>,
    pub(super) bound: Bound,
}

#[derive(Clone, Copy)]
enum Value {
    Of(&'static str),
    /// The first in relation to the second.
    Ratio(&'static str, &'static str),
    /// The first less the second.
    Beyond(&'static str, &'static str),
}

#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Clone, Copy)]
pub(super) enum Unit {
    Count,
    Ratio,
    Millis,
    /// Microseconds, told in milliseconds.
    Micros,
    Seconds,
    KiloBytes,
    MegaBytes,
}

const fn target(work: &'static str, value: Value, unit: Unit, peer: Option<f64>, bound: Bound) -> Target {
    Target { work, value, unit, peer, bound }
}

/// So much work per CPU-second or second, as a multiple of the peer's.
const fn times(work: &'static str, key: &'static str, peer: f64, factor: f64) -> Target {
    target(work, Value::Of(key), Unit::Count, Some(peer), Bound::AtLeast(peer * factor))
}

const fn at_most(work: &'static str, key: &'static str, unit: Unit, peer: f64, most: f64) -> Target {
    target(work, Value::Of(key), unit, Some(peer), Bound::AtMost(most))
}

/// At most so many times the CPU of the road beside it, from the work of both per CPU-second.
const fn dearer(work: &'static str, beside: &'static str, own: &'static str, most: f64) -> Target {
    target(work, Value::Ratio(beside, own), Unit::Ratio, None, Bound::AtMost(most))
}

const fn grows(work: &'static str, large: &'static str, small: &'static str, most: f64) -> Target {
    target(work, Value::Ratio(large, small), Unit::Ratio, None, Bound::AtMost(most))
}

/// Work is per CPU-second of the server process unless the line names another unit.
pub(super) const TARGETS: &[Target] = &[
    times("GET sessions, cached", "requests.sessions.per_cpu", 8_600.0, 8.0),
    target(
        "the same, beside a bare actix handler",
        Value::Ratio("requests.sessions.per_cpu", "requests.sessions.bare.per_cpu"),
        Unit::Ratio,
        None,
        Bound::AtLeast(0.65),
    ),
    times("GET messages, read from the database", "requests.messages_after.per_cpu", 2_130.0, 6.0),
    times("POST message, durable, 50 connections", "requests.message_create.per_cpu", 2_200.0, 8.0),
    times("the same, requests/s", "requests.message_create.rate", 2_270.0, 4.0),
    times("POST session", "requests.session_create.per_cpu", 1_980.0, 6.0),
    times("message:create, 50 sockets, closed loop", "sends.closed1.per_cpu", 4_150.0, 8.0),
    times("the same, acknowledgements/s", "sends.closed1.rate", 3_900.0, 4.0),
    at_most("message:create, 50 x 10/s, p50", "sends.rate10.p50_us", Unit::Micros, 800.0, 800.0),
    at_most("the same, p99", "sends.rate10.p99_us", Unit::Micros, 3_000.0, 3_000.0),
    target(
        "fan-out, 200, 1 in flight, beside bare socketioxide",
        Value::Ratio("fanout.1x200x1.per_cpu", "fanout.1x200x1.bare.per_cpu"),
        Unit::Ratio,
        None,
        Bound::AtLeast(0.85),
    ),
    target(
        "the same, deliveries",
        Value::Of("fanout.1x200x1.per_cpu"),
        Unit::Count,
        Some(97_000.0),
        Bound::AtLeast(0.85 * 180_000.0),
    ),
    times("fan-out, 200, 8 in flight", "fanout.1x200x8.per_cpu", 110_000.0, 5.0),
    times("fan-out, 20 rooms of 50", "fanout.20x50x1.per_cpu", 59_000.0, 2.5),
    dearer(
        "GraphQL: sessions, cached, x CPU of GET sessions",
        "requests.sessions.per_cpu",
        "requests.graphql_sessions.per_cpu",
        2.0,
    ),
    dearer(
        "CPU of a delivery over GraphQL beside Socket.IO, 200",
        "fanout.graphql.1x200x1.bare.per_cpu",
        "fanout.graphql.1x200x1.per_cpu",
        1.5,
    ),
    dearer("the same, 8 in flight", "fanout.graphql.1x200x8.bare.per_cpu", "fanout.graphql.1x200x8.per_cpu", 1.5),
    dearer(
        "the same, 1,000 subscribers",
        "fanout.graphql.1x1000x1.bare.per_cpu",
        "fanout.graphql.1x1000x1.per_cpu",
        1.5,
    ),
    dearer("the same, 8 in flight", "fanout.graphql.1x1000x8.bare.per_cpu", "fanout.graphql.1x1000x8.per_cpu", 1.5),
    at_most("1,000 connect and join 20 rooms", "storm.1000x20.seconds", Unit::Seconds, 0.87, 0.35),
    at_most("1,000 connect and join one room", "storm.1000x1.seconds", Unit::Seconds, 5.8, 1.0),
    target(
        "memory of an idle connection",
        Value::Of("idle.bytes_each"),
        Unit::KiloBytes,
        Some(28_500.0),
        Bound::AtMost(29_000.0),
    ),
    target(
        "the same, beyond bare socketioxide",
        Value::Beyond("idle.bytes_each", "idle.bare.bytes_each"),
        Unit::KiloBytes,
        None,
        Bound::AtMost(3_000.0),
    ),
    at_most("start to healthy, migrated", "start.migrated_ms", Unit::Millis, 800.0, 150.0),
    at_most("resident, idle", "start.resident", Unit::MegaBytes, 128e6, 40e6),
    grows("100 x sessions: first page, cached", "growth.sessions_cached.large", "growth.sessions_cached.small", 1.5),
    grows("100 x sessions: first page, cold", "growth.sessions_cold.large", "growth.sessions_cold.small", 5.0),
    grows("100 x members: rows of a post", "growth.post_rows.large", "growth.post_rows.small", 1.1),
    grows("100 x members: time of a post", "growth.post.large", "growth.post.small", 1.5),
    grows("page 1,000 of a history", "growth.history.large", "growth.history.small", 1.5),
    target(
        "bytes of a join where 5,000 are present",
        Value::Of("growth.join_bytes.large"),
        Unit::KiloBytes,
        None,
        Bound::AtMost(64_000.0),
    ),
];

impl Target {
    /// `None` where it was not measured.
    pub(super) fn value(&self, figures: &Figures) -> Option<f64> {
        let figure = |key: &str| figures.get(key).copied();
        match self.value {
            Value::Of(key) => figure(key),
            Value::Ratio(part, whole) => Some(figure(part)? / figure(whole).filter(|whole| *whole > 0.0)?),
            Value::Beyond(all, part) => Some(figure(all)? - figure(part)?),
        }
    }

    pub(super) fn reached(&self, value: f64) -> bool {
        match self.bound {
            Bound::AtLeast(least) => value >= least,
            Bound::AtMost(most) => value <= most,
        }
    }

    /// How many times as good as the peer.
    pub(super) fn beside_peer(&self, value: f64) -> Option<f64> {
        match self.bound {
            Bound::AtLeast(_) => Some(value / self.peer?),
            Bound::AtMost(_) => Some(self.peer? / value),
        }
    }
}

impl Unit {
    pub(super) fn tell(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::Ratio => format!("{value:.2}"),
            Self::Millis => format!("{value:.0} ms"),
            Self::Micros => format!("{:.2} ms", value / 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::KiloBytes => format!("{:.1} kB", value / 1e3),
            Self::MegaBytes => format!("{:.1} MB", value / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_from_the_figures() {
        let figures = Figures::from([("a".to_owned(), 6.0), ("b".to_owned(), 4.0), ("none".to_owned(), 0.0)]);
        let value = |value| target("", value, Unit::Count, None, Bound::AtLeast(1.0)).value(&figures);
        assert_eq!(value(Value::Of("a")), Some(6.0));
        assert_eq!(value(Value::Ratio("a", "b")), Some(1.5));
        assert_eq!(value(Value::Beyond("a", "b")), Some(2.0));
        assert_eq!(value(Value::Ratio("a", "none")), None);
        assert_eq!(value(Value::Of("c")), None);
    }

    #[test]
    fn more_work_and_less_time_are_better() {
        let work = times("", "a", 10.0, 2.0);
        assert!(work.reached(20.0) && !work.reached(19.0));
        assert_eq!(work.beside_peer(30.0), Some(3.0));
        let time = at_most("", "a", Unit::Seconds, 6.0, 2.0);
        assert!(time.reached(2.0) && !time.reached(2.1));
        assert_eq!(time.beside_peer(2.0), Some(3.0));
    }
}
