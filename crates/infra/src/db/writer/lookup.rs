//! Locks the sessions of a batch, then reads in a second statement, so with a fresh snapshot, what its posts are judged
//! by. PostgreSQL is told both at once, in the same breath as the beginning, and obeys one after the other.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use rondo_domain::{
    Timestamp,
    ids::SessionId,
    message::{ClientMessageId, NewMessage},
};
use sea_orm::{DbErr, QueryResult, Value, sqlx::postgres::PgArguments};
use uuid::Uuid;

use super::{
    plan::{Facts, Locked},
    recall::{prepare_guard, unchanged},
    store::write_postgres,
};
use crate::db::{
    bulk::{self, Shape},
    guarded::Guarded,
    keys,
    link::{Source, Txn},
    postgres::{Call, Calls, add, column},
    rows::{Cells, message_columns, user_columns},
};

/// What is asked of each post `p (n, session_id, author_id, client_message_id, reply_to)`.
macro_rules! facts {
    ($version:literal) => {
        concat!(
            " SELECT p.n, b.role, r.id, ",
            $version,
            ", ",
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

/// Texts come as bytes, see [`Call::texts`].
macro_rules! facts_postgres {
    () => {
        concat!(
            "WITH post AS (SELECT n, session_id, author_id, \
               convert_from(client_message_id, 'UTF8') AS client_message_id, reply_to \
             FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::bytea[], $5::uuid[]) \
               AS t (n, session_id, author_id, client_message_id, reply_to))",
            facts!("u.xmin::text::bigint")
        )
    };
}

/// What a batch calls, from its first statement to its last, or all at once.
pub(super) const PREPARE: &str = concat!(
    "PREPARE rondo_lock (uuid[]) AS SELECT id, visibility, last_seq, last_position, active_at FROM session \
     WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE; \
     PREPARE rondo_facts (bigint[], uuid[], uuid[], bytea[], uuid[]) AS ",
    facts_postgres!(),
    "; ",
    prepare_guard!(),
    "; PREPARE rondo_write (uuid[], uuid[], bigint[], uuid[], bytea[], bytea[], uuid[], bigint[], timestamptz[], bytea[], \
     uuid[], bigint[], bigint[], timestamptz[], timestamptz[], uuid[], uuid[], bigint[]) AS ",
    write_postgres!()
);

const FACTS_POSTGRES: &str = facts_postgres!();

const SESSIONS: Shape = Shape {
    head: "SELECT id, visibility, last_seq, last_position, active_at FROM session WHERE id IN (",
    row: "?",
    tail: ") AND deleted_at IS NULL",
};

/// The bytes that a post takes on the way to [`FACTS_POSTGRES`], with a name of 64 characters in ASCII.
const LONGEST: usize = 140;

/// The sizes in which SQLite is asked, so that its statements stay prepared.
const SIZES: [usize; 4] = [1, 8, 64, 256];

/// Begins a transaction, locks the sessions in the order of their ids, and reads what the posts are judged by: one
/// [`Facts`] for each in their order. Deleted sessions and unknown ones are not among those that are locked.
pub(super) async fn begin(
    db: &Guarded<Source>,
    posts: &[NewMessage],
    now: Timestamp,
) -> Result<(Guarded<Txn>, HashMap<SessionId, Locked>, Vec<Facts>), DbErr> {
    let ids: BTreeSet<Uuid> = posts.iter().map(|post| post.post.session.0).collect();
    let (txn, locked_rows, asked) = if db.is_postgres() {
        let mut ask = lock_call(&ids);
        let facts = facts_call(posts);
        let together = ask.len() + facts.len() <= db.one_write();
        if together {
            ask = format!("{ask}; {facts}");
        }
        let (txn, mut answers) = db.begin_asking(Calls { prepare: PREPARE, ask: &ask }).await?;
        let facts = if together { answers.pop() } else { None };
        (txn, answers.pop().unwrap_or_default(), facts)
    } else {
        // The transaction begins IMMEDIATE: that is the lock.
        let (txn, ids) = (db.begin().await?, Vec::from_iter(ids));
        let rows = bulk::ask(&txn, SESSIONS, &ids, |id| [(*id).into()]).await?;
        (txn, rows, None)
    };
    let sessions = locked_rows.iter().map(locked).collect::<Result<_, _>>()?;
    let rows = match asked {
        Some(rows) => rows,
        None => ask(&txn, posts).await?,
    };
    let mut facts = vec![Facts::default(); posts.len()];
    for row in &rows {
        let mut cells = Cells::new(row);
        let n: i64 = cells.take()?;
        if let Some((facts, post)) = usize::try_from(n).ok().and_then(|n| facts.get_mut(n).zip(posts.get(n))) {
            *facts = fact(&mut cells, post)?;
        }
    }
    let guards = (0..).zip(posts).filter_map(|(n, post)| post.guard.as_ref().map(|guard| (n, guard.user, &guard.key)));
    for n in keys::taken(&txn, &guards.collect::<Vec<_>>(), now).await? {
        if let Some(facts) = usize::try_from(n).ok().and_then(|n| facts.get_mut(n)) {
            facts.key_is_taken = true;
        }
    }
    Ok((txn, sessions, facts))
}

fn lock_call(sessions: &BTreeSet<Uuid>) -> String {
    let mut call = Call::to("rondo_lock");
    call.ids(sessions.iter().copied().map(Some));
    call.end()
}

/// As [`arguments`], in the same order.
fn facts_call(posts: &[NewMessage]) -> String {
    let mut call = Call::to("rondo_facts");
    call.numbers((0..).take(posts.len()));
    call.ids(posts.iter().map(|post| Some(post.post.session.0)));
    call.ids(posts.iter().map(|post| Some(post.author.0)));
    call.texts(posts.iter().map(|post| post.post.client_message_id.as_ref().map(ClientMessageId::as_str)));
    call.ids(posts.iter().map(|post| post.post.reply_to.map(|id| id.0)));
    call.end()
}

/// Asks for the facts by statements of their own.
async fn ask(txn: &Guarded<Txn>, posts: &[NewMessage]) -> Result<Vec<QueryResult>, DbErr> {
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
    Ok(rows)
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
    let version = cells.take()?;
    let author = Arc::new(cells.user()?);
    let first = cells.message_of(&author)?;
    Ok(Facts { role, author: Some(author), version, reply_is_known, first, key_is_taken: false })
}

fn arguments(posts: &[NewMessage], first: i64) -> Result<PgArguments, DbErr> {
    let mut all = PgArguments::default();
    add(&mut all, (first..).take(posts.len()).collect::<Vec<i64>>())?;
    add(&mut all, column(posts, |post| post.post.session.0))?;
    add(&mut all, column(posts, |post| post.author.0))?;
    add(&mut all, column(posts, |post| post.post.client_message_id.as_ref().map(|name| name.as_str().as_bytes())))?;
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
    sql.push_str(facts!("0"));
    sql
}
