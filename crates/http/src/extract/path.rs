//! Ids in paths.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use rondo_wire::{ErrorCode, Fault};

use crate::problem::Failure;

/// The `{id}` of the path. One that is not well formed names nothing: 404.
pub(crate) struct PathId<T>(pub(crate) T);

/// Both ids of a path that has two, in their order.
pub(crate) struct PathIds<A, B>(pub(crate) A, pub(crate) B);

impl<T: FromStr> FromRequest for PathId<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request.match_info().get("id")).map(Self))
    }
}

impl<A: FromStr, B: FromStr> FromRequest for PathIds<A, B> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut parts = request.match_info().iter().map(|(_, part)| part);
        let (first, second) = (id(parts.next()), id(parts.next()));
        ready(first.and_then(|first| Ok(Self(first, second?))))
    }
}

fn id<T: FromStr>(part: Option<&str>) -> Result<T, Failure> {
    // The parser also takes braces, URNs and no hyphens; one thing has one address.
    let id = part.filter(|part| part.len() == 36).and_then(|part| part.parse().ok());
    id.ok_or_else(|| Fault::new(ErrorCode::NotFound, "There is nothing at this address.").into())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use rondo_domain::{SessionId, UserId};

    use super::*;

    #[actix_web::test]
    async fn only_a_plain_uuid_names_something() {
        let id = SessionId::generate();
        let read = |text: String| {
            let request = TestRequest::get().param("id", text).to_http_request();
            PathId::<SessionId>::from_request(&request, &mut Payload::None).into_inner()
        };
        assert_eq!(read(id.to_string()).ok().map(|read| read.0), Some(id));
        for text in [String::new(), "1".to_owned(), format!("{{{id}}}"), id.0.simple().to_string(), format!("{id}0")] {
            assert_eq!(read(text.clone()).err().map(|failure| failure.code()), Some(ErrorCode::NotFound), "{text}");
        }
    }

    #[actix_web::test]
    async fn two_ids_are_read_in_their_order() {
        let (session, user) = (SessionId::generate(), UserId::generate());
        let read = |second: &str| {
            let request = TestRequest::get().param("id", session.to_string()).param("userId", second.to_owned());
            let read = PathIds::<SessionId, UserId>::from_request(&request.to_http_request(), &mut Payload::None);
            read.into_inner().map(|PathIds(first, second)| (first, second)).ok()
        };
        assert_eq!(read(&user.to_string()), Some((session, user)));
        assert_eq!(read("1"), None);
    }
}
