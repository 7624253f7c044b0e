//! Every sentence in every language: that it is there, carries its data and is the language's own.

use std::collections::HashSet;

use super::{Fact, Language, Missing, Note};
use crate::event::{AckedFrames, Closing, Event, Recipient, Reset, Say};
use crate::fields::{Finding, Phase};
use crate::message::json::Reason;
use crate::packet::{Frame, Side};

const CLIENT_PORT: u16 = 60653;
const SERVER_PORT: u16 = 7272;
const TEXT: &str = "hi, all !";

fn note(event: Event<&'static str>, by: Side) -> Note<'static> {
    let text = match event {
        Event::SayRequest(_) | Event::SayDelivery(_) => TEXT,
        _ => "",
    };
    Note { event, text, by, client_port: CLIENT_PORT, server_port: SERVER_PORT }
}

fn acked(frames: &[u32]) -> Event<&'static str> {
    Event::MessagesAcked(AckedFrames::new(frames.iter().copied().map(Frame)).expect("frames"))
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
    let first = Frame(901);
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
        Phase::MessageAcked => vec![
            (acked(&[901]), vec!["901"]),
            (acked(&[901, 902, 903]), vec!["901", "902", "903"]),
            (acked(&[901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 911]), vec!["901", "908", "3"]),
        ],
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
    (Reason::TooDeep, "512"),
    (Reason::TooLong, "10485760"),
    (Reason::TrailingData, ""),
];

/// What a finding's sentences are made of, each with the data that must stand in it.
fn facts(finding: Finding) -> Vec<(Fact<'static>, Vec<&'static str>)> {
    match finding {
        Finding::MalformedJson => [Side::Client, Side::Server]
            .into_iter()
            .flat_map(|by| {
                REASONS.iter().map(move |(reason, shown)| {
                    (Fact::MalformedJson { reason: *reason, offset: 77, by }, vec!["JSON", "77", *shown])
                })
            })
            .collect(),
        Finding::UnknownType => {
            vec![(Fact::UnknownType(Some("dance")), vec!["dance"]), (Fact::UnknownType(None), vec![])]
        }
        Finding::MissingMember => vec![
            (Fact::MissingMember(Missing::Room, "room_id"), vec!["room_id"]),
            (Fact::MissingMember(Missing::Name, "client_name"), vec!["client_name"]),
            (Fact::MissingMember(Missing::Content, "content"), vec!["content"]),
            (Fact::MissingMember(Missing::Recipient, "to_client_id"), vec!["to_client_id"]),
            (Fact::MissingMember(Missing::RecipientName, "to_client_name"), vec!["to_client_name"]),
            (Fact::MissingMember(Missing::FromServer, "time"), vec!["time"]),
        ],
        Finding::SayBeforeLogin => vec![(Fact::SayBeforeLogin, vec![])],
        Finding::NoDelivery => vec![(Fact::NoDelivery, vec![])],
        Finding::NoPong => vec![(Fact::NoPong, vec!["ping"])],
        Finding::BadTime => vec![(Fact::BadTime("noon"), vec!["YYYY-MM-DD HH:MM:SS", "noon"])],
        Finding::UnescapedHtml => vec![(Fact::UnescapedHtml("<script>"), vec!["<script>"])],
        Finding::AcceptMismatch => vec![
            (Fact::AcceptMismatch { expected: "s3pPLMBi", found: Some("AAAA") }, vec!["s3pPLMBi", "AAAA"]),
            (Fact::AcceptMismatch { expected: "s3pPLMBi", found: None }, vec!["s3pPLMBi"]),
        ],
        Finding::UpgradeMissing => {
            vec![(Fact::UpgradeMissing("HTTP/1.1"), vec!["HTTP/1.1", "RFC 6455", "4.1", "nginx"])]
        }
        Finding::HandshakeRefused => vec![(Fact::HandshakeRefused(503), vec!["HTTP", "503"])],
        Finding::UnmaskedClient => vec![(Fact::UnmaskedClient, vec!["RFC 6455", "5.1"])],
        Finding::MaskedServer => vec![(Fact::MaskedServer, vec!["RFC 6455", "5.1"])],
        Finding::Truncated => vec![(Fact::Truncated { captured: 96, reported: 300 }, vec!["96", "300"])],
        Finding::AnotherWay => vec![
            (Fact::AnotherWay { proxy_port: Some(3128) }, vec!["3128"]),
            (Fact::AnotherWay { proxy_port: None }, vec!["TCP", "IP"]),
        ],
        Finding::Internal => vec![(Fact::Internal("boom"), vec!["boom"])],
    }
}

fn all_facts() -> Vec<(Fact<'static>, Vec<&'static str>)> {
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
        check(&format!("{note:?}"), &in_each(|language| language.note(note.clone())), &data);
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
        let english = named(&Language::English.note(note.clone()));
        let by = matches!(note.by, Side::Server) as usize;
        assert!(english[by], "{note:?} names its sender");
        for sentence in in_each(|language| language.note(note.clone())) {
            assert_eq!(named(&sentence), english, "{note:?}: {sentence}");
        }
    }
}

