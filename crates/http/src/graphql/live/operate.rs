//! Operations over a websocket: queries and mutations are run and answered; a subscription is given its seat in the hub,
//! told what it missed, and then hears what comes by itself.

use std::{sync::Arc, time::Instant};

use rondo_domain::{
    LoginId, SessionId,
    account::{Actor, LoginOrigin},
    event::Position,
    meter::metered,
    page::Limit,
    session::JoinSnapshot,
    trace::TraceContext,
};
use rondo_graphql::{Ask, Happening, Selection, Spoken, Unrunnable, Visit, Visitor, Wish, refusals};
use rondo_wire::{ErrorCode, Fault, Outcomes};
use serde::Deserialize;
use tracing::Instrument as _;

use super::{
    Live,
    link::Link,
    operation::{Hearing, Operation},
    outbox::Out,
    protocol::Close,
    turn::Turn,
};
use crate::{
    hub::{Announcement, Full, Listener, Outlet},
    trace,
};

/// Where a connection comes from, for operations that ask.
#[derive(Clone)]
pub(super) struct Whence {
    pub(super) origin: LoginOrigin,
    pub(super) address: std::net::IpAddr,
    /// The trace that the handshake was part of: so are its operations.
    pub(super) trace: Option<TraceContext>,
}

/// An operation and all that it stands on.
pub(super) struct Work {
    pub(super) live: Arc<Live>,
    pub(super) link: Arc<Link>,
    pub(super) operation: Arc<Operation>,
    pub(super) actor: Actor,
}

/// Stands for an operation that is being begun or answered.
struct Running<'a>(&'a Link);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.rests();
    }
}

impl Work {
    /// Runs an operation in its turn, and writes its line into the log.
    pub(super) async fn run(self, ask: Ask, whence: Whence, turn: Turn) {
        let link = Arc::clone(&self.link);
        let _running = Running(&link);
        let started = Instant::now();
        let request_id = self.operation.request.0.to_string();
        let visitor = Visitor {
            caller: Ok(self.actor),
            request_id: request_id.clone(),
            origin: whence.origin,
            address: whence.address,
            key: Ok(None),
        };
        let visit = Arc::new(Visit::new(&self.live.parts, visitor));
        let span = tracing::debug_span!(
            parent: None,
            "graphql.operation",
            otel.kind = "server",
            otel.status_code = tracing::field::Empty,
            error.type = tracing::field::Empty,
        );
        let span = trace::follow(span, whence.trace.as_ref());
        let spoken = metered(Box::pin(self.speak(&visit, ask, turn, &request_id))).instrument(span.clone());
        let (refused, queries) = spoken.await;
        if let Some(code) = refused {
            trace::note_error(&span, code);
        }
        let code = refused.map_or(Outcomes::OK, ErrorCode::as_str);
        let trace = trace::id(&span).map(tracing::field::display);
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        tracing::info!(
            name: "graphql.operation",
            code, user.id = %self.actor.user, link.id = self.link.seat, duration_ms, queries, request.id = request_id,
            trace.id = trace,
            "graphql operation"
        );
    }

    /// Runs an operation and hands over its answer; gives the code with which it was refused, if it was.
    async fn speak(&self, visit: &Arc<Visit>, ask: Ask, turn: Turn, request_id: &str) -> Option<ErrorCode> {
        let engine = &self.live.engine;
        let spoken = engine.understand(request_id, ask).await;
        turn.comes().await;
        let outcome = match spoken {
            Err(unrunnable) => Err(unrunnable),
            Ok(Spoken::Asks(selection)) => {
                let _until_done = if selection.is_mutation() {
                    Some(turn.among_mutations().await)
                } else {
                    drop(turn);
                    None
                };
                engine.reply(visit, &selection).await
            }
            Ok(Spoken::Subscribes(wish, selection)) => {
                return match self.subscribe(wish, selection, turn).await {
                    Ok(()) => None,
                    Err(Refused { fault, after }) => {
                        let code = fault.code;
                        self.fail(fault, after);
                        Some(code)
                    }
                };
            }
        };
        match outcome {
            Ok((body, failed)) => {
                if self.link.has_room(&self.operation).await {
                    self.link.push(Out::Answer(Arc::clone(&self.operation), body));
                } else if !self.operation.is_done() {
                    self.link.close(Close::LAGGED);
                }
                failed
            }
            Err(Unrunnable { errors, code }) => {
                self.link.push(Out::Failed(Arc::clone(&self.operation), errors));
                Some(code)
            }
        }
    }

