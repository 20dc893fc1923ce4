//! `PATCH /api/users/me`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::{Accounts, ProfileChange, User};
use rondo_wire::{body::UpdateMe, view::UserView};

use crate::{
    extract::{Body, CurrentUser, Keyed},
    problem::Failure,
    rest::answer,
};

/// Change one's profile
///
/// What is left out stays as it is; `null` empties a field.
#[utoipa::path(
    patch, path = "/api/users/me", tag = "users", operation_id = "updateMe", request_body = UpdateMe,
    responses((status = 200, description = "Oneself, changed", body = UserView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.users.me.update", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Keyed(Body(body), once): Keyed<Body<UpdateMe>>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Failure> {
    let change = ProfileChange::try_from(body)?;
    let changed = |user: &User| answer::ok(&UserView::own(user));
    once.run(&actor, changed, |guard| accounts.update_me(&actor, change, guard)).await
}
