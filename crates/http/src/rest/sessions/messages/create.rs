//! `POST /api/sessions/{id}/messages`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, idempotency::StoredAnswer, invalid::Check, message::Messages, store::Posted};
use rondo_wire::{
    body::CreateMessage,
    view::{MessageView, Problem},
};

use crate::{
    extract::{Body, CurrentUser, Keyed, PathId},
    problem::Failure,
    rest::answer,
};

/// Post a message
///
/// Answers once the message is durable; its session's members hear `message:create`. A `clientMessageId` that the
/// caller used in this session before gives the first message again, and has no other effect.
#[utoipa::path(
    post, path = "/api/sessions/{id}/messages", tag = "messages", operation_id = "createMessage",
    params(("id" = Uuid, Path, description = "Which session")), request_body = CreateMessage,
    responses(
        (status = 201, description = "The new message", body = MessageView),
        (status = 200, description = "The first message of this `clientMessageId`", body = MessageView),
        (status = 403, description = "The caller's role does not allow it, or they have not joined", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.messages.create", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Keyed(Body(body), once): Keyed<Body<CreateMessage>>,
    messages: Data<Messages>,
) -> Result<HttpResponse, Failure> {
    let post = body.check(Some(id), Check::default())?;
    once.run(&actor, posted, |guard| messages.post(&actor, post, guard)).await
}

fn posted(posted: &Posted) -> StoredAnswer {
    let message = MessageView::from(&posted.message);
    if posted.repeated { answer::ok(&message) } else { answer::created(&message) }
}
