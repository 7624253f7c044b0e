//! Captures that are made to be slow or large to dissect: what the plugin adds to Wireshark's own work stays within limits, of which none is a
//! time.

mod harness;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use harness::packets::{Capture, Connection, Link, SYN, Segment, Side};
use harness::scripts::*;
use harness::skip::skipped;
use harness::websocket::{self, Frame, TEXT, deflate, masked_text, new_stream, text};
use harness::wireshark::Wireshark;
use harness::work::{has_valgrind, instructions, instructions_of_tshark, peak_memory};

const MEMORY_LIMIT: &str = "workermanchat.expert.memory_limit";
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
/// Wireshark's limit of protocols in a frame allows about 490 messages.
const MESSAGES_OF_A_FRAME: usize = 400;

/// A capture of any size, and what it may cost.
struct Hostile {
    name: &'static str,
    build: fn(u32) -> Capture,
    /// So many of what it is made of; it is also built with twice as many.
    size: u32,
    /// The most instructions with the plugin, divided by those without.
    work: f64,
}

/// What twice as many add, divided by what the half adds: 2 where the work is in proportion.
const GROWTH: f64 = 2.4;

const HOSTILE: &[Hostile] = &[
    Hostile { name: "connections", build: connections, size: 1_000, work: 1.27 },
    Hostile { name: "equal says", build: equal_says, size: 400, work: 1.75 },
    Hostile { name: "late joiners", build: late_joiners, size: 80, work: 1.45 },
    Hostile { name: "rooms", build: rooms, size: 300, work: 1.6 },
    Hostile { name: "lists of users", build: lists, size: 10, work: 12.5 },
    Hostile { name: "tiny messages", build: tiny_messages, size: 5, work: 2.05 },
    Hostile { name: "compressed text", build: compressed_text, size: 4, work: 3.0 },
    Hostile { name: "names of a megabyte", build: long_names, size: 4, work: 1.85 },
    Hostile { name: "deep nesting", build: deep_nesting, size: 20, work: 1.3 },
    Hostile { name: "upgrade requests in reverse", build: upgrades_in_reverse, size: 300, work: 1.5 },
    Hostile { name: "holes", build: holes, size: 600, work: 1.45 },
];

#[test]
fn the_work_for_a_hostile_capture_is_bounded_and_in_proportion_to_it() {
    if !has_valgrind() {
        return skipped("valgrind is not installed");
    }
    let count = |wireshark: Wireshark| {
        let write = |name: String, capture: Capture| wireshark.write(&name.replace(' ', "-"), &capture);
        let captures: Vec<PathBuf> = HOSTILE
            .iter()
            .flat_map(|hostile| [hostile.size, 2 * hostile.size].map(|size| (hostile, size)))
            .map(|(hostile, size)| write(format!("{}-{size}.pcap", hostile.name), (hostile.build)(size)))
            .collect();
        instructions(&wireshark, &captures)
    };
    let (stock, plugin) = thread::scope(|scope| {
        let stock = scope.spawn(|| count(Wireshark::without_plugin()));
        let plugin = count(Wireshark::with_plugin());
        (stock.join().expect("stock sharkd loads all"), plugin)
    });
    let mut report = String::new();
    let mut is_exceeded = false;
    for ((hostile, stock), plugin) in HOSTILE.iter().zip(stock.chunks(2)).zip(plugin.chunks(2)) {
        let (work, growth) = (plugin[1] / stock[1], (plugin[1] - stock[1]) / (plugin[0] - stock[0]));
        let is_within = work <= hostile.work && growth <= GROWTH;
        is_exceeded |= !is_within;
        report += &format!(
            "{}{}: {:.0} M instructions, {work:.2} × stock (at most {:.2}), twice as many add {growth:.2} × as much\n",
            if is_within { "" } else { "EXCEEDED: " },
            hostile.name,
            plugin[1] / 1e6,
            hostile.work
        );
    }
    println!("{report}");
    assert!(!is_exceeded, "growth is at most {GROWTH}:\n{report}");
}

