//! The labels of chats of a model of the server are equal to the truth, which the model knows: see `harness/truth.rs`.
//!
//! Two passes of tshark are compared with the truth, message by message. A label that the capture cannot tell may be missing; one that is
//! wrong is an error of a kind. `WORKERMANCHAT_SEEDS=n` plays each scenario with `n` seeds, `WORKERMANCHAT_ONLY=name` one scenario only, and
//! `WORKERMANCHAT_KEEP=dir` keeps the captures.

mod harness;

use std::collections::{BTreeMap, BTreeSet};

use harness::phase::{self, SAY_REQUEST};
use harness::truth::{Dialect, Item, Message, Scenario, Truth};
use harness::wireshark::{Row, Wireshark};

const PHASE: &str = "workermanchat.phase";
const ACKS: &str = "workermanchat.acks";
const REQUEST_IN: &str = "workermanchat.request_in";
const RESPONSE_IN: &str = "workermanchat.response_in";
const DELIVERIES: &str = "workermanchat.deliveries";
const MEMBERS: &str = "workermanchat.room.members";
const SENDER: &str = "workermanchat.sender";
const RECIPIENT: &str = "workermanchat.recipient";
const USER: &str = "workermanchat.user";
const NO_DELIVERY: &str = "workermanchat.expert.no_delivery";
const LEFT_OUT: &str = "workermanchat.left_out";
/// The value of that for a say behind which the capture ends.
const CAPTURE_ENDS: u32 = 4;
/// Longer ago than this, nothing is considered that may be delivered. Microseconds.
const LONGEST_AGO: u64 = 60_000_000;
/// Findings that nothing in these chats gives reason for.
const FALSE: [&str; 8] = [
    "workermanchat.expert.malformed_json",
    "workermanchat.expert.missing_member",
    "workermanchat.expert.say_before_login",
    "workermanchat.expert.no_pong",
    "workermanchat.expert.unescaped_html",
    "workermanchat.expert.accept_mismatch",
    "workermanchat.expert.unmasked_client",
    "workermanchat.expert.masked_server",
];

const PLAIN: Scenario = Scenario {
    name: "plain",
    dialect: Dialect::C,
    servers: 1,
    addresses: &["192.168.0.5:7272"],
    proxied: false,
    skewed: false,
    latency: (200, 5_000),
    round_trip: (40, 100),
    near_browsers: false,
    pause: (100_000, 3_000_000),
    lost_percent: 0,
    names: &["mynick", "猪猪", "late", "O'Brien"],
    rooms: &["1", "2"],
    tabs: false,
    moves: false,
    restarts: false,
    steps: 120,
};

