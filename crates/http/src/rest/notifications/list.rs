//! `GET /api/notifications`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    NotificationId,
    notification::{NotificationError, Notifications},
};
use rondo_wire::view::NotificationPageView;
use utoipa::IntoParams;

use crate::{
    cache::{Answers, Asked},
    extract::{CurrentUser, Noted, Paging, Parameters, Params, Reader},
    problem::Failure,
    rest::answer,
};

/// Which notifications.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct Filter {
    /// Whether those that were read are left out.
    #[param(value_type = Option<bool>, default = false)]
    unread: bool,
}

impl Parameters for Filter {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        Ok(Self { unread: reader.flag("unread")? })
    }
}

/// List one's notifications
///
/// The newest first, with how many are unread altogether.
#[utoipa::path(
    get, path = "/api/notifications", tag = "notifications", operation_id = "listNotifications",
    params(Filter, Paging<NotificationId>),
    responses(
        (status = 200, description = "A page of notifications", body = NotificationPageView),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.notifications.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Params((filter, page)): Params<(Filter, Paging<NotificationId>)>,
    notifications: Data<Notifications>,
    answers: Data<Answers>,
) -> Result<HttpResponse, Failure> {
    let (Filter { unread }, Paging { limit, after }) = (filter, page);
    if after.is_some() {
        let page = notifications.list(&actor, unread, after, limit).await?;
        return Ok(HttpResponse::Ok().json(NotificationPageView::from(&page)));
    }
    let notifications = notifications.into_inner();
    let first = move || async move {
        let page = notifications.list(&actor, unread, None, limit).await?;
        Ok::<_, NotificationError>(answer::json(&NotificationPageView::from(&page)))
    };
    answers.serve(Asked::notifications(actor.user, unread, limit), first).await
}
