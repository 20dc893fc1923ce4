//! A request in the making; awaiting it sends it.

use std::{fmt::Write as _, pin::Pin, time::Duration};

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::Answer;

/// How long an answer may take to be whole.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request. `.await` sends it and insists on an answer, whatever it says.
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    builder: RequestBuilder,
    name: String,
}

impl Request {
    pub(crate) fn new(client: &reqwest::Client, method: Method, base: &str, path: &str) -> Self {
        let name = format!("{method} {path}");
        Self { builder: client.request(method, format!("{base}{path}")).timeout(PATIENCE), name }
    }

    /// With a JSON body.
    pub fn json(self, body: impl Into<Value>) -> Self {
        self.body("application/json", body.into().to_string())
    }

    /// With any body.
    pub fn body(self, media_type: &str, body: impl Into<String>) -> Self {
        let Self { builder, name } = self.header("content-type", media_type);
        Self { builder: builder.body(body.into()), name }
    }

    /// With a header.
    pub fn header(self, header: &str, value: impl AsRef<str>) -> Self {
        let Self { builder, name } = self;
        Self { builder: builder.header(header, value.as_ref()), name }
    }

    /// With an access token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a refresh cookie.
    pub fn cookie(self, refresh_token: &str) -> Self {
        self.header("cookie", format!("rondo_refresh={refresh_token}"))
    }

    /// The answer, or why there is none: for servers that may be gone.
    ///
    /// # Errors
    /// What kept the answer from coming, for people.
    pub async fn attempt(self) -> Result<Answer, String> {
        let Self { builder, name } = self;
        let failed = |error: reqwest::Error| format!("{name} has no answer: {error:?}");
        let response = builder.send().await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(failed)?;
        Ok(Answer::new(name, status, headers, text))
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.attempt().await.unwrap_or_else(|error| panic!("{error}")) })
    }
}

/// Text as it may stand in a query.
#[must_use]
pub fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes everything");
        }
        encoded
    })
}
