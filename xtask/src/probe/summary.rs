//! `docs/probe-summary.txt`: the table of targets, then all that the load tool said.

use std::fmt::Write as _;

use super::targets::{Bound, TARGETS, Target};
use super::{Findings, machine};
use crate::servers::Server;

const METHOD: &str = "\
settings  RATE_LIMIT=off, BCRYPT_COST=4 for set-up, all else at its default; a release build (thin LTO)
method    load tool, server, databases and bare servers share the machine; Rondo and bare servers in turns, round by
          round; medians. Work is per CPU-second of the server process where no unit stands.
peer      NestJS 11 (Fastify, TypeORM, ioredis, Socket.IO with the Redis adapter), on PostgreSQL and Redis, measured
          before on the same kind of machine
";

/// The whole text.
pub(super) fn write(quick: bool, servers: Option<&(Server, Server)>, findings: &[Findings]) -> String {
    let mut text = format!("Rondo under load\n\n{}{METHOD}", machine::head());
    if let Some((postgres, redis)) = servers {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "servers   {}; {}", postgres.description, redis.description);
    }
    if quick {
        text.push_str("quick     small sizes and short rounds: some figures are missing, the others are rough\n");
    }
    text.push('\n');
    text.push_str(&table(&rows(findings)));
    for finding in findings {
        for (name, said) in &finding.texts {
            let title = format!("{}: {name}", finding.ground.name());
            let _ = write!(text, "\n{title}\n{}\n{}\n", "=".repeat(title.chars().count()), said.trim_end());
        }
    }
    text
}

fn rows(findings: &[Findings]) -> Vec<Vec<String>> {
    let mut heading = vec!["work".to_owned(), "peer".to_owned(), "to reach".to_owned()];
    for finding in findings {
        heading.extend([finding.ground.name().to_owned(), "x peer".to_owned(), String::new()]);
    }
    let mut rows = vec![heading];
    for target in TARGETS {
        let peer = target.peer.map_or_else(String::new, |peer| target.unit.tell(peer));
        let (sign, bound) = match target.bound {
            Bound::AtLeast(least) => (">=", least),
            Bound::AtMost(most) => ("<=", most),
        };
        let mut row = vec![target.work.to_owned(), peer, format!("{sign} {}", target.unit.tell(bound))];
        for finding in findings {
            row.extend(cells(target, target.value(&finding.figures)));
        }
        rows.push(row);
    }
    rows
}

fn cells(target: &Target, value: Option<f64>) -> [String; 3] {
    let Some(value) = value else { return ["not measured".to_owned(), String::new(), String::new()] };
    let beside = target.beside_peer(value).map_or_else(String::new, |times| format!("{times:.2}"));
    let verdict = if target.reached(value) { "reached" } else { "MISSED" };
    [target.unit.tell(value), beside, verdict.to_owned()]
}

/// Cells in columns as wide as they need, the first to the left.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            line.push_str(&cell);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Figures, Ground};

    #[test]
    fn what_is_reached_missed_or_not_measured_is_told() {
        let figures = Figures::from([("start.migrated_ms".to_owned(), 100.0), ("start.resident".to_owned(), 64e6)]);
        let findings = [Findings { ground: Ground::Embedded, figures, texts: vec![("start", "said so\n".to_owned())] }];
        let text = write(true, None, &findings);
        let line = |work: &str| text.lines().find(|line| line.starts_with(work)).unwrap().to_owned();
        assert!(line("start to healthy").ends_with("<= 150 ms        100 ms    8.00  reached"));
        assert!(line("resident, idle").ends_with("MISSED") && line("GET sessions").ends_with("not measured"));
        assert!(text.ends_with("SQLite: start\n=============\nsaid so\n"));
    }
}
