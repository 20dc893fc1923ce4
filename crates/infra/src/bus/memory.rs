//! The bus of a node that runs alone: what is published goes straight to the node's own sink.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use rondo_domain::bus::{Bus, Signal, SignalSink, Topic};

/// A bus within one process.
#[derive(Default)]
pub struct MemoryBus {
    sink: OnceLock<Arc<dyn SignalSink>>,
}

impl MemoryBus {
    /// A bus that nobody hears yet: what is published before [`MemoryBus::connect`] is dropped, as a hint may be.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets who hears; `false` when that was settled before, which changes nothing.
    pub fn connect(&self, sink: Arc<dyn SignalSink>) -> bool {
        self.sink.set(sink).is_ok()
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn publish(&self, signal: Signal) {
        if let Some(sink) = self.sink.get() {
            sink.offer(signal);
        }
    }

    async fn listen(&self, _: &[Topic]) {}

    fn leave(&self, _: Topic) {}

    fn is_local(&self) -> bool {
        true
    }
}
