//! The task of one connection: it reads what the client says, answers what is of the conversation itself, and keeps the
//! time.

use std::{pin::pin, sync::Arc, time::Duration};

use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError, Session};
use bytestring::ByteString;
use rondo_domain::ids::RequestId;
use rondo_graphql::refusals;
use rondo_wire::{ErrorCode, Fault};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{
    Live,
    link::{Begun, Link, MAX_OPERATIONS, PATIENCE},
    operate::{PersonalOutlet, Whence, Work},
    protocol::{self, ACK, Close, Message, PING, PONG},
    turn::Order,
};
use crate::gateway::{
    bucket::{Bucket, Passage},
    drain::EVENTS,
};

/// How long a client may take to say who it is.
pub(crate) const INIT: Duration = Duration::from_secs(5);
/// After how long a silence a client is asked whether it is there, and how long it may take to answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(25);
pub(crate) const ANSWER: Duration = Duration::from_secs(20);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// One connection's side of the conversation.
pub(super) struct Talk {
    pub(super) live: Arc<Live>,
    pub(super) link: Arc<Link>,
    pub(super) session: Session,
    pub(super) stream: AggregatedMessageStream,
    pub(super) whence: Whence,
    pub(super) bucket: Option<Bucket>,
    pub(super) order: Order,
}

/// The stream below is gone, or does not take anything: there is nothing more to say.
struct Gone;

/// What is next.
enum Step {
    Heard(Option<Result<AggregatedMessage, ProtocolError>>),
    Arrived,
    Due,
}

impl Talk {
    /// Talks until either side has enough.
    pub(super) async fn run(mut self) {
        let close = self.converse().await;
        self.live.leave(&self.link).await;
        if let Ok(close) = close {
            self.link.say_goodbye();
            let _in_vain = timeout(GOODBYE, self.session.close(Some(close.into()))).await;
            let until_gone = async {
                while let Some(Ok(_)) = self.stream.recv().await {}
                self.link.severed().await;
            };
            let _slow = timeout(GOODBYE, until_gone).await;
        }
        self.link.sever();
    }

    async fn converse(&mut self) -> Result<Close, Gone> {
        let mut due = Instant::now() + INIT;
        let mut asked = false;
        let mut timer = pin!(sleep_until(due));
        loop {
            if let Some(close) = self.link.closing() {
                if close == Close::RESTART {
                    self.finish_operations().await;
                }
                return Ok(close);
            }
            let step = tokio::select! {
                () = self.link.arrived() => Step::Arrived,
                heard = self.stream.recv() => Step::Heard(heard),
                () = &mut timer => Step::Due,
            };
            match step {
                Step::Arrived => {}
                Step::Heard(heard) => {
                    let knew = self.link.actor().is_some();
                    if let Some(close) = self.hear(heard).await? {
                        return Ok(close);
                    }
                    asked = false;
                    if self.link.actor().is_some() {
                        due = Instant::now() + SILENCE;
                        if !knew {
                            timer.as_mut().reset(due);
                        }
                    }
                }
                // The timer is not set anew with each message, but looked at when it rings.
                Step::Due if Instant::now() < due => timer.as_mut().reset(due),
                Step::Due if self.link.actor().is_none() => return Ok(Close::INIT_TIMEOUT),
                Step::Due if asked => return Err(Gone),
                Step::Due => {
                    self.say(PING).await?;
                    asked = true;
                    due = Instant::now() + ANSWER;
                    timer.as_mut().reset(due);
                }
            }
        }
    }

    /// Hears what came; gives why the connection is to be closed, if it is.
    async fn hear(&mut self, heard: Option<Result<AggregatedMessage, ProtocolError>>) -> Result<Option<Close>, Gone> {
        match heard {
            None => Err(Gone),
            Some(Err(ProtocolError::Overflow)) => Ok(Some(Close::TOO_LARGE)),
            Some(Err(ProtocolError::Io(error))) if error.kind() != std::io::ErrorKind::InvalidData => Err(Gone),
            Some(Err(_)) => Ok(Some(Close::bad("The message cannot be read"))),
            Some(Ok(AggregatedMessage::Text(text))) => self.understand(&text).await,
            Some(Ok(AggregatedMessage::Binary(_))) => Ok(Some(Close::bad("Messages are text"))),
            Some(Ok(AggregatedMessage::Ping(payload))) => {
                self.session.pong(&payload).await.map_err(|_| Gone)?;
                Ok(None)
            }
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(None),
            Some(Ok(AggregatedMessage::Close(_))) => Ok(Some(Close::NORMAL)),
        }
    }

