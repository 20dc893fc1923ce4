//! Locks the sessions of a batch, then reads in a second statement, so with a fresh snapshot, what its posts are judged
//! by.

use std::collections::{BTreeSet, HashMap};

use rondo_domain::{
    Timestamp,
    ids::SessionId,
    message::{ClientMessageId, NewMessage},
};
use sea_orm::{DbErr, QueryResult, Value, sqlx::postgres::PgArguments};
use uuid::Uuid;

use super::plan::{Facts, Locked};
use crate::db::{
    guarded::Guarded,
    keys,
    link::Txn,
    log::by_ids,
    postgres::{add, column},
    rows::{Cells, message_columns, user_columns},
};

const LOCK: &str = "\
    SELECT id, visibility, last_seq, last_position, active_at FROM session \
    WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE";

/// What is asked of each post `p (n, session_id, author_id, client_message_id, reply_to)`.
macro_rules! facts {
    () => {
        concat!(
            " SELECT p.n, b.role, r.id, ",
            user_columns!(),
            ", ",
            message_columns!(),
            " FROM post p \
              LEFT JOIN membership b ON b.session_id = p.session_id AND b.user_id = p.author_id \
              LEFT JOIN app_user u ON u.id = p.author_id \
              LEFT JOIN message r ON r.id = p.reply_to AND r.session_id = p.session_id \
              LEFT JOIN message m ON m.session_id = p.session_id AND m.author_id = p.author_id \
                AND m.client_message_id = p.client_message_id"
        )
    };
}

const FACTS_POSTGRES: &str = concat!(
    "WITH post AS (SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) \
       AS t (n, session_id, author_id, client_message_id, reply_to))",
    facts!()
);

/// The bytes that a post takes on the way to [`FACTS_POSTGRES`], with a name of 64 characters in ASCII.
const LONGEST: usize = 140;

/// The sizes in which SQLite is asked, so that its statements stay prepared.
const SIZES: [usize; 4] = [1, 8, 64, 256];

/// Locks the sessions in the order of their ids. Deleted ones and unknown ones are not in the answer.
pub(super) async fn lock(txn: &Guarded<Txn>, posts: &[NewMessage]) -> Result<HashMap<SessionId, Locked>, DbErr> {
    let ids: BTreeSet<Uuid> = posts.iter().map(|post| post.post.session.0).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let rows = by_ids(txn, LOCK, &ids, |places| {
        // The transaction began IMMEDIATE: that is the lock.
        format!(
            "SELECT id, visibility, last_seq, last_position, active_at FROM session \
             WHERE id IN ({places}) AND deleted_at IS NULL"
        )
    })
    .await?;
    rows.iter().map(locked).collect()
}

/// Reads what the posts are judged by, one [`Facts`] for each in their order.
pub(super) async fn look_up(txn: &Guarded<Txn>, posts: &[NewMessage], now: Timestamp) -> Result<Vec<Facts>, DbErr> {
    let mut facts = vec![Facts::default(); posts.len()];
    let size = if txn.is_postgres() { txn.one_write() / LONGEST } else { SIZES[3] };
    let mut rows = Vec::with_capacity(posts.len());
    for (piece, first) in posts.chunks(size).zip((0..).step_by(size)) {
        rows.extend(if txn.is_postgres() {
            txn.rows_with(FACTS_POSTGRES, arguments(piece, first)?).await?
        } else {
            let size = SIZES.into_iter().find(|size| *size >= piece.len()).unwrap_or(piece.len());
            txn.rows(facts_sqlite(size), places(piece, first, size)).await?
        });
    }
    for row in &rows {
        let mut cells = Cells::new(row);
        let n: i64 = cells.take()?;
        if let Some((facts, post)) = usize::try_from(n).ok().and_then(|n| facts.get_mut(n).zip(posts.get(n))) {
            *facts = fact(&mut cells, post)?;
        }
    }
    let guards = (0..).zip(posts).filter_map(|(n, post)| post.guard.as_ref().map(|guard| (n, guard.user, &guard.key)));
    for n in keys::taken(txn, &guards.collect::<Vec<_>>(), now).await? {
        if let Some(facts) = usize::try_from(n).ok().and_then(|n| facts.get_mut(n)) {
            facts.key_is_taken = true;
        }
    }
    Ok(facts)
}

fn locked(row: &QueryResult) -> Result<(SessionId, Locked), DbErr> {
    let mut cells = Cells::new(row);
    let id = SessionId(cells.take()?);
    let locked = Locked {
        visibility: cells.visibility()?,
        last_seq: cells.take()?,
        last_position: cells.take()?,
        active_at: cells.take()?,
    };
    Ok((id, locked))
}

fn fact(cells: &mut Cells<'_>, post: &NewMessage) -> Result<Facts, DbErr> {
    let role = cells.role()?;
    let reply: Option<Uuid> = cells.take()?;
    let reply_is_known = post.post.reply_to.is_none() || reply.is_some();
    if role.is_none() {
        return Ok(Facts { role, reply_is_known, ..Facts::default() });
    }
    let author = cells.user()?;
    let first = cells.message_of(&author)?;
    Ok(Facts { role, author: Some(author), reply_is_known, first, key_is_taken: false })
}

fn arguments(posts: &[NewMessage], first: i64) -> Result<PgArguments, DbErr> {
    let mut all = PgArguments::default();
    add(&mut all, (first..).take(posts.len()).collect::<Vec<i64>>())?;
    add(&mut all, column(posts, |post| post.post.session.0))?;
    add(&mut all, column(posts, |post| post.author.0))?;
    add(&mut all, column(posts, |post| post.post.client_message_id.as_ref().map(ClientMessageId::as_str)))?;
    add(&mut all, column(posts, |post| post.post.reply_to.map(|id| id.0)))?;
    Ok(all)
}

/// The values of a piece of the batch, its last post repeated until the size is reached.
fn places(piece: &[NewMessage], first: i64, size: usize) -> Vec<Value> {
    let numbered = (first..).zip(piece);
    let last = numbered.clone().last();
    numbered
        .chain(last.into_iter().cycle())
        .take(size)
        .flat_map(|(n, post)| -> [Value; 5] {
            [
                n.into(),
                post.post.session.0.into(),
                post.author.0.into(),
                post.post.client_message_id.as_ref().map(|name| name.as_str().to_owned()).into(),
                post.post.reply_to.map(|id| id.0).into(),
            ]
        })
        .collect()
}

fn facts_sqlite(size: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?)"; size].join(", ");
    let mut sql = format!("WITH post (n, session_id, author_id, client_message_id, reply_to) AS (VALUES {rows})");
    sql.push_str(facts!());
    sql
}