/// A capture of any size for a view, and its size; it is also built twice as large.
struct HostileToView {
    name: &'static str,
    passes: &'static [&'static str],
    view: &'static str,
    build: fn(u32) -> Capture,
    size: u32,
}

const HOSTILE_TO_VIEWS: [HostileToView; 2] = [
    HostileToView {
        name: "deliveries with different markup",
        passes: &[],
        view: "workermanchat,transcript",
        build: deliveries_with_markup,
        size: 800,
    },
    HostileToView {
        name: "a connection that stays undecided",
        passes: &["-2"],
        view: "workermanchat,tree",
        build: undecided,
        size: 800,
    },
];

impl HostileToView {
    /// The instructions for so many with a view.
    fn count(&self, wireshark: &Wireshark, size: u32, view: &str) -> f64 {
        let path = wireshark.write("hostile.pcap", &(self.build)(size));
        instructions_of_tshark(wireshark, &[&["-q", "-r", path.to_str().unwrap(), "-z", view], self.passes].concat())
    }

    /// What the plugin and its view add to Wireshark, which dissects each packet for a view of its own.
    fn added(&self, size: u32) -> f64 {
        thread::scope(|scope| {
            let stock = scope.spawn(|| self.count(&Wireshark::without_plugin(), size, "io,phs"));
            self.count(&Wireshark::with_plugin(), size, self.view) - stock.join().expect("stock tshark reads it")
        })
    }
}

#[test]
fn the_work_for_a_view_is_in_proportion_to_the_capture() {
    if !has_valgrind() {
        return skipped("valgrind is not installed");
    }
    for hostile in HOSTILE_TO_VIEWS {
        let [half, whole] = [1, 2].map(|times| hostile.added(times * hostile.size));
        let (name, growth) = (hostile.name, whole / half);
        println!("{name}: {:.0} M instructions added, twice as many add {growth:.2} × as much", whole / 1e6);
        assert!(growth <= GROWTH, "{name}: twice as many add {growth:.2} × as much, at most {GROWTH}");
    }
}

/// 400,000 SYNs, of which the plugin remembers 262,144.
#[test]
fn connections_without_data_take_so_much_memory_and_no_more() {
    const REMEMBERED: u32 = 1 << 18;
    const MOST: f64 = 640.0 * REMEMBERED as f64;
    let (stock, plugin) = (Wireshark::without_plugin(), Wireshark::with_plugin());
    let pcap = connections(400_000).pcap();
    let [more, path] = [&stock, &plugin].map(|wireshark| wireshark.write_file("connections.pcap", &pcap));
    drop(pcap);
    let added =
        peak_memory(&plugin, &["-r", path.to_str().unwrap()]) - peak_memory(&stock, &["-r", more.to_str().unwrap()]);
    println!("{:.0} MB added", added / 1e6);
    assert!(added <= MOST, "{:.0} MB added, at most {:.0}", added / 1e6, MOST / 1e6);
    let rows = plugin.rows(
        &path,
        &["-2", "-Y", "frame.number > 262143 && frame.number < 262200"],
        &["workermanchat.phase", MEMORY_LIMIT],
    );
    let labels: Vec<(u32, bool, bool)> =
        rows.iter().map(|row| (row.frame, row.has("workermanchat.phase"), row.has(MEMORY_LIMIT))).take(4).collect();
    let (last, first) = (REMEMBERED, REMEMBERED + 1);
    assert_eq!(
        labels,
        [(last, true, false), (first, false, true), (first + 1, false, false), (first + 2, false, false)]
    );
}

