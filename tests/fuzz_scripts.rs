//! Conversations of users who have logged in, and whatever may happen to them, by the promises of the fuzz target `session`. A fuzzer takes long
//! to get past a login. `WORKERMANCHAT_SCRIPTS=N` tries N of them.

#[allow(dead_code, reason = "fuzz/ uses the rest")]
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::panic::catch_unwind;

use fastrand::Rng;
use targets::script::{Act, Script, Step};
use workermanchat::packet::Side;

/// How many are tried; a thousand take some seconds.
const SCRIPTS: u64 = 600;
const MOST_USERS: u8 = 4;

fn script(random: &mut Rng) -> Script {
    let joined = random.u8(1..=MOST_USERS);
    let steps = (0..random.usize(5..80)).map(|_| step(joined, random)).collect();
    Script { language: 0, joined, order: random.u16(..), steps }
}

/// Mostly messages.
fn step(users: u8, random: &mut Rng) -> Step {
    let act = match random.u8(0..30) {
        0 => Act::Control(random.u8(0..32)),
        1 => Act::Bytes(vec![random.u8(..); 4]),
        2 => Act::Frame(0x88, vec![3, 232]),
        3 => Act::Request(0),
        4 => Act::Response(0),
        5 => Act::Again(random.u8(..)),
        6 => Act::Seek(random.i32(-200..200)),
        7 => Act::Lag(random.u16(0..300)),
        8 => Act::Wait(random.u32(0..3_000_000)),
        9 => Act::Cut(random.u8(..)),
        10 => Act::Hold,
        11 => Act::Split(random.u16(0..100)),
        12 | 13 => Act::Control(16),
        14 => Act::Control(17),
        15 => Act::Ends(random.u8(..)),
        _ => Act::Message(random.u8(..), random.u8(0..6), random.u8(..)),
    };
    let by = if random.bool() { Side::Client } else { Side::Server };
    Step { connection: random.u8(0..users), by, act }
}

#[test]
fn what_is_shown_of_users_who_logged_in_stays_whatever_happens() {
    let scripts = std::env::var("WORKERMANCHAT_SCRIPTS").map_or(SCRIPTS, |count| count.parse().expect("a number"));
    let fails = |seed: &u64| {
        let bytes = script(&mut Rng::with_seed(*seed)).bytes();
        catch_unwind(|| targets::session::check(&bytes)).is_err()
    };
    let failing: Vec<u64> = (0..scripts).filter(fails).collect();
    assert!(failing.is_empty(), "scripts with these seeds fail: {failing:?}");
}
