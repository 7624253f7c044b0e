//! The chat reached another way than from IP to TCP to port 7272: through a proxy, with Decode As on TCP, with TCP in UDP, with deinterlaced
//! conversations, with several segments in one frame. It is labelled, or a finding says what is not.

mod harness;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use etherparse::{IpNumber, UdpHeader};
use harness::packets::{Capture, Connection, Link, Segment, Side, ipv4_header};
use harness::phase::*;
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::skip::skipped;
use harness::websocket::{accept, masked_text, request, response, text};
use harness::wireshark::{Label, Wireshark, label_of, message_frames, phases_of};

const ANOTHER_WAY: &str = "workermanchat.expert.another_way";

/// A browser and the proxy that it uses.
fn to_proxy(client: u16, proxy: u16) -> Connection {
    Connection::between(SocketAddr::from(([192, 0, 2, 10], client)), SocketAddr::from(([192, 0, 2, 2], proxy)))
}

/// Asks a proxy for a tunnel with CONNECT, in four frames.
fn http_tunnel(capture: &mut Capture, connection: &mut Connection, port: u16) {
    let ask = format!("CONNECT chat.example:{port} HTTP/1.1\r\nHost: chat.example:{port}\r\n\r\n");
    connection.send(capture, Side::Client, ask);
    connection.ack(capture, Side::Server);
    connection.send(capture, Side::Server, "HTTP/1.1 200 Connection established\r\n\r\n");
    connection.ack(capture, Side::Client);
}

/// The same with SOCKS 5 (RFC 1928), in eight frames.
fn socks_tunnel(capture: &mut Capture, connection: &mut Connection, port: u16) {
    let [high, low] = port.to_be_bytes();
    for (asked, answered) in [
        (&[5, 1, 0][..], &[5, 0][..]),
        (&[5, 1, 0, 1, 192, 0, 2, 1, high, low], &[5, 0, 0, 1, 192, 0, 2, 2, 0x12, 0x34]),
    ] {
        connection.send(capture, Side::Client, asked);
        connection.ack(capture, Side::Server);
        connection.send(capture, Side::Server, answered);
        connection.ack(capture, Side::Client);
    }
}

/// A login, a say and its delivery. Returns the frame before the handshake.
fn chat(capture: &mut Capture, connection: &mut Connection) -> u32 {
    let before = capture.last();
    upgrade(capture, connection);
    login(capture, connection, 1, "mynick", "1");
    browser_says(capture, connection, say_request("hello"));
    server_says(capture, connection, say_delivery(1, "mynick", "hello"));
    connection.ack(capture, Side::Client);
    before
}

/// The labels of [`chat`] after frame `before`.
fn labels_of_chat(before: u32) -> Vec<Label> {
    let label = |at: u32, phase: u32, acks: &[u32]| {
        let acks: Vec<u32> = acks.iter().map(|ack| before + ack).collect();
        Label::of(before + at, &[phase], &acks)
    };
    vec![
        label(1, REQUEST, &[]),
        label(2, REQUEST_ACKNOWLEDGED, &[1]),
        label(3, RESPONSE, &[]),
        label(4, COMPLETE, &[3]),
        label(5, LOGIN_REQUEST, &[]),
        label(6, LOGIN_RESULT, &[5]),
        label(7, MESSAGE_ACKNOWLEDGED, &[6]),
        label(8, SAY_REQUEST, &[]),
        label(9, SAY_DELIVERY, &[8]),
        label(10, MESSAGE_ACKNOWLEDGED, &[9]),
    ]
}

/// One pass, two, and sharkd from the last frame to the first.
fn assert_labels(wireshark: &Wireshark, path: &Path, expected: &[Label], what: &str) {
    assert_eq!(wireshark.labels(path, &[]), expected, "{what}");
    assert_later_labels(wireshark, path, expected, what);
}

/// Two passes, and sharkd from the last frame to the first.
fn assert_later_labels(wireshark: &Wireshark, path: &Path, expected: &[Label], what: &str) {
    assert_eq!(wireshark.labels(path, &["-2"]), expected, "{what}, two passes");
    let mut sharkd = Sharkd::load(wireshark, path);
    for frame in sharkd.filter("frame").into_iter().rev() {
        assert_eq!(sharkd.label(frame), label_of(expected, frame), "{what}: sharkd (left)");
    }
}

/// The frames with a finding.
fn frames_with(wireshark: &Wireshark, path: &Path, options: &[&str], finding: &str) -> Vec<u32> {
    wireshark.rows(path, &[options, &["-Y", finding]].concat(), &[]).iter().map(|row| row.frame).collect()
}

