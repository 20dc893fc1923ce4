//! Processes: what one has used so far, and children that never outlive the run.

use crate::{Outcome, target::Target};
use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

/// CPU time and resident memory of a process, all its threads together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) resident: u64,
}

/// Reads `/proc/PID`.
pub(crate) fn usage(pid: u32) -> Outcome<Usage> {
    let read = |name: &str| {
        fs::read_to_string(format!("/proc/{pid}/{name}")).map_err(|error| format!("cannot see process {pid}: {error}"))
    };
    let (stat, status) = (read("stat")?, read("status")?);
    // The name stands in brackets and may hold anything; utime and stime are fields 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .unwrap_or(0);
    Ok(Usage { cpu: Duration::from_millis(ticks * 1000 / ticks_per_second()), resident: resident * 1024 })
}

/// `AT_CLKTCK` of the auxiliary vector; 100 on every usual Linux.
fn ticks_per_second() -> u64 {
    const WORD: usize = size_of::<usize>();
    const AT_CLKTCK: usize = 17;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, usize::from_ne_bytes);
    let vector = fs::read("/proc/self/auxv").unwrap_or_default();
    let found = vector.chunks_exact(2 * WORD).find(|pair| word(&pair[..WORD]) == AT_CLKTCK);
    found.and_then(|pair| u64::try_from(word(&pair[WORD..])).ok()).filter(|ticks| *ticks > 0).unwrap_or(100)
}

/// A server started for this run; it is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts it, and waits for `listening on http://…` in what it prints.
    pub(crate) async fn start(name: &str, command: &mut Command, patience: Duration) -> Outcome<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let (found, mut address) = mpsc::channel(1);
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(stdout) = child.stdout.take() {
            listen(stdout, found.clone(), Arc::clone(&said));
        }
        if let Some(stderr) = child.stderr.take() {
            listen(stderr, found, Arc::clone(&said));
        }
        // From here on the drop of `server` ends the child.
        let mut server = Self { child, addr: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let Ok(Some(addr)) = timeout(patience, address.recv()).await else {
            let said = said.lock().unwrap_or_else(PoisonError::into_inner).join("\n  ");
            return Err(format!("{name} did not say where it listens; it said:\n  {said}").into());
        };
        server.addr = addr;
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits; says whether it ended by itself.
    pub(crate) async fn stop(mut self, patience: Duration) -> Outcome<()> {
        let pid = self.pid();
        // std sends no other signal than SIGKILL, and a shell is always there.
        Command::new("/bin/sh").arg("-c").arg(format!("kill -TERM {pid}")).stderr(Stdio::null()).status()?;
        let give_up = Instant::now() + patience;
        while Instant::now() < give_up {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(Duration::from_millis(2)).await;
        }
        Err(format!("process {pid} did not end within {patience:?} of being asked to, and was killed").into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads a child's output to its end, so that it never blocks on a full pipe.
fn listen(stream: impl Read + Send + 'static, found: mpsc::Sender<SocketAddr>, said: Arc<Mutex<Vec<String>>>) {
    const KEPT_LINES: usize = 20;
    thread::spawn(move || {
        let mut stream = BufReader::with_capacity(64 * 1024, stream);
        let mut line = Vec::new();
        while stream.by_ref().take(64 * 1024).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if let Some(addr) = listening_on(&text) {
                let _ = found.try_send(addr);
                break;
            }
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() < KEPT_LINES {
                said.push(text);
            }
            line.clear();
        }
        drop(found);
        drop(io::copy(&mut stream, &mut io::sink()));
    });
}

fn listening_on(line: &str) -> Option<SocketAddr> {
    let url = &line[line.find("listening on http://")? + "listening on ".len()..];
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || ":/.[]".contains(c))).unwrap_or(url.len());
    url[..end].parse::<Target>().ok().map(|target| target.addr)
}

/// A new folder, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn create() -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("rondo-probe-{}", run_id()));
        fs::create_dir(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Differs from run to run, and within one.
pub(crate) fn run_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", std::process::id(), now.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::{listening_on, usage};

    #[test]
    fn the_address_is_found_in_a_line() {
        let addr = |line| listening_on(line).map(|addr| addr.to_string());
        assert_eq!(addr("INFO listening on http://127.0.0.1:4100").as_deref(), Some("127.0.0.1:4100"));
        assert_eq!(addr("{\"message\":\"listening on http://localhost:41/\"}").as_deref(), Some("127.0.0.1:41"));
        assert_eq!(addr("listening on http://10.0.0.1:4100"), None);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(usage(std::process::id()).is_ok_and(|usage| usage.resident > 0));
    }
}
