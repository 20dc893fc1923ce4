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

/// Spans of this house.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::DEBUG && metadata.target().starts_with("rondo")
}

fn only(wanted: fn(&Metadata<'_>) -> bool) -> FilterFn<fn(&Metadata<'_>) -> bool> {
    FilterFn::new(wanted).with_max_level_hint(LevelFilter::DEBUG)
}
