//! What the sentences of all languages have in common is checked here: each has the same data, its own punctuation, and no placeholder.

use std::collections::HashSet;

use super::*;
use std::net::IpAddr;

use crate::event::{Closing, Link, Received, Recipient, frame_samples, samples, texts_of};
use crate::fields::{FIELDS, Finding, Omission};
use crate::packet::Endpoint;

const CLIENT_PORT: u16 = 60653;
const SERVER_PORT: u16 = 7272;
const TEXT: &str = "hi, all !";

fn party(side: Side) -> Party<'static> {
    let port = match side {
        Side::Client => CLIENT_PORT,
        Side::Server => SERVER_PORT,
    };
    Party { side, name: None, address: None, port }
}

/// What a sentence is made of.
#[derive(Debug, Clone)]
struct Sample {
    event: Event,
    by: Side,
    /// The browser's user.
    user: Option<&'static str>,
    /// The browser's address and the server's, where they are needed.
    addresses: Option<[IpAddr; 2]>,
    is_own: bool,
    is_anothers: bool,
    is_masked: bool,
    acked: Vec<Acked<&'static str>>,
    completes: Option<Completed>,
}

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Frame(FrameEvent<&'static str>),
    Message(MessageEvent<&'static str>),
}

impl From<FrameEvent<&'static str>> for Event {
    fn from(event: FrameEvent<&'static str>) -> Event {
        Event::Frame(event)
    }
}

impl From<MessageEvent<&'static str>> for Event {
    fn from(event: MessageEvent<&'static str>) -> Event {
        Event::Message(event)
    }
}

impl Event {
    fn phase(&self) -> Phase {
        match self {
            Event::Frame(event) => event.phase(),
            Event::Message(event) => event.phase(),
        }
    }
}

impl Sample {
    fn in_language(&self, language: Language) -> String {
        let what = match &self.event {
            Event::Frame(event) => Noted::Frame(event),
            Event::Message(event) => Noted::Message(NotedMessage {
                event,
                text: TEXT,
                is_own: self.is_own,
                is_derived: false,
                has_other_text: false,
                readable: "",
                is_anothers: self.is_anothers,
                is_masked: self.is_masked,
                fault: None,
            }),
        };
        let [client, server] = self.addresses.unwrap_or([IpAddr::from([127, 0, 0, 1]); 2]);
        let ends = Ends {
            client: endpoint(client, CLIENT_PORT),
            server: endpoint(server, SERVER_PORT),
            user: self.user,
            need_addresses: self.addresses.is_some(),
        };
        language.note(&Note { what, by: self.by, ends, acked: &self.acked, completes: self.completes })
    }
}

fn endpoint(address: IpAddr, port: u16) -> Endpoint {
    let mut bytes = [0; 16];
    let address_length = match address {
        IpAddr::V4(address) => {
            bytes[..4].copy_from_slice(&address.octets());
            4
        }
        IpAddr::V6(address) => {
            bytes = address.octets();
            16
        }
    };
    Endpoint { address: bytes, address_length, port, chat_port: false }
}

fn note(event: impl Into<Event>, by: Side) -> Sample {
    let event = event.into();
    // Who says something is known by the name of the connection's user.
    let user = match &event {
        Event::Message(MessageEvent::SayRequest { sender, .. }) if by == Side::Client => *sender,
        Event::Message(_) | Event::Frame(_) => None,
    };
    let (acked, completes) = (Vec::new(), None);
    Sample { event, by, user, addresses: None, is_own: false, is_anothers: false, is_masked: false, acked, completes }
}

/// What can be acknowledged, with the data that must stand in its words.
fn ackable() -> Vec<(Received<&'static str>, Data)> {
    let below = [Received::UpgradeRequest, Received::UpgradeResponse, Received::SomeMessage];
    let messages = samples().into_iter().map(|event| {
        let name = match event.row().from {
            // What a browser sends and what only it gets needs no name.
            Some(Side::Client) | None => None,
            Some(Side::Server) => event.sender().filter(|_| event.row().link != Link::Request).copied(),
        };
        (Received::Message(event), name.into_iter().collect())
    });
    below.into_iter().map(|what| (what, vec![])).chain(messages).collect()
}

fn acked(frames: &[u32]) -> Vec<Acked<&'static str>> {
    let what = Received::Message(MessageEvent::UserList { users: None, recipient: None });
    frames.iter().map(|frame| Acked { frame: Frame::of(*frame), what: what.clone() }).collect()
}

fn closing(code: Option<u16>, reason: &str) -> Closing {
    Closing { code, reason: reason.into() }
}

