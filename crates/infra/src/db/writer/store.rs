//! Writes a batch: messages, events, counters and read markers.

use rondo_domain::{event::RecordedEvent, message::NewMessage};
use sea_orm::{DbErr, Value, sqlx::postgres::PgArguments};

use super::{
    plan::{Counters, Created, Marker, Plan},
    recall::{Recalled, unchanged},
};
use crate::db::{
    bulk::{Shape, fitting, pieces},
    guarded::Guarded,
    link::Txn,
    postgres::{Call, add, column},
};

/// Up to so many messages are written in the same breath as they are committed. For more the few microseconds more that
/// texts take as [`Call`]s weigh more than a way to the server and back.
const FEW: usize = 8;
/// Up to so many where that saves two more ways there and back, see [`at_once`].
const MORE: usize = 64;

/// All of a batch, or a portion of it, unless a guard found something changed. Texts come as bytes, see [`Call::texts`].
macro_rules! write_postgres {
    () => {
        concat!(
            "\
    WITH post AS ( \
        SELECT id, session_id, seq, author_id, convert_from(content, 'UTF8') AS content, \
            convert_from(client_message_id, 'UTF8') AS client_message_id, reply_to, position, created_at, \
            convert_from(data, 'UTF8') AS data \
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::bytea[], $6::bytea[], $7::uuid[], \
            $8::bigint[], $9::timestamptz[], $10::bytea[]) \
        AS t (id, session_id, seq, author_id, content, client_message_id, reply_to, position, created_at, data) WHERE ",
            unchanged!(),
            " \
    ), messages AS ( \
        INSERT INTO message (id, session_id, seq, author_id, content, client_message_id, reply_to, position, created_at) \
        SELECT id, session_id, seq, author_id, content, client_message_id, reply_to, position, \
            created_at FROM post \
    ), events AS ( \
        INSERT INTO session_event (session_id, position, kind, subject_id, data, created_at) \
        SELECT session_id, position, 'message:create', id, data, created_at FROM post \
    ), counters AS ( \
        UPDATE session s SET last_seq = c.last_seq, last_position = c.last_position, \
            last_message_at = c.last_message_at, active_at = c.active_at \
        FROM unnest($11::uuid[], $12::bigint[], $13::bigint[], $14::timestamptz[], $15::timestamptz[]) \
            AS c (id, last_seq, last_position, last_message_at, active_at) WHERE s.id = c.id AND ",
            unchanged!(),
            " \
    ) \
    UPDATE membership b SET read_seq = GREATEST(b.read_seq, r.seq) \
    FROM unnest($16::uuid[], $17::uuid[], $18::bigint[]) AS r (session_id, user_id, seq) \
    WHERE b.session_id = r.session_id AND b.user_id = r.user_id AND ",
            unchanged!()
        )
    };
}
pub(super) use write_postgres;

const WRITE_POSTGRES: &str = write_postgres!();

const MESSAGES: Shape = Shape {
    head: "INSERT INTO message \
           (id, session_id, seq, author_id, content, client_message_id, reply_to, position, created_at) VALUES ",
    row: "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    tail: "",
};

const EVENTS: Shape = Shape {
    head: "INSERT INTO session_event (session_id, position, kind, subject_id, data, created_at) VALUES ",
    row: "(?, ?, ?, ?, ?, ?)",
    tail: "",
};

const COUNTERS: Shape = Shape {
    head: "UPDATE session SET last_seq = v.column2, last_position = v.column3, last_message_at = v.column4, \
           active_at = v.column5 FROM (VALUES ",
    row: "(?, ?, ?, ?, ?)",
    tail: ") AS v WHERE session.id = v.column1",
};

const MARKERS: Shape = Shape {
    head: "UPDATE membership SET read_seq = MAX(read_seq, v.column3) FROM (VALUES ",
    row: "(?, ?, ?)",
    tail: ") AS v WHERE membership.session_id = v.column1 AND membership.user_id = v.column2",
};

/// Writes what is planned; `events` belong to `plan.created`, one by one.
pub(super) async fn write(txn: &Guarded<Txn>, plan: &Plan, events: &[RecordedEvent]) -> Result<(), DbErr> {
    if txn.is_postgres() {
        for load in Load::all(plan, events).portions(txn.one_write()) {
            txn.run_with(WRITE_POSTGRES, load.arguments()?).await?;
        }
        return Ok(());
    }
    let both: Vec<_> = plan.created.iter().zip(events).collect();
    pieces(txn, MESSAGES, &plan.created, message).await?;
    pieces(txn, EVENTS, &both, |(created, event)| event_row(created, event)).await?;
    pieces(txn, COUNTERS, &plan.counters, counters_row).await?;
    pieces(txn, MARKERS, &plan.markers, |marker| [marker.session.0.into(), marker.user.0.into(), marker.seq.into()])
        .await
}

