//! What leaves through a websocket. The hub hands over to the connection's outbox, and whatever writes the stream takes from
//! there: no task stands between, and all that waits leaves in one write.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_codec::Encoder;
use actix_http::ws::{Codec, Message};
use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody},
};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use rondo_graphql::GraphQl;

use super::{
    link::{Link, Out},
    operation::Operation,
    protocol,
};

/// How much is put together for one write.
const CHUNK: usize = 32 * 1024;

/// A value that somebody else is making at this moment.
type Making = BoxFuture<'static, Option<Bytes>>;

/// The body of a websocket's answer: the library's own frames, and what waits in the outbox.
pub(super) struct Outflow {
    /// Acknowledgements, pings and the goodbye.
    frames: BoxBody,
    link: Arc<Link>,
    engine: Arc<GraphQl>,
    codec: Codec,
    making: Option<(Arc<Operation>, Making)>,
}

impl Outflow {
    pub(super) fn new(frames: BoxBody, link: Arc<Link>, engine: Arc<GraphQl>) -> Self {
        Self { frames, link, engine, codec: Codec::new(), making: None }
    }

    fn write(&mut self, frame: ByteString, buffer: &mut BytesMut) -> io::Result<()> {
        self.codec.encode(Message::Text(frame), buffer).map_err(io::Error::other)
    }

    /// Takes out of the outbox what is ready, up to a chunk of it.
    fn drain(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> io::Result<()> {
        while buffer.len() < CHUNK {
            if let Some((operation, making)) = &mut self.making {
                let Poll::Ready(made) = making.as_mut().poll(cx) else { return Ok(()) };
                let operation = Arc::clone(operation);
                self.making = None;
                self.write_next(&operation, made.as_deref(), buffer)?;
                continue;
            }
            let Some(out) = self.link.pop() else { return Ok(()) };
            match out {
                Out::Told(operation, told) if !operation.is_done() => {
                    let rendering = operation.rendering(&told);
                    if let Some(made) = rendering.as_ref().and_then(|rendering| rendering.get()) {
                        self.write_next(&operation, made.as_deref(), buffer)?;
                        continue;
                    }
                    let (engine, one) = (Arc::clone(&self.engine), Arc::clone(&operation));
                    let making = async move { one.render(&engine, &told).await };
                    self.making = Some((operation, Box::pin(making)));
                }
                Out::Next(operation, value) => self.write_next(&operation, Some(&value), buffer)?,
                Out::Answer(operation, body) if !operation.is_done() => {
                    self.link.finished(&operation);
                    self.write(protocol::next(&operation.id, &body), buffer)?;
                    self.write(protocol::complete(&operation.id), buffer)?;
                }
                Out::Failed(operation, errors) if !operation.is_done() => {
                    self.link.finished(&operation);
                    self.write(protocol::error(&operation.id, &errors), buffer)?;
                }
                Out::Told(..) | Out::Answer(..) | Out::Failed(..) => {}
            }
        }
        Ok(())
    }

    fn write_next(&mut self, operation: &Operation, value: Option<&[u8]>, buffer: &mut BytesMut) -> io::Result<()> {
        match value {
            Some(value) if !operation.is_done() => self.write(protocol::next(&operation.id, value), buffer),
            _ => Ok(()),
        }
    }
}

impl MessageBody for Outflow {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let this = self.get_mut();
        this.link.wakes(cx.waker());
        // First what the conversation itself says: nothing comes before the acknowledgement, and nothing after the goodbye.
        let mut buffer = match Pin::new(&mut this.frames).poll_next(cx) {
            Poll::Ready(Some(Ok(frames))) => BytesMut::from(frames),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(io::Error::other(error.to_string()).into()))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => BytesMut::new(),
        };
        if !this.link.said_goodbye() {
            this.drain(cx, &mut buffer)?;
        }
        if buffer.is_empty() { Poll::Pending } else { Poll::Ready(Some(Ok(buffer.freeze()))) }
    }
}
