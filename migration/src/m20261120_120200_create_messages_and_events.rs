//! Messages, and the durable log of what happened in a session.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, string, string_null, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
        uuid, uuid_null,
    },
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(message()).await?;
        manager.create_table(session_event()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["session_event", "message"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn message() -> TableCreateStatement {
    Table::create()
        .table("message")
        .col(uuid("id"))
        .col(uuid("session_id"))
        .col(big_integer("seq"))
        .col(uuid("author_id"))
        .col(text_null("content"))
        .col(string_null("client_message_id"))
        .col(uuid_null("reply_to"))
        .col(big_integer("position"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("edited_at"))
        .col(timestamp_with_time_zone_null("deleted_at"))
        // With the session in the key, the foreign key of an answer proves that both are of the same session.
        .primary_key(Index::create().col("id").col("session_id"))
        .check(Expr::cust("seq >= 1 AND position >= 1"))
        .check(Expr::cust("(content IS NULL) = (deleted_at IS NOT NULL)"))
        .foreign_key(
            ForeignKey::create()
                .name("message_session_id_fkey")
                .from("message", "session_id")
                .to("session", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create().name("message_author_id_fkey").from("message", "author_id").to("app_user", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("message_reply_to_fkey")
                .from("message", ("reply_to", "session_id"))
                .to("message", ("id", "session_id")),
        )
        .take()
}

fn session_event() -> TableCreateStatement {
    Table::create()
        .table("session_event")
        .col(uuid("session_id"))
        .col(big_integer("position"))
        .col(string("kind"))
        .col(uuid_null("subject_id"))
        .col(text("data"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(Index::create().col("session_id").col("position"))
        .check(Expr::cust("position >= 1"))
        .foreign_key(
            ForeignKey::create()
                .name("session_event_session_id_fkey")
                .from("session_event", "session_id")
                .to("session", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> [IndexCreateStatement; 3] {
    [
        Index::create().name("message_seq_key").table("message").col("session_id").col("seq").unique().take(),
        // A send has effect once: the last word when two nodes take the same one.
        Index::create()
            .name("message_client_message_id_key")
            .table("message")
            .col("session_id")
            .col("author_id")
            .col("client_message_id")
            .unique()
            .and_where(Expr::col("client_message_id").is_not_null())
            .take(),
        // What the database asks when a message's row goes: are there answers to it?
        Index::create()
            .name("message_reply_to_idx")
            .table("message")
            .col("reply_to")
            .col("session_id")
            .and_where(Expr::col("reply_to").is_not_null())
            .take(),
    ]
}
