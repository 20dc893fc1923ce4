//! Whether the server is away, so that who needs a connection is told at once instead of trying for themselves; and by
//! which errors that is known.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::SqlxError;
use tokio::time::Instant;

/// While the server is away, one of those who come tries to connect, once in so long. The others are told at once.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// What is known of the server. Clones know the same.
#[derive(Clone)]
pub(crate) struct Absence {
    begun: Instant,
    /// When somebody may try again, in milliseconds; 0 while the server is there.
    again: Arc<AtomicU64>,
}

impl Absence {
    pub(crate) fn none() -> Self {
        Self { begun: Instant::now(), again: Arc::default() }
    }

    /// Whether whoever asks may try to connect: while the server is away, one at a time.
    pub(super) fn may_try(&self) -> bool {
        let (again, now) = (self.again.load(Ordering::Relaxed), self.now());
        again == 0
            || now >= again
                && self
                    .again
                    .compare_exchange(again, now + to_ms(TRY_AGAIN), Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
    }

    /// Somebody could not connect.
    pub(super) fn begins(&self) {
        if self.again.swap(self.now() + to_ms(TRY_AGAIN), Ordering::Relaxed) == 0 {
            tracing::warn!("PostgreSQL is away: who needs it is told so at once");
        }
    }

    /// Somebody connected.
    pub(super) fn ends(&self) {
        if self.again.load(Ordering::Relaxed) != 0 && self.again.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!("PostgreSQL is back");
        }
    }

    /// Never 0, which stands for something else.
    fn now(&self) -> u64 {
        to_ms(self.begun.elapsed()).saturating_add(1)
    }
}

fn to_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether an error is of a database that may be about to be there. At the boot of a machine its name may not resolve
/// yet, its network may not be up, and it may hang up on who comes too early.
pub(super) fn comes_up(error: &SqlxError) -> bool {
    use ErrorKind::{InvalidData, InvalidInput, PermissionDenied, Unsupported};
    match error {
        // A name that does not resolve has no kind of its own, so it is those that waiting does not mend which are named.
        SqlxError::Io(error) => !matches!(error.kind(), InvalidData | InvalidInput | PermissionDenied | Unsupported),
        SqlxError::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}

/// Whether an error is of a server that nobody can connect to: it is not there, says nothing, or is starting or stopping.
pub(super) fn is_away(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_) | SqlxError::PoolTimedOut => true,
        SqlxError::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{io, net::ToSocketAddrs as _};

    use tokio::time::advance;

    use super::*;

    #[test]
    fn a_database_whose_name_does_not_resolve_or_that_hangs_up_may_be_about_to_be_there() {
        let unresolved = "nowhere.invalid:5432".to_socket_addrs().unwrap_err();
        assert!(comes_up(&SqlxError::Io(unresolved)));
        let of = |kind: ErrorKind| comes_up(&SqlxError::Io(io::Error::from(kind)));
        for kind in [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::UnexpectedEof,
            ErrorKind::TimedOut,
            ErrorKind::NetworkUnreachable,
            ErrorKind::HostUnreachable,
            ErrorKind::NotFound, // the file of its socket
        ] {
            assert!(of(kind), "{kind}");
        }
        assert!(!of(ErrorKind::PermissionDenied) && !of(ErrorKind::InvalidInput));
        assert!(!comes_up(&SqlxError::Tls("no certificate".into())));
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_server_is_away_one_may_try_in_a_while() {
        let absence = Absence::none();
        assert!(absence.may_try() && absence.may_try());
        absence.begins();
        assert!(!absence.may_try());
        advance(TRY_AGAIN).await;
        assert!(absence.may_try());
        assert!(!absence.may_try(), "somebody is at it");
        absence.begins();
        absence.ends();
        assert!(absence.may_try() && absence.may_try());
    }
}
