//! Log lines on their way out. Whoever logs puts a line into a bounded buffer and goes on; one thread writes many lines at
//! once. When they come faster than they can be written, lines are dropped and counted.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait.
const ROOM: usize = 4 << 20;
/// With so many bytes the thread need not wait for more.
const PORTION: usize = 64 * 1_024;
/// How much room is kept when it is not needed.
const KEPT: usize = 4 * PORTION;
/// How long lines are gathered, unless one is a warning or worse.
const GATHERING: Duration = Duration::from_millis(10);
/// How long the end of the log may take: whoever should read it may have stopped.
const CLOSING: Duration = Duration::from_secs(2);

/// Where lines are put. Clones put them into the same place.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// How many lines found no room since that was last told.
    lost: u64,
    /// Somebody wants to see what is there now.
    urgent: bool,
    /// The thread is at work on what it took.
    writing: bool,
    closed: bool,
}

impl Lines {
    /// Starts the thread. `tell_lost` is called on it, with a number of lines that were lost.
    pub(super) fn start(out: impl Write + Send + 'static, tell_lost: fn(u64)) -> (Self, Closing) {
        let lines = Self(Arc::default());
        let writer = lines.clone();
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_on(out, tell_lost));
        if let Err(error) = &thread {
            eprintln!("the log has no thread to write it: {error}");
            lines.0.lock().closed = true;
        }
        (lines.clone(), Closing { lines, thread: thread.ok() })
    }

    /// Waits until all that is there is written, but not longer than `deadline`.
    pub(super) fn flush(&self, deadline: Duration) {
        let mut state = self.0.lock();
        state.urgent = true;
        self.0.more.notify_one();
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        drop(self.0.written.wait_timeout_while(state, deadline, busy));
    }

    fn put(&self, line: &[u8], urgent: bool) {
        let mut state = self.0.lock();
        if state.closed || state.waiting.len() + line.len() > ROOM {
            state.lost += 1;
            return;
        }
        let before = state.waiting.len();
        state.waiting.extend_from_slice(line);
        state.urgent |= urgent;
        let filled = before < PORTION && state.waiting.len() >= PORTION;
        drop(state);
        if before == 0 || filled || urgent {
            self.0.more.notify_one();
        }
    }

    fn write_on(&self, mut out: impl Write, tell_lost: fn(u64)) {
        let mut taken = Vec::new();
        loop {
            let Some(lost) = self.take(&mut taken) else { return };
            // There is nobody left to tell of a log that cannot be written.
            drop(out.write_all(&taken).and_then(|()| out.flush()));
            taken.clear();
            taken.shrink_to(KEPT);
            self.0.lock().writing = false;
            if lost > 0 {
                tell_lost(lost);
            }
            self.0.written.notify_all();
        }
    }

    /// Waits for lines and gathers some; gives how many were lost, or `None` when there will be no more.
    fn take(&self, taken: &mut Vec<u8>) -> Option<u64> {
        let nothing = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let state = self.0.more.wait_while(self.0.lock(), nothing).unwrap_or_else(PoisonError::into_inner);
        let few = |state: &mut State| state.waiting.len() < PORTION && !state.urgent && !state.closed;
        let gathered = self.0.more.wait_timeout_while(state, GATHERING, few);
        let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        mem::swap(&mut state.waiting, taken);
        state.urgent = false;
        state.writing = true;
        Some(mem::take(&mut state.lost))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to end the log: dropping it writes what is left, and ends the thread.
pub(super) struct Closing {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.lines.flush(CLOSING);
        self.lines.0.lock().closed = true;
        self.lines.0.more.notify_one();
        if let Some(thread) = self.thread.take()
            && !self.lines.0.lock().writing
        {
            drop(thread.join());
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, urgent: false }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line { lines: self, urgent: *metadata.level() <= Level::WARN }
    }
}

/// The way of one line, which is written in one go.
pub(super) struct Line<'a> {
    lines: &'a Lines,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.put(bytes, self.urgent);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Gives what is written, piece by piece.
    struct Pipe(Sender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes only when it is let.
    struct Gate(Receiver<()>, Pipe);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv_timeout(PATIENCE).map_err(|_| io::ErrorKind::TimedOut)?;
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn nothing(_: u64) {}

    #[test]
    fn every_line_is_written_once_and_in_order_before_the_log_ends() {
        let (out, written) = mpsc::channel();
        let (lines, closing) = Lines::start(Pipe(out), nothing);
        let all: Vec<_> = (0..1_000).map(|number| format!("line {number}\n")).collect();
        for line in &all {
            lines.make_writer().write_all(line.as_bytes()).unwrap();
        }
        drop(closing);
        let pieces: Vec<_> = written.try_iter().collect();
        assert_eq!(String::from_utf8(pieces.concat()).unwrap(), all.concat());
        assert!(pieces.len() < all.len(), "many lines are written at once");
    }

    #[test]
    fn a_line_comes_out_by_itself() {
        let (out, written) = mpsc::channel();
        let (lines, _closing) = Lines::start(Pipe(out), nothing);
        for line in ["one", "two"] {
            lines.put(line.as_bytes(), false);
            assert_eq!(written.recv_timeout(PATIENCE).unwrap(), line.as_bytes());
        }
    }

    #[test]
    fn who_logs_never_waits_and_what_finds_no_room_is_counted() {
        static LOST: AtomicU64 = AtomicU64::new(0);
        let (open, gate) = mpsc::channel();
        let (out, written) = mpsc::channel();
        let count = |lost| {
            LOST.fetch_add(lost, Ordering::Relaxed);
        };
        let (lines, closing) = Lines::start(Gate(gate, Pipe(out)), count);
        let line = [b'x'; 1_024];
        for _ in 0..(3 * ROOM / line.len()) {
            lines.put(&line, false);
        }
        for _ in 0..10 {
            open.send(()).unwrap();
        }
        drop(closing);
        let bytes: usize = written.try_iter().map(|piece| piece.len()).sum();
        let lost = usize::try_from(LOST.load(Ordering::Relaxed)).unwrap();
        assert!(lost >= ROOM / line.len(), "one buffer waits and another is being written: {lost}");
        assert_eq!(bytes / line.len() + lost, 3 * ROOM / line.len());
    }
}