/// The same as a call of `rondo_write`, if there are so few messages that it is worth it.
pub(super) fn call(txn: &Guarded<Txn>, plan: &Plan, events: &[RecordedEvent]) -> Option<String> {
    if !txn.is_postgres() || plan.created.len() > FEW {
        return None;
    }
    let call = Load::all(plan, events).call();
    (call.len() <= txn.one_write()).then_some(call)
}

/// The same as calls that go out by themselves, as one transaction: the guard of what was recalled, and the rows. `None` if
/// that is not worth it.
pub(super) fn at_once(
    recalled: &Recalled,
    posts: &[NewMessage],
    plan: &Plan,
    events: &[RecordedEvent],
    one_write: usize,
) -> Option<String> {
    if plan.created.len() > MORE {
        return None;
    }
    let mut calls = recalled.guard(posts);
    calls.push_str("; ");
    calls.push_str(&Load::all(plan, events).call());
    (calls.len() <= one_write).then_some(calls)
}

/// Rows that go to PostgreSQL in one statement.
#[derive(Clone, Copy)]
struct Load<'p> {
    created: &'p [Created],
    events: &'p [RecordedEvent],
    counters: &'p [Counters],
    markers: &'p [Marker],
}

impl<'p> Load<'p> {
    fn all(plan: &'p Plan, events: &'p [RecordedEvent]) -> Self {
        Self { created: &plan.created, events, counters: &plan.counters, markers: &plan.markers }
    }

    /// The same in portions that go out at once; a single long message is one all the same.
    fn portions(mut self, one_write: usize) -> Vec<Self> {
        let mut portions = Vec::new();
        while !(self.created.is_empty() && self.counters.is_empty() && self.markers.is_empty()) {
            let mut room = one_write;
            let posts = self.created.iter().zip(self.events).map(|(created, event)| weight(created, event));
            let posts = fitting(posts, &mut room).max(usize::from(!self.created.is_empty()));
            let counters = fitting(self.counters.iter().map(|_| 64), &mut room);
            let markers = fitting(self.markers.iter().map(|_| 52), &mut room);
            let (created, later_created) = self.created.split_at(posts);
            let (events, later_events) = self.events.split_at(posts);
            let (counters, later_counters) = self.counters.split_at(counters);
            let (markers, later_markers) = self.markers.split_at(markers);
            portions.push(Self { created, events, counters, markers });
            self =
                Self { created: later_created, events: later_events, counters: later_counters, markers: later_markers };
        }
        portions
    }

    fn arguments(self) -> Result<PgArguments, DbErr> {
        let Self { created, events, counters, markers } = self;
        let mut all = PgArguments::default();
        add(&mut all, column(created, |row| row.message.id.0))?;
        add(&mut all, column(created, |row| row.message.session_id.0))?;
        add(&mut all, column(created, |row| row.message.seq))?;
        add(&mut all, column(created, |row| row.message.author.id.0))?;
        add(&mut all, column(created, |row| row.message.content.as_deref().unwrap_or_default().as_bytes()))?;
        add(&mut all, column(created, |row| row.message.client_message_id.as_deref().map(str::as_bytes)))?;
        add(&mut all, column(created, |row| row.message.reply_to.map(|id| id.0)))?;
        add(&mut all, column(created, |row| row.position))?;
        add(&mut all, column(created, |row| row.message.created_at))?;
        add(&mut all, column(events, |event| event.data.as_bytes()))?;
        add(&mut all, column(counters, |row| row.session.0))?;
        add(&mut all, column(counters, |row| row.last_seq))?;
        add(&mut all, column(counters, |row| row.last_position))?;
        add(&mut all, column(counters, |row| row.last_message_at))?;
        add(&mut all, column(counters, |row| row.active_at))?;
        add(&mut all, column(markers, |row| row.session.0))?;
        add(&mut all, column(markers, |row| row.user.0))?;
        add(&mut all, column(markers, |row| row.seq))?;
        Ok(all)
    }

    /// As [`Load::arguments`], in the same order.
    fn call(self) -> String {
        let Self { created, events, counters, markers } = self;
        let messages = || created.iter().map(|created| &created.message);
        let mut call = Call::to("rondo_write");
        call.ids(messages().map(|message| Some(message.id.0)));
        call.ids(messages().map(|message| Some(message.session_id.0)));
        call.numbers(messages().map(|message| message.seq));
        call.ids(messages().map(|message| Some(message.author.id.0)));
        call.texts(messages().map(|message| Some(message.content.as_deref().unwrap_or_default())));
        call.texts(messages().map(|message| message.client_message_id.as_deref()));
        call.ids(messages().map(|message| message.reply_to.map(|id| id.0)));
        call.numbers(created.iter().map(|row| row.position));
        call.times(messages().map(|message| message.created_at));
        call.texts(events.iter().map(|event| Some(&*event.data)));
        call.ids(counters.iter().map(|row| Some(row.session.0)));
        call.numbers(counters.iter().map(|row| row.last_seq));
        call.numbers(counters.iter().map(|row| row.last_position));
        call.times(counters.iter().map(|row| row.last_message_at));
        call.times(counters.iter().map(|row| row.active_at));
        call.ids(markers.iter().map(|row| Some(row.session.0)));
        call.ids(markers.iter().map(|row| Some(row.user.0)));
        call.numbers(markers.iter().map(|row| row.seq));
        call.end()
    }
}

