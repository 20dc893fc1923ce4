//! Passwords, hashed with bcrypt on blocking threads: half of the cores at a time, a bounded queue before them, so that
//! sign-ins cannot starve the rest.

use std::{
    num::NonZero,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rondo_domain::{
    account::{AccountError, NewPassword, PasswordHash, ports::PasswordHasher},
    measure::{HashingFigures, Held},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

/// How many may wait for a thread.
const QUEUE: usize = 64;
/// How long one waits for a thread.
const PATIENCE: Duration = Duration::from_secs(5);
/// What bcrypt reads of a password.
const LONGEST: usize = 72;

/// Hashes passwords with bcrypt.
pub struct BcryptHasher {
    cost: u32,
    /// Whoever waits or works.
    admitted: Arc<Semaphore>,
    /// Whoever works.
    working: Arc<Semaphore>,
    /// A hash that belongs to nobody; checking against it costs what checking against a real one does.
    nobody: String,
    figures: Arc<HashingFigures>,
}

/// The right to work; given back when the work is done, even if nobody waits for it any more.
struct Place {
    _admitted: OwnedSemaphorePermit,
    _working: OwnedSemaphorePermit,
    _counted: Held,
}

impl BcryptHasher {
    /// Hashes at this cost, held to bcrypt's own bounds of 4 to 31.
    #[must_use]
    pub fn new(cost: u32) -> Self {
        let cost = cost.clamp(4, 31);
        let workers = thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2).max(1);
        Self::with_workers(cost, workers)
    }

    fn with_workers(cost: u32, workers: usize) -> Self {
        Self {
            cost,
            admitted: Arc::new(Semaphore::new(workers + QUEUE)),
            working: Arc::new(Semaphore::new(workers)),
            nobody: format!("$2b${cost:02}${}", "O".repeat(22 + 31)),
            figures: Arc::default(),
        }
    }

    /// What it counts.
    #[must_use]
    pub fn figures(&self) -> Arc<HashingFigures> {
        Arc::clone(&self.figures)
    }

    async fn place(&self) -> Result<Place, AccountError> {
        let place = self.find_place().await;
        if place.is_err() {
            self.figures.refused.one();
        }
        place
    }

    async fn find_place(&self) -> Result<Place, AccountError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| AccountError::Busy)?;
        let waiting = self.figures.waiting.hold();
        let waited = timeout(PATIENCE, Arc::clone(&self.working).acquire_owned()).await;
        let working = waited.map_err(|_| AccountError::Busy)?.map_err(|_| AccountError::Busy)?;
        drop(waiting);
        Ok(Place { _admitted: admitted, _working: working, _counted: self.figures.working.hold() })
    }

    async fn work<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, bcrypt::BcryptError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let place = self.place().await?;
        let figures = Arc::clone(&self.figures);
        let done = spawn_blocking(move || {
            let begun = Instant::now();
            let outcome = task();
            figures.work.took(begun.elapsed());
            drop(place);
            outcome
        });
        let outcome = done.await.map_err(|error| AccountError::Internal(format!("hashing was cut short: {error}")))?;
        outcome.map_err(|error| AccountError::Internal(format!("hashing failed: {error}")))
    }
}

#[async_trait]
impl PasswordHasher for BcryptHasher {
    async fn hash(&self, password: &NewPassword) -> Result<PasswordHash, AccountError> {
        let (password, cost) = (password.expose().to_owned(), self.cost);
        self.work(move || bcrypt::hash(password, cost)).await.map(PasswordHash) // 72 bytes at most: `NewPassword`
    }

    async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, AccountError> {
        // bcrypt reads no further than 72 bytes, and old ones stopped at NUL: no such password was ever set here.
        let possible = hash.is_some() && password.len() <= LONGEST && !password.contains('\0');
        let password = password.to_owned();
        let hash = hash.map_or_else(|| self.nobody.clone(), |hash| hash.0.clone());
        let right = self.work(move || bcrypt::verify(password, &hash)).await?;
        Ok(right && possible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> NewPassword {
        NewPassword::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn the_password_verifies_and_no_other_does() {
        let hasher = BcryptHasher::new(4);
        let hash = hasher.hash(&password("correct horse")).await.unwrap();
        assert!(hash.0.starts_with("$2b$04$"));
        assert!(hasher.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("correct house", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn what_bcrypt_would_cut_off_is_not_overlooked() {
        let hasher = BcryptHasher::new(4);
        let longest = "x".repeat(72);
        let hash = hasher.hash(&password(&longest)).await.unwrap();
        assert!(hasher.verify(&longest, Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&format!("{longest}y"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&format!("{longest}\0"), Some(&hash)).await.unwrap());
        let hash = hasher.hash(&password("0123456789")).await.unwrap();
        assert!(!hasher.verify("0123456789\0", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobodys_hash_is_well_formed_and_takes_no_password() {
        let hasher = BcryptHasher::new(4);
        assert!(bcrypt::verify("whatever it is", &hasher.nobody).is_ok(), "a malformed one would cost no time");
        assert!(!hasher.verify("whatever it is", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once() {
        let hasher = BcryptHasher::with_workers(4, 1);
        let all = Arc::clone(&hasher.admitted).acquire_many_owned(1 + 64).await.unwrap();
        assert!(matches!(hasher.verify("whatever it is", None).await, Err(AccountError::Busy)));
        drop(all);
        assert!(hasher.verify("whatever it is", None).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_thread_without_end() {
        let hasher = BcryptHasher::with_workers(4, 1);
        let _busy = Arc::clone(&hasher.working).acquire_owned().await.unwrap();
        assert!(matches!(hasher.verify("whatever it is", None).await, Err(AccountError::Busy)));
    }
}
