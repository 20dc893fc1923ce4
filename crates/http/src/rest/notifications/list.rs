//! `GET /api/notifications`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{NotificationId, notification::Notifications};
use rondo_wire::view::NotificationPageView;
use utoipa::IntoParams;

use crate::{
    extract::{CurrentUser, Noted, Paging, Parameters, Params, Reader},
    problem::Failure,
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
) -> Result<HttpResponse, Failure> {
    let page = notifications.list(&actor, filter.unread, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(NotificationPageView::from(&page)))
}
