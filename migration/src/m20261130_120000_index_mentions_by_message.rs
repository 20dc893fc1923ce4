//! The mentions of a message, by that message: what it said leaves them when it is deleted.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// On what the notifications tell, and not on a column: nodes of an older version write them too.
const INDEX: &str = "\
    CREATE INDEX notification_mention_idx ON notification (json_extract(data, '$.messageId')) WHERE kind = 'mention'";

const INDEX_POSTGRES: &str = "\
    CREATE INDEX notification_mention_idx ON notification ((data::jsonb ->> 'messageId')) WHERE kind = 'mention'";

/// Messages were deleted before, and are still quoted.
const FORGET: &str = "\
    UPDATE notification SET data = json_set(data, '$.excerpt', NULL) WHERE kind = 'mention' AND EXISTS (\
        SELECT 1 FROM message m \
        WHERE m.id = unhex(json_extract(notification.data, '$.messageId'), '-') AND m.deleted_at IS NOT NULL)";

const FORGET_POSTGRES: &str = "\
    UPDATE notification n SET data = jsonb_set(n.data::jsonb, '{excerpt}', 'null')::text FROM message m \
    WHERE n.kind = 'mention' AND m.id = (n.data::jsonb ->> 'messageId')::uuid AND m.deleted_at IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let steps = if postgres { [FORGET_POSTGRES, INDEX_POSTGRES] } else { [FORGET, INDEX] };
        for step in steps {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("notification_mention_idx").table("notification").to_owned()).await
    }
}
