//! TCP: retransmissions, out-of-order and lost segments, late ACKs, every kind of close, every link type.

mod harness;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use etherparse::{IpFragOffset, IpNumber, Ipv4Header};
use harness::packets::{
    ACK as FLAG_ACK, Capture, Connection, FIN as FLAG_FIN, Link, RST as FLAG_RST, SYN as FLAG_SYN, Side, ipv4_header,
};
use harness::phase::*;
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::websocket::{CLOSE as WS_CLOSE, Frame, masked_text, text};
use harness::wireshark::{Label, Wireshark, label_of, phases_of};

const NOTHING: [u32; 0] = [];

/// One browser that has joined room 1 as mynick, in ten frames.
fn joined() -> (Capture, Connection) {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    (capture, mynick)
}

/// The labels, which must be equal in one pass, two passes and sharkd in reverse order.
fn labels(capture: &Capture) -> Vec<Label> {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("built.pcap", capture);
    let labels = wireshark.agreed_labels(&path);
    let mut sharkd = Sharkd::load(&wireshark, &path);
    for frame in (1..=capture.last()).rev() {
        assert_eq!(sharkd.label(frame), label_of(&labels, frame), "sharkd (left) and tshark agree");
    }
    labels
}

/// The contents of the says of a capture, with their frames.
fn contents(wireshark: &Wireshark, path: &Path) -> Vec<(u32, String)> {
    let rows = wireshark.rows(path, &["-Y", "workermanchat.content"], &["workermanchat.content"]);
    rows.iter()
        .flat_map(|row| row.all("workermanchat.content").into_iter().map(|content| (row.frame, content)))
        .collect()
}

/// The phases of the frames of [`joined`].
fn joined_phases() -> Vec<Vec<u32>> {
    let phases = [
        SYN,
        SYN_ACK,
        ACK,
        REQUEST,
        REQUEST_ACKNOWLEDGED,
        RESPONSE,
        COMPLETE,
        LOGIN_REQUEST,
        LOGIN_RESULT,
        MESSAGE_ACKNOWLEDGED,
    ];
    phases.map(|phase| vec![phase]).to_vec()
}

#[test]
fn labels_are_the_same_over_every_link_type_and_ip_version() {
    let v4 = Connection::from_port(50001);
    let v6 = Connection::between("[2001:db8::10]:50001".parse().unwrap(), "[2001:db8::1]:7272".parse().unwrap());
    let wireshark = Wireshark::with_plugin();
    for link in [Link::Ethernet, Link::Vlan, Link::Sll, Link::Sll2, Link::Gre] {
        for connection in [&v4, &v6] {
            let mut capture = Capture::new(link);
            join(&mut capture, &mut connection.clone(), 1, "mynick", "1");
            let path = wireshark.write("link.pcap", &capture);
            let phases: Vec<Vec<u32>> = wireshark.agreed_labels(&path).into_iter().map(|label| label.phases).collect();
            assert_eq!(phases, joined_phases(), "{link:?}, server {}", connection.server);
            assert_packets_are_sound(&path, connection.server);
        }
    }
}

/// The builder's packets have correct checksums and cause no expert info of Wireshark's.
fn assert_packets_are_sound(path: &Path, server: SocketAddr) {
    let stock = Wireshark::without_plugin();
    let copy = stock.home().join("sound.pcap");
    std::fs::copy(path, &copy).expect("copy the capture");
    let options = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    let filter = "ip.checksum.status == 0 || tcp.checksum.status == 0 || tcp.analysis.flags || _ws.malformed || !tcp";
    assert!(
        stock.rows(&copy, &[&options[..], &["-Y", filter]].concat(), &[]).is_empty(),
        "packets to {server} are sound"
    );
}

#[test]
fn sequence_numbers_may_wrap_inside_a_message() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001).with_initial(u32::MAX - 300, u32::MAX - 200);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let labels = labels(&capture);
    assert_eq!(labels.iter().map(|label| label.phases.clone()).collect::<Vec<_>>(), joined_phases());
    assert_eq!(label_of(&labels, 10).acks, [9]);
}

#[test]
fn one_ack_can_acknowledge_five_messages() {
    let (mut capture, mut mynick) = joined();
    let frames: Vec<u32> = (0..5)
        .map(|count| server_says(&mut capture, &mut mynick, say_delivery(2, "other", &format!("{count}"))))
        .collect();
    let ack = mynick.ack(&mut capture, Side::Client);
    let again = mynick.ack(&mut capture, Side::Client);

    let labels = labels(&capture);
    assert_eq!(label_of(&labels, ack), Label::of(ack, &[MESSAGE_ACKNOWLEDGED], &frames));
    assert_eq!(label_of(&labels, again), Label::of(again, &[], &[]), "a repeated ACK is none");
}

