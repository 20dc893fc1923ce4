//! What is for people's connections, read again for those whom the bus may have failed.

use async_trait::async_trait;
use rondo_domain::{
    ids::{InvitationId, LoginId, NotificationId, UserId},
    invitation::Invitation,
    notification::StoredNotification,
    page::Limit,
    store::{PersonalLog, StoreError},
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
