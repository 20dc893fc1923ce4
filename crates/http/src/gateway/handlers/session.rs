//! Joining and leaving rooms.

use rondo_domain::{SessionId, event::Position};
use rondo_wire::{
    ErrorCode, Fault,
    socket::{JoinRequest, JoinSession, Joined, LeaveSession, Nothing, event_views},
    view::SessionView,
};

use std::sync::Arc;

use crate::{
    gateway::{
        connection::Stay,
        dispatch::{Context, Reply},
    },
    hub::Listener,
};

/// `session:join`: subscribes first, then reads the log, then hands over; the hub holds back what comes meanwhile. A
/// connection that had joined before and is refused hears on as if it had not asked: also of its own end.
pub(in crate::gateway) async fn join(context: &Context<'_>, request: JoinSession) -> Result<Reply, Fault> {
    let JoinRequest { session, after } = request.try_into()?;
    let Context { gateway, connection, socket, actor } = context;
    if !connection.may_join(session) {
        return Err(Fault::new(ErrorCode::Conflict, "This connection has joined 1,000 sessions already."));
    }
    let outlet = Arc::new(gateway.outlet(socket, connection));
    let listener = Listener { seat: connection.seat, user: actor.user, outlet };
    let stopping = |_| Fault::unavailable("the hub is stopping");
    gateway.hub.attach(session, listener).await.map_err(stopping)?;
    match snapshot(context, session, after).await {
        Ok((reply, Some(position))) => Ok(reply.then_live(session, position)),
        Ok((reply, None)) => {
            abandon(context, session).await;
            Ok(reply)
        }
        Err(fault) => {
            let goes_on = gateway.hub.go_back(session, connection.seat).await.unwrap_or(false);
            // Nobody else takes the seat of a connection that was closed meanwhile.
            if !goes_on || !connection.has_joined(session) {
                abandon(context, session).await;
            }
            Err(fault)
        }
    }
}

/// `session:leave`: the room is left at once; without effect where it was not joined.
pub(in crate::gateway) async fn leave(context: &Context<'_>, request: LeaveSession) -> Result<Reply, Fault> {
    let session = request.try_into()?;
    if context.connection.has_joined(session) {
        context.gateway.stop_typing(session, context.actor.user);
    }
    abandon(context, session).await;
    Reply::new(&Nothing {})
}

/// Takes the seat away, and ends the stay.
async fn abandon(context: &Context<'_>, session: SessionId) {
    let Context { gateway, connection, .. } = context;
    let stay = connection.left(session);
    let _stopping = gateway.hub.detach(session, connection.seat).await;
    if let Some(stay) = stay {
        gateway.end_stay(session, stay).await;
    }
}

/// The acknowledgement, and from where on the connection hears live events: not at all when the session has ended.
async fn snapshot(
    context: &Context<'_>,
    session: SessionId,
    after: Option<Position>,
) -> Result<(Reply, Option<Position>), Fault> {
    let Context { gateway, actor, .. } = context;
    let snapshot = gateway.services.sessions.snapshot(actor, session, after).await?;
    if !snapshot.ended {
        stay(context, session).await?;
    }
    let roll = gateway.rolls.call(&gateway.services.presences, session).await?;
    let reply = Reply::new(&Joined {
        session: SessionView::from(&snapshot.session),
        presence: &roll.people,
        presence_count: roll.count,
        position: snapshot.position,
        recovered: snapshot.recovered,
        events: event_views(&snapshot.events),
        more: snapshot.more,
    })?;
    Ok((reply, (!snapshot.ended).then_some(snapshot.position)))
}

/// Begins a stay in the session, where none goes on.
async fn stay(context: &Context<'_>, session: SessionId) -> Result<(), Fault> {
    let Context { gateway, connection, actor, .. } = context;
    let stay = gateway.next_seat();
    match connection.joined(session, stay) {
        Stay::Began => gateway.services.presences.enter(actor, session, stay, connection.seat).await?,
        Stay::GoesOn => {}
        Stay::Closed => return Err(Fault::new(ErrorCode::Unavailable, "The connection is closing.")),
    }
    Ok(())
}
