//! The connection for commands: one for all callers, with a deadline on every call, made again when it breaks.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, IntoConnectionInfo as _, Pipeline, ProtocolVersion, RedisError,
    ScriptInvocation, aio::AsyncPushSender, aio::MultiplexedConnection, io::tcp::TcpSettings,
};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Backoff, Keys};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(2);
/// How often a connection is tried on which nothing is seen to fail.
const PING: Duration = Duration::from_secs(1);
/// How many calls wait for their turn to be written; further ones wait before they are queued, within their deadline.
const QUEUE: usize = 1_024;

/// Where Redis is, and how it is used.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`; it may hold a password.
    pub url: SecretString,
    /// What every key and channel begins with.
    pub prefix: String,
    /// How long a call may take.
    pub deadline: Duration,
}

impl RedisSettings {
    /// The usual deadline.
    pub const DEADLINE: Duration = Duration::from_millis(500);

    /// Settings with the usual deadline.
    #[must_use]
    pub fn new(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { url: url.into().into(), prefix: prefix.into(), deadline: Self::DEADLINE }
    }
}

/// Why Redis gave no answer.
#[derive(Debug, Error)]
pub enum RedisFault {
    /// The URL cannot be used.
    #[error("the URL of Redis cannot be used: {0}")]
    Url(#[source] RedisError),
    /// There is no connection at this moment. This is known at once.
    #[error("Redis is away")]
    Away,
    /// No answer came within the deadline. What was asked may still happen.
    #[error("Redis did not answer within {0:?}")]
    Late(Duration),
    /// The connection broke, or Redis refused what was asked.
    #[error("Redis failed: {0}")]
    Failed(#[from] RedisError),
}

/// The way to Redis. Clones share one connection.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    client: Client,
    keys: Keys,
    deadline: Duration,
    /// The connection, while there is one.
    line: watch::Sender<Option<MultiplexedConnection>>,
    /// Somebody saw a call fail: the connection is to be tried now.
    doubt: Notify,
}

impl Redis {
    /// Puts a task into `tasks` that connects, and connects again whenever the connection breaks. Does not wait for it:
    /// until it is made, and whenever it is gone, every call fails at once.
    ///
    /// # Errors
    /// [`RedisFault::Url`].
    pub fn start(settings: &RedisSettings, tasks: &mut JoinSet<()>) -> Result<Self, RedisFault> {
        let info = settings.url.expose_secret().into_connection_info().map_err(RedisFault::Url)?;
        // The third protocol lets what is heard arrive beside answers; every Redis that will do knows it.
        let protocol = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(protocol).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = Client::open(info).map_err(RedisFault::Url)?;
        let redis = Self(Arc::new(Shared {
            client,
            keys: Keys::new(&settings.prefix),
            deadline: settings.deadline,
            line: watch::Sender::new(None),
            doubt: Notify::new(),
        }));
        tasks.spawn(redis.clone().keep());
        Ok(redis)
    }

    /// The names of what is kept there.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// How long a call may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.0.deadline
    }

    /// Whether there is a connection, as far as is known.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.line.borrow().is_some()
    }

    /// Waits until there is a connection.
    pub async fn until_up(&self) {
        let waited = self.0.line.subscribe().wait_for(Option::is_some).await.map(drop);
        debug_assert!(waited.is_ok(), "the sender lives as long as `self`");
    }

    /// Runs one command.
    ///
    /// # Errors
    /// [`RedisFault`]; at once while Redis is known to be away.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFault> {
        let mut line = self.line()?;
        self.within(command.query_async(&mut line)).await
    }

    /// Runs several commands in one go.
    ///
    /// # Errors
    /// [`RedisFault`]; at once while Redis is known to be away.
    pub async fn run_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisFault> {
        let mut line = self.line()?;
        self.within(commands.query_async(&mut line)).await
    }

    /// Runs a script, which Redis is taught when it does not know it.
    ///
    /// # Errors
    /// [`RedisFault`]; at once while Redis is known to be away.
    pub async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, RedisFault> {
        let mut line = self.line()?;
        self.within(script.invoke_async(&mut line)).await
    }

    /// A connection of its own that hands what is published to `hear`; also [`redis::PushKind::Disconnection`].
    pub(crate) async fn listening(&self, hear: impl AsyncPushSender) -> Result<MultiplexedConnection, RedisFault> {
        self.dial(config().set_push_sender(hear)).await
    }

    fn line(&self) -> Result<MultiplexedConnection, RedisFault> {
        self.0.line.borrow().clone().ok_or(RedisFault::Away)
    }

    async fn within<T>(&self, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisFault> {
        let fault = match timeout(self.0.deadline, call).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) if !error.is_unrecoverable_error() => return Err(error.into()),
            Ok(Err(error)) => error.into(),
            Err(_elapsed) => RedisFault::Late(self.0.deadline),
        };
        self.0.doubt.notify_one();
        Err(fault)
    }

    async fn dial(&self, config: AsyncConnectionConfig) -> Result<MultiplexedConnection, RedisFault> {
        let dialled = async {
            let mut line = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
            redis::cmd("PING").query_async::<()>(&mut line).await?;
            Ok(line)
        };
        timeout(CONNECTING, dialled).await.map_err(|_| RedisFault::Late(CONNECTING))?
    }

    /// Keeps the connection. Runs without end.
    async fn keep(self) {
        let mut backoff = Backoff::new();
        let mut told = false;
        loop {
            match self.dial(config()).await {
                Ok(line) => {
                    if told {
                        tracing::info!("Redis is there");
                    }
                    backoff.reset();
                    self.0.line.send_replace(Some(line.clone()));
                    let fault = self.until_broken(line).await;
                    self.0.line.send_replace(None);
                    tracing::warn!(error.cause = %fault, "Redis is away: each node is on its own until it is back");
                    told = true;
                }
                Err(fault) if !told => {
                    tracing::warn!(error.cause = %fault, "Redis is away: each node is on its own until it is there");
                    told = true;
                }
                Err(fault) => tracing::debug!(error.cause = %fault, "Redis is still away"),
            }
            sleep(backoff.wait()).await;
        }
    }

    /// Tries the connection every second, and whenever it is in doubt.
    async fn until_broken(&self, mut line: MultiplexedConnection) -> RedisFault {
        let patience = self.0.deadline.max(PING);
        loop {
            tokio::select! {
                () = self.0.doubt.notified() => {}
                () = sleep(PING) => {}
            }
            match timeout(patience, redis::cmd("PING").query_async::<()>(&mut line)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.into(),
                Err(_elapsed) => return RedisFault::Late(patience),
            }
        }
    }
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(None) // each call has its deadline
        .set_pipeline_buffer_size(QUEUE)
}