type Data = Vec<&'static str>;

/// An event with the data that must stand in its sentences beside the ports.
fn with_data(event: Event) -> (Event, Data) {
    let data = match &event {
        Event::Frame(event) => match event {
            FrameEvent::SynAgain(_)
            | FrameEvent::SynAckAgain(_)
            | FrameEvent::UpgradeRequestAcked(_)
            | FrameEvent::UpgradeComplete(_)
            | FrameEvent::MessagesAcked(_) => vec!["901"],
            FrameEvent::UpgradeRefused(_) => vec!["502"],
            FrameEvent::Close(closing) | FrameEvent::CloseReply(closing) => match closing.code {
                Some(1001) => vec!["1001"],
                Some(_) => vec!["4000", "gone fishing"],
                None => vec![],
            },
            FrameEvent::Syn
            | FrameEvent::SynAck
            | FrameEvent::Established
            | FrameEvent::Fin
            | FrameEvent::FinAcked
            | FrameEvent::Reset(_)
            | FrameEvent::UpgradeRequest
            | FrameEvent::UpgradeAccepted
            | FrameEvent::UpgradeMisaccepted
            | FrameEvent::UpgradeWithoutSubprotocol => vec![],
        },
        Event::Message(event) => match event {
            MessageEvent::LoginRequest { name, room } => name.iter().chain(room).copied().collect(),
            MessageEvent::UserList { users: Some(_), .. } => vec!["3"],
            MessageEvent::LoginResult { name }
            | MessageEvent::LoginNotification { name }
            | MessageEvent::LogoutNotification { name } => name.iter().copied().collect(),
            MessageEvent::SayRequest { sender, recipient } | MessageEvent::SayDelivery { sender, recipient } => {
                let recipient = match recipient {
                    Recipient::Named(name) | Recipient::Id(name) => Some(*name),
                    Recipient::Everyone | Recipient::Unknown => None,
                };
                sender.iter().copied().chain(recipient).chain([TEXT]).collect()
            }
            MessageEvent::Unknown { type_name, .. } => type_name.iter().copied().collect(),
            MessageEvent::UserList { users: None, .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. } => vec![],
        },
    };
    (event, data)
}

fn list(users: usize) -> MessageEvent<&'static str> {
    MessageEvent::UserList { users: Some(users), recipient: None }
}

fn notes() -> Vec<(Sample, Data)> {
    let events = frame_samples().into_iter().map(Event::from).chain(samples().into_iter().map(Event::from));
    let mut notes = Vec::new();
    for (event, data) in events.map(with_data) {
        // Whom a ping or a list is for, and who sends an unknown message, the sentence leaves to the connection.
        let is_named = match &event {
            Event::Frame(_) => true,
            Event::Message(event) => match event {
                MessageEvent::UserList { recipient: name, .. }
                | MessageEvent::Ping { recipient: name }
                | MessageEvent::Pong { sender: name }
                | MessageEvent::ClientPing { sender: name }
                | MessageEvent::ServerPong { recipient: name }
                | MessageEvent::UnsolicitedPong { sender: name }
                | MessageEvent::Unknown { sender: name, .. } => name.is_some(),
                MessageEvent::LoginRequest { name: None, room: None } => false,
                MessageEvent::LoginRequest { .. }
                | MessageEvent::LoginResult { .. }
                | MessageEvent::LoginNotification { .. }
                | MessageEvent::SayRequest { .. }
                | MessageEvent::SayDelivery { .. }
                | MessageEvent::LogoutNotification { .. } => true,
            },
        };
        let from = match &event {
            Event::Frame(_) => None,
            Event::Message(event) => event.row().from,
        };
        let sides = from.map_or(vec![Side::Client, Side::Server], |only| vec![only]);
        notes.extend(sides.into_iter().filter(|_| is_named).map(|by| (note(event.clone(), by), data.clone())));
    }
    notes
}

const REASONS: &[(Reason, &str)] = &[
    (Reason::Empty, ""),
    (Reason::NotAnObject, ""),
    (Reason::InvalidEscape('s'), ""),
    (Reason::ControlCharacter(b'\t'), ""),
    (Reason::ControlCharacter(b'\n'), ""),
    (Reason::ControlCharacter(0x07), "0x07"),
    (Reason::InvalidUtf8, ""),
    (Reason::LoneSurrogate(0xd83d), "\\ud83d"),
    (Reason::UnterminatedString, ""),
    (Reason::UnexpectedByte(b']'), "]"),
    (Reason::UnexpectedByte(0x80), "0x80"),
    (Reason::UnexpectedEnd, ""),
    (Reason::TooDeep, "511"),
    (Reason::TooLong, "10485760"),
    (Reason::TrailingData, ""),
];