#[test]
fn every_finding_has_a_sentence_with_its_data_in_every_language() {
    for (fact, data) in all_facts() {
        check(&format!("{fact:?}"), &in_each(|language| language.finding(&fact)), &data);
    }
}

#[test]
fn different_things_have_different_sentences() {
    for language in Language::ALL {
        let mut seen = HashSet::new();
        let notes = notes().into_iter().map(|(note, _)| language.note(note.clone()));
        for sentence in notes.chain(all_facts().into_iter().map(|(fact, _)| language.finding(&fact))) {
            assert!(seen.insert(sentence.clone()), "{language:?}, twice: {sentence}");
        }
    }
}

#[test]
fn every_close_code_is_explained_in_every_language() {
    for code in [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013] {
        let closing = |code| note(Event::Close(closing(Some(code), "")), Side::Client);
        let explained = in_each(|language| language.note(closing(code)));
        check(&format!("close code {code}"), &explained, &[&code.to_string()]);
        let bare = in_each(|language| language.note(closing(4000)));
        for (explained, bare) in explained.iter().zip(&bare) {
            assert!(explained.chars().count() > bare.chars().count(), "{explained:?}");
        }
    }
}

#[test]
fn a_close_reason_stands_for_the_codes_meaning() {
    let closing = |code, reason| {
        let sentence = Language::English.note(note(Event::Close(closing(code, reason)), Side::Client));
        sentence.split_once("7272").expect("the server's port").1.to_owned()
    };
    assert_eq!(closing(None, ""), "");
    assert_eq!(closing(Some(4000), ""), " (code 4000)");
    assert_eq!(closing(Some(1000), ""), " (code 1000, normal closure)");
    assert_eq!(closing(Some(1000), "bye"), " (code 1000, bye)");
}

fn users(language: Language, count: usize) -> String {
    let sentence = language.note(note(list(count), Side::Server));
    sentence.rsplit([':', '：']).next().unwrap_or_default().trim().to_owned()
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
    for (count, words) in russian {
        assert_eq!(users(Language::Russian, count), words);
    }
    let counted = |language| [0, 1, 2].map(|count| users(language, count));
    assert_eq!(counted(Language::English), ["0 users", "1 user", "2 users"]);
    assert_eq!(counted(Language::French), ["0 utilisateur", "1 utilisateur", "2 utilisateurs"]);
    assert_eq!(counted(Language::Italian), ["0 utenti", "1 utente", "2 utenti"]);
    assert_eq!(counted(Language::Portuguese), ["0 usuário", "1 usuário", "2 usuários"]);
    assert_eq!(counted(Language::SimplifiedChinese), ["0 个用户", "1 个用户", "2 个用户"]);
    assert_eq!(counted(Language::TraditionalChinese), ["0 位使用者", "1 位使用者", "2 位使用者"]);
}

#[test]
fn acknowledged_frames_are_listed_as_a_person_would() {
    let acknowledged = |language: Language, frames: &[u32]| language.note(note(acked(frames), Side::Client));
    let english = |frames: &[u32]| acknowledged(Language::English, frames).split_off("Browser port 60653 ".len());
    assert_eq!(english(&[9]), "has received the message in frame 9");
    assert_eq!(english(&[9, 11]), "has received the messages in frames 9 and 11");
    assert_eq!(english(&[9, 11, 13]), "has received the messages in frames 9, 11 and 13");
    let nine: Vec<u32> = (1..=9).collect();
    assert_eq!(english(&nine), "has received the messages in frames 1, 2, 3, 4, 5, 6, 7, 8 and 1 more");
    assert_eq!(
        acknowledged(Language::SimplifiedChinese, &[9, 11, 13]),
        "浏览器 60653 端口已收到第 9、11 和 13 帧的消息"
    );
    assert_eq!(
        acknowledged(Language::Russian, &[9, 11, 13]),
        "Браузер (порт 60653) получил сообщения из кадров 9, 11 и 13"
    );
}

#[test]
fn each_language_keeps_its_punctuation() {
    let kept = ["hi, all !", "YYYY-MM-DD HH:MM:SS"];
    for language in Language::ALL {
        let chinese = language.tag().starts_with("zh");
        let notes = notes().into_iter().map(|(note, _)| language.note(note.clone()));
        for mut sentence in notes.chain(all_facts().into_iter().map(|(fact, _)| language.finding(&fact))) {
            kept.iter().for_each(|data| sentence = sentence.replace(data, ""));
            let foreign: &[char] =
                if chinese { &[',', ':', ';', '(', ')'] } else { &['，', '：', '；', '（', '）', '、'] };
            assert!(!sentence.contains(foreign), "{language:?}: {sentence}");
        }
    }
}
