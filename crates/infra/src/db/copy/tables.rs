//! Every table that a copy carries, column by column.

use rondo_domain::Timestamp;
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

/// What a cell holds. Each may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::db) enum Kind {
    Id,
    Text,
    Number,
    /// A number of four bytes.
    Small,
    Bytes,
    Time,
}

impl Kind {
    /// Reads a cell.
    pub(in crate::db) fn read(self, row: &QueryResult, index: usize) -> Result<Value, DbErr> {
        Ok(match self {
            Self::Id => row.try_get_by_index::<Option<Uuid>>(index)?.into(),
            Self::Text => row.try_get_by_index::<Option<String>>(index)?.into(),
            Self::Number => row.try_get_by_index::<Option<i64>>(index)?.into(),
            Self::Small => row.try_get_by_index::<Option<i32>>(index)?.into(),
            Self::Bytes => row.try_get_by_index::<Option<Vec<u8>>>(index)?.into(),
            Self::Time => row.try_get_by_index::<Option<Timestamp>>(index)?.into(),
        })
    }
}

/// A table.
#[derive(Debug)]
pub(in crate::db) struct Table {
    pub(in crate::db) name: &'static str,
    /// In which order it is read, and so written: what is referred to comes before what refers to it. Unique, and never
    /// null. The first columns of [`Table::columns`].
    pub(in crate::db) key: usize,
    pub(in crate::db) columns: &'static [(&'static str, Kind)],
}

impl Table {
    /// The names of its columns.
    pub(in crate::db) fn names(&self) -> String {
        list(self.columns)
    }

    /// The names of its key.
    pub(in crate::db) fn key_names(&self) -> String {
        list(&self.columns[..self.key])
    }
}

fn list(columns: &[(&str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What is no data of the instance: which changes of the schema were applied, and whose turn it is with chores.
pub(in crate::db) const LEFT_OUT: [&str; 2] = ["seaql_migrations", "chore"];

use Kind::{Bytes, Id, Number, Small, Text, Time};

/// All tables, each after those that it refers to.
pub(in crate::db) const TABLES: &[Table] = &[
    Table {
        name: "app_user",
        key: 1,
        columns: &[
            ("id", Id),
            ("email", Text),
            ("display_name", Text),
            ("search_name", Text),
            ("avatar_url", Text),
            ("bio", Text),
            ("password_hash", Text),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    },
    Table {
        name: "login",
        key: 1,
        columns: &[
            ("id", Id),
            ("user_id", Id),
            ("user_agent", Text),
            ("address", Text),
            ("created_at", Time),
            ("last_used_at", Time),
            ("revoked_at", Time),
        ],
    },
    Table {
        name: "refresh_token",
        key: 1,
        columns: &[
            ("digest", Bytes),
            ("login_id", Id),
            ("parent", Bytes),
            ("created_at", Time),
            ("expires_at", Time),
            ("spent_at", Time),
            ("voided_at", Time),
        ],
    },
    Table {
        name: "session",
        key: 1,
        columns: &[
            ("id", Id),
            ("name", Text),
            ("search_name", Text),
            ("description", Text),
            ("color", Text),
            ("image_url", Text),
            ("visibility", Text),
            ("member_count", Number),
            ("last_seq", Number),
            ("last_position", Number),
            ("log_floor", Number),
            ("last_message_at", Time),
            ("active_at", Time),
            ("created_at", Time),
            ("updated_at", Time),
            ("deleted_at", Time),
        ],
    },
    Table {
        name: "membership",
        key: 2,
        columns: &[("session_id", Id), ("user_id", Id), ("role", Text), ("read_seq", Number), ("joined_at", Time)],
    },
    // By number, so that an answer comes after what it answers.
    Table {
        name: "message",
        key: 2,
        columns: &[
            ("session_id", Id),
            ("seq", Number),
            ("id", Id),
            ("author_id", Id),
            ("content", Text),
            ("client_message_id", Text),
            ("reply_to", Id),
            ("position", Number),
            ("created_at", Time),
            ("edited_at", Time),
            ("deleted_at", Time),
        ],
    },
    Table {
        name: "session_event",
        key: 2,
        columns: &[
            ("session_id", Id),
            ("position", Number),
            ("kind", Text),
            ("subject_id", Id),
            ("data", Text),
            ("created_at", Time),
        ],
    },
    Table {
        name: "invitation",
        key: 1,
        columns: &[
            ("id", Id),
            ("session_id", Id),
            ("inviter_id", Id),
            ("email", Text),
            ("role", Text),
            ("status", Text),
            ("expires_at", Time),
            ("created_at", Time),
            ("settled_at", Time),
        ],
    },
    Table {
        name: "notification",
        key: 1,
        columns: &[
            ("id", Id),
            ("user_id", Id),
            ("kind", Text),
            ("data", Text),
            ("read_at", Time),
            ("created_at", Time),
        ],
    },
    Table {
        name: "idempotency_key",
        key: 2,
        columns: &[
            ("user_id", Id),
            ("key", Text),
            ("fingerprint", Bytes),
            ("status", Small),
            ("location", Text),
            ("body", Text),
            ("created_at", Time),
        ],
    },
];
