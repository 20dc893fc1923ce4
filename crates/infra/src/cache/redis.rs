//! Answers in Redis: one hash per viewer, with a field per answer and one per lease on it. Redis' own clock tells ages.
//!
//! To forget a viewer is to delete the hash, leases and all: whoever began to make an answer before that finds no lease
//! to keep it under.

use std::{
    collections::HashSet,
    mem,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use redis::Script;
use rondo_domain::{
    cache::{Found, Lease, SharedAnswers},
    ids::{RequestId, UserId},
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::redis::{Redis, RedisFault};

/// The part of the keys.
const PART: &str = "answers";
/// How long an answer is waited for: whoever asks could as well ask the database.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a viewer's answers stay, in milliseconds; long after anybody would look at them.
const KEPT_MS: u64 = 10_000;
/// How many answers and leases a viewer may have; beyond that, all of them go.
const FIELDS: u64 = 64;
/// How many answers wait to be written; further ones are not kept.
const QUEUE: usize = 256;
/// The longest answer that is shared, in bytes.
const LONGEST: usize = 256 * 1_024;
/// How many viewers wait to be forgotten; further ones find what is kept of them too old by themselves.
const FORGOTTEN: usize = 100_000;
/// How many viewers are forgotten in one command.
const PORTION: usize = 512;
/// How long viewers who are to be forgotten are gathered. Each node has its own ways to know of them at once.
const GATHERING: Duration = Duration::from_millis(20);

/// `{body, age}` of a young answer, else a lease.
static FIND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000 + math.floor(time[2] / 1000)
         local kept = redis.call('HMGET', KEYS[1], 'at:' .. ARGV[1], 'is:' .. ARGV[1])
         if kept[1] and kept[2] then
             local age = now - tonumber(kept[1])
             if age >= 0 and age <= tonumber(ARGV[2]) then return {kept[2], age} end
         end
         if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then redis.call('UNLINK', KEYS[1]) end
         redis.call('HSET', KEYS[1], 'by:' .. ARGV[1], ARGV[3] .. ' ' .. string.format('%.0f', now))
         redis.call('PEXPIRE', KEYS[1], ARGV[4])
         return false",
    )
});

/// Keeps an answer under a lease that is still in force; its age counts from the lease.
static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local by = redis.call('HGET', KEYS[1], 'by:' .. ARGV[1])
         if not by then return 0 end
         local token, at = string.match(by, '^(%d+) (%d+)$')
         if token ~= ARGV[2] then return 0 end
         redis.call('HDEL', KEYS[1], 'by:' .. ARGV[1])
         redis.call('HSET', KEYS[1], 'at:' .. ARGV[1], at, 'is:' .. ARGV[1], ARGV[3])
         redis.call('PEXPIRE', KEYS[1], ARGV[4])
         return 1",
    )
});

/// Answers in Redis.
pub struct RedisAnswers {
    redis: Redis,
    keeping: mpsc::Sender<(Lease, Vec<u8>)>,
    forgetting: Arc<Forgetting>,
}

#[derive(Default)]
struct Forgetting {
    viewers: Mutex<HashSet<UserId>>,
    some: Notify,
}

impl RedisAnswers {
    /// Puts the tasks that write into `tasks`.
    #[must_use]
    pub fn start(redis: Redis, tasks: &mut JoinSet<()>) -> Self {
        let (keeping, kept) = mpsc::channel(QUEUE);
        let forgetting = Arc::new(Forgetting::default());
        tasks.spawn(keep(redis.clone(), kept));
        tasks.spawn(forget(redis.clone(), Arc::clone(&forgetting)));
        Self { redis, keeping, forgetting }
    }

    async fn ask(&self, viewer: UserId, name: &str, youth: Duration, token: u64) -> Result<Found, RedisFault> {
        let mut script = FIND.key(self.redis.keys().of(PART, viewer));
        let youth = u64::try_from(youth.as_millis()).unwrap_or(KEPT_MS);
        script.arg(name).arg(youth).arg(token).arg(KEPT_MS).arg(FIELDS);
        let found: Option<(Vec<u8>, u64)> = self.redis.script(&script).await?;
        Ok(match found {
            Some((body, age)) => Found::Here { body, age: Duration::from_millis(age) },
            None => Found::Missing(Lease { viewer, name: name.to_owned(), token }),
        })
    }
}

#[async_trait]
impl SharedAnswers for RedisAnswers {
    async fn find(&self, viewer: UserId, name: &str, youth: Duration) -> Found {
        match timeout(PATIENCE, self.ask(viewer, name, youth, fresh_token())).await {
            Ok(Ok(found)) => found,
            Ok(Err(RedisFault::Away)) | Err(_) => Found::Away,
            Ok(Err(fault)) => {
                tracing::debug!(error.cause = %fault, "a shared answer could not be looked for");
                Found::Away
            }
        }
    }

    fn keep(&self, lease: Lease, body: &[u8]) {
        if body.len() <= LONGEST {
            drop(self.keeping.try_send((lease, body.to_vec()))); // with a full queue it is not shared
        }
    }

    fn forget(&self, viewers: &[UserId]) {
        let mut waiting = self.forgetting.viewers.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() + viewers.len() <= FORGOTTEN {
            waiting.extend(viewers);
            drop(waiting);
            self.forgetting.some.notify_one();
        }
    }
}

async fn keep(redis: Redis, mut kept: mpsc::Receiver<(Lease, Vec<u8>)>) {
    while let Some((lease, body)) = kept.recv().await {
        let mut script = KEEP.key(redis.keys().of(PART, lease.viewer));
        script.arg(lease.name).arg(lease.token).arg(body).arg(KEPT_MS);
        if let Err(fault) = redis.script::<u8>(&script).await {
            tracing::debug!(error.cause = %fault, "an answer could not be shared");
        }
    }
    std::future::pending::<()>().await; // whoever watches over the tasks takes the end of one for a fault
}

async fn forget(redis: Redis, forgetting: Arc<Forgetting>) {
    loop {
        forgetting.some.notified().await;
        sleep(GATHERING).await;
        let viewers = mem::take(&mut *forgetting.viewers.lock().unwrap_or_else(PoisonError::into_inner));
        let viewers: Vec<_> = viewers.into_iter().collect();
        for portion in viewers.chunks(PORTION) {
            let mut command = redis::cmd("UNLINK");
            for viewer in portion {
                command.arg(redis.keys().of(PART, viewer));
            }
            if let Err(fault) = redis.run::<u64>(&command).await {
                tracing::debug!(error.cause = %fault, "shared answers could not be forgotten; they age by themselves");
                break;
            }
        }
    }
}

/// The random end of an identifier.
fn fresh_token() -> u64 {
    RequestId::generate().0.as_u64_pair().1
}
