//! Clears up after a throw-away server, whatever becomes of us: a panic, Ctrl-C and `kill -9` included.

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};

use crate::shell::Result;

/// A shell that runs a script and whose standard input ends when we let go of it or die.
///
/// The script waits for that with `read -r gone`; what stands behind that line clears up. It is deaf to the signals that
/// a terminal sends to us. Dropping the caretaker waits until it is done.
pub(crate) struct Caretaker(Child);

impl Caretaker {
    /// Starts the script with these words as `$1`, `$2`, …
    pub(crate) fn post<W: AsRef<OsStr>>(script: &str, words: impl IntoIterator<Item = W>) -> Result<Self> {
        Command::new("sh")
            .args(["-c", &format!("trap '' INT TERM HUP\n{script}"), "caretaker"])
            .args(words)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(|error| format!("`sh`, which clears up after throw-away servers, could not be started: {error}"))
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.0.wait() {
            eprintln!("warning: clearing up after a throw-away server may have failed: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_clears_up_once_the_caretaker_is_dropped() {
        let trace = std::env::temp_dir().join(format!("rondo-caretaker-{}", std::process::id()));
        std::fs::write(&trace, "still here").unwrap();

        let caretaker = Caretaker::post("read -r gone\nrm -f -- \"$1\"", [&trace]).unwrap();
        assert!(trace.exists());
        drop(caretaker);

        assert!(!trace.exists());
    }
}
