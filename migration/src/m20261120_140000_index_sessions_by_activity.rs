//! All sessions, newest activity first: for the list of somebody who has very many.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Of the deleted ones too: an index that leaves rows out is a way to read all the others, and would be taken for
        // one while the table is still small.
        let index = Index::create().name("session_activity_idx").table("session").col("active_at").col("id").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("session_activity_idx").table("session").to_owned()).await
    }
}
