//! Whose turn it is with work that one node does for all, and the indexes by which retention finds what it takes away.

use sea_orm_migration::{
    prelude::*,
    schema::{string, timestamp_with_time_zone, uuid},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(chore()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes() {
            if let Some(name) = index.get_index_spec().get_name() {
                manager.drop_index(Index::drop().name(name).to_owned()).await?;
            }
        }
        manager.drop_table(Table::drop().table("chore").take()).await
    }
}

fn chore() -> TableCreateStatement {
    Table::create()
        .table("chore")
        .col(string("name").primary_key())
        // The node that does it, or did it last.
        .col(uuid("holder"))
        // Before this moment nobody else begins it.
        .col(timestamp_with_time_zone("due_at"))
        .take()
}

fn indexes() -> [IndexCreateStatement; 5] {
    [
        Index::create().name("refresh_token_expires_at_idx").table("refresh_token").col("expires_at").take(),
        Index::create()
            .name("login_revoked_at_idx")
            .table("login")
            .col("revoked_at")
            .and_where(Expr::col("revoked_at").is_not_null())
            .take(),
        Index::create()
            .name("session_deleted_at_idx")
            .table("session")
            .col("deleted_at")
            .and_where(Expr::col("deleted_at").is_not_null())
            .take(),
        Index::create()
            .name("invitation_expires_at_idx")
            .table("invitation")
            .col("expires_at")
            .and_where(Expr::cust("status = 'pending'"))
            .take(),
        Index::create()
            .name("invitation_expired_idx")
            .table("invitation")
            .col("settled_at")
            .and_where(Expr::cust("status = 'expired'"))
            .take(),
    ]
}
