//! The tokens by which websockets are cut: with a full send queue a connection can be told nothing, and must still end.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use socketioxide::socket::Sid;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::backlog::Backlog;

/// How a stream is cut, and where what leaves through it is counted. Carried by the request of a connection that begins
/// as a websocket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifeline {
    pub(crate) token: CancellationToken,
    pub(crate) backlog: Arc<Backlog>,
}

/// The lifelines of connections that began with polling, by their Engine.IO id.
#[derive(Debug, Default)]
pub(crate) struct Lifelines(Mutex<HashMap<Sid, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    backlog: Arc<Backlog>,
    /// The websocket to which it was upgraded.
    upgraded: Option<CancellationToken>,
    /// Whether somebody was let in by it.
    admitted: bool,
}

/// Stands for a websocket to which a polling connection is upgraded; dropped with it.
#[derive(Debug)]
pub(super) struct Upgrade {
    lifelines: Arc<Lifelines>,
    id: Sid,
}

impl Drop for Upgrade {
    fn drop(&mut self) {
        let mut entries = self.lifelines.lock();
        if let Some(entry) = entries.get_mut(&self.id) {
            entry.upgraded = None;
            if !entry.admitted {
                entries.remove(&self.id);
            }
        }
    }
}

impl Lifelines {
    /// Notes the websocket to which a polling connection is upgraded.
    pub(super) fn upgraded(self: &Arc<Self>, id: Sid) -> (Lifeline, Upgrade) {
        let mut entries = self.lock();
        let entry = entries.entry(id).or_default();
        let lifeline = Lifeline { token: CancellationToken::new(), backlog: Arc::clone(&entry.backlog) };
        entry.upgraded = Some(lifeline.token.clone());
        drop(entries);
        (lifeline, Upgrade { lifelines: Arc::clone(self), id })
    }

    /// Somebody was let in on a connection that began with polling.
    pub(super) fn admitted(&self, id: Sid) -> Arc<Backlog> {
        let mut entries = self.lock();
        let entry = entries.entry(id).or_default();
        entry.admitted = true;
        Arc::clone(&entry.backlog)
    }

    /// Takes note of what an answer to a poll holds.
    pub(super) fn polled(&self, id: Sid, bytes: usize) {
        if let Some(entry) = self.lock().get(&id) {
            entry.backlog.left(bytes);
        }
    }

    /// The connection is gone.
    pub(super) fn forget(&self, id: Sid) {
        self.lock().remove(&id);
    }

    /// Cuts one.
    pub(super) fn cut(&self, id: Sid) {
        if let Some(token) = self.lock().get_mut(&id).and_then(|entry| entry.upgraded.take()) {
            token.cancel();
        }
    }

    /// Cuts all.
    pub(super) fn cut_all(&self) {
        for entry in self.lock().values_mut() {
            if let Some(token) = entry.upgraded.take() {
                token.cancel();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sid, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that gives the bytes that were read ahead first, ends when it is cut, and counts what leaves through it.
pub(crate) struct Lined<T> {
    ahead: Bytes,
    io: T,
    line: Option<Line>,
}

struct Line {
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    backlog: Arc<Backlog>,
    _upgrade: Option<Upgrade>,
}

impl<T> Lined<T> {
    /// A stream whose first bytes were read already.
    pub(super) const fn new(ahead: Bytes, io: T) -> Self {
        Self { ahead, io, line: None }
    }

    /// The same with a lifeline.
    pub(super) fn on(self, Lifeline { token, backlog }: Lifeline, upgrade: Option<Upgrade>) -> Self {
        let cut = Box::pin(token.cancelled_owned());
        Self { line: Some(Line { cut, backlog, _upgrade: upgrade }), ..self }
    }

    fn count(&self, written: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        if let (Some(line), Poll::Ready(Ok(bytes))) = (&self.line, &written) {
            line.backlog.left(*bytes);
        }
        written
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
        if self.line.as_mut().is_some_and(|line| line.cut.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Ok(())); // nothing read: the end
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Lined<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.count(written)
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
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::hub::Full;

    #[tokio::test]
    async fn what_was_read_ahead_comes_first_and_a_cut_ends_it() {
        let (near, far) = tokio::io::duplex(64);
        let lifeline = Lifeline::default();
        let mut lined = Lined::new(Bytes::from_static(b"ahead"), near).on(lifeline.clone(), None);
        let mut text = [0; 5];
        lined.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"ahead");
        lifeline.token.cancel();
        assert_eq!(lined.read(&mut text).await.unwrap(), 0);
        drop(far);
    }

    #[tokio::test]
    async fn what_is_written_is_counted_as_left() {
        let (near, _far) = tokio::io::duplex(64);
        let lifeline = Lifeline::default();
        let mut lined = Lined::new(Bytes::new(), near).on(lifeline.clone(), None);
        lifeline.backlog.take(10, 10).unwrap();
        assert_eq!(lifeline.backlog.take(10, 10), Err(Full));
        lined.write_all(&[0; 10]).await.unwrap();
        assert_eq!(lifeline.backlog.take(10, 10), Ok(()));
    }

    #[test]
    fn an_upgrade_that_nobody_was_let_in_by_leaves_nothing_behind() {
        let lifelines = Arc::new(Lifelines::default());
        let (stranger, guest) = (Sid::new(), Sid::new());
        drop(lifelines.upgraded(stranger));
        let (_, upgrade) = lifelines.upgraded(guest);
        lifelines.admitted(guest);
        drop(upgrade);
        assert_eq!(lifelines.lock().keys().collect::<Vec<_>>(), [&guest]);
        lifelines.forget(guest);
        assert!(lifelines.lock().is_empty());
    }
}
