//! The port over which what happened reaches every node. Hints, never the truth: whoever listens repairs from the log.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    account::User,
    event::{PersonalKind, RecordedEvent},
    ids::{LoginId, SessionId, UserId},
    presence::Present,
};

/// What a node may listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// What happens in a session.
    Session(SessionId),
    /// What is for a person's connections.
    Person(UserId),
}

/// What travels between nodes.
#[derive(Clone, Debug)]
pub enum Signal {
    /// An event of a session was committed.
    Event(Arc<RecordedEvent>),
    /// The same event is also for the connections of these people, whether they are in the room or not.
    EventFor(Arc<[UserId]>, Arc<RecordedEvent>),
    /// Something was committed that is for a person's connections.
    Personal(Arc<PersonalSignal>),
    /// Something passing happened in a room.
    Passing(Arc<PassingEvent>),
    /// A login was ended: its connections go, and its tokens count no more.
    LoginEnded {
        /// Whose.
        user: UserId,
        /// Which.
        login: LoginId,
    },
    /// What is remembered for these people is out of date: they wrote something, or what they may do has changed. It
    /// reaches every node, whatever it listens to.
    Stale(Arc<[UserId]>),
}

/// What is for one person's connections, already in its public form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalSignal {
    /// For whom.
    pub user: UserId,
    /// What it is.
    pub kind: PersonalKind,
    /// The public JSON object.
    pub data: Arc<str>,
}

/// What is heard by those who are there, and by nobody afterwards: it has no position and is never stored.
#[derive(Clone, Debug)]
pub enum PassingEvent {
    /// Somebody has read up to a message.
    Read {
        /// Where.
        session: SessionId,
        /// Who.
        user: UserId,
        /// Up to which message.
        seq: i64,
    },
    /// Somebody types, or stopped.
    Typing {
        /// Where.
        session: SessionId,
        /// Who; they themselves do not hear it.
        user: User,
        /// Whether they type.
        typing: bool,
    },
    /// A person's first connection came.
    Came {
        /// Where.
        session: SessionId,
        /// Who.
        user: User,
        /// With what.
        present: Present,
        /// The connection that came; it does not hear of itself.
        seat: u64,
        /// How many people are there now.
        count: usize,
    },
    /// A person's last connection went.
    Went {
        /// Where.
        session: SessionId,
        /// Who.
        user: User,
        /// How many people are there now.
        count: usize,
    },
}

impl PassingEvent {
    /// Where it happened.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        match self {
            Self::Read { session, .. }
            | Self::Typing { session, .. }
            | Self::Came { session, .. }
            | Self::Went { session, .. } => *session,
        }
    }
}

/// Carries signals to all nodes, this one too.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Tells of something that is already committed, or passing. Never waits and never fails: a signal may be lost,
    /// doubled or late.
    fn publish(&self, signal: Signal);

    /// Asks for the signals of these topics from other nodes, until [`Bus::leave`]; a topic is asked for once. Returns
    /// when they arrive, or after a short deadline: then [`SignalSink::missed`] tells when they do.
    async fn listen(&self, topics: &[Topic]);

    /// Asks for no more signals of a topic.
    fn leave(&self, topic: Topic);

    /// Whether all that is published reaches the one sink there is, without being asked for and without loss: the bus of
    /// a node that runs alone.
    fn is_local(&self) -> bool {
        false
    }
}

/// Where a node takes what the bus brings.
pub trait SignalSink: Send + Sync {
    /// Takes a signal, or drops it when there is no room for it. Never waits.
    fn offer(&self, signal: Signal);

    /// As [`SignalSink::offer`], for a signal that was published `age` ago: how late it is, is measured.
    fn offer_late(&self, signal: Signal, _age: Duration) {
        self.offer(signal);
    }

    /// Signals of these topics may have been missed until now, and arrive from now on: time to look for what was missed.
    /// Never waits.
    fn missed(&self, topics: &[Topic]);
}
