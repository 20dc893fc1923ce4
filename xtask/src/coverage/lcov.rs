//! The part of the lcov format that tells how often each line was run.

use crate::shell::Result;

/// Lines of a file, from 1, and how often each was run.
pub(crate) type Lines = Vec<(usize, u64)>;

/// How many lines there are, and how many were run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) lines: usize,
    pub(crate) ran: usize,
}

impl Tally {
    /// Adds those before line `end`.
    pub(crate) fn add(&mut self, lines: &Lines, end: usize) {
        for &(_, count) in lines.iter().filter(|(line, _)| *line < end) {
            self.lines += 1;
            self.ran += usize::from(count > 0);
        }
    }

    /// Of a hundred lines, so many were run; of none, all.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer lines than a double can count")]
    pub(crate) fn percent(self) -> f64 {
        if self.lines == 0 { 100.0 } else { self.ran as f64 * 100.0 / self.lines as f64 }
    }
}

/// Each file's lines; a line that is no number is an error.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, Lines)>> {
    let mut files: Vec<(String, Lines)> = Vec::new();
    for record in text.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            files.push((path.to_owned(), Lines::new()));
        } else if let Some(line) = record.strip_prefix("DA:") {
            let strange = || format!("lcov says `{record}`");
            let mut numbers = line.split(',');
            let mut next = || numbers.next().and_then(|number| number.parse::<u64>().ok()).ok_or_else(strange);
            let (line, count) = (next()?, next()?);
            let line = usize::try_from(line).map_err(|_| strange())?;
            files.last_mut().ok_or_else(strange)?.1.push((line, count));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_up_to_the_tests() {
        let files = parse("SF:/a.rs\nFN:1,f\nDA:1,7\nDA:2,0\nDA:9,1\nend_of_record\n").unwrap();
        let mut tally = Tally::default();
        tally.add(&files[0].1, 9);
        assert_eq!((tally.lines, tally.ran), (2, 1));
        assert!((tally.percent() - 50.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_not_lcov_is_an_error() {
        assert!(parse("SF:/a.rs\nDA:one,2\n").is_err());
        assert!(parse("DA:1,2\n").is_err());
    }
}