/// What a finding's sentences are made of, each with the data that must stand in it.
fn facts(finding: Finding) -> Vec<(FindingDetail<'static>, Vec<&'static str>)> {
    match finding {
        Finding::MalformedJson => [Side::Client, Side::Server]
            .into_iter()
            .flat_map(|by| {
                REASONS.iter().map(move |(reason, shown)| {
                    (
                        FindingDetail::MalformedJson { reason: *reason, near: "a]b", by: Some(by) },
                        vec!["JSON", "a]b", *shown],
                    )
                })
            })
            .collect(),
        Finding::UnknownType => {
            vec![
                (FindingDetail::UnknownType(Some("dance")), vec!["dance"]),
                (FindingDetail::UnknownType(None), vec![]),
                (FindingDetail::NotAnObject, vec!["JSON"]),
            ]
        }
        Finding::MissingMember => vec![
            (FindingDetail::MissingMember(Missing::Room, "room_id"), vec!["room_id"]),
            (FindingDetail::MissingMember(Missing::Name, "client_name"), vec!["client_name"]),
            (FindingDetail::MissingMember(Missing::Content, "content"), vec!["content"]),
            (FindingDetail::MissingMember(Missing::Recipient, "to_client_id"), vec!["to_client_id"]),
            (FindingDetail::MissingMember(Missing::RecipientName, "to_client_name"), vec!["to_client_name"]),
            (FindingDetail::MissingMember(Missing::FromServer, "time"), vec!["time"]),
        ],
        Finding::SayBeforeLogin => vec![(FindingDetail::SayBeforeLogin, vec![])],
        Finding::NoDelivery => vec![(FindingDetail::NoDelivery, vec![])],
        Finding::NoLoginResult => vec![(FindingDetail::NoLoginResult, vec![])],
        Finding::NoAck => vec![(FindingDetail::NoAck, vec![])],
        Finding::NoPong => vec![(FindingDetail::NoPong, vec!["ping"])],
        Finding::BadTime => vec![(FindingDetail::BadTime("noon"), vec!["YYYY-MM-DD HH:MM:SS", "noon"])],
        Finding::UnescapedHtml => vec![(FindingDetail::UnescapedHtml("<script>"), vec!["<script>"])],
        Finding::AcceptMismatch => vec![
            (FindingDetail::AcceptMismatch { expected: "s3pPLMBi", found: Some("AAAA") }, vec!["s3pPLMBi", "AAAA"]),
            (FindingDetail::AcceptMismatch { expected: "s3pPLMBi", found: None }, vec!["s3pPLMBi"]),
        ],
        Finding::UpgradeMissing => {
            vec![(FindingDetail::UpgradeMissing("HTTP/1.1"), vec!["HTTP/1.1", "RFC 6455", "4.1", "nginx"])]
        }
        Finding::HandshakeRefused => vec![(FindingDetail::HandshakeRefused(503), vec!["HTTP", "503"])],
        Finding::HandshakeCutOff => vec![(FindingDetail::HandshakeCutOff, vec!["WebSocket"])],
        Finding::TlsWithoutKeys => vec![(FindingDetail::TlsWithoutKeys, vec!["TLS", "Wireshark", "tls.keylog_file"])],
        Finding::SubprotocolNotGranted => {
            vec![(FindingDetail::SubprotocolNotGranted, vec!["Sec-WebSocket-Protocol"])]
        }
        Finding::UnmaskedClient => vec![(FindingDetail::UnmaskedClient, vec!["RFC 6455", "5.1"])],
        Finding::MaskedServer => vec![(FindingDetail::MaskedServer, vec!["RFC 6455", "5.1"])],
        Finding::IrregularFrame => vec![
            (FindingDetail::LongLength, vec!["RFC 6455", "5.2"]),
            (FindingDetail::OpcodeOutOfPlace, vec!["RFC 6455", "5.4", "FIN"]),
        ],
        Finding::Truncated => vec![(FindingDetail::Truncated { captured: 96, reported: 300 }, vec!["96", "300"])],
        Finding::AnotherWay => vec![
            (FindingDetail::AnotherWay { proxy_port: Some(3128) }, vec!["3128"]),
            (FindingDetail::AnotherWay { proxy_port: None }, vec!["TCP", "IP"]),
        ],
        Finding::MemoryLimit => vec![
            (FindingDetail::MemoryFull { megabytes: 512 }, vec!["512"]),
            (FindingDetail::TooManyIdle { connections: 262_144 }, vec!["262144"]),
        ],
        Finding::Internal => vec![(FindingDetail::Internal("boom"), vec!["boom"])],
    }
}

