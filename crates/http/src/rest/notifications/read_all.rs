//! `POST /api/notifications/read-all`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::notification::Notifications;

use crate::{
    extract::{CurrentUser, Keyed, NoBody},
    problem::Failure,
    rest::answer,
};

/// Mark all notifications as read
///
/// All that the caller has at this moment.
#[utoipa::path(
    post, path = "/api/notifications/read-all", tag = "notifications", operation_id = "readAllNotifications",
    responses(
        (status = 204, description = "Marked"),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.notifications.read_all", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Keyed(NoBody, once): Keyed<NoBody>,
    notifications: Data<Notifications>,
) -> Result<HttpResponse, Failure> {
    once.run(&actor, |()| answer::no_content(), |guard| notifications.read_all(&actor, guard)).await
}
