//! `PUT /api/sessions/{id}/read`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, message::Messages};
use rondo_wire::{body::MarkRead, view::Problem};

use crate::{
    extract::{Body, CurrentUser, PathId},
    problem::Failure,
};

/// Mark messages as read
///
/// Moves the caller's read marker to a `seq`, never back; one beyond the last message counts as the last one. The room
/// hears `message:read`.
#[utoipa::path(
    put, path = "/api/sessions/{id}/read", tag = "messages", operation_id = "markRead",
    params(("id" = Uuid, Path, description = "Which session")),
    request_body = MarkRead,
    responses(
        (status = 204, description = "Marked"),
        (status = 403, description = "The caller has not joined this public session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.read", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Body(body): Body<MarkRead>,
    messages: Data<Messages>,
) -> Result<HttpResponse, Failure> {
    messages.read(&actor, id, body.try_into()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
