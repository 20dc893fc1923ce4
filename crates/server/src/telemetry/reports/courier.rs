//! Carries reports to their place over HTTP/1.1, one after the other on a connection that is kept.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    http::{
        HeaderMap, HeaderName, HeaderValue, Request, StatusCode,
        header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
    },
};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use crate::{VERSION, config::Target};

/// How long a delivery may take, from the name of the host to the end of the answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const ANSWER: usize = 64 * 1_024;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What became of a delivery.
#[derive(Debug)]
pub(super) enum Delivery {
    /// It was taken.
    Taken,
    /// It was refused, and will be again.
    Refused(StatusCode),
    /// It may be taken later; after so long, if that was said.
    Later(Option<Duration>, String),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Carries reports to one place.
pub(in crate::telemetry) struct Courier {
    target: Target,
    headers: HeaderMap,
    tls: Option<TlsConnector>,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Courier {
    /// A courier to `target`, who says what is in `headers` with each report. Nothing is connected yet.
    ///
    /// # Errors
    /// When TLS is wanted and the system has no certificates of authorities, or a header's value cannot be one.
    pub(in crate::telemetry) fn new(
        target: Target,
        content_type: &'static str,
        headers: &[(HeaderName, SecretString)],
    ) -> Result<Self, String> {
        let mut all = HeaderMap::new();
        let valid = |text: &str| HeaderValue::from_str(text).map_err(|_| "a header holds what none may".to_owned());
        all.insert(HOST, valid(&target.authority())?);
        all.insert(USER_AGENT, valid(&format!("rondo/{VERSION}"))?);
        for (name, value) in headers {
            let mut value = valid(value.expose_secret())?;
            value.set_sensitive(true);
            all.insert(name.clone(), value);
        }
        all.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let tls = if target.secure { Some(connector()?) } else { None };
        Ok(Self { target, headers: all, tls, open: None })
    }

    /// Delivers a report.
    pub(super) async fn deliver(&mut self, report: Bytes) -> Delivery {
        let answered = timeout(DEADLINE, self.post(report)).await;
        let answered = answered.unwrap_or_else(|_| Err(format!("no answer within {} s", DEADLINE.as_secs()).into()));
        match answered {
            Ok((status, _)) if status.is_success() => Delivery::Taken,
            Ok((status, wait)) if is_passing(status) => Delivery::Later(wait, format!("it answers {status}")),
            Ok((status, _)) => Delivery::Refused(status),
            Err(error) => {
                self.open = None;
                Delivery::Later(None, error.to_string())
            }
        }
    }

    async fn post(&mut self, report: Bytes) -> Result<(StatusCode, Option<Duration>), Failure> {
        let mut request = Request::post(&self.target.path).body(Full::new(report))?;
        *request.headers_mut() = self.headers.clone();
        let mut kept = self.open.take();
        if let Some(sender) = &mut kept
            && sender.ready().await.is_err()
        {
            kept = None; // it was closed meanwhile
        }
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        let wait = wait.map(Duration::from_secs);
        // Whoever says more than anybody reads is connected to afresh.
        if Limited::new(answer.into_body(), ANSWER).collect().await.is_ok() {
            self.open = Some(sender);
        }
        Ok((status, wait))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let stream = TcpStream::connect((self.target.host.as_str(), self.target.port)).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect(ServerName::try_from(self.target.host.clone())?, stream).await?),
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection); // it ends with its sender
        Ok(sender)
    }
}

/// Whether a refusal may be over soon, as the specification of OTLP has it.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn connector() -> Result<TlsConnector, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("the system has no certificates of authorities (on Debian: ca-certificates)".to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
