//! A session and its counters.

use rondo_domain::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// The name in lower case, made here: databases disagree about what that is.
    pub search_name: String,
    pub description: Option<String>,
    pub color: Option<String>,
    pub image_url: Option<String>,
    pub visibility: String,
    pub member_count: i64,
    pub last_seq: i64,
    pub last_position: i64,
    /// The newest event that is no longer kept.
    pub log_floor: i64,
    pub last_message_at: Option<Timestamp>,
    pub active_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
