//! Somebody with an account.

use reqwest::Method;
use rondo_domain::ids::RequestId;
use serde_json::{Value, json};

use crate::{Request, Site, Socket, Subscriber};

/// Somebody with an account, who speaks with an access token of their own.
#[derive(Clone)]
pub struct Person {
    /// Who they are, as ids go.
    pub id: String,
    /// The name that others see.
    pub name: String,
    /// The address that they sign in with.
    pub email: String,
    /// The password that they sign in with.
    pub password: String,
    site: Site,
    token: String,
}

/// What a sign-in or a refresh gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl Tokens {
    /// Those of a body that has both.
    #[must_use]
    #[track_caller]
    pub fn of(body: &Value) -> Self {
        let text = |field: &str| body[field].as_str().unwrap_or_else(|| panic!("no {field} in {body}")).to_owned();
        Self { access: text("accessToken"), refresh: text("refreshToken") }
    }
}

impl Person {
    pub(crate) async fn register(site: &Site, name: &str) -> Self {
        let local = name.replace(' ', ".");
        let email = format!("{local}-{}@example.org", RequestId::generate().0.simple()).to_lowercase();
        let password = format!("the password of {name}");
        let body = json!({"email": email, "password": password, "displayName": name});
        let tokens = site.post("/api/auth/register").json(body).await.told(201);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            id: text(&tokens["user"]["id"]),
            name: name.to_owned(),
            email,
            password,
            site: site.clone(),
            token: text(&tokens["accessToken"]),
        }
    }

    pub(crate) async fn sign_in(site: &Site, email: &str, password: &str) -> Self {
        let body = json!({"email": email, "password": password});
        let tokens = site.post("/api/auth/login").json(body).await.told(200);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            id: text(&tokens["user"]["id"]),
            name: text(&tokens["user"]["displayName"]),
            email: email.to_owned(),
            password: password.to_owned(),
            site: site.clone(),
            token: text(&tokens["accessToken"]),
        }
    }

    /// Their newest notifications, the newest first.
    pub async fn notifications(&self) -> Vec<Value> {
        let page = self.get("/api/notifications?limit=100").await.told(200);
        page["items"].as_array().expect("items").clone()
    }

    /// Signs in once more.
    pub async fn login(&self) -> Tokens {
        let body = json!({"email": self.email, "password": self.password, "includeRefreshToken": true});
        Tokens::of(&self.site.post("/api/auth/login").json(body).await.told(200))
    }

    /// The same person with another access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same person, who speaks to another node.
    #[must_use]
    pub fn at(&self, site: &Site) -> Self {
        Self { site: site.clone(), ..self.clone() }
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A connected socket.
    pub async fn socket(&self) -> Socket {
        self.site.connect(Some(&self.token)).await.unwrap_or_else(|error| panic!("{} was refused: {error}", self.name))
    }

    /// A websocket for operations in GraphQL.
    pub async fn subscriber(&self) -> Subscriber {
        self.subscriber_with(&[]).await
    }

    /// A websocket for operations in GraphQL whose handshake has these headers besides.
    pub async fn subscriber_with(&self, headers: &[(&'static str, String)]) -> Subscriber {
        self.site.subscriber(&self.token, headers).await
    }

    /// A request of theirs.
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.site.request(method, path).bearer(&self.token)
    }

    /// A `GET` of theirs.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// A `POST` of theirs.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// A `PATCH` of theirs.
    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    /// A `PUT` of theirs.
    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    /// A `DELETE` of theirs.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }
}
