//! `DELETE /api/sessions/{id}/messages/{messageId}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{MessageId, SessionId, message::Messages};
use rondo_wire::view::Problem;

use crate::{
    extract::{CurrentUser, PathIds},
    problem::Failure,
};

/// Delete a message
///
/// For its author, moderators and owners. A tombstone keeps its `seq`, with `content: null`; the content leaves the
/// events that are kept, too. The session's members hear `message:delete`.
#[utoipa::path(
    delete, path = "/api/sessions/{id}/messages/{messageId}", tag = "messages", operation_id = "deleteMessage",
    params(
        ("id" = Uuid, Path, description = "Which session"),
        ("messageId" = Uuid, Path, description = "Which message"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "The caller's role does not allow it, or they have not joined", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.messages.delete", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathIds(session, id): PathIds<SessionId, MessageId>,
    messages: Data<Messages>,
) -> Result<HttpResponse, Failure> {
    messages.delete(&actor, (session, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
