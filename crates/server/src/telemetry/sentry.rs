//! Errors for Sentry, as envelopes (<https://develop.sentry.dev/sdk/foundations/transport/envelopes/>): what the log tells
//! at `ERROR`, panics among it, and what was answered with `internal`.
//!
//! Only the fields that are listed here leave the house. None of them names a person, and none holds what somebody wrote.

use std::{
    fmt::{self, Write as _},
    time::{Duration, SystemTime},
};

use rondo_domain::ids::RequestId;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::reports::{self, Bounds, Chute, Closing, Courier};
use crate::{VERSION, config::ErrorSettings};

const BOUNDS: Bounds = Bounds { what: "errors", room: 64, together: 1, gathering: Duration::ZERO };

/// How many bytes of a text are sent; of a backtrace many times more.
const TEXT: usize = 1_024;
const BACKTRACE: usize = 16 * 1_024;

/// The fields that are sent; what ends with a dot stands for all that begin so.
const SENT: [&str; 10] = [
    "message",
    "cause",
    "error",
    "error.",
    "panic.",
    "http.",
    "request.id",
    "trace.id",
    "socket.event",
    "graphql.field",
];

/// The layer that reports errors.
pub(super) struct Errors(Chute<Value>);

/// Starts what reports errors.
///
/// # Errors
/// Why they cannot be sent.
pub(super) fn start(settings: &ErrorSettings) -> Result<(Errors, Closing), String> {
    let key = settings.key.expose_secret();
    let auth = format!("Sentry sentry_version=7, sentry_client=rondo/{VERSION}, sentry_key={key}");
    let headers = [("x-sentry-auth".parse().map_err(|_| "no header".to_owned())?, auth.into())];
    let courier = Courier::new(settings.target.clone(), "application/x-sentry-envelope", &headers)?;
    let environment = settings.environment.clone();
    let pack = move |events: &[Value]| events.iter().flat_map(|event| envelope(event, &environment)).collect();
    let (chute, closing) = reports::start(BOUNDS, courier, pack).map_err(|error| error.to_string())?;
    Ok((Errors(chute), closing))
}

/// One event in an envelope of its own.
fn envelope(event: &Value, environment: &str) -> Vec<u8> {
    let mut event = event.clone();
    event["environment"] = environment.into();
    let event_id = event["event_id"].clone();
    let text = event.to_string();
    let header = json!({"event_id": event_id});
    let item = json!({"type": "event", "content_type": "application/json", "length": text.len()});
    format!("{header}\n{item}\n{text}\n").into_bytes()
}

/// Whether something is looked at: spans, for the request in which an error came, and what is worth a warning at least.
pub(super) fn looks_at(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() { metadata.target().starts_with("rondo") } else { *metadata.level() <= Level::WARN }
}

/// What a span or an event said, of the fields that are sent.
#[derive(Default)]
struct Said(Map<String, Value>);

impl Said {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        if SENT.iter().any(|sent| name == *sent || (sent.ends_with('.') && name.starts_with(sent))) {
            self.0.insert(name.to_owned(), value.into());
        } else if name == "code" {
            self.0.insert("error.code".to_owned(), value.into()); // what events of sockets call it
        }
    }
}

impl Visit for Said {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, &value[..value.floor_char_boundary(TEXT)]);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _infallible = write!(text, "{value:?}");
        let most = if field.name() == "panic.backtrace" { BACKTRACE } else { TEXT };
        text.truncate(text.floor_char_boundary(most));
        self.put(field, text);
    }
}

