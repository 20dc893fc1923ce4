//! `POST /api/invitations/{id}/decline`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    InvitationId,
    invitation::{Invitation, Invitations},
};
use rondo_wire::view::{InvitationView, Problem};

use crate::{
    extract::{CurrentUser, Keyed, NoBody, PathId},
    problem::Failure,
    rest::answer,
};

/// Decline an invitation
///
/// The inviter is notified.
#[utoipa::path(
    post, path = "/api/invitations/{id}/decline", tag = "invitations", operation_id = "declineInvitation",
    params(("id" = Uuid, Path, description = "Which invitation")),
    responses(
        (status = 200, description = "The invitation, declined", body = InvitationView),
        (status = 409, description = "It does not wait for an answer any more", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.invitations.decline", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<InvitationId>,
    Keyed(NoBody, once): Keyed<NoBody>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse, Failure> {
    let declined = |invitation: &Invitation| answer::ok(&InvitationView::from(invitation));
    once.run(&actor, declined, |guard| invitations.decline(&actor, id, guard)).await
}
