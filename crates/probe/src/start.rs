//! `start`: the time from the start of the process to the first 200 of `/health`, and what an idle server holds.

use crate::{
    Outcome,
    figures::Figures,
    process::usage,
    report::{mebibytes, median, real, table},
    subject::{Ground, Own},
};
use clap::Args;
use std::time::Duration;
use tokio::time::sleep;

/// When the memory of an idle server is looked at.
const IDLE: Duration = Duration::from_secs(3);

#[derive(Args, Clone, Debug)]
pub(crate) struct Start {
    #[command(flatten)]
    own: Own,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

impl Start {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let (mut empty, mut migrated, mut resident, mut size) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..self.rounds {
            let ground = self.own.ground()?;
            size = ground.binary_size()?;
            let (server, took) = ground.start().await?;
            empty.push(took.as_secs_f64() * 1e3);
            Ground::stop(server).await?;
            let (server, took) = ground.start().await?;
            migrated.push(took.as_secs_f64() * 1e3);
            sleep(IDLE).await;
            resident.push(real(usage(server.pid())?.resident));
            Ground::stop(server).await?;
        }
        let (empty, migrated, resident) = (median(&empty), median(&migrated), median(&resident));
        figures.put("start.empty_ms", empty)?;
        figures.put("start.migrated_ms", migrated)?;
        figures.put("start.resident", resident)?;
        let row = |what: &str, figure: String| vec![what.to_owned(), figure];
        let rows = [
            row(self.own.name(), "(median)".to_owned()),
            row("start to first 200 of /health, empty", format!("{empty:.0} ms")),
            row("start to first 200 of /health, migrated", format!("{migrated:.0} ms")),
            row("resident, idle for 3 s", format!("{:.1} MiB", resident / 1_048_576.0)),
            row("binary", mebibytes(size)),
        ];
        println!("{}", table(&rows));
        Ok(())
    }
}
