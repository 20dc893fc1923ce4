//! Whose turn it is: a row that says who does it, and until when nobody else begins.

use std::time::Duration;

use rondo_domain::Timestamp;
use sea_orm::DbErr;
use uuid::Uuid;

use super::Db;

/// How long a node that says nothing keeps its turn. A batch takes far less, and one that fell is not waited for longer.
const SILENT_FOR: Duration = Duration::from_mins(2);

const TAKE: &str = "\
    INSERT INTO chore (name, holder, due_at) VALUES ('retention', $1, $2) \
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, due_at = excluded.due_at WHERE chore.due_at <= $3";

const KEEP: &str = "UPDATE chore SET due_at = $2 WHERE name = 'retention' AND holder = $1 AND due_at < $2";

const DONE: &str = "UPDATE chore SET due_at = $2 WHERE name = 'retention' AND holder = $1";

/// This node's name in that row.
pub(super) struct Turn {
    node: Uuid,
}

impl Turn {
    pub(super) const fn new(node: Uuid) -> Self {
        Self { node }
    }

    /// Takes the turn; `false` when it is not due, or another node has it.
    pub(super) async fn take(&self, db: &Db, now: Timestamp) -> Result<bool, DbErr> {
        let values = [self.node.into(), (now + SILENT_FOR).into(), now.into()];
        Ok(db.run(TAKE, values).await? > 0)
    }

    /// Says that the work goes on.
    pub(super) async fn keep(&self, db: &Db, now: Timestamp) -> Result<(), DbErr> {
        db.run(KEEP, [self.node.into(), (now + SILENT_FOR).into()]).await.map(|_| ())
    }

    /// Says that the work is done until then.
    pub(super) async fn done(&self, db: &Db, due_at: Timestamp) -> Result<(), DbErr> {
        db.run(DONE, [self.node.into(), due_at.into()]).await.map(|_| ())
    }

    /// A number in [0, 1) that nodes do not share: of the random end of the node's name.
    pub(super) fn chance(&self) -> f64 {
        let [.., high, low] = *self.node.as_bytes();
        f64::from(u16::from_be_bytes([high, low])) / 65_536.0
    }
}
