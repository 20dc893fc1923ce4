//! Values on their way into a statement.

use std::borrow::Cow;

use sea_orm::{
    DbErr, RuntimeErr, SqlxError, Statement, Value,
    sea_query::Values,
    sqlx::{Arguments as _, Encode, IntoArguments, Postgres, Type, postgres::PgArguments},
};
use sea_query_sqlx::SqlxValues;

/// A statement's text, which mostly is a constant.
pub(crate) type Sql = Cow<'static, str>;

/// Values as PostgreSQL takes them.
pub(crate) fn arguments(values: impl IntoIterator<Item = Value>) -> PgArguments {
    IntoArguments::<Postgres>::into_arguments(SqlxValues(Values(values.into_iter().collect())))
}

/// Adds a value, an array of which sea-query would make a value of each cell first.
///
/// # Errors
/// When it is too long for the protocol.
pub(crate) fn add<'q, T>(arguments: &mut PgArguments, value: T) -> Result<(), DbErr>
where
    T: Encode<'q, Postgres> + Type<Postgres>,
{
    arguments.add(value).map_err(|error| DbErr::Query(RuntimeErr::SqlxError(SqlxError::Encode(error).into())))
}

/// One column of the rows, for an array.
pub(crate) fn column<'r, T, V>(rows: &'r [T], cell: impl Fn(&'r T) -> V) -> Vec<V> {
    rows.iter().map(cell).collect()
}

pub(super) fn parts(statement: Statement) -> (Sql, PgArguments) {
    (statement.sql.into(), arguments(statement.values.map_or_else(Vec::new, |values| values.0)))
}
