//! What every handler stands on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use std::time::Duration;

use rondo_domain::{
    Clock,
    account::Accounts,
    invitation::Invitations,
    limits::{Allowance, Limits},
    lists::Lists,
    measure::NodeFigures,
    message::Messages,
    notification::Notifications,
    presence::Presences,
    session::{Members, Sessions},
    store::Store,
    vitals::Vitals,
};

use crate::{cache::Answers, operators::OperatorSettings};
pub use crate::{limits::TrustedProxies, origins::AllowedOrigins};

/// The services that all surfaces call.
#[derive(Clone)]
pub struct Services {
    /// Accounts.
    pub accounts: Arc<Accounts>,
    /// Sessions.
    pub sessions: Arc<Sessions>,
    /// Who is in them.
    pub members: Arc<Members>,
    /// Messages.
    pub messages: Arc<Messages>,
    /// Invitations.
    pub invitations: Arc<Invitations>,
    /// Notifications.
    pub notifications: Arc<Notifications>,
    /// Who is present.
    pub presences: Arc<Presences>,
    /// Lists of many sessions, and from their end.
    pub lists: Arc<Lists>,
    /// How often they may be called.
    pub limits: Arc<dyn Limits>,
    /// Answers that are kept for a moment.
    pub answers: Answers,
    /// The database, for its health alone.
    pub store: Arc<dyn Store>,
    /// What nodes share, for its health alone.
    pub vitals: Arc<dyn Vitals>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the parts below count, for the metrics alone.
    pub figures: NodeFigures,
}

/// What the HTTP port is told at start.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where to listen; port 0 lets the system choose.
    pub address: std::net::SocketAddr,
    /// Threads that serve HTTP, and as many for sockets.
    pub workers: usize,
    /// Whose pages may call from a browser.
    pub origins: AllowedOrigins,
    /// The proxies whose word on a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// How many events one connection may send; `None` for any number.
    pub socket_events: Option<Allowance>,
    /// Whether the documentation is served.
    pub docs: bool,
    /// Whether cookies are `Secure` with the `__Host-` prefix: everywhere but in development.
    pub secure_cookies: bool,
    /// How long somebody whose connection was lost is still present.
    pub presence_grace: Duration,
    /// How long the node serves on once it is not ready any more, for balancers to see it.
    pub drain_delay: Duration,
    /// Which release this is.
    pub version: &'static str,
    /// What those who run the server are given.
    pub operators: OperatorSettings,
}

/// Whether the server still takes new work; falls once, when it begins to stop.
#[derive(Debug, Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// From now on the server is not ready.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it began.
    #[must_use]
    pub fn began(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
