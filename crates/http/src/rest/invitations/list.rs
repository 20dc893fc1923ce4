//! `GET /api/invitations`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{InvitationId, invitation::Invitations};
use rondo_wire::view::InvitationPageView;

use crate::{
    extract::{CurrentUser, Paging, Params},
    problem::Failure,
};

/// List one's invitations
///
/// Those that wait for the caller's answer, the newest first.
#[utoipa::path(
    get, path = "/api/invitations", tag = "invitations", operation_id = "listInvitations",
    params(Paging<InvitationId>),
    responses(
        (status = 200, description = "A page of invitations", body = InvitationPageView),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.invitations.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Params(page): Params<Paging<InvitationId>>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse, Failure> {
    let page = invitations.mine(&actor, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(InvitationPageView::from(&page)))
}
