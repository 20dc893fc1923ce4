//! `POST /api/sessions`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    idempotency::StoredAnswer,
    session::{NewSession, Session, Sessions},
};
use rondo_wire::{body::CreateSession, view::SessionView};

use crate::{
    extract::{Body, CurrentUser, Keyed},
    problem::Failure,
    rest::answer,
};

/// Make a session
///
/// Makes a session of which the caller is the owner. It is private unless it says otherwise.
#[utoipa::path(
    post, path = "/api/sessions", tag = "sessions", operation_id = "createSession", request_body = CreateSession,
    responses(
        (status = 201, description = "The new session", body = SessionView,
            headers(("Location" = String, description = "Where the new session is"))),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.create", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Keyed(Body(body), once): Keyed<Body<CreateSession>>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let new = NewSession::try_from(body)?;
    once.run(&actor, created, |guard| sessions.create(&actor, new, guard)).await
}

fn created(session: &Session) -> StoredAnswer {
    answer::created_at(format!("/api/sessions/{}", session.id), &SessionView::from(session))
}
