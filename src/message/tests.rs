//! What is read from messages, and what is not taken for one.

use std::borrow::Cow;

use super::reading::*;
use super::table::{FORMS, Kind, Need};
use super::*;
use crate::packet::Side;
use MemberName::*;
use Side::{Client as FromClient, Server as FromServer};
use hashbrown::DefaultHashBuilder;

/// The document lives as long as the test.
fn message(bytes: &[u8], sender: Side) -> Message<'static> {
    Message::of(Box::leak(Box::new(read(bytes.to_vec().leak()))), sender, false)
}

fn from_client(text: &str) -> Message<'static> {
    message(text.as_bytes(), FromClient)
}

fn from_server(text: &str) -> Message<'static> {
    message(text.as_bytes(), FromServer)
}

fn kind(message: &Message) -> Option<Kind> {
    message.form.map(|form| form.kind)
}

fn content<'d>(message: &Message<'d>) -> super::Content<'d> {
    message.content(&DefaultHashBuilder::default())
}

fn unknown(type_name: Option<&str>) -> super::Content<'_> {
    super::Content::Unknown(super::Unknown { type_name: type_name.map(Cow::Borrowed), ..super::Unknown::default() })
}

fn missing(message: &Message) -> Vec<MemberName> {
    message.missing(None).collect()
}

const ID: &str = "7f00000108fd00000001";

