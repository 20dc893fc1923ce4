//! `GET /api/sessions/{id}/invitations`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{InvitationId, SessionId, invitation::Invitations};
use rondo_wire::view::{InvitationPageView, Problem};

use crate::{
    extract::{CurrentUser, Paging, Params, PathId},
    problem::Failure,
};

/// List a session's invitations
///
/// For owners and moderators: those that wait, and those that were answered, taken back or have expired. The newest
/// first.
#[utoipa::path(
    get, path = "/api/sessions/{id}/invitations", tag = "invitations", operation_id = "listSessionInvitations",
    params(("id" = Uuid, Path, description = "Which session"), Paging<InvitationId>),
    responses(
        (status = 200, description = "A page of invitations", body = InvitationPageView),
        (status = 403, description = "Only those who may invite see who is invited", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.invitations", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Params(page): Params<Paging<InvitationId>>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse, Failure> {
    let page = invitations.of_session(&actor, id, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(InvitationPageView::from(&page)))
}