const ADDRESSES: &[&str] = &["127.0.0.1:7272", "192.168.0.5:7272", "[::1]:7272"];
const LAN: &[&str] = &["192.168.0.5:7272", "10.0.0.5:7272"];
/// Repeated at short intervals.
const SHORT: (u64, u64) = (1_000, 5_000_000);

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "plain A", dialect: Dialect::A, ..PLAIN },
    Scenario { name: "plain B", dialect: Dialect::B, ..PLAIN },
    Scenario { name: "plain C", ..PLAIN },
    Scenario { name: "lost then repeated A", dialect: Dialect::A, pause: SHORT, lost_percent: 25, ..PLAIN },
    Scenario { name: "lost then repeated B", dialect: Dialect::B, pause: SHORT, lost_percent: 25, ..PLAIN },
    Scenario { name: "lost then repeated C", pause: SHORT, lost_percent: 25, ..PLAIN },
    Scenario { name: "many addresses B", dialect: Dialect::B, addresses: ADDRESSES, ..PLAIN },
    Scenario { name: "many addresses C", addresses: ADDRESSES, lost_percent: 10, ..PLAIN },
    Scenario { name: "proxy B", dialect: Dialect::B, addresses: ADDRESSES, proxied: true, ..PLAIN },
    Scenario { name: "proxy C", addresses: ADDRESSES, proxied: true, lost_percent: 10, ..PLAIN },
    Scenario {
        name: "proxy captured late B",
        dialect: Dialect::B,
        addresses: ADDRESSES,
        proxied: true,
        skewed: true,
        latency: (1_500, 8_000),
        ..PLAIN
    },
    Scenario {
        name: "proxy captured late C",
        addresses: ADDRESSES,
        proxied: true,
        skewed: true,
        latency: (1_500, 8_000),
        pause: SHORT,
        ..PLAIN
    },
    Scenario { name: "proxy A", dialect: Dialect::A, addresses: ADDRESSES, proxied: true, ..PLAIN },
    Scenario { name: "tabs A", dialect: Dialect::A, tabs: true, names: &["tab"], rooms: &["1"], steps: 40, ..PLAIN },
    Scenario { name: "tabs B", dialect: Dialect::B, tabs: true, names: &["tab"], rooms: &["1"], steps: 40, ..PLAIN },
    Scenario { name: "tabs C", tabs: true, names: &["tab"], rooms: &["1"], steps: 40, ..PLAIN },
    Scenario { name: "moves C", moves: true, ..PLAIN },
    Scenario { name: "moves on many addresses C", moves: true, addresses: ADDRESSES, ..PLAIN },
    Scenario {
        name: "tabs on many addresses B",
        dialect: Dialect::B,
        tabs: true,
        names: &["tab"],
        rooms: &["1"],
        addresses: ADDRESSES,
        steps: 40,
        ..PLAIN
    },
    Scenario { name: "restarts on many addresses C", restarts: true, addresses: ADDRESSES, ..PLAIN },
    Scenario { name: "entity names B", dialect: Dialect::B, names: ENTITIES, ..PLAIN },
    Scenario { name: "entity names C", names: ENTITIES, ..PLAIN },
    Scenario { name: "slow C", near_browsers: true, pause: SHORT, ..SLOW },
    Scenario { name: "slow and lost C", near_browsers: true, pause: SHORT, lost_percent: 20, ..SLOW },
    Scenario { name: "slow B", dialect: Dialect::B, pause: SHORT, ..SLOW },
    Scenario { name: "two servers A", dialect: Dialect::A, servers: 2, ..PLAIN },
    Scenario { name: "two servers B", dialect: Dialect::B, servers: 2, ..PLAIN },
    Scenario { name: "two servers C", servers: 2, lost_percent: 10, ..PLAIN },
    Scenario { name: "two servers of two addresses B", dialect: Dialect::B, servers: 2, addresses: LAN, ..PLAIN },
    Scenario { name: "two servers of two addresses C", servers: 2, addresses: LAN, ..PLAIN },
    Scenario { name: "restarts B", dialect: Dialect::B, restarts: true, ..PLAIN },
    Scenario { name: "restarts C", restarts: true, lost_percent: 10, ..PLAIN },
];

const ENTITIES: &[&str] = &["R&amp;B", "&copy;1999", "<3 you", "a \"b\" & c", "mynick"];
const SLOW: Scenario = Scenario { latency: (200, 200_000), round_trip: (50_000, 300_000), ..PLAIN };

/// Differences by kind: how often, and the first.
#[derive(Default)]
struct Differences {
    kinds: BTreeMap<String, (usize, String)>,
    missing: usize,
    compared: usize,
}

impl Differences {
    fn add(&mut self, kind: &str, what: impl FnOnce() -> String) {
        self.kinds.entry(kind.to_owned()).or_insert_with(|| (0, what())).0 += 1;
    }
}

/// Says that the capture cannot tell apart: equal ones of one sender, of which the server lost some and the order of the others does not tell
/// which, or which are under way at once where a server does not keep their order.
fn open_says(truth: &Truth, scenario: &Scenario) -> BTreeSet<usize> {
    let mut by_sender: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut by_text: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, message) in truth.messages.iter().enumerate() {
        if let Some(said) = &message.said {
            by_sender.entry(message.browser).or_default().push(at);
            by_text.entry(said.clone()).or_default().push(at);
        }
    }
    if scenario.dialect == Dialect::C {
        return by_sender.values().flat_map(|says| out_of_order(truth, says)).collect();
    }
    let time = |at: &usize| truth.messages[*at].time;
    let says = by_text.values();
    let groups = says.flat_map(|says| says.chunk_by(|one, other| time(other) - time(one) < LONGEST_AGO));
    groups.filter(|group| group.len() > 1).flatten().copied().collect()
}

/// Of the says of one sender, those that may or may not have been delivered, as far as order tells: the delivered ones can be put to them in
/// more than one way.
fn out_of_order(truth: &Truth, says: &[usize]) -> BTreeSet<usize> {
    let text = |at: &usize| &truth.messages[*at].said;
    let delivered: Vec<usize> = says.iter().copied().filter(|at| !truth.messages[*at].is_lost).collect();
    let put = |says: &[usize], delivered: &[usize]| -> Vec<usize> {
        let mut left = says.iter();
        delivered.iter().filter_map(|wanted| left.find(|say| text(say) == text(wanted)).copied()).collect()
    };
    let reversed = |list: &[usize]| list.iter().rev().copied().collect::<Vec<_>>();
    let first = put(says, &delivered);
    let last = reversed(&put(&reversed(says), &reversed(&delivered)));
    let open = first.iter().zip(&last).filter(|(first, last)| first != last);
    open.flat_map(|(first, last)| says.iter().copied().filter(move |at| (*first..=*last).contains(at))).collect()
}