    /// Ends the operation with an error.
    fn fail(&self, fault: Fault, after: Option<Position>) {
        self.operation.end();
        let errors = refusals(fault, &self.operation.request.0.to_string(), after);
        self.link.push(Out::Failed(Arc::clone(&self.operation), errors));
    }

    async fn subscribe(&self, wish: Wish, selection: Selection, turn: Turn) -> Result<(), Refused> {
        let Wish { stream, session, after } = wish;
        let _once = self.operation.hearing.set(Hearing { stream, session, selection });
        match session {
            None => {
                self.link.hear_personal(&self.operation);
                Ok(())
            }
            Some(session) => {
                let heard = self.hear_session(session, after, turn).await;
                // Whoever completed it meanwhile may have looked before the seat was there.
                if heard.is_err() || self.operation.is_done() {
                    self.detach(session).await;
                }
                heard
            }
        }
    }

    async fn detach(&self, session: SessionId) {
        let _stopping = self.live.hub.detach(session, self.operation.seat).await;
    }

    /// Subscribes first, then reads the log, then hands over; the hub holds back what comes meanwhile.
    async fn hear_session(&self, session: SessionId, after: Option<Position>, turn: Turn) -> Result<(), Refused> {
        let Self { live, link, operation, actor } = self;
        let seat = SeatOutlet { live: Arc::clone(live), link: Arc::clone(link), operation: Arc::clone(operation) };
        let listener = Listener { seat: operation.seat, user: actor.user, outlet: Arc::new(seat) };
        let stopping = |_| Fault::unavailable("the hub is stopping");
        live.hub.attach(session, listener).await.map_err(stopping)?;
        let snapshot = live.services.sessions.snapshot(actor, session, after).await?;
        drop(turn); // whatever is done from now on is heard
        if !snapshot.recovered {
            let detail = "What came after this position is not kept, or not yet there. Read the session afresh, and go on \
                          from its `lastPosition`.";
            return Err(Refused { fault: Fault::new(ErrorCode::NotRecovered, detail), after: Some(snapshot.position) });
        }
        self.replay(session, &snapshot).await?;
        if snapshot.ended {
            return Err(Fault::new(ErrorCode::NotFound, "The session was deleted.").into());
        }
        live.hub.go_live(session, operation.seat, snapshot.position).await.map_err(stopping)?;
        Ok(())
    }

    /// Tells what came since, up to the position where the snapshot stands.
    async fn replay(&self, session: SessionId, snapshot: &JoinSnapshot) -> Result<(), Refused> {
        let mut at = snapshot.position;
        for event in &snapshot.events {
            at = event.position;
            self.tell_again(event).await?;
        }
        let mut more = snapshot.more;
        while more && at < snapshot.position {
            let page = self.live.services.sessions.events(&self.actor, session, at, Limit::EVENTS_MAX).await?;
            if !page.recovered || page.items.is_empty() {
                return Err(lagged(at));
            }
            for event in page.items.iter().filter(|event| event.position <= snapshot.position) {
                at = event.position;
                self.tell_again(event).await?;
            }
            more = page.more;
        }
        Ok(())
    }

    /// Tells an event out of the log. It is made for this operation alone: others ask from other positions on.
    async fn tell_again(&self, event: &rondo_domain::event::RecordedEvent) -> Result<(), Refused> {
        let Some(hearing) = self.operation.hearing.get() else { return Ok(()) };
        if !hearing.stream.hears(event.kind.as_str()) {
            return Ok(());
        }
        let event = Arc::new(event.clone());
        let value = self.live.engine.render(&hearing.selection, Happening::Lasting(&event)).await;
        if !self.link.has_room(&self.operation).await {
            return Err(lagged(event.position - 1));
        }
        if let Some(value) = value {
            self.link.push(Out::Next(Arc::clone(&self.operation), value));
        }
        Ok(())
    }

