//! Every metric there is: its name, its labels, and what it tells. The exposition, `docs/METRICS.md` and the tests go by
//! these rows.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric, whatever its labels.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    /// A sentence, in one line: `# HELP`, and the documentation.
    pub(super) help: &'static str,
}

macro_rules! families {
    ($($title:literal { $($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+ })+) => {
        $($(pub(super) const $constant: Family =
            Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+)+

        /// Every metric under its heading, in the order in which they are shown.
        pub(super) const SECTIONS: &[(&str, &[Family])] = &[$(($title, &[$($constant),+])),+];
    };
}

families! {
    "Node" {
        BUILD = Gauge "rondo_build_info" ["version", "commit"]
            "Always 1; says which release runs, and from which commit where the build was told.";
        DEPENDENCY = Gauge "rondo_dependency_up" ["dependency"]
            "1 while the database answers, the shared cache can be asked, and other nodes are heard over the bus; else 0. Without Redis cache and bus are the node's own and always 1.";
        LOST_LINES = Counter "rondo_log_lines_lost_total" []
            "Lines of the log that came faster than they could be written, and were dropped.";
        CHORE = Gauge "rondo_chore_last_success_timestamp_seconds" ["chore"]
            "When this node last went through a chore that one node does for all, in seconds of the Unix epoch; absent until it did. Take the maximum over all nodes.";
        CHORE_FAILURES = Counter "rondo_chore_failures_total" ["chore"]
            "Rounds of a chore that were cut short. They go on later.";
        RETENTION_ROWS = Counter "rondo_retention_rows_total" ["what"]
            "Rows that retention took away, and invitations that it marked as expired.";
    }
    "Process" {
        CPU = Counter "process_cpu_seconds_total" []
            "CPU time of the process, user and system, in seconds. Like all of its family on Linux alone.";
        RESIDENT = Gauge "process_resident_memory_bytes" [] "Memory that is in RAM.";
        VIRTUAL = Gauge "process_virtual_memory_bytes" [] "Memory that is mapped.";
        OPEN_FDS = Gauge "process_open_fds" [] "Open files, connections included.";
        MAX_FDS = Gauge "process_max_fds" [] "How many files may be open.";
        THREADS = Gauge "process_threads" [] "Threads of the process.";
        STARTED = Gauge "process_start_time_seconds" []
            "When the process began, in seconds of the Unix epoch.";
    }
    "HTTP" {
        REQUESTS = Counter "rondo_http_requests_total" ["method", "route", "status"]
            "Requests that were answered, by the template of their route; `unmatched` for paths that do not exist. Websockets of Socket.IO are not among them.";
        REQUEST_TIME = Histogram "rondo_http_request_duration_seconds" ["method", "route"]
            "From when a request was read to when its answer was ready to be written. A poll of Socket.IO (`/socket.io`) waits for up to half a minute by design.";
        IN_FLIGHT = Gauge "rondo_http_requests_in_flight" [] "Requests that are being answered.";
        RATE_LIMITED = Counter "rondo_rate_limited_total" ["policy"]
            "Refusals by a limit, over every surface, by the name of its policy (docs/LIMITS.md).";
    }
    "Socket.IO" {
        CONNECTIONS = Gauge "rondo_socket_connections" ["transport"] "Connections that were let in and are open.";
        ADMISSIONS = Counter "rondo_socket_admissions_total" ["code"]
            "Handshakes: `ok` where somebody was let in, else why not.";
        DISCONNECTS = Counter "rondo_socket_disconnects_total" ["reason"] "Connections that ended.";
        EVENTS = Counter "rondo_socket_events_total" ["event", "code"]
            "Events of clients that were handled: `ok`, or the code that refused them. All unknown events are `other`.";
        EVENT_TIME = Histogram "rondo_socket_event_duration_seconds" ["event"]
            "From when an event left its connection's queue to its acknowledgement.";
        EVENTS_REFUSED = Counter "rondo_socket_events_refused_total" ["reason"]
            "Events that were not even read: `rate` (too many), `queue` (too many wait), `flood` (the connection was ended).";
        OUTGOING = Gauge "rondo_socket_outgoing_bytes" []
            "Bytes that wait to be read by all connections together. One may have 1 MiB.";
        SLOW = Counter "rondo_socket_slow_readers_cut_total" []
            "Connections that were cut, since they did not read what they had asked for.";
    }
    "Live events" {
        DELIVERIES = Counter "rondo_deliveries_total" ["kind"]
            "Events handed to connections: `lasting` in rooms, `passing` (presence, typing, read markers), `personal` (invitations, notifications).";
        DELIVERIES_REFUSED = Counter "rondo_deliveries_refused_total" []
            "Events that a connection could not take, since too much waited for it. Lasting ones are told of as missed, passing ones are dropped.";
        LAG = Histogram "rondo_delivery_lag_seconds" []
            "From the commit of a lasting event to when the connections of its room had it in their queues, once for each connection. From another node it holds the way over Redis, by the clocks of both.";
        SILENCE = Histogram "rondo_revocation_seconds" ["of"]
            "From the commit that ended a login or a membership to when its connections here were ended, or heard no more of the session.";
        LAGGED = Counter "rondo_lagged_readers_total" []
            "Connections that fell behind in a room, and were told what they missed (`session:lagged`).";
        REPAIRED = Counter "rondo_gaps_repaired_total" []
            "Reads of the log that mended a gap, since a signal was lost, late or out of order.";
        FOUND = Counter "rondo_signals_found_total" []
            "What was for a person, lost on the bus, and found in the database by a sweep.";
        DROPPED = Counter "rondo_signals_dropped_total" ["at"]
            "Signals for which there was no room: at the `hub` of this node, or on their way to other nodes (`outbox`). The log mends it, later.";
        INBOX = Gauge "rondo_hub_waiting" [] "Signals and commands that wait in the hub.";
    }
    "Messages and database" {
        BATCH = Histogram "rondo_commit_batch_messages" [] "Messages that were committed together.";
        COMMIT = Histogram "rondo_commit_duration_seconds" []
            "How long a batch of messages took, from its first statement to its commit.";
        WRITER_RECALLED = Counter "rondo_writer_recalled_total" []
            "Batches that were written at once, without a question, by what was remembered of those before (PostgreSQL).";
        WRITER_WAITING = Gauge "rondo_writer_waiting" [] "Messages that wait for their batch.";
        WRITER_REFUSED = Counter "rondo_writer_refused_total" []
            "Messages that were refused as `unavailable`, since too many waited.";
        POOL = Gauge "rondo_database_connections" ["pool", "state"]
            "Connections to the database, `in_use` and `idle`.";
        POOL_WAITING = Gauge "rondo_database_waiting" ["pool"]
            "Who waits for a connection. PostgreSQL alone.";
    }
    "Answers and passwords" {
        ANSWERS = Counter "rondo_answers_total" ["what", "outcome"]
            "Requests for answers that are kept: given as kept (`hit`), given while a newer one is made (`stale`), or made for it (`miss`).";
        SHARED_ANSWERS = Counter "rondo_answers_shared_total" []
            "Answers that were not made here, since another node had made them.";
        HASHING_WAITING = Gauge "rondo_hashing_waiting" [] "Passwords that wait for a thread.";
        HASHING_WORKING = Gauge "rondo_hashing_in_progress" [] "Passwords that are being hashed or checked.";
        HASHING_TIME = Histogram "rondo_hashing_duration_seconds" [] "How long that takes, without the wait.";
        HASHING_REFUSED = Counter "rondo_hashing_refused_total" []
            "Sign-ins and the like that were refused as `unavailable`, since too many waited.";
    }
    "GraphQL" {
        OPERATIONS = Counter "rondo_graphql_operations_total" ["type", "code"]
            "Operations: `ok`, or the code of their first error. Those that were refused before they ran are `other`.";
        OPERATION_TIME = Histogram "rondo_graphql_operation_duration_seconds" ["type"]
            "How long queries and mutations ran.";
    }
}

/// Every metric.
pub(super) fn all() -> impl Iterator<Item = &'static Family> {
    SECTIONS.iter().flat_map(|(_, families)| families.iter())
}
