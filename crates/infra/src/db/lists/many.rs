//! The same of many sessions in one query. Each session's part is read from an index and is no longer than its page.

use std::collections::HashMap;

use rondo_domain::{
    Timestamp,
    ids::{SessionId, UserId},
    lists::Span,
    message::Message,
    page::{Limit, MemberKey, MessageKey, Page},
    session::{Access, Membership},
};
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use crate::db::{
    bulk::{self, Shape},
    guarded::Guarded,
    link::Source,
    page::{end_of_time, one_more},
    rows::{Authors, Cells, message_columns, user_columns},
    sessions::membership,
};

type Reader = Guarded<Source>;

const ACCESSES: Shape = Shape {
    head: "WITH k (id, user_id) AS (VALUES ",
    row: "(?, ?)",
    tail: ") SELECT s.id, s.visibility, m.role, s.deleted_at, s.last_position, s.log_floor \
           FROM k JOIN session s ON s.id = k.id \
           LEFT JOIN membership m ON m.session_id = s.id AND m.user_id = k.user_id",
};

const ACCESSES_POSTGRES: &str = "\
    SELECT s.id, s.visibility, m.role, s.deleted_at, s.last_position, s.log_floor FROM session s \
    LEFT JOIN membership m ON m.session_id = s.id AND m.user_id = $2 WHERE s.id = ANY($1)";

/// How many sessions one statement of SQLite asks about; fewer are filled up.
const PIECES: [usize; 3] = [8, 64, 256];

pub(super) async fn accesses(
    reader: &Reader,
    sessions: &[SessionId],
    user: UserId,
) -> Result<HashMap<SessionId, Access>, DbErr> {
    let rows = if reader.is_postgres() {
        reader.rows(ACCESSES_POSTGRES, [bulk::array(sessions, |id| id.0), user.0.into()]).await?
    } else {
        bulk::ask(reader, ACCESSES, sessions, |id| [id.0.into(), user.0.into()]).await?
    };
    let found = |row| {
        let mut cells = Cells::new(row);
        Ok((SessionId(cells.take()?), cells.access()?))
    };
    rows.iter().map(found).collect()
}

pub(super) async fn members(
    reader: &Reader,
    asked: &[(SessionId, Span<MemberKey>)],
    limit: Limit,
) -> Result<Vec<Page<Membership, MemberKey>>, DbErr> {
    let mut found: Vec<Vec<Membership>> = asked.iter().map(|_| Vec::new()).collect();
    let places = || asked.iter().enumerate();
    let forward = places().filter_map(|(place, (id, span))| match span {
        Span::After(key) => Some((place, *id, key.map_or((Timestamp::UNIX_EPOCH, Uuid::nil()), parts))),
        Span::Before(_) => None,
    });
    let backward = places().filter_map(|(place, (id, span))| match span {
        Span::Before(key) => Some((place, *id, key.map_or((end_of_time(), Uuid::max()), parts))),
        Span::After(_) => None,
    });
    for (asked, way) in [(forward.collect::<Vec<_>>(), UP), (backward.collect(), DOWN)] {
        for row in &of_members(reader, &asked, way, limit).await? {
            let mut cells = Cells::new(row);
            let place: i64 = cells.take()?;
            let id = SessionId(cells.take()?);
            if let Some(list) = usize::try_from(place).ok().and_then(|place| found.get_mut(place)) {
                list.push(membership(&mut cells, id)?);
            }
        }
    }
    let key = |last: &Membership| MemberKey { joined_at: last.joined_at, user: last.user.id };
    Ok(found.into_iter().map(|list| Page::cut(list, limit, key)).collect())
}

fn parts(key: MemberKey) -> (Timestamp, Uuid) {
    (key.joined_at, key.user.0)
}

pub(super) async fn messages(
    reader: &Reader,
    asked: &[(SessionId, MessageKey)],
    limit: Limit,
) -> Result<Vec<Page<Message, MessageKey>>, DbErr> {
    let mut found: Vec<Vec<Message>> = asked.iter().map(|_| Vec::new()).collect();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for (place, (id, key)) in asked.iter().enumerate() {
        match key {
            MessageKey::After(seq) => up.push((place, *id, *seq)),
            MessageKey::Before(seq) => down.push((place, *id, seq.unwrap_or(i64::MAX))),
        }
    }
    let mut authors = Authors::default();
    for (asked, way) in [(up, UP), (down, DOWN)] {
        for row in &of_messages(reader, &asked, way, limit).await? {
            let mut cells = Cells::new(row);
            let place: i64 = cells.take()?;
            if let Some(list) = usize::try_from(place).ok().and_then(|place| found.get_mut(place)) {
                list.push(cells.message(&mut authors)?);
            }
        }
    }
    let pages = found.into_iter().zip(asked).map(|(list, (_, key))| {
        Page::cut(list, limit, |last| match key {
            MessageKey::Before(_) => MessageKey::Before(Some(last.seq)),
            MessageKey::After(_) => MessageKey::After(last.seq),
        })
    });
    Ok(pages.collect())
}

