//! Idempotency keys, stored with the write that they guard. After 24 h a key is as good as new.

use rondo_domain::{
    Timestamp,
    idempotency::{IdempotencyKey, Memo, REMEMBERED_FOR, Remembered, StoredAnswer},
    ids::UserId,
    store::{Conflict, StoreError},
};
use sea_orm::{DbErr, QueryResult, Value};

use super::{
    bulk::{self, Shape},
    error::{corrupt, store},
    guarded::Guarded,
    link::{Link, Txn},
    rows::Cells,
};

const FIND: &str = "\
    SELECT fingerprint, status, location, body FROM idempotency_key \
    WHERE user_id = $1 AND key = $2 AND created_at >= $3";

macro_rules! insert {
    () => {
        "INSERT INTO idempotency_key (user_id, key, fingerprint, status, location, body, created_at) "
    };
}

/// What ran out gives way; what did not stays, and then no row is written.
macro_rules! unless_younger {
    ($cutoff:literal) => {
        concat!(
            " ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status, \
              location = excluded.location, body = excluded.body, created_at = excluded.created_at \
              WHERE idempotency_key.created_at < ",
            $cutoff
        )
    };
}

const REMEMBER: &str = concat!(insert!(), "VALUES ($1, $2, $3, $4, $5, $6, $7)", unless_younger!("$8"));

// An empty location is none.
const REMEMBER_ALL_POSTGRES: &str = concat!(
    insert!(),
    "SELECT user_id, key, fingerprint, status, NULLIF(location, ''), body, $7 \
     FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::int[], $5::text[], $6::text[]) \
     AS t (user_id, key, fingerprint, status, location, body)",
    unless_younger!("$8")
);

const TAKEN: Shape = Shape {
    head: "WITH p (n, user_id, key, cutoff) AS (VALUES ",
    row: "(?, ?, ?, ?)",
    tail: ") SELECT p.n FROM p \
           JOIN idempotency_key k ON k.user_id = p.user_id AND k.key = p.key AND k.created_at >= p.cutoff",
};

const TAKEN_POSTGRES: &str = "\
    SELECT p.n FROM unnest($1::bigint[], $2::uuid[], $3::text[]) AS p (n, user_id, key) \
    JOIN idempotency_key k ON k.user_id = p.user_id AND k.key = p.key AND k.created_at >= $4";

/// The request that a key stands for.
pub(super) async fn find<C: Link>(
    connection: &Guarded<C>,
    user: UserId,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Result<Option<Remembered>, DbErr> {
    let values = [user.0.into(), key.as_str().into(), cutoff(now).into()];
    connection.row(FIND, values).await?.as_ref().map(remembered).transpose()
}

/// Stores a memo, unless another one is remembered under its key.
pub(super) async fn remember(txn: &Guarded<Txn>, memo: &Memo, now: Timestamp) -> Result<(), StoreError> {
    let values = row(memo, now).into_iter().chain([cutoff(now).into()]);
    match txn.run(REMEMBER, values).await.map_err(store)? {
        0 => Err(StoreError::Conflict(Conflict::IdempotencyKey)),
        _ => Ok(()),
    }
}

/// Stores memos of different keys; `false` when another one is remembered under one of the keys. They are sorted first, so
/// that two batches never wait for each other.
pub(super) async fn remember_all(txn: &Guarded<Txn>, memos: &mut [Memo], now: Timestamp) -> Result<bool, DbErr> {
    memos.sort_by(|one, other| (one.user, one.key.as_str()).cmp(&(other.user, other.key.as_str())));
    let mut written = 0;
    if txn.is_postgres() {
        for portion in bulk::portions(memos, weight) {
            let values = arrays(portion).into_iter().chain([now.into(), cutoff(now).into()]);
            written += txn.run(REMEMBER_ALL_POSTGRES, values).await?;
        }
    } else {
        for memo in &*memos {
            written += txn.run(REMEMBER, row(memo, now).into_iter().chain([cutoff(now).into()])).await?;
        }
    }
    Ok(usize::try_from(written).is_ok_and(|written| written == memos.len()))
}

/// Which of the numbered keys are remembered.
pub(super) async fn taken(
    txn: &Guarded<Txn>,
    keys: &[(i64, UserId, &IdempotencyKey)],
    now: Timestamp,
) -> Result<Vec<i64>, DbErr> {
    let mut rows = Vec::new();
    if txn.is_postgres() {
        for portion in bulk::portions(keys, |(.., key)| 40 + key.as_str().len()) {
            let values = [
                bulk::array(portion, |(n, ..)| *n),
                bulk::array(portion, |(_, user, _)| user.0),
                bulk::array(portion, |(.., key)| key.as_str().to_owned()),
                cutoff(now).into(),
            ];
            rows.extend(txn.rows(TAKEN_POSTGRES, values).await?);
        }
    } else {
        let values = |(n, user, key): &(i64, UserId, &IdempotencyKey)| -> [Value; 4] {
            [(*n).into(), user.0.into(), key.as_str().into(), cutoff(now).into()]
        };
        rows = bulk::ask(txn, TAKEN, keys, values).await?;
    }
    rows.iter().map(|row| Cells::new(row).take()).collect()
}

/// What came before this moment is forgotten.
fn cutoff(now: Timestamp) -> Timestamp {
    now - REMEMBERED_FOR
}

fn row(Memo { user, key, fingerprint, answer }: &Memo, now: Timestamp) -> [Value; 7] {
    [
        user.0.into(),
        key.as_str().into(),
        fingerprint.to_vec().into(),
        i32::from(answer.status).into(),
        answer.location.clone().into(),
        answer.body.as_str().into(),
        now.into(),
    ]
}

/// The bytes that a memo takes on the way, with the four of each cell's length.
fn weight(Memo { key, answer, .. }: &Memo) -> usize {
    76 + key.as_str().len() + answer.location.as_ref().map_or(0, String::len) + answer.body.len()
}

fn arrays(memos: &[Memo]) -> [Value; 6] {
    [
        bulk::array(memos, |memo| memo.user.0),
        bulk::array(memos, |memo| memo.key.as_str().to_owned()),
        bulk::array(memos, |memo| memo.fingerprint.to_vec()),
        bulk::array(memos, |memo| i32::from(memo.answer.status)),
        bulk::array(memos, |memo| memo.answer.location.clone().unwrap_or_default()),
        bulk::array(memos, |memo| memo.answer.body.clone()),
    ]
}

fn remembered(row: &QueryResult) -> Result<Remembered, DbErr> {
    let mut cells = Cells::new(row);
    let fingerprint: Vec<u8> = cells.take()?;
    let status: i32 = cells.take()?;
    Ok(Remembered {
        fingerprint: fingerprint.try_into().map_err(|_| corrupt("a fingerprint that has not 32 bytes"))?,
        answer: StoredAnswer {
            status: u16::try_from(status).map_err(|_| corrupt(format!("no status: {status}")))?,
            location: cells.take()?,
            body: cells.take()?,
        },
    })
}
