//! Figures for programs: a line each, `key<TAB>value`, in a file beside what is printed for people.

use crate::{Outcome, report::Measured};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    sync::Mutex,
};

/// Where the figures of a run go; nowhere, where no file was named.
#[derive(Debug)]
pub(crate) struct Figures(Option<Mutex<File>>);

impl Figures {
    pub(crate) fn open(path: Option<&Path>) -> Outcome<Self> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(|error| format!("cannot write {}: {error}", path.display()))
        };
        Ok(Self(path.map(open).transpose()?.map(Mutex::new)))
    }

    pub(crate) fn put(&self, key: &str, value: f64) -> Outcome<()> {
        if let Some(file) = &self.0 {
            let mut file = file.lock().map_err(|_| "a writer of figures has panicked")?;
            writeln!(file, "{key}\t{value:.3}")?;
        }
        Ok(())
    }

    /// What is usual of a run.
    pub(crate) fn measured(&self, key: &str, measured: &Measured) -> Outcome<()> {
        self.put(&format!("{key}.rate"), measured.rate())?;
        self.put(&format!("{key}.per_cpu"), measured.per_cpu_second())?;
        self.put(&format!("{key}.p50_us"), measured.quantile_micros(0.5))?;
        self.put(&format!("{key}.p99_us"), measured.quantile_micros(0.99))
    }
}
