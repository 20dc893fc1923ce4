//! Accounts, their logins, and the families of refresh tokens.

use sea_orm_migration::{
    prelude::*,
    schema::{
        blob, blob_null, pk_uuid, string, string_null, text_null, timestamp_with_time_zone,
        timestamp_with_time_zone_null, uuid,
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
        manager.create_table(app_user()).await?;
        manager.create_table(login()).await?;
        manager.create_table(refresh_token()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["refresh_token", "login", "app_user"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn app_user() -> TableCreateStatement {
    Table::create()
        .table("app_user")
        .col(pk_uuid("id"))
        .col(string("email"))
        .col(string("display_name"))
        .col(string("search_name"))
        .col(text_null("avatar_url"))
        .col(text_null("bio"))
        .col(string_null("password_hash"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .take()
}

fn login() -> TableCreateStatement {
    Table::create()
        .table("login")
        .col(pk_uuid("id"))
        .col(uuid("user_id"))
        .col(text_null("user_agent"))
        .col(text_null("address"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("last_used_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .foreign_key(
            ForeignKey::create()
                .name("login_user_id_fkey")
                .from("login", "user_id")
                .to("app_user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn refresh_token() -> TableCreateStatement {
    Table::create()
        .table("refresh_token")
        .col(blob("digest").primary_key())
        .col(uuid("login_id"))
        .col(blob_null("parent"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("spent_at"))
        .col(timestamp_with_time_zone_null("voided_at"))
        .check(Expr::cust("length(digest) = 32"))
        .check(Expr::cust("parent IS NULL OR length(parent) = 32"))
        .foreign_key(
            ForeignKey::create()
                .name("refresh_token_login_id_fkey")
                .from("refresh_token", "login_id")
                .to("login", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> [IndexCreateStatement; 4] {
    [
        Index::create().name("app_user_email_key").table("app_user").col("email").unique().take(),
        Index::create().name("login_user_id_idx").table("login").col("user_id").take(),
        Index::create().name("refresh_token_login_id_idx").table("refresh_token").col("login_id").take(),
        // A spent token has at most one successor in force, however many tabs ask at once.
        Index::create()
            .name("refresh_token_successor_key")
            .table("refresh_token")
            .col("parent")
            .unique()
            .and_where(Expr::col("voided_at").is_null())
            .take(),
    ]
}
