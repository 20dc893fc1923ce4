//! How the parts that nodes share are, for whoever asks after a server's health.

/// Tells of the parts without which a server still serves. Answers at once, from what is known.
pub trait Vitals: Send + Sync {
    /// Whether what is shared between nodes can be asked for.
    fn cache_is_up(&self) -> bool;

    /// Whether other nodes are heard.
    fn bus_is_up(&self) -> bool;
}

/// The parts of a node that runs alone: they live as long as it does.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

impl Vitals for InProcess {
    fn cache_is_up(&self) -> bool {
        true
    }

    fn bus_is_up(&self) -> bool {
        true
    }
}
