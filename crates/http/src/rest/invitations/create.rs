//! `POST /api/invitations`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    idempotency::StoredAnswer,
    invitation::{Invitation, Invitations, Invite},
};
use rondo_wire::{
    body::CreateInvitation,
    view::{InvitationView, Problem},
};

use crate::{
    extract::{Body, CurrentUser, Keyed},
    problem::Failure,
    rest::answer,
};

/// Invite somebody
///
/// Offers an address a seat in a session. It need not have an account: then the invitation waits for whoever registers
/// it. Owners invite as `moderator`, `member` or `viewer`, moderators as `member` or `viewer`. Who is invited hears
/// `invitation:create` and is notified.
#[utoipa::path(
    post, path = "/api/invitations", tag = "invitations", operation_id = "createInvitation",
    request_body = CreateInvitation,
    responses(
        (status = 201, description = "The new invitation", body = InvitationView,
            headers(("Location" = String, description = "Where the new invitation is"))),
        (status = 403, description = "The caller's role does not allow it, or they have not joined", body = Problem),
        (status = 404, description = "There is no such session, or the caller may not know of it", body = Problem),
        (status = 409, description = "They are a member already, or the address is invited already", body = Problem),
        (status = 422, body = Problem,
            description = "A field that breaks a rule; with `INVITE_UNKNOWN=off` also an `email` without an account"),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.invitations.create", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Keyed(Body(body), once): Keyed<Body<CreateInvitation>>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse, Failure> {
    let invite = Invite::try_from(body)?;
    once.run(&actor, created, |guard| invitations.invite(&actor, invite, guard)).await
}

fn created(invitation: &Invitation) -> StoredAnswer {
    answer::created_at(format!("/api/invitations/{}", invitation.id), &InvitationView::from(invitation))
}