struct Comparison<'a> {
    truth: &'a Truth,
    open: BTreeSet<usize>,
    rows: BTreeMap<u32, Row>,
    differences: Differences,
}

impl Comparison<'_> {
    fn run(&mut self) {
        let truth = self.truth;
        let frames: Vec<u32> = self.rows.keys().copied().collect();
        for frame in frames {
            let expected = truth.acks.get(&frame).cloned().unwrap_or_default();
            let found: BTreeSet<u32> = self.rows[&frame].numbers(ACKS).into_iter().collect();
            self.equal("acks", frame, format!("{expected:?}"), format!("{found:?}"));
            match truth.items.get(&frame) {
                Some(Item::Message(at)) => self.message(frame, *at),
                Some(Item::UpgradeRequest) => self.phase(frame, phase::REQUEST),
                Some(Item::UpgradeResponse) => {
                    self.phase(frame, phase::RESPONSE);
                    let expected = vec![truth.upgrades[&frame]];
                    let found = self.rows[&frame].numbers(REQUEST_IN);
                    self.equal("request_in of 101", frame, format!("{expected:?}"), format!("{found:?}"));
                }
                None => {}
            }
        }
    }

    fn equal(&mut self, kind: &str, frame: u32, expected: String, found: String) {
        self.differences.compared += 1;
        if expected != found {
            self.differences.add(kind, || format!("frame {frame}: {found} instead of {expected}"));
        }
    }

    fn phase(&mut self, frame: u32, expected: u32) {
        let found = self.rows[&frame].numbers(PHASE);
        self.equal(&format!("phase {}", phase::name(expected)), frame, format!("[{expected}]"), format!("{found:?}"));
    }

    fn text(&mut self, kind: &str, frame: u32, field: &str, expected: Option<&String>) {
        let Some(expected) = expected else { return };
        let found = self.rows[&frame].all(field);
        let suffix = if found.is_empty() { "missing" } else { "other" };
        self.equal(&format!("{kind} ({suffix})"), frame, expected.clone(), found.join("; "));
    }

    fn message(&mut self, frame: u32, at: usize) {
        let message: &Message = &self.truth.messages[at];
        self.phase(frame, message.phase);
        self.text("user", frame, USER, message.user.as_ref());
        self.text("sender", frame, SENDER, message.sender.as_ref());
        self.text("recipient", frame, RECIPIENT, message.recipient.as_ref());
        for finding in FALSE {
            if self.rows[&frame].has(finding) {
                self.differences.add(finding, || format!("frame {frame}"));
            }
        }
        self.request(frame, message);
        if message.phase == SAY_REQUEST {
            self.say(frame, at);
        }
    }

    fn request(&mut self, frame: u32, message: &Message) {
        let name = phase::name(message.phase);
        let found = self.rows[&frame].numbers(REQUEST_IN);
        let Some(request) = message.request else {
            if !found.is_empty() {
                self.differences.add(&format!("request_in of {name} (new)"), || format!("frame {frame}: {found:?}"));
            }
            return;
        };
        self.differences.compared += 1;
        let expected = &self.truth.messages[request].frames;
        match found[..] {
            [] if self.open.contains(&request) || self.follows_lost(request, message.browser) => {
                self.differences.missing += 1
            }
            [] => self.differences.add(&format!("request_in of {name} (missing)"), || {
                format!("frame {frame}: none instead of {expected:?}")
            }),
            [found] if expected.contains(&found) => {}
            _ => self.differences.add(&format!("request_in of {name} (other)"), || {
                format!("frame {frame}: {found:?} instead of {expected:?}")
            }),
        }
    }

    /// Whether the server lost an equal say of the sender's before, and order does not tell at this receiver, which got nothing of the sender
    /// between them.
    fn follows_lost(&self, say: usize, receiver: usize) -> bool {
        let messages = &self.truth.messages;
        let text = &messages[say].said;
        let lost = (0..say).rev().find(|at| messages[*at].is_lost && messages[*at].said == *text);
        lost.is_some_and(|lost| {
            let is_between = |at: usize| (lost..say).contains(&at) && messages[at].browser == messages[say].browser;
            !messages.iter().any(|answer| answer.browser == receiver && answer.request.is_some_and(is_between))
        })
    }

    fn say(&mut self, frame: u32, at: usize) {
        let message = &self.truth.messages[at];
        if let Some(members) = message.members.as_ref().filter(|_| message.recipient.as_deref() == Some("all")) {
            let found: BTreeSet<String> =
                self.rows[&frame].all(MEMBERS).iter().flat_map(|names| names.split(", ")).map(str::to_owned).collect();
            let suffix = if found.is_empty() { "missing" } else { "other" };
            self.equal(&format!("room.members ({suffix})"), frame, format!("{members:?}"), format!("{found:?}"));
        }
        let answers: Vec<&Message> = self.truth.messages.iter().filter(|answer| answer.request == Some(at)).collect();
        let reached = answers.iter().filter(|answer| !answer.frames.is_empty());
        let receivers: BTreeSet<usize> = reached.map(|answer| answer.browser).collect();
        let found = self.rows[&frame].all(DELIVERIES);
        let is_at_end = self.rows[&frame].numbers(LEFT_OUT).contains(&CAPTURE_ENDS);
        // A proxy's two copies are one say: one of them may tell.
        let is_told_elsewhere = message.frames.iter().any(|other| other != &frame && self.rows[other].has(DELIVERIES));
        match found.first() {
            Some(found) if *found == receivers.len().to_string() => {}
            None if receivers.is_empty() || is_told_elsewhere || self.open.contains(&at) || is_at_end => {}
            None if receivers.iter().any(|receiver| self.follows_lost(at, *receiver)) => {}
            None => self.differences.add("deliveries (missing)", || format!("frame {frame}: of {}", receivers.len())),
            Some(found) => self
                .differences
                .add("deliveries (other)", || format!("frame {frame}: {found} instead of {}", receivers.len())),
        }
        if self.rows[&frame].has(NO_DELIVERY) && !receivers.is_empty() {
            self.differences.add("no_delivery (false)", || format!("frame {frame}: {} got it", receivers.len()));
        }
        let answers: BTreeSet<u32> = answers.iter().flat_map(|answer| answer.frames.iter().copied()).collect();
        for found in self.rows[&frame].numbers(RESPONSE_IN) {
            let is_first = message.frames.len() > 1 && answers.contains(&found) || answers.first() == Some(&found);
            if !is_first {
                self.differences
                    .add("response_in (other)", || format!("frame {frame}: {found} instead of {:?}", answers.first()));
            }
        }
    }
}

