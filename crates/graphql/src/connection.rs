//! Relay connections: which page is asked for, and the page as a connection.

use async_graphql::connection::PageInfo;
use rondo_domain::{
    Invalid,
    invalid::{Check, Reason},
    lists::Span,
    page::{Limit, Page},
};

use crate::fault::Outcome;

/// Which page of a list that goes on from a `K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paging<K> {
    pub(crate) span: Span<K>,
    pub(crate) limit: Limit,
}

/// The four arguments of every list.
pub(crate) struct Arguments {
    pub(crate) first: Option<i64>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i64>,
    pub(crate) before: Option<String>,
}

impl Arguments {
    /// Reads them; `decode` reads a cursor of the list.
    ///
    /// # Errors
    /// On each that makes no sense, or that runs the other way than another.
    pub(crate) fn read<K>(self, decode: impl Fn(&str) -> Result<K, Invalid>) -> Outcome<Paging<K>> {
        let Self { first, after, last, before } = self;
        let mut check = Check::default();
        let backward = last.is_some() || (before.is_some() && first.is_none());
        let (size, wish) = if backward { ("last", last) } else { ("first", first) };
        let limit = check.optional(size, wish, Limit::parse);
        let cursor = |cursor: String| decode(&cursor).map_err(|_| foreign());
        let after = check.optional("after", after, cursor);
        let before = check.optional("before", before, |text: String| decode(&text).map_err(|_| foreign()));
        let mut clash = |field: &str, with: &str| {
            check.field::<()>(field, Err(Reason::new("conflict", format!("runs the other way than {with}"))));
        };
        match (backward, &after, &before) {
            _ if first.is_some() && last.is_some() => clash("last", "first"),
            (true, Some(Some(_)), _) => clash("after", size),
            (false, _, Some(Some(_))) => clash("before", size),
            _ => {
                if let (Some(limit), Some(after), Some(before)) = (limit, after, before) {
                    let span = if backward { Span::Before(before) } else { Span::After(after) };
                    return Ok(Paging { span, limit: limit.unwrap_or_default() });
                }
            }
        }
        Err(check.failed().into())
    }
}

fn foreign() -> Reason {
    Reason::new("invalid_format", "must be a cursor of this list")
}

/// The edges of a page in the order of the list, and what stands around them.
pub(crate) fn connect<T, K, S, E>(
    page: &Page<T, K>,
    span: &Span<S>,
    edge: impl Fn(&T) -> E,
    cursor: impl Fn(&E) -> &str,
) -> (Vec<E>, PageInfo) {
    let mut edges: Vec<E> = page.items.iter().map(edge).collect();
    let more = page.next.is_some();
    let (has_previous_page, has_next_page) = match span {
        Span::After(key) => (key.is_some(), more),
        Span::Before(key) => {
            edges.reverse();
            (more, key.is_some())
        }
    };
    let info = PageInfo {
        has_previous_page,
        has_next_page,
        start_cursor: edges.first().map(|edge| cursor(edge).to_owned()),
        end_cursor: edges.last().map(|edge| cursor(edge).to_owned()),
    };
    (edges, info)
}

/// Declares a connection with its edge. What stands between the braces are further fields of the connection.
macro_rules! connection {
    (
        $(#[$doc:meta])* $connection:ident, $edge:ident of $node:ty
        { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        #[graphql(complex)]
        pub(crate) struct $connection {
            /// The items with their cursors.
            edges: Vec<$edge>,
            /// Where this page stands in the list.
            page_info: async_graphql::connection::PageInfo,
            $($(#[$field_doc])* $field: $type,)*
        }

        #[async_graphql::ComplexObject]
        impl $connection {
            /// The items, without their cursors.
            async fn nodes(&self) -> Vec<&$node> {
                self.edges.iter().map(|edge| &edge.node).collect()
            }
        }

        /// An item with its place in the list.
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            /// Where to go on from, as `after` or `before`.
            cursor: String,
            /// The item.
            node: $node,
        }

        impl $connection {
            pub(crate) fn of<T, K, S>(
                page: &rondo_domain::page::Page<T, K>,
                span: &rondo_domain::lists::Span<S>,
                cursor: impl Fn(&T) -> String,
                $($field: $type,)*
            ) -> Self
            where
                for<'a> $node: From<&'a T>,
            {
                let edge = |item: &T| $edge { cursor: cursor(item), node: item.into() };
                let (edges, page_info) = crate::connection::connect(page, span, edge, |edge| &edge.cursor);
                Self { edges, page_info, $($field,)* }
            }
        }
    };
}

pub(crate) use connection;

#[cfg(test)]
mod tests {
    use rondo_domain::page::MessageKey;
    use rondo_wire::{ErrorCode, decode_message, encode_message};

    use super::*;

    fn read(
        first: Option<i64>,
        after: bool,
        last: Option<i64>,
        before: bool,
    ) -> Result<Paging<MessageKey>, Vec<String>> {
        let cursor = || encode_message(&MessageKey::Before(Some(7)));
        let arguments = Arguments { first, after: after.then(cursor), last, before: before.then(cursor) };
        arguments.read(decode_message).map_err(|refusal| {
            assert_eq!(refusal.0.code, ErrorCode::ValidationFailed);
            refusal.0.errors.into_iter().map(|error| error.field).collect()
        })
    }

    #[test]
    fn a_page_runs_one_way() {
        let key = Some(MessageKey::Before(Some(7)));
        let paging = |span, limit| Ok(Paging { span, limit: Limit::parse(limit).unwrap() });
        assert_eq!(read(None, false, None, false), paging(Span::After(None), 20));
        assert_eq!(read(Some(5), true, None, false), paging(Span::After(key), 5));
        assert_eq!(read(None, false, Some(5), true), paging(Span::Before(key), 5));
        assert_eq!(read(None, false, None, true), paging(Span::Before(key), 20));
        let refused = |fields: &[&str]| Err(fields.iter().map(|field| (*field).to_owned()).collect());
        assert_eq!(read(Some(5), false, Some(5), false), refused(&["last"]));
        assert_eq!(read(None, true, Some(5), false), refused(&["after"]));
        assert_eq!(read(Some(5), false, None, true), refused(&["before"]));
        assert_eq!(read(Some(0), false, None, false), refused(&["first"]));
        assert_eq!(read(None, false, Some(101), false), refused(&["last"]));
    }

    #[test]
    fn a_foreign_cursor_names_its_argument() {
        let arguments = Arguments { first: None, after: Some("!".to_owned()), last: None, before: None };
        let refusal = arguments.read(decode_message).unwrap_err();
        assert_eq!((&*refusal.0.errors[0].field, &*refusal.0.errors[0].code), ("after", "invalid_format"));
    }
}