#[test]
fn an_ack_of_half_a_message_acknowledges_none() {
    let (mut capture, mut mynick) = joined();
    let message = text(say_delivery(2, "other", "in two halves"));
    let (first, second) = message.split_at(40);
    mynick.send(&mut capture, Side::Server, first);
    let early = mynick.ack(&mut capture, Side::Client);
    let whole = mynick.send(&mut capture, Side::Server, second);
    let ack = mynick.ack(&mut capture, Side::Client);

    let labels = labels(&capture);
    assert_eq!(label_of(&labels, early), Label::of(early, &[], &[]));
    assert_eq!(label_of(&labels, ack), Label::of(ack, &[MESSAGE_ACKNOWLEDGED], &[whole]));
}

#[test]
fn an_ack_between_two_messages_of_a_segment_covers_only_the_first() {
    let (mut capture, mut mynick) = joined();
    let first = text(say_delivery(2, "other", "one"));
    let start = mynick.next_seq(Side::Server);
    let both = mynick.send(&mut capture, Side::Server, [first.clone(), text(say_delivery(2, "other", "two"))].concat());
    let mut partial = mynick.segment(Side::Client, FLAG_ACK, []);
    partial.ack = start + first.len() as u32;
    let partial_ack = capture.push(&partial);
    let ack = mynick.ack(&mut capture, Side::Client);

    let labels = labels(&capture);
    assert_eq!(label_of(&labels, partial_ack), Label::of(partial_ack, &[MESSAGE_ACKNOWLEDGED], &[both]));
    assert_eq!(label_of(&labels, ack), Label::of(ack, &[MESSAGE_ACKNOWLEDGED], &[both]));
}

#[test]
fn a_data_segment_that_acknowledges_has_acks_but_no_ack_phase() {
    let (mut capture, mut mynick) = joined();
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "hi"));
    let answer = browser_says(&mut capture, &mut mynick, say_request("hello"));

    let labels = labels(&capture);
    assert_eq!(label_of(&labels, answer), Label::of(answer, &[SAY_REQUEST], &[delivery]));
}

#[test]
fn a_retransmission_has_no_phase() {
    let (mut capture, mut mynick) = joined();
    let say = mynick.data(Side::Client, masked_text(say_request("once")));
    let first = capture.push(&say);
    capture.wait(Duration::from_millis(300));
    let again = capture.push(&say);
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(1, "mynick", "once"));
    let ack = mynick.ack(&mut capture, Side::Client);
    let duplicate_ack = mynick.ack(&mut capture, Side::Client);
    let next = browser_says(&mut capture, &mut mynick, say_request("twice"));

    let labels = labels(&capture);
    assert_eq!(phases_of(&labels, first), [SAY_REQUEST]);
    assert_eq!(phases_of(&labels, again), NOTHING);
    assert_eq!(label_of(&labels, delivery), Label::of(delivery, &[SAY_DELIVERY], &[first]));
    assert_eq!(label_of(&labels, ack).acks, [delivery]);
    assert_eq!(phases_of(&labels, duplicate_ack), NOTHING);
    assert_eq!(phases_of(&labels, next), [SAY_REQUEST]);
}

#[test]
fn the_note_of_a_retransmitted_syn_says_so() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    let syn = mynick.segment(Side::Client, FLAG_SYN, []);
    let syn_ack = mynick.segment(Side::Server, FLAG_SYN | FLAG_ACK, []);
    for segment in [&syn, &syn, &syn_ack, &syn_ack] {
        capture.push(segment);
        capture.wait(Duration::from_secs(1));
    }
    mynick.ack(&mut capture, Side::Client);
    upgrade(&mut capture, &mut mynick);

    let labels = labels(&capture);
    let phases: Vec<Vec<u32>> = (1..=6).map(|frame| phases_of(&labels, frame)).collect();
    assert_eq!(phases, [[SYN], [SYN], [SYN_ACK], [SYN_ACK], [ACK], [REQUEST]]);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("again.pcap", &capture);
    let rows = wireshark.rows(&path, &[], &["workermanchat.note"]);
    for (first, again) in [(0, 1), (2, 3)] {
        assert_ne!(
            rows[first].one("workermanchat.note"),
            rows[again].one("workermanchat.note"),
            "the second says that it is one"
        );
    }
}