/// One message of each kind and dialect, with the form that the real servers and pages send.
#[rustfmt::skip]
const CHAT: &[(Side, Kind, Option<Dialect>, &str)] = &[
    (FromServer, Kind::UserList, Some(Dialect::A2014), r#"{"type":"user_list","user_list":[{"uid":783654164,"name":"\u732a\u732a"},{"uid":783700053,"name":"mynick"}]}"#),
    (FromServer, Kind::UserList, Some(Dialect::A2014), r#"{"type":"user_list","user_list":[{"code":1,"name":"mynick"}]}"#),
    (FromServer, Kind::Login, Some(Dialect::A2014), r#"{"type":"login","uid":783700053,"name":"mynick","time":"2014-08-12 17:50:30"}"#),
    (FromClient, Kind::SayRequest, Some(Dialect::A2014), r#"{"type":"say","to_uid":"all","content":"hi,  all !"}"#),
    (FromClient, Kind::SayRequest, Some(Dialect::A2014), r#"{"type":"say","to_uid":"783654164","content":""}"#),
    (FromServer, Kind::SayDelivery, Some(Dialect::A2014), r#"{"type":"say","from_uid":783700053,"to_uid":"all","content":"hi,  all !","time":"2014-08-12 :51:02"}"#),
    (FromServer, Kind::Logout, Some(Dialect::A2014), r#"{"type":"logout","uid":783700053,"time":"2014-08-12 17:50:30"}"#),
    (FromClient, Kind::LoginRequest, Some(Dialect::B2015), r#"{"type":"re_login","client_name":"再来","room_id":1}"#),
    (FromServer, Kind::Login, Some(Dialect::B2015), r#"{"type":"login","client_id":1,"client_name":"mynick","client_list":[{"client_id":1,"client_name":"mynick"}],"time":"2026-11-20 07:28:50"}"#),
    (FromServer, Kind::Login, Some(Dialect::B2015), r#"{"type":"re_login","client_id":3,"client_name":"x","client_list":[{"client_id":3,"client_name":"x"}],"time":"2026-11-20 07:28:50"}"#),
    (FromClient, Kind::SayRequest, Some(Dialect::B2015), r#"{"type":"say","to_client_id":1,"to_client_name":"mynick","content":"psst"}"#),
    (FromServer, Kind::SayDelivery, Some(Dialect::B2015), r#"{"type":"say","from_client_id":2,"from_client_name":"x","to_client_id":1,"content":"psst","time":"2026-11-20 07:28:51"}"#),
    (FromServer, Kind::Logout, Some(Dialect::B2015), r#"{"type":"logout","from_client_id":2,"from_client_name":"x","client_list":[{"client_id":1,"client_name":"mynick"}],"time":"2026-11-20 07:29:15"}"#),
    (FromClient, Kind::LoginRequest, None, r#"{"type":"login","client_name":"mynick","room_id":1}"#),
    (FromClient, Kind::LoginRequest, None, r#"{"type":"login","client_name":"mynick","room_id":"lobby"}"#),
    (FromClient, Kind::SayRequest, None, r#"{"type":"say","to_client_id":"all","to_client_name":"所有人","content":"hi, all !"}"#),
    (FromClient, Kind::SayRequest, Some(Dialect::C2016), r#"{"type":"say","to_client_id":"7f00000108fc00000001","to_client_name":"x","content":"only for you"}"#),
    (FromServer, Kind::Login, Some(Dialect::C2016), r#"{"type":"login","client_id":"7f00000108fd00000001","client_name":"mynick","time":"2026-11-20 07:20:19","client_list":{"7f00000108fd00000001":"mynick"}}"#),
    (FromServer, Kind::Login, Some(Dialect::C2016), r#"{"type":"login","client_id":"7f00000108fd00000001","client_name":"mynick","time":"2026-11-20 07:20:19","client_list":[]}"#),
    (FromServer, Kind::Login, Some(Dialect::C2016), r#"{"type":"login","client_id":"7f00000108fc00000001","client_name":"x","time":"2026-11-20 07:20:20"}"#),
    (FromServer, Kind::SayDelivery, Some(Dialect::C2016), r#"{"type":"say","from_client_id":"7f00000108fd00000001","from_client_name":"mynick","to_client_id":"all","content":"hi, all !","time":"2026-11-20 07:20:22"}"#),
    (FromServer, Kind::Logout, Some(Dialect::C2016), r#"{"type":"logout","from_client_id":"7f00000108fd00000003","from_client_name":"late","time":"2026-11-20 07:20:38"}"#),
];

#[test]
fn each_message_of_the_chat_is_known_by_kind_and_dialect_and_proves_the_chat() {
    for (sender, expected, dialect, text) in CHAT {
        let message = message(text.as_bytes(), *sender);
        assert_eq!((kind(&message), message.dialect), (Some(*expected), *dialect), "{text}");
        assert_eq!(message.evidence(), Evidence::Dialect, "{text}");
        assert_eq!(message.fault(), None, "{text}");
        assert_eq!(missing(&message), [], "{text}");
        assert_eq!(message.bad_time(None), None, "{text}");
    }
}

#[test]
fn every_row_of_the_table_has_an_example() {
    for form in FORMS {
        for shape in form.shapes {
            // A message that other applications send too does not decide its dialect.
            let dialect = Some(shape.dialect).filter(|_| shape.distinctive);
            let is_example = |(sender, kind, found, _): &&(Side, Kind, Option<Dialect>, &str)| {
                (*sender, *kind) == (form.sender, form.kind)
                    && (found.is_none() || dialect.is_none() || *found == dialect)
            };
            let has_example = !shape.distinctive || CHAT.iter().any(|example| is_example(&example));
            assert!(has_example, "CHAT has no {:?} of {:?}", form.kind, shape.dialect);
        }
    }
}

#[test]
fn no_message_of_the_chat_proves_it_from_the_wrong_side() {
    for (sender, _, _, text) in CHAT {
        let other = if *sender == FromClient { FromServer } else { FromClient };
        assert_ne!(message(text.as_bytes(), other).evidence(), Evidence::Dialect, "{text}");
    }
}

#[test]
fn any_order_of_members_is_the_same_message() {
    let message = from_server(
        r#"{"time":"2026-11-20 07:20:20","client_name":"x","client_id":"7f00000108fd00000001","type":"login"}"#,
    );
    assert_eq!((kind(&message), message.evidence()), (Some(Kind::Login), Evidence::Dialect));
}

#[test]
fn every_message_of_the_chat_is_likely_wherever_it_is_cut() {
    for (sender, _, _, text) in CHAT {
        let after_type = text.find(',').unwrap();
        for cut in after_type..text.len() {
            let message = message(&text.as_bytes()[..cut], *sender);
            assert!(message.fault().is_some());
            assert_eq!(message.evidence(), Evidence::Likely, "{}", &text.as_bytes()[..cut].escape_ascii());
        }
    }
}

/// Messages of other applications; those of the second part could be the chat's by what they say.
fn foreign_messages() -> (Vec<&'static str>, Vec<&'static str>) {
    let all = include_str!("foreign_messages.txt");
    let (clear, twins) = all.split_at(all.find("# Twins").unwrap());
    let messages = |part: &'static str| part.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    (messages(clear), messages(twins))
}

fn evidence(text: &str) -> [Evidence; 2] {
    [from_client(text).evidence(), from_server(text).evidence()]
}

#[test]
fn no_message_of_another_application_proves_the_chat() {
    let (clear, twins) = foreign_messages();
    assert!(clear.len() >= 200);
    for text in clear.iter().chain(&twins) {
        assert!(!evidence(text).contains(&Evidence::Dialect), "{text}");
    }
}

#[test]
fn only_twins_of_the_chats_messages_are_likely_where_the_chat_is_expected() {
    let (clear, twins) = foreign_messages();
    for text in clear {
        assert!(!evidence(text).contains(&Evidence::Likely), "{text}");
    }
    for text in twins {
        assert!(evidence(text).contains(&Evidence::Likely), "{text}");
    }
}

#[test]
fn a_message_without_telling_members_is_only_likely() {
    assert_eq!(from_client(r#"{"type":"login","name":"x"}"#).evidence(), Evidence::Likely);
    assert_eq!(from_client(r#"{"type":"say","content":"x"}"#).evidence(), Evidence::Likely);
    assert_eq!(from_server(r#"{"type":"ping"}"#).evidence(), Evidence::Likely);
    assert_eq!(from_client(r#"{"type":"pong"}"#).evidence(), Evidence::Likely);
}

#[test]
fn a_heartbeat_from_the_wrong_side_says_nothing() {
    assert_eq!(from_client(r#"{"type":"ping"}"#).evidence(), Evidence::Unknown);
    assert_eq!(from_server(r#"{"type":"pong"}"#).evidence(), Evidence::Unknown);
}

#[test]
fn an_unknown_member_makes_a_message_of_the_chat_likely() {
    let message = from_client(r#"{"type":"login","client_name":"x","room_id":1,"avatar":"cat.png"}"#);
    assert_eq!(message.evidence(), Evidence::Likely);
    assert_eq!(message.get(Other).unwrap().display(), "avatar: cat.png");
}

#[test]
fn what_is_no_object_or_has_no_type_is_foreign() {
    for text in ["", " ", "42", "[1]", "{}", r#"{"type":1}"#, r#"{"content":"x"}"#, "hello", "{", "{\"typ"] {
        assert_eq!(from_client(text).evidence(), Evidence::Foreign, "{text}");
    }
}

#[test]
fn an_unknown_type_says_nothing() {
    assert_eq!(from_client(r#"{"type":"dance","content":"x"}"#).evidence(), Evidence::Unknown);
    assert_eq!(content(&from_client(r#"{"type":"dance"}"#)), unknown(Some("dance")));
}

#[test]
fn each_field_has_the_bytes_of_its_value() {
    let text = r#"{ "type" : "say", "to_uid": 12 , "content":"a\"\u4f60", "x":[1, {"y":null}], "time":true }"#;
    let message = from_client(text);
    let fields: Vec<_> = message.fields().map(|f| (f.name, &text[f.span.clone()], f.display(), f.json_type)).collect();
    assert_eq!(
        fields,
        [
            (Type, r#""say""#, "say".into(), JsonType::String),
            (ToClientId, "12", "12".into(), JsonType::Number),
            (Content, r#""a\"\u4f60""#, "a\"你".into(), JsonType::String),
            (Other, r#"[1, {"y":null}]"#, r#"x: [1, {"y":null}]"#.into(), JsonType::Other),
            (Time, "true", "true".into(), JsonType::Other),
        ]
    );
}

#[test]
fn of_a_member_that_is_there_twice_the_last_counts() {
    let message = from_client(r#"{"type":"ping","type":"say","content":"a","content":"b"}"#);
    assert_eq!(kind(&message), Some(Kind::SayRequest));
    assert_eq!(message.value(Content), Some("b"));
    assert_eq!(message.fields().count(), 4);
}

#[test]
fn of_many_members_the_last_counts_wherever_it_is() {
    let others: Vec<_> = (0..20).map(|at| format!(r#""x{at}":"\u4f60","content":"c\n{at}""#)).collect();
    let text = format!(r#"{{"content":"first","to_uid":7,{},"type":"say","time":"\u0031"}}"#, others.join(","));
    let message = from_client(&text);
    assert_eq!(kind(&message), Some(Kind::SayRequest));
    let values = [Content, Time, ToClientId, RoomId].map(|name| message.value(name));
    assert_eq!(values, [Some("c\n19"), Some("1"), Some("7"), None]);
    assert_eq!(message.get(Other).unwrap().display(), "x19: 你");
    assert_eq!(message.fields().count(), 44);
    assert_eq!(message.fields().filter(|field| field.name == Content).last(), message.get(Content));
}

#[test]
fn only_the_last_list_is_drawn_as_one() {
    let message = from_server(r#"{"type":"login","client_list":{"a":"b"},"user_list":[],"client_list":[{}]}"#);
    let drawn: Vec<_> = message.fields().map(|field| field.display().into_owned()).collect();
    assert_eq!(drawn, ["login", r#"client_list: {"a":"b"}"#, "user_list: []"]);
    assert_eq!(message.client_list().unwrap().len(), 1);
}

#[test]
fn of_a_long_list_each_user_is_read_when_it_is_asked_for() {
    let users: Vec<_> = (0..200_000).map(|at| format!(r#""7f00000108fd{at:08x}":"n{at}""#)).collect();
    let text = format!(r#"{{"type":"login","client_list":{{{}}}}}"#, users.join(","));
    let document = read(text.as_bytes());
    let list = Message::of(&document, FromServer, false).client_list().unwrap();
    assert_eq!((list.len(), list.is_empty()), (200_000, false));
    let ends: Vec<_> = list.users().take(3).map(|user| user.name.unwrap().span.end).collect();
    assert_eq!(ends, [58, 86, 114]);
    assert_eq!(list.users().last().unwrap().name.unwrap().text, "n199999");
}

#[test]
fn a_list_of_users_has_the_bytes_of_each_id_and_name() {
    let text = r#"{"type":"login","client_list":{"7f00000108fd00000001":"a","7f00000108fd00000002":"\u4f60"}}"#;
    let list = from_server(text).client_list().unwrap();
    assert!(list.keyed);
    assert_eq!(&text[list.span.clone()], &text[30..text.len() - 1]);
    let shown: Vec<_> = list.users().map(|user| (user.id.unwrap(), user.name.unwrap())).collect();
    assert_eq!(shown[0].0.text, ID);
    assert_eq!(&text[shown[0].0.span.clone()], r#""7f00000108fd00000001""#);
    assert_eq!(shown[1].1.text, "你");
    assert_eq!(&text[shown[1].1.span.clone()], r#""\u4f60""#);
}

#[test]
fn users_of_every_dialect_are_listed() {
    for user in [r#"{"uid":7,"name":"a"}"#, r#"{"code":7,"name":"a"}"#, r#"{"client_id":7,"client_name":"a"}"#] {
        let list = from_server(&format!(r#"{{"type":"user_list","user_list":[{user}]}}"#)).client_list().unwrap();
        let user = list.users().next().unwrap();
        assert_eq!(user.id.unwrap().text, "7");
        assert_eq!(user.name.unwrap().text, "a");
        assert!(!list.keyed);
    }
}

#[test]
fn a_user_without_id_or_name_is_still_one() {
    let list = from_server(r#"{"type":"user_list","user_list":[{},{"uid":1}]}"#).client_list().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list.users().next().unwrap(), User::default());
}

#[test]
fn phps_empty_array_is_an_empty_list() {
    let list = from_server(r#"{"type":"login","client_list":[]}"#).client_list().unwrap();
    assert_eq!((list.users().count(), list.len(), list.is_empty()), (0, 0, true));
}

#[test]
fn a_list_that_lists_no_users_is_a_plain_member() {
    let message = from_server(r#"{"type":"login","client_list":[1,2]}"#);
    assert_eq!(message.client_list(), None);
    assert_eq!(message.get(Other).unwrap().display(), "client_list: [1,2]");
}

#[test]
fn a_say_to_one_client_is_private() {
    assert_eq!(from_client(r#"{"type":"say","to_client_id":"all"}"#).is_private(), Some(false));
    assert_eq!(from_client(r#"{"type":"say","to_uid":7}"#).is_private(), Some(true));
    assert_eq!(from_client(r#"{"type":"say"}"#).is_private(), Some(true), "it is delivered to its sender");
    assert_eq!(from_server(r#"{"type":"say"}"#).is_private(), None);
    assert_eq!(from_client(r#"{"type":"login","to_uid":7}"#).is_private(), None);
}

#[test]
fn a_say_that_names_no_recipient_is_for_its_sender() {
    let to = |message: &str| from_client(message).to();
    assert_eq!(to(r#"{"type":"say","to_client_id":"all"}"#), Some(To::All));
    assert_eq!(to(r#"{"type":"say","to_client_id":true}"#), Some(To::All), "true == 'all'");
    assert_eq!(to(r#"{"type":"say","to_uid":7}"#), Some(To::Client("7")));
    assert_eq!(to(r#"{"type":"say","to_client_id":""}"#), Some(To::Client("")));
    assert_eq!(to(r#"{"type":"say","to_client_id":"null"}"#), Some(To::Client("null")));
    assert_eq!(to(r#"{"type":"say","to_client_id":0}"#), Some(To::Zero), "PHP 8 compares otherwise than PHP 7");
    assert_eq!(to(r#"{"type":"say","to_client_id":-0.0}"#), Some(To::Zero));
    assert_eq!(to(r#"{"type":"say","to_client_id":"0"}"#), Some(To::Client("0")));
    assert_eq!(from_server(r#"{"type":"say","to_client_id":0}"#).to(), Some(To::Client("0")));
    assert_eq!(to(r#"{"type":"say","to_client_id":null}"#), Some(To::Sender));
    assert_eq!(to(r#"{"type":"say"}"#), Some(To::Sender));
    assert_eq!(to(r#"{"type":"say","content":"a\slash"}"#), Some(To::Unknown));
    assert_eq!(to(r#"{"type":"login"}"#), None);
    assert_eq!(from_server(r#"{"type":"say","to_client_id":null}"#).to(), Some(To::Sender));
    assert_eq!(from_server(r#"{"type":"say"}"#).to(), Some(To::Unknown));
    let cut = Message::of(Box::leak(Box::new(read(br#"{"type":"say","to_cli"#))), FromClient, true);
    assert_eq!((cut.to(), cut.as_string(Content)), (Some(To::Unknown), None));
}

#[test]
fn a_content_that_is_no_string_is_the_one_that_php_makes_of_it() {
    for (value, made) in
        [("12345", Some("12345")), ("null", Some("")), ("true", Some("1")), (r#""\u00e9""#, Some("é")), ("[1]", None)]
    {
        let say = from_client(&format!(r#"{{"type":"say","to_client_id":"all","content":{value}}}"#));
        assert_eq!(say.as_string(Content).as_deref(), made, "{value}");
    }
    assert_eq!(from_client(r#"{"type":"say","to_client_id":"all"}"#).as_string(Content).as_deref(), Some(""));
}

#[test]
fn the_name_in_a_login_is_unescaped_as_often_as_it_was_escaped() {
    let name = |member: &str| match content(&from_server(&format!(r#"{{"type":"login",{member}}}"#))) {
        super::Content::Login(login) => login.name.map(|name| name.into_owned()),
        other => panic!("{other:?}"),
    };
    assert_eq!(name(r#""name":"a&amp;lt;b""#).as_deref(), Some("a&lt;b"), "once in dialect A");
    assert_eq!(name(r#""client_name":"a&amp;lt;b""#).as_deref(), Some("a<b"), "twice since");
    assert_eq!(name(r#""client_id":1"#), None);
    assert_eq!(name(r#""client_name":null"#).as_deref(), Some(""));
}

#[test]
fn what_a_message_says_is_bounded_and_can_outlive_its_bytes() {
    let long = "x".repeat(3 * bounded::MAX_NAME);
    let text = format!(
        r#"{{"type":"login","client_id":"{long}","client_name":"{long}","client_list":{{"{long}":"{long}"}}}}"#
    );
    let super::Content::Login(login) = content(&from_server(&text)).into_owned() else { panic!("a login") };
    assert_eq!(login.name.map(|name| name.len()), Some(bounded::MAX_NAME));
    assert!(login.id.is_some_and(|id| id.len() <= bounded::MAX_ID));
    let users = login.users.expect("a list");
    assert_eq!((users.count, users.users[0].1.len()), (1, bounded::MAX_NAME));
    let say = format!(r#"{{"type":"say","to_client_id":"all","content":"{long}"}}"#);
    let super::Content::SayRequest { line, .. } = content(&from_client(&say)).into_owned() else { panic!("a say") };
    assert!(line.chars().count() <= MAX_TEXT);
}

#[test]
fn a_copy_that_waits_is_the_message() {
    for (sender, _, _, text) in CHAT {
        let message = message(text.as_bytes(), *sender);
        let hasher = DefaultHashBuilder::default();
        assert_eq!(message.content(&hasher).into_owned(), message.content(&hasher), "{text}");
    }
}

#[test]
fn only_the_server_refuses_a_lone_surrogate() {
    let say = format!(r#"{{"type":"say","from_client_id":"{ID}","to_client_id":"all","content":"\ud83d"}}"#);
    assert_eq!(from_client(&say).fault().unwrap().reason, json::Reason::LoneSurrogate(0xd83d));
    let delivery = from_server(&say);
    assert_eq!((delivery.fault(), delivery.evidence()), (None, Evidence::Dialect));
    assert_eq!(from_client(&say).value(Content), Some("\u{fffd}"));
    let cut = Message::of(Box::leak(Box::new(read(br#"{"type":"say","content":"\ud83d","to_"#))), FromClient, true);
    assert_eq!(cut.fault(), None);
}

#[test]
fn what_the_server_needs_is_missed() {
    let other = from_client(r#"{"type":"login"}"#);
    assert_eq!(other.missing(Some(Dialect::A2014)).collect::<Vec<_>>(), [ClientName], "in a chat of 2014");
    assert_eq!(missing(&from_server(r#"{"type":"logout","from_client_id":1,"from_client_name":null}"#)), [Time]);
    assert_eq!(missing(&from_client(r#"{"type":"login"}"#)), [ClientName, RoomId]);
    assert_eq!(missing(&from_client(r#"{"type":"login","client_name":"x"}"#)), [RoomId]);
    assert_eq!(missing(&from_client(r#"{"type":"login","client_name":"x","room_id":null}"#)), [RoomId]);
    assert_eq!(missing(&from_client(r#"{"type":"login","name":"x"}"#)), []);
    assert_eq!(missing(&from_client(r#"{"type":"say","content":"x"}"#)), [ToClientId]);
    assert_eq!(missing(&from_client(r#"{"type":"say","to_client_id":"all"}"#)), [Content]);
    assert_eq!(missing(&from_client(r#"{"type":"say","to_client_id":"all","content":""}"#)), []);
    assert_eq!(
        missing(&from_client(&format!(r#"{{"type":"say","to_client_id":"{ID}","content":"x"}}"#))),
        [ToClientName]
    );
    assert_eq!(missing(&from_server(r#"{"type":"logout"}"#)), [FromClientId, FromClientName, Time]);
    assert_eq!(missing(&from_server(r#"{"type":"ping"}"#)), []);
}

#[test]
fn of_a_message_with_a_fault_nothing_is_missing() {
    assert_eq!(missing(&from_client(r#"{"type":"say","content":"a\slash"}"#)), []);
}

#[test]
fn a_time_that_is_none_is_bad() {
    let say = |id: &str, time: &str| from_server(&format!(r#"{{"type":"say",{id},"content":"x","time":{time}}}"#));
    let old = r#""from_uid":1"#;
    let new = r#""from_client_id":1"#;
    assert_eq!(say(old, r#""2014-08-12 :51:02""#).bad_time(None), None);
    assert_eq!(say(new, r#""2014-08-12 :51:02""#).bad_time(None).unwrap().text, "2014-08-12 :51:02");
    assert_eq!(say(new, "1407837062").bad_time(None).unwrap().text, "1407837062");
    assert!(from_server(r#"{"type":"login","uid":1,"name":"x","time":"2014-08-12 :51:02"}"#).bad_time(None).is_some());
    assert_eq!(from_client(r#"{"type":"say","time":"yesterday"}"#).bad_time(None), None);
}

#[test]
fn a_faulted_say_keeps_what_is_before_the_fault() {
    let text = r#"{"type":"say","to_client_id":"all","to_client_name":"所有人","content":"back\slash C:\temp\new"}"#;
    let message = from_client(text);
    let fault = message.fault().unwrap();
    assert_eq!(&text[fault.span.clone()], r"\s");
    assert_eq!(fault.reason, json::Reason::InvalidEscape('s'));
    assert_eq!(message.document.string(&message.document.pending.unwrap().key), "content");
    assert_eq!(message.value(ToClientName), Some("所有人"));
    assert_eq!(message.get(Content), None);
    assert_eq!(message.evidence(), Evidence::Likely);
}

#[test]
fn what_a_message_needs_depends_on_its_kind_and_dialect_and_on_who_is_meant() {
    use Dialect::{A2014, B2015, C2016};
    let needed = |kind: Kind, dialect: Option<Dialect>, private: bool| -> Vec<MemberName> {
        let form = table::FORMS.iter().find(|form| form.kind == kind).unwrap();
        form.needed(dialect, private).collect()
    };
    let delivery: &[MemberName] = &[FromClientId, FromClientName, ToClientId, Content, Time];
    for private in [false, true] {
        for dialect in [None, Some(A2014), Some(B2015), Some(C2016)] {
            let old = dialect == Some(A2014);
            let say: &[MemberName] =
                if private && !old { &[ToClientId, ToClientName, Content] } else { &[ToClientId, Content] };
            let expected: [(Kind, &[MemberName]); 8] = [
                (Kind::LoginRequest, if old { &[ClientName] } else { &[ClientName, RoomId] }),
                (Kind::Login, &[ClientId, ClientName, Time]),
                (Kind::SayRequest, say),
                (Kind::SayDelivery, if old { &[FromClientId, ToClientId, Content, Time] } else { delivery }),
                (Kind::Logout, if old { &[ClientId, Time] } else { &[FromClientId, FromClientName, Time] }),
                (Kind::UserList, &[]),
                (Kind::Ping, &[]),
                (Kind::Pong, &[]),
            ];
            for (kind, members) in expected {
                assert_eq!(needed(kind, dialect, private), members, "{kind:?} {dialect:?} {private}");
            }
        }
    }
}

#[test]
fn a_truncated_message_has_no_fault_of_its_sender() {
    let document = read(br#"{"type":"say","content":"x"#);
    let message = Message::of(&document, FromClient, true);
    assert_eq!((message.fault(), message.evidence()), (None, Evidence::Likely));
    assert_eq!(missing(&message), [ToClientId, Content]);
    let document = read(br#"{"typ"#);
    assert_eq!(content(&Message::of(&document, FromClient, true)), unknown(None));
    assert_eq!(content(&Message::of(&document, FromClient, false)), unknown(None));
}

#[test]
fn what_may_prove_the_chat_has_a_name_that_every_proof_has() {
    for shape in FORMS.iter().flat_map(|form| form.shapes).filter(|shape| shape.distinctive) {
        let is_needed = |need| matches!(need, Need::Always | Need::Listed);
        let mut keys = shape
            .members
            .iter()
            .filter(|(_, _, need)| is_needed(*need))
            .map(|(name, ..)| name.key(Some(shape.dialect)));
        assert!(keys.any(|key| may_prove_chat(format!("type {key}").as_bytes())), "{shape:?}");
    }
    assert!(!may_prove_chat(br#"{"type":"ping"}"#) && !may_prove_chat(br#"{"op":"say","content":"hi \u4f60"}"#));
    let escaped = br#"{"type":"login","\u0063lient_name":"ann","room_id":1}"#;
    assert!(may_prove_chat(escaped));
    assert_eq!(message(escaped, FromClient).evidence(), Evidence::Dialect);
}

/// What is shown of a message and what is not read of it.
#[test]
fn the_content_at_a_fault_is_shown_but_not_read() {
    for (inside, text) in [
        (&b"hi\tthere"[..], "hi\tthere"),
        (b"two\nlines", "two\nlines"),
        (br"a\slash", r"a\slash"),
        (br#"say "hi"!"#, r#"say "hi"!"#),
        (b"a\xffb", "a\u{fffd}b"),
    ] {
        let bytes = [br#"{"type":"say","to_client_id":"all","content":""#, inside, br#""}"#].concat();
        for sender in [FromClient, FromServer] {
            let message = message(&bytes, sender);
            let shown = message.shown(Content).expect("it is shown");
            assert_eq!((shown.text, shown.key, shown.json_type), (text, "content", JsonType::String));
            assert_eq!(shown.span, 45..bytes.len() - 1);
            let fields: Vec<_> = message.shown_fields().map(|field| field.name).collect();
            assert_eq!(fields, [Type, ToClientId, Content]);
            let read = message.value(Content);
            assert!(read.is_none_or(|read| read != text), "{read:?}");
            assert!(message.fault().is_some() && !message.near_fault().is_empty());
        }
    }
    let lone = message(br#"{"type":"say","content":"\ud83d"}"#, FromServer);
    assert_eq!((lone.fault(), lone.near_fault()), (None, String::new()));
    assert_eq!(lone.shown(Content), lone.get(Content));
}

#[test]
fn half_of_a_cut_content_is_not_shown_as_content() {
    let document = read(br#"{"type":"say","to_client_id":"all","content":"hi, al"#);
    let message = Message::of(&document, FromClient, true);
    assert_eq!((message.shown(Content).map(|field| field.text), message.value(Content)), (None, None));
    assert_eq!(message.near_fault(), "", "it is no fault");
}

#[test]
fn near_a_fault_are_the_characters_around_it() {
    for (text, near) in [
        ("", ""),
        (" \n", ""),
        ("{\"type\":\"hi\tthere\"}", "{\"type\":\"hi␉there\"}"),
        (r#"{"type":"say","content":"hello"#, r#"…tent":"hello"#),
        (r#"{"a":1,}"#, r#"{"a":1,}"#),
        (r#"{"type":"say"} and more of it"#, r#"…ype":"say"} and more of i…"#),
        ("hello", "hello"),
    ] {
        assert_eq!(from_client(text).near_fault(), near, "{text}");
    }
}

#[test]
fn what_is_json_but_no_object_has_no_fault_and_no_type() {
    for json in ["[]", "0", "null", "\"p\"", "true", " [ {\"type\":\"say\"} ]\r\n", "-0.5e3"] {
        for sender in [Side::Client, Side::Server] {
            let document = read(json.as_bytes());
            let message = Message::of(&document, sender, false);
            assert!(message.fault().is_none() && message.is_no_object(), "{json}");
            assert_eq!((message.kind(), message.evidence()), (None, Evidence::Foreign), "{json}");
        }
    }
    for json in ["", " ", "[", "nul", "01", "42[\"chat\",{}]", "{\"type\":\"say\"}x", "\u{feff}{}", "NaN", "'p'", "\"p"]
    {
        let document = read(json.as_bytes());
        let message = Message::of(&document, Side::Client, false);
        assert!(message.fault().is_some() && !message.is_no_object(), "{json}");
    }
    assert!(!Message::of(&read(b"{}"), Side::Client, false).is_no_object());
    assert!(!Message::of(&read(b"[]"), Side::Client, true).is_no_object(), "the rest may be anything");
}
