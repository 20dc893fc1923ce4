//! What throw-away servers have in common: a name, a folder, a password, patience.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::shell::Result;

/// A name that no other run has.
pub(crate) fn name(kind: &str) -> String {
    format!("rondo-test-{kind}-{}-{:08x}", process::id(), random() & 0xffff_ffff)
}

/// A folder of this name under the system's temporary one; not created yet.
pub(crate) fn folder(name: &str) -> PathBuf {
    env::temp_dir().join(name)
}

/// Keeps other people on this machine out of a server that lives for minutes.
pub(crate) fn password() -> String {
    format!("{:016x}{:016x}", random(), random())
}

/// Asks until there is an answer or the time is up; then the last refusal counts.
pub(crate) fn wait_for<T>(limit: Duration, ask: impl Fn() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match ask() {
            Err(_) if began.elapsed() < limit => sleep(Duration::from_millis(100)),
            answer => return answer,
        }
    }
}

/// The standard library seeds these hashers from the system's source of randomness.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
