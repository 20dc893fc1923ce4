//! The layer that turns `tracing`'s spans into those of a trace.

use std::{
    num::{NonZeroU64, NonZeroU128},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};

use rondo_domain::trace::TraceContext;
use tracing::{
    Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::{
    ON, Sampler, draw,
    field::{Fields, Value},
};

/// What a span is to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Work within this server.
    #[default]
    Internal,
    /// It answers somebody.
    Server,
    /// It asks somebody, like a database.
    Client,
    /// It hands something over, for others to take.
    Producer,
    /// It takes what was handed over.
    Consumer,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "server" => Self::Server,
            "client" => Self::Client,
            "producer" => Self::Producer,
            "consumer" => Self::Consumer,
            _ => Self::Internal,
        }
    }
}

/// A span that came to its end.
#[derive(Clone, Debug)]
pub struct FinishedSpan {
    /// Where it stands.
    pub context: TraceContext,
    /// What it is a child of.
    pub parent: Option<NonZeroU64>,
    /// What it is called.
    pub name: String,
    /// What it is to others.
    pub kind: Kind,
    /// Whether it failed.
    pub failed: bool,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What is known of it.
    pub fields: Vec<(&'static str, Value)>,
}

/// Where finished spans go.
pub trait SpanSink: Send + Sync {
    /// Takes a span, or drops it when there is no room. Never waits.
    fn offer(&self, span: FinishedSpan);
}

/// A span that goes on.
pub(crate) struct Open {
    trace: NonZeroU128,
    span: NonZeroU64,
    parent: Option<NonZeroU64>,
    state: Option<Arc<str>>,
    sampled: bool,
    sampler: Sampler,
    began: (SystemTime, Instant),
    fields: Fields,
}

impl Open {
    /// Its context, if it is recorded.
    pub(crate) fn context(&self) -> Option<TraceContext> {
        let Self { trace, span, sampled, .. } = *self;
        sampled.then(|| TraceContext { trace, span, sampled, state: self.state.clone() })
    }

    /// Makes it the child of a span of another process.
    pub(crate) fn follow(&mut self, parent: &TraceContext) {
        self.trace = parent.trace;
        self.parent = Some(parent.span);
        self.state.clone_from(&parent.state);
        self.sampled = self.sampler.samples(parent.trace, Some(parent.sampled));
    }

    fn finish(self, name: &'static str) -> Option<FinishedSpan> {
        let context = self.context()?;
        let Fields { name: given, kind, failed, values } = self.fields;
        let (began, since) = self.began;
        Some(FinishedSpan {
            context,
            parent: self.parent,
            name: given.unwrap_or_else(|| name.to_owned()),
            kind,
            failed,
            began,
            took: since.elapsed(),
            fields: values,
        })
    }
}

/// A layer that hands every span that it sees, and that is to be recorded, to a sink.
pub struct Recorder {
    sampler: Sampler,
    sink: Arc<dyn SpanSink>,
}

impl Recorder {
    /// A recorder; from now on [`crate::is_on`].
    pub fn start(sampler: Sampler, sink: Arc<dyn SpanSink>) -> Self {
        ON.store(true, Ordering::Relaxed);
        Self { sampler, sink }
    }

    fn open(&self, parent: Option<&Open>) -> Open {
        let (trace, sampled) = if let Some(parent) = parent {
            (parent.trace, parent.sampled)
        } else {
            let trace = draw::trace();
            (trace, self.sampler.samples(trace, None))
        };
        Open {
            trace,
            span: draw::span(),
            parent: parent.map(|parent| parent.span),
            state: parent.and_then(|parent| parent.state.clone()),
            sampled,
            sampler: self.sampler,
            began: (SystemTime::now(), Instant::now()),
            fields: Fields::default(),
        }
    }
}

impl<S> Layer<S> for Recorder
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = match attributes.parent() {
            Some(parent) => context.span(parent),
            None if attributes.is_contextual() => context.lookup_current(),
            None => None,
        };
        let mut open = match &parent {
            Some(parent) => self.open(parent.extensions().get::<Open>()),
            None => self.open(None),
        };
        // One without a parent may yet be told of one elsewhere, which wants it recorded.
        if open.sampled || open.parent.is_none() {
            attributes.record(&mut open.fields);
        }
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
            && open.sampled
        {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(finished) = open.and_then(|open| open.finish(span.name())) {
            self.sink.offer(finished);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tracing::{debug_span, field::Empty};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::{context_of, current, follow};

    #[derive(Default)]
    struct Taken(Mutex<Vec<FinishedSpan>>);

    impl SpanSink for Taken {
        fn offer(&self, span: FinishedSpan) {
            self.0.lock().unwrap().push(span);
        }
    }

    fn recorded(sampler: Sampler, work: impl FnOnce()) -> Vec<FinishedSpan> {
        let taken = Arc::new(Taken::default());
        let recorder = Recorder::start(sampler, Arc::clone(&taken) as Arc<dyn SpanSink>);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(recorder), work);
        std::mem::take(&mut *taken.0.lock().unwrap())
    }

    const ALL: Sampler = Sampler { parent_based: true, share: 1.0 };
    const NONE: Sampler = Sampler { parent_based: true, share: 0.0 };

    fn sent(flags: &str) -> TraceContext {
        let context = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        TraceContext::parse(&context).unwrap().with_state("a=1")
    }

    #[test]
    fn what_is_done_within_a_span_is_its_child_and_of_its_trace() {
        let spans = recorded(ALL, || {
            let request = debug_span!("request", otel.kind = "server", otel.name = Empty, count = Empty);
            follow(&request, &sent("01"));
            request.in_scope(|| {
                let context = current().unwrap();
                let elsewhere = debug_span!(parent: None, "delivery", otel.kind = "consumer");
                follow(&elsewhere, &context);
                drop(debug_span!("work", yes = true, part = 0.5, text = %"x".repeat(300)));
            });
            request.record("otel.name", "GET /");
            request.record("count", 3);
            request.record("count", 4);
        });
        let [work, delivery, request] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((request.name.as_str(), request.kind), ("GET /", Kind::Server));
        assert_eq!(request.parent, Some(sent("01").span));
        assert_eq!(request.fields, [("count", Value::Whole(4))]);
        for child in [delivery, work] {
            assert_eq!(child.context.trace, sent("01").trace);
            assert_eq!(child.context.state.as_deref(), Some("a=1"));
            assert_eq!(child.parent, Some(request.context.span));
        }
        assert_eq!((delivery.name.as_str(), delivery.kind), ("delivery", Kind::Consumer));
        let text = Value::Text("x".repeat(256));
        assert_eq!(work.fields, [("yes", Value::Flag(true)), ("part", Value::Number(0.5)), ("text", text)]);
    }

    #[test]
    fn what_is_not_sampled_is_neither_recorded_nor_handed_on() {
        let spans = recorded(NONE, || {
            let request = debug_span!("request");
            request.in_scope(|| {
                assert_eq!(current(), None);
                drop(debug_span!("work"));
            });
            let wanted = debug_span!("request", here = 1);
            follow(&wanted, &sent("01"));
            assert!(context_of(&wanted).is_some());
        });
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].fields, [("here", Value::Whole(1))]);
        let unwanted = recorded(ALL, || follow(&debug_span!("request"), &sent("00")));
        assert!(unwanted.is_empty(), "{unwanted:?}");
    }

    #[test]
    fn without_a_recorder_there_is_no_context() {
        let span = debug_span!("request");
        follow(&span, &sent("01"));
        assert!(span.is_disabled() && context_of(&span).is_none());
    }
}
