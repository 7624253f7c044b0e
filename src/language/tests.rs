//! What the sentences of all languages have in common is checked here: each has the same data, its own punctuation, and no placeholder.

use std::collections::HashSet;

use super::*;
use crate::event::{Closing, Recipient, Reset, Say};
use crate::fields::{FIELDS, Finding};

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

fn note(event: Event<&'static str>, by: Side) -> Note<'static> {
    // Who says something is known by the name of the connection's user.
    let name = if let Event::SayRequest(say) = &event { say.sender } else { None };
    Note {
        event,
        text: TEXT,
        by: Party { name, ..party(by) },
        other: party(by.other()),
        is_own: false,
        is_anothers: false,
        is_masked: false,
        acked: &[],
        completes: None,
        fault: None,
    }
}

fn say(recipient: Recipient<&'static str>) -> Say<&'static str> {
    Say { sender: Some("mynick"), recipient }
}

/// One of each message that can be acknowledged, with the data that must stand in its words.
fn ackable() -> Vec<(Event<&'static str>, Data)> {
    vec![
        (Event::LoginRequest { name: Some("mynick"), room: None }, vec![]),
        (list(2), vec![]),
        (Event::LoginResult(Some("mynick")), vec![]),
        (Event::LoginNotification(Some("mynick")), vec!["mynick"]),
        (Event::SayRequest(say(Recipient::Everyone)), vec!["mynick"]),
        (Event::LogoutNotification(Some("mynick")), vec!["mynick"]),
        (Event::Ping(None), vec!["ping"]),
        (Event::Pong(None), vec!["pong"]),
        (Event::Unknown { type_name: None, sender: None }, vec![]),
    ]
}

fn acked(frames: &[u32]) -> Vec<Acked<&'static str>> {
    let event = || Event::UserList { users: None, recipient: None };
    frames.iter().map(|frame| Acked { frame: Frame::of(*frame), event: event() }).collect()
}

fn closing(code: Option<u16>, reason: &str) -> Closing {
    Closing { code, reason: reason.into() }
}

type Data = Vec<&'static str>;

fn closings(event: fn(Closing) -> Event<&'static str>) -> Vec<(Event<&'static str>, Data)> {
    vec![
        (event(closing(None, "")), vec![]),
        (event(closing(Some(1000), "")), vec!["1000"]),
        (event(closing(Some(4001), "")), vec!["4001"]),
        (event(closing(Some(1001), "bye")), vec!["1001", "bye"]),
    ]
}

fn people(event: fn(Option<&'static str>) -> Event<&'static str>) -> Vec<(Event<&'static str>, Data)> {
    vec![(event(Some("mynick")), vec!["mynick"]), (event(None), vec![])]
}

fn says(event: fn(Say<&'static str>) -> Event<&'static str>) -> Vec<(Event<&'static str>, Data)> {
    let say = |sender, recipient| event(Say { sender, recipient });
    vec![
        (say(Some("mynick"), Recipient::Everyone), vec!["mynick", TEXT]),
        (say(Some("mynick"), Recipient::Named("anna")), vec!["mynick", "anna", TEXT]),
        (say(Some("mynick"), Recipient::Id("7f00000108fd00000001")), vec!["mynick", "7f00000108fd00000001", TEXT]),
        (say(Some("mynick"), Recipient::Unknown), vec!["mynick", TEXT]),
        (say(None, Recipient::Everyone), vec![TEXT]),
    ]
}

/// The events of a phase, each with the data that must stand in its sentences beside the ports.
fn events(phase: Phase) -> Vec<(Event<&'static str>, Data)> {
    let first = Frame::of(901);
    match phase {
        Phase::TcpSyn => vec![(Event::Syn, vec![]), (Event::SynAgain(first), vec!["901"])],
        Phase::TcpSynAck => vec![(Event::SynAck, vec![]), (Event::SynAckAgain(first), vec!["901"])],
        Phase::TcpAck => vec![(Event::Established, vec![])],
        Phase::TcpFin => vec![(Event::Fin, vec![])],
        Phase::TcpFinAcked => vec![(Event::FinAcked, vec![])],
        Phase::TcpReset => [Reset::Refused, Reset::AfterFins, Reset::Open, Reset::Unknown]
            .map(|reset| (Event::Reset(reset), vec![]))
            .to_vec(),
        Phase::UpgradeRequest => vec![(Event::UpgradeRequest, vec![])],
        Phase::UpgradeRequestAcked => vec![(Event::UpgradeRequestAcked(first), vec!["901"])],
        Phase::UpgradeResponse => vec![(Event::UpgradeAccepted, vec![]), (Event::UpgradeMisaccepted, vec![])],
        Phase::UpgradeComplete => vec![(Event::UpgradeComplete(first), vec!["901"])],
        Phase::UpgradeRefused => vec![(Event::UpgradeRefused(503), vec!["503"])],
        Phase::Close => closings(Event::Close),
        Phase::CloseReply => closings(Event::CloseReply),
        Phase::MessageAcked => {
            let one = |(event, mut data): (_, Data)| {
                data.push("901");
                (Event::MessagesAcked(vec![Acked { frame: first, event }]), data)
            };
            let many = [901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 911];
            let several = [
                (Event::MessagesAcked(acked(&many[..3])), vec!["901", "902", "903"]),
                (Event::MessagesAcked(acked(&many)), vec!["901", "904", "7"]),
            ];
            ackable().into_iter().map(one).chain(several).collect()
        }
        Phase::LoginRequest => vec![
            (Event::LoginRequest { name: Some("mynick"), room: Some("lobby") }, vec!["mynick", "lobby"]),
            (Event::LoginRequest { name: Some("mynick"), room: None }, vec!["mynick"]),
            (Event::LoginRequest { name: None, room: Some("lobby") }, vec!["lobby"]),
        ],
        Phase::UserList => [1, 42].map(|users| (list(users), vec![if users == 1 { "1" } else { "42" }])).to_vec(),
        Phase::LoginResult => people(Event::LoginResult),
        Phase::LoginNotification => people(Event::LoginNotification),
        Phase::SayRequest => says(Event::SayRequest),
        Phase::SayDelivery => says(Event::SayDelivery),
        Phase::LogoutNotification => people(Event::LogoutNotification),
        Phase::Ping => vec![(Event::Ping(None), vec![])],
        Phase::Pong => vec![(Event::Pong(None), vec![])],
        Phase::Unknown => vec![
            (Event::Unknown { type_name: Some("dance"), sender: None }, vec!["dance"]),
            (Event::Unknown { type_name: None, sender: None }, vec![]),
        ],
    }
}

fn list(users: usize) -> Event<&'static str> {
    Event::UserList { users: Some(users), recipient: None }
}

fn notes() -> Vec<(Note<'static>, Data)> {
    let mut notes = Vec::new();
    for (phase, by) in Phase::ALL.iter().flat_map(|phase| [(*phase, Side::Client), (*phase, Side::Server)]) {
        notes.extend(events(phase).into_iter().map(|(event, data)| (note(event, by), data)));
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
                    (FindingDetail::MalformedJson { reason: *reason, near: "a]b", by }, vec!["JSON", "a]b", *shown])
                })
            })
            .collect(),
        Finding::UnknownType => {
            vec![(FindingDetail::UnknownType(Some("dance")), vec!["dance"]), (FindingDetail::UnknownType(None), vec![])]
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
        Finding::UnmaskedClient => vec![(FindingDetail::UnmaskedClient, vec!["RFC 6455", "5.1"])],
        Finding::MaskedServer => vec![(FindingDetail::MaskedServer, vec!["RFC 6455", "5.1"])],
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
fn the_preference_offers_the_languages_in_order() {
    let tags: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
    assert_eq!(tags, ["en", "zh-CN", "zh-TW", "fr", "it", "pt", "ru"]);
    let names: Vec<&str> = Language::ALL.iter().map(|language| language.name()).collect();
    assert_eq!(names, ["English", "简体中文", "繁體中文", "Français", "Italiano", "Português", "Русский"]);
    assert_eq!(Language::default(), Language::English);
}

#[test]
fn every_event_has_a_sentence_with_its_data_in_every_language() {
    for (note, data) in notes() {
        check(&format!("{note:?}"), &in_each(|language| language.note(&note.clone())), &data);
    }
}

#[test]
fn every_phase_is_that_of_its_events() {
    for phase in Phase::ALL {
        assert!(events(*phase).iter().all(|(event, _)| event.phase() == *phase), "{phase:?}");
    }
}

#[test]
fn every_note_names_the_same_ports_in_every_language() {
    for (note, _) in notes() {
        let named = |sentence: &str| [CLIENT_PORT, SERVER_PORT].map(|port| sentence.contains(&port.to_string()));
        let english = named(&Language::English.note(&note.clone()));
        let by = matches!(note.by.side, Side::Server) as usize;
        assert!(english[by], "{note:?} names its sender");
        for sentence in in_each(|language| language.note(&note.clone())) {
            assert_eq!(named(&sentence), english, "{note:?}: {sentence}");
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
        let notes = notes().into_iter().map(|(note, _)| language.note(&note.clone()));
        for sentence in notes.chain(all_facts().into_iter().map(|(detail, _)| language.finding(&detail))) {
            assert!(seen.insert(sentence.clone()), "{language:?}, twice: {sentence}");
        }
    }
}

#[test]
fn every_close_code_is_explained_in_every_language() {
    for code in [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013] {
        let closing = |code| note(Event::Close(closing(Some(code), "")), Side::Client);
        let explained = in_each(|language| language.note(&closing(code)));
        check(&format!("close code {code}"), &explained, &[&code.to_string()]);
        let bare = in_each(|language| language.note(&closing(4000)));
        for (explained, bare) in explained.iter().zip(&bare) {
            assert!(explained.chars().count() > bare.chars().count(), "{explained:?}");
        }
    }
}

#[test]
fn a_close_reason_stands_for_the_codes_meaning() {
    let closing = |code, reason| {
        let sentence = Language::English.note(&note(Event::Close(closing(code, reason)), Side::Client));
        sentence.split_once("7272").expect("the server's port").1.to_owned()
    };
    assert_eq!(closing(None, ""), " a WebSocket close frame");
    assert_eq!(closing(Some(4000), ""), " a WebSocket close frame (code 4000)");
    assert_eq!(closing(Some(1000), ""), " a WebSocket close frame (code 1000: normal closure)");
    assert_eq!(closing(Some(1000), "bye"), " a WebSocket close frame (code 1000: “bye”)");
}

/// How many users are listed, in words: what stands behind the colon, or in the parentheses.
fn users(language: Language, count: usize) -> String {
    let sentence = language.note(&note(list(count), Side::Server));
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
        let counted = |counts: [usize; 3]| counts.map(|count| users(*language, count));
        let expected = match language.tag() {
            "en" => ["0 users", "1 user", "2 users"],
            "fr" => ["0 utilisateur", "1 utilisateur", "2 utilisateurs"],
            "it" => ["0 utenti", "1 utente", "2 utenti"],
            "pt" => ["0 usuário", "1 usuário", "2 usuários"],
            "zh-CN" => ["0 个用户", "1 个用户", "2 个用户"],
            "zh-TW" => ["0 位使用者", "1 位使用者", "2 位使用者"],
            _ => {
                for (count, words) in russian {
                    assert_eq!(users(*language, count), words);
                }
                continue;
            }
        };
        assert_eq!(counted([0, 1, 2]), expected);
    }
}

#[test]
fn acknowledged_messages_are_listed_as_a_person_would() {
    let english = |frames: &[u32]| {
        let sentence = Language::English.note(&note(Event::MessagesAcked(acked(frames)), Side::Client));
        sentence.split_once("received ").expect("what was received").1.to_owned()
    };
    assert_eq!(english(&[9]), "the user list (frame 9)");
    assert_eq!(english(&[9, 11]), "the user list (frame 9) and the user list (frame 11)");
    let nine: Vec<u32> = (1..=9).collect();
    assert_eq!(
        english(&nine),
        "the user list (frame 1), the user list (frame 2), the user list (frame 3), the user list (frame 4) and 5 more messages"
    );
    let five: Vec<u32> = (1..=5).collect();
    assert!(english(&five).ends_with(" and the user list (frame 5)"), "one more takes no more room than its number");
}

/// The ends of a sentence, with and without a name and an address.
fn parties() -> Vec<(Party<'static>, Data)> {
    let client = party(Side::Client);
    vec![
        (client, vec!["60653"]),
        (Party { name: Some("mynick"), ..client }, vec!["mynick", "60653"]),
        (Party { address: Some("10.0.0.9"), ..client }, vec!["10.0.0.9:60653"]),
        (Party { name: Some("mynick"), address: Some("[fe80::9]"), ..client }, vec!["mynick", "[fe80::9]:60653"]),
    ]
}

#[test]
fn no_two_parties_are_called_the_same() {
    for language in Language::ALL {
        let called = parties().into_iter().map(|(by, data)| {
            let sentence = language.note(&Note { by, ..note(Event::Fin, Side::Client) });
            data.iter().for_each(|datum| assert!(sentence.contains(datum), "{sentence}"));
            sentence
        });
        let different: HashSet<String> = called.collect();
        assert_eq!(different.len(), parties().len(), "{different:#?}");
        let address = Party { address: Some("10.0.0.1"), ..party(Side::Server) };
        let sentence = language.note(&Note { other: address, ..note(Event::Fin, Side::Client) });
        assert!(sentence.contains("10.0.0.1:7272"), "{sentence}");
    }
}

#[test]
fn every_title_is_said_in_every_language() {
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
    for (title, data) in titles {
        check(&format!("{title:?}"), &in_each(|language| language.title(&title)), &data);
    }
}

#[test]
fn titles_are_those_of_the_design_in_english() {
    let title = |title| Language::English.title(&title);
    assert_eq!(title(Title::TcpHandshake(Some(1))), "TCP handshake, step 1 of 3");
    assert_eq!(title(Title::WebSocketHandshake), "WebSocket handshake");
    assert_eq!(title(Title::Login(Some("mynick"))), "Login of mynick");
    let say = |sender| Title::Say { sender: Some(sender), recipient: Recipient::Everyone, text: Some("hi,  all !") };
    assert_eq!(title(say("mynick")), "mynick says to everyone: “hi,  all !”");
    assert_eq!(title(say("a says to b: c")), "“a says to b: c” says to everyone: “hi,  all !”");
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
        ackable().into_iter().take(3).map(|(event, _)| Acked { frame: Frame::of(901), event }).collect();
    let note =
        |is_masked, acked, completes| Note { is_masked, acked, completes, ..note(Event::Pong(None), Side::Client) };
    let bare = in_each(|language| language.note(&note(false, &[], None)));
    let completions = [Completion::Login, Completion::Say, Completion::Logout, Completion::Close];
    let notes = [note(true, &[], None), note(false, &acked, None)];
    for note in notes.into_iter().chain(completions.map(|completion| note(false, &[], Some(completion)))) {
        let said = in_each(|language| language.note(&note));
        check(&format!("{note:?}"), &said, if note.acked.is_empty() { &[] } else { &["901", "ACK"] });
        assert!(said.iter().zip(&bare).all(|(said, bare)| said.starts_with(&**bare) && said != bare), "{said:#?}");
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
        (Phrase::Renamed { from: "anna", to: "ben" }, vec!["anna", "ben"]),
        (Phrase::Delivery { to: browser, frame: Frame::of(18), milliseconds: 1.5 }, vec!["anna", "60653", "18", "500"]),
        (
            Phrase::PartOfMessage { by: browser, other: party(Side::Server), completed_in: Frame::of(18) },
            vec!["anna", "60653", "7272", "18"],
        ),
        (Phrase::Acknowledges(&acked), vec!["901", "ACK"]),
    ];
    let topics = Topic::ALL.map(|topic| (Phrase::Topic(topic), vec![]));
    for (phrase, data) in phrases.into_iter().chain(topics) {
        check(&format!("{phrase:?}"), &in_each(|language| language.phrase(&phrase)), &data);
    }
    // Italian says browser and server as English does.
    let sides =
        |language: Language| [Side::Client, Side::Server].map(|side| language.phrase(&Phrase::Word(Word::Side(side))));
    for language in Language::ALL {
        let [browser, server] = sides(*language);
        assert!(!browser.is_empty() && !server.is_empty() && browser != server, "{language:?}");
    }
}

#[test]
fn a_delivery_to_its_own_sender_says_so() {
    for language in Language::ALL {
        let delivery = note(Event::SayDelivery(say(Recipient::Everyone)), Side::Server);
        let own = language.note(&Note { is_own: true, ..delivery.clone() });
        assert_ne!(own, language.note(&delivery));
        let another = language.note(&Note { is_anothers: true, ..delivery.clone() });
        assert!(another != own && another != language.note(&delivery), "{another}");
    }
}

#[test]
fn a_name_that_is_written_from_right_to_left_is_isolated() {
    for language in Language::ALL {
        let sentence = language.note(&note(Event::LoginResult(Some("שלום")), Side::Server));
        assert!(sentence.contains("\u{2068}שלום\u{2069}"), "{sentence}");
        assert!(!language.note(&note(Event::LoginResult(Some("mynick")), Side::Server)).contains('\u{2068}'));
    }
}

#[test]
fn chinese_has_a_space_beside_other_scripts_alone() {
    let title = |tag, user| {
        let language = Language::ALL.iter().find(|language| language.tag() == tag).expect("it is in the table");
        language.title(&Title::Login(Some(user)))
    };
    let titles = |tag, users: [&'static str; 4]| users.map(|user| title(tag, user));
    assert_eq!(titles("zh-CN", ["mynick", "张三", "a b", ""]), ["mynick 登录", "张三登录", "“a b”登录", "“”登录"]);
    assert_eq!(titles("zh-TW", ["mynick", "張三", "a b", ""]), ["mynick 登入", "張三登入", "「a b」登入", "「」登入"]);
}

#[test]
fn a_locale_gives_the_language() {
    let language = |locale| Language::of_locale(locale).map(Language::tag);
    let known = |tag: &'static str| Language::ALL.iter().any(|language| language.tag() == tag).then_some(tag);
    assert_eq!(language("en_US.UTF-8"), Some("en"));
    assert_eq!(language("fr_FR@euro"), known("fr"));
    assert_eq!(language("pt_BR.UTF-8"), known("pt"));
    assert_eq!(["zh_CN.UTF-8", "zh_SG", "zh"].map(language), [known("zh-CN"); 3]);
    assert_eq!(["zh_TW.UTF-8", "zh-Hant-HK", "zh_MO"].map(language), [known("zh-TW"); 3]);
    assert_eq!(["C", "POSIX", "C.UTF-8", "de_DE", "", "english"].map(language), [None; 6]);
}

#[test]
fn each_language_keeps_its_punctuation() {
    let kept = ["hi, all !", "YYYY-MM-DD HH:MM:SS"];
    for language in Language::ALL {
        let chinese = language.tag().starts_with("zh");
        let notes = notes().into_iter().map(|(note, _)| language.note(&note.clone()));
        for mut sentence in notes.chain(all_facts().into_iter().map(|(detail, _)| language.finding(&detail))) {
            kept.iter().for_each(|data| sentence = sentence.replace(data, ""));
            let foreign: &[char] =
                if chinese { &[',', ':', ';', '(', ')'] } else { &['，', '：', '；', '（', '）', '、', '「'] };
            assert!(!sentence.contains(foreign), "{language:?}: {sentence}");
        }
    }
}
