//! To which trace a piece of work belongs, as W3C Trace Context (<https://www.w3.org/TR/trace-context/>) writes it.
//!
//! Values alone: who traces, and where to, is the business of the parts outside.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
    sync::Arc,
};

/// How much of a `tracestate` is kept, in bytes.
const STATE: usize = 512;
/// How many members a `tracestate` may have.
const MEMBERS: usize = 32;
/// How long a `traceparent` of version 00 is.
const PARENT: usize = 55;

/// A place in a trace: what is done because of it is its child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: NonZeroU128,
    /// The span in it.
    pub span: NonZeroU64,
    /// Whether the trace is recorded.
    pub sampled: bool,
    /// What other systems keep beside it (`tracestate`); nothing here reads it.
    pub state: Option<Arc<str>>,
}

impl TraceContext {
    /// Reads a `traceparent`. Of a version that is not known here, what version 00 has of it. `None` when it is not well
    /// formed: then it counts as not sent.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let bytes = traceparent.as_bytes();
        let dashes = [2, 35, 52].iter().all(|&at| bytes.get(at) == Some(&b'-'));
        if !traceparent.is_ascii() || bytes.len() < PARENT || !dashes {
            return None;
        }
        let version = hex(&traceparent[..2])?;
        let whole = match version {
            0 => bytes.len() == PARENT,
            0xff => false,
            _ => bytes.len() == PARENT || bytes[PARENT] == b'-',
        };
        if !whole {
            return None;
        }
        let trace = NonZeroU128::new(hex(&traceparent[3..35])?)?;
        let span = NonZeroU64::new(u64::try_from(hex(&traceparent[36..52])?).ok()?)?;
        let sampled = hex(&traceparent[53..55])? & 1 == 1;
        Some(Self { trace, span, sampled, state: None })
    }

    /// With a `tracestate`; one that is not well formed counts as not sent.
    #[must_use]
    pub fn with_state(self, tracestate: &str) -> Self {
        let members = tracestate.split(',').map(|member| member.trim_matches([' ', '\t']));
        // One too many is enough to refuse it: its keys are compared with each other, and headers can be long.
        let members: Vec<_> = members.filter(|member| !member.is_empty()).take(MEMBERS + 1).collect();
        let keys: Option<Vec<_>> = members.iter().map(|member| key_of(member)).collect();
        let sound = keys.is_some_and(|keys| {
            let twice = keys.iter().enumerate().any(|(at, key)| keys[..at].contains(key));
            !keys.is_empty() && keys.len() <= MEMBERS && !twice
        });
        let state = members.join(",");
        let state = (sound && state.len() <= STATE).then(|| Arc::from(state));
        Self { state, ..self }
    }

    /// The trace's name as 32 digits.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        TraceId(self.trace)
    }
}

/// As a `traceparent` of version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// A trace's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(NonZeroU128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Lower-case digits alone, as the standard insists.
fn hex(digits: &str) -> Option<u128> {
    let lower = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    lower.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

/// The key of a member of a `tracestate`; `None` when the member is not well formed.
fn key_of(member: &str) -> Option<&str> {
    let (key, value) = member.split_once('=')?;
    let begins = key.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let in_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let in_value = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    let sound = begins
        && key.len() <= 256
        && key.bytes().all(in_key)
        && (1..=256).contains(&value.len())
        && value.bytes().all(in_value);
    sound.then_some(key)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_written_as_it_was_read() {
        let context = TraceContext::parse(SENT).unwrap();
        assert!(context.sampled);
        assert_eq!(context.to_string(), SENT);
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        let unsampled = TraceContext::parse(&SENT.replace("-01", "-00")).unwrap();
        assert!(!unsampled.sampled);
        // Other flags are not ours to know; only the first of them is read and handed on.
        assert_eq!(TraceContext::parse(&SENT.replace("-01", "-ff")).unwrap().to_string(), SENT);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = SENT.replacen("00", "cc", 1);
        for text in [later.clone(), format!("{later}-what-the-future-will-be-like")] {
            assert_eq!(TraceContext::parse(&text).unwrap().to_string(), SENT);
        }
        assert_eq!(TraceContext::parse(&format!("{later}.and")), None);
    }

    #[test]
    fn whatever_is_not_well_formed_counts_as_not_sent() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        for text in [
            String::new(),
            SENT[..54].to_owned(),
            format!("{SENT}-"),
            format!("{SENT}0"),
            format!(" {SENT}"),
            SENT.replacen("00", "ff", 1),
            SENT.replacen("00", "0g", 1),
            SENT.to_uppercase(),
            SENT.replace(trace, &"0".repeat(32)),
            SENT.replace(span, &"0".repeat(16)),
            SENT.replace('-', "_"),
            SENT.replace("b7", "+7"),
            SENT.replace("b7", "ü"),
        ] {
            assert_eq!(TraceContext::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn a_tracestate_is_kept_only_where_it_is_well_formed() {
        let kept = |state: &str| TraceContext::parse(SENT).unwrap().with_state(state).state;
        assert_eq!(kept("congo=t61rcWkgMzE").as_deref(), Some("congo=t61rcWkgMzE"));
        assert_eq!(kept(" a=1 ,, fw529a3039@dt=FfxuO/7 ").as_deref(), Some("a=1,fw529a3039@dt=FfxuO/7"));
        let many = (0..33).map(|key| format!("k{key}=1")).collect::<Vec<_>>().join(",");
        let long = format!("a={},b={}", "x".repeat(256), "y".repeat(256));
        for state in ["", " , ", "a", "=1", "a=", "A=1", "a=1,a=2", "a=1=2", "ü=1", "a=\u{7}", &many, &long] {
            assert_eq!(kept(state), None, "{state}");
        }
    }

    #[test]
    fn a_tracestate_as_long_as_headers_may_be_costs_no_more_than_a_short_one() {
        let longest = (0..16_000).map(|key| format!("{key:x}=1")).collect::<Vec<_>>().join(",");
        let context = TraceContext::parse(SENT).unwrap();
        let began = Instant::now();
        for _ in 0..4 {
            assert_eq!(context.clone().with_state(&longest).state, None);
        }
        // Each member compared with each other would be 512 million comparisons.
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
