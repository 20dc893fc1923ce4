//! What can be changed: one mutation for each operation of the other surfaces, under the same rights and limits.

mod account;
mod input;
mod invitation;
mod member;
mod message;
mod notification;
mod session;

use async_graphql::MergedObject;

/// What can be changed. Each mutation takes one `input`. A request that is named by an `Idempotency-Key` holds one
/// mutation, and has effect once. A mutation that is refused is `null`, and `errors` tell why.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(
    account::AccountMutation,
    session::SessionMutation,
    member::MemberMutation,
    message::MessageMutation,
    invitation::InvitationMutation,
    notification::NotificationMutation,
);
