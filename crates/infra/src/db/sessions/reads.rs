//! Reads of sessions and of who is in them.

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    ids::{SessionId, UserId},
    page::{ActivityKey, Limit, MemberKey, Page},
    session::{Access, Membership, Session},
    store::{SessionReads, StoreError},
};
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use crate::db::{
    SqlStore,
    error::store,
    page::{before, holds, one_more},
    rows::{Cells, access_columns, role, session_columns, user_columns},
};

const ACCESS: &str = concat!(
    "SELECT ",
    access_columns!(),
    " FROM session s LEFT JOIN membership b ON b.session_id = s.id AND b.user_id = $2 WHERE s.id = $1"
);

const LOOK: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", m.role, m.read_seq, s.deleted_at, s.log_floor FROM session s \
      LEFT JOIN membership m ON m.session_id = s.id AND m.user_id = $2 WHERE s.id = $1"
);

/// How many sessions somebody has at most whose list is made of all of them at once.
macro_rules! few {
    () => {
        "500"
    };
}

/// How many of the newest sessions of all are looked at for somebody who has more.
macro_rules! steps {
    () => {
        "1000"
    };
}

/// Somebody's sessions, made of all of them. Materialized, lest the newest of everybody's be walked for a few.
macro_rules! all_of_user {
    ($memberships:expr, $condition:expr) => {
        concat!(
            "WITH owned AS (SELECT count(*) AS number FROM (SELECT 1 FROM membership WHERE user_id = $1 LIMIT 1 + ",
            few!(),
            ") AS counted), mine AS MATERIALIZED (SELECT 0 AS walked, ",
            session_columns!(),
            ", m.role, m.read_seq FROM ",
            $memberships,
            " m JOIN session s ON s.id = m.session_id WHERE m.user_id = $1 AND s.deleted_at IS NULL",
            $condition,
            ") SELECT * FROM (SELECT * FROM mine WHERE (active_at, id) < ($2, $3) \
              ORDER BY active_at DESC, id DESC LIMIT $4) AS a"
        )
    };
}

const OF_USER: &str = all_of_user!("membership", "");

/// The same for somebody who has few. For somebody who has many, walks everybody's sessions from the newest on and picks
/// out theirs, of which mostly enough are among them; the first column says that this was done.
///
/// Two things are for SQLite: it asks how many memberships there are for each that it looks at, so there is a limit to them;
/// and a cross join it begins from the left, where it would otherwise begin from all that somebody is in.
pub(in crate::db) const OF_USER_OR_NEWEST: &str = concat!(
    all_of_user!(
        concat!("(SELECT * FROM membership WHERE user_id = $1 LIMIT 1 + ", few!(), ")"),
        concat!(" AND (SELECT number FROM owned) <= ", few!())
    ),
    " UNION ALL SELECT * FROM (SELECT 1 AS walked, ",
    session_columns!(),
    ", m.role, m.read_seq FROM (SELECT * FROM session \
        WHERE deleted_at IS NULL AND (active_at, id) < ($2, $3) ORDER BY active_at DESC, id DESC LIMIT ",
    steps!(),
    ") s CROSS JOIN membership m WHERE m.session_id = s.id AND m.user_id = $1 AND (SELECT number FROM owned) > ",
    few!(),
    " ORDER BY s.active_at DESC, s.id DESC LIMIT $4) AS b"
);

const PUBLIC: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", m.role, m.read_seq FROM session s LEFT JOIN membership m ON m.session_id = s.id AND m.user_id = $1 \
      WHERE s.visibility = 'public' AND s.deleted_at IS NULL AND (s.active_at, s.id) < ($2, $3) \
      AND s.search_name LIKE $5 ESCAPE '\\' ORDER BY s.active_at DESC, s.id DESC LIMIT $4"
);

