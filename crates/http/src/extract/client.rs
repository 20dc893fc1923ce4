//! Where a login comes from.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::USER_AGENT};
use rondo_domain::account::LoginOrigin;

use crate::limits::client_address;

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_LENGTH: usize = 400;

/// The client's name and address, for the list of one's own logins.
pub(crate) struct ClientOrigin(pub(crate) LoginOrigin);

impl FromRequest for ClientOrigin {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Self::of(request))))
    }
}

impl ClientOrigin {
    /// Where a request comes from.
    pub(crate) fn of(request: &HttpRequest) -> LoginOrigin {
        let agent = request.headers().get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let user_agent = agent.map(|agent| agent.chars().filter(|c| *c != '\0').take(USER_AGENT_LENGTH).collect());
        let address = client_address(request).map(|address| address.to_string());
        LoginOrigin { user_agent, address }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_clients_name_is_cut() {
        let request = TestRequest::get()
            .insert_header((USER_AGENT, "x".repeat(500)))
            .peer_addr("[::ffff:192.0.2.1]:5000".parse().unwrap())
            .to_http_request();
        let Ok(ClientOrigin(origin)) = ClientOrigin::from_request(&request, &mut Payload::None).into_inner();
        assert_eq!(origin.user_agent.unwrap().len(), USER_AGENT_LENGTH);
        assert_eq!(origin.address.as_deref(), Some("192.0.2.1"));
    }
}
