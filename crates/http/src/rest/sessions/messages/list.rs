//! `GET /api/sessions/{id}/messages`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    SessionId,
    invalid::Reason,
    message::Messages,
    page::{Limit, MessageKey},
};
use rondo_wire::{
    decode_message,
    view::{MessagePageView, Problem},
};
use utoipa::IntoParams;

use crate::{
    extract::{CurrentUser, Noted, Parameters, Params, PathId, Reader},
    problem::Failure,
};

/// Which page of a session's messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct MessagePage {
    /// How many to give.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100, default = 20)]
    limit: Limit,
    /// The `nextCursor` of the page before; left out, the newest messages.
    #[param(rename = "cursor", value_type = Option<String>)]
    key: MessageKey,
    /// The messages after this `seq`, oldest first; a `cursor` of that list goes on from there.
    #[param(rename = "afterSeq", value_type = Option<i64>, minimum = 0)]
    _after_seq: (),
}

impl Parameters for MessagePage {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        let limit = reader.limit(Limit::default(), Limit::parse);
        let cursor = reader.cursor(decode_message);
        let after_seq = reader.place("afterSeq");
        // Whoever pages on from `afterSeq` may leave it standing beside the cursor, which then counts.
        if matches!(cursor, Ok(Some(MessageKey::Before(_)))) && reader.has("afterSeq") {
            return Err(reader.refuse("cursor", Reason::new("conflict", "runs the other way than afterSeq")));
        }
        let after = after_seq?.map(MessageKey::After);
        let key = cursor?.or(after).unwrap_or(MessageKey::Before(None));
        Ok(Self { limit: limit?, key, _after_seq: () })
    }
}

/// List messages
///
/// Newest first with `cursor`, or oldest first after a `seq` with `afterSeq`; `nextCursor` goes on in the same
/// direction. A deleted message keeps its place, with `content: null`.
#[utoipa::path(
    get, path = "/api/sessions/{id}/messages", tag = "messages", operation_id = "listMessages",
    params(("id" = Uuid, Path, description = "Which session"), MessagePage),
    responses(
        (status = 200, description = "A page of messages", body = MessagePageView),
        (status = 403, description = "The caller has not joined this public session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.messages.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Params(page): Params<MessagePage>,
    messages: Data<Messages>,
) -> Result<HttpResponse, Failure> {
    let page = messages.list(&actor, id, page.key, page.limit).await?;
    Ok(HttpResponse::Ok().json(MessagePageView::from(&page)))
}
