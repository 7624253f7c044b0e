//! The user's own messages: the table among the preferences, and a shop's chat that is read with it.

mod harness;

use harness::shop;
use harness::wireshark::Wireshark;

#[test]
fn try_it() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.write("shop.pcap", &shop::capture());
    std::fs::write("/tmp/shop.pcap", shop::capture().pcap()).ok();
    let options = shop::options();
    for more in [
        &["-2"][..],
        &["-q", "-z", "workermanchat,transcript"],
        &["-q", "-z", "workermanchat,sessions"],
        &["-2", "-V", "-Y", "workermanchat"],
        &[
            "-2",
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "workermanchat.note",
            "-e",
            "workermanchat.left_out.why",
            "-e",
            "workermanchat.exchange",
            "-e",
            "workermanchat.exchange.complete",
        ],
        &["-q", "-z", "expert"],
    ] {
        let mut arguments = vec!["-r", capture.to_str().unwrap(), "-o", "workermanchat.tcp.port:8080"];
        arguments.extend(options.iter().map(String::as_str));
        arguments.extend(more);
        let output = wireshark.run_unchecked(wireshark.command("tshark").args(&arguments));
        println!("{}\n{}", output.stdout, output.stderr);
    }
}
