//! Reads rows of hand-written statements, column by column in their order.

use std::sync::Arc;

use rondo_domain::{
    Timestamp,
    account::User,
    event::{EventKind, RecordedEvent},
    ids::{MessageId, SessionId, UserId},
    message::Message,
    policy::Role,
    session::{Access, Session, Visibility},
};
use sea_orm::{
    DbErr, QueryResult, RuntimeErr, TryGetable,
    sqlx::{Decode, Postgres, Row as _, Type, postgres::PgRow},
};
use uuid::Uuid;

use super::error::corrupt;

/// The columns that [`Cells::user`] reads, of `app_user u`.
macro_rules! user_columns {
    () => {
        "u.id, u.email, u.display_name, u.avatar_url, u.bio, u.created_at"
    };
}

/// The columns that [`Cells::session`] reads, of `session s`.
macro_rules! session_columns {
    () => {
        "s.id, s.name, s.description, s.color, s.image_url, s.visibility, s.member_count, s.last_seq, \
         s.last_position, s.last_message_at, s.active_at, s.created_at, s.updated_at"
    };
}

/// The columns that [`Cells::message`] reads, of `message m` (all but its author).
macro_rules! message_columns {
    () => {
        "m.id, m.session_id, m.seq, m.content, m.client_message_id, m.reply_to, m.created_at, m.edited_at, m.deleted_at"
    };
}

/// The columns that [`Cells::access`] reads, of `session s` and somebody's `membership b` in it.
macro_rules! access_columns {
    () => {
        "s.visibility, b.role, s.deleted_at, s.last_position, s.log_floor"
    };
}

/// How many columns [`access_columns`] are.
pub(crate) const ACCESS_COLUMNS: usize = 5;

pub(crate) use {access_columns, message_columns, session_columns, user_columns};

/// What a cell can be read as.
pub(crate) trait Cell: TryGetable + Type<Postgres> + for<'r> Decode<'r, Postgres> {}

impl<T: TryGetable + Type<Postgres> + for<'r> Decode<'r, Postgres>> Cell for T {}

