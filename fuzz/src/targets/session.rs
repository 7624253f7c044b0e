//! Arbitrary sequences of packets through the session, the dissector and the views, as Wireshark would hand them over: in one pass, and in
//! later ones in another order. Promised is: no panic; plans that can be drawn; later passes show what the first one showed and only add to
//! it, in whatever order they come, and whatever the first pass looked at; pages without control characters; memory in proportion to the
//! packets and bytes.

use super::ALLOCATOR;
use super::script::Script;
use super::shown::Shown;
use super::wire::{Block, Data, Packet, Wire};
use workermanchat::annotation::{Plan, Wanted};
use workermanchat::dissector::{Dissector, Settings};
use workermanchat::language::Language;
use workermanchat::packet::{Segment, Side};
use workermanchat::views::{Diagram, Page, Sessions, Setting, Statistics, TapEvent, Transcript, View, filters, follow};

/// What a session of nothing may take, in bytes.
const EMPTY: usize = 64 * 1024;
/// What a packet and a message may leave, in bytes.
const A_PACKET: usize = 3 * 1024;
/// What a byte of a message may leave, in bytes.
const A_BYTE: usize = 4;
/// Of one script in four, the limit of what is remembered is a number of these, in bytes.
const LIMIT_STEP: usize = 512;

/// What the packet and each of its messages show.
type ShownPacket = (Vec<Option<Shown>>, Option<Shown>);

/// A packet, what it shows on the first pass, and who is taken for its sender then.
struct Learned {
    packet: Packet,
    shown: ShownPacket,
    by: Side,
}

/// Checks that.
pub fn check(bytes: &[u8]) {
    let script = Script::of(bytes);
    check_script(&script, Dissector::default);
    if script.order % 4 == 3 {
        let limit = LIMIT_STEP * usize::from(script.order >> 2 & 0x3f);
        check_script(&script, || Dissector::limited(limit));
    }
}

/// Checks it with what `new` makes.
fn check_script(script: &Script, new: impl Fn() -> Dissector) {
    let settings = settings(script, Wanted { tap_events: true, ..Wanted::ALL });
    let mut dissector = new();
    let learned = first_pass(script, &mut dissector, &settings);
    let packets: Vec<&Packet> = learned.iter().map(|learned| &learned.packet).collect();
    let mut views = Views::new(settings.language);
    let later = later_pass(&packets, &mut dissector, &settings, script.order, None);
    assert_only_added(&learned, &dissector, &later);
    let again = later_pass(&packets, &mut dissector, &settings, 0, Some(&mut views));
    assert_eq!(later, again, "two later passes show the same");
    views.check_pages(&dissector);
    check_filters(&dissector, &packets);
    check_blind(&packets, new(), &settings, &later);
}

fn settings(script: &Script, wanted: Wanted) -> Settings {
    let language = Language::ALL[usize::from(script.language) % Language::ALL.len()];
    Settings { language, wanted, annotate_tcp: true, annotate_info: true }
}

/// The packets of a script with what Wireshark hands over, and what they show on the first pass.
fn first_pass(script: &Script, dissector: &mut Dissector, settings: &Settings) -> Vec<Learned> {
    let mut learned = Vec::new();
    Wire::new().follow(script, |wire, mut packet| {
        let (mut messages, mut by) = (Vec::new(), None);
        wire.dissect(&mut packet, dissector, |dissector, packet, data| {
            messages.extend(learn(dissector, packet, data, settings));
            by.get_or_insert(dissector.session().side(&packet.segment));
        });
        let segment = learn_segment(dissector, &packet, settings);
        let by = by.unwrap_or_else(|| dissector.session().side(&packet.segment));
        learned.push(Learned { packet, shown: (messages, segment), by });
    });
    learned
}

/// Hands over, on the first pass; of a message, what it shows.
fn learn(dissector: &mut Dissector, packet: &Packet, data: &Data, settings: &Settings) -> Option<Option<Shown>> {
    match data {
        Data::Frames(block, position) => {
            dissector.frames(&packet.lent(true), block.lent(), *position);
            None
        }
        Data::Message(block, _) if !packet.asks(dissector, block) => Some(None),
        Data::Message(block, index) => {
            let plan = dissector.message(&packet.lent(true), *index, block.lent(), settings);
            // What is declined is drawn by others: a view alone learns of it.
            let shown = plan.filter(|plan| !plan.is_declined());
            Some(shown.map(|plan| Shown::of(plan, block.bytes.len())))
        }
    }
}

