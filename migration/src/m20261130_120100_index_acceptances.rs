//! The acceptances of invitations by when they were logged: looked for again where the bus may have lost them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Of these alone: they are few, and a message costs no entry.
        let index = Index::create()
            .name("session_event_acceptance_idx")
            .table("session_event")
            .col("created_at")
            .and_where(Expr::cust("kind = 'invitation:accept'"))
            .take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("session_event_acceptance_idx").table("session_event").to_owned()).await
    }
}
