//! `POST /api/invitations/{id}/accept`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    InvitationId,
    invitation::{Accepted, Invitations},
};
use rondo_wire::view::{AcceptedView, Problem};

use crate::{
    extract::{CurrentUser, Keyed, NoBody, PathId},
    problem::Failure,
    rest::answer,
};

/// Accept an invitation
///
/// Makes the caller a member; who is one already gets the higher of the two roles. The members, the owners and the
/// inviter hear `invitation:accept`, and the inviter is notified.
#[utoipa::path(
    post, path = "/api/invitations/{id}/accept", tag = "invitations", operation_id = "acceptInvitation",
    params(("id" = Uuid, Path, description = "Which invitation")),
    responses(
        (status = 200, description = "The invitation, and the membership that came of it", body = AcceptedView),
        (status = 409, description = "It does not wait for an answer any more", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.invitations.accept", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<InvitationId>,
    Keyed(NoBody, once): Keyed<NoBody>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse, Failure> {
    let accepted = |accepted: &Accepted| answer::ok(&AcceptedView::from(accepted));
    once.run(&actor, accepted, |guard| invitations.accept(&actor, id, guard)).await
}
