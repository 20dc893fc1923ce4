//! Counts and times of one run, and how they are told.

use crate::{
    Outcome,
    process::{Usage, usage},
};
use hdrhistogram::Histogram;
use std::{fmt::Write as _, time::Duration};
use tokio::time::Instant;

/// What the connections of one run count together.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) latencies: Histogram<u64>,
    /// Answers that were no success.
    pub(crate) refused: u64,
    /// Requests that got no answer before the run gave up.
    pub(crate) lost: u64,
    /// Answers to what had been answered.
    pub(crate) repeats: u64,
    /// Connections that broke.
    pub(crate) broken: u64,
    pub(crate) first_fault: Option<String>,
    last: Instant,
}

impl Tally {
    pub(crate) fn new() -> Outcome<Self> {
        let latencies = Histogram::new_with_bounds(1_000, 120_000_000_000, 3)?;
        Ok(Self { latencies, refused: 0, lost: 0, repeats: 0, broken: 0, first_fault: None, last: Instant::now() })
    }

    pub(crate) fn answered(&mut self, now: Instant, latency: Duration) {
        self.last = now;
        self.latencies.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Takes another's counts in.
    pub(crate) fn add(&mut self, other: &Self) -> Outcome<()> {
        self.latencies.add(&other.latencies)?;
        self.refused += other.refused;
        self.lost += other.lost;
        self.repeats += other.repeats;
        self.broken += other.broken;
        if let Some(fault) = &other.first_fault {
            self.fault(fault);
        }
        self.last = self.last.max(other.last);
        Ok(())
    }

    pub(crate) fn fault(&mut self, fault: &(impl ToString + ?Sized)) {
        self.first_fault.get_or_insert_with(|| fault.to_string());
    }
}

/// The server's use of the machine before a run; taken again after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pid: Option<u32>,
    usage: Option<Usage>,
    own: Duration,
    start: Instant,
}

impl Before {
    pub(crate) fn new(pid: Option<u32>) -> Outcome<Self> {
        let usage = pid.map(usage).transpose()?;
        Ok(Self { pid, usage, own: own_cpu()?, start: Instant::now() })
    }

    pub(crate) fn measured(self, tally: Tally) -> Outcome<Measured> {
        let after = self.pid.map(usage).transpose()?;
        let cpu = after.zip(self.usage).map(|(after, before)| after.cpu.saturating_sub(before.cpu));
        let elapsed = tally.last.saturating_duration_since(self.start);
        let own = own_cpu()?.saturating_sub(self.own);
        Ok(Measured { elapsed, cpu, own, resident: after.map(|usage| usage.resident), tally })
    }
}

fn own_cpu() -> Outcome<Duration> {
    Ok(usage(std::process::id())?.cpu)
}

/// One run, over.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) tally: Tally,
    /// Until the last answer.
    elapsed: Duration,
    cpu: Option<Duration>,
    /// The load tool's CPU time.
    own: Duration,
    resident: Option<u64>,
}

impl Measured {
    pub(crate) fn answers(&self) -> u64 {
        self.tally.latencies.len()
    }

    pub(crate) fn rate(&self) -> f64 {
        ratio(real(self.answers()), self.elapsed.as_secs_f64())
    }

    pub(crate) fn per_cpu_second(&self) -> f64 {
        ratio(real(self.answers()), self.cpu.unwrap_or_default().as_secs_f64())
    }

    pub(crate) fn cpu_micros_each(&self) -> f64 {
        ratio(self.cpu.unwrap_or_default().as_secs_f64() * 1e6, real(self.answers()))
    }

    pub(crate) fn quantile_micros(&self, quantile: f64) -> f64 {
        real(self.tally.latencies.value_at_quantile(quantile)) / 1e3
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.cpu.unwrap_or_default().as_secs_f64()
    }

    /// How much of the time the load tool's one thread was busy: near 1, it is what is measured.
    pub(crate) fn own_share(&self) -> f64 {
        ratio(self.own.as_secs_f64(), self.elapsed.as_secs_f64())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    pub(crate) fn resident(&self) -> u64 {
        self.resident.unwrap_or_default()
    }

    /// An error where the run was not what it claims to measure.
    pub(crate) fn sound(&self, what: &str) -> Outcome<()> {
        let Tally { refused, lost, repeats, broken, .. } = &self.tally;
        if self.answers() > 0 && refused + lost + repeats + broken == 0 {
            return Ok(());
        }
        let fault = self.tally.first_fault.as_deref().unwrap_or("nothing more is known");
        Err(format!(
            "{what}: {} answers, {refused} refused, {lost} lost, {repeats} repeated, {broken} broken connections; {fault}",
            self.answers()
        )
        .into())
    }

    /// Lines for people; `unit` is the plural of what was answered.
    pub(crate) fn told(&self, unit: &str) -> String {
        let mut text = format!(
            "{unit}: {} in {:.2} s, {:.0} per second\nlatency: p50 {}  p90 {}  p99 {}  max {}\n",
            self.answers(),
            self.elapsed.as_secs_f64(),
            self.rate(),
            micros(self.quantile_micros(0.5)),
            micros(self.quantile_micros(0.9)),
            micros(self.quantile_micros(0.99)),
            micros(self.quantile_micros(1.0)),
        );
        let Tally { refused, lost, repeats, broken, first_fault, .. } = &self.tally;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "refused: {refused}  lost: {lost}  repeats: {repeats}  broken connections: {broken}");
        if let Some(fault) = first_fault {
            let _ = writeln!(text, "first fault: {fault}");
        }
        let _ = writeln!(text, "load tool: busy for {:.0} % of the time", self.own_share() * 100.0);
        if let (Some(cpu), Some(resident)) = (self.cpu, self.resident) {
            let _ = writeln!(
                text,
                "server: {:.2} CPU s, {:.0} {unit} per CPU second ({:.2} µs each), resident {}",
                cpu.as_secs_f64(),
                self.per_cpu_second(),
                self.cpu_micros_each(),
                mebibytes(resident),
            );
        }
        text
    }
}

/// Microseconds, in a unit that reads well.
pub(crate) fn micros(value: f64) -> String {
    if value < 1_000.0 { format!("{value:.0} µs") } else { format!("{:.2} ms", value / 1e3) }
}

pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", real(bytes) / 1_048_576.0)
}

/// 0 where there is nothing to divide by.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.as_slice() {
        [] => 0.0,
        all if all.len() % 2 == 1 => all[middle],
        all => f64::midpoint(all[middle - 1], all[middle]),
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people; 53 bits are plenty")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// Rows of cells under a heading, in columns as wide as they need; the first to the left, the others to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text += &cell;
        }
        text.push('\n');
        if index == 0 {
            text += &"-".repeat(widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{median, table};

    #[test]
    fn the_median_is_the_middle() {
        for (values, expected) in [(&[3.0, 1.0, 2.0][..], 2.0), (&[4.0, 1.0][..], 2.5), (&[][..], 0.0)] {
            assert!((median(values) - expected).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["what".to_owned(), "µs".to_owned()], vec!["a".to_owned(), "1.25".to_owned()]];
        assert_eq!(table(&rows), "what    µs\n----------\na     1.25\n");
    }
}
