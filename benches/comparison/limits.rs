//! The limits, and how far tshark with the plugin is from them.

use std::io;

use clap::ValueEnum;

use crate::bench::{Bench, Round};
use crate::measure::{Cost, Dissector, Task};
use crate::workloads::{Recipe, START, recipe};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    Instructions,
    Time,
    Memory,
}

/// What a limit is about. "Added" is what tshark with a dissector needs more than stock tshark.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    /// Added by the plugin, divided by what another dissector adds.
    ShareOf(Measure, Dissector),
    /// With the plugin, divided by stock.
    OfStock(Measure),
    /// Instructions with the plugin, divided by stock, both without those of start-up.
    OfStockAfterStart,
    /// Instructions added per message.
    PerMessage,
    /// Peak memory added, in megabytes.
    Megabytes,
    /// Bytes of peak memory added per message, from the difference to a workload of half the size.
    BytesPerMessage(&'static str),
    /// Bytes of peak memory added per connection, from the difference to a workload of half the size.
    BytesPerConnection(&'static str),
    /// User time added, divided by that for a workload of half the size.
    Growth(&'static str),
}

/// A limit: what is measured with which command on which workload, and the most that it may be.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub workload: &'static str,
    pub task: Task,
    pub figure: Figure,
    pub most: f64,
    /// Of a limit that is not met, what is reached: CI checks that it gets no worse.
    pub reached: Option<f64>,
    /// Whether CI checks it.
    pub in_slice: bool,
}

/// A measured value and its standard error.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    pub value: f64,
    pub error: f64,
}

impl Estimate {
    /// Of a value that is the same in each run.
    fn exact(value: f64) -> Self {
        Self { value, error: 0.0 }
    }

    /// The median of values that were measured in rounds. The error comes from the median distance to it, so that one disturbed
    /// round does not change it much.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let value = median(values.clone());
        let spread = median(values.iter().map(|other| (other - value).abs()).collect());
        Self { value, error: 1.4826 * spread / (values.len() as f64).sqrt() }
    }

    /// Whether the value is at most `most`. Above it by less than two standard errors is not distinguishable from it.
    pub fn is_at_most(self, most: f64) -> bool {
        self.value - 2.0 * if self.error.is_finite() { self.error } else { 0.0 } <= most
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

impl Figure {
    pub fn measure(self) -> Measure {
        match self {
            Figure::ShareOf(measure, _) | Figure::OfStock(measure) => measure,
            Figure::OfStockAfterStart | Figure::PerMessage => Measure::Instructions,
            Figure::Megabytes | Figure::BytesPerMessage(_) | Figure::BytesPerConnection(_) => Measure::Memory,
            Figure::Growth(_) => Measure::Time,
        }
    }

    /// What it says, for a table.
    pub fn description(self) -> String {
        let measured = match self.measure() {
            Measure::Instructions => "instructions",
            Measure::Time => "user time",
            Measure::Memory => "peak memory",
        };
        match self {
            Figure::ShareOf(_, peer) => format!("{measured} added ÷ added by {peer}"),
            Figure::OfStock(_) => format!("{measured} ÷ stock"),
            Figure::OfStockAfterStart => format!("{measured} ÷ stock, without start-up"),
            Figure::PerMessage => format!("{measured} added per message"),
            Figure::Megabytes => format!("{measured} added, MB"),
            Figure::BytesPerMessage(half) => format!("{measured} added per message, bytes (slope from {half})"),
            Figure::BytesPerConnection(half) => format!("{measured} added per connection, bytes (slope from {half})"),
            Figure::Growth(half) => format!("{measured} added ÷ that of {half}"),
        }
    }

    /// The other workload that it needs.
    fn other(self) -> Option<&'static str> {
        match self {
            Figure::BytesPerMessage(half) | Figure::BytesPerConnection(half) | Figure::Growth(half) => Some(half),
            Figure::OfStockAfterStart => Some(START),
            _ => None,
        }
    }
}

