//! What Linux tells of the process. Elsewhere there is nothing to tell.

use std::{fs, sync::LazyLock};

/// How many ticks a second of `/proc` has: the same on every machine that Rust knows (`USER_HZ`).
const TICKS: f64 = 100.0;

/// The process at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) cpu_seconds: f64,
    pub(super) resident_bytes: u64,
    pub(super) virtual_bytes: u64,
    pub(super) threads: u64,
    pub(super) open_fds: u64,
    pub(super) max_fds: Option<u64>,
    pub(super) start_seconds: Option<f64>,
}

/// When the machine began, in seconds of the Unix epoch.
static BOOTED: LazyLock<Option<f64>> = LazyLock::new(|| {
    fs::read_to_string("/proc/stat").ok()?.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()
});

impl Process {
    /// Looks; `None` where there is no `/proc`.
    pub(super) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok();
        let open_fds = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        let max_fds = limits.as_deref().and_then(max_fds);
        Self::of(&stat, &status).map(|process| Self { open_fds, max_fds, ..process })
    }

    fn of(stat: &str, status: &str) -> Option<Self> {
        // The name of the process stands in parentheses, and may hold anything; the third field comes after it.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        let kilobytes = |name: &str| {
            let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
            rest.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().ok()
        };
        Some(Self {
            cpu_seconds: (ticks(14)? + ticks(15)?) / TICKS,
            resident_bytes: kilobytes("VmRSS")? * 1_024,
            virtual_bytes: kilobytes("VmSize")? * 1_024,
            threads: kilobytes("Threads")?,
            open_fds: 0,
            max_fds: None,
            start_seconds: BOOTED.and_then(|booted| Some(booted + ticks(22)? / TICKS)),
        })
    }
}

fn max_fds(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        let stat = "1 (a) b (c) S 1 1 1 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 7 0 12345 1 2 3";
        let status = "Name:\tx\nVmSize:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t7\n";
        let process = Process::of(stat, status).unwrap();
        assert!((process.cpu_seconds - 3.0).abs() < 1e-9);
        assert_eq!((process.resident_bytes, process.virtual_bytes, process.threads), (1 << 20, 2 << 20, 7));
        assert_eq!(max_fds("Limit  Soft  Hard\nMax open files   1024   4096   files"), Some(1_024));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_told_of() {
        let process = Process::read().unwrap();
        assert!(process.resident_bytes > 0 && process.open_fds > 0 && process.max_fds.is_some_and(|most| most > 0));
        assert!(process.start_seconds.is_some_and(|seconds| seconds > 1e9));
    }
}
