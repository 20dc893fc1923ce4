//! Prometheus' text format, read strictly: whatever is not as its documentation has it fails the test.

use std::collections::{BTreeMap, BTreeSet};

use rondo_testkit::{Answer, Site};

/// A page of metrics.
#[derive(Debug)]
pub(super) struct Page {
    /// Families in their order, with their types.
    pub(super) families: Vec<(String, String)>,
    pub(super) samples: Vec<Sample>,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

impl Page {
    /// The page as a server shows it now.
    pub(super) async fn of(site: &Site) -> Self {
        Self::read(&site.get("/metrics").await)
    }

    pub(super) fn read(answer: &Answer) -> Self {
        answer.assert_status(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::parse(answer.body.as_str().unwrap())
    }

    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let mut page = Self { families: Vec::new(), samples: Vec::new() };
        let (mut helped, mut seen) = (None, BTreeSet::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(is_name(name) && !help.trim().is_empty(), "{line}");
                assert!(helped.replace(name.to_owned()).is_none(), "no type before {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert_eq!(helped.take().as_deref(), Some(name), "help comes before the type");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(page.families.iter().all(|(known, _)| known != name), "{name} is there twice");
                page.families.push((name.to_owned(), kind.to_owned()));
            } else {
                let sample = Sample::parse(line);
                let (family, kind) = page.families.last().unwrap();
                let suffix = sample.name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} in {family}"));
                let suffixes: &[_] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(suffixes.contains(&suffix), "{line}");
                assert!(kind == "gauge" || sample.value >= 0.0, "{line}");
                assert!(seen.insert(line.rsplit_once(' ').unwrap().0.to_owned()), "twice: {line}");
                page.samples.push(sample);
            }
        }
        assert_eq!(helped, None, "a type after each help");
        page.check_histograms();
        page
    }

    fn check_histograms(&self) {
        let mut last: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        for sample in self.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le").unwrap();
            let bound: f64 = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            let name = sample.name.trim_end_matches("_bucket");
            let key = (name.to_owned(), format!("{labels:?}"));
            let (before, count) = last.insert(key, (bound, sample.value)).unwrap_or((f64::NEG_INFINITY, 0.0));
            assert!(bound > before && sample.value >= count, "buckets grow: {sample:?}");
            if bound.is_infinite() {
                let whole =
                    self.samples.iter().find(|other| other.name == format!("{name}_count") && other.labels == labels);
                assert_eq!(whole.map(|whole| whole.value), Some(sample.value), "{sample:?}");
            }
        }
        assert!(last.values().all(|(bound, _)| bound.is_infinite()), "each ends with all");
    }

    /// The sum of all samples of this name that have these labels, among others.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |sample: &&Sample| {
            sample.name == name
                && labels.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|is| is == value))
        };
        self.samples.iter().filter(fits).map(|sample| sample.value).sum()
    }
}

impl Sample {
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        let (name, labels) = match series.split_once('{') {
            None => (series, ""),
            Some((name, rest)) => (name, rest.strip_suffix('}').unwrap_or_else(|| panic!("no end of labels: {line}"))),
        };
        assert!(is_name(name), "{line}");
        Self { name: name.to_owned(), labels: read_labels(labels), value }
    }
}

fn read_labels(text: &str) -> BTreeMap<String, String> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no value of a label: {text}"));
        assert!(is_name(name) && !name.contains(':'), "{text}");
        let (mut value, mut letters) = (String::new(), after.char_indices());
        let end = loop {
            match letters.next().unwrap_or_else(|| panic!("no end of a value: {text}")) {
                (at, '"') => break at,
                (_, '\\') => match letters.next().unwrap().1 {
                    'n' => value.push('\n'),
                    letter @ ('\\' | '"') => value.push(letter),
                    other => panic!("no escape: \\{other}"),
                },
                (_, letter) => value.push(letter),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} is there twice: {text}");
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}

fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}
