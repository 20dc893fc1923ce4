//! `PATCH /api/sessions/{id}/members/{userId}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    SessionId, UserId,
    policy::Role,
    session::{Members, Membership},
};
use rondo_wire::{
    body::ChangeRole,
    view::{MembershipView, Problem},
};

use crate::{
    extract::{Body, CurrentUser, Keyed, PathIds},
    problem::Failure,
    rest::answer,
};

/// Give a member another role
///
/// For owners, who hand ownership on in this way too: there may be several. The members hear `member:update`, and the
/// person is notified.
#[utoipa::path(
    patch, path = "/api/sessions/{id}/members/{userId}", tag = "members", operation_id = "updateMember",
    params(
        ("id" = Uuid, Path, description = "Which session"),
        ("userId" = Uuid, Path, description = "Which member"),
    ),
    request_body = ChangeRole,
    responses(
        (status = 200, description = "The membership, changed", body = MembershipView),
        (status = 403, description = "Only owners change roles", body = Problem),
        (status = 409, description = "The last owner stays one", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.members.update", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathIds(id, user): PathIds<SessionId, UserId>,
    Keyed(Body(body), once): Keyed<Body<ChangeRole>>,
    members: Data<Members>,
) -> Result<HttpResponse, Failure> {
    let role = Role::try_from(body)?;
    let changed = |membership: &Membership| answer::ok(&MembershipView::from(membership));
    once.run(&actor, changed, |guard| members.change_role(&actor, id, user, role, guard)).await
}
