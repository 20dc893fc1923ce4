//! Whom a batch mentions: one question about all of it, and none when it mentions nobody.

use std::collections::{BTreeSet, HashMap};

use rondo_domain::{
    ids::{SessionId, UserId},
    message::Message,
    notification::{Notice, Notification, Place, Who, mentions},
};
use sea_orm::{DbErr, Value};

use super::plan::Created;
use crate::db::{
    bulk::{Shape, array, ask, portions},
    guarded::Guarded,
    link::Txn,
    rows::Cells,
};

/// Somebody who is mentioned in a session.
type Mention = (SessionId, UserId);

const MEMBERS: Shape = Shape {
    head: "WITH p (session_id, user_id) AS (VALUES ",
    row: "(?, ?)",
    tail: ") SELECT p.session_id, p.user_id, s.name FROM p \
           JOIN membership b ON b.session_id = p.session_id AND b.user_id = p.user_id \
           JOIN session s ON s.id = p.session_id",
};

const MEMBERS_POSTGRES: &str = "\
    SELECT p.session_id, p.user_id, s.name FROM unnest($1::uuid[], $2::uuid[]) AS p (session_id, user_id) \
    JOIN membership b ON b.session_id = p.session_id AND b.user_id = p.user_id \
    JOIN session s ON s.id = p.session_id";

/// What those are told who are mentioned, are members, and did not write it themselves.
pub(super) async fn notices(txn: &Guarded<Txn>, created: &[Created]) -> Result<Vec<Notification>, DbErr> {
    let mentioned: Vec<(&Created, UserId)> = created.iter().flat_map(others).collect();
    if mentioned.is_empty() {
        return Ok(Vec::new());
    }
    let asked: BTreeSet<Mention> =
        mentioned.iter().map(|(created, user)| (created.message.session_id, *user)).collect();
    let names = members(txn, &asked.into_iter().collect::<Vec<_>>()).await?;
    let told = mentioned.into_iter().filter_map(|(Created { message, .. }, user)| {
        let session_name = names.get(&(message.session_id, user))?.clone();
        let place = Place { session_id: message.session_id, session_name };
        let content = message.content.as_deref().unwrap_or_default();
        let notice = Notice::mention(place, message.id, message.seq, Who::from(message.author.as_ref()), content);
        Some(Notification::new(user, notice, message.created_at))
    });
    Ok(told.collect())
}

/// Whether anybody may be mentioned in a message.
pub(super) fn are_in(message: &Message) -> bool {
    !mentions(message.content.as_deref().unwrap_or_default()).is_empty()
}

fn others(created: &Created) -> impl Iterator<Item = (&Created, UserId)> {
    let content = created.message.content.as_deref().unwrap_or_default();
    let mentioned = mentions(content).into_iter().filter(|user| *user != created.message.author.id);
    mentioned.map(move |user| (created, user))
}

/// Those of the mentioned who are members, with the names of their sessions.
async fn members(txn: &Guarded<Txn>, asked: &[Mention]) -> Result<HashMap<Mention, String>, DbErr> {
    let mut rows = Vec::new();
    if txn.is_postgres() {
        for portion in portions(asked, |_| 40) {
            let values = [array(portion, |(session, _)| session.0), array(portion, |(_, user)| user.0)];
            rows.extend(txn.rows(MEMBERS_POSTGRES, values).await?);
        }
    } else {
        let values = |(session, user): &Mention| -> [Value; 2] { [session.0.into(), user.0.into()] };
        rows = ask(txn, MEMBERS, asked, values).await?;
    }
    let member = |row| {
        let mut cells = Cells::new(row);
        Ok(((SessionId(cells.take()?), UserId(cells.take()?)), cells.take()?))
    };
    rows.iter().map(member).collect()
}
