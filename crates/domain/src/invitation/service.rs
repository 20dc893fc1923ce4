//! Inviting, answering, and taking back.

use std::{sync::Arc, time::Duration};

use super::{Invitation, InvitationError, Invite, Status};
use crate::{
    account::{Actor, User},
    clock::Clock,
    event::{PersonalEvent, SessionEvent},
    idempotency::Guard,
    ids::{InvitationId, SessionId},
    invalid::Invalid,
    notification::{Notice, Notification, Who},
    page::{Limit, Page},
    policy::{Action, allows},
    session::{Membership, SessionError, admitted, require},
    store::{Store, UnitOfWork},
};

/// What accepting gives.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The invitation, accepted.
    pub invitation: Invitation,
    /// The membership that came of it.
    pub membership: Membership,
}

/// How invitations are handled.
#[derive(Clone, Copy, Debug)]
pub struct InvitationSettings {
    /// How long an invitation waits.
    pub ttl: Duration,
    /// Whether addresses without an account may be invited.
    pub unknown: bool,
}

/// The invitations.
pub struct Invitations {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: InvitationSettings,
}

impl Invitations {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: InvitationSettings) -> Self {
        Self { store, clock, settings }
    }

    /// Invites an address into a session. It need not have an account: then the invitation waits for it.
    ///
    /// # Errors
    /// [`InvitationError::Session`], [`InvitationError::Member`], [`InvitationError::Invited`], and on `email` where
    /// unknown addresses may not be invited.
    pub async fn invite(
        &self,
        actor: &Actor,
        invite: Invite,
        guard: Option<Guard<Invitation>>,
    ) -> Result<Invitation, InvitationError> {
        let Invite { session: id, email, role } = invite;
        let now = self.clock.now();
        let inviter = self.store.person(actor).await?;
        let guest = self.store.credentials(email.as_str()).await?.map(|(user, _)| user);
        let mut tx = self.store.begin().await?;
        let session = tx.lock_session(id).await?.ok_or(SessionError::Unknown)?;
        require(session.visibility, tx.role(id, actor.user).await?, Action::Invite(role))?;
        if guest.is_none() && !self.settings.unknown {
            return Err(Invalid::field("email", "unknown_account", "has no account here").into());
        }
        if let Some(user) = &guest
            && tx.role(id, user.id).await?.is_some()
        {
            return Err(InvitationError::Member);
        }
        if let Some(waiting) = tx.pending_invitation(id, email.as_str()).await? {
            match waiting.at(now) {
                expired if expired.status == Status::Expired => tx.settle_invitation(&expired, now).await?,
                _ => return Err(InvitationError::Invited),
            }
        }
        let invitation = Invitation {
            id: InvitationId::generate(),
            session_id: id,
            session_name: session.name,
            inviter,
            email: email.as_str().to_owned(),
            role,
            status: Status::Pending,
            expires_at: now + self.settings.ttl,
            created_at: now,
        };
        tx.insert_invitation(&invitation).await?;
        if let Some(user) = guest {
            tell_invited(&mut *tx, &user, &invitation, now).await?;
        }
        tx.remember(guard.map(|guard| guard.memo(&invitation))).await?;
        tx.commit().await?;
        Ok(invitation)
    }

    /// The actor's pending invitations, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn mine(
        &self,
        actor: &Actor,
        after: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, InvitationError> {
        let me = self.store.person(actor).await?;
        Ok(self.store.invitations_for(&me.email, self.clock.now(), after, limit).await?)
    }

    /// A session's invitations, the newest first, for those who may invite.
    ///
    /// # Errors
    /// [`InvitationError::Session`].
    pub async fn of_session(
        &self,
        actor: &Actor,
        session: SessionId,
        after: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, InvitationError> {
        admitted(&*self.store, actor, session, Action::ReadInvitations).await?;
        let mut page = self.store.invitations_of(session, after, limit).await?;
        let now = self.clock.now();
        page.items = page.items.into_iter().map(|invitation| invitation.at(now)).collect();
        Ok(page)
    }

    /// Accepts an invitation: the actor is a member by it. Whoever is in already gets the higher of the two roles.
    ///
    /// # Errors
    /// [`InvitationError::Unknown`] for anybody else's, [`InvitationError::Settled`], or the store's.
    pub async fn accept(
        &self,
        actor: &Actor,
        id: InvitationId,
        guard: Option<Guard<Accepted>>,
    ) -> Result<Accepted, InvitationError> {
        let now = self.clock.now();
        let me = self.store.person(actor).await?;
        let (mut tx, invitation) = self.lock(id).await?;
        let invitation = for_me(invitation, &me)?.settle(Status::Accepted, now)?;
        let session = tx.lock_session(invitation.session_id).await?.ok_or(InvitationError::Unknown)?;
        let role = match tx.role(session.id, me.id).await? {
            None => invitation.role,
            Some(present) if invitation.role.outranks(present) => invitation.role,
            Some(present) => present,
        };
        let membership = if let Some(membership) = tx.membership(session.id, me.id).await? {
            tx.set_role(session.id, me.id, role).await?;
            Membership { role, ..membership }
        } else {
            let membership = Membership { session_id: session.id, user: me.clone(), role, joined_at: now };
            tx.insert_member(&membership, session.last_seq).await?;
            membership
        };
        tx.settle_invitation(&invitation, now).await?;
        let accepted = Accepted { invitation: invitation.clone(), membership: membership.clone() };
        let mut also = tx.owners(session.id).await?;
        let inviter = invitation.inviter.id;
        // Whoever invited and was removed since hears no more of the session.
        if !also.contains(&inviter) && tx.role(session.id, inviter).await?.is_some() {
            also.push(inviter);
        }
        also.retain(|user| *user != me.id);
        let event = SessionEvent::InvitationAccepted { invitation, membership };
        tx.append_for(&event, &also).await?;
        let notice = Notice::InvitationAccepted { invitation: (&accepted.invitation).into(), by: Who::from(&me), role };
        tell_inviter(&mut *tx, &accepted.invitation, notice, now).await?;
        tx.remember(guard.map(|guard| guard.memo(&accepted))).await?;
        tx.commit().await?;
        Ok(accepted)
    }

    /// Declines an invitation.
    ///
    /// # Errors
    /// [`InvitationError::Unknown`] for anybody else's, [`InvitationError::Settled`], or the store's.
    pub async fn decline(
        &self,
        actor: &Actor,
        id: InvitationId,
        guard: Option<Guard<Invitation>>,
    ) -> Result<Invitation, InvitationError> {
        let now = self.clock.now();
        let me = self.store.person(actor).await?;
        let (mut tx, invitation) = self.lock(id).await?;
        let declined = for_me(invitation, &me)?.settle(Status::Declined, now)?;
        tx.settle_invitation(&declined, now).await?;
        let notice = Notice::InvitationDeclined { invitation: (&declined).into(), by: Who::from(&me) };
        tell_inviter(&mut *tx, &declined, notice, now).await?;
        tx.remember(guard.map(|guard| guard.memo(&declined))).await?;
        tx.commit().await?;
        Ok(declined)
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`InvitationError::Unknown`] for outsiders, [`InvitationError::Session`] for too low a role,
    /// [`InvitationError::Settled`], or the store's.
    pub async fn revoke(&self, actor: &Actor, id: InvitationId) -> Result<(), InvitationError> {
        let now = self.clock.now();
        let me = self.store.person(actor).await?;
        let (mut tx, invitation) = self.lock(id).await?;
        match tx.role(invitation.session_id, actor.user).await? {
            Some(role) if allows(role, Action::Invite(invitation.role)) => {}
            Some(role) if allows(role, Action::ReadInvitations) || invitation.email == me.email => {
                return Err(SessionError::Forbidden(role).into());
            }
            None if invitation.email == me.email => return Err(SessionError::NotMember.into()),
            Some(_) | None => return Err(InvitationError::Unknown),
        }
        let revoked = invitation.settle(Status::Revoked, now)?;
        tx.settle_invitation(&revoked, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Begins a transaction with the invitation's session locked, then reads the invitation afresh: whoever settles it
    /// first has it.
    async fn lock(&self, id: InvitationId) -> Result<(Box<dyn UnitOfWork>, Invitation), InvitationError> {
        let found = self.store.invitation(id).await?.ok_or(InvitationError::Unknown)?;
        let mut tx = self.store.begin().await?;
        tx.lock_session(found.session_id).await?.ok_or(InvitationError::Unknown)?;
        let invitation = tx.locked_invitation(id).await?.ok_or(InvitationError::Unknown)?;
        Ok((tx, invitation))
    }
}

/// Tells an account that it is invited.
pub(crate) async fn tell_invited(
    tx: &mut dyn UnitOfWork,
    user: &User,
    invitation: &Invitation,
    now: crate::Timestamp,
) -> Result<(), crate::store::StoreError> {
    let notice = Notice::Invitation(invitation.into());
    tx.notify(&[Notification::new(user.id, notice, now)]).await?;
    tx.tell(user.id, PersonalEvent::InvitationCreated(invitation.clone()));
    Ok(())
}

async fn tell_inviter(
    tx: &mut dyn UnitOfWork,
    invitation: &Invitation,
    notice: Notice,
    now: crate::Timestamp,
) -> Result<(), InvitationError> {
    Ok(tx.notify(&[Notification::new(invitation.inviter.id, notice, now)]).await?)
}

fn for_me(invitation: Invitation, me: &User) -> Result<Invitation, InvitationError> {
    if invitation.email == me.email { Ok(invitation) } else { Err(InvitationError::Unknown) }
}