impl<S> Layer<S> for Errors
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut said = Said::default();
            attributes.record(&mut said);
            span.extensions_mut().insert(said);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(said) = span.extensions_mut().get_mut::<Said>()
        {
            values.record(said);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut said = Said::default();
        event.record(&mut said);
        let is_fault = said.text("error.code") == Some("internal");
        if *metadata.level() != Level::ERROR && !is_fault {
            return;
        }
        let (mut work, mut trace) = (None, None);
        for span in context.event_scope(event).into_iter().flatten() {
            work = work.or(Some(span.name()));
            trace = trace.or_else(|| rondo_trace::trace_of(&span.extensions()));
            if let Some(known) = span.extensions().get::<Said>() {
                for (name, value) in &known.0 {
                    said.0.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        if let Some(trace) = trace {
            said.0.entry("trace.id").or_insert_with(|| trace.to_string().into());
        }
        self.0.put(report(metadata, said, work));
    }
}

/// An event of Sentry's, without what is known only to whoever sends it.
fn report(metadata: &Metadata<'_>, mut said: Said, work: Option<&'static str>) -> Value {
    let panicked = said.0.contains_key("panic.message");
    let message = said.0.remove("message").unwrap_or_default();
    let what = said.text("error.code").map_or_else(|| metadata.target().to_owned(), str::to_owned);
    let causes = ["panic.message", "error.cause", "error", "cause"];
    let cause = causes.iter().find_map(|name| said.text(name)).unwrap_or_default();
    let method = said.text("http.method").or_else(|| said.text("http.request.method"));
    let transaction = match (method, said.text("http.route"), said.text("socket.event")) {
        (Some(method), Some(route), _) => Some(format!("{method} {route}")),
        (_, _, Some(event)) => Some(event.to_owned()),
        _ => work.map(str::to_owned),
    };
    // Behind one route stands the whole schema.
    let transaction = match (transaction, said.text("graphql.field")) {
        (Some(transaction), Some(field)) => Some(format!("{transaction} {field}")),
        (transaction, field) => transaction.or_else(|| field.map(str::to_owned)),
    };
    // What happens at the same place, in the same way, is one issue, whatever its cause says.
    let place = said.text("panic.location").map_or_else(
        || format!("{}:{}", metadata.file().unwrap_or_default(), metadata.line().unwrap_or_default()),
        str::to_owned,
    );
    let fingerprint = [place, what.clone(), transaction.clone().unwrap_or_default()];
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut event = json!({
        "event_id": RequestId::generate().0.simple().to_string(),
        "timestamp": now.as_secs_f64(),
        "platform": "native",
        "level": if panicked { "fatal" } else { "error" },
        "logger": metadata.target(),
        "release": format!("rondo@{VERSION}"),
        "fingerprint": fingerprint,
        "message": {"formatted": message},
        "exception": {"values": [{"type": if panicked { "panic".to_owned() } else { what }, "value": cause}]},
    });
    if let Some(transaction) = transaction {
        event["transaction"] = transaction.into();
    }
    let tags = ["request.id", "trace.id", "http.route", "error.code", "socket.event", "graphql.field"];
    event["tags"] = tags.iter().filter_map(|tag| Some(((*tag).to_owned(), said.0.get(*tag)?.clone()))).collect();
    event["extra"] = said.0.into();
    event
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn reported(work: impl FnOnce()) -> Vec<Value> {
        let (chute, mut taken) = Chute::held(16);
        let layer = Errors(chute).with_filter(tracing_subscriber::filter::filter_fn(looks_at));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        std::iter::from_fn(move || taken.try_recv().ok()).collect()
    }

    #[test]
    fn an_error_is_reported_with_the_request_in_which_it_came() {
        let reports = reported(|| {
            let request = tracing::debug_span!("http.request", request.id = "r1", http.request.method = "GET");
            let handler = tracing::debug_span!(parent: &request, "http.sessions.get");
            handler.in_scope(|| tracing::error!(error.cause = "the disk is full", "it failed"));
        });
        let [report] = &reports[..] else { panic!("{reports:?}") };
        assert_eq!((&report["level"], &report["message"]["formatted"]), (&json!("error"), &json!("it failed")));
        assert_eq!(report["exception"]["values"][0]["value"], "the disk is full");
        assert_eq!(
            (&report["tags"]["request.id"], &report["transaction"]),
            (&json!("r1"), &json!("http.sessions.get"))
        );
        assert_eq!(report["release"], format!("rondo@{VERSION}"));
    }

    #[test]
    fn an_internal_fault_is_reported_and_a_warning_or_a_refusal_is_not() {
        let reports = reported(|| {
            tracing::warn!(http.method = "GET", http.route = "/a", error.code = "internal", "request");
            tracing::warn!(code = "internal", socket.event = "message:create", "socket event");
            tracing::warn!(error.code = "unavailable", "request");
            tracing::info!(error.code = "internal", "told already");
        });
        let transactions: Vec<_> = reports.iter().map(|report| report["transaction"].as_str().unwrap()).collect();
        assert_eq!(transactions, ["GET /a", "message:create"]);
    }

    #[test]
    fn failures_of_graphql_are_told_apart_by_their_field() {
        let reports = reported(|| {
            let request = tracing::debug_span!("http.request", http.request.method = "POST", http.route = "/graphql");
            let live = tracing::debug_span!("graphql.operation");
            for field in ["Query.me", "Query.sessions"] {
                request.in_scope(|| tracing::warn!(error.code = "internal", graphql.field = field, "a field failed"));
            }
            live.in_scope(|| tracing::warn!(error.code = "internal", graphql.field = "Query.me", "a field failed"));
        });
        let transactions: Vec<_> = reports.iter().map(|report| report["transaction"].as_str().unwrap()).collect();
        assert_eq!(
            transactions,
            ["POST /graphql Query.me", "POST /graphql Query.sessions", "graphql.operation Query.me"]
        );
        assert_ne!(reports[0]["fingerprint"], reports[1]["fingerprint"]);
        assert_eq!(reports[1]["tags"]["graphql.field"], "Query.sessions");
    }

    #[test]
    fn what_fails_within_a_trace_names_it() {
        struct Nowhere;
        impl rondo_trace::SpanSink for Nowhere {
            fn offer(&self, _: rondo_trace::FinishedSpan) {}
        }
        let (chute, mut taken) = Chute::held(16);
        let layer = Errors(chute).with_filter(tracing_subscriber::filter::filter_fn(looks_at));
        let every = rondo_trace::Sampler { parent_based: true, share: 1.0 };
        let recorder = rondo_trace::Recorder::start(every, std::sync::Arc::new(Nowhere));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(recorder).with(layer), || {
            tracing::debug_span!("http.request").in_scope(|| tracing::error!("it failed"));
        });
        let report = taken.try_recv().unwrap();
        assert_eq!(report["tags"]["trace.id"].as_str().map(str::len), Some(32), "{report}");
    }

    #[test]
    fn nothing_leaves_that_names_a_person_or_holds_what_they_wrote() {
        let reports = reported(|| {
            let request = tracing::debug_span!("request", client.address = "192.0.2.1", request.id = "r1");
            let _within = request.enter();
            tracing::error!(user.id = "secret", socket.id = "secret", content = "secret", url = "secret", "it failed");
            tracing::error!(panic.message = "no room", panic.thread = "rondo", "panicked");
        });
        let text = Value::from(reports.clone()).to_string();
        assert!(!text.contains("secret") && !text.contains("192.0.2.1"), "{text}");
        assert_eq!(
            (&reports[1]["level"], &reports[1]["exception"]["values"][0]["type"]),
            (&json!("fatal"), &json!("panic"))
        );
    }

    #[test]
    fn an_envelope_names_the_length_of_what_it_holds() {
        let text = envelope(&json!({"event_id": "a", "message": "ü\n"}), "staging");
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let [header, item, event] = lines[..] else { panic!("{text}") };
        let parsed = |text| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(parsed(header)["event_id"], "a");
        assert_eq!(parsed(item)["length"], event.len());
        assert_eq!(parsed(event)["environment"], "staging");
    }
}
