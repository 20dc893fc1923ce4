//! `GET /api/users`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::{Accounts, NameKey};
use rondo_wire::view::UserPageView;
use utoipa::IntoParams;

use crate::{
    extract::{CurrentUser, Noted, Paging, Parameters, Params, Reader},
    problem::Failure,
};

/// Whom to look for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct Search {
    /// A part of the name, without case, or a whole e-mail address; left out, everybody.
    #[param(value_type = Option<String>, max_length = 254)]
    query: Option<String>,
}

impl Parameters for Search {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        Ok(Self { query: reader.text("query", 254)? })
    }
}

/// Find people
///
/// By a part of their name, without case, or by their whole e-mail address; by name. Addresses are not shown.
#[utoipa::path(
    get, path = "/api/users", tag = "users", operation_id = "listUsers",
    params(Search, Paging<NameKey>),
    responses(
        (status = 200, description = "A page of people", body = UserPageView),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.users.list", skip_all)]
pub(crate) async fn handle(
    _: CurrentUser,
    Params((search, page)): Params<(Search, Paging<NameKey>)>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Failure> {
    let page = accounts.search(search.query.as_deref(), page.after.as_ref(), page.limit).await?;
    Ok(HttpResponse::Ok().json(UserPageView::from(&page)))
}
