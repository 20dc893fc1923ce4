//! Traces for a collector: OTLP over HTTP, as JSON (<https://opentelemetry.io/docs/specs/otlp/>).

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rondo_domain::ids::RequestId;
use rondo_trace::{FinishedSpan, Kind, Recorder, SpanSink, Value};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::reports::{self, Bounds, Chute, Closing, Courier};
use crate::{VERSION, config::TraceSettings};

/// The spans that wait take a few megabytes at most: each holds some fields of 256 bytes at most.
const BOUNDS: Bounds = Bounds { what: "traces", room: 4_096, together: 512, gathering: Duration::from_secs(1) };

struct Spans(Chute<FinishedSpan>);

impl SpanSink for Spans {
    fn offer(&self, span: FinishedSpan) {
        self.0.put(span);
    }
}

/// Starts what records traces and sends them.
///
/// # Errors
/// Why they cannot be sent.
pub(super) fn start(settings: &TraceSettings) -> Result<(Recorder, Closing), String> {
    let courier = Courier::new(settings.target.clone(), "application/json", &settings.headers)?;
    let resource = Resource::of(settings);
    let pack = move |spans: &[FinishedSpan]| pack(&resource, spans);
    let (chute, closing) = reports::start(BOUNDS, courier, pack).map_err(|error| error.to_string())?;
    Ok((Recorder::start(settings.sampler, Arc::new(Spans(chute))), closing))
}

/// What is known of this server.
#[derive(Serialize)]
struct Resource {
    attributes: Vec<Attribute<'static>>,
}

impl Resource {
    fn of(settings: &TraceSettings) -> Self {
        let text = |key, value: &str| Attribute { key, value: Any(Cow::Owned(Value::Text(value.to_owned()))) };
        let instance = RequestId::generate().0.to_string();
        Self {
            attributes: vec![
                text("service.name", &settings.service),
                text("service.version", VERSION),
                text("service.instance.id", &instance),
                text("deployment.environment.name", &settings.environment),
            ],
        }
    }
}

/// A request of the protocol, `ExportTraceServiceRequest`.
fn pack(resource: &Resource, spans: &[FinishedSpan]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        resource_spans: [ResourceSpans<'a>; 1],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct ResourceSpans<'a> {
        resource: &'a Resource,
        scope_spans: [ScopeSpans<'a>; 1],
    }
    #[derive(Serialize)]
    struct ScopeSpans<'a> {
        scope: Scope,
        spans: Vec<Written<'a>>,
    }
    #[derive(Serialize)]
    struct Scope {
        name: &'static str,
        version: &'static str,
    }
    let scope = Scope { name: "rondo", version: VERSION };
    let scope_spans = [ScopeSpans { scope, spans: spans.iter().map(Written::of).collect() }];
    let request = Request { resource_spans: [ResourceSpans { resource, scope_spans }] };
    serde_json::to_vec(&request).unwrap_or_default() // texts, numbers and lists alone
}

/// A span as the protocol has it: names in hexadecimal, times in nanoseconds as text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    flags: u32,
    name: &'a str,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute<'a>>,
    status: Status,
}

#[derive(Serialize)]
struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
}

impl<'a> Written<'a> {
    fn of(span: &'a FinishedSpan) -> Self {
        let kind = match span.kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
            Kind::Producer => 4,
            Kind::Consumer => 5,
        };
        let began = span.began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            trace_id: span.context.trace_id().to_string(),
            span_id: format!("{:016x}", span.context.span),
            trace_state: span.context.state.as_deref(),
            parent_span_id: span.parent.map(|parent| format!("{parent:016x}")),
            flags: 1, // it is sampled, or it would not be here
            name: &span.name,
            kind,
            start_time_unix_nano: began.as_nanos().to_string(),
            end_time_unix_nano: (began + span.took).as_nanos().to_string(),
            attributes: span
                .fields
                .iter()
                .map(|(key, value)| Attribute { key, value: Any(Cow::Borrowed(value)) })
                .collect(),
            status: Status { code: span.failed.then_some(2) },
        }
    }
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'static str,
    value: Any<'a>,
}

/// A value under the name of its kind.
struct Any<'a>(Cow<'a, Value>);

impl Serialize for Any<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match &*self.0 {
            Value::Text(text) => map.serialize_entry("stringValue", text)?,
            Value::Whole(number) => map.serialize_entry("intValue", &number.to_string())?,
            Value::Number(number) => map.serialize_entry("doubleValue", number)?,
            Value::Flag(flag) => map.serialize_entry("boolValue", flag)?,
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use rondo_domain::trace::TraceContext;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_span_is_written_as_the_protocol_has_it() {
        let context = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01").unwrap();
        let fields = vec![
            ("text", Value::Text("ü".to_owned())),
            ("whole", Value::Whole(201)),
            ("part", Value::Number(0.5)),
            ("yes", Value::Flag(true)),
        ];
        let child = FinishedSpan {
            parent: Some(context.span),
            context: context.clone().with_state("a=1"),
            name: "commit".to_owned(),
            kind: Kind::Client,
            failed: true,
            began: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001),
            took: Duration::from_micros(2),
            fields,
        };
        let root = FinishedSpan { parent: None, context, failed: false, fields: Vec::new(), ..child.clone() };
        let name = Attribute { key: "service.name", value: Any(Cow::Owned(Value::Text("rondo".to_owned()))) };
        let packed = pack(&Resource { attributes: vec![name] }, &[child, root]);

        let packed: serde_json::Value = serde_json::from_slice(&packed).unwrap();
        let of_resource = &packed["resourceSpans"][0];
        assert_eq!(
            of_resource["resource"],
            json!({"attributes": [{"key": "service.name", "value": {"stringValue": "rondo"}}]})
        );
        let spans = &of_resource["scopeSpans"][0]["spans"];
        assert_eq!(
            spans[0],
            json!({
                "traceId": "0af7651916cd43dd8448eb211c80319c",
                "spanId": "00f067aa0ba902b7",
                "traceState": "a=1",
                "parentSpanId": "00f067aa0ba902b7",
                "flags": 1,
                "name": "commit",
                "kind": 3,
                "startTimeUnixNano": "1700000000000000001",
                "endTimeUnixNano": "1700000000000002001",
                "attributes": [
                    {"key": "text", "value": {"stringValue": "ü"}},
                    {"key": "whole", "value": {"intValue": "201"}},
                    {"key": "part", "value": {"doubleValue": 0.5}},
                    {"key": "yes", "value": {"boolValue": true}},
                ],
                "status": {"code": 2},
            })
        );
        assert!(spans[1].get("parentSpanId").is_none() && spans[1].get("traceState").is_none());
        assert_eq!(spans[1]["status"], json!({}));
    }
}