#[test]
fn out_of_order_segments_are_reassembled() {
    let (mut capture, mut mynick) = joined();
    let message = text(say_delivery(2, "other", &"out of order ".repeat(20)));
    let pieces: Vec<_> = message.chunks(100).map(|piece| mynick.data(Side::Server, piece)).collect();
    assert!(pieces.len() > 3);
    capture.push(&pieces[0]);
    capture.push(&pieces[2]);
    capture.push(&pieces[1]);
    for piece in &pieces[3..] {
        capture.push(piece);
    }
    let ack = mynick.ack(&mut capture, Side::Client);
    let after = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "after"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("order.pcap", &capture);
    let found = contents(&wireshark, &path);
    assert_eq!(found.last(), Some(&(after, "after".to_owned())));
    let labels = wireshark.agreed_labels(&path);
    // Wireshark reassembles the message with and without this preference, with the same result.
    let ordered = wireshark.rows(
        &path,
        &["-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "workermanchat.content"],
        &["workermanchat.content", "workermanchat.phase"],
    );
    assert_eq!(ordered[0].one("workermanchat.content"), "out of order ".repeat(20));
    if let Some((whole, _)) = found.iter().find(|(_, content)| content.starts_with("out of order")) {
        assert!(label_of(&labels, ack).acks.contains(whole));
    }
}

#[test]
fn an_overlapping_segment_shows_no_message_twice() {
    let (mut capture, mut mynick) = joined();
    let first = mynick.data(Side::Server, text(say_delivery(2, "other", "first")));
    let second = mynick.data(Side::Server, text(say_delivery(2, "other", "second")));
    let shown = capture.push(&first);
    // A retransmission of the first that also contains the second.
    let mut grown = first.clone();
    grown.payload.extend(&second.payload);
    capture.push(&grown);
    let ack = mynick.ack(&mut capture, Side::Client);
    let after = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "after"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("overlap.pcap", &capture);
    // Wireshark does not pass a segment on to subdissectors if it contains bytes that were already dissected.
    assert_eq!(contents(&wireshark, &path), [(shown, "first".to_owned()), (after, "after".to_owned())]);
    assert_eq!(label_of(&wireshark.agreed_labels(&path), ack).acks, [shown]);
}

#[test]
fn messages_around_a_lost_segment_are_dissected() {
    let (mut capture, mut mynick) = joined();
    let before = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "before"));
    mynick.data(Side::Server, text(say_delivery(2, "other", "lost")));
    let after = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "after"));
    let ack = mynick.ack(&mut capture, Side::Client);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("lost.pcap", &capture);
    assert_eq!(contents(&wireshark, &path), [(before, "before".to_owned()), (after, "after".to_owned())]);
    assert_eq!(label_of(&wireshark.agreed_labels(&path), ack).acks, [before, after]);
}

#[test]
fn an_ack_captured_before_the_syn_ack_completes_tcps_handshake() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    capture.push(&mynick.segment(Side::Client, FLAG_SYN, []));
    let syn_ack = mynick.segment(Side::Server, FLAG_SYN | FLAG_ACK, []);
    let ack = mynick.ack(&mut capture, Side::Client);
    let syn_ack = capture.push(&syn_ack);
    upgrade(&mut capture, &mut mynick);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("early-ack.pcap", &capture);
    let labels = wireshark.labels(&path, &["-2"]);
    assert_eq!(phases_of(&labels, ack), [ACK]);
    assert_eq!(phases_of(&labels, syn_ack), [SYN_ACK]);
    assert_eq!(phases_of(&labels, syn_ack + 1), [REQUEST]);
}

#[test]
fn a_close_is_the_first_only_if_nothing_of_the_other_side_is_missing() {
    let close = Frame::new(WS_CLOSE, 1000u16.to_be_bytes());
    for is_lost in [false, true] {
        let (mut capture, mut mynick) = joined();
        let first = mynick.data(Side::Client, close.clone().masked().bytes());
        if !is_lost {
            capture.push(&first);
        }
        let reply = mynick.send(&mut capture, Side::Server, close.clone().bytes());
        let expected: &[u32] = if is_lost { &[] } else { &[CLOSE_REPLY] };
        assert_eq!(phases_of(&labels(&capture), reply), expected, "the first is lost: {is_lost}");
    }
}

