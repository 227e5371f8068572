//! Samples, their medians, and the table that is printed.

use std::{collections::BTreeMap, fs};

use super::{forum::MIXED, load::Load};

/// One sample of one thing that was asked.
#[derive(Clone, Copy, Debug)]
struct Sample {
    per_second: f64,
    /// Processor time of the server.
    milliseconds: f64,
}

/// What was asked, with so many plugins bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Place in the table.
    pub(super) row: usize,
    pub(super) plugins: usize,
}

/// All samples; those of one key are in the order of the rounds.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<String>,
    samples: BTreeMap<Key, Vec<Sample>>,
}

impl Table {
    /// A row of that name, the one that is there or a new one.
    pub(super) fn row(&mut self, name: &str) -> usize {
        if let Some(at) = self.rows.iter().position(|row| row == name) {
            return at;
        }
        self.rows.push(name.to_owned());
        self.rows.len() - 1
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody asks so often")]
    pub(super) fn add(&mut self, key: Key, load: Load, milliseconds: f64) {
        let requests = load.requests as f64;
        let sample =
            Sample { per_second: requests / load.seconds, milliseconds: milliseconds / requests };
        self.samples.entry(key).or_default().push(sample);
    }

    fn median(&self, key: &Key, value: impl Fn(&Sample) -> f64) -> Option<f64> {
        median(self.samples.get(key)?.iter().map(value).collect())
    }

    /// Processor time of a request.
    pub(super) fn milliseconds(&self, row: &str, plugins: usize) -> Option<f64> {
        self.median(&self.key(row, plugins)?, |sample| sample.milliseconds)
    }

    /// How often one was answered for each time that the other was: the median
    /// of what each round says.
    pub(super) fn ratio(&self, one: (&str, usize), other: (&str, usize)) -> Option<f64> {
        let one = self.samples.get(&self.key(one.0, one.1)?)?;
        let other = self.samples.get(&self.key(other.0, other.1)?)?;
        median(
            one.iter().zip(other).map(|(one, other)| one.per_second / other.per_second).collect(),
        )
    }

    fn key(&self, row: &str, plugins: usize) -> Option<Key> {
        let row = self.rows.iter().position(|name| name == row)?;
        Some(Key { row, plugins })
    }

    /// One line for each row.
    pub(super) fn print(&self, levels: &[usize]) {
        let title = |plugins: &usize| match *plugins {
            MIXED => "automod and 2 small: req/s | CPU ms".to_owned(),
            plugins => format!("{plugins} automods: req/s | CPU ms"),
        };
        let titles = levels.iter().map(title);
        println!("| request | {} |", titles.collect::<Vec<_>>().join(" | "));
        println!("|---|{}", "--:|--:|".repeat(levels.len()));
        for (row, name) in self.rows.iter().enumerate() {
            let cells = levels.iter().map(|plugins| {
                let key = Key { row, plugins: *plugins };
                let per_second = self.median(&key, |sample| sample.per_second);
                let milliseconds = self.median(&key, |sample| sample.milliseconds);
                match per_second.zip(milliseconds) {
                    Some((per_second, milliseconds)) => {
                        format!("{per_second:.0} | {milliseconds:.3}")
                    }
                    None => "- | -".to_owned(),
                }
            });
            println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Processor time that this process has used, in milliseconds.
pub(super) fn processor_time() -> f64 {
    /// Linux counts in hundredths of a second, whatever the kernel's own clock.
    const TICK: f64 = 10.0;
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name of the program, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let times = fields.split_whitespace().skip(11).take(2);
    times.map(|ticks| ticks.parse::<f64>().expect("a number") * TICK).sum()
}

/// What it all ran on.
pub(super) fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |model| model.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores of {model}")
}
