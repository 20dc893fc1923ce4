//! Who watches besides the log: what records traces, and what reports errors. Neither is there unless it is wanted.

use rondo_trace::Recorder;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::{FilterFn, LevelFilter},
    registry::LookupSpan,
};

use super::{
    LogError, otel,
    reports::Closing,
    sentry::{self, Errors},
};
use crate::config::TrackingSettings;

/// Who watches. Each sees what it needs, whatever the filter of the log's lines says.
#[derive(Default)]
pub(super) struct Watch {
    traces: Option<Recorder>,
    errors: Option<Errors>,
}

impl Watch {
    /// Starts what is wanted.
    pub(super) fn start(settings: &TrackingSettings) -> Result<(Self, Vec<Closing>), LogError> {
        let (mut watch, mut closings) = (Self::default(), Vec::new());
        if let Some(traces) = &settings.traces {
            let (recorder, closing) = otel::start(traces).map_err(|why| LogError::Reports("traces", why))?;
            watch.traces = Some(recorder);
            closings.push(closing);
        }
        if let Some(errors) = &settings.errors {
            let (errors, closing) = sentry::start(errors).map_err(|why| LogError::Reports("errors", why))?;
            watch.errors = Some(errors);
            closings.push(closing);
        }
        Ok((watch, closings))
    }

    pub(super) const fn is_none(&self) -> bool {
        self.traces.is_none() && self.errors.is_none()
    }

    pub(super) fn layers<S>(self) -> Vec<Box<dyn Layer<S> + Send + Sync>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut layers: Vec<Box<dyn Layer<S> + Send + Sync>> = Vec::new();
        if let Some(traces) = self.traces {
            layers.push(Box::new(traces.with_filter(only(is_traced))));
        }
        if let Some(errors) = self.errors {
            layers.push(Box::new(errors.with_filter(only(sentry::looks_at))));
        }
        layers
    }
}

/// Spans of this house, but for those of its health pages, which would be traces without a request.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target.starts_with("rondo") && !target.starts_with("rondo_http::rest::health");
    metadata.is_span() && *metadata.level() <= Level::DEBUG && is_ours
}

fn only(wanted: fn(&Metadata<'_>) -> bool) -> FilterFn<fn(&Metadata<'_>) -> bool> {
    FilterFn::new(wanted).with_max_level_hint(LevelFilter::DEBUG)
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        io,
        sync::{Arc, Mutex},
    };

    use rondo_trace::{FinishedSpan, Sampler, SpanSink};
    use tracing::dispatcher::with_default;

    use super::*;
    use crate::{
        config::{LogFormat, LogSettings},
        telemetry::subscriber,
    };

    #[derive(Default)]
    struct Taken(Mutex<Vec<FinishedSpan>>);

    impl SpanSink for Taken {
        fn offer(&self, span: FinishedSpan) {
            self.0.lock().unwrap().push(span);
        }
    }

    /// Makes a span; tells whether it was enabled, and whether its fields were so much as looked at.
    fn span_of(watch: Watch) -> (bool, bool) {
        let settings = LogSettings { format: LogFormat::Json, filter: "warn".to_owned() };
        let (dispatch, _level) = subscriber(&settings, watch, io::sink, false);
        let looked = Cell::new(false);
        let enabled = with_default(&dispatch, || {
            let look = || {
                looked.set(true);
                1
            };
            let span = tracing::debug_span!("request", field = look());
            !span.is_disabled()
        });
        (enabled, looked.get())
    }

    #[test]
    fn without_anybody_who_watches_spans_are_disabled_and_their_fields_never_looked_at() {
        assert_eq!(span_of(Watch::default()), (false, false));
    }

    #[test]
    fn traces_are_recorded_whatever_the_lines_of_the_log_leave_out() {
        let taken = Arc::new(Taken::default());
        let sampler = Sampler { parent_based: true, share: 1.0 };
        let recorder = Recorder::start(sampler, Arc::clone(&taken) as Arc<dyn SpanSink>);
        assert_eq!(span_of(Watch { traces: Some(recorder), errors: None }), (true, true));
        assert_eq!(taken.0.lock().unwrap().len(), 1);
    }
}
