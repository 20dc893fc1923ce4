//! The stream below a websocket, with a token by which it is cut: a reader that takes nothing cannot be told to go.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::dev::Extensions;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

/// A stream that fails where it would wait once its token is cancelled, and cancels it when it is dropped.
pub(crate) struct Line<T> {
    io: T,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    guard: DropGuard,
}

/// The token of the stream that a request came by.
#[derive(Clone, Debug, Default)]
pub(super) struct LineToken(pub(super) CancellationToken);

/// Notes the token of a stream for the requests that come by it.
pub(crate) fn note<T>(line: &Line<T>, data: &mut Extensions) {
    data.insert(line.token());
}

impl<T> Line<T> {
    pub(crate) fn new(io: T) -> Self {
        let token = CancellationToken::new();
        Self { io, cut: Box::pin(token.clone().cancelled_owned()), guard: token.drop_guard() }
    }

    /// The token by which it is cut, and by which others see that it is gone.
    fn token(&self) -> LineToken {
        LineToken(self.guard.token().clone())
    }

    /// What the stream gave; where it keeps waiting, it does so only until it is cut.
    fn unless_cut<R>(&mut self, polled: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if polled.is_pending() && self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        polled
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Line<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        self.unless_cut(polled, cx)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Line<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.unless_cut(polled, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(cx);
        self.unless_cut(polled, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(cx);
        self.unless_cut(polled, cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_cut_ends_a_write_that_nobody_reads_and_an_end_is_seen() {
        let (near, _far) = tokio::io::duplex(4);
        let mut line = Line::new(near);
        let LineToken(token) = line.token();
        let cutter = token.clone();
        let (written, ()) = tokio::join!(line.write_all(b"more than fits"), async move { cutter.cancel() });
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);

        let line = Line::new(tokio::io::empty());
        let LineToken(token) = line.token();
        assert!(!token.is_cancelled());
        drop(line);
        assert!(token.is_cancelled());
    }
}
