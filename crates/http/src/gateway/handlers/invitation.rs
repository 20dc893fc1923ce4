//! Answering invitations.

use rondo_wire::{
    Fault,
    socket::{AnswerInvitation, Declined},
    view::AcceptedView,
};

use crate::gateway::dispatch::{Context, Reply};

/// `invitation:accept`
pub(in crate::gateway) async fn accept(context: &Context<'_>, request: AnswerInvitation) -> Result<Reply, Fault> {
    let accepted = context.gateway.services.invitations.accept(&context.actor, request.try_into()?, None).await?;
    Reply::new(&AcceptedView::from(&accepted))
}

/// `invitation:decline`
pub(in crate::gateway) async fn decline(context: &Context<'_>, request: AnswerInvitation) -> Result<Reply, Fault> {
    let declined = context.gateway.services.invitations.decline(&context.actor, request.try_into()?, None).await?;
    Reply::new(&Declined { invitation: (&declined).into() })
}