fn added(round: &Round, dissector: Dissector, what: fn(&Cost) -> f64) -> f64 {
    what(&round[&dissector]) - what(&round[&Dissector::Stock])
}

fn seconds(cost: &Cost) -> f64 {
    cost.seconds
}

fn peak(cost: &Cost) -> f64 {
    cost.peak
}

impl Limit {
    /// The most that it may be in CI, with slack: a percentage of what the plugin may add.
    pub fn with_slack(&self, percent: f64) -> f64 {
        let is_of_stock = matches!(self.figure, Figure::OfStock(_) | Figure::OfStockAfterStart);
        let without_plugin = if is_of_stock { 1.0 } else { 0.0 };
        without_plugin + (self.reached.unwrap_or(self.most) - without_plugin) * (1.0 + percent / 100.0)
    }

    /// The workloads that it needs.
    pub fn workloads(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.workload), self.figure.other()].into_iter().flatten()
    }

    /// Measures what the limit is about.
    pub fn estimate(&self, bench: &mut Bench) -> io::Result<Estimate> {
        let (recipe, task) = (recipe(self.workload), self.task);
        match self.figure {
            Figure::ShareOf(Measure::Instructions, peer) => {
                let plugin = added_instructions(bench, recipe, task, Dissector::Plugin)?;
                Ok(Estimate::exact(plugin / added_instructions(bench, recipe, task, peer)?))
            }
            Figure::ShareOf(measure, peer) => {
                let what = if measure == Measure::Time { seconds } else { peak };
                let rounds = bench.costs(recipe, task)?.iter();
                Ok(Estimate::of(rounds.map(|round| added(round, Dissector::Plugin, what) / added(round, peer, what))))
            }
            Figure::OfStock(Measure::Instructions) => {
                let plugin = bench.instructions(recipe, task, Dissector::Plugin)?;
                Ok(Estimate::exact(plugin / bench.instructions(recipe, task, Dissector::Stock)?))
            }
            Figure::OfStock(measure) => {
                let what = if measure == Measure::Time { seconds } else { peak };
                let rounds = bench.costs(recipe, task)?.iter();
                Ok(Estimate::of(rounds.map(|round| what(&round[&Dissector::Plugin]) / what(&round[&Dissector::Stock]))))
            }
            Figure::OfStockAfterStart => {
                let plugin = instructions_after_start(bench, recipe, task, Dissector::Plugin)?;
                Ok(Estimate::exact(plugin / instructions_after_start(bench, recipe, task, Dissector::Stock)?))
            }
            Figure::PerMessage => {
                let more = added_instructions(bench, recipe, task, Dissector::Plugin)?;
                Ok(Estimate::exact(more / f64::from(bench.built(self.workload).messages)))
            }
            Figure::Megabytes => {
                let rounds = bench.costs(recipe, task)?.iter();
                Ok(Estimate::of(rounds.map(|round| added(round, Dissector::Plugin, peak) / 1e6)))
            }
            Figure::BytesPerMessage(half) => {
                let more = bench.built(self.workload).messages - bench.built(half).messages;
                self.compare_with(bench, half, |whole, half| {
                    let bytes = added(whole, Dissector::Plugin, peak) - added(half, Dissector::Plugin, peak);
                    bytes / f64::from(more)
                })
            }
            Figure::BytesPerConnection(half) => {
                let more = bench.built(self.workload).connections - bench.built(half).connections;
                self.compare_with(bench, half, |whole, half| {
                    let bytes = added(whole, Dissector::Plugin, peak) - added(half, Dissector::Plugin, peak);
                    bytes / f64::from(more)
                })
            }
            Figure::Growth(half) => self.compare_with(bench, half, |whole, half| {
                added(whole, Dissector::Plugin, seconds) / added(half, Dissector::Plugin, seconds)
            }),
        }
    }

    /// An estimate from the rounds of this workload and those of another one.
    fn compare_with(
        &self,
        bench: &mut Bench,
        half: &str,
        compare: impl Fn(&Round, &Round) -> f64,
    ) -> io::Result<Estimate> {
        let whole = bench.costs(recipe(self.workload), self.task)?.to_vec();
        let half = bench.costs(recipe(half), self.task)?;
        Ok(Estimate::of(whole.iter().zip(half).map(|(whole, half)| compare(whole, half))))
    }
}