#[test]
fn a_tunnel_through_a_proxy_is_labelled_and_says_what_is_not() {
    let wireshark = Wireshark::with_plugin();
    for (proxy, tunnel) in [(3128, http_tunnel as fn(&mut Capture, &mut Connection, u16)), (1080, socks_tunnel)] {
        let mut capture = Capture::new(Link::Ethernet);
        let mut connection = to_proxy(50_001, proxy);
        connection.open(&mut capture);
        tunnel(&mut capture, &mut connection, 7272);
        let before = chat(&mut capture, &mut connection);
        let path = wireshark.write("tunnel.pcap", &capture);
        let what = format!("proxy on port {proxy}");
        // Where the tunnel leads is known from the handshake request on.
        assert_eq!(wireshark.labels(&path, &[]), labels_of_chat(before), "{what}");
        let mut expected = vec![Label::of(1, &[SYN], &[]), Label::of(2, &[SYN_ACK], &[]), Label::of(3, &[ACK], &[])];
        expected.extend(labels_of_chat(before));
        assert_later_labels(&wireshark, &path, &expected, &what);
        for passes in [&[][..], &["-2"]] {
            assert_eq!(frames_with(&wireshark, &path, passes, ANOTHER_WAY), [before + 1], "{what} {passes:?}");
        }
    }
}

#[test]
fn a_tunnel_to_another_application_keeps_wiresharks_display() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = to_proxy(50_001, 3128);
    connection.open(&mut capture);
    http_tunnel(&mut capture, &mut connection, 3000);
    upgrade(&mut capture, &mut connection);
    browser_says(&mut capture, &mut connection, r#"{"type":"subscribe","id":"1"}"#);
    let outputs = [Wireshark::with_plugin(), Wireshark::without_plugin()].map(|wireshark| {
        let path = wireshark.write("tunnel.pcap", &capture);
        wireshark.tshark(&["-r", path.file_name().unwrap().to_str().unwrap(), "-V"]).stdout
    });
    assert_eq!(outputs[0], outputs[1]);
}

/// A proxy on a port of the chat with a tunnel to itself, or to another proxy that leads back: the plugin goes on no longer than Wireshark.
#[test]
fn a_tunnel_into_itself_ends() {
    let connect = fs::read(harness::wireshark::captures().join("hard/connect.pcap")).expect("a capture");
    let mut circle = Capture::new(Link::Ethernet);
    let mut connection = to_proxy(50_001, 7272);
    connection.open(&mut circle);
    for port in [7273, 7272, 7273] {
        http_tunnel(&mut circle, &mut connection, port);
    }
    upgrade(&mut circle, &mut connection);
    for (name, bytes) in [("connect.pcap", connect), ("circle.pcap", circle.pcap())] {
        for passes in ["-n", "-2"] {
            let [with, without] = [Wireshark::with_plugin(), Wireshark::without_plugin()].map(|wireshark| {
                fs::write(wireshark.home().join(name), &bytes).expect("write the capture");
                let mut command = wireshark.command("tshark");
                command.env("WIRESHARK_ABORT_ON_DISSECTOR_BUG", "1").args(["-r", name, passes, "-V"]);
                wireshark.run_unchecked(&mut command)
            });
            let ended = without.code == 0 && !without.stdout.contains("Dissector bug");
            assert!(ended || name != "connect.pcap", "Wireshark itself: {}", without.stderr);
            if ended {
                assert_eq!(with.code, 0, "{name} {passes}: {}", with.stderr);
                assert!(!with.stdout.contains("Dissector bug"), "{name} {passes}");
            }
        }
    }
}

fn direct() -> (Capture, Vec<Label>) {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    connection.open(&mut capture);
    let before = chat(&mut capture, &mut connection);
    let mut labels = vec![Label::of(1, &[SYN], &[]), Label::of(2, &[SYN_ACK], &[]), Label::of(3, &[ACK], &[])];
    labels.extend(labels_of_chat(before));
    (capture, labels)
}

#[test]
fn decode_as_with_tcp_itself_changes_nothing() {
    let wireshark = Wireshark::with_plugin();
    let (capture, expected) = direct();
    let path = wireshark.write("direct.pcap", &capture);
    for passes in ["-n", "-2"] {
        assert_eq!(wireshark.labels(&path, &[passes, "-d", "ip.proto==6,tcp"]), expected, "{passes}");
    }
    // As Wireshark saves it; sharkd and Wireshark read it.
    wireshark.configure("decode_as_entries", "decode_as_entry: ip.proto,6,TCP,TCP\n");
    assert_labels(&wireshark, &path, &expected, "decode_as_entries");
}

#[test]
fn decode_as_with_another_dissector_is_obeyed() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("direct.pcap", &direct().0);
    assert_eq!(wireshark.labels(&path, &["-d", "ip.proto==6,udp"]), []);
}

/// TCP in UDP, which Wireshark dissects with Decode As.
#[test]
fn messages_say_that_tcp_does_not_come_from_ip() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    let mut messages = Vec::new();
    let talk = [
        (Side::Client, request("/", "").into_bytes()),
        (Side::Server, response(&accept(), "").into_bytes()),
        (Side::Client, masked_text(login_request("mynick", "1"))),
        (Side::Server, text(login_result(1, "mynick", &[(1, "mynick")]))),
    ];
    for (side, bytes) in talk {
        let segment = connection.data(side, bytes);
        messages.push(push_in_udp(&mut capture, &segment));
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("udp.pcap", &capture);
    for passes in ["-n", "-2"] {
        let options = [passes, "-d", "udp.port==7777,tcp"];
        assert_eq!(wireshark.labels(&path, &options), [], "{passes}");
        assert_eq!(frames_with(&wireshark, &path, &options, ANOTHER_WAY), messages[2..], "{passes}");
    }
}

