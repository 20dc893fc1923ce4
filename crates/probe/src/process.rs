//! Processes: what one has used so far, and children that never outlive the run.

use crate::Outcome;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
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
    /// Starts it and waits until it takes connections at this address. What it says goes nowhere: reading it would be a
    /// load of its own.
    pub(crate) async fn start(
        name: &str,
        command: &mut Command,
        addr: SocketAddr,
        patience: Duration,
    ) -> Outcome<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        // From here on the drop of `server` ends the child.
        let mut server = Self { child, addr };
        let give_up = Instant::now() + patience;
        while TcpStream::connect(addr).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(
                    format!("{name} ended with {status} before it listened; start it by hand to see why").into()
                );
            }
            if Instant::now() > give_up {
                return Err(format!("{name} did not listen on {addr} within {patience:?}").into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits; says whether it ended by itself.
    pub(crate) async fn stop(mut self, patience: Duration) -> Outcome<()> {
        let pid = self.pid();
        self.ask_to_end()?;
        let give_up = Instant::now() + patience;
        while Instant::now() < give_up {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(Duration::from_millis(2)).await;
        }
        Err(format!("process {pid} did not end within {patience:?} of being asked to, and was killed").into())
    }

    /// Sends it SIGTERM.
    fn ask_to_end(&self) -> Outcome<()> {
        // std sends no other signal than SIGKILL, and a shell is always there.
        let kill = format!("kill -TERM {}", self.pid());
        Command::new("/bin/sh").arg("-c").arg(kill).stderr(Stdio::null()).status()?;
        Ok(())
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// As many open files as the system allows, for this process and those that it starts.
pub(crate) fn raise_file_limit() -> Outcome<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(())
}

/// A port of 127.0.0.1 that nobody listens on at this moment.
pub(crate) fn free_addr() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
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
    use super::usage;

    #[test]
    fn this_process_uses_memory() {
        assert!(usage(std::process::id()).is_ok_and(|usage| usage.resident > 0));
    }
}