fn all_facts() -> Vec<(FindingDetail<'static>, Vec<&'static str>)> {
    Finding::ALL.iter().flat_map(|finding| facts(*finding)).collect()
}

/// Checks the sentences for one thing, in the order of the languages, against the rules that hold for every sentence.
fn check(what: &str, sentences: &[String], data: &[&str]) {
    for sentence in sentences {
        assert!(!sentence.is_empty() && sentence.trim() == sentence, "{what}: {sentence:?}");
        assert!(!sentence.contains(|c: char| c.is_control() || matches!(c, '{' | '}')), "{what}: {sentence:?}");
        assert!(!sentence.contains("  "), "{what}: {sentence:?}");
        for datum in data {
            assert!(sentence.contains(datum), "{what}: no {datum} in {sentence:?}");
        }
    }
    let different: HashSet<&String> = sentences.iter().collect();
    assert_eq!(different.len(), sentences.len(), "{what}: alike in two languages: {sentences:#?}");
}

fn in_each(sentence: impl Fn(Language) -> String) -> Vec<String> {
    Language::ALL.iter().map(|language| sentence(*language)).collect()
}

#[test]
fn every_language_has_a_tag_and_a_name_of_its_own_and_english_is_the_default() {
    for part in [Language::tag, Language::name] {
        let different: HashSet<&str> = Language::ALL.iter().map(|language| part(*language)).collect();
        assert_eq!(different.len(), Language::ALL.len(), "{different:?}");
    }
    assert_eq!(Language::default(), Language::English);
}

#[test]
fn every_event_has_a_sentence_with_its_data_in_every_language() {
    for (note, data) in notes() {
        check(&format!("{note:?}"), &in_each(|language| note.in_language(language)), &data);
    }
}

#[test]
fn every_phase_is_that_of_an_event() {
    for phase in Phase::ALL {
        assert!(notes().iter().any(|(note, _)| note.event.phase() == *phase), "{phase:?}");
    }
}

/// Which of the ports a sentence names.
fn ports_in(sentence: &str) -> [bool; 2] {
    [CLIENT_PORT, SERVER_PORT].map(|port| sentence.contains(&port.to_string()))
}

#[test]
fn every_note_names_the_same_ports_in_every_language() {
    for (note, _) in notes() {
        let english = ports_in(&note.in_language(Language::English));
        let by = matches!(note.by, Side::Server) as usize;
        assert!(english[by], "{note:?} names its sender");
        for sentence in in_each(|language| note.in_language(language)) {
            assert_eq!(ports_in(&sentence), english, "{note:?}: {sentence}");
        }
    }
}

#[test]
fn every_finding_has_a_sentence_with_its_data_in_every_language() {
    for (detail, data) in all_facts() {
        check(&format!("{detail:?}"), &in_each(|language| language.finding(&detail)), &data);
    }
}

#[test]
fn different_things_have_different_sentences() {
    for language in Language::ALL {
        let mut seen = HashSet::new();
        let notes = notes().into_iter().map(|(note, _)| note.in_language(*language));
        for sentence in notes.chain(all_facts().into_iter().map(|(detail, _)| language.finding(&detail))) {
            assert!(seen.insert(sentence.clone()), "{language:?}, twice: {sentence}");
        }
    }
}

#[test]
fn every_close_code_is_explained_in_every_language() {
    for code in [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013] {
        let [explained, bare] = [code, 4000].map(|code| {
            let close = note(FrameEvent::Close(closing(Some(code), "")), Side::Client);
            in_each(|language| close.in_language(language))
        });
        check(&format!("close code {code}"), &explained, &[&code.to_string()]);
        for (explained, bare) in explained.iter().zip(&bare) {
            assert!(explained.chars().count() > bare.chars().count(), "{explained:?}");
        }
    }
}

#[test]
fn a_close_reason_stands_for_the_codes_meaning() {
    for (code, reason, said) in [
        (None, "", " a WebSocket close frame"),
        (Some(4000), "", " a WebSocket close frame (code 4000)"),
        (Some(1000), "", " a WebSocket close frame (code 1000: normal closure)"),
        (Some(1000), "bye", " a WebSocket close frame (code 1000: “bye”)"),
    ] {
        let sentence = note(FrameEvent::Close(closing(code, reason)), Side::Client).in_language(Language::English);
        assert_eq!(sentence.split_once("7272").expect("the server's port").1, said);
    }
}