#[test]
fn a_cut_message_is_labelled_where_it_ends_not_where_it_begins() {
    let (mut capture, mut mynick) = joined();
    let message = masked_text(say_request(&"long ".repeat(60)));
    let (first, second) = message.split_at(200);
    let begins = mynick.send(&mut capture, Side::Client, first);
    capture.cut_last(130);
    let goes_on = mynick.send(&mut capture, Side::Client, second);
    let whole = mynick.send(&mut capture, Side::Client, masked_text(say_request(&"cut ".repeat(60))));
    capture.cut_last(130);
    let after = browser_says(&mut capture, &mut mynick, say_request("after"));

    let labels = labels(&capture);
    assert_eq!([begins, goes_on].map(|frame| phases_of(&labels, frame)), [NOTHING, NOTHING]);
    assert_eq!([whole, after].map(|frame| phases_of(&labels, frame)), [[SAY_REQUEST], [SAY_REQUEST]]);
}

#[test]
fn a_message_whose_original_was_not_captured_is_the_retransmission() {
    let (mut capture, mut mynick) = joined();
    let lost = mynick.data(Side::Server, text(say_delivery(2, "other", "lost")));
    let next = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "next"));
    capture.wait(Duration::from_millis(300));
    let again = capture.push(&lost);
    let once_more = capture.push(&lost);
    let ack = mynick.ack(&mut capture, Side::Client);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("again.pcap", &capture);
    for option in ["tcp.reassemble_out_of_order:FALSE", "tcp.reassemble_out_of_order:TRUE"] {
        let rows = wireshark.rows(&path, &["-o", option], &["workermanchat.phase", "workermanchat.acks"]);
        let row = |frame| rows.iter().find(|row| row.frame == frame).expect("the frame is printed");
        let labelled = [next, again, once_more].map(|frame| row(frame).numbers("workermanchat.phase").len());
        assert_eq!(labelled[2], 0, "{option}");
        // Wireshark may leave out one of them.
        let mut acks = row(ack).numbers("workermanchat.acks");
        acks.dedup();
        assert!(acks.iter().all(|frame| [next, again].contains(frame)), "{option}: {acks:?}");
        assert_eq!(acks.len(), labelled.iter().filter(|count| **count > 0).count(), "{option}");
    }
}

#[test]
fn keep_alives_and_window_updates_have_no_phase() {
    let (mut capture, mut mynick) = joined();
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "fill the window"));
    let mut full = mynick.segment(Side::Client, FLAG_ACK, []);
    full.window = 0;
    let zero_window = capture.push(&full);
    let update = mynick.ack(&mut capture, Side::Client);
    capture.wait(Duration::from_secs(60));
    let mut probe = mynick.segment(Side::Server, FLAG_ACK, []);
    probe.seq -= 1;
    probe.payload = vec![b'}'];
    let keep_alive = capture.push(&probe);
    let keep_alive_ack = mynick.ack(&mut capture, Side::Client);
    probe.payload.clear();
    let empty_keep_alive = capture.push(&probe);
    let last_ack = mynick.ack(&mut capture, Side::Client);
    let next = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "still here"));

    let labels = labels(&capture);
    assert_eq!(label_of(&labels, zero_window), Label::of(zero_window, &[MESSAGE_ACKNOWLEDGED], &[delivery]));
    for frame in [update, keep_alive, keep_alive_ack, empty_keep_alive, last_ack] {
        assert_eq!(label_of(&labels, frame), Label::of(frame, &[], &[]));
    }
    assert_eq!(phases_of(&labels, next), [SAY_DELIVERY]);
}

#[test]
fn a_normal_close_has_four_phases() {
    let (mut capture, mut mynick) = joined();
    let close = Frame::new(WS_CLOSE, [&1001u16.to_be_bytes(), &b"going away"[..]].concat());
    let ws_close = mynick.send(&mut capture, Side::Client, close.clone().masked().bytes());
    let reply = mynick.send(&mut capture, Side::Server, close.bytes());
    let fin = capture.push(&mynick.segment(Side::Server, FLAG_FIN | FLAG_ACK, []));
    let fin_ack = mynick.ack(&mut capture, Side::Client);
    let other_fin = capture.push(&mynick.segment(Side::Client, FLAG_FIN | FLAG_ACK, []));
    let last_ack = mynick.ack(&mut capture, Side::Server);

    let labels = labels(&capture);
    let phases = [ws_close, reply, fin, fin_ack, other_fin, last_ack].map(|frame| phases_of(&labels, frame));
    assert!(phases[3].contains(&FIN_ACKNOWLEDGED), "{phases:?}");
    assert_eq!([&phases[..3], &phases[4..]].concat(), [[CLOSE], [CLOSE_REPLY], [FIN], [FIN], [FIN_ACKNOWLEDGED]]);
}

