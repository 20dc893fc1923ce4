//! Answers that are being made: one making for all who wait for the same answer in the same epoch.
//!
//! A making goes on as long as somebody waits for it, and is forgotten with the last who does.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use rondo_wire::Fault;
use tokio::time::Instant;

use super::{Asked, FRESH, epochs::Epoch, kept::Kept};

type Making = BoxFuture<'static, Result<Arc<Kept>, Fault>>;

/// The making of an answer, as one of those who wait for it has it.
pub(super) type Flight = Shared<Making>;

#[derive(Default)]
pub(super) struct Flights {
    under_way: Arc<Mutex<HashMap<Asked, UnderWay>>>,
    last: AtomicU64,
}

struct UnderWay {
    number: u64,
    epoch: Epoch,
    begun: Instant,
    flight: WeakShared<Making>,
}

/// Takes a making off the board when it ends, however it does.
struct Landing {
    under_way: Arc<Mutex<HashMap<Asked, UnderWay>>>,
    asked: Asked,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut board = lock(&self.under_way);
        if board.get(&self.asked).is_some_and(|found| found.number == self.number) {
            board.remove(&self.asked);
        }
    }
}

impl Flights {
    /// Joins the making that is under way, unless it began in another epoch or too long ago; else begins one.
    pub(super) fn board<F>(&self, asked: Asked, epoch: Epoch, make: impl FnOnce() -> F) -> Flight
    where
        F: Future<Output = Result<Arc<Kept>, Fault>> + Send + 'static,
    {
        let mut board = lock(&self.under_way);
        if let Some(found) = board.get(&asked)
            && found.epoch == epoch
            && found.begun.elapsed() < FRESH
            && let Some(flight) = found.flight.upgrade()
        {
            return flight;
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let landing = Landing { under_way: Arc::clone(&self.under_way), asked, number };
        let making = make();
        let flight = async move {
            let _landing = landing;
            making.await
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            board.insert(asked, UnderWay { number, epoch, begun: Instant::now(), flight: weak });
        }
        flight
    }

    /// How many are under way.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        lock(&self.under_way).len()
    }
}

fn lock(board: &Mutex<HashMap<Asked, UnderWay>>) -> MutexGuard<'_, HashMap<Asked, UnderWay>> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
