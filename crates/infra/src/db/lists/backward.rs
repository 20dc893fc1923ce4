//! The lists of the other files, read from their end: the same rows, the other way round.

use rondo_domain::{
    Timestamp,
    account::{NameKey, User},
    ids::{InvitationId, NotificationId, SessionId, UserId},
    invitation::Invitation,
    notification::StoredNotification,
    page::{ActivityKey, Limit, Page},
    session::Session,
    store::StoreError,
};
use sea_orm::{DbErr, Value};
use uuid::Uuid;

use crate::db::{
    accounts,
    error::store,
    guarded::Guarded,
    invitations::{self, invitation_columns},
    link::Source,
    notifications,
    page::{holds, one_more},
    rows::{session_columns, user_columns},
    sessions::page as session_page,
};

type Reader = Guarded<Source>;

const SESSIONS: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", m.role, m.read_seq FROM membership m JOIN session s ON s.id = m.session_id \
      WHERE m.user_id = $1 AND s.deleted_at IS NULL AND (s.active_at, s.id) > ($2, $3) \
      ORDER BY s.active_at, s.id LIMIT $4"
);

const PUBLIC: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", m.role, m.read_seq FROM session s LEFT JOIN membership m ON m.session_id = s.id AND m.user_id = $1 \
      WHERE s.visibility = 'public' AND s.deleted_at IS NULL AND (s.active_at, s.id) > ($2, $3) \
      AND s.search_name LIKE $5 ESCAPE '\\' ORDER BY s.active_at, s.id LIMIT $4"
);

const PEOPLE: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", u.search_name FROM app_user u \
      WHERE (u.search_name, u.id) < ($1, $2) AND (u.search_name LIKE $3 ESCAPE '\\' OR u.email = $4) \
      ORDER BY u.search_name DESC, u.id DESC LIMIT $5"
);

const LAST_PEOPLE: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", u.search_name FROM app_user u WHERE u.search_name LIKE $1 ESCAPE '\\' OR u.email = $2 \
      ORDER BY u.search_name DESC, u.id DESC LIMIT $3"
);

const INVITATIONS_FOR: &str = concat!(
    "SELECT ",
    invitation_columns!(),
    " WHERE i.email = $1 AND i.status = 'pending' AND i.expires_at > $2 AND s.deleted_at IS NULL AND i.id > $3 \
     ORDER BY i.id LIMIT $4"
);

const INVITATIONS_OF: &str =
    concat!("SELECT ", invitation_columns!(), " WHERE i.session_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3");

const NOTIFICATIONS: &str = "\
    SELECT id, kind, data, read_at, created_at FROM notification \
    WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";

const UNREAD: &str = "\
    SELECT id, kind, data, read_at, created_at FROM notification \
    WHERE user_id = $1 AND read_at IS NULL AND id > $2 ORDER BY id LIMIT $3";

pub(super) async fn sessions(
    reader: &Reader,
    user: UserId,
    before: Option<ActivityKey>,
    limit: Limit,
) -> Result<Page<Session, ActivityKey>, StoreError> {
    let [active_at, id] = above_activity(before);
    let rows = reader.rows(SESSIONS, [user.0.into(), active_at, id, one_more(limit).into()]).await.map_err(store)?;
    session_page(&rows, 0, limit)
}

pub(super) async fn public_sessions(
    reader: &Reader,
    user: UserId,
    query: Option<&str>,
    before: Option<ActivityKey>,
    limit: Limit,
) -> Result<Page<Session, ActivityKey>, StoreError> {
    let [active_at, id] = above_activity(before);
    let values = [user.0.into(), active_at, id, one_more(limit).into(), holds(query.unwrap_or("")).into()];
    session_page(&reader.rows(PUBLIC, values).await.map_err(store)?, 0, limit)
}

pub(super) async fn people(
    reader: &Reader,
    query: Option<&str>,
    before: Option<&NameKey>,
    limit: Limit,
) -> Result<Page<User, NameKey>, DbErr> {
    let query = query.unwrap_or_default();
    let [pattern, query, limit_value]: [Value; 3] = [holds(query).into(), query.into(), one_more(limit).into()];
    let rows = match before {
        Some(key) => reader.rows(PEOPLE, [(&*key.name).into(), key.id.0.into(), pattern, query, limit_value]).await?,
        None => reader.rows(LAST_PEOPLE, [pattern, query, limit_value]).await?,
    };
    accounts::found(&rows, limit)
}

pub(super) async fn invitations_for(
    reader: &Reader,
    email: &str,
    now: Timestamp,
    before: Option<InvitationId>,
    limit: Limit,
) -> Result<Page<Invitation, InvitationId>, StoreError> {
    let values = [email.into(), now.into(), above(before.map(|id| id.0)), one_more(limit).into()];
    invitations::page(reader.rows(INVITATIONS_FOR, values).await, limit)
}

pub(super) async fn invitations_of(
    reader: &Reader,
    session: SessionId,
    before: Option<InvitationId>,
    limit: Limit,
) -> Result<Page<Invitation, InvitationId>, StoreError> {
    let values = [session.0.into(), above(before.map(|id| id.0)), one_more(limit).into()];
    invitations::page(reader.rows(INVITATIONS_OF, values).await, limit)
}

pub(super) async fn notifications(
    reader: &Reader,
    user: UserId,
    unread: bool,
    before: Option<NotificationId>,
    limit: Limit,
) -> Result<Page<StoredNotification, NotificationId>, StoreError> {
    let sql = if unread { UNREAD } else { NOTIFICATIONS };
    let values = [user.0.into(), above(before.map(|id| id.0)), one_more(limit).into()];
    notifications::page(reader.rows(sql, values).await, limit)
}

/// Where a list of sessions begins when it is read from its oldest one.
fn above_activity(before: Option<ActivityKey>) -> [Value; 2] {
    match before {
        Some(key) => [key.active_at.into(), key.id.0.into()],
        None => [Timestamp::UNIX_EPOCH.into(), Uuid::nil().into()],
    }
}

/// Where a list by ids begins when it is read from its oldest one.
fn above(before: Option<Uuid>) -> Value {
    before.unwrap_or(Uuid::nil()).into()
}
