//! The one place that joins socketioxide, a tower service, to actix-web.
//!
//! Websocket upgrades leave actix through its upgrade hook as raw streams; polling is an ordinary handler of the App.
//! Sessions and their streams live on the runtime of [`Mount::runtime`], never on an actix worker.

use std::{fmt::Write as _, io, sync::Arc};

use actix_codec::Framed;
use actix_http::{Request, RequestHead, h1};
use actix_web::{HttpRequest, HttpResponse, body::MessageBody as _, http::StatusCode, web};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Handle};
use tokio_util::{context::TokioContext, sync::CancellationToken};
use tower_service::Service;

use super::{
    MAX_PAYLOAD, SocketService,
    lifeline::{Lifeline, Lifelines, Lined},
};
use crate::{
    limits::{self, Door},
    state::AllowedOrigins,
};

/// Where Socket.IO listens.
pub(crate) const PATH: &str = "/socket.io";

/// Whether a path is Socket.IO's.
pub(crate) fn is_socket_io(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest == "/")
}

/// What requests to Socket.IO need.
#[derive(Clone)]
pub(crate) struct Mount {
    /// The Engine.IO service.
    pub(crate) service: SocketService,
    /// The runtime on which sessions live.
    pub(crate) runtime: Handle,
    /// Whose pages may connect.
    pub(crate) origins: Arc<AllowedOrigins>,
    /// Where upgraded websockets can be cut.
    pub(crate) lifelines: Arc<Lifelines>,
    /// Cancelled when nobody is let in any more.
    pub(crate) stopping: CancellationToken,
    /// Where websockets are counted; all other requests are counted by the App.
    pub(crate) door: Door,
}

