//! Which traces are recorded.

use std::num::NonZeroU128;

/// Decides which traces are recorded, by the names that OpenTelemetry has for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Whether who calls from elsewhere with a trace decides for it (`parentbased_…`).
    pub parent_based: bool,
    /// The share of the other traces that is recorded, from 0 to 1.
    pub share: f64,
}

impl Sampler {
    /// Whether a trace is recorded; `parent` says what was decided elsewhere.
    pub(crate) fn samples(self, trace: NonZeroU128, parent: Option<bool>) -> bool {
        match parent {
            Some(sampled) if self.parent_based => sampled,
            Some(_) | None => self.draws(trace),
        }
    }

    /// Every node decides alike: by the lower 56 bits of the trace's name, which are random wherever it was made.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of 2^56, which a double holds"
    )]
    fn draws(self, trace: NonZeroU128) -> bool {
        const ALL: u64 = 1 << 56;
        (trace.get() as u64) & (ALL - 1) < (self.share.clamp(0.0, 1.0) * ALL as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw;

    fn sampled(sampler: Sampler, parent: Option<bool>) -> usize {
        (0..10_000).filter(|_| sampler.samples(draw::trace(), parent)).count()
    }

    #[test]
    fn all_none_or_a_share_of_the_traces_is_recorded() {
        for (share, least, most) in [(1.0, 10_000, 10_000), (0.0, 0, 0), (0.25, 2_000, 3_000)] {
            let count = sampled(Sampler { parent_based: false, share }, None);
            assert!((least..=most).contains(&count), "{count} at {share}");
        }
    }

    #[test]
    fn who_calls_with_a_trace_decides_only_where_the_sampler_lets_them() {
        let trusting = Sampler { parent_based: true, share: 0.0 };
        assert_eq!((sampled(trusting, Some(true)), sampled(trusting, None)), (10_000, 0));
        let own = Sampler { parent_based: false, share: 0.0 };
        assert_eq!(sampled(own, Some(true)), 0);
        let all = Sampler { parent_based: true, share: 1.0 };
        assert_eq!(sampled(all, Some(false)), 0);
    }
}