pub(in crate::db) const MEMBERS: &str = concat!(
    "SELECT b.role, b.joined_at, ",
    user_columns!(),
    " FROM membership b JOIN app_user u ON u.id = b.user_id \
      WHERE b.session_id = $1 AND (b.joined_at, b.user_id) > ($2, $3) ORDER BY b.joined_at, b.user_id LIMIT $4"
);

#[async_trait]
impl SessionReads for SqlStore {
    async fn access(&self, session: SessionId, user: UserId) -> Result<Option<Access>, StoreError> {
        let row = self.reader().row(ACCESS, [session.0.into(), user.0.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).access()).transpose().map_err(store)
    }

    async fn look(&self, session: SessionId, user: UserId) -> Result<Option<(Session, Access)>, StoreError> {
        let row = self.reader().row(LOOK, [session.0.into(), user.0.into()]).await.map_err(store)?;
        row.as_ref().map(look).transpose().map_err(store)
    }

    async fn sessions_of(
        &self,
        user: UserId,
        after: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError> {
        let [active_at, id] = before(after);
        let values = [user.0.into(), active_at, id, one_more(limit).into()];
        let mut rows = self.reader().rows(OF_USER_OR_NEWEST, values.clone()).await.map_err(store)?;
        let walked = |row: &QueryResult| Cells::new(row).take::<i32>().map(|walked| walked == 1);
        if rows.len() <= limit.get() && rows.first().map_or(Ok(true), walked).map_err(store)? {
            rows = self.reader().rows(OF_USER, values).await.map_err(store)?; // too few are among the newest of all
        }
        page(&rows, 1, limit)
    }

    async fn members(
        &self,
        session: SessionId,
        after: Option<MemberKey>,
        limit: Limit,
    ) -> Result<Page<Membership, MemberKey>, StoreError> {
        let (joined_at, user) = after.map_or((Timestamp::UNIX_EPOCH, Uuid::nil()), |key| (key.joined_at, key.user.0));
        let values = [session.0.into(), joined_at.into(), user.into(), one_more(limit).into()];
        let rows = self.reader().rows(MEMBERS, values).await.map_err(store)?;
        let members = rows
            .iter()
            .map(|row| membership(&mut Cells::new(row), session))
            .collect::<Result<Vec<_>, _>>()
            .map_err(store)?;
        Ok(Page::cut(members, limit, |last| MemberKey { joined_at: last.joined_at, user: last.user.id }))
    }

    async fn public_sessions(
        &self,
        user: UserId,
        query: Option<&str>,
        after: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError> {
        let [active_at, id] = before(after);
        let values = [user.0.into(), active_at, id, one_more(limit).into(), holds(query.unwrap_or("")).into()];
        page(&self.reader().rows(PUBLIC, values).await.map_err(store)?, 0, limit)
    }
}

fn look(row: &QueryResult) -> Result<(Session, Access), DbErr> {
    let mut cells = Cells::new(row);
    let session = cells.seen_session()?;
    let access = Access {
        visibility: session.visibility,
        role: session.role,
        deleted: cells.take::<Option<Timestamp>>()?.is_some(),
        last_position: session.last_position,
        log_floor: cells.take()?,
    };
    Ok((session, access))
}

/// `role, joined_at` of a membership, and its person's [`user_columns`].
pub(in crate::db) fn membership(cells: &mut Cells<'_>, session_id: SessionId) -> Result<Membership, DbErr> {
    let word: String = cells.take()?;
    Ok(Membership { session_id, role: role(&word)?, joined_at: cells.take()?, user: cells.user()? })
}

/// [`Cells::seen_session`] of each row, behind its first columns.
pub(in crate::db) fn page(
    rows: &[QueryResult],
    columns: usize,
    limit: Limit,
) -> Result<Page<Session, ActivityKey>, StoreError> {
    let sessions = rows.iter().map(|row| Cells::after(row, columns).seen_session()).collect::<Result<Vec<_>, _>>();
    let key = |last: &Session| ActivityKey { active_at: last.active_at, id: last.id };
    Ok(Page::cut(sessions.map_err(store)?, limit, key))
}