fn compare(wireshark: &Wireshark, scenario: &Scenario, seed: u64) -> Differences {
    let truth = scenario.play(seed);
    let name = format!("{}-{seed}.pcap", scenario.name.replace(' ', "-"));
    let path = wireshark.write(&name, &truth.capture);
    if let Some(folder) = std::env::var_os("WORKERMANCHAT_KEEP") {
        std::fs::copy(&path, std::path::Path::new(&folder).join(&name)).expect("keep the capture");
    }
    let fields =
        [PHASE, ACKS, REQUEST_IN, RESPONSE_IN, DELIVERIES, MEMBERS, SENDER, RECIPIENT, USER, NO_DELIVERY, LEFT_OUT];
    let options = ["-2", "-d", "tcp.port==8080,workermanchat"];
    let rows = wireshark.rows(&path, &options, &[&fields[..], &FALSE].concat());
    let rows = rows.into_iter().map(|row| (row.frame, row)).collect();
    let open = open_says(&truth, scenario);
    let mut comparison = Comparison { truth: &truth, open, rows, differences: Differences::default() };
    comparison.run();
    comparison.differences
}

#[test]
fn the_labels_are_the_truth() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let only = std::env::var("WORKERMANCHAT_ONLY").ok();
    let wireshark = Wireshark::with_plugin();
    let mut wrong = Vec::new();
    for scenario in SCENARIOS.iter().filter(|scenario| only.as_ref().is_none_or(|only| scenario.name.contains(only))) {
        for seed in 1..=number("WORKERMANCHAT_SEEDS").unwrap_or(2) {
            let differences = compare(&wireshark, scenario, seed);
            println!(
                "{}, seed {seed}: {} labels, {} that cannot be told are missing",
                scenario.name, differences.compared, differences.missing
            );
            wrong.extend(differences.kinds.into_iter().map(|(kind, (count, first))| {
                format!("{}: {kind}, seed {seed}: {count} times, first {first}", scenario.name)
            }));
        }
    }
    assert!(wrong.is_empty(), "wrong:\n{}", wrong.join("\n"));
}
