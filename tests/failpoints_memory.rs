//! Exceptions that Wireshark raises in calls of C leave no memory behind. A file of its own: the peak memory of a process counts what the one
//! had that started it.

mod harness;

use std::path::Path;
use std::process::Stdio;

use harness::build::build_with_failpoints;
use harness::packets::{Capture, Connection, Link};
use harness::scripts::{browser_says, join, say_request};
use harness::wireshark::Wireshark;
use wait4::Wait4;

/// The peak memory of tshark, in bytes.
fn peak(wireshark: &Wireshark, capture: &Path) -> u64 {
    let mut command = wireshark.command("tshark");
    command.args(["-r", capture.to_str().unwrap(), "-V", "-o", "workermanchat.show_json:TRUE"]);
    let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start tshark").wait4();
    let ended = ended.expect("wait for tshark");
    assert!(ended.status.success(), "tshark ended with {}", ended.status);
    ended.rusage.maxrss
}

#[test]
fn exceptions_leave_no_memory_behind() {
    const COUNT: u64 = 4_000;
    const LEFT_BY_EACH: u64 = 200;
    let (mut capture, mut mynick) = (Capture::new(Link::Ethernet), Connection::from_port(50001));
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    for number in 0..COUNT {
        browser_says(&mut capture, &mut mynick, say_request(&format!("number {number}")));
    }
    let library = build_with_failpoints();
    let plain = Wireshark::with_failpoints(&library, "");
    let usual = peak(&plain, &plain.write("many.pcap", &capture));
    for place in ["draw::item", "draw::items", "draw::message", "glue::behind_dissector", "glue::show_json"] {
        let wireshark = Wireshark::with_failpoints(&library, &format!("{place}::bounds@0"));
        let path = wireshark.write("many.pcap", &capture);
        let peak = peak(&wireshark, &path);
        println!("{COUNT} faults forced in 1 places");
        assert!(peak < usual + COUNT * LEFT_BY_EACH, "{place}: {peak} bytes instead of {usual}");
    }
}
