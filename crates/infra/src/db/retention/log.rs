//! Old events, and what is left of deleted sessions.

use rondo_domain::{Timestamp, event::Position};
use sea_orm::DbErr;
use tokio::time::Instant;
use uuid::Uuid;

use super::{BATCH, Moments, Retention, Swept, Txn, is_last};
use crate::db::rows::Cells;

/// How many sessions are looked at in one statement.
const SESSIONS: i64 = 200;

/// When the oldest kept event of each of the next sessions was written.
const OLDEST: &str = "\
    SELECT s.id, e.created_at FROM (SELECT id, log_floor FROM session WHERE id > $1 ORDER BY id LIMIT $2) s \
    LEFT JOIN session_event e ON e.session_id = s.id AND e.position = s.log_floor + 1 ORDER BY s.id";

const LOCK: &str = "SELECT log_floor, last_position, last_seq FROM session WHERE id = $1";

const FIRST_YOUNG: &str = "\
    SELECT MIN(position) FROM session_event \
    WHERE session_id = $1 AND position > $2 AND position <= $3 AND created_at >= $4";

const FORGET: &str = "DELETE FROM session_event WHERE session_id = $1 AND position <= $2";

const SET_FLOOR: &str = "UPDATE session SET log_floor = $2 WHERE id = $1";

/// Deleted sessions of whose log nothing is kept any more.
const BURIED: &str = "\
    SELECT id FROM session WHERE deleted_at < $1 AND log_floor = last_position ORDER BY deleted_at LIMIT $2";

const END_MEMBERSHIPS: &str = "\
    DELETE FROM membership WHERE session_id = $1 AND user_id IN (\
        SELECT user_id FROM membership WHERE session_id = $1 ORDER BY user_id LIMIT $2)";

const UNCOUNT_MEMBERS: &str = "UPDATE session SET member_count = member_count - $2 WHERE id = $1";

// The newest first: an answer goes before what it answers.
const TAKE_MESSAGES: &str = "DELETE FROM message WHERE session_id = $1 AND seq > $2";

const UNCOUNT_MESSAGES: &str = "UPDATE session SET last_seq = $2 WHERE id = $1";

const TAKE_INVITATIONS: &str = "\
    DELETE FROM invitation WHERE session_id = $1 AND id IN (\
        SELECT id FROM invitation WHERE session_id = $1 ORDER BY id LIMIT $2)";

const TAKE_SESSION: &str = "DELETE FROM session WHERE id = $1";

/// A locked session's counters.
struct Locked {
    log_floor: Position,
    last_position: Position,
    last_seq: i64,
}

impl Retention {
    /// Takes away the events that are kept no longer. Each session's log begins right after those; whoever asks for
    /// what came after an earlier position is told that it cannot be told.
    pub(super) async fn events(&self, at: Moments, swept: &mut Swept) -> Result<(), DbErr> {
        let mut after = Uuid::nil();
        loop {
            let begun = Instant::now();
            let page = self.db.rows(OLDEST, [after.into(), SESSIONS.into()]).await?;
            for row in &page {
                let mut cells = Cells::new(row);
                after = cells.take()?;
                if cells.take::<Option<Timestamp>>()?.is_some_and(|oldest| oldest < at.kept_since) {
                    swept.events += self.trim(after, at).await?;
                }
            }
            if page.is_empty() {
                return Ok(());
            }
            self.rest(begun).await?;
        }
    }

    /// Takes the old events of a session away, batch by batch.
    async fn trim(&self, session: Uuid, at: Moments) -> Result<u64, DbErr> {
        let mut sum = 0;
        loop {
            let begun = Instant::now();
            let txn = self.db.begin().await?;
            let count = trim_some(&txn, session, at.kept_since).await?;
            txn.commit().await?;
            sum += count;
            if is_last(count) {
                return Ok(sum);
            }
            self.rest(begun).await?;
        }
    }

    /// Takes away deleted sessions once nothing of their log is kept.
    pub(super) async fn sessions(&self, at: Moments, swept: &mut Swept) -> Result<(), DbErr> {
        loop {
            let page = self.db.rows(BURIED, [at.kept_since.into(), SESSIONS.into()]).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let session = Cells::new(row).take()?;
                loop {
                    let begun = Instant::now();
                    let txn = self.db.begin().await?;
                    let is_gone = take_some(&txn, session).await?;
                    txn.commit().await?;
                    self.rest(begun).await?;
                    if is_gone {
                        break;
                    }
                }
                swept.sessions += 1;
            }
        }
    }
}

async fn lock(txn: &Txn, session: Uuid) -> Result<Option<Locked>, DbErr> {
    let lock = if txn.is_postgres() { " FOR NO KEY UPDATE" } else { "" };
    let Some(row) = txn.row(format!("{LOCK}{lock}"), [session.into()]).await? else { return Ok(None) };
    let mut cells = Cells::new(&row);
    Ok(Some(Locked { log_floor: cells.take()?, last_position: cells.take()?, last_seq: cells.take()? }))
}

/// Takes away the events before `kept_since`, at most a batch, from the beginning of the log up to the first that is not
/// so old: what is kept has no gap.
async fn trim_some(txn: &Txn, session: Uuid, kept_since: Timestamp) -> Result<u64, DbErr> {
    let Some(Locked { log_floor, last_position, .. }) = lock(txn, session).await? else { return Ok(0) };
    let end = last_position.min(log_floor + BATCH);
    let values = [session.into(), log_floor.into(), end.into(), kept_since.into()];
    let young = match txn.row(FIRST_YOUNG, values).await? {
        Some(row) => Cells::new(&row).take::<Option<Position>>()?,
        None => None,
    };
    let floor = young.map_or(end, |young| young - 1);
    if floor <= log_floor {
        return Ok(0);
    }
    let count = txn.run(FORGET, [session.into(), floor.into()]).await?;
    txn.run(SET_FLOOR, [session.into(), floor.into()]).await?;
    Ok(count)
}

/// Takes away a batch of what is left of a deleted session, its counters always true; `true` when it is gone itself.
async fn take_some(txn: &Txn, session: Uuid) -> Result<bool, DbErr> {
    let Some(Locked { last_seq, .. }) = lock(txn, session).await? else { return Ok(true) };
    let members = txn.run(END_MEMBERSHIPS, [session.into(), BATCH.into()]).await?;
    if members > 0 {
        let members = i64::try_from(members).unwrap_or(BATCH);
        txn.run(UNCOUNT_MEMBERS, [session.into(), members.into()]).await?;
        return Ok(false);
    }
    if last_seq > 0 {
        let seq = (last_seq - BATCH).max(0);
        txn.run(TAKE_MESSAGES, [session.into(), seq.into()]).await?;
        txn.run(UNCOUNT_MESSAGES, [session.into(), seq.into()]).await?;
        return Ok(false);
    }
    if !is_last(txn.run(TAKE_INVITATIONS, [session.into(), BATCH.into()]).await?) {
        return Ok(false);
    }
    txn.run(TAKE_SESSION, [session.into()]).await?;
    Ok(true)
}
