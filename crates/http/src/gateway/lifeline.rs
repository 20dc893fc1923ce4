//! The tokens by which websockets are cut: with a full send queue a connection can be told nothing, and must still end.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use socketioxide::socket::Sid;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Carried by the request of a connection that begins as a websocket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifeline(pub(crate) CancellationToken);

/// The lifelines of connections that began with polling and were upgraded, by their Engine.IO id.
#[derive(Debug, Default)]
pub(crate) struct Lifelines(Mutex<HashMap<Sid, CancellationToken>>);

impl Lifelines {
    /// Notes the websocket to which a polling connection is upgraded.
    pub(super) fn upgraded(&self, id: Sid, token: CancellationToken) {
        self.lock().insert(id, token);
    }

    /// The connection is gone.
    pub(super) fn forget(&self, id: Sid) {
        self.lock().remove(&id);
    }

    /// Cuts one.
    pub(super) fn cut(&self, id: Sid) {
        if let Some(token) = self.lock().remove(&id) {
            token.cancel();
        }
    }

    /// Cuts all.
    pub(super) fn cut_all(&self) {
        for (_, token) in self.lock().drain() {
            token.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sid, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that gives the bytes that were read ahead first, and ends when its token is cancelled.
pub(crate) struct Lined<T> {
    ahead: Bytes,
    io: T,
    cut: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl<T> Lined<T> {
    /// A stream whose first bytes were read already.
    pub(super) fn new(ahead: Bytes, io: T, token: Option<CancellationToken>) -> Self {
        Self { ahead, io, cut: token.map(|token| Box::pin(token.cancelled_owned())) }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lined<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if !self.ahead.is_empty() {
            let length = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(length));
            if self.ahead.is_empty() {
                self.ahead = Bytes::new(); // frees the buffer
            }
            return Poll::Ready(Ok(()));
        }
        if self.cut.as_mut().is_some_and(|cut| cut.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Ok(())); // nothing read: the end
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Lined<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn what_was_read_ahead_comes_first_and_a_cut_ends_it() {
        let (near, far) = tokio::io::duplex(64);
        let token = CancellationToken::new();
        let mut lined = Lined::new(Bytes::from_static(b"ahead"), near, Some(token.clone()));
        let mut text = [0; 5];
        lined.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"ahead");
        token.cancel();
        assert_eq!(lined.read(&mut text).await.unwrap(), 0);
        drop(far);
    }
}