fn push_in_udp(capture: &mut Capture, segment: &Segment) -> u32 {
    let (SocketAddr::V4(from), SocketAddr::V4(to)) = (segment.from, segment.to) else { panic!("IPv4") };
    let inner = &segment.ip_packet()[20..];
    let ip = ipv4_header(*from.ip(), *to.ip(), IpNumber::UDP, 8 + inner.len());
    let udp = UdpHeader::with_ipv4_checksum(7777, 7777, &ip, inner).expect("a segment fits a packet");
    let mut packet = Vec::new();
    ip.write(&mut packet).and_then(|()| udp.write(&mut packet)).expect("write to memory");
    packet.extend(inner);
    capture.push_ip(&packet, segment.to.ip())
}

/// The preference is of newer versions.
#[test]
fn conversations_can_be_deinterlaced() {
    let wireshark = Wireshark::with_plugin();
    let preferences = wireshark.tshark(&["-G", "currentprefs"]).stdout;
    if !preferences.contains("protocols.conversation_deinterlacing_key") {
        skipped("this Wireshark has no preference to deinterlace conversations");
        return;
    }
    let (capture, expected) = direct();
    let path = wireshark.write("direct.pcap", &capture);
    for key in ["NONE", ".MI", "VM.", "VMI"] {
        for passes in ["-n", "-2"] {
            let option = format!("protocols.conversation_deinterlacing_key:{key}");
            assert_eq!(wireshark.labels(&path, &[passes, "-o", &option]), expected, "{key} {passes}");
        }
    }
}

/// Two segments of one stream in one frame, as in an aggregated frame of IEEE 802.11n: each message is the same in every pass.
#[test]
fn several_segments_in_a_frame_keep_their_messages() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.home().join("amsdu2.pcap");
    fs::copy(harness::wireshark::captures().join("hard/amsdu2.pcap"), &path).expect("copy a capture");
    let info = |passes: &str| {
        let rows = wireshark.rows(&path, &[passes, "-Y", "frame.number == 8"], &["workermanchat.type"]);
        let line = wireshark.tshark(&["-r", path.to_str().unwrap(), passes, "-Y", "frame.number == 8"]).stdout;
        (rows[0].all("workermanchat.type"), line)
    };
    let once = info("-n");
    assert_eq!(once.0, ["login", "ping"]);
    assert_eq!(once, info("-2"));
}

/// The first segment of such a frame holds messages of a connection that was found to be another application's, the second proves the chat.
#[test]
fn messages_that_were_not_read_are_counted_in_every_pass() {
    let mut capture = Capture::new(Link::Wlan);
    let mut connection = to_proxy(50_001, 8080);
    connection.open(&mut capture);
    upgrade(&mut capture, &mut connection);
    for number in 0..20 {
        server_says(&mut capture, &mut connection, format!(r#"{{"type":"ping","payload":{number}}}"#));
    }
    let other = text(r#"{"type":"ping","payload":20}"#);
    let unread = connection.data(Side::Server, [other.clone(), other].concat());
    let proof = connection.data(Side::Server, text(login_result(1, "mynick", &[(1, "mynick")])));
    let frame = capture.push_together(&[unread, proof]);
    let alone = server_says(&mut capture, &mut connection, say_delivery(1, "mynick", "hello"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("amsdu.pcap", &capture);
    let types = |passes: &str, frame: u32| {
        let rows = wireshark.rows(&path, &[passes, "-Y", &format!("frame.number == {frame}")], &["workermanchat.type"]);
        rows[0].all("workermanchat.type")
    };
    for passes in ["-n", "-2"] {
        assert_eq!(types(passes, frame), ["login"], "{passes}");
        assert_eq!(types(passes, alone), ["say"], "{passes}");
    }
}

#[test]
fn an_upgrade_after_other_requests_on_the_connection_is_labelled() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    connection.open(&mut capture);
    for _ in 0..2 {
        connection.send(&mut capture, Side::Client, "GET /style.css HTTP/1.1\r\nHost: chat.example:7272\r\n\r\n");
        connection.ack(&mut capture, Side::Server);
        connection.send(&mut capture, Side::Server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        connection.ack(&mut capture, Side::Client);
    }
    let before = chat(&mut capture, &mut connection);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("keep-alive.pcap", &capture);
    let mut expected = vec![Label::of(1, &[SYN], &[]), Label::of(2, &[SYN_ACK], &[]), Label::of(3, &[ACK], &[])];
    expected.extend(labels_of_chat(before));
    assert_labels(&wireshark, &path, &expected, "keep-alive");
    assert_eq!(message_frames(&expected).len(), 4);
    assert_eq!(phases_of(&expected, before + 1), [REQUEST]);
}
