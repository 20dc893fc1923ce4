//! The durable log of what happened in a session.

use std::sync::Arc;

use async_trait::async_trait;
use rondo_domain::{
    event::{Position, RecordedEvent, SessionEvent},
    ids::{SessionId, UserId},
    page::Limit,
    store::{EventLog, Head, StoreError},
};
use sea_orm::{DbErr, EntityTrait, QueryResult, Set, Value};
use uuid::Uuid;

use super::{
    SqlStore,
    entity::session_event,
    error::{corrupt, store},
    guarded::{Guarded, ONE_WRITE},
    link::Link,
    rows::Cells,
    unit::{Appended, SqlUnitOfWork},
};

pub(super) const EVENTS: &str = "\
    SELECT position, kind, subject_id, data FROM session_event \
    WHERE session_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4";

const HEADS: &str = "SELECT id, last_position FROM session WHERE id = ANY($1)";

const NEXT_POSITION: &str =
    "UPDATE session SET last_position = last_position + 1 WHERE id = $1 RETURNING last_position";

#[async_trait]
impl EventLog for SqlStore {
    async fn events(
        &self,
        session: SessionId,
        after: Position,
        until: Position,
        limit: Limit,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let values = [session.0.into(), after.into(), until.into(), limit.into()];
        let rows = self.reader().rows(EVENTS, values).await.map_err(store)?;
        rows.iter().map(|row| Cells::new(row).event(session)).collect::<Result<_, _>>().map_err(store)
    }

    async fn heads(&self, sessions: &[SessionId]) -> Result<Vec<Head>, StoreError> {
        let ids: Vec<_> = sessions.iter().map(|session| session.0).collect();
        let rows = by_ids(self.reader(), HEADS, &ids, heads_of).await.map_err(store)?;
        rows.iter().map(head).collect::<Result<_, _>>().map_err(store)
    }
}

impl SqlUnitOfWork {
    /// Takes the next position of the session, whose row is locked from then on, and writes the event there.
    pub(super) async fn record(&mut self, event: &SessionEvent, also: &[UserId]) -> Result<Position, DbErr> {
        let session = event.session();
        let row = self.txn.row(NEXT_POSITION, [session.0.into()]).await?;
        let row = row.ok_or_else(|| corrupt(format!("an event of the unknown session {session}")))?;
        let position: Position = Cells::new(&row).take()?;
        let recorded = RecordedEvent {
            session_id: session,
            position,
            kind: event.kind(),
            subject: event.subject(),
            data: self.parts.encoder.encode(event).into(),
            trace: None,
        };
        let model = session_event::ActiveModel {
            session_id: Set(session.0),
            position: Set(position),
            kind: Set(recorded.kind.as_str().to_owned()),
            subject_id: Set(recorded.subject),
            data: Set(recorded.data.to_string()),
            created_at: Set(self.parts.clock.now()),
        };
        session_event::Entity::insert(model).exec_without_returning(&self.txn).await?;
        self.appended.push(Appended { event: Arc::new(recorded), also: also.into() });
        Ok(position)
    }
}

fn head(row: &QueryResult) -> Result<Head, DbErr> {
    let mut cells = Cells::new(row);
    Ok(Head { session: SessionId(cells.take()?), position: cells.take()? })
}

fn heads_of(places: &str) -> String {
    format!("SELECT id, last_position FROM session WHERE id IN ({places})")
}

/// The rows of any number of ids. PostgreSQL takes an array, up to [`ONE_WRITE`]. SQLite has none, so it is asked in
/// pieces of a few fixed sizes, the last one filled up with an id again, so that its statements stay prepared.
pub(super) async fn by_ids<C: Link>(
    connection: &Guarded<C>,
    with_array: &'static str,
    ids: &[Uuid],
    with_places: impl Fn(&str) -> String,
) -> Result<Vec<QueryResult>, DbErr> {
    const IN_ONE_WRITE: usize = ONE_WRITE / 20;
    let mut found = Vec::with_capacity(ids.len());
    if connection.is_postgres() {
        for piece in ids.chunks(IN_ONE_WRITE) {
            found.extend(connection.rows(with_array, [piece.to_vec().into()]).await?);
        }
        return Ok(found);
    }
    for piece in ids.chunks(SIZES[2]) {
        let (places, values) = places(piece);
        found.extend(connection.rows(with_places(&places), values).await?);
    }
    Ok(found)
}

/// How many ids a statement of SQLite takes.
const SIZES: [usize; 3] = [8, 64, 512];

/// Places for at least one id, at most 512, and what stands in them.
pub(super) fn places(ids: &[Uuid]) -> (String, Vec<Value>) {
    let size = SIZES.into_iter().find(|size| *size >= ids.len()).unwrap_or(ids.len());
    let filled = ids.iter().chain(std::iter::repeat(&ids[0])).take(size);
    (vec!["?"; size].join(", "), filled.map(|id| (*id).into()).collect())
}
