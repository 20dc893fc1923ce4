//! Any number of rows in few statements. PostgreSQL takes arrays, as many as go out at once; SQLite has none, so it is
//! given pieces of a few fixed sizes, so that its statements stay prepared.

use std::iter;

use sea_orm::{DbErr, QueryResult, Value};

use super::{
    guarded::{Guarded, ONE_WRITE},
    link::{Link, Txn},
};

/// The sizes in which SQLite is asked about rows.
const ASKED: [usize; 4] = [1, 8, 64, 256];
/// The sizes in which SQLite is given rows to write, the largest first.
const WRITTEN: [usize; 3] = [64, 8, 1];

/// A statement of SQLite for any number of rows.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) head: &'static str,
    pub(super) row: &'static str,
    pub(super) tail: &'static str,
}

impl Shape {
    fn sql(self, rows: usize) -> String {
        format!("{}{}{}", self.head, vec![self.row; rows].join(", "), self.tail)
    }
}

/// Writes rows to SQLite.
pub(super) async fn pieces<T, const N: usize>(
    txn: &Guarded<Txn>,
    shape: Shape,
    items: &[T],
    values: impl Fn(&T) -> [Value; N],
) -> Result<(), DbErr> {
    let mut rest = items;
    for size in WRITTEN {
        while rest.len() >= size {
            let (piece, after) = rest.split_at(size);
            txn.run(shape.sql(size), piece.iter().flat_map(&values)).await?;
            rest = after;
        }
    }
    Ok(())
}

/// Asks SQLite about rows. The last piece is filled up with its last row again, so an answer may come more than once.
pub(super) async fn ask<C: Link, T, const N: usize>(
    connection: &Guarded<C>,
    shape: Shape,
    items: &[T],
    values: impl Fn(&T) -> [Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    let mut found = Vec::with_capacity(items.len());
    for piece in items.chunks(ASKED[3]) {
        let size = ASKED.into_iter().find(|size| *size >= piece.len()).unwrap_or(piece.len());
        let filled = piece.iter().chain(piece.last().into_iter().cycle()).take(size);
        found.extend(connection.rows(shape.sql(size), filled.flat_map(&values)).await?);
    }
    Ok(found)
}

/// One column of the rows, as an array for PostgreSQL. It must hold no nulls, which sea-query cannot bind.
pub(super) fn array<T, V>(rows: &[T], cell: impl Fn(&T) -> V) -> Value
where
    Vec<V>: Into<Value>,
{
    rows.iter().map(cell).collect::<Vec<V>>().into()
}

/// How many items of these weights there is room for.
pub(super) fn fitting(weights: impl Iterator<Item = usize>, room: &mut usize) -> usize {
    let mut count = 0;
    for weight in weights {
        let Some(left) = room.checked_sub(weight) else { break };
        *room = left;
        count += 1;
    }
    count
}

/// The rows in portions that go out at once, see [`ONE_WRITE`]; a single heavy one is one all the same.
pub(super) fn portions<T>(mut rows: &[T], weight: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    iter::from_fn(move || {
        let count = fitting(rows.iter().map(&weight), &mut { ONE_WRITE }).max(1);
        let (portion, later) = rows.split_at_checked(count)?;
        rows = later;
        Some(portion)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portion_goes_out_at_once_and_none_is_empty() {
        let portions = |weights: &[usize]| portions(weights, |weight| *weight).map(<[_]>::len).collect::<Vec<_>>();
        assert!(portions(&[]).is_empty());
        assert_eq!(portions(&[1, 1]), [2]);
        assert_eq!(portions(&[ONE_WRITE - 1, 1, 1]), [2, 1]);
        assert_eq!(portions(&[1, 2 * ONE_WRITE, 1, 1]), [1, 1, 2]);
    }
}
