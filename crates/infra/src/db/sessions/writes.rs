//! Writes to sessions and memberships.

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    event::{Position, SessionEvent},
    ids::{SessionId, UserId},
    policy::Role,
    session::{Membership, Session, SessionDraft},
    store::{SessionWrites, StoreError},
};
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, QueryResult, QuerySelect, Set};

use super::reads;
use crate::db::{
    entity::{membership, session},
    error::store,
    rows::{Cells, role, session_columns, user_columns},
    unit::SqlUnitOfWork,
};

const LOCK: &str = concat!("SELECT ", session_columns!(), " FROM session s WHERE s.id = $1 AND s.deleted_at IS NULL");

// Not FOR UPDATE: nothing here changes a key, and rows that refer to the session need not wait.
const LOCK_POSTGRES: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM session s WHERE s.id = $1 AND s.deleted_at IS NULL FOR NO KEY UPDATE"
);

const COUNT_MEMBERS: &str = "UPDATE session SET member_count = member_count + $2 WHERE id = $1";

const OWNERS: &str = "SELECT user_id FROM membership WHERE session_id = $1 AND role = 'owner' ORDER BY user_id";

const MEMBER_IDS: &str = "SELECT user_id FROM membership WHERE session_id = $1 ORDER BY user_id";

const MEMBER: &str = concat!(
    "SELECT b.role, b.joined_at, ",
    user_columns!(),
    " FROM membership b JOIN app_user u ON u.id = b.user_id WHERE b.session_id = $1 AND b.user_id = $2"
);

const SET_ROLE: &str = "UPDATE membership SET role = $3 WHERE session_id = $1 AND user_id = $2";

const READ_MARKER: &str = "SELECT read_seq FROM membership WHERE session_id = $1 AND user_id = $2";

// `LEAST` is PostgreSQL's alone, and `MIN` of two is SQLite's.
const MARK_READ: &str = "\
    UPDATE membership AS b SET read_seq = CASE WHEN $3 < s.last_seq THEN $3 ELSE s.last_seq END \
    FROM session s WHERE s.id = b.session_id AND b.session_id = $1 AND b.user_id = $2 \
    AND b.read_seq < $3 AND b.read_seq < s.last_seq RETURNING read_seq";

const BURY: &str = "UPDATE session SET deleted_at = $2 WHERE id = $1";

const REVOKE_INVITATIONS: &str = "\
    UPDATE invitation SET status = 'revoked', settled_at = $2 WHERE session_id = $1 AND status = 'pending'";

#[async_trait]
impl SessionWrites for SqlUnitOfWork {
    async fn lock_session(&mut self, session: SessionId) -> Result<Option<Session>, StoreError> {
        let sql = if self.txn.is_postgres() { LOCK_POSTGRES } else { LOCK };
        let row = self.txn.row(sql, [session.0.into()]).await.map_err(store)?;
        row.as_ref().map(|row| Cells::new(row).session()).transpose().map_err(store)
    }

    async fn role(&mut self, session: SessionId, user: UserId) -> Result<Option<Role>, StoreError> {
        self.concerns(user);
        let found = membership::Entity::find_by_id((session.0, user.0))
            .select_only()
            .column(membership::Column::Role)
            .into_tuple::<String>()
            .one(&self.txn)
            .await
            .map_err(store)?;
        found.map(|word| role(&word)).transpose().map_err(store)
    }

    async fn owners(&mut self, session: SessionId) -> Result<Vec<UserId>, StoreError> {
        people(self.txn.rows(OWNERS, [session.0.into()]).await)
    }

    async fn member_ids(&mut self, session: SessionId) -> Result<Vec<UserId>, StoreError> {
        let members = people(self.txn.rows(MEMBER_IDS, [session.0.into()]).await)?;
        for user in &members {
            self.concerns(*user);
        }
        Ok(members)
    }

    async fn membership(&mut self, session: SessionId, user: UserId) -> Result<Option<Membership>, StoreError> {
        self.concerns(user);
        let row = self.txn.row(MEMBER, [session.0.into(), user.0.into()]).await.map_err(store)?;
        row.map(|row| reads::membership(&mut Cells::new(&row), session)).transpose().map_err(store)
    }

