//! Invitations, notifications and idempotency keys, and the indexes of the lists of people.

use sea_orm_migration::{
    prelude::*,
    schema::{
        blob, integer, pk_uuid, string, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
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
        manager.create_table(invitation()).await?;
        manager.create_table(notification()).await?;
        manager.create_table(idempotency_key()).await?;
        for index in indexes().into_iter().chain(indexes_of_older_tables()) {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes_of_older_tables() {
            if let Some(name) = index.get_index_spec().get_name() {
                manager.drop_index(Index::drop().name(name).to_owned()).await?;
            }
        }
        for table in ["idempotency_key", "notification", "invitation"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn invitation() -> TableCreateStatement {
    Table::create()
        .table("invitation")
        .col(pk_uuid("id"))
        .col(uuid("session_id"))
        .col(uuid("inviter_id"))
        .col(string("email"))
        .col(string("role"))
        .col(string("status"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("settled_at"))
        .check(Expr::cust("role IN ('moderator', 'member', 'viewer')"))
        .check(Expr::cust("status IN ('pending', 'accepted', 'declined', 'revoked', 'expired')"))
        .check(Expr::cust("(status = 'pending') = (settled_at IS NULL)"))
        .foreign_key(
            ForeignKey::create()
                .name("invitation_session_id_fkey")
                .from("invitation", "session_id")
                .to("session", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("invitation_inviter_id_fkey")
                .from("invitation", "inviter_id")
                .to("app_user", "id"),
        )
        .take()
}

fn notification() -> TableCreateStatement {
    Table::create()
        .table("notification")
        .col(pk_uuid("id"))
        .col(uuid("user_id"))
        .col(string("kind"))
        .col(text("data"))
        .col(timestamp_with_time_zone_null("read_at"))
        .col(timestamp_with_time_zone("created_at"))
        // No list of kinds: a node of an older version must be able to write beside one that knows more of them.
        .check(Expr::cust("kind <> ''"))
        .foreign_key(
            ForeignKey::create()
                .name("notification_user_id_fkey")
                .from("notification", "user_id")
                .to("app_user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn idempotency_key() -> TableCreateStatement {
    Table::create()
        .table("idempotency_key")
        .col(uuid("user_id"))
        .col(string("key"))
        .col(blob("fingerprint"))
        .col(integer("status"))
        .col(text_null("location"))
        .col(text("body"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(Index::create().col("user_id").col("key"))
        .check(Expr::cust("length(fingerprint) = 32"))
        .check(Expr::cust("status BETWEEN 100 AND 599"))
        .foreign_key(
            ForeignKey::create()
                .name("idempotency_key_user_id_fkey")
                .from("idempotency_key", "user_id")
                .to("app_user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> [IndexCreateStatement; 6] {
    [
        // The last word when two invite the same address at once.
        Index::create()
            .name("invitation_pending_key")
            .table("invitation")
            .col("session_id")
            .col("email")
            .unique()
            .and_where(Expr::cust("status = 'pending'"))
            .take(),
        Index::create()
            .name("invitation_email_idx")
            .table("invitation")
            .col("email")
            .col("id")
            .and_where(Expr::cust("status = 'pending'"))
            .take(),
        Index::create().name("invitation_session_id_idx").table("invitation").col("session_id").col("id").take(),
        Index::create().name("notification_user_id_idx").table("notification").col("user_id").col("id").take(),
        Index::create()
            .name("notification_unread_idx")
            .table("notification")
            .col("user_id")
            .col("id")
            .and_where(Expr::col("read_at").is_null())
            .take(),
        Index::create().name("idempotency_key_created_at_idx").table("idempotency_key").col("created_at").take(),
    ]
}

fn indexes_of_older_tables() -> [IndexCreateStatement; 5] {
    [
        Index::create().name("app_user_search_name_idx").table("app_user").col("search_name").col("id").take(),
        Index::create()
            .name("login_in_force_idx")
            .table("login")
            .col("user_id")
            .col("id")
            .and_where(Expr::col("revoked_at").is_null())
            .take(),
        Index::create()
            .name("membership_joined_at_idx")
            .table("membership")
            .col("session_id")
            .col("joined_at")
            .col("user_id")
            .take(),
        Index::create()
            .name("membership_owner_idx")
            .table("membership")
            .col("session_id")
            .col("user_id")
            .and_where(Expr::cust("role = 'owner'"))
            .take(),
        // What is asked when a message is deleted: which events tell of its edits?
        Index::create()
            .name("session_event_edit_idx")
            .table("session_event")
            .col("session_id")
            .col("subject_id")
            .and_where(Expr::cust("kind = 'message:update'"))
            .take(),
    ]
}
