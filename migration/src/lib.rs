//! The database's history, one file per change. The same code runs on PostgreSQL and SQLite; a released file is never
//! edited.

mod lock;
mod m20261120_120000_create_accounts;
mod m20261120_120100_create_sessions;
mod m20261120_120200_create_messages_and_events;
mod m20261120_130000_create_invitations_notifications_and_keys;
mod m20261120_140000_index_sessions_by_activity;
mod m20261120_150000_create_chores;
mod m20261130_120000_index_mentions_by_message;
mod m20261130_120100_index_acceptances;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, async_trait,
    sea_orm::{DatabaseConnection, DbErr},
};

/// Every change, in the order in which they apply.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_120000_create_accounts::Migration),
            Box::new(m20261120_120100_create_sessions::Migration),
            Box::new(m20261120_120200_create_messages_and_events::Migration),
            Box::new(m20261120_130000_create_invitations_notifications_and_keys::Migration),
            Box::new(m20261120_140000_index_sessions_by_activity::Migration),
            Box::new(m20261120_150000_create_chores::Migration),
            Box::new(m20261130_120000_index_mentions_by_message::Migration),
            Box::new(m20261130_120100_index_acceptances::Migration),
        ]
    }
}

/// The names of every change, in the order in which they apply, as a migrated database remembers them.
#[must_use]
pub fn versions() -> Vec<String> {
    Migrator::migrations().iter().map(|change| change.name().to_owned()).collect()
}

/// Applies what is pending, while no other node does: under an advisory lock on PostgreSQL, under a lock on
/// `<file>.lock` on SQLite. Waits up to a minute for the lock.
///
/// `db` must be a pool of exactly one connection, since a PostgreSQL advisory lock belongs to a connection.
///
/// # Errors
/// What the database says, or that the lock was not to be had in time.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let guard = lock::acquire(db).await?;
    let outcome = Migrator::up(db, None).await;
    guard.release(db, outcome).await
}

/// Takes back the newest `steps` changes, or all of them, under the same lock as [`migrate`].
///
/// # Errors
/// As [`migrate`].
pub async fn revert(db: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    let guard = lock::acquire(db).await?;
    let outcome = Migrator::down(db, steps).await;
    guard.release(db, outcome).await
}
