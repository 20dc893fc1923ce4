//! `DELETE /api/invitations/{id}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{InvitationId, invitation::Invitations};
use rondo_wire::view::Problem;

use crate::{
    extract::{CurrentUser, PathId},
    problem::Failure,
};

/// Take an invitation back
///
/// For those who may invite into its role, whoever sent it.
#[utoipa::path(
    delete, path = "/api/invitations/{id}", tag = "invitations", operation_id = "revokeInvitation",
    params(("id" = Uuid, Path, description = "Which invitation")),
    responses(
        (status = 204, description = "Taken back"),
        (status = 403, description = "The caller's role does not allow it, or they are who is invited", body = Problem),
        (status = 409, description = "It does not wait for an answer any more", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.invitations.delete", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<InvitationId>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse, Failure> {
    invitations.revoke(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