fn added_instructions(bench: &mut Bench, recipe: &Recipe, task: Task, dissector: Dissector) -> io::Result<f64> {
    Ok(bench.instructions(recipe, task, dissector)? - bench.instructions(recipe, task, Dissector::Stock)?)
}

fn instructions_after_start(bench: &mut Bench, workload: &Recipe, task: Task, dissector: Dissector) -> io::Result<f64> {
    Ok(bench.instructions(workload, task, dissector)? - bench.instructions(recipe(START), task, dissector)?)
}

/// All limits, in the order of the table.
pub fn all() -> Vec<Limit> {
    use Figure::*;
    use Measure::*;
    use Task::*;
    let limit = |workload, task, figure, most| Limit { workload, task, figure, most, reached: None, in_slice: false };
    let reaches = |limit, reached| Limit { reached: Some(reached), ..limit };
    let in_slice = |limit| Limit { in_slice: true, ..limit };
    let mut limits = vec![
        in_slice(reaches(limit("chat-20k", Read, PerMessage, 15_000.0), 28_000.0)),
        in_slice(limit("chat-20k", Messages, PerMessage, 40_000.0)),
    ];
    for task in [Read, Messages, Contains, TwoPasses] {
        let instructions = limit("chat-20k", task, ShareOf(Instructions, Dissector::Json), 1.0 / 3.0);
        limits.push(Limit { in_slice: matches!(task, Read | Messages), ..instructions });
        limits.push(limit("chat-20k", task, ShareOf(Instructions, Dissector::Lua), 0.1));
        limits.push(limit("chat", task, ShareOf(Time, Dissector::Json), 1.0 / 3.0));
        limits.push(limit("chat", task, ShareOf(Time, Dissector::Lua), 0.1));
    }
    limits.extend([
        limit("chat-double", Messages, Growth("chat"), 2.1),
        limit("chat-double", Messages, BytesPerMessage("chat"), 150.0),
        // Each connection has four messages.
        limit("wide", Messages, BytesPerConnection("wide-half"), 300.0 + 4.0 * 150.0),
        limit("wide", Messages, Growth("wide-half"), 2.1),
        limit("huge", Messages, ShareOf(Time, Dissector::Json), 1.0 / 3.0),
        limit("quiet", Read, OfStock(Instructions), 1.01),
        limit("quiet", Read, OfStock(Time), 1.01),
        in_slice(limit(START, Read, OfStock(Instructions), 1.005)),
    ]);
    for (bomb, most) in
        [("bomb-amp", 2.0), ("bomb-array", 2.0), ("bomb-objects", 2.0), ("bomb-list", 2.0), ("bomb-text", 1.5)]
    {
        for task in [Read, Messages] {
            limits.push(limit(bomb, task, OfStock(Time), most));
            limits.push(limit(bomb, task, Megabytes, 100.0));
        }
    }
    for (bomb, most) in [("bomb-amp-5", 2.0), ("bomb-array-5", 2.0), ("bomb-objects-5", 2.0), ("bomb-text-5", 1.5)] {
        limits.push(in_slice(limit(bomb, Messages, OfStockAfterStart, most)));
    }
    for (corner, half) in [("unnamed", "unnamed-half"), ("late", "late-half"), ("descending", "descending-half")] {
        limits.push(limit(corner, Messages, Growth(half), 2.1));
    }
    limits
}