    async fn set_role(&mut self, session: SessionId, user: UserId, role: Role) -> Result<(), StoreError> {
        self.concerns(user);
        let values = [session.0.into(), user.0.into(), role.as_str().into()];
        match self.txn.run(SET_ROLE, values).await.map_err(store)? {
            0 => Err(StoreError::corrupt("a role of somebody who is no member")),
            _ => Ok(()),
        }
    }

    async fn read_marker(&mut self, session: SessionId, user: UserId) -> Result<i64, StoreError> {
        let row = self.txn.row(READ_MARKER, [session.0.into(), user.0.into()]).await.map_err(store)?;
        row.map_or(Ok(0), |row| Cells::new(&row).take()).map_err(store)
    }

    async fn mark_read(&mut self, session: SessionId, user: UserId, seq: i64) -> Result<Option<i64>, StoreError> {
        self.concerns(user);
        let row = self.txn.row(MARK_READ, [session.0.into(), user.0.into(), seq.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).take()).transpose().map_err(store)
    }

    async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let model = session::ActiveModel {
            id: Set(session.id.0),
            name: Set(session.name.clone()),
            search_name: Set(session.name.to_lowercase()),
            description: Set(session.description.clone()),
            color: Set(session.color.clone()),
            image_url: Set(session.image_url.clone()),
            visibility: Set(session.visibility.as_str().to_owned()),
            member_count: Set(0),
            last_seq: Set(session.last_seq),
            last_position: Set(session.last_position),
            log_floor: Set(0),
            last_message_at: Set(session.last_message_at),
            active_at: Set(session.active_at),
            created_at: Set(session.created_at),
            updated_at: Set(session.updated_at),
            deleted_at: Set(None),
        };
        session::Entity::insert(model).exec_without_returning(&self.txn).await.map_err(store)?;
        Ok(())
    }

    async fn update_session(&mut self, session: SessionId, draft: &SessionDraft) -> Result<(), StoreError> {
        let model = session::ActiveModel {
            id: Set(session.0),
            name: Set(draft.name.clone()),
            search_name: Set(draft.name.to_lowercase()),
            description: Set(draft.description.clone()),
            color: Set(draft.color.clone()),
            image_url: Set(draft.image_url.clone()),
            visibility: Set(draft.visibility.as_str().to_owned()),
            updated_at: Set(draft.updated_at),
            ..Default::default()
        };
        model.update(&self.txn).await.map_err(store)?;
        Ok(())
    }

    async fn bury_session(&mut self, session: SessionId, at: Timestamp) -> Result<(), StoreError> {
        for sql in [BURY, REVOKE_INVITATIONS] {
            self.txn.run(sql, [session.0.into(), at.into()]).await.map_err(store)?;
        }
        Ok(())
    }

    async fn insert_member(&mut self, membership: &Membership, read_seq: i64) -> Result<(), StoreError> {
        self.concerns(membership.user.id);
        let session = membership.session_id.0;
        let counted = self.txn.run(COUNT_MEMBERS, [session.into(), 1_i64.into()]).await.map_err(store)?;
        if counted == 0 {
            return Err(StoreError::corrupt("a member of an unknown session"));
        }
        let model = membership::ActiveModel {
            session_id: Set(session),
            user_id: Set(membership.user.id.0),
            role: Set(membership.role.as_str().to_owned()),
            read_seq: Set(read_seq),
            joined_at: Set(membership.joined_at),
        };
        membership::Entity::insert(model).exec_without_returning(&self.txn).await.map_err(store)?;
        Ok(())
    }

    async fn delete_member(&mut self, session: SessionId, user: UserId) -> Result<bool, StoreError> {
        self.concerns(user);
        let gone = membership::Entity::delete_by_id((session.0, user.0)).exec(&self.txn).await.map_err(store)?;
        if gone.rows_affected == 0 {
            return Ok(false);
        }
        self.txn.run(COUNT_MEMBERS, [session.0.into(), (-1_i64).into()]).await.map_err(store)?;
        Ok(true)
    }

    async fn append_for(&mut self, event: &SessionEvent, also: &[UserId]) -> Result<Position, StoreError> {
        self.record(event, also).await.map_err(store)
    }
}

fn people(rows: Result<Vec<QueryResult>, DbErr>) -> Result<Vec<UserId>, StoreError> {
    let rows = rows.map_err(store)?;
    rows.iter().map(|row| Cells::new(row).take().map(UserId)).collect::<Result<_, _>>().map_err(store)
}