#[test]
fn simultaneous_close() {
    let (mut capture, mut mynick) = joined();
    let close = Frame::new(WS_CLOSE, 1000u16.to_be_bytes());
    let from_client = mynick.data(Side::Client, close.clone().masked().bytes());
    let mut from_server = mynick.data(Side::Server, close.bytes());
    from_server.ack = from_client.seq;
    let ws = [capture.push(&from_client), capture.push(&from_server)];
    let client_fin = mynick.segment(Side::Client, FLAG_FIN | FLAG_ACK, []);
    let mut server_fin = mynick.segment(Side::Server, FLAG_FIN | FLAG_ACK, []);
    server_fin.ack = client_fin.seq;
    let fins = [capture.push(&client_fin), capture.push(&server_fin)];
    let acks = [mynick.ack(&mut capture, Side::Client), mynick.ack(&mut capture, Side::Server)];

    let labels = labels(&capture);
    assert_eq!(phases_of(&labels, ws[0]), [CLOSE]);
    assert!([[CLOSE], [CLOSE_REPLY]].contains(&phases_of(&labels, ws[1]).try_into().expect("one phase")));
    assert_eq!(fins.map(|frame| phases_of(&labels, frame)), [[FIN], [FIN]]);
    for ack in acks {
        assert!(phases_of(&labels, ack).contains(&FIN_ACKNOWLEDGED), "{:?}", label_of(&labels, ack));
    }
}

#[test]
fn a_reset_has_its_phase_with_and_without_ack() {
    for flags in [FLAG_RST, FLAG_RST | FLAG_ACK] {
        let (mut capture, mut mynick) = joined();
        let reset = capture.push(&mynick.segment(Side::Client, flags, []));
        assert_eq!(phases_of(&labels(&capture), reset), [RST]);
    }
}

#[test]
fn a_refused_connection_is_a_syn_and_a_reset() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    capture.push(&mynick.segment(Side::Client, FLAG_SYN, []));
    capture.push(&mynick.segment(Side::Server, FLAG_RST | FLAG_ACK, []));
    let labels = labels(&capture);
    assert_eq!(labels, [Label::of(1, &[SYN], &[]), Label::of(2, &[RST], &[])]);
}

#[test]
fn a_reused_port_is_a_new_connection() {
    let (mut capture, mut first) = joined();
    capture.push(&first.segment(Side::Client, FLAG_RST, []));
    capture.wait(Duration::from_secs(120));
    let mut second = Connection::from_port(50001).with_initial(77, 1_000_000);
    let start = capture.last();
    join(&mut capture, &mut second, 2, "another", "2");
    let say = browser_says(&mut capture, &mut second, say_request("hello again"));

    let labels = labels(&capture);
    let phases: Vec<Vec<u32>> = (start + 1..=start + 10).map(|frame| phases_of(&labels, frame)).collect();
    assert_eq!(phases, joined_phases());
    assert_eq!(label_of(&labels, start + 10).acks, [start + 9]);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("reused.pcap", &capture);
    let rows = wireshark.rows(&path, &["-2", "-Y", &format!("frame.number == {say}")], &["workermanchat.sender"]);
    assert_eq!(rows[0].one("workermanchat.sender"), "another");
}

