//! The measurements, each made when it is first needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fs, io};

use crate::measure::{Cost, Dissector, Laboratory, Task};
use crate::workloads::{Recipe, START};

/// A workload on disk.
#[derive(Clone, Debug)]
pub struct Built {
    pub path: PathBuf,
    pub packets: u32,
    pub messages: u32,
    pub connections: u32,
}

impl Built {
    /// The size of the capture file in bytes.
    pub fn size(&self) -> io::Result<u64> {
        Ok(fs::metadata(&self.path)?.len())
    }
}

/// One run of each dissector, one after the other, so that what else the machine does meets all of them.
pub type Round = BTreeMap<Dissector, Cost>;

/// All measurements so far.
pub struct Bench {
    laboratory: Laboratory,
    built: BTreeMap<&'static str, Built>,
    rounds: usize,
    costs: BTreeMap<(&'static str, Task), Vec<Round>>,
    instructions: BTreeMap<(&'static str, Task, Dissector), f64>,
}

impl Bench {
    pub fn new(laboratory: Laboratory, built: BTreeMap<&'static str, Built>, rounds: usize) -> Self {
        Self { laboratory, built, rounds, costs: BTreeMap::new(), instructions: BTreeMap::new() }
    }

    pub fn built(&self, workload: &str) -> &Built {
        &self.built[workload]
    }

    /// User time and peak memory, in rounds.
    pub fn costs(&mut self, recipe: &Recipe, task: Task) -> io::Result<&[Round]> {
        let key = (recipe.name, task);
        if !self.costs.contains_key(&key) {
            let mut rounds = Vec::new();
            for number in 1..=self.rounds {
                eprintln!("{}, {}: round {number} of {}", recipe.name, task.command(Dissector::Plugin), self.rounds);
                rounds.push(self.round(recipe, task)?);
            }
            self.costs.insert(key, rounds);
        }
        Ok(&self.costs[&key])
    }

    fn round(&self, recipe: &Recipe, task: Task) -> io::Result<Round> {
        let built = self.built(recipe.name);
        let mut round = Round::new();
        for &dissector in recipe.dissectors {
            let cost = self.laboratory.run(dissector, task, &built.path)?;
            if cost.seconds.is_finite() {
                self.check_rows(recipe, task, dissector, cost.rows)?;
            }
            round.insert(dissector, cost);
        }
        Ok(round)
    }

    /// Fails if a dissector has not shown each message, so that it is not measured without its work.
    fn check_rows(&self, recipe: &Recipe, task: Task, dissector: Dissector, rows: usize) -> io::Result<()> {
        let messages = self.built(recipe.name).messages as usize;
        let shows_messages = matches!(task, Task::Messages | Task::TwoPasses) && dissector != Dissector::Stock;
        match shows_messages && rows != messages {
            true => Err(io::Error::other(format!("{}, {dissector}: {rows} of {messages} messages shown", recipe.name))),
            false => Ok(()),
        }
    }

    /// Fails if a dissector is not there: its filter would be an error.
    pub fn check_dissectors(&self) -> io::Result<()> {
        let start = &self.built(START).path;
        Dissector::ALL.iter().try_for_each(|&dissector| self.laboratory.run(dissector, Task::Messages, start).map(drop))
    }

    /// The instructions of one run.
    pub fn instructions(&mut self, recipe: &Recipe, task: Task, dissector: Dissector) -> io::Result<f64> {
        let key = (recipe.name, task, dissector);
        if let Some(known) = self.instructions.get(&key) {
            return Ok(*known);
        }
        eprintln!("{}, {}: instructions, {dissector}", recipe.name, task.command(dissector));
        let (count, rows) = self.laboratory.instructions(dissector, task, &self.built(recipe.name).path)?;
        if count.is_finite() {
            self.check_rows(recipe, task, dissector, rows)?;
        }
        self.instructions.insert(key, count);
        Ok(count)
    }

    /// All user times and peaks that were measured.
    pub fn all_costs(&self) -> &BTreeMap<(&'static str, Task), Vec<Round>> {
        &self.costs
    }

    /// All instruction counts that were measured.
    pub fn all_instructions(&self) -> &BTreeMap<(&'static str, Task, Dissector), f64> {
        &self.instructions
    }
}
