//! The address of a server, and what anybody may do there.

use std::{
    net::SocketAddr,
    sync::{Arc, RwLock},
};

use reqwest::{Client, Method};

use crate::{Person, Request, SessionBuilder, Socket, Subscriber, socket, subscriber};

/// A server's address. Clones are the same address, wherever the server moves.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    client: Client,
    address: RwLock<SocketAddr>,
}

impl Site {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client");
        Self(Arc::new(Inner { client, address: RwLock::new(address) }))
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        *self.0.address.read().unwrap()
    }

    pub(crate) fn moved_to(&self, address: SocketAddr) {
        *self.0.address.write().unwrap() = address;
    }

    /// A request by nobody.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(&self.0.client, method, &format!("http://{}", self.address()), path)
    }

    /// A `GET` by nobody.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// A `POST` by nobody.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// Somebody with a new account, signed in.
    pub async fn user(&self, name: &str) -> Person {
        Person::register(self, name).await
    }

    /// Somebody who has an account already, signed in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Person {
        Person::sign_in(self, email, password).await
    }

    /// A new session in the making.
    #[must_use]
    pub fn session(&self) -> SessionBuilder {
        SessionBuilder::default()
    }

    /// A socket with this token, or the message of the `connect_error`.
    ///
    /// # Errors
    /// Whatever the server refuses the connection with.
    pub async fn connect(&self, token: Option<&str>) -> Result<Socket, String> {
        self.connect_with(token, &[]).await
    }

    /// The same, with headers besides.
    ///
    /// # Errors
    /// Whatever the server refuses the connection with.
    pub async fn connect_with(
        &self,
        token: Option<&str>,
        headers: &[(&'static str, String)],
    ) -> Result<Socket, String> {
        socket::connect(self.address(), token, headers).await
    }

    /// A websocket for operations in GraphQL, with a good token.
    pub async fn subscriber(&self, token: &str, headers: &[(&'static str, String)]) -> Subscriber {
        subscriber::subscriber(self.address(), token, headers).await
    }
}
