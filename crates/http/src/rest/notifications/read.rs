//! `POST /api/notifications/{id}/read`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{NotificationId, notification::Notifications};

use crate::{
    extract::{CurrentUser, Keyed, NoBody, PathId},
    problem::Failure,
    rest::answer,
};

/// Mark a notification as read
///
/// Without effect when it is.
#[utoipa::path(
    post, path = "/api/notifications/{id}/read", tag = "notifications", operation_id = "readNotification",
    params(("id" = Uuid, Path, description = "Which notification")),
    responses(
        (status = 204, description = "Marked"),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.notifications.read", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<NotificationId>,
    Keyed(NoBody, once): Keyed<NoBody>,
    notifications: Data<Notifications>,
) -> Result<HttpResponse, Failure> {
    once.run(&actor, |()| answer::no_content(), |guard| notifications.read(&actor, id, guard)).await
}