/// Lists of 10,000 users with different names of 800 bytes, compressed: 8 MB each.
#[test]
fn all_that_is_remembered_takes_so_much_memory_and_no_more() {
    const LIMIT: f64 = (512 << 20) as f64;
    /// Of allocation, and of the message at hand.
    const MARGIN: f64 = 1.15;
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened_with_deflate(&mut capture);
    let first = capture.last() + 1;
    let long = "\u{1f642}".repeat(190);
    for number in 0..90 {
        browser_says(&mut capture, &mut connection, login_request("mynick", "1"));
        let names: Vec<String> = (0..10_000).map(|user| format!("{long}{user} {number}")).collect();
        let users: Vec<(u32, &str)> = (0..).zip(names.iter().map(String::as_str)).collect();
        connection.send(&mut capture, Side::Server, compressed(&login_result(0, "mynick", &users)));
    }
    let request = browser_says(&mut capture, &mut connection, say_request("hi"));
    let delivery = connection.send(&mut capture, Side::Server, compressed(&say_delivery(0, "mynick", "hi")));
    let (stock, plugin) = (Wireshark::without_plugin(), Wireshark::with_plugin());
    let [more, path] = [&stock, &plugin].map(|wireshark| wireshark.write("lists.pcap", &capture));
    let added =
        peak_memory(&plugin, &["-r", path.to_str().unwrap()]) - peak_memory(&stock, &["-r", more.to_str().unwrap()]);
    println!("{:.0} MB added", added / 1e6);
    assert!(added <= MARGIN * LIMIT, "{:.0} MB added, at most {:.0}", added / 1e6, MARGIN * LIMIT / 1e6);
    let fields = [
        "workermanchat.phase",
        "workermanchat.content",
        "workermanchat.user",
        "workermanchat.request_in",
        MEMORY_LIMIT,
    ];
    let rows = plugin.rows(&path, &["-2"], &fields);
    let told: Vec<u32> = rows.iter().filter(|row| row.has(MEMORY_LIMIT)).map(|row| row.frame).collect();
    assert!(matches!(told[..], [frame] if first < frame && frame < request), "on one packet: {told:?}");
    let views = ["-q", "-z", "workermanchat,transcript", "-z", "workermanchat,tree"];
    let pages = plugin.tshark(&[&["-r", path.to_str().unwrap()], &views[..]].concat()).stdout;
    for said in [&format!("{} · The memory", told[0]), MEMORY_LIMIT] {
        assert!(pages.contains(said), "{said}: {pages}");
    }
    let row = |frame: u32| &rows[frame as usize - 1];
    assert!(row(first).has("workermanchat.user"), "what was shown before stays");
    for frame in [request, delivery] {
        let row = row(frame);
        assert_eq!(row.one("workermanchat.content"), "hi", "its own fields are there");
        assert!(
            row.has("workermanchat.phase") && !row.has("workermanchat.user") && !row.has("workermanchat.request_in")
        );
    }
}

/// The endpoint of a browser, different for each number.
fn browser_address(number: u32) -> SocketAddr {
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 1)) + number / 50_000);
    SocketAddr::from((address, 10_000 + (number % 50_000) as u16))
}

/// The connection of a browser, different for each number.
fn browser(number: u32) -> Connection {
    Connection::between(browser_address(number), SocketAddr::from(([192, 0, 2, 1], 7272)))
}

fn opened(capture: &mut Capture, number: u32) -> Connection {
    let mut connection = browser(number);
    connection.open(capture);
    upgrade(capture, &mut connection);
    connection
}

/// SYNs, each of another connection.
fn connections(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    for number in 0..count {
        capture.push(&browser(number).segment(Side::Client, SYN, []));
    }
    capture
}

