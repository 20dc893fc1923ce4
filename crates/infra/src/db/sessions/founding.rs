//! New sessions with their owners.

use rondo_domain::{
    Timestamp,
    idempotency::Memo,
    ids::UserId,
    policy::Role,
    session::Session,
    store::{Conflict, StoreError},
};
use sea_orm::{DbErr, Value};

use crate::db::{
    error::{self, Kind, store},
    guarded::Guarded,
    keys,
    link::{Source, Txn},
    traces,
};

macro_rules! session {
    () => {
        "INSERT INTO session (id, name, search_name, description, color, image_url, visibility, member_count, last_seq, \
         last_position, log_floor, last_message_at, active_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, 0, $10, $11, $12, $13)"
    };
}

macro_rules! membership {
    () => {
        "INSERT INTO membership (session_id, user_id, role, read_seq, joined_at) VALUES "
    };
}

const SESSION: &str = session!();

const OWNER: &str = concat!(membership!(), "($1, $2, $3, 0, $4)");

/// Both at once, so a transaction by itself.
const BOTH_POSTGRES: &str = concat!("WITH new AS (", session!(), ") ", membership!(), "($1, $14, $15, 0, $12)");

/// Writes a session and its owner's membership.
pub(in crate::db) async fn found(units: &Guarded<Source>, session: &Session, owner: UserId) -> Result<(), StoreError> {
    if units.is_postgres() {
        let _commit = traces::commit(units, 1);
        units.run(BOTH_POSTGRES, both(session, owner)).await.map_err(refused)?;
        return Ok(());
    }
    let txn = units.begin().await.map_err(store)?;
    write(&txn, session, owner).await.map_err(refused)?;
    let _commit = traces::commit(&txn, 1);
    txn.commit().await.map_err(store)
}

/// The same, together with the answer to the request.
///
/// # Errors
/// [`Conflict::IdempotencyKey`] when another request came first.
pub(in crate::db) async fn found_once(
    units: &Guarded<Source>,
    session: &Session,
    owner: UserId,
    memo: &Memo,
    now: Timestamp,
) -> Result<(), StoreError> {
    let txn = units.begin().await.map_err(store)?;
    write(&txn, session, owner).await.map_err(refused)?;
    keys::remember(&txn, memo, now).await?;
    let _commit = traces::commit(&txn, 1);
    txn.commit().await.map_err(store)
}

async fn write(txn: &Guarded<Txn>, session: &Session, owner: UserId) -> Result<(), DbErr> {
    if txn.is_postgres() {
        txn.run(BOTH_POSTGRES, both(session, owner)).await?;
        return Ok(());
    }
    txn.run(SESSION, session_row(session)).await?;
    let owner = [session.id.0.into(), owner.0.into(), Role::Owner.as_str().into(), session.created_at.into()];
    txn.run(OWNER, owner).await?;
    Ok(())
}

fn session_row(session: &Session) -> [Value; 13] {
    [
        session.id.0.into(),
        session.name.as_str().into(),
        session.name.to_lowercase().into(),
        session.description.clone().into(),
        session.color.clone().into(),
        session.image_url.clone().into(),
        session.visibility.as_str().into(),
        session.last_seq.into(),
        session.last_position.into(),
        session.last_message_at.into(),
        session.active_at.into(),
        session.created_at.into(),
        session.updated_at.into(),
    ]
}

fn both(session: &Session, owner: UserId) -> impl Iterator<Item = Value> {
    session_row(session).into_iter().chain([owner.0.into(), Role::Owner.as_str().into()])
}

/// Nothing but a missing account can be in the way of a new session.
fn refused(error: DbErr) -> StoreError {
    match error::kind(&error) {
        Kind::Conflict(Conflict::Other) => StoreError::corrupt("a signed-in person has no account"),
        _ => store(error),
    }
}
