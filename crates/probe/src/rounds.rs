//! The same measurement on Rondo and on a bare server, in turns, so that what else the machine does meets both alike.

use crate::{
    Outcome,
    figures::Figures,
    process::{Server, free_addr},
    report::{Measured, median, ratio},
};
use std::{process::Command, time::Duration};

const START_PATIENCE: Duration = Duration::from_secs(10);

/// What was measured, round by round.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    rondo: Vec<Measured>,
    bare: Vec<Measured>,
    warm_up: u64,
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Rondo,
    Bare,
}

/// How often, and how long each side in each round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    pub(crate) rounds: u32,
    pub(crate) time: Duration,
    /// Whether there is a bare server to compare with.
    pub(crate) beside: bool,
}

impl Rounds {
    /// A short round that does not count, then the rounds, each side first in turn. An unsound one ends the run.
    pub(crate) async fn run(
        what: &str,
        turns: Turns,
        measure: impl AsyncFn(Side, Duration) -> Outcome<Measured>,
    ) -> Outcome<Self> {
        const WARM_UP: Duration = Duration::from_millis(500);
        let mut rounds = Self::default();
        for round in 0..=turns.rounds {
            let time = if round == 0 { WARM_UP.min(turns.time) } else { turns.time };
            let order = if round % 2 == 0 { [Side::Bare, Side::Rondo] } else { [Side::Rondo, Side::Bare] };
            for side in order {
                if side == Side::Bare && !turns.beside {
                    continue;
                }
                let measured = measure(side, time).await?;
                measured.sound(what)?;
                match side {
                    Side::Rondo if round == 0 => rounds.warm_up = measured.answers(),
                    Side::Bare if round == 0 => {}
                    Side::Rondo => rounds.rondo.push(measured),
                    Side::Bare => rounds.bare.push(measured),
                }
            }
        }
        Ok(rounds)
    }

    /// What Rondo answered in all, the short round included.
    pub(crate) fn answers(&self) -> u64 {
        self.warm_up + self.rondo.iter().map(Measured::answers).sum::<u64>()
    }

    /// The median of a figure on one side.
    pub(crate) fn median(&self, side: Side, figure: impl Fn(&Measured) -> f64) -> f64 {
        let rounds = match side {
            Side::Rondo => &self.rondo,
            Side::Bare => &self.bare,
        };
        median(&rounds.iter().map(figure).collect::<Vec<f64>>())
    }

    /// Both medians, their ratio, and the lowest and highest ratio of any one round.
    pub(crate) fn row(&self, what: &str, figure: impl Fn(&Measured) -> f64) -> Vec<String> {
        let plain = |value: f64| if value < 1_000.0 { format!("{value:.2}") } else { format!("{value:.0}") };
        let (rondo, bare) = (self.median(Side::Rondo, &figure), self.median(Side::Bare, &figure));
        if self.bare.is_empty() {
            return [what.to_owned(), plain(rondo)].into_iter().chain([const { String::new() }; 4]).collect();
        }
        let each = self.rondo.iter().zip(&self.bare).map(|(rondo, bare)| ratio(figure(rondo), figure(bare)));
        let (lowest, highest) = each.fold((f64::INFINITY, 0.0_f64), |(low, high), r| (low.min(r), high.max(r)));
        let whole = format!("{:.3}", ratio(rondo, bare));
        vec![what.to_owned(), plain(rondo), plain(bare), whole, format!("{lowest:.3}"), format!("{highest:.3}")]
    }

    /// The rows that are told of most measurements; `unit` is the plural of what was answered.
    pub(crate) fn rows(&self, what: &str, unit: &str) -> Vec<Vec<String>> {
        vec![
            self.row(&format!("{what}: {unit}/s"), Measured::rate),
            self.row(&format!("{what}: {unit} per CPU s"), Measured::per_cpu_second),
            self.row(&format!("{what}: p50 µs"), |measured| measured.quantile_micros(0.5)),
            self.row(&format!("{what}: p99 µs"), |measured| measured.quantile_micros(0.99)),
            self.row(&format!("{what}: load tool's share of a core"), Measured::own_share),
        ]
    }

    pub(crate) fn figures(&self, key: &str, figures: &Figures) -> Outcome<()> {
        for (side, name) in [(Side::Rondo, key.to_owned()), (Side::Bare, format!("{key}.bare"))] {
            if side == Side::Bare && self.bare.is_empty() {
                continue;
            }
            figures.put(&format!("{name}.rate"), self.median(side, Measured::rate))?;
            figures.put(&format!("{name}.per_cpu"), self.median(side, Measured::per_cpu_second))?;
            figures.put(&format!("{name}.p50_us"), self.median(side, |measured| measured.quantile_micros(0.5)))?;
            figures.put(&format!("{name}.p99_us"), self.median(side, |measured| measured.quantile_micros(0.99)))?;
        }
        Ok(())
    }
}

/// The heading over rows of [`Rounds`].
pub(crate) fn heading() -> Vec<String> {
    ["(medians)", "Rondo", "bare", "ratio", "lowest", "highest"].map(str::to_owned).to_vec()
}

/// Starts this very program as a bare server.
pub(crate) async fn baseline(arguments: &[&str]) -> Outcome<Server> {
    let addr = free_addr()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["baseline", arguments[0], "--port", &addr.port().to_string()]).args(&arguments[1..]);
    Server::start("a bare server", &mut command, addr, START_PATIENCE).await
}
