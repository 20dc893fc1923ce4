//! Invitations, each with its session's name and its inviter.

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    ids::{InvitationId, SessionId},
    invitation::{Invitation, Status},
    page::{Limit, Page},
    store::{InvitationReads, InvitationWrites, StoreError},
};
use sea_orm::{DbErr, QueryResult};

use super::{
    SqlStore,
    error::{corrupt, store},
    page::{below, one_more},
    rows::{Cells, role, user_columns},
    unit::SqlUnitOfWork,
};

/// The columns of an invitation, its session and its inviter, and where they come from.
macro_rules! invitation_columns {
    () => {
        concat!(
            "i.id, i.session_id, s.name, i.email, i.role, i.status, i.expires_at, i.created_at, ",
            user_columns!(),
            " FROM invitation i JOIN session s ON s.id = i.session_id JOIN app_user u ON u.id = i.inviter_id"
        )
    };
}
pub(super) use invitation_columns;

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", invitation_columns!(), " WHERE ", $rest)
    };
}

const ONE: &str = select!("i.id = $1");

const OF_ADDRESS: &str = select!(
    "i.email = $1 AND i.status = 'pending' AND i.expires_at > $2 AND s.deleted_at IS NULL AND i.id < $3 \
     ORDER BY i.id DESC LIMIT $4"
);

const OF_SESSION: &str = select!("i.session_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3");

const PENDING: &str = select!("i.session_id = $1 AND i.email = $2 AND i.status = 'pending'");

const INSERT: &str = "\
    INSERT INTO invitation (id, session_id, inviter_id, email, role, status, expires_at, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const SETTLE: &str = "UPDATE invitation SET status = $2, settled_at = $3 WHERE id = $1";

/// How many invitations somebody who registers is told of at most.
const WAITING_MAX: i64 = 100;

#[async_trait]
impl InvitationReads for SqlStore {
    async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let row = self.reader().row(ONE, [id.0.into()]).await.map_err(store)?;
        row.as_ref().map(invitation).transpose().map_err(store)
    }

    async fn invitations_for(
        &self,
        email: &str,
        now: Timestamp,
        after: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError> {
        let values = [email.into(), now.into(), below(after.map(|id| id.0)), one_more(limit).into()];
        page(self.reader().rows(OF_ADDRESS, values).await, limit)
    }

    async fn invitations_of(
        &self,
        session: SessionId,
        after: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError> {
        let values = [session.0.into(), below(after.map(|id| id.0)), one_more(limit).into()];
        page(self.reader().rows(OF_SESSION, values).await, limit)
    }
}

#[async_trait]
impl InvitationWrites for SqlUnitOfWork {
    async fn locked_invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let row = self.txn.row(ONE, [id.0.into()]).await.map_err(store)?;
        row.as_ref().map(invitation).transpose().map_err(store)
    }

    async fn pending_invitation(&mut self, session: SessionId, email: &str) -> Result<Option<Invitation>, StoreError> {
        let row = self.txn.row(PENDING, [session.0.into(), email.into()]).await.map_err(store)?;
        row.as_ref().map(invitation).transpose().map_err(store)
    }

    async fn pending_invitations(&mut self, email: &str, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        let values = [email.into(), now.into(), below(None), WAITING_MAX.into()];
        let rows = self.txn.rows(OF_ADDRESS, values).await.map_err(store)?;
        // Of many the newest are taken, and told of in the order in which they were made.
        rows.iter().rev().map(invitation).collect::<Result<_, _>>().map_err(store)
    }

    async fn insert_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let values = [
            invitation.id.0.into(),
            invitation.session_id.0.into(),
            invitation.inviter.id.0.into(),
            invitation.email.as_str().into(),
            invitation.role.as_str().into(),
            invitation.status.as_str().into(),
            invitation.expires_at.into(),
            invitation.created_at.into(),
        ];
        self.txn.run(INSERT, values).await.map_err(store)?;
        Ok(())
    }

    async fn settle_invitation(&mut self, invitation: &Invitation, at: Timestamp) -> Result<(), StoreError> {
        let values = [invitation.id.0.into(), invitation.status.as_str().into(), at.into()];
        match self.txn.run(SETTLE, values).await.map_err(store)? {
            0 => Err(StoreError::corrupt("an unknown invitation was settled")),
            _ => Ok(()),
        }
    }
}

pub(super) fn page(
    rows: Result<Vec<QueryResult>, DbErr>,
    limit: Limit,
) -> Result<Page<Invitation, InvitationId>, StoreError> {
    let rows = rows.map_err(store)?;
    let invitations = rows.iter().map(invitation).collect::<Result<Vec<_>, _>>().map_err(store)?;
    Ok(Page::cut(invitations, limit, |last| last.id))
}

fn invitation(row: &QueryResult) -> Result<Invitation, DbErr> {
    next_invitation(&mut Cells::new(row))
}

/// The columns of an invitation, in the order in which they are always selected.
pub(super) fn next_invitation(cells: &mut Cells<'_>) -> Result<Invitation, DbErr> {
    Ok(Invitation {
        id: InvitationId(cells.take()?),
        session_id: SessionId(cells.take()?),
        session_name: cells.take()?,
        email: cells.take()?,
        role: role(&cells.take::<String>()?)?,
        status: status(&cells.take::<String>()?)?,
        expires_at: cells.take()?,
        created_at: cells.take()?,
        inviter: cells.user()?,
    })
}

fn status(word: &str) -> Result<Status, DbErr> {
    Status::parse(word).ok_or_else(|| corrupt(format!("no status of an invitation: {word}")))
}
