//! The agreed set: which loads are run, and how long.

/// One call of the load tool.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) name: &'static str,
    pub(super) mode: &'static str,
    pub(super) words: &'static [&'static str],
}

/// A run whole, and its words where it is to be quick.
type Planned = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const RUNS: &[Planned] = &[
    ("start", "start", &["--rounds", "3"], &["--rounds", "1"]),
    ("requests", "requests", &["--rounds", "2", "--seconds", "1"], &["--rounds", "1", "--seconds", "1"]),
    ("sends, closed loop", "sends", &["--seconds", "6"], &["--seconds", "3"]),
    ("sends, 10/s on each socket", "sends", &["--rate", "10", "--seconds", "8"], &["--rate", "10", "--seconds", "3"]),
    ("fan-out, one room of 200", "fanout", &["--rounds", "3", "--seconds", "2"], &["--rounds", "1", "--seconds", "1"]),
    (
        "fan-out, 20 rooms of 50",
        "fanout",
        &["--rooms", "20", "--listeners", "50", "--in-flight", "1", "--rounds", "3", "--seconds", "2"],
        &["--rooms", "20", "--listeners", "50", "--in-flight", "1", "--rounds", "1", "--seconds", "1"],
    ),
    (
        "fan-out over GraphQL, one room of 200",
        "fanout",
        &["--graphql", "--rounds", "3", "--seconds", "2"],
        &["--graphql", "--rounds", "1", "--seconds", "1"],
    ),
    (
        "fan-out over GraphQL, one room of 1,000",
        "fanout",
        &["--graphql", "--listeners", "1000", "--rounds", "3", "--seconds", "2"],
        &["--graphql", "--listeners", "1000", "--rounds", "1", "--seconds", "1"],
    ),
    ("storm", "storm", &["--rounds", "3"], &["--rounds", "1", "--once"]),
    ("idle", "idle", &["--connections", "5000"], &["--connections", "1000", "--seconds", "2"]),
    (
        "growth",
        "growth",
        &["--many", "10000", "--page", "1000", "--present", "5000"],
        &["--many", "1000", "--page", "50", "--present", "300"],
    ),
];

/// All runs on one ground.
pub(super) fn runs(quick: bool) -> impl Iterator<Item = Run> {
    RUNS.iter().map(move |&(name, mode, whole, less)| Run { name, mode, words: if quick { less } else { whole } })
}
