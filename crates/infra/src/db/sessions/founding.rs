//! New sessions with their owners.

use rondo_domain::{
    Timestamp,
    idempotency::Memo,
    ids::UserId,
    policy::Role,
    session::Session,
    store::{Conflict, StoreError},
};
use sea_orm::{DbErr, Value, sqlx::postgres::PgArguments};

use crate::db::{
    error::{self, Kind, store},
    guarded::Guarded,
    keys,
    link::{Source, Txn},
    postgres::{add, column},
    traces,
};

macro_rules! into_session {
    () => {
        "INSERT INTO session (id, name, search_name, description, color, image_url, visibility, member_count, last_seq, \
         last_position, log_floor, last_message_at, active_at, created_at, updated_at) "
    };
}

macro_rules! session {
    () => {
        concat!(into_session!(), "VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, 0, $10, $11, $12, $13)")
    };
}

macro_rules! into_membership {
    () => {
        "INSERT INTO membership (session_id, user_id, role, read_seq, joined_at) "
    };
}

const SESSION: &str = session!();

const OWNER: &str = concat!(into_membership!(), "VALUES ($1, $2, $3, 0, $4)");

/// Both at once, so a transaction by itself.
const BOTH_POSTGRES: &str =
    concat!("WITH new AS (", session!(), ") ", into_membership!(), "VALUES ($1, $14, $15, 0, $12)");

/// Any number of both at once.
const ALL_POSTGRES: &str = concat!(
    "WITH founding AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
     $7::text[], $8::bigint[], $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], \
     $13::timestamptz[], $14::uuid[]) AS t (id, name, search_name, description, color, image_url, visibility, last_seq, \
     last_position, last_message_at, active_at, created_at, updated_at, owner_id)), new AS (",
    into_session!(),
    "SELECT id, name, search_name, description, color, image_url, visibility, 1, last_seq, last_position, 0, \
     last_message_at, active_at, created_at, updated_at FROM founding) ",
    into_membership!(),
    "SELECT id, owner_id, $15, 0, created_at FROM founding"
);

/// A session, and whose it will be.
pub(super) struct Founding {
    pub(super) session: Session,
    pub(super) owner: UserId,
}

impl Founding {
    /// The bytes that it takes on the way to PostgreSQL, with the four of each cell's length.
    pub(super) fn weight(&self) -> usize {
        let Session { name, description, color, image_url, .. } = &self.session;
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        // In lower case a name may grow: of three bytes in UTF-8 there may be nine.
        200 + 4 * name.len() + text(description) + text(color) + text(image_url)
    }
}

/// Writes sessions and their owners' memberships: all at once, or one by one where that is refused. Gives one outcome for
/// each, in their order.
pub(super) async fn found_all(units: &Guarded<Source>, foundings: &[Founding]) -> Vec<Result<(), StoreError>> {
    match found_together(units, foundings).await {
        Ok(()) => foundings.iter().map(|_| Ok(())).collect(),
        // Nothing was written, or nobody knows: not the fault of a single one.
        Err(StoreError::Unavailable(what)) => {
            foundings.iter().map(|_| Err(StoreError::Unavailable(what.clone()))).collect()
        }
        Err(error) if foundings.len() == 1 => vec![Err(error)],
        Err(error) => {
            tracing::debug!(sessions = foundings.len(), %error, "new sessions were refused together; trying one by one");
            let mut outcomes = Vec::with_capacity(foundings.len());
            for founding in foundings {
                outcomes.push(found_together(units, std::slice::from_ref(founding)).await);
            }
            outcomes
        }
    }
}

/// One transaction.
async fn found_together(units: &Guarded<Source>, foundings: &[Founding]) -> Result<(), StoreError> {
    if units.is_postgres() {
        match foundings {
            [one] => units.run(BOTH_POSTGRES, both(&one.session, one.owner)).await,
            all => units.run_with(ALL_POSTGRES, columns(all).map_err(store)?).await,
        }
        .map_err(refused)?;
        return Ok(());
    }
    let txn = units.begin().await.map_err(store)?;
    for founding in foundings {
        write(&txn, &founding.session, founding.owner).await.map_err(refused)?;
    }
    txn.commit().await.map_err(store)
}

/// Writes a session and its owner's membership, together with the answer to the request.
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

fn columns(all: &[Founding]) -> Result<PgArguments, DbErr> {
    let sessions: Vec<_> = all.iter().map(|founding| &founding.session).collect();
    let mut arguments = PgArguments::default();
    add(&mut arguments, column(&sessions, |session| session.id.0))?;
    add(&mut arguments, column(&sessions, |session| session.name.as_str()))?;
    add(&mut arguments, column(&sessions, |session| session.name.to_lowercase()))?;
    add(&mut arguments, column(&sessions, |session| session.description.as_deref()))?;
    add(&mut arguments, column(&sessions, |session| session.color.as_deref()))?;
    add(&mut arguments, column(&sessions, |session| session.image_url.as_deref()))?;
    add(&mut arguments, column(&sessions, |session| session.visibility.as_str()))?;
    add(&mut arguments, column(&sessions, |session| session.last_seq))?;
    add(&mut arguments, column(&sessions, |session| session.last_position))?;
    add(&mut arguments, column(&sessions, |session| session.last_message_at))?;
    add(&mut arguments, column(&sessions, |session| session.active_at))?;
    add(&mut arguments, column(&sessions, |session| session.created_at))?;
    add(&mut arguments, column(&sessions, |session| session.updated_at))?;
    add(&mut arguments, column(all, |founding| founding.owner.0))?;
    add(&mut arguments, Role::Owner.as_str())?;
    Ok(arguments)
}

/// Nothing but a missing account can be in the way of a new session.
fn refused(error: DbErr) -> StoreError {
    match error::kind(&error) {
        Kind::Conflict(Conflict::Other) => StoreError::corrupt("a signed-in person has no account"),
        _ => store(error),
    }
}