/// How many users are listed, in words: what stands behind the colon, or in the parentheses.
fn users(language: Language, count: usize) -> String {
    let sentence = note(list(count), Side::Server).in_language(language);
    let words = sentence.rsplit([':', '：']).next().unwrap_or_default();
    words.trim().trim_matches(['(', ')', '（', '）']).to_owned()
}

#[test]
fn counts_have_their_plurals() {
    let russian = [
        (0, "0 пользователей"),
        (1, "1 пользователь"),
        (2, "2 пользователя"),
        (4, "4 пользователя"),
        (5, "5 пользователей"),
        (11, "11 пользователей"),
        (14, "14 пользователей"),
        (21, "21 пользователь"),
        (22, "22 пользователя"),
        (25, "25 пользователей"),
        (101, "101 пользователь"),
        (111, "111 пользователей"),
        (112, "112 пользователей"),
    ];
    for language in Language::ALL {
        let expected = match language.tag() {
            "en" => ["0 users", "1 user", "2 users"],
            "fr" => ["0 utilisateur", "1 utilisateur", "2 utilisateurs"],
            "it" => ["0 utenti", "1 utente", "2 utenti"],
            "pt" => ["0 usuário", "1 usuário", "2 usuários"],
            "zh-CN" => ["0 个用户", "1 个用户", "2 个用户"],
            "zh-TW" => ["0 位使用者", "1 位使用者", "2 位使用者"],
            "ru" => {
                for (count, words) in russian {
                    assert_eq!(users(*language, count), words);
                }
                continue;
            }
            tag => panic!("this test has no plurals in {tag}"),
        };
        assert_eq!([0, 1, 2].map(|count| users(*language, count)), expected);
    }
}

/// What is acknowledged of these frames, in English.
fn received(frames: &[u32]) -> String {
    let sentence = note(FrameEvent::MessagesAcked(acked(frames)), Side::Client).in_language(Language::English);
    sentence.split_once("received ").expect("what was received").1.to_owned()
}

#[test]
fn acknowledged_messages_are_listed_as_a_person_would() {
    assert_eq!(received(&[9]), "the user list (frame 9)");
    assert_eq!(received(&[9, 11]), "the user list (frame 9) and the user list (frame 11)");
    let nine: Vec<u32> = (1..=9).collect();
    assert_eq!(
        received(&nine),
        "the user list (frame 1), the user list (frame 2), the user list (frame 3), the user list (frame 4) and 5 more messages"
    );
    let five: Vec<u32> = (1..=5).collect();
    assert!(received(&five).ends_with(" and the user list (frame 5)"), "one more takes no more room than its number");
}

/// The browser of a sentence, with and without a name and an address.
fn browsers() -> Vec<(Sample, Data)> {
    let plain = note(FrameEvent::Fin, Side::Client);
    let server = IpAddr::from([10, 0, 0, 1]);
    let four = Some([IpAddr::from([10, 0, 0, 9]), server]);
    let six = Some([IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 9]), server]);
    vec![
        (plain.clone(), vec!["60653"]),
        (Sample { user: Some("mynick"), ..plain.clone() }, vec!["mynick", "60653"]),
        (Sample { addresses: four, ..plain.clone() }, vec!["10.0.0.9:60653", "10.0.0.1:7272"]),
        (Sample { user: Some("mynick"), addresses: six, ..plain }, vec!["mynick", "[fe80::9]:60653", "10.0.0.1:7272"]),
    ]
}

#[test]
fn no_two_parties_are_called_the_same() {
    for language in Language::ALL {
        let called = browsers().into_iter().map(|(note, data)| {
            let sentence = note.in_language(*language);
            data.iter().for_each(|datum| assert!(sentence.contains(datum), "{sentence}"));
            sentence
        });
        let different: HashSet<String> = called.collect();
        assert_eq!(different.len(), browsers().len(), "{different:#?}");
    }
}