impl Mount {
    /// The App's handler for polling, and for plain errors.
    pub(crate) async fn polling(mount: web::Data<Self>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
        let Some(converted) = convert(request.head()) else { return HttpResponse::BadRequest().finish() };
        if !mount.origin_allowed(converted.headers()) {
            return HttpResponse::Forbidden().finish();
        }
        let body = match payload.to_bytes_limited(MAX_PAYLOAD).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return HttpResponse::BadRequest().finish(),
            Err(_) => return HttpResponse::PayloadTooLarge().finish(),
        };
        if is_late(&mount.stopping, converted.uri()) {
            return HttpResponse::ServiceUnavailable().finish();
        }
        let polls = (request.method() == actix_web::http::Method::GET).then(|| engine_id(converted.uri())).flatten();
        let (parts, body) = mount.call(converted.map(|()| Full::new(body))).await;
        if let Some(id) = polls {
            mount.lifelines.polled(id, body.len());
        }
        let status = StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for (name, value) in parts.headers.iter().filter(|(name, _)| *name != http::header::CONTENT_LENGTH) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
        response.body(body)
    }

    /// The upgrade hook's handler for websockets, with the stream as it stands.
    pub(crate) async fn websocket(&self, request: Request, framed: Framed<TcpStream, h1::Codec>) -> io::Result<()> {
        let parts = framed.into_parts();
        // A copy: the buffer itself is actix's, large, and would be held for as long as the connection.
        let (mut stream, ahead) = (parts.io, Bytes::copy_from_slice(&parts.read_buf));
        if !parts.write_buf.is_empty() {
            stream.write_all(&parts.write_buf).await?; // answers to requests that were pipelined before this one
        }
        let Some(mut converted) = convert(request.head()) else { return Ok(()) };
        let peer = request.peer_addr().map(|peer| peer.ip());
        if let Err(refused) = self.door.knock(peer, request.head().headers()).await {
            let response = limits::refusal(refused, request.head().headers());
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.into_body().try_into_bytes().unwrap_or_default();
            let head = head(status.as_u16(), headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
            return close(stream, head, &body).await;
        }
        let (lifeline, upgrade) = match engine_id(converted.uri()) {
            Some(id) => {
                let (lifeline, upgrade) = self.lifelines.upgraded(id);
                (lifeline, Some(upgrade))
            }
            None => (Lifeline::default(), None),
        };
        if upgrade.is_none() {
            converted.extensions_mut().insert(lifeline.clone());
        }
        // The ordinary way checks the query and computes the head of the answer. Its own upgrade has no effect: there
        // is no hyper connection under it.
        let refused = if self.origin_allowed(converted.headers()) {
            is_late(&self.stopping, converted.uri()).then_some(http::StatusCode::SERVICE_UNAVAILABLE)
        } else {
            Some(http::StatusCode::FORBIDDEN)
        };
        let (head, body) = match refused {
            None => self.call(converted.clone().map(|()| Full::default())).await,
            Some(status) => {
                let (mut head, ()) = http::Response::new(()).into_parts();
                head.status = status;
                (head, Bytes::new())
            }
        };
        let switching = head.status == http::StatusCode::SWITCHING_PROTOCOLS;
        let head = self::head(
            head.status.as_u16(),
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        if !switching {
            return close(stream, head, &body).await;
        }
        stream.write_all((head + "\r\n").as_bytes()).await?;
        // The stream leaves this worker's reactor for the one where the session's tasks run: left here it would cost
        // half as much again.
        let stream = stream.into_std()?;
        let _on_runtime = self.runtime.enter();
        let lined = Lined::new(ahead, TcpStream::from_std(stream)?).on(lifeline, upgrade);
        let _serves_itself = self.service.clone().call((lined, converted));
        Ok(())
    }

    /// Calls the tower service; all that it spawns lands on the sessions' runtime.
    async fn call(&self, request: http::Request<Full<Bytes>>) -> (http::response::Parts, Bytes) {
        let mut service = self.service.clone();
        let answering = async move { service.call(request).await };
        let (parts, body) = match TokioContext::new(answering, self.runtime.clone()).await {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        (parts, body)
    }

    fn origin_allowed(&self, headers: &http::HeaderMap) -> bool {
        // What is no text is an origin that nobody allowed.
        let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
        self.origins.may_connect(text(http::header::ORIGIN), text(http::header::HOST))
    }
}

/// The head of an answer, but for its last line.
fn head<'a>(status: u16, headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, value) in headers.filter(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
        let _infallible = write!(head, "{name}: {}\r\n", str::from_utf8(value).unwrap_or_default());
    }
    head
}

/// Sends an answer that is the last one on its stream.
async fn close(mut stream: TcpStream, mut head: String, body: &[u8]) -> io::Result<()> {
    let _infallible = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    stream.shutdown().await
}

/// Whether a request would begin a session on a node that is stopping: it is to be begun elsewhere. Those that are there
/// are served until they are closed.
fn is_late(stopping: &CancellationToken, uri: &http::Uri) -> bool {
    stopping.is_cancelled() && engine_id(uri).is_none()
}

/// The Engine.IO session that a request belongs to.
fn engine_id(uri: &http::Uri) -> Option<socketioxide::socket::Sid> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("sid="))?.parse().ok()
}

/// The same head in the `http` crate's present version; actix stands on an older one.
fn convert(head: &RequestHead) -> Option<http::Request<()>> {
    let mut request = http::Request::new(());
    *request.method_mut() = http::Method::from_bytes(head.method.as_str().as_bytes()).ok()?;
    *request.uri_mut() = head.uri.to_string().parse().ok()?;
    for (name, value) in head.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        request.headers_mut().append(name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

/// Any other upgrade: the head as bytes again, to feed a dispatcher of the App that knows no upgrades.
pub(crate) fn rewind(request: &Request, framed: Framed<TcpStream, h1::Codec>) -> Lined<TcpStream> {
    let parts = framed.into_parts();
    let mut bytes = BytesMut::with_capacity(1_024);
    bytes.extend_from_slice(format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).as_bytes());
    for (name, value) in request.head().headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&parts.read_buf);
    Lined::new(bytes.freeze(), parts.io)
}
