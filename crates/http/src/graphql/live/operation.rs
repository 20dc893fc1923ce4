//! An operation that a client named, from its beginning to its end.

use std::{
    borrow::Cow,
    sync::{
        OnceLock,
        atomic::{AtomicU8, Ordering},
    },
};

use bytes::Bytes;
use rondo_domain::{SessionId, ids::RequestId};
use rondo_graphql::{GraphQl, Selection, Stream};

use crate::hub::{Announcement, Rendering, SeatId};

/// What a subscription hears.
pub(super) struct Hearing {
    pub(super) stream: Stream,
    pub(super) session: Option<SessionId>,
    pub(super) selection: Selection,
}

/// An operation that a client named.
pub(super) struct Operation {
    /// Its name, as JSON.
    pub(super) id: Box<str>,
    /// Its name in the log, and in every error that ends it.
    pub(super) request: RequestId,
    /// Its name in the hub.
    pub(super) seat: SeatId,
    /// What it hears, if it is a subscription.
    pub(super) hearing: OnceLock<Hearing>,
    state: AtomicU8,
}

/// It takes what comes.
const OPEN: u8 = 0;
/// Nothing more comes; what waits is still sent.
const ENDING: u8 = 1;
/// Nothing more is sent.
const DONE: u8 = 2;

impl Operation {
    pub(super) fn new(id: &str, seat: SeatId) -> Self {
        let id = serde_json::to_string(id).unwrap_or_default().into();
        Self { id, request: RequestId::generate(), seat, hearing: OnceLock::new(), state: AtomicU8::new(OPEN) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    pub(super) fn is_done(&self) -> bool {
        self.state.load(Ordering::Acquire) == DONE
    }

    /// Nothing more comes; `true` for whoever is the first to say so.
    pub(super) fn end(&self) -> bool {
        self.state.compare_exchange(OPEN, ENDING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Nothing more is sent.
    pub(super) fn finish(&self) {
        self.state.store(DONE, Ordering::Release);
    }

    /// Where what it selects of what was told is kept for all who select the same, whether it is made already or not.
    pub(super) fn rendering<'a>(&self, told: &'a Announcement) -> Option<Cow<'a, Rendering>> {
        told.rendering(self.hearing.get()?.selection.key())
    }

    /// What it selects of what was told: made once for all who select the same.
    pub(super) async fn render(&self, engine: &GraphQl, told: &Announcement) -> Option<Bytes> {
        let selection = &self.hearing.get()?.selection;
        let make = || engine.render(selection, told.happening());
        match told.rendering(selection.key()) {
            Some(rendering) => rendering.get_or_init(make).await.clone(),
            None => make().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;
    use rondo_domain::event::{EventKind, RecordedEvent};
    use rondo_graphql::{Ask, Spoken};

    use super::*;

    async fn subscription(engine: &GraphQl, n: u64, query: &str) -> Operation {
        let ask = Ask { query: Some(query.to_owned()), ..Ask::default() };
        let Ok(Spoken::Subscribes(wish, selection)) = engine.understand("", ask).await else { panic!("{query}") };
        let operation = Operation::new(&n.to_string(), n);
        let hearing = Hearing { stream: wish.stream, session: wish.session, selection };
        assert!(operation.hearing.set(hearing).is_ok());
        operation
    }

    #[tokio::test]
    async fn what_a_thousand_select_alike_is_made_once_and_shared() {
        let engine = GraphQl::new(false);
        let session = SessionId::generate();
        let alike = format!("subscription {{ sessionEvents(sessionId: \"{session}\") {{ type position }} }}");
        let other = format!("subscription {{ sessionEvents(sessionId: \"{session}\") {{ position }} }}");
        let subscribers = join_all((0..1_000).map(|n| subscription(&engine, n, &alike))).await;
        let stranger = subscription(&engine, 1_000, &other).await;
        let (kind, data) = (EventKind::SessionDelete, "{}".into());
        let event = RecordedEvent { session_id: session, position: 1, kind, subject: None, data, trace: None };
        let told = Announcement::of_event(&Arc::new(event));

        let given = join_all(subscribers.iter().map(|one| one.render(&engine, &told))).await;

        assert_eq!(engine.rendered(), 1);
        let first = given[0].clone().unwrap();
        assert!(given.iter().flatten().all(|bytes| std::ptr::eq(bytes.as_ptr(), first.as_ptr())));
        assert_eq!(given.iter().flatten().count(), 1_000);
        assert_eq!(&*first, br#"{"data":{"sessionEvents":{"type":"session:delete","position":1}}}"#);
        assert_eq!(&*stranger.render(&engine, &told).await.unwrap(), br#"{"data":{"sessionEvents":{"position":1}}}"#);
        assert_eq!(engine.rendered(), 2);
    }

    #[tokio::test]
    async fn a_crowd_of_different_selections_takes_no_memory_of_an_event() {
        let engine = GraphQl::new(false);
        let session = SessionId::generate();
        let (kind, data) = (EventKind::SessionDelete, "{}".into());
        let event = RecordedEvent { session_id: session, position: 1, kind, subject: None, data, trace: None };
        let told = Announcement::of_event(&Arc::new(event));
        for n in 0..200 {
            let query = format!("subscription {{ a{n}: sessionEvents(sessionId: \"{session}\") {{ position }} }}");
            let one = subscription(&engine, n, &query).await;
            let expected = format!(r#"{{"data":{{"a{n}":{{"position":1}}}}}}"#);
            for _ in 0..2 {
                assert_eq!(one.render(&engine, &told).await.unwrap(), expected);
            }
        }
        assert_eq!(engine.rendered(), 64 + 2 * 136, "64 are kept, the others made anew");
    }
}