#[test]
fn every_title_is_said_in_every_language() {
    let of_messages = samples().into_iter().filter(|event| event.row().completes.is_some()).map(|event| {
        let names = texts_of(&event).into_iter().filter(|name| *name != "7").collect();
        (event.exchange(None), names)
    });
    let titles: Vec<(Title, Data)> = vec![
        (Title::TcpHandshake(Some(1)), vec!["TCP"]),
        (Title::TcpHandshake(None), vec!["TCP"]),
        (Title::WebSocketHandshake, vec!["WebSocket"]),
        (Title::Login(Some("mynick")), vec!["mynick"]),
        (Title::Login(None), vec![]),
        (Title::Say { sender: Some("mynick"), recipient: Recipient::Everyone, text: Some(TEXT) }, vec!["mynick", TEXT]),
        (
            Title::Say { sender: Some("mynick"), recipient: Recipient::Named("anna"), text: None },
            vec!["mynick", "anna"],
        ),
        (Title::Say { sender: None, recipient: Recipient::Unknown, text: None }, vec![]),
        (Title::Heartbeat(Some("mynick")), vec!["mynick"]),
        (Title::Heartbeat(None), vec![]),
        (Title::Logout(Some("mynick")), vec!["mynick"]),
        (Title::Logout(None), vec![]),
        (Title::Close, vec![]),
        (Title::Unknown, vec![]),
    ];
    for (title, data) in titles.into_iter().chain(of_messages) {
        check(&format!("{title:?}"), &in_each(|language| language.title(&title)), &data);
    }
}

#[test]
fn titles_are_those_of_the_design_in_english() {
    let text = Some("hi,  all !");
    for (title, said) in [
        (Title::TcpHandshake(Some(1)), "TCP handshake, step 1 of 3"),
        (Title::WebSocketHandshake, "WebSocket handshake"),
        (Title::Login(Some("mynick")), "Login of mynick"),
        (
            Title::Say { sender: Some("mynick"), recipient: Recipient::Everyone, text },
            "mynick says to everyone: “hi,  all !”",
        ),
        (
            Title::Say { sender: Some("a says to b: c"), recipient: Recipient::Everyone, text },
            "“a says to b: c” says to everyone: “hi,  all !”",
        ),
    ] {
        assert_eq!(Language::English.title(&title), said);
    }
}

#[test]
fn every_phase_has_a_name_of_its_own_in_every_language() {
    for phase in Phase::ALL {
        check(&format!("{phase:?}"), &in_each(|language| language.phase(*phase).to_owned()), &[]);
    }
    for language in Language::ALL {
        let names: HashSet<&str> = Phase::ALL.iter().map(|phase| language.phase(*phase)).collect();
        assert_eq!(names.len(), Phase::ALL.len(), "{language:?}");
    }
}

#[test]
fn every_field_has_a_label_in_every_language() {
    for (at, spec) in FIELDS.iter().enumerate() {
        let field = Field::ALL[at];
        for language in Language::ALL {
            let label = language.label(field);
            assert!(!label.is_empty() && label.trim() == label, "{language:?}, {}: {label:?}", spec.name);
        }
    }
}

