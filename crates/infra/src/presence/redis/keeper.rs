//! What keeps presence in Redis true: the lease that is renewed, what is written again after Redis was away, and what dead
//! nodes left.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use rondo_domain::presence::Noticed;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep},
};

use super::{
    Doubt, Inner,
    shelf::{Lease, Stay},
    stays::Missing,
};
use crate::redis::{Backoff, RedisFault};

/// How many stays are written at once.
const AT_ONCE: usize = 32;

/// Keeps the lease, and all stays of this node under it. Runs without end.
pub(super) async fn keep(book: Arc<Inner>) {
    let mut backoff = Backoff::new();
    let mut beat = interval(book.settings.beat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Some(lease) = book.lease() else {
            book.shelf.redis().until_up().await;
            let settled = settle(&book).await;
            book.failing.store(settled.is_err(), Ordering::Relaxed);
            match settled {
                Ok(()) => backoff.reset(),
                Err(fault) => {
                    tracing::debug!(error.cause = %fault, "presence could not be written to Redis");
                    sleep(backoff.wait()).await;
                }
            }
            continue;
        };
        tokio::select! {
            () = book.until_lost() => {}
            _ = beat.tick() => renew(&book, lease).await,
        }
    }
}

/// Renews the lease. A failure may be a passing one; the lease lasts for several of them.
async fn renew(book: &Inner, lease: Lease) {
    match book.shelf.renew_lease(lease, book.settings.lease).await {
        Ok(true) => {}
        Ok(false) => book.lose(lease),
        Err(fault) => tracing::debug!(error.cause = %fault, "the lease of this node was not renewed"),
    }
}

/// Takes a new lease and makes Redis hold what this node holds: no stay less, none more.
async fn settle(book: &Inner) -> Result<(), RedisFault> {
    let lease = book.next_lease();
    if book.is_closed() {
        return std::future::pending().await;
    }
    if book.shelf.take_lease(lease, book.settings.lease).await? {
        book.stays.note_swept();
    }
    book.begin(lease);
    let doubt = Doubt::of(book, lease);
    let held: HashSet<Stay> = book.shelf.holdings().await?.into_iter().collect();
    let (missing, ended) = book.stays.compare(&held);
    let mut renewed = Instant::now();
    let mut work = stream::iter(ended.into_iter().map(Repair::Remove).chain(missing.into_iter().map(Repair::Write)))
        .map(|repair| repair.make(book, lease))
        .buffer_unordered(AT_ONCE);
    while let Some(done) = work.next().await {
        done?;
        if renewed.elapsed() > book.settings.beat {
            renew(book, lease).await;
            renewed = Instant::now();
        }
    }
    book.shelf.forget_sweep(lease).await?;
    doubt.allay();
    book.settled(lease);
    Ok(())
}

enum Repair {
    Write(Missing),
    Remove(Stay),
}

impl Repair {
    /// Makes one repair. Under a lease that is no more nothing is done, and all of it begins anew.
    async fn make(self, book: &Inner, lease: Lease) -> Result<(), RedisFault> {
        let done = match self {
            Self::Remove(stay) => {
                let done = book.shelf.exit(lease, stay).await?;
                if let Some(Some(gone)) = done
                    && gone.last
                {
                    book.notice(Noticed::Went { session: stay.0, gone });
                }
                done.is_some()
            }
            Self::Write(Missing { stay, user, since, known }) => {
                let done = book.shelf.enter(lease, stay, user, since, true).await?;
                match done {
                    // It ended while it was written, and whoever ended it has announced that.
                    Some(_) if !book.stays.note_written(stay) => book.shelf.exit(lease, stay).await?.is_some(),
                    Some(entered) => {
                        if entered.first && !known {
                            book.notice(Noticed::Came { session: stay.0, entered });
                        }
                        true
                    }
                    None => false,
                }
            }
        };
        if !done {
            book.lose(lease);
        }
        Ok(())
    }
}

/// Looks for nodes whose lease has ended, and takes away what they left. Runs without end.
pub(super) async fn sweep(book: Arc<Inner>, noticed: mpsc::Sender<Noticed>) {
    let every = book.settings.sweep;
    let mut tick = interval_at(Instant::now() + every, every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        // A node that just came back lets the others come back before it takes them for dead.
        if !book.is_settled_for(every) {
            continue;
        }
        if let Err(fault) = sweep_once(&book, &noticed).await {
            tracing::debug!(error.cause = %fault, "dead nodes were not swept");
        }
    }
}

async fn sweep_once(book: &Inner, noticed: &mpsc::Sender<Noticed>) -> Result<(), RedisFault> {
    for node in book.shelf.dead_nodes().await? {
        let (mut more, mut people) = (true, 0_usize);
        while more {
            let (gone, left) = book.shelf.sweep(node).await?;
            people += gone.len();
            more = left;
            for gone in gone {
                if noticed.send(gone).await.is_err() {
                    return Ok(()); // nobody announces any more: the node stops
                }
            }
        }
        tracing::info!(node.id = %node, people, "a node is gone: what it left behind was swept");
    }
    Ok(())
}

/// How often the lease is renewed and dead nodes are looked for, and how long they may be silent.
#[derive(Clone, Copy, Debug)]
pub struct PresenceSettings {
    /// How long a lease lasts that is not renewed.
    pub lease: Duration,
    /// Between two renewals.
    pub beat: Duration,
    /// Between two looks for dead nodes.
    pub sweep: Duration,
    /// How long those who were connected to a node that stopped may take to come back elsewhere without being announced.
    pub parting: Duration,
}

impl Default for PresenceSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            beat: Duration::from_millis(2_500),
            sweep: Duration::from_millis(2_500),
            parting: Duration::from_secs(3),
        }
    }
}
