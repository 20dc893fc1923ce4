//! Listens to the log of the servers in this process: what each request cost, by its id.

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    sync::{LazyLock, Mutex, Once},
};

use tracing::{
    Event, Id, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
    subscriber::Interest,
};

/// Set to 1, it shows the servers' warnings and errors among the output of the tests.
const SHOW: &str = "RONDO_TEST_LOGS";
/// The name of the line that tells of a request.
const REQUEST: &str = "http.request";

/// How many queries each request made.
static QUERIES: LazyLock<Mutex<HashMap<String, u64>>> = LazyLock::new(Mutex::default);

/// Begins to listen, once per process.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ear = Ear { show: env::var(SHOW).is_ok_and(|value| value == "1") };
        tracing::subscriber::set_global_default(ear).expect("nobody else listens in a test binary");
    });
}

/// How many queries the request of this id made.
pub(crate) fn queries_of(request_id: &str) -> Option<u64> {
    QUERIES.lock().unwrap().get(request_id).copied()
}

struct Ear {
    show: bool,
}

impl Ear {
    fn hears(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && (metadata.name() == REQUEST || (self.show && *metadata.level() <= Level::WARN))
    }
}

impl Subscriber for Ear {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.hears(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.hears(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1) // no span is enabled
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        if self.show && *event.metadata().level() <= Level::WARN {
            eprintln!("{} {}{}", event.metadata().level(), event.metadata().target(), line.text);
        }
        if let (Some(request_id), Some(queries)) = (line.request_id, line.queries) {
            QUERIES.lock().unwrap().insert(request_id, queries);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    request_id: Option<String>,
    queries: Option<u64>,
    text: String,
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "queries" {
            self.queries = Some(value);
        }
        self.record_debug(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "request.id" {
            self.request_id = Some(value.to_owned());
        }
        self.record_debug(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.text, " {field}={value:?}").expect("a string takes everything");
    }
}
