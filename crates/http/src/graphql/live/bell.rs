//! Wakes tasks of one worker together. A waker that is called on another thread costs a system call each time; of many that
//! are called in a row here only the first does.

use std::{
    cell::OnceCell,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
};

use futures_util::task::AtomicWaker;

thread_local! {
    static HERE: OnceCell<Arc<Bell>> = const { OnceCell::new() };
}

/// Where tasks of one worker are woken from other threads.
#[derive(Debug, Default)]
pub(super) struct Bell {
    called: Mutex<Vec<Waker>>,
    ringer: AtomicWaker,
}

impl Bell {
    /// That of this worker.
    pub(super) fn here() -> Arc<Self> {
        HERE.with(|here| {
            let bell = here.get_or_init(|| {
                let bell = Arc::<Self>::default();
                actix_web::rt::spawn(Arc::clone(&bell).ring());
                bell
            });
            Arc::clone(bell)
        })
    }

    /// Wakes a task, together with those for which it is called before the worker comes to it.
    pub(super) fn wake(&self, waker: Waker) {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        called.push(waker);
        let first = called.len() == 1;
        drop(called);
        if first {
            self.ringer.wake();
        }
    }

    /// Wakes, on the worker itself, whoever is called. Ends with the worker.
    async fn ring(self: Arc<Self>) {
        let mut woken = Vec::new();
        poll_fn(|cx| {
            self.ringer.register(cx.waker());
            mem::swap(&mut woken, &mut *self.called.lock().unwrap_or_else(PoisonError::into_inner));
            woken.drain(..).for_each(Waker::wake);
            Poll::<()>::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
        thread,
    };

    use tokio::sync::Notify;

    use super::*;

    #[derive(Default)]
    struct Woken {
        times: AtomicUsize,
        all: Notify,
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            if self.times.fetch_add(1, Ordering::Relaxed) + 1 == 400 {
                self.all.notify_one();
            }
        }
    }

    #[actix_web::test]
    async fn whoever_is_called_from_other_threads_is_woken() {
        let woken = Arc::new(Woken::default());
        let callers = [0; 4].map(|_| {
            let (bell, woken) = (Bell::here(), Arc::clone(&woken));
            thread::spawn(move || (0..100).for_each(|_| bell.wake(Waker::from(Arc::clone(&woken)))))
        });
        woken.all.notified().await;
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(woken.times.load(Ordering::Relaxed), 400);
    }
}
