//! How signals travel: a frame is a version, the node that sends it, and any number of signals, each with its length.
//!
//! A node understands its own version and skips kinds that it does not know, so old and new nodes run side by side.

use std::{
    num::{NonZeroU64, NonZeroU128},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rondo_domain::{
    Timestamp, UserId,
    account::User,
    bus::{PassingEvent, PersonalSignal, Signal},
    event::{EventKind, PersonalKind, RecordedEvent},
    ids::{LoginId, NodeId, SessionId},
    presence::Present,
    trace::TraceContext,
};
use uuid::Uuid;

const VERSION: u8 = 1;

const EVENT: u8 = 1;
const EVENT_FOR: u8 = 2;
const PERSONAL: u8 = 3;
const READ: u8 = 4;
const TYPING: u8 = 5;
const CAME: u8 = 6;
const WENT: u8 = 7;
const LOGIN_ENDED: u8 = 8;
const STALE: u8 = 9;
/// No signal: since when the first of those that follow has been on its way.
const SINCE: u8 = 20;

/// Microseconds of the Unix epoch by the machine's clock, which nodes are expected to share to some milliseconds.
pub(super) fn wall_clock() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

/// A frame in the making.
pub(super) struct Frame(Vec<u8>);

impl Frame {
    pub(super) fn new(node: NodeId) -> Self {
        let mut frame = Self(Vec::with_capacity(512));
        frame.0.push(VERSION);
        frame.id(node.0);
        frame
    }

    /// How many bytes it has so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Says since when what follows has been on its way, by [`wall_clock`].
    pub(super) fn since(&mut self, moment: i64) {
        self.entry(SINCE, |frame| frame.number(moment));
    }

    /// Adds a signal.
    pub(super) fn add(&mut self, signal: &Signal) {
        match signal {
            Signal::Event(event) => self.entry(EVENT, |frame| frame.event(event)),
            Signal::EventFor(users, event) => self.entry(EVENT_FOR, |frame| {
                frame.ids(users);
                frame.event(event);
            }),
            Signal::Personal(personal) => self.entry(PERSONAL, |frame| {
                frame.id(personal.user.0);
                frame.text(personal.kind.as_str());
                frame.text(&personal.data);
            }),
            Signal::Passing(event) => self.passing(event),
            Signal::LoginEnded { user, login } => self.entry(LOGIN_ENDED, |frame| {
                frame.id(user.0);
                frame.id(login.0);
            }),
            Signal::Stale(users) => self.entry(STALE, |frame| frame.ids(users)),
        }
    }

    fn passing(&mut self, event: &PassingEvent) {
        match event {
            PassingEvent::Read { session, user, seq } => self.entry(READ, |frame| {
                frame.id(session.0);
                frame.id(user.0);
                frame.number(*seq);
            }),
            PassingEvent::Typing { session, user, typing } => self.entry(TYPING, |frame| {
                frame.id(session.0);
                frame.user(user);
                frame.0.push(u8::from(*typing));
            }),
            PassingEvent::Came { session, user, present, seat, count } => self.entry(CAME, |frame| {
                frame.id(session.0);
                frame.user(user);
                frame.size(present.connections);
                frame.number(present.since.timestamp_millis());
                frame.0.extend(seat.to_le_bytes());
                frame.size(*count);
            }),
            PassingEvent::Went { session, user, count } => self.entry(WENT, |frame| {
                frame.id(session.0);
                frame.user(user);
                frame.size(*count);
            }),
        }
    }

    fn entry(&mut self, kind: u8, write: impl FnOnce(&mut Self)) {
        self.0.push(kind);
        let length = self.0.len();
        self.0.extend([0; 4]);
        write(self);
        let written = u32::try_from(self.0.len() - length - 4).unwrap_or(u32::MAX);
        self.0[length..length + 4].copy_from_slice(&written.to_le_bytes());
    }

    fn event(&mut self, event: &RecordedEvent) {
        self.id(event.session_id.0);
        self.number(event.position);
        self.text(event.kind.as_str());
        self.optional(event.subject, Self::id);
        self.text(&event.data);
        // Last, and only where there is one: nodes that know nothing of it pass over what is left of an entry.
        if let Some(trace) = &event.trace {
            self.trace(trace);
        }
    }

    fn trace(&mut self, trace: &TraceContext) {
        self.0.extend(trace.trace.get().to_le_bytes());
        self.0.extend(trace.span.get().to_le_bytes());
        self.0.push(u8::from(trace.sampled));
        self.text(trace.state.as_deref().unwrap_or_default());
    }

    fn user(&mut self, user: &User) {
        self.id(user.id.0);
        self.text(&user.email);
        self.text(&user.display_name);
        self.optional(user.avatar_url.as_deref(), Self::text);
        self.optional(user.bio.as_deref(), Self::text);
        self.number(user.created_at.timestamp_millis());
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn id(&mut self, id: Uuid) {
        self.0.extend(id.as_bytes());
    }

    fn ids(&mut self, users: &[UserId]) {
        self.size(users.len());
        for user in users {
            self.id(user.0);
        }
    }

    fn number(&mut self, number: i64) {
        self.0.extend(number.to_le_bytes());
    }

    fn size(&mut self, size: usize) {
        self.0.extend(u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.size(text.len());
        self.0.extend(text.as_bytes());
    }
}

/// Who sent a frame, and the signals in it; `None` when it is of another version, or no frame.
pub(super) fn read(bytes: &[u8]) -> Option<(NodeId, Signals<'_>)> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return None;
    }
    Some((NodeId(reader.id()?), Signals { reader, since: None }))
}

/// For the fuzzers: the signals of a frame, and those of the frame that is made of them, which must be the same.
#[must_use]
pub fn read_twice(bytes: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let told = |signal: &Signal| format!("{signal:?}");
    let (node, signals) = read(bytes)?;
    let signals: Vec<Signal> = signals.collect();
    let mut again = Frame::new(node);
    for signal in &signals {
        again.add(signal);
    }
    let again = again.into_bytes();
    let (_, others) = read(&again)?;
    Some((signals.iter().map(told).collect(), others.map(|signal| told(&signal)).collect()))
}

/// The signals of a frame that this node understands.
pub(super) struct Signals<'a> {
    reader: Reader<'a>,
    since: Option<i64>,
}

impl Signals<'_> {
    /// How long the signal that came last was on its way, at most; nothing where the sender did not say, or its clock is
    /// ahead of this one's.
    pub(super) fn age(&self) -> Duration {
        let micros = self.since.map_or(0, |since| wall_clock().saturating_sub(since));
        Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    }
}