fn learn_segment(dissector: &mut Dissector, packet: &Packet, settings: &Settings) -> Option<Shown> {
    if !dissector.concerns(&packet.outline()) {
        return None;
    }
    let sources = packet.sources.iter().map(Vec::as_slice);
    let plan = dissector.segment(&packet.lent(true), sources, settings)?;
    Some(Shown::of(plan, 0)).filter(|shown| !shown.is_empty())
}

/// All packets once more, in an order that `order` chooses.
fn later_pass(
    packets: &[&Packet],
    dissector: &mut Dissector,
    settings: &Settings,
    order: u16,
    mut views: Option<&mut Views>,
) -> Vec<ShownPacket> {
    let mut shown = vec![(Vec::new(), None); packets.len()];
    for at in in_order(packets.len(), order) {
        let packet = packets[at];
        let mut look = |message| look_again(packet, message, dissector, settings, views.as_deref_mut());
        let messages = packet.messages().map(|message| look(Some(message))).collect();
        shown[at] = (messages, look(None));
    }
    shown
}

/// What a message of a packet shows on a later pass, or what the packet shows below its messages.
fn look_again(
    packet: &Packet,
    message: Option<(&Block, u32)>,
    dissector: &mut Dissector,
    settings: &Settings,
    views: Option<&mut Views>,
) -> Option<Shown> {
    let is_asked = match message {
        Some((block, _)) => packet.asks(dissector, block),
        None => dissector.concerns(&packet.outline()),
    };
    let lent = packet.lent(false);
    let plan = match message {
        _ if !is_asked => None,
        Some((block, index)) => dissector.message(&lent, index, block.lent(), settings),
        None => dissector.segment(&lent, [], settings),
    }?;
    let shown = Shown::of(plan, message.map_or(0, |(block, _)| block.bytes.len()));
    let seen = views.as_ref().and_then(|_| Seen::of(plan, packet, message.map(|(_, index)| index)));
    if let (Some(views), Some(seen)) = (views, seen) {
        views.see(&seen, dissector);
    }
    Some(shown).filter(|shown| !shown.is_empty())
}

/// So many places, each once: forwards, backwards, or in steps that have no divisor in common with their count.
fn in_order(count: usize, order: u16) -> impl Iterator<Item = usize> {
    let wanted = usize::from(order >> 1);
    let step = if common_divisor(wanted, count) == 1 { wanted } else { 1 };
    let is_backwards = order & 1 == 1;
    let places = (0..count).map(move |at| at * step % count);
    places.map(move |at| if is_backwards { count - 1 - at } else { at })
}

fn common_divisor(one: usize, other: usize) -> usize {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

/// Panics where a later pass does not show what the first one showed. Not compared are:
///
/// - frames that hold several segments of a connection (A-MSDU): what happens is kept by frame, so each shows later what all do;
/// - connections of which the first packets do not tell who is the browser, if a message shows later that it was guessed wrong, and
///   connections of a port with itself;
/// - a sentence that names more later, such as what the packet acknowledges;
/// - where lines stand, and the Info column, of a frame whose messages turn out to be the chat's only later: it is theirs then.
fn assert_only_added(learned: &[Learned], dissector: &Dissector, later: &[ShownPacket]) {
    let is_turned = |stream| {
        learned.iter().any(|Learned { packet: Packet { segment, .. }, by, .. }| {
            let is_with_itself = segment.source == segment.destination;
            segment.stream == stream && (is_with_itself || dissector.session().side(segment) != *by)
        })
    };
    for (Learned { packet, shown: (first_messages, first), .. }, (messages, segment)) in learned.iter().zip(later) {
        let Segment { at, stream, .. } = packet.segment;
        let is_of_frame =
            |other: &&Learned| other.packet.segment.at.frame == at.frame && other.packet.segment.stream == stream;
        if learned.iter().filter(is_of_frame).nth(1).is_some() || is_turned(stream) {
            continue;
        }
        for (number, (first, later)) in first_messages.iter().zip(messages).enumerate() {
            let what = format!("message {number} of frame {}", at.frame);
            if let Some(first) = first {
                first.assert_only_added_to(later.as_ref(), &what);
                first.assert_same_columns(later.as_ref(), &what);
            }
        }
        let Some(first) = first else { continue };
        let what = format!("frame {}", at.frame);
        let are_found_later =
            first_messages.iter().zip(messages).any(|(first, later)| first.is_none() && later.is_some());
        if are_found_later {
            // The messages' trees say now what the frame acknowledges, and whose it is.
            first.assert_values_in(&messages.iter().flatten().chain(segment).collect::<Vec<_>>(), &what);
        } else {
            first.assert_only_added_to(segment.as_ref(), &what);
            first.assert_same_phases(segment.as_ref(), &what);
        }
    }
}

/// What is looked at on the first pass does not change what later ones show; and what was learned takes little memory.
fn check_blind(packets: &[&Packet], mut dissector: Dissector, settings: &Settings, expected: &[ShownPacket]) {
    let nothing = Settings { wanted: Wanted { fields: 0, titles: false, info: false, tap_events: false }, ..*settings };
    let (mut bytes, mut count) = (0, 0);
    let before = ALLOCATOR.allocated();
    for packet in packets {
        for data in &packet.handed_over {
            learn(&mut dissector, packet, data, &nothing);
            if let Data::Message(block, _) = data {
                bytes += block.bytes.len();
            }
            count += 1;
        }
        learn_segment(&mut dissector, packet, &nothing);
        bytes += packet.payload.len();
        count += 1;
    }
    dissector.finish();
    let taken = ALLOCATOR.allocated().saturating_sub(before);
    let counted = dissector.session().held();
    assert!(
        taken <= EMPTY + counted,
        "{count} packets and messages take {taken} bytes, of which {counted} are counted"
    );
    let most = EMPTY + A_PACKET * count + A_BYTE * bytes;
    assert!(taken <= most, "{count} packets and messages of {bytes} bytes take {taken} bytes, more than {most}");
    let later = later_pass(packets, &mut dissector, settings, 0, None);
    assert_eq!(later, expected, "it does not matter what the first pass looked at");
}

/// What a view is told of a message or a frame.
struct Seen<'p> {
    packet: &'p Packet,
    index: Option<u32>,
    text: String,
    problems: String,
    tap_event: workermanchat::annotation::TapEvent,
}

