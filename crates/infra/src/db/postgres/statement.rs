//! Values on their way into a statement.

use std::borrow::Cow;

use sea_orm::{
    Statement, Value,
    sea_query::Values,
    sqlx::{IntoArguments, Postgres, postgres::PgArguments},
};
use sea_query_sqlx::SqlxValues;

/// A statement's text, which mostly is a constant.
pub(crate) type Sql = Cow<'static, str>;

/// Values as PostgreSQL takes them.
pub(crate) fn arguments(values: impl IntoIterator<Item = Value>) -> PgArguments {
    IntoArguments::<Postgres>::into_arguments(SqlxValues(Values(values.into_iter().collect())))
}

pub(super) fn parts(statement: Statement) -> (Sql, PgArguments) {
    (statement.sql.into(), arguments(statement.values.map_or_else(Vec::new, |values| values.0)))
}
