//! Counts that all nodes share, one number per key. While Redis is away each node counts by itself.

use std::{sync::Arc, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use redis::Script;
use rondo_domain::{
    Clock,
    limits::{Allowance, Allowances, Key, Limits, Rule, Verdict, nanoseconds},
};

use super::MemoryLimits;
use crate::redis::{Redis, RedisFault};

/// The part of the keys.
const PART: &str = "limit";
/// How long a count stays after all of it has grown back, in milliseconds: nodes' clocks are not quite the same.
const AFTERWARDS_MS: u64 = 60_000;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// The step of [`Allowance::step`]. A moment is kept as seconds and nanoseconds, since a number here is exact only up to
/// 2^53; what lies between two moments is well below that. Answers how far ahead the count was before.
///
/// Keys: count. Arguments: seconds and nanoseconds of now, interval, limit, how long to keep it afterwards.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local seconds, nanos = tonumber(ARGV[1]), tonumber(ARGV[2])
         local interval, depth, ahead = tonumber(ARGV[3]), ARGV[3] * ARGV[4], 0
         local due = redis.call('GET', KEYS[1])
         if due then
             local colon = string.find(due, ':', 1, true)
             ahead = (string.sub(due, 1, colon - 1) - seconds) * 1e9 + (string.sub(due, colon + 1) - nanos)
             ahead = math.max(0, math.min(ahead, depth))
         end
         local after = ahead + interval
         if after <= depth then
             local total = nanos + after
             local whole = math.floor(total / 1e9)
             due = string.format('%d:%d', seconds + whole, total - whole * 1e9)
             redis.call('SET', KEYS[1], due, 'PX', math.ceil(after / 1e6) + ARGV[5])
         end
         return ahead",
    )
});

/// Counts kept in Redis; those of the door, which every request passes, are the node's own.
pub struct RedisLimits {
    redis: Redis,
    allowances: Allowances,
    own: MemoryLimits,
    clock: Arc<dyn Clock>,
}

impl RedisLimits {
    /// Rules without an allowance are not kept.
    #[must_use]
    pub fn new(redis: Redis, allowances: &Allowances, clock: Arc<dyn Clock>) -> Self {
        let own = MemoryLimits::new(allowances, Arc::clone(&clock));
        Self { redis, allowances: *allowances, own, clock }
    }

    async fn take_shared(&self, rule: Rule, allowance: Allowance, key: Key<'_>) -> Result<Verdict, RedisFault> {
        let now = self.clock.now();
        let moment = nanoseconds(now);
        let mut call = TAKE.key(self.redis.keys().of(PART, format_args!("{}:{}", rule.name(), Counted(key))));
        call.arg(moment / SECOND).arg(moment % SECOND);
        call.arg(allowance.interval()).arg(allowance.limit()).arg(AFTERWARDS_MS);
        let ahead: u64 = self.redis.script(&call).await?;
        let mut due = moment.saturating_add(ahead);
        Ok(allowance.take(rule, &mut due, now))
    }
}

#[async_trait]
impl Limits for RedisLimits {
    fn keeps(&self, rule: Rule) -> bool {
        self.own.keeps(rule)
    }

    async fn take(&self, rule: Rule, key: Key<'_>) -> Verdict {
        let Some(allowance) = self.allowances.of(rule) else { return Ok(None) };
        if rule == Rule::Door || allowance.window() > LONGEST || !self.redis.is_up() {
            return self.own.take(rule, key).await;
        }
        match self.take_shared(rule, allowance, key).await {
            Ok(verdict) => verdict,
            Err(_away) => self.own.take(rule, key).await,
        }
    }
}

/// The longest window in which the arithmetic of the script is exact; no setting allows for a longer one.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// Who is counted, as it stands in a key: nobody's e-mail is written down.
struct Counted<'a>(Key<'a>);

impl std::fmt::Display for Counted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Key::Address(address) => write!(f, "{address}"),
            Key::Account(user) => write!(f, "{user}"),
            Key::Email(email) => {
                let digest = digest(&SHA256, email.as_bytes());
                digest.as_ref().iter().take(16).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}
