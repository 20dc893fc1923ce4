//! `PATCH /api/sessions/{id}/messages/{messageId}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    MessageId, SessionId,
    message::{Content, Message, Messages},
};
use rondo_wire::{
    body::UpdateMessage,
    view::{MessageView, Problem},
};

use crate::{
    extract::{Body, CurrentUser, Keyed, PathIds},
    problem::Failure,
    rest::answer,
};

/// Edit a message
///
/// For its author alone. The session's members hear `message:update`; the same text again is without effect.
#[utoipa::path(
    patch, path = "/api/sessions/{id}/messages/{messageId}", tag = "messages", operation_id = "updateMessage",
    params(
        ("id" = Uuid, Path, description = "Which session"),
        ("messageId" = Uuid, Path, description = "Which message"),
    ),
    request_body = UpdateMessage,
    responses(
        (status = 200, description = "The message, edited", body = MessageView),
        (status = 403, description = "The caller is not its author, or may not write (any more)", body = Problem),
        (status = 409, description = "The message was deleted", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.messages.update", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathIds(session, id): PathIds<SessionId, MessageId>,
    Keyed(Body(body), once): Keyed<Body<UpdateMessage>>,
    messages: Data<Messages>,
) -> Result<HttpResponse, Failure> {
    let content = Content::try_from(body)?;
    let edited = |message: &Message| answer::ok(&MessageView::from(message));
    once.run(&actor, edited, |guard| messages.edit(&actor, (session, id), content, guard)).await
}
