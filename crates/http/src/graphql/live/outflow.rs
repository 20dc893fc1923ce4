//! What leaves through a websocket. The hub hands over to the connection's outbox, and whatever writes the stream takes from
//! there: no task stands between, and all that waits leaves in one write.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_http::ws::{OpCode, Parser};
use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody},
};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use rondo_graphql::GraphQl;

use super::{link::Link, operation::Operation, outbox::Out, protocol};

/// How much is put together for one write.
const CHUNK: usize = 32 * 1024;
/// About how many bytes stand around what was told: the frame, the operation's name and those of the fields.
const AROUND: usize = 256;

/// A value that somebody else is making at this moment.
type Making = BoxFuture<'static, Option<Bytes>>;

/// The body of a websocket's answer: the library's own frames, and what waits in the outbox.
pub(super) struct Outflow {
    /// Acknowledgements, pings and the goodbye.
    frames: BoxBody,
    link: Arc<Link>,
    engine: Arc<GraphQl>,
    /// What was taken out of the outbox, and is next.
    taken: VecDeque<Out>,
    making: Option<(Arc<Operation>, Making)>,
}

impl Outflow {
    pub(super) fn new(frames: BoxBody, link: Arc<Link>, engine: Arc<GraphQl>) -> Self {
        Self { frames, link, engine, taken: VecDeque::new(), making: None }
    }

    /// Takes out of the outbox what is ready, up to a chunk of it.
    fn drain(&mut self, cx: &mut Context<'_>, mut frames: Frames<'_>) {
        while frames.buffer.len() < CHUNK {
            if let Some((operation, making)) = &mut self.making {
                let Poll::Ready(made) = making.as_mut().poll(cx) else { return };
                frames.next(operation, made.as_deref());
                self.making = None;
            }
            if self.taken.is_empty() {
                let Some(bytes) = self.link.take(&mut self.taken, CHUNK) else { return };
                frames.buffer.reserve(bytes + self.taken.len() * AROUND);
            }
            let Some(out) = self.taken.pop_front() else { return };
            match out {
                Out::Told(operation, told) if !operation.is_done() => {
                    if let Some(made) = operation.rendering(&told).as_ref().and_then(|rendering| rendering.get()) {
                        frames.next(&operation, made.as_deref());
                        continue;
                    }
                    let (engine, one) = (Arc::clone(&self.engine), Arc::clone(&operation));
                    let making = async move { one.render(&engine, &told).await };
                    self.making = Some((operation, Box::pin(making)));
                }
                Out::Next(operation, value) => frames.next(&operation, Some(&value)),
                Out::Answer(operation, body) if !operation.is_done() => {
                    self.link.finished(&operation);
                    frames.write(|text| protocol::next(text, &operation.id, &body));
                    frames.write(|text| protocol::complete(text, &operation.id));
                }
                Out::Failed(operation, errors) if !operation.is_done() => {
                    self.link.finished(&operation);
                    frames.write(|text| protocol::error(text, &operation.id, &errors));
                }
                Out::Told(..) | Out::Answer(..) | Out::Failed(..) => {}
            }
        }
    }
}

/// Frames that leave in one write.
struct Frames<'a> {
    buffer: &'a mut BytesMut,
    /// Where a frame's text is put together.
    text: Vec<u8>,
}

impl Frames<'_> {
    fn next(&mut self, operation: &Operation, value: Option<&[u8]>) {
        if let Some(value) = value
            && !operation.is_done()
        {
            self.write(|text| protocol::next(text, &operation.id, value));
        }
    }

    fn write(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.text.clear();
        put(&mut self.text);
        Parser::write_message(self.buffer, &self.text, OpCode::Text, true, false);
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
            this.drain(cx, Frames { buffer: &mut buffer, text: Vec::new() });
        }
        if buffer.is_empty() { Poll::Pending } else { Poll::Ready(Some(Ok(buffer.freeze()))) }
    }
}
