//! Sessions and who is in them.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, pk_uuid, string, string_null, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
        uuid,
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
        manager.create_table(session()).await?;
        manager.create_table(membership()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["membership", "session"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(pk_uuid("id"))
        .col(string("name"))
        .col(string("search_name"))
        .col(text_null("description"))
        .col(string_null("color"))
        .col(text_null("image_url"))
        .col(string("visibility"))
        .col(counter("member_count"))
        .col(counter("last_seq"))
        .col(counter("last_position"))
        .col(counter("log_floor"))
        .col(timestamp_with_time_zone_null("last_message_at"))
        .col(timestamp_with_time_zone("active_at"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(timestamp_with_time_zone_null("deleted_at"))
        .check(Expr::cust("visibility IN ('private', 'public')"))
        .check(Expr::cust("member_count >= 0 AND last_seq >= 0 AND last_position >= 0 AND log_floor >= 0"))
        .check(Expr::cust("log_floor <= last_position"))
        .take()
}

fn membership() -> TableCreateStatement {
    Table::create()
        .table("membership")
        .col(uuid("session_id"))
        .col(uuid("user_id"))
        .col(string("role"))
        .col(counter("read_seq"))
        .col(timestamp_with_time_zone("joined_at"))
        .primary_key(Index::create().col("session_id").col("user_id"))
        .check(Expr::cust("role IN ('owner', 'moderator', 'member', 'viewer')"))
        .check(Expr::cust("read_seq >= 0"))
        .foreign_key(
            ForeignKey::create()
                .name("membership_session_id_fkey")
                .from("membership", "session_id")
                .to("session", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("membership_user_id_fkey")
                .from("membership", "user_id")
                .to("app_user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn counter(name: &'static str) -> ColumnDef {
    big_integer(name).default(0).take()
}

fn indexes() -> [IndexCreateStatement; 2] {
    [
        Index::create().name("membership_user_id_idx").table("membership").col("user_id").take(),
        // The list of public sessions, newest activity first. Holds nothing else, so that private ones cost nothing here.
        Index::create()
            .name("session_public_list_idx")
            .table("session")
            .col("active_at")
            .col("id")
            .and_where(Expr::cust("visibility = 'public' AND deleted_at IS NULL"))
            .take(),
    ]
}
