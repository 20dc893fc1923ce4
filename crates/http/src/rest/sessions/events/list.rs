//! `GET /api/sessions/{id}/events`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, event::Position, page::Limit, session::Sessions};
use rondo_wire::view::{EventPageView, Problem};
use utoipa::IntoParams;

use crate::{
    extract::{CurrentUser, Noted, Parameters, Params, PathId, Reader},
    problem::Failure,
};

/// Which page of a session's log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct EventPage {
    /// The position that the client has seen; what came after it is given.
    #[param(value_type = Option<i64>, minimum = 0, default = 0)]
    after: Position,
    /// How many to give.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 100)]
    limit: Limit,
}

impl Parameters for EventPage {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        let after = reader.place("after");
        let limit = reader.limit(Limit::EVENTS_DEFAULT, Limit::parse_events);
        Ok(Self { after: after?.unwrap_or(0), limit: limit? })
    }
}

/// Catch up on a session
///
/// The durable events after a position, oldest first. With `more`, ask again at once with `after` set to `position`.
/// With `recovered: false` the log does not reach back that far: read the session and its messages afresh, and go on
/// from `position`.
#[utoipa::path(
    get, path = "/api/sessions/{id}/events", tag = "events", operation_id = "listEvents",
    params(("id" = Uuid, Path, description = "Which session"), EventPage),
    responses(
        (status = 200, description = "A page of the log", body = EventPageView),
        (status = 403, description = "The caller has not joined this public session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.events.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Params(page): Params<EventPage>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let page = sessions.events(&actor, id, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(EventPageView::from(&page)))
}
