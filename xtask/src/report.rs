//! Runs steps, times them, and says at the end what became of each.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::shell::Result;

/// What became of a step.
enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
}

struct Step {
    name: String,
    outcome: Outcome,
    took: Duration,
}

/// The steps of one command, in the order in which they ran.
pub(crate) struct Report {
    command: &'static str,
    began: Instant,
    steps: Vec<Step>,
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(command: &'static str) -> Self {
        Self { command, began: Instant::now(), steps: Vec::new(), notes: Vec::new() }
    }

    /// Runs a step. `None` when it failed; the sentence is printed at once and again in the summary.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n==> {name}");
        let began = Instant::now();
        let (outcome, value) = match work() {
            Ok(value) => (Outcome::Passed, Some(value)),
            Err(error) => {
                eprintln!("error: {error}");
                (Outcome::Failed(error), None)
            }
        };
        self.steps.push(Step { name: name.to_owned(), outcome, took: began.elapsed() });
        value
    }

    /// Writes down that a step did not run, and why. Not a failure in itself.
    pub(crate) fn not_run(&mut self, name: &str, why: &str) {
        println!("\n==> {name}\nnot run: {why}");
        self.steps.push(Step { name: name.to_owned(), outcome: Outcome::NotRun(why.to_owned()), took: Duration::ZERO });
    }

    /// A line for the head of the summary.
    pub(crate) fn note(&mut self, line: String) {
        self.notes.push(line);
    }

    /// Prints the summary; the exit code is a failure when any step failed.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n==> Summary of {}", self.command);
        for note in &self.notes {
            println!("    {note}");
        }
        for step in &self.steps {
            println!("{}", line(step));
        }
        let failed = self.steps.iter().filter(|step| matches!(step.outcome, Outcome::Failed(_))).count();
        let took = seconds(self.began.elapsed());
        if failed == 0 {
            println!("All that ran passed, in {took}.");
            ExitCode::SUCCESS
        } else {
            println!("{failed} of {} steps FAILED, in {took}.", self.steps.len());
            ExitCode::FAILURE
        }
    }
}

fn line(step: &Step) -> String {
    let (word, why) = match &step.outcome {
        Outcome::Passed => ("passed", String::new()),
        Outcome::Failed(why) => ("FAILED", format!("  {}", why.lines().next().unwrap_or_default())),
        Outcome::NotRun(why) => ("not run", format!("  {why}")),
    };
    format!("  {word:<8}{:>9}  {}{why}", seconds(step.took), step.name)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_fails_the_whole_and_the_others_still_run() {
        let mut report = Report::new("a test");
        assert_eq!(report.step("breaks", || Err::<(), _>("because".to_owned())), None);
        assert_eq!(report.step("works", || Ok(7)), Some(7));
        assert_eq!(report.finish(), ExitCode::FAILURE);
    }

    #[test]
    fn what_was_not_run_is_no_failure_but_is_named() {
        let mut report = Report::new("a test");
        report.not_run("extra", "it is not installed");
        assert!(line(&report.steps[0]).contains("not run") && line(&report.steps[0]).contains("it is not installed"));
        assert_eq!(report.finish(), ExitCode::SUCCESS);
    }
}