    /// Tells why somebody hears a session no more, as a query would.
    async fn tell_why(self, session: SessionId) {
        let fault = match self.live.services.sessions.snapshot(&self.actor, session, None).await {
            Err(error) => error.into(),
            // They may again already: they subscribe again.
            Ok(_) => Fault::new(ErrorCode::Forbidden, "The session could not be heard for a moment."),
        };
        self.fail(fault, None);
    }
}

/// Why a subscription was refused or ended, and the position to go on from.
struct Refused {
    fault: Fault,
    after: Option<Position>,
}

impl<F: Into<Fault>> From<F> for Refused {
    fn from(fault: F) -> Self {
        Self { fault: fault.into(), after: None }
    }
}

/// A reader was too slow; `after` is the last position that it was told.
fn lagged(after: Position) -> Refused {
    let detail = "Too much came for how slowly it was read. Subscribe again, with `after`.";
    Refused { fault: Fault::new(ErrorCode::Unavailable, detail), after: Some(after) }
}

/// How the hub speaks to a subscription of a session.
struct SeatOutlet {
    live: Arc<Live>,
    link: Arc<Link>,
    operation: Arc<Operation>,
}

impl SeatOutlet {
    fn work(&self) -> Option<Work> {
        let Self { live, link, operation } = self;
        let actor = link.actor()?;
        Some(Work { live: Arc::clone(live), link: Arc::clone(link), operation: Arc::clone(operation), actor })
    }
}

impl Outlet for SeatOutlet {
    fn tell(&self, announcement: &Arc<Announcement>) -> Result<(), Full> {
        if !self.operation.is_open() {
            return Ok(());
        }
        if announcement.name() == Announcement::LAGGED {
            #[derive(Deserialize)]
            struct Missed {
                from: Position,
            }
            let missed: Result<Missed, _> = serde_json::from_str(announcement.payload().get());
            let Refused { fault, after } = lagged(missed.map_or(0, |Missed { from }| from - 1));
            if let Some(work) = self.work() {
                work.fail(fault, after);
            }
            return Ok(());
        }
        match self.operation.hearing.get() {
            Some(hearing) if hearing.stream.hears(announcement.name()) => self.link.tell(&self.operation, announcement),
            _ => Ok(()),
        }
    }

    fn login(&self) -> LoginId {
        // The hub asks those that it welcomed, not those that it seated.
        self.link.actor().map_or(LoginId(uuid::Uuid::nil()), |actor| actor.login)
    }

    fn ended(&self, session: SessionId) {
        if let Some(work) = self.work()
            && self.operation.end()
        {
            self.live.runtime.spawn(work.tell_why(session));
        }
    }

    fn login_ended(&self, login: LoginId) {
        end_login(&self.link, login);
    }

    fn cut(&self) {
        self.link.close(Close::LAGGED);
    }
}

/// How the hub speaks to the connection of a person.
pub(super) struct PersonalOutlet(pub(super) Arc<Link>);

impl Outlet for PersonalOutlet {
    fn tell(&self, announcement: &Arc<Announcement>) -> Result<(), Full> {
        let operations = self.0.personal(announcement.name());
        operations.iter().try_for_each(|operation| self.0.tell(operation, announcement))
    }

    fn login(&self) -> LoginId {
        self.0.actor().map_or(LoginId(uuid::Uuid::nil()), |actor| actor.login)
    }

    fn ended(&self, _: SessionId) {}

    fn login_ended(&self, login: LoginId) {
        end_login(&self.0, login);
    }

    fn cut(&self) {
        self.0.close(Close::LAGGED);
    }
}

fn end_login(link: &Link, login: LoginId) {
    if link.actor().is_some_and(|actor| actor.login == login) {
        link.close(Close::forbidden(ErrorCode::Unauthenticated.as_str()));
    }
}
