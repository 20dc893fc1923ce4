//! Effect once for mutations that their client names with an `Idempotency-Key`: the names are those of REST, and what is
//! remembered is what REST would answer.

use std::sync::Arc;

use async_graphql::Context;
use aws_lc_rs::digest::{SHA256, digest};
use rondo_domain::{
    account::{Actor, User as Person},
    idempotency::{Asked, Done, Fingerprint, Guard, StoredAnswer},
    invitation::{Accepted, Invitation as Invited},
    message::Message as Written,
    session::{Membership as Seat, Session as Room},
    store::Posted,
};
use rondo_wire::{
    Fault,
    view::{AcceptedView, InvitationView, MembershipView, MessageView, SessionView, UserView},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    fault::Outcome,
    object::{AcceptedInvitation, Invitation, Membership, Message, Session, User},
    visit::Visit,
};

/// An outcome that can be given again.
pub(crate) trait Retold: Send + Sync + 'static {
    /// What a mutation gives.
    type Node;

    /// As it is given now.
    fn node(&self) -> Self::Node;

    /// As it is remembered.
    fn answer(&self) -> StoredAnswer;

    /// As it was given before; `None` when what was remembered cannot be read.
    fn again(body: &str) -> Option<Self::Node>;
}

/// Does what a mutation asks for, once if its request has a name. `work` is given the guard to write it under.
///
/// # Errors
/// What `work` refuses, `idempotency_mismatch`, `idempotency_in_progress`, and on a key that is none.
pub(crate) async fn once<T, E, W>(
    ctx: &Context<'_>,
    actor: &Actor,
    work: impl FnOnce(Option<Guard<T>>) -> W,
) -> Outcome<T::Node>
where
    T: Retold,
    E: Into<Fault>,
    W: Future<Output = Result<T, E>>,
{
    let visit = Visit::of(ctx);
    let Some(key) = visit.key()? else {
        return Ok(work(None).await.map_err(Into::into)?.node());
    };
    let asked = Asked { user: actor.user, key: key.clone(), fingerprint: fingerprint(ctx)? };
    match visit.services.onces.run(asked, Arc::new(T::answer), |guard| work(Some(guard))).await? {
        Done::Now(outcome) => Ok(outcome.node()),
        Done::Before(answer) => {
            visit.note_replay();
            let node = T::again(&answer.body);
            Ok(node.ok_or_else(|| Fault::internal("a remembered answer cannot be read"))?)
        }
    }
}

/// What was asked: the mutation with its input, whatever of its outcome is selected.
fn fingerprint(ctx: &Context<'_>) -> Outcome<Fingerprint> {
    let arguments = ctx.field().arguments().map_err(|error| Fault::internal(error.message))?;
    let asked = serde_json::to_vec(&("graphql", ctx.field().name(), arguments));
    let asked = asked.map_err(|error| Fault::internal(error.to_string()))?;
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, &asked).as_ref()); // SHA-256 has 32 bytes, as `Fingerprint` has
    Ok(fingerprint)
}

fn ok(view: &impl Serialize) -> StoredAnswer {
    StoredAnswer { status: 200, location: None, body: serde_json::to_string(view).unwrap_or_default() }
}

fn read<T: DeserializeOwned>(body: &str) -> Option<T> {
    serde_json::from_str(body).ok()
}

macro_rules! retold {
    ($($outcome:ty => $node:ty, $view:ident;)+) => {
        $(impl Retold for $outcome {
            type Node = $node;

            fn node(&self) -> $node {
                self.into()
            }

            fn answer(&self) -> StoredAnswer {
                ok(&$view::from(self))
            }

            fn again(body: &str) -> Option<$node> {
                read(body)
            }
        })+
    };
}

retold! {
    Room => Session, SessionView;
    Seat => Membership, MembershipView;
    Written => Message, MessageView;
    Invited => Invitation, InvitationView;
    Accepted => AcceptedInvitation, AcceptedView;
}

impl Retold for Posted {
    type Node = Message;

    fn node(&self) -> Message {
        (&self.message).into()
    }

    fn answer(&self) -> StoredAnswer {
        self.message.answer()
    }

    fn again(body: &str) -> Option<Message> {
        read(body)
    }
}

impl Retold for Person {
    type Node = User;

    fn node(&self) -> User {
        User::own(self)
    }

    fn answer(&self) -> StoredAnswer {
        ok(&UserView::own(self))
    }

    fn again(body: &str) -> Option<User> {
        read(body)
    }
}

/// What gives nothing back: that it was done.
impl Retold for () {
    type Node = bool;

    fn node(&self) -> bool {
        true
    }

    fn answer(&self) -> StoredAnswer {
        StoredAnswer { status: 204, location: None, body: String::new() }
    }

    fn again(_: &str) -> Option<bool> {
        Some(true)
    }
}