#[test]
fn every_clause_and_phrase_is_said_in_every_language() {
    let acked: Vec<Acked<&str>> =
        ackable().into_iter().take(3).map(|(what, _)| Acked { frame: Frame::of(901), what }).collect();
    let bare = note(MessageEvent::Pong { sender: None }, Side::Client);
    let without = in_each(|language| bare.in_language(language));
    let of_messages = samples().into_iter().filter_map(|event| event.row().completes);
    let completions: HashSet<Completion> = of_messages.chain([Completion::Close]).collect();
    let completed = completions.into_iter().flat_map(|what| {
        let frame = (what != Completion::Close).then_some(Frame::of(901));
        let plain = Completed { what, frame: None, is_alone: false };
        [plain, Completed { is_alone: what == Completion::Login, ..plain }, Completed { frame, ..plain }]
    });
    let completed = completed.map(|completed| Sample { completes: Some(completed), ..bare.clone() });
    let notes = [Sample { is_masked: true, ..bare.clone() }, Sample { acked: acked.clone(), ..bare.clone() }];
    for note in notes.into_iter().chain(completed) {
        let said = in_each(|language| note.in_language(language));
        let names_frame = note.completes.is_some_and(|completed| completed.frame.is_some());
        let data: &[&str] = if names_frame { &["901"] } else { &[] };
        check(&format!("{note:?}"), &said, if note.acked.is_empty() { data } else { &["901", "ACK"] });
        assert!(said.iter().zip(&without).all(|(said, bare)| said.starts_with(&**bare) && said != bare), "{said:#?}");
    }
    let browser = Party { name: Some("anna"), ..party(Side::Client) };
    let phrases: Vec<(Phrase, Data)> = vec![
        (Phrase::All, vec![]),
        (Phrase::NotJson, vec!["JSON"]),
        (Phrase::Login, vec![]),
        (Phrase::Room("lobby"), vec!["lobby"]),
        (Phrase::UserList(3), vec!["3"]),
        (Phrase::More(17), vec!["17"]),
        (Phrase::NoMessages, vec![]),
        (Phrase::Formerly { name: "anna", former: "ben" }, vec!["anna", "ben"]),
        (Phrase::Word(Word::User), vec![]),
        (Phrase::Word(Word::Room), vec![]),
        (Phrase::Word(Word::Began), vec![]),
        (Phrase::Word(Word::Duration), vec![]),
        (Phrase::Word(Word::End), vec![]),
        (Phrase::Word(Word::Open), vec![]),
        (Phrase::LogsIn(Some("anna")), vec!["anna"]),
        (Phrase::LogsIn(None), vec![]),
        (Phrase::Renamed { from: "anna", to: "ben" }, vec!["anna", "ben"]),
        (Phrase::Delivery { to: browser, frame: Frame::of(18), milliseconds: 1.5 }, vec!["anna", "60653", "18", "500"]),
        (
            Phrase::PartOfMessage { by: browser, other: party(Side::Server), completed_in: Frame::of(18) },
            vec!["anna", "60653", "7272", "18"],
        ),
        (Phrase::PolicyRequest { by: browser, other: party(Side::Server) }, vec!["60653", "7272", "Flash"]),
        (Phrase::PolicyFile { by: party(Side::Server), other: browser }, vec!["60653", "7272", "Flash"]),
        (Phrase::Acknowledges(&acked), vec!["901", "ACK"]),
        (Phrase::BytesMissing { of: Some(browser), before: Frame::of(92) }, vec!["anna", "60653", "92"]),
        (Phrase::BytesMissing { of: None, before: Frame::of(92) }, vec!["92"]),
    ];
    let why = Omission::ALL.iter().filter(|why| **why != Omission::OthersBytesMissing); // in the same words as the first
    let phrases = phrases.into_iter().chain(why.map(|why| (Phrase::LeftOut(*why), vec![])));
    let topics = Topic::ALL.map(|topic| (Phrase::Topic(topic), vec![]));
    let columns = Column::ALL.map(|title| (Phrase::Column(title), vec![]));
    let commands = Command::ALL.map(|command| (Phrase::Command(command), vec![]));
    for (phrase, data) in phrases.chain(topics).chain(columns).chain(commands) {
        check(&format!("{phrase:?}"), &in_each(|language| language.phrase(&phrase)), &data);
    }
    // Italian says browser and server as English does.
    for language in Language::ALL {
        let sides = [Word::Side(Side::Client), Word::Side(Side::Server)];
        let [browser, server] = sides.map(|side| language.phrase(&Phrase::Word(side)));
        assert!(!browser.is_empty() && !server.is_empty() && browser != server, "{language:?}");
    }
}

#[test]
fn every_text_of_the_page_is_said_in_every_language() {
    let flags = [
        (Flag::Syn, "SYN"),
        (Flag::SynAck, "SYN+ACK"),
        (Flag::Ack, "ACK"),
        (Flag::Push, "PSH"),
        (Flag::PushAck, "PSH+ACK"),
        (Flag::FinAck, "FIN+ACK"),
        (Flag::Reset, "RST"),
    ];
    let mut texts: Vec<(PageText, Data)> =
        flags.into_iter().map(|(flag, name)| (PageText::Flag(flag), vec![name])).collect();
    texts.extend([
        (PageText::Legend, vec![]),
        (PageText::Totals { connections: 7, logins: 8, says: 9 }, vec!["7", "8", "9"]),
        (PageText::Hexadecimal, vec!["tcpdump -XAns 4096"]),
        (PageText::NoPacket, vec!["workerman-chat", "README.md"]),
        (PageText::NothingMatches, vec!["workerman-chat"]),
        (PageText::Title, vec![]),
        (PageText::SkipToPackets, vec![]),
        (PageText::Contents, vec![]),
        (PageText::Conversation, vec![]),
        (PageText::DeliveryTimes, vec![]),
        (PageText::MessagesPerMinute, vec![]),
        (PageText::Users, vec![]),
        (PageText::Packets, vec![]),
        (PageText::Packet(Frame::of(15)), vec!["15"]),
    ]);
    for count in [1, 2, 21] {
        texts.push((PageText::NotDrawn(count), vec![]));
        texts.push((PageText::Deliveries { count, mean: "17 ms", slowest: "99 ms" }, vec!["17 ms"]));
        texts.push((PageText::Messages { count, most: "8" }, vec![]));
    }
    for (text, data) in texts {
        check(&format!("{text:?}"), &in_each(|language| language.page(&text)), &data);
    }
}