/// Which way a list runs: the comparison with the key, and the order.
#[derive(Clone, Copy)]
struct Way {
    beyond: &'static str,
    order: &'static str,
}

const UP: Way = Way { beyond: ">", order: "ASC" };
const DOWN: Way = Way { beyond: "<", order: "DESC" };

async fn of_members(
    reader: &Reader,
    asked: &[(usize, SessionId, (Timestamp, Uuid))],
    Way { beyond, order }: Way,
    limit: Limit,
) -> Result<Vec<QueryResult>, DbErr> {
    let columns = concat!("k.place, k.session_id, b.role, b.joined_at, ", user_columns!());
    let limit = one_more(limit);
    let part = format!(
        "FROM membership m WHERE m.session_id = k.session_id AND (m.joined_at, m.user_id) {beyond} (k.at, k.user_id) \
         ORDER BY m.joined_at {order}, m.user_id {order} LIMIT {limit}"
    );
    let tail = format!("JOIN app_user u ON u.id = b.user_id ORDER BY k.place, b.joined_at {order}, b.user_id {order}");
    if reader.is_postgres() {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {columns} FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::uuid[]) \
             AS k (place, session_id, at, user_id) \
             CROSS JOIN LATERAL (SELECT m.user_id, m.role, m.joined_at {part}) b {tail}"
        );
        let values = [
            bulk::array(asked, |(place, ..)| place_value(*place)),
            bulk::array(asked, |(_, id, _)| id.0),
            bulk::array(asked, |(.., (at, _))| *at),
            bulk::array(asked, |(.., (_, user))| *user),
        ];
        return reader.rows(sql, values).await;
    }
    let rest = format!(
        "SELECT {columns} FROM k JOIN membership b ON b.session_id = k.session_id \
         AND b.user_id IN (SELECT m.user_id {part}) {tail}"
    );
    let row = |(place, id, (at, user)): &(usize, SessionId, (Timestamp, Uuid))| {
        [place_value(*place).into(), id.0.into(), (*at).into(), (*user).into()]
    };
    let nothing = || [(-1_i64).into(), Uuid::nil().into(), Timestamp::UNIX_EPOCH.into(), Uuid::nil().into()];
    in_pieces(reader, "place, session_id, at, user_id", &rest, asked, row, nothing).await
}

async fn of_messages(
    reader: &Reader,
    asked: &[(usize, SessionId, i64)],
    Way { beyond, order }: Way,
    limit: Limit,
) -> Result<Vec<QueryResult>, DbErr> {
    let columns = concat!("k.place, ", message_columns!(), ", ", user_columns!());
    let limit = one_more(limit);
    let part = format!(
        "FROM message x WHERE x.session_id = k.session_id AND x.seq {beyond} k.seq ORDER BY x.seq {order} LIMIT {limit}"
    );
    let tail = format!("JOIN app_user u ON u.id = m.author_id ORDER BY k.place, m.seq {order}");
    if reader.is_postgres() {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {columns} FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS k (place, session_id, seq) \
             CROSS JOIN LATERAL (SELECT * {part}) m {tail}"
        );
        let values = [
            bulk::array(asked, |(place, ..)| place_value(*place)),
            bulk::array(asked, |(_, id, _)| id.0),
            bulk::array(asked, |(.., seq)| *seq),
        ];
        return reader.rows(sql, values).await;
    }
    let rest = format!(
        "SELECT {columns} FROM k JOIN message m ON m.session_id = k.session_id AND m.seq IN (SELECT x.seq {part}) {tail}"
    );
    let row = |(place, id, seq): &(usize, SessionId, i64)| [place_value(*place).into(), id.0.into(), (*seq).into()];
    let nothing = || [(-1_i64).into(), Uuid::nil().into(), 0_i64.into()];
    in_pieces(reader, "place, session_id, seq", &rest, asked, row, nothing).await
}

/// Asks SQLite, which has no arrays, with the keys `k` as a table of values.
async fn in_pieces<T, const N: usize>(
    reader: &Reader,
    names: &str,
    rest: &str,
    asked: &[T],
    row: impl Fn(&T) -> [Value; N],
    nothing: impl Fn() -> [Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    let mut found = Vec::new();
    let marks = format!("({})", vec!["?"; N].join(", "));
    for piece in asked.chunks(PIECES[2]) {
        let size = PIECES.into_iter().find(|size| *size >= piece.len()).unwrap_or(piece.len());
        let values: Vec<Value> =
            piece.iter().map(&row).chain(std::iter::repeat_with(&nothing)).take(size).flatten().collect();
        let sql = format!("WITH k ({names}) AS (VALUES {}) {rest}", vec![&*marks; size].join(", "));
        found.extend(reader.rows(sql, values).await?);
    }
    Ok(found)
}

fn place_value(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}