impl<'p> Seen<'p> {
    fn of(plan: &Plan, packet: &'p Packet, index: Option<u32>) -> Option<Seen<'p>> {
        let tap_event = plan.tap_event()?;
        let text = |text| plan.text(text).to_owned();
        Some(Seen { packet, index, text: text(tap_event.text), problems: text(tap_event.problems), tap_event })
    }
}

/// All views of the conversation.
struct Views {
    language: Language,
    pages: [Page; 3],
    statistics: Statistics,
}

impl Views {
    fn new(language: Language) -> Views {
        let views: [Box<dyn View>; 3] =
            [Box::<Transcript>::default(), Box::<Sessions>::default(), Box::<Diagram>::default()];
        Views { language, pages: views.map(Page::new), statistics: Statistics::default() }
    }

    fn see(&mut self, seen: &Seen, dissector: &Dissector) {
        let tap_event = TapEvent {
            at: seen.packet.segment.at,
            stream: seen.packet.segment.stream,
            index: seen.index,
            by: seen.tap_event.by,
            text: &seen.text,
            problems: &seen.problems,
            findings: seen.tap_event.findings,
            wire: None,
        };
        self.pages.iter_mut().for_each(|page| page.see(&tap_event, dissector.session()));
        self.statistics.see(&tap_event, dissector.session());
        if let Some(line) = follow::line(&tap_event, dissector.session(), self.language) {
            assert_printable(&line);
        }
    }

    /// Writes the pages.
    fn check_pages(&mut self, dissector: &Dissector) {
        let session = dissector.session();
        let setting = Setting { session, language: self.language, clock: |time| time.to_string() };
        for view in &mut self.pages {
            let mut page = String::new();
            let mut is_first = true;
            while view.write(is_first, &setting, &mut page) {
                is_first = false;
            }
            assert!(page.ends_with('\n'), "a page is lines: {page:?}");
            page.lines().for_each(assert_printable);
        }
        self.statistics.count(&setting);
        for (place, row) in self.statistics.changes() {
            assert!(row.parent.is_none_or(|parent| parent < place));
            assert_printable(&row.name);
        }
    }
}

fn assert_printable(line: &str) {
    assert!(!line.contains(char::is_control), "control characters in {line:?}");
}

fn check_filters(dissector: &Dissector, packets: &[&Packet]) {
    use filters::Of;
    for Packet { segment, .. } in packets {
        for of in [Of::User, Of::Room, Of::Exchange, Of::Connection] {
            let filter =
                filters::filter(of, dissector.session(), segment.stream, segment.at.frame, segment.source.port);
            filter.iter().for_each(|filter| assert_printable(filter));
        }
    }
}
