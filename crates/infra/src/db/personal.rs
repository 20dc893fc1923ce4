//! What is for people's connections, read again for those whom the bus may have failed.

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    ids::{InvitationId, LoginId, NotificationId, SessionId, UserId},
    invitation::Invitation,
    notification::StoredNotification,
    page::Limit,
    store::{Acceptance, PersonalLog, StoreError},
};
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use super::{
    SqlStore,
    error::store,
    invitations::{invitation_columns, next_invitation},
    log::{by_ids, places},
    notifications::next_stored,
    rows::{Cells, user_columns},
};

/// A read of what several people were told of: `$1` holds their ids, then an id to begin after, then a limit.
struct Told {
    head: &'static str,
    tail: &'static str,
    tail_postgres: &'static str,
}

const NOTIFIED: Told = Told {
    head: "SELECT user_id, id, kind, data, read_at, created_at FROM notification WHERE read_at IS NULL AND user_id ",
    tail: " AND id > ? ORDER BY id LIMIT ?",
    tail_postgres: " AND id > $2 ORDER BY id LIMIT $3",
};

const INVITED: Told = Told {
    head: concat!(
        "SELECT me.id AS invited_id, ",
        invitation_columns!(),
        " JOIN app_user me ON me.email = i.email \
          WHERE i.status = 'pending' AND s.deleted_at IS NULL AND me.id "
    ),
    tail: " AND i.id > ? ORDER BY i.id LIMIT ?",
    tail_postgres: " AND i.id > $2 ORDER BY i.id LIMIT $3",
};

/// Acceptances since `$1`, at most `$2`, by whom they concern; `$3` and so on hold the people's ids. It begins with what is
/// fresh, never with all the sessions of those people: hence the order is laid down.
macro_rules! accepted {
    ($people:literal) => {
        concat!(
            "WITH fresh AS (\
               SELECT session_id, position, kind, subject_id, data, created_at FROM session_event \
               WHERE kind = 'invitation:accept' AND created_at >= $1\
             ), told AS MATERIALIZED (\
               SELECT m.user_id, f.* FROM fresh f \
               JOIN membership m ON m.session_id = f.session_id AND m.role = 'owner' \
               UNION ALL \
               SELECT m.user_id, f.* FROM fresh f CROSS JOIN app_user u CROSS JOIN invitation i CROSS JOIN membership m \
               WHERE u.id = f.subject_id AND i.session_id = f.session_id AND i.email = u.email \
                 AND i.status = 'accepted' AND i.settled_at >= $1 \
                 AND m.session_id = f.session_id AND m.user_id = i.inviter_id AND m.role <> 'owner'\
             ) SELECT user_id, created_at, session_id, position, kind, subject_id, data FROM told \
             WHERE user_id <> subject_id AND user_id ",
            $people,
            " ORDER BY created_at, session_id, position LIMIT $2"
        )
    };
}

pub(super) const ACCEPTED: &str = accepted!("= ANY($3)");

const LIVE: &str = "SELECT id FROM login WHERE revoked_at IS NULL AND id = ANY($1)";

#[async_trait]
impl PersonalLog for SqlStore {
    async fn notified(
        &self,
        users: &[UserId],
        after: NotificationId,
        limit: Limit,
    ) -> Result<Vec<(UserId, StoredNotification)>, StoreError> {
        let rows = self.told(&NOTIFIED, users, after.0, limit).await.map_err(store)?;
        each(&rows, next_stored)
    }

    async fn invited(
        &self,
        users: &[UserId],
        after: InvitationId,
        limit: Limit,
    ) -> Result<Vec<(UserId, Invitation)>, StoreError> {
        let rows = self.told(&INVITED, users, after.0, limit).await.map_err(store)?;
        each(&rows, next_invitation)
    }

    async fn accepted(&self, users: &[UserId], since: Timestamp, limit: Limit) -> Result<Vec<Acceptance>, StoreError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = users.iter().map(|user| user.0).collect();
        let mut values: Vec<Value> = vec![since.into(), i64::try_from(limit.get()).unwrap_or(i64::MAX).into()];
        let rows = if self.reader().is_postgres() {
            values.push(ids.into());
            self.reader().rows(ACCEPTED, values).await
        } else {
            let (_, people) = places(&ids);
            let numbered: Vec<_> = (3..people.len() + 3).map(|n| format!("${n}")).collect();
            values.extend(people);
            self.reader().rows(format!(accepted!("IN ({})"), numbered.join(", ")), values).await
        };
        rows.map_err(store)?.iter().map(acceptance).collect::<Result<_, _>>().map_err(store)
    }

    async fn live_logins(&self, logins: &[LoginId]) -> Result<Vec<LoginId>, StoreError> {
        let ids: Vec<_> = logins.iter().map(|login| login.0).collect();
        let live = |places: &str| format!("SELECT id FROM login WHERE revoked_at IS NULL AND id IN ({places})");
        let rows = by_ids(self.reader(), LIVE, &ids, live).await.map_err(store)?;
        rows.iter().map(|row| Cells::new(row).take().map(LoginId)).collect::<Result<_, _>>().map_err(store)
    }
}

impl SqlStore {
    async fn told(&self, told: &Told, users: &[UserId], after: Uuid, limit: Limit) -> Result<Vec<QueryResult>, DbErr> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = users.iter().map(|user| user.0).collect();
        let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let Told { head, tail, tail_postgres } = told;
        if self.reader().is_postgres() {
            let values: [Value; 3] = [ids.into(), after.into(), limit.into()];
            return self.reader().rows(format!("{head}= ANY($1){tail_postgres}"), values).await;
        }
        let (places, mut values) = places(&ids);
        values.extend([Value::from(after), limit.into()]);
        self.reader().rows(format!("{head}IN ({places}){tail}"), values).await
    }
}

fn acceptance(row: &QueryResult) -> Result<Acceptance, DbErr> {
    let mut cells = Cells::new(row);
    let (user, at, session) = (UserId(cells.take()?), cells.take()?, SessionId(cells.take()?));
    Ok(Acceptance { user, at, event: cells.event(session)? })
}

/// Each row begins with whom it is for.
fn each<T>(
    rows: &[QueryResult],
    next: impl Fn(&mut Cells<'_>) -> Result<T, DbErr>,
) -> Result<Vec<(UserId, T)>, StoreError> {
    let read = |row| {
        let mut cells = Cells::new(row);
        Ok((UserId(cells.take()?), next(&mut cells)?))
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(store)
}