    async fn understand(&mut self, text: &str) -> Result<Option<Close>, Gone> {
        let passage = self.bucket.as_ref().map_or(Passage::Granted, Bucket::take);
        if passage == Passage::Flood {
            return Ok(Some(Close::FLOOD));
        }
        match Message::read(text) {
            Err(why) => Ok(Some(Close::bad(why))),
            Ok(Message::Init { .. }) if self.link.actor().is_some() => Ok(Some(Close::SECOND_INIT)),
            Ok(Message::Init { token }) => self.let_in(token).await,
            Ok(Message::Ping) => self.say(PONG).await.map(|()| None),
            Ok(Message::Pong) => Ok(None),
            Ok(Message::Complete { id }) => {
                if let Some(operation) = self.link.complete(&id) {
                    self.live.unseat(&operation).await;
                }
                Ok(None)
            }
            Ok(Message::Subscribe { id, ask }) => {
                let Some(actor) = self.link.actor() else { return Ok(Some(Close::UNAUTHORIZED)) };
                let operation = match self.link.begin(&id, self.live.hub.next_seat()) {
                    Begun::Taken(operation) => operation,
                    Begun::Duplicate => return Ok(Some(Close::duplicate(&id))),
                    Begun::TooMany => {
                        let detail = format!("This connection has {MAX_OPERATIONS} operations under way already.");
                        return self.refuse(&id, Fault::new(ErrorCode::Conflict, detail)).await;
                    }
                };
                let refusal = match passage {
                    Passage::Refused(wait) => {
                        let fault = Fault::new(ErrorCode::RateLimited, "Too many operations on this connection.");
                        Some(Fault { retry_after: Some(wait), ..fault })
                    }
                    Passage::Granted | Passage::Flood => {
                        self.live.services.accounts.still_signed_in(&actor).await.err().map(Fault::from)
                    }
                };
                if let Some(fault) = refusal {
                    self.link.rests();
                    self.link.finished(&operation);
                    return match fault.code {
                        ErrorCode::TokenExpired | ErrorCode::Unauthenticated => {
                            Ok(Some(Close::forbidden(fault.code.as_str())))
                        }
                        _ => self.refuse(&id, fault).await,
                    };
                }
                let (live, link) = (Arc::clone(&self.live), Arc::clone(&self.link));
                let work = Work { live, link, operation, actor };
                // Where the database's connections live; a client that goes away leaves it to its end.
                let turn = self.order.next();
                self.live.runtime.spawn(work.run(*ask, self.whence.clone(), turn));
                Ok(None)
            }
        }
    }

    /// Refuses an operation that was not even begun; what the client is told names a line of the log.
    async fn refuse(&mut self, id: &str, fault: Fault) -> Result<Option<Close>, Gone> {
        let id = serde_json::to_string(id).unwrap_or_default();
        let request_id = RequestId::generate().0.to_string();
        tracing::info!(
            name: "graphql.operation",
            code = fault.code.as_str(),
            user.id = self.link.actor().map(|actor| tracing::field::display(actor.user)),
            link.id = self.link.seat,
            request.id = request_id,
            "graphql operation"
        );
        let mut text = Vec::new();
        protocol::error(&mut text, &id, &refusals(fault, &request_id, None));
        self.say(ByteString::try_from(text).unwrap_or_default()).await.map(|()| None) // JSON is UTF-8
    }

    /// Lets somebody in whose token is good.
    async fn let_in(&mut self, token: Option<String>) -> Result<Option<Close>, Gone> {
        let Some(token) = token else { return Ok(Some(Close::forbidden(ErrorCode::Unauthenticated.as_str()))) };
        let accounts = &self.live.services.accounts;
        let actor = match accounts.authenticate(&token).await.map_err(Fault::from) {
            Ok(actor) => actor,
            Err(fault) => {
                tracing::info!(error.code = fault.code.as_str(), error.cause = fault.cause, "websocket refused");
                return Ok(Some(closing_with(fault.code)));
            }
        };
        self.link.admit(actor);
        self.live.hub.welcome(actor.user, self.link.seat, Arc::new(PersonalOutlet(Arc::clone(&self.link))));
        // Its login may have been cut before it was known here whose connection this is: nobody else tells it.
        if let Err(fault) = accounts.still_signed_in(&actor).await.map_err(Fault::from)
            && fault.code != ErrorCode::Unavailable
        {
            return Ok(Some(closing_with(fault.code)));
        }
        tracing::debug!(link.id = self.link.seat, user.id = %actor.user, "websocket connected");
        self.say(ACK).await.map(|()| None)
    }

    /// Sends a message, as soon as the reader takes it; not to one that takes nothing for long, or is to be let go.
    async fn say(&mut self, frame: ByteString) -> Result<(), Gone> {
        let link = Arc::clone(&self.link);
        let mut sent = pin!(timeout(PATIENCE, self.session.text(frame)));
        loop {
            tokio::select! {
                biased;
                sent = &mut sent => {
                    return match sent {
                        Ok(Ok(())) => Ok(()),
                        Ok(Err(_)) | Err(_) => Err(Gone),
                    };
                }
                () = link.arrived() => if link.closing().is_some_and(|close| close != Close::RESTART) { return Ok(()) },
            }
        }
    }

    /// Waits until the operations that were taken are answered, within the time that there is.
    async fn finish_operations(&self) {
        let until = Instant::now() + EVENTS;
        while self.link.is_running() {
            if timeout_at(until, self.link.arrived()).await.is_err() {
                return;
            }
        }
        let _slow_reader = timeout_at(until, self.link.drained()).await;
    }
}

/// How a connection is closed that is not let in.
fn closing_with(code: ErrorCode) -> Close {
    match code {
        ErrorCode::Unavailable | ErrorCode::Internal => Close::UNAVAILABLE,
        code => Close::forbidden(code.as_str()),
    }
}