#[test]
fn a_capture_that_starts_inside_a_message_resynchronises_at_the_next_frame() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    let message = text(say_delivery(2, "other", &"the beginning was not captured ".repeat(10)));
    mynick.data(Side::Server, &message[..100]);
    mynick.send(&mut capture, Side::Server, &message[100..]);
    mynick.ack(&mut capture, Side::Client);
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "whole"));
    let ack = mynick.ack(&mut capture, Side::Client);
    let say = browser_says(&mut capture, &mut mynick, say_request("whole too"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("middle.pcap", &capture);
    assert_eq!(contents(&wireshark, &path), [(delivery, "whole".to_owned()), (say, "whole too".to_owned())]);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!(label_of(&labels, ack), Label::of(ack, &[MESSAGE_ACKNOWLEDGED], &[delivery]));
    assert_eq!(phases_of(&labels, say), [SAY_REQUEST]);
}

#[test]
fn duplicate_packets_are_labelled_once() {
    let mut capture = Capture::new(Link::Ethernet);
    capture.duplicate_everything();
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");

    let labels = labels(&capture);
    let firsts: Vec<Vec<u32>> = (1..=20).step_by(2).map(|frame| phases_of(&labels, frame)).collect();
    assert_eq!(firsts, joined_phases());
    for second in (2..=20).step_by(2) {
        assert_eq!(label_of(&labels, second), Label::of(second, &[], &[]));
    }
    assert_eq!(label_of(&labels, 19).acks, [17]);
}

#[test]
fn a_capture_of_one_direction_is_labelled() {
    for side in [Side::Client, Side::Server] {
        let mut whole = Capture::new(Link::Ethernet);
        let mut mynick = Connection::from_port(50001);
        join(&mut whole, &mut mynick, 1, "mynick", "1");
        let say = if side == Side::Client { say_request("hi") } else { say_delivery(1, "mynick", "hi") };
        let frame = if side == Side::Client { masked_text(say) } else { text(say) };
        mynick.send(&mut whole, side, frame);
        let (half, last) = whole.only_from(if side == Side::Client { mynick.client } else { mynick.server });

        let labels = labels(&half);
        let expected: &[u32] = if side == Side::Client {
            &[SYN, REQUEST, LOGIN_REQUEST, SAY_REQUEST]
        } else {
            &[SYN_ACK, RESPONSE, LOGIN_RESULT, SAY_DELIVERY]
        };
        // The design does not define whether an ACK completes a handshake whose SYN+ACK was not captured.
        let found: Vec<u32> =
            labels.iter().flat_map(|label| label.phases.clone()).filter(|&phase| phase != ACK).collect();
        assert_eq!(found, expected, "{side:?} alone");
        assert_eq!(phases_of(&labels, last), [expected[expected.len() - 1]]);
    }
}

#[test]
fn a_message_in_ip_fragments_is_reassembled() {
    let (mut capture, mut mynick) = joined();
    let say = mynick.data(Side::Client, masked_text(say_request(&"fragmented ".repeat(100))));
    for fragment in ipv4_fragments(&say.ip_packet(), 400) {
        capture.push_ip(&fragment, say.to.ip());
    }
    let whole = capture.last();
    let ack = mynick.ack(&mut capture, Side::Server);

    let labels = labels(&capture);
    assert_eq!(phases_of(&labels, whole), [SAY_REQUEST]);
    assert_eq!(label_of(&labels, ack), Label::of(ack, &[MESSAGE_ACKNOWLEDGED], &[whole]));
}

/// An IPv4 packet (without options) in fragments of `size` bytes, a multiple of 8.
fn ipv4_fragments(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = Ipv4Header::from_slice(packet).expect("an IPv4 packet");
    let chunks: Vec<&[u8]> = payload.chunks(size).collect();
    let fragment = |(count, chunk): (usize, &&[u8])| {
        let mut header = header.clone();
        header.identification = 4711;
        header.dont_fragment = false;
        header.more_fragments = count + 1 < chunks.len();
        header.fragment_offset = IpFragOffset::try_new((count * size / 8) as u16).expect("a small offset");
        header.set_payload_len(chunk.len()).expect("a small fragment");
        header.header_checksum = header.calc_header_checksum();
        let mut bytes = Vec::new();
        header.write(&mut bytes).expect("write to memory");
        bytes.extend(*chunk);
        bytes
    };
    chunks.iter().enumerate().map(fragment).collect()
}

#[test]
fn an_icmp_error_that_quotes_a_chat_packet_is_not_annotated() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    let syn = mynick.segment(Side::Client, FLAG_SYN, []);
    let say = mynick.data(Side::Client, masked_text(say_request("quoted")));
    capture.push(&syn);
    for segment in [syn, say] {
        capture.push_ip(&port_unreachable(&segment.ip_packet()), IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    assert_eq!(labels(&capture), [Label::of(1, &[SYN], &[])]);
}

/// ICMP destination unreachable, port unreachable, with the packet it is about.
fn port_unreachable(packet: &[u8]) -> Vec<u8> {
    let icmp = [&[3, 3, 0, 0, 0, 0, 0, 0], packet].concat();
    let ip = ipv4_header(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 10), IpNumber::ICMP, icmp.len());
    let mut bytes = Vec::new();
    ip.write(&mut bytes).expect("write to memory");
    bytes.extend(icmp);
    bytes
}