/// The bytes that a message and its event take on the way, with the four of each cell's length.
fn weight(Created { message, .. }: &Created, event: &RecordedEvent) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    136 + text(&message.content) + text(&message.client_message_id) + event.data.len()
}

fn message(Created { message, position }: &Created) -> [Value; 9] {
    [
        message.id.0.into(),
        message.session_id.0.into(),
        message.seq.into(),
        message.author.id.0.into(),
        message.content.clone().into(),
        message.client_message_id.clone().into(),
        message.reply_to.map(|id| id.0).into(),
        (*position).into(),
        message.created_at.into(),
    ]
}

fn event_row(created: &Created, event: &RecordedEvent) -> [Value; 6] {
    [
        event.session_id.0.into(),
        event.position.into(),
        event.kind.as_str().into(),
        event.subject.into(),
        event.data.to_string().into(),
        created.message.created_at.into(),
    ]
}

fn counters_row(counters: &Counters) -> [Value; 5] {
    [
        counters.session.0.into(),
        counters.last_seq.into(),
        counters.last_position.into(),
        counters.last_message_at.into(),
        counters.active_at.into(),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rondo_domain::{
        Timestamp,
        account::User,
        event::EventKind,
        ids::{MessageId, SessionId, UserId},
        message::Message,
    };

    use super::*;
    use crate::db::guarded::ONE_WRITE;

    fn planned(lengths: &[usize]) -> (Plan, Vec<RecordedEvent>) {
        let (session, at) = (SessionId::generate(), Timestamp::UNIX_EPOCH);
        let (mut plan, mut events) = (Plan::default(), Vec::new());
        for (length, position) in lengths.iter().zip(1..) {
            let author = User {
                id: UserId::generate(),
                email: String::new(),
                display_name: String::new(),
                avatar_url: None,
                bio: None,
                created_at: at,
            };
            plan.markers.push(Marker { session, user: author.id, seq: position });
            plan.counters.push(Counters {
                session,
                last_seq: position,
                last_position: position,
                last_message_at: at,
                active_at: at,
            });
            let message = Message {
                id: MessageId::generate(),
                session_id: session,
                seq: position,
                author: Arc::new(author),
                content: Some("x".repeat(*length)),
                client_message_id: None,
                reply_to: None,
                created_at: at,
                edited_at: None,
                deleted_at: None,
            };
            events.push(RecordedEvent {
                session_id: session,
                position,
                kind: EventKind::MessageCreate,
                subject: None,
                data: "x".repeat(*length).into(),
                trace: None,
            });
            plan.created.push(Created { message, position });
        }
        (plan, events)
    }

    #[test]
    fn what_the_log_is_told_is_the_kind_of_a_new_message() {
        assert!(WRITE_POSTGRES.contains(&format!("'{}'", EventKind::MessageCreate.as_str())));
    }

    #[test]
    fn portions_hold_everything_once_and_fit_into_one_write() {
        for lengths in [vec![100; 256], vec![0; 256], vec![10], vec![5_000; 9], vec![40_000, 10, 40_000]] {
            let (plan, events) = planned(&lengths);
            let portions = Load::all(&plan, &events).portions(ONE_WRITE);
            let positions = portions.iter().flat_map(|load| load.created.iter().map(|row| row.position));
            assert!(positions.eq((1..).take(lengths.len())));
            let told = portions.iter().flat_map(|load| load.events.iter().map(|event| event.position));
            assert!(told.eq((1..).take(lengths.len())));
            assert_eq!(portions.iter().map(|load| load.counters.len()).sum::<usize>(), lengths.len());
            assert_eq!(portions.iter().map(|load| load.markers.len()).sum::<usize>(), lengths.len());
            for load in &portions {
                assert_eq!(load.created.len(), load.events.len());
                let posts = load.created.iter().zip(load.events).map(|(created, event)| weight(created, event));
                let bytes = posts.sum::<usize>() + load.counters.len() * 64 + load.markers.len() * 52;
                assert!(bytes <= ONE_WRITE || load.created.len() == 1);
            }
        }
    }
}
