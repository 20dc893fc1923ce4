//! Counts the queries that a piece of work costs, for the request log and for tests. The store counts; whoever wants
//! to know wraps the work in [`metered`].

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

thread_local! {
    static QUERIES: Cell<u32> = const { Cell::new(0) };
}

/// Notes one query of the work that is being polled on this thread.
pub fn count_query() {
    QUERIES.with(|queries| queries.set(queries.get().saturating_add(1)));
}

/// Runs `work` and tells how many queries it made. What it hands to other tasks is not counted.
pub fn metered<F: Future>(work: F) -> Metered<F> {
    Metered { work, queries: 0 }
}

pin_project_lite::pin_project! {
    /// Work whose queries are counted, see [`metered`].
    #[must_use = "a future does nothing until it is polled"]
    pub struct Metered<F> {
        #[pin]
        work: F,
        queries: u32,
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = (F::Output, u32);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outer = QUERIES.replace(*this.queries);
        let polled = this.work.poll(cx);
        *this.queries = QUERIES.replace(outer);
        polled.map(|output| (output, *this.queries))
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Waker};

    use super::*;

    #[test]
    fn each_work_counts_its_own_queries() {
        let inner = async {
            count_query();
            count_query();
        };
        let outer = async {
            count_query();
            metered(inner).await.1
        };
        let mut work = pin!(metered(outer));
        let Poll::Ready(counted) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing here waits");
        };
        assert_eq!(counted, (2, 1));
    }
}