/// Equal says on a connection that has not logged in, and as many deliveries that name no sender.
fn equal_says(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    for _ in 0..count {
        browser_says(&mut capture, &mut connection, say_request("hi"));
    }
    let delivery = say_delivery(1, "mynick", "hi").replace(r#""from_client_id""#, r#""nobody""#);
    for _ in 0..count {
        server_says(&mut capture, &mut connection, &delivery);
    }
    capture
}

/// Equal says, and their deliveries to connections that began after them.
fn late_joiners(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut speaker = browser(0);
    join(&mut capture, &mut speaker, 0, "mynick", "1");
    for _ in 0..count {
        browser_says(&mut capture, &mut speaker, say_request("hi"));
    }
    for number in 1..=count {
        let mut late = opened(&mut capture, number);
        server_says(&mut capture, &mut late, say_delivery(0, "mynick", "hi"));
    }
    capture
}

/// A user who moves from room to room, and speaks in each.
fn rooms(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    for room in 0..count {
        login(&mut capture, &mut connection, 0, "mynick", &room.to_string());
        browser_says(&mut capture, &mut connection, say_request("hi"));
    }
    capture
}

/// Lists of 1,000 users, whose names change each time.
fn lists(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    for number in 0..count {
        browser_says(&mut capture, &mut connection, login_request("mynick", "1"));
        let names: Vec<String> = (0..1_000).map(|user| format!("user {user} as {number}")).collect();
        let users: Vec<(u32, &str)> = (0..).zip(names.iter().map(String::as_str)).collect();
        server_says(&mut capture, &mut connection, login_result(0, "mynick", &users));
    }
    capture
}

/// Frames full of messages of two bytes, on a connection of the chat.
fn tiny_messages(frames: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    server_says(&mut capture, &mut connection, r#"{"type":"ping"}"#);
    for _ in 0..frames {
        connection.send(&mut capture, Side::Server, text("{}").repeat(MESSAGES_OF_A_FRAME));
        connection.ack(&mut capture, Side::Client);
    }
    capture
}

/// A connection on which the server compresses.
fn opened_with_deflate(capture: &mut Capture) -> Connection {
    let mut connection = browser(0);
    connection.open(capture);
    connection.send(capture, Side::Client, websocket::request("/", DEFLATE));
    connection.send(capture, Side::Server, websocket::response(&websocket::accept(), DEFLATE));
    connection
}

fn compressed(message: &str) -> Vec<u8> {
    Frame::new(TEXT, deflate(&mut new_stream(), message.as_bytes())).compressed().bytes()
}

/// Deliveries of a megabyte of entities, in a kilobyte each.
fn compressed_text(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened_with_deflate(&mut capture);
    let frame = compressed(&say_delivery(1, "mynick", &"&amp;".repeat(200_000)));
    for _ in 0..count {
        connection.send(&mut capture, Side::Server, &frame);
    }
    capture
}

fn long_names(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    for number in 0..count {
        let name = format!("{number} {}", "x".repeat(1_000_000));
        connection.send(&mut capture, Side::Server, text(login_notification(number, &name)));
        connection.ack(&mut capture, Side::Client);
    }
    capture
}

/// Contents of 20,000 arrays, one in the other.
fn deep_nesting(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let message = say_request("nested").replace(r#""nested""#, &nested);
    for _ in 0..count {
        connection.send(&mut capture, Side::Client, masked_text(&message));
    }
    capture
}

/// Different upgrade requests on one connection, each before its predecessor in TCP's sequence.
fn upgrades_in_reverse(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = browser(0);
    connection.open(&mut capture);
    let first = connection.data(Side::Client, []);
    for number in (0..count).rev() {
        let payload = websocket::request("/", "").replace(websocket::KEY, &format!("{number:022}=="));
        let seq = first.seq.wrapping_add(number * payload.len() as u32);
        capture.push(&Segment { seq, payload: payload.into_bytes(), ..first.clone() });
    }
    capture
}

/// Deliveries of one say to as many connections: the same to a person, with markup that is written in different ways.
fn deliveries_with_markup(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet).with_pace(Duration::from_micros(1));
    for number in 0..count {
        let ways = (0..16).map(|bit| if number >> bit & 1 == 0 { "&#065;" } else { "&#x41;" });
        let content = format!("<b title='{}'>hi", ways.collect::<String>());
        server_says(&mut capture, &mut browser(number), say_delivery(1, "mynick", &content));
    }
    capture
}

/// A SYN to another port again and again, of which it stays open whether it begins a connection of the chat's.
fn undecided(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet).with_pace(Duration::from_secs(1));
    let syn = Connection::between(browser_address(0), SocketAddr::from(([192, 0, 2, 1], 9000))).segment(
        Side::Client,
        SYN,
        [],
    );
    for _ in 0..count {
        capture.push(&syn);
    }
    capture
}

/// Heartbeats of the server, each of which follows bytes that the capture lacks.
fn holes(count: u32) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = opened(&mut capture, 0);
    for _ in 0..count {
        connection.data(Side::Server, text(r#"{"type":"ping"}"#));
        server_says(&mut capture, &mut connection, r#"{"type":"ping"}"#);
    }
    capture
}
