//! Who asks, and what is left behind besides the answer.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::Context;
use rondo_domain::{
    Invalid,
    account::{Accounts, Actor, Grant, LoginOrigin},
    idempotency::{IdempotencyKey, Onces},
    invitation::Invitations,
    limits::{Key, Limits, Quota, Refused, Rule, Subject},
    lists::Lists,
    message::Messages,
    notification::Notifications,
    presence::Presences,
    session::{Members, Sessions},
};
use rondo_wire::Fault;

use crate::{fault::Outcome, loader::Loaders};

/// The services that the schema calls.
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
    /// Which requests were done before.
    pub onces: Arc<Onces>,
}

/// Who asks, as the surface knows them.
pub struct Visitor {
    /// The person, or why it is nobody.
    pub caller: Result<Actor, Fault>,
    /// The request's name in the log.
    pub request_id: String,
    /// Where a login would come from.
    pub origin: LoginOrigin,
    /// Whom limits by address count.
    pub address: IpAddr,
    /// The client's name for the request.
    pub key: Result<Option<IdempotencyKey>, Invalid>,
}

/// One request, with all that its fields share.
pub struct Visit {
    pub(crate) services: Arc<Services>,
    pub(crate) loaders: Loaders,
    visitor: Visitor,
    quotas: Mutex<Vec<Quota>>,
    grant: Mutex<Option<Grant>>,
    replayed: AtomicBool,
}

/// What a request leaves behind besides its answer.
#[derive(Default)]
pub struct Effects {
    /// What is left of the limits that it took from.
    pub quotas: Vec<Quota>,
    /// The login that it made.
    pub grant: Option<Grant>,
    /// Whether it was answered as it was the first time.
    pub replayed: bool,
}

impl Visit {
    /// A request to these services.
    #[must_use]
    pub fn new(services: &Arc<Services>, visitor: Visitor) -> Self {
        Self {
            services: Arc::clone(services),
            loaders: Loaders::default(),
            visitor,
            quotas: Mutex::default(),
            grant: Mutex::default(),
            replayed: AtomicBool::new(false),
        }
    }

    /// The request of a field.
    pub(crate) fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// The signed-in person.
    pub(crate) fn actor(&self) -> Outcome<Actor> {
        Ok(self.visitor.caller.clone()?)
    }

    /// The signed-in person, at the cost of one from what `rule` allows them.
    pub(crate) async fn actor_under(&self, rule: Rule) -> Outcome<Actor> {
        let actor = self.actor()?;
        self.take(rule, Key::Account(actor.user)).await?;
        Ok(actor)
    }

    /// Takes one from what a rule by address allows.
    pub(crate) async fn take_by_address(&self, rule: Rule) -> Result<(), Refused> {
        debug_assert_eq!(rule.subject(), Subject::Address);
        self.take(rule, Key::address(self.visitor.address)).await
    }

    /// Takes one from what `rule` allows to `key`.
    pub(crate) async fn take(&self, rule: Rule, key: Key<'_>) -> Result<(), Refused> {
        if !self.services.limits.keeps(rule) {
            return Ok(());
        }
        let verdict = self.services.limits.take(rule, key).await;
        let (Ok(Some(quota)) | Err(Refused(quota))) = verdict else { return Ok(()) };
        held(&self.quotas).push(quota);
        verdict.map(|_| ())
    }

    pub(crate) fn origin(&self) -> LoginOrigin {
        self.visitor.origin.clone()
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.visitor.request_id
    }

    /// The client's name for the request.
    ///
    /// # Errors
    /// On `Idempotency-Key` when it is none.
    pub(crate) fn key(&self) -> Result<Option<&IdempotencyKey>, Invalid> {
        self.visitor.key.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// Keeps a login for whoever sends the answer.
    pub(crate) fn keep(&self, grant: Grant) {
        *held(&self.grant) = Some(grant);
    }

    pub(crate) fn note_replay(&self) {
        self.replayed.store(true, Ordering::Relaxed);
    }

    /// What the request left behind.
    #[must_use]
    pub fn effects(&self) -> Effects {
        Effects {
            quotas: std::mem::take(&mut *held(&self.quotas)),
            grant: held(&self.grant).take(),
            replayed: self.replayed.load(Ordering::Relaxed),
        }
    }
}

/// Nothing under the locks can panic half-way.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