#[test]
fn what_is_acknowledged_is_named_in_every_language() {
    for (what, mut data) in ackable() {
        // Russian has one word for a message that is said and for any other.
        let is_plain = match &what {
            Received::SomeMessage | Received::Message(MessageEvent::Unknown { .. }) => true,
            Received::Message(
                MessageEvent::SayRequest { sender: None, .. } | MessageEvent::SayDelivery { sender: None, .. },
            ) => {
                continue;
            }
            Received::Message(_) | Received::UpgradeRequest | Received::UpgradeResponse => false,
        };
        let acked = vec![Acked { frame: Frame::of(901), what }];
        let said =
            in_each(|language| note(FrameEvent::MessagesAcked(acked.clone()), Side::Client).in_language(language));
        data.push("901");
        check(&format!("{acked:?}"), &said, &data);
        let some = vec![Acked { frame: Frame::of(901), what: Received::SomeMessage }];
        let plain =
            in_each(|language| note(FrameEvent::MessagesAcked(some.clone()), Side::Client).in_language(language));
        assert!(said.iter().zip(&plain).all(|(said, plain)| (said == plain) == is_plain), "{acked:?}: {said:#?}");
    }
}

#[test]
fn a_delivery_to_its_own_sender_says_so() {
    for language in Language::ALL {
        let everyone = MessageEvent::SayDelivery { sender: Some("mynick"), recipient: Recipient::Everyone };
        let delivery = note(everyone, Side::Server);
        let own = Sample { is_own: true, ..delivery.clone() }.in_language(*language);
        let plain = delivery.in_language(*language);
        assert_ne!(own, plain);
        let another = Sample { is_anothers: true, ..delivery }.in_language(*language);
        assert!(another != own && another != plain, "{another}");
    }
}

#[test]
fn a_name_that_is_written_from_right_to_left_is_isolated() {
    for language in Language::ALL {
        let [isolated, plain] = ["שלום", "mynick"]
            .map(|name| note(MessageEvent::LoginResult { name: Some(name) }, Side::Server).in_language(*language));
        assert!(isolated.contains("\u{2068}שלום\u{2069}"), "{isolated}");
        assert!(!plain.contains('\u{2068}'));
    }
}

#[test]
fn chinese_has_a_space_beside_other_scripts_alone() {
    for (tag, users, titles) in [
        ("zh-CN", ["mynick", "张三", "a b", ""], ["mynick 登录", "张三登录", "“a b”登录", "“”登录"]),
        ("zh-TW", ["mynick", "張三", "a b", ""], ["mynick 登入", "張三登入", "「a b」登入", "「」登入"]),
    ] {
        let language = Language::ALL.iter().find(|language| language.tag() == tag).expect("it is in the table");
        assert_eq!(users.map(|user| language.title(&Title::Login(Some(user)))), titles);
    }
}

#[test]
fn a_locale_gives_the_language() {
    for (locales, tag) in [
        (&["en_US.UTF-8"][..], "en"),
        (&["fr_FR@euro"], "fr"),
        (&["pt_BR.UTF-8"], "pt"),
        (&["zh_CN.UTF-8", "zh_SG", "zh"], "zh-CN"),
        (&["zh_TW.UTF-8", "zh-Hant-HK", "zh_MO"], "zh-TW"),
        (&["C", "POSIX", "C.UTF-8", "tlh_KL", "", "english"], "none"),
    ] {
        let known = Language::ALL.iter().find(|language| language.tag() == tag).copied();
        for locale in locales {
            assert_eq!(Language::of_locale(locale), known, "{locale}");
        }
    }
}

#[test]
fn each_language_keeps_its_punctuation() {
    let kept = ["hi, all !", "YYYY-MM-DD HH:MM:SS"];
    for language in Language::ALL {
        let chinese = language.tag().starts_with("zh");
        let notes = notes().into_iter().map(|(note, _)| note.in_language(*language));
        for mut sentence in notes.chain(all_facts().into_iter().map(|(detail, _)| language.finding(&detail))) {
            kept.iter().for_each(|data| sentence = sentence.replace(data, ""));
            let foreign: &[char] =
                if chinese { &[',', ':', ';', '(', ')'] } else { &['，', '：', '；', '（', '）', '、', '「'] };
            assert!(!sentence.contains(foreign), "{language:?}: {sentence}");
        }
    }
}