/// A row, read from left to right.
pub(crate) struct Cells<'r> {
    row: &'r QueryResult,
    /// The same. sea-orm writes a text for each null before it takes it for `None`.
    postgres: Option<&'r PgRow>,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(row: &'r QueryResult) -> Self {
        Self::after(row, 0)
    }

    /// Begins behind this many columns.
    pub(crate) fn after(row: &'r QueryResult, columns: usize) -> Self {
        Self { row, postgres: row.try_as_pg_row(), next: columns }
    }

    /// The next column.
    pub(crate) fn take<T: Cell>(&mut self) -> Result<T, DbErr> {
        let index = self.next;
        self.next += 1;
        match self.postgres {
            Some(row) => read(row, index),
            None => self.row.try_get_by_index(index),
        }
    }

    /// The next column, if it holds a word, as what the word says.
    fn word<T>(&mut self, read: impl FnOnce(&str) -> Result<T, DbErr>) -> Result<Option<T>, DbErr> {
        let Some(row) = self.postgres else {
            return self.take::<Option<String>>()?.map(|word| read(&word)).transpose();
        };
        let index = self.next;
        self.next += 1;
        self::read::<Option<&str>>(row, index)?.map(read).transpose()
    }

    pub(crate) fn visibility(&mut self) -> Result<Visibility, DbErr> {
        let found = self.word(|word| Visibility::parse(word).map_err(|_| corrupt(format!("no visibility: {word}"))))?;
        found.ok_or_else(|| corrupt("a session without a visibility"))
    }

    pub(crate) fn role(&mut self) -> Result<Option<Role>, DbErr> {
        self.word(role)
    }

    /// See [`access_columns`].
    pub(crate) fn access(&mut self) -> Result<Access, DbErr> {
        Ok(Access {
            visibility: self.visibility()?,
            role: self.role()?,
            deleted: self.take::<Option<Timestamp>>()?.is_some(),
            last_position: self.take()?,
            log_floor: self.take()?,
        })
    }

    /// See [`user_columns`].
    pub(crate) fn user(&mut self) -> Result<User, DbErr> {
        let id = UserId(self.take()?);
        self.user_but(id)
    }

    fn user_but(&mut self, id: UserId) -> Result<User, DbErr> {
        Ok(User {
            id,
            email: self.take()?,
            display_name: self.take()?,
            avatar_url: self.take()?,
            bio: self.take()?,
            created_at: self.take()?,
        })
    }

    /// See [`session_columns`]. The session is as nobody in particular sees it.
    pub(crate) fn session(&mut self) -> Result<Session, DbErr> {
        Ok(Session {
            id: SessionId(self.take()?),
            name: self.take()?,
            description: self.take()?,
            color: self.take()?,
            image_url: self.take()?,
            visibility: self.visibility()?,
            role: None,
            member_count: self.take()?,
            last_seq: self.take()?,
            last_position: self.take()?,
            unread_count: 0,
            last_message_at: self.take()?,
            active_at: self.take()?,
            created_at: self.take()?,
            updated_at: self.take()?,
        })
    }

    /// See [`session_columns`], with `role` and `read_seq` of whoever looks behind them.
    pub(crate) fn seen_session(&mut self) -> Result<Session, DbErr> {
        let mut session = self.session()?;
        session.role = self.role()?;
        let read_seq: Option<i64> = self.take()?;
        session.unread_count = read_seq.map_or(0, |read| (session.last_seq - read).max(0));
        Ok(session)
    }

    /// See [`message_columns`], with the author's [`user_columns`] behind them, which are not read for one of `known`.
    pub(crate) fn message(&mut self, known: &mut Authors) -> Result<Message, DbErr> {
        let id = self.take()?;
        self.message_but(id, |cells| known.author(cells))
    }

    /// As [`Cells::message`]; `None` when an outer join found none.
    pub(crate) fn message_if_any(&mut self, known: &mut Authors) -> Result<Option<Message>, DbErr> {
        let id: Option<Uuid> = self.take()?;
        id.map(|id| self.message_but(id, |cells| known.author(cells))).transpose()
    }

    /// See [`message_columns`]; `None` when an outer join found none. The author is known already.
    pub(crate) fn message_of(&mut self, author: &Arc<User>) -> Result<Option<Message>, DbErr> {
        let id: Option<Uuid> = self.take()?;
        id.map(|id| self.message_but(id, |_| Ok(Arc::clone(author)))).transpose()
    }

    fn message_but(
        &mut self,
        id: Uuid,
        author: impl FnOnce(&mut Self) -> Result<Arc<User>, DbErr>,
    ) -> Result<Message, DbErr> {
        Ok(Message {
            id: MessageId(id),
            session_id: SessionId(self.take()?),
            seq: self.take()?,
            content: self.take()?,
            client_message_id: self.take()?,
            reply_to: self.take::<Option<_>>()?.map(MessageId),
            created_at: self.take()?,
            edited_at: self.take()?,
            deleted_at: self.take()?,
            author: author(self)?,
        })
    }

    /// `position, kind, subject_id, data` of an event.
    pub(crate) fn event(&mut self, session_id: SessionId) -> Result<RecordedEvent, DbErr> {
        let position = self.take()?;
        let kind = self
            .word(|kind| EventKind::parse(kind).ok_or_else(|| corrupt(format!("no kind of event: {kind}"))))?
            .ok_or_else(|| corrupt("an event without a kind"))?;
        let subject = self.take()?;
        let data = self.word(|data| Ok(data.into()))?.ok_or_else(|| corrupt("an event without its data"))?;
        Ok(RecordedEvent { session_id, position, kind, subject, data, trace: None })
    }
}

/// Among how many authors whoever wrote a message is looked for: among those read last.
const AUTHORS: usize = 16;

/// The people who wrote a page's messages. Mostly they are few, and each is read once.
#[derive(Default)]
pub(crate) struct Authors(Vec<Arc<User>>);

impl Authors {
    /// Who stands last in the row: the other columns of one who is known are not read.
    fn author(&mut self, cells: &mut Cells<'_>) -> Result<Arc<User>, DbErr> {
        let id = UserId(cells.take()?);
        if let Some(known) = self.0.iter().rev().take(AUTHORS).find(|known| known.id == id) {
            return Ok(Arc::clone(known));
        }
        let author = Arc::new(cells.user_but(id)?);
        self.0.push(Arc::clone(&author));
        Ok(author)
    }
}

/// A cell of a row of ours. Which type a column has is known from the statement: that each is read as what it is, is
/// checked wherever tests run, and not once more for every cell of a release.
fn read<'r, T: Type<Postgres> + Decode<'r, Postgres>>(row: &'r PgRow, index: usize) -> Result<T, DbErr> {
    let read = if cfg!(debug_assertions) { row.try_get(index) } else { row.try_get_unchecked(index) };
    read.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
}

/// Reads a role as a row holds it.
pub(crate) fn role(word: &str) -> Result<Role, DbErr> {
    Role::parse(word).map_err(|_| corrupt(format!("no role: {word}")))
}