impl Iterator for Signals<'_> {
    type Item = Signal;

    fn next(&mut self) -> Option<Signal> {
        loop {
            let kind = self.reader.byte()?;
            let length = self.reader.size()?;
            let mut entry = Reader(self.reader.take(length)?);
            if kind == SINCE {
                self.since = entry.number();
                continue;
            }
            let signal = entry.signal(kind);
            if signal.is_some() {
                return signal;
            }
            tracing::debug!(kind, length, "a signal of an unknown kind was dropped");
        }
    }
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn signal(&mut self, kind: u8) -> Option<Signal> {
        Some(match kind {
            EVENT => Signal::Event(Arc::new(self.event()?)),
            EVENT_FOR => Signal::EventFor(self.ids()?, Arc::new(self.event()?)),
            PERSONAL => {
                let (user, kind) = (UserId(self.id()?), PersonalKind::parse(self.text()?)?);
                Signal::Personal(Arc::new(PersonalSignal { user, kind, data: self.text()?.into() }))
            }
            LOGIN_ENDED => Signal::LoginEnded { user: UserId(self.id()?), login: LoginId(self.id()?) },
            STALE => Signal::Stale(self.ids()?),
            _ => Signal::Passing(Arc::new(self.passing(kind)?)),
        })
    }

    fn passing(&mut self, kind: u8) -> Option<PassingEvent> {
        let session = SessionId(self.id()?);
        Some(match kind {
            READ => PassingEvent::Read { session, user: UserId(self.id()?), seq: self.number()? },
            TYPING => PassingEvent::Typing { session, user: self.user()?, typing: self.byte()? != 0 },
            CAME => {
                let user = self.user()?;
                let (connections, since) = (self.size()?, self.moment()?);
                let present = Present { user: user.id, connections, since };
                let seat = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
                PassingEvent::Came { session, user, present, seat, count: self.size()? }
            }
            WENT => PassingEvent::Went { session, user: self.user()?, count: self.size()? },
            _ => return None,
        })
    }

    fn event(&mut self) -> Option<RecordedEvent> {
        Some(RecordedEvent {
            session_id: SessionId(self.id()?),
            position: self.number()?,
            kind: EventKind::parse(self.text()?)?,
            subject: self.optional(Self::id)?,
            data: self.text()?.into(),
            trace: self.trace(),
        })
    }

    /// What stands at the end of an entry since traces are handed on; older nodes end it before.
    fn trace(&mut self) -> Option<TraceContext> {
        let trace = NonZeroU128::new(u128::from_le_bytes(self.take(16)?.try_into().ok()?))?;
        let span = NonZeroU64::new(u64::from_le_bytes(self.take(8)?.try_into().ok()?))?;
        let sampled = self.byte()? != 0;
        let state = Some(self.text()?).filter(|state| !state.is_empty()).map(Arc::from);
        Some(TraceContext { trace, span, sampled, state })
    }

    fn user(&mut self) -> Option<User> {
        Some(User {
            id: UserId(self.id()?),
            email: self.text()?.to_owned(),
            display_name: self.text()?.to_owned(),
            avatar_url: self.optional(Self::text)?.map(str::to_owned),
            bio: self.optional(Self::text)?.map(str::to_owned),
            created_at: self.moment()?,
        })
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take(4)?.try_into().ok()?)).ok()
    }

    fn number(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn moment(&mut self) -> Option<Timestamp> {
        Timestamp::from_timestamp_millis(self.number()?)
    }

    fn id(&mut self) -> Option<Uuid> {
        Uuid::from_slice(self.take(16)?).ok()
    }

    fn ids(&mut self) -> Option<Arc<[UserId]>> {
        let count = self.size()?;
        (0..count).map(|_| self.id().map(UserId)).collect()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.size()?;
        str::from_utf8(self.take(length)?).ok()
    }

    #[expect(clippy::option_option, reason = "`None` when it cannot be read, `Some(None)` when nothing is there")]
    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.byte()? == 0 { Some(None) } else { read(self).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User {
            id: UserId::generate(),
            email: "ada@example.org".to_owned(),
            display_name: "Ada 🦉".to_owned(),
            avatar_url: None,
            bio: Some("x\ny".to_owned()),
            created_at: moment(),
        }
    }

    fn moment() -> Timestamp {
        Timestamp::from_timestamp_millis(1_800_000_000_123).unwrap()
    }

    fn every_kind() -> Vec<Signal> {
        let (session, user) = (SessionId::generate(), user());
        let event = |subject| {
            let (kind, data) = (EventKind::MessageCreate, r#"{"content":"ü"}"#.into());
            Arc::new(RecordedEvent { session_id: session, position: 7, kind, subject, data, trace: None })
        };
        let present = Present { user: user.id, connections: 3, since: moment() };
        let passing = |event| Signal::Passing(Arc::new(event));
        let (kind, data) = (PersonalKind::NotificationCreate, "{}".into());
        vec![
            Signal::Event(event(None)),
            Signal::EventFor([user.id, UserId::generate()].into(), event(Some(session.0))),
            Signal::Personal(Arc::new(PersonalSignal { user: user.id, kind, data })),
            passing(PassingEvent::Read { session, user: user.id, seq: i64::MAX }),
            passing(PassingEvent::Typing { session, user: user.clone(), typing: true }),
            passing(PassingEvent::Came { session, user: user.clone(), present, seat: u64::MAX, count: 5 }),
            passing(PassingEvent::Went { session, user: user.clone(), count: 0 }),
            Signal::LoginEnded { user: user.id, login: LoginId::generate() },
            Signal::Stale([user.id].into()),
            Signal::Stale([].into()),
        ]
    }

    fn frame(node: NodeId, signals: &[Signal]) -> Vec<u8> {
        let mut frame = Frame::new(node);
        for signal in signals {
            frame.add(signal);
        }
        frame.into_bytes()
    }

    #[test]
    fn every_kind_arrives_as_it_was_sent() {
        let (node, sent) = (NodeId::generate(), every_kind());
        let bytes = frame(node, &sent);
        let (from, signals) = read(&bytes).unwrap();
        assert_eq!(from, node);
        let heard: Vec<_> = signals.map(|signal| format!("{signal:?}")).collect();
        assert_eq!(heard, sent.iter().map(|signal| format!("{signal:?}")).collect::<Vec<_>>());
    }

    fn traced(signal: &Signal, trace: Option<TraceContext>) -> Signal {
        match signal {
            Signal::Event(event) => Signal::Event(Arc::new(RecordedEvent { trace, ..(**event).clone() })),
            other => panic!("{other:?} is no event of a session"),
        }
    }

    #[test]
    fn a_trace_travels_behind_its_event_where_older_nodes_do_not_look() {
        let trace = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        let (node, plain) = (NodeId::generate(), every_kind().remove(0));
        let untraced = frame(node, std::slice::from_ref(&plain));
        for trace in [trace.clone(), trace.with_state("a=1")] {
            let sent = traced(&plain, Some(trace));
            let bytes = frame(node, std::slice::from_ref(&sent));
            let heard: Vec<_> = read(&bytes).unwrap().1.map(|signal| format!("{signal:?}")).collect();
            assert_eq!(heard, [format!("{sent:?}")]);
            let length_of_entry = 18..22;
            assert_eq!(bytes[22..untraced.len()], untraced[22..], "what older nodes read is as it was");
            assert_ne!(bytes[length_of_entry.clone()], untraced[length_of_entry]);
        }
    }

    #[test]
    fn how_late_a_signal_is_is_told() {
        let mut frame = Frame::new(NodeId::generate());
        frame.since(wall_clock() - 5_000_000);
        frame.add(&every_kind()[0]);
        frame.since(wall_clock() + 5_000_000);
        frame.add(&every_kind()[1]);
        let bytes = frame.into_bytes();
        let (_, mut signals) = read(&bytes).unwrap();
        assert_eq!(signals.age(), Duration::ZERO);
        assert!(matches!(signals.next(), Some(Signal::Event(_))));
        assert!(signals.age() >= Duration::from_secs(5));
        assert!(matches!(signals.next(), Some(Signal::EventFor(..))));
        assert_eq!(signals.age(), Duration::ZERO, "the sender's clock is ahead");
    }

    #[test]
    fn an_unknown_kind_is_skipped_and_another_version_is_dropped() {
        let sent = every_kind();
        let mut bytes = frame(NodeId::generate(), &sent[..1]);
        bytes.extend([200, 3, 0, 0, 0, 1, 2, 3]);
        let mut last = Frame(bytes);
        last.add(&sent[1]);
        let mut bytes = last.into_bytes();
        assert_eq!(read(&bytes).unwrap().1.count(), 2);
        bytes[0] = VERSION + 1;
        assert!(read(&bytes).is_none());
    }

    #[test]
    fn a_frame_that_is_cut_anywhere_gives_what_is_whole_and_never_panics() {
        let bytes = frame(NodeId::generate(), &every_kind());
        for end in 0..bytes.len() {
            if let Some((_, signals)) = read(&bytes[..end]) {
                assert!(signals.count() < every_kind().len());
            }
        }
    }
}
