//! What a person reads of a message that the chat does not know: what it is for, who says it, to whom, in which room, and what is said. The chats
//! that people build from this one name such members as many chats do, at the top, in an object there, or in the objects of a list.

use std::borrow::Cow;

use super::json::{Data, Span, Text};
use super::own::Document;

/// Members that are looked at, of a message and of each object in it.
const MAX_MEMBERS: usize = 64;
/// Lines of a list that are read.
const MAX_LINES: usize = 16;
/// The longest name that is compared.
const MAX_NAME: usize = 20;

/// What a member says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Type,
    Sender,
    Recipient,
    Room,
    Said,
}

const ROLES: usize = Role::Said as usize + 1;

/// The names that members have, without case, `_` and `-`: of two in one message, the first here counts.
static NAMES: [(Role, &[&str]); ROLES] = [
    (Role::Type, &["type", "action", "act", "cmd", "event", "op", "method", "msgtype"]),
    (
        Role::Sender,
        &[
            "fromclientname",
            "fromname",
            "fromusername",
            "fromnickname",
            "sendername",
            "sendusername",
            "sender",
            "nickname",
            "nick",
            "username",
            "uname",
            "author",
            "clientname",
            "from",
            "user",
            "name",
            "fromclientid",
            "fromuserid",
            "fromuid",
            "senderid",
        ],
    ),
    (
        Role::Recipient,
        &[
            "toclientname",
            "toname",
            "tousername",
            "tonickname",
            "receivername",
            "receiver",
            "recipient",
            "touser",
            "to",
            "target",
            "toclientid",
            "touserid",
            "touid",
            "receiverid",
        ],
    ),
    (
        Role::Room,
        &["roomid", "roomname", "room", "groupid", "groupname", "group", "channelid", "channel", "chatroom", "gid"],
    ),
    (Role::Said, &["content", "message", "msg", "text", "body", "words", "say", "title", "data"]),
];

/// A text, and the bytes of the value that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'d> {
    /// A decoded string, or the digits of a number.
    pub text: Cow<'d, str>,
    /// The bytes of the JSON value.
    pub span: Span,
    /// Whether the member's name says that it is an id.
    pub is_id: bool,
}

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'d> {
    /// Who says it, where the object that has the text has that, too.
    pub sender: Option<Part<'d>>,
    /// What is said.
    pub said: Part<'d>,
}

/// What a person reads of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readable<'d> {
    /// What it is for, where no member `type` says so.
    pub kind: Option<Part<'d>>,
    /// Who says or does it.
    pub sender: Option<Part<'d>>,
    /// Whom it is for.
    pub recipient: Option<Part<'d>>,
    /// In which room.
    pub room: Option<Part<'d>>,
    /// What is said: one text, or those of the objects of a list. The first of them.
    pub lines: Vec<Line<'d>>,
    /// The client that the message is about, where it names no user.
    pub client_id: Option<Part<'d>>,
}

/// The parts that were found, each with its rank: the lower, the better.
#[derive(Default)]
struct Found<'d>([Option<(usize, Part<'d>)>; ROLES]);

impl<'d> Found<'d> {
    fn take(&mut self, role: Role) -> Option<Part<'d>> {
        self.0[role as usize].take().map(|(_, part)| part)
    }

    /// Keeps a value, unless there is a better one, or it is none that a person reads.
    fn offer(&mut self, role: Role, rank: usize, key: &str, value: Text<'d>, data: Data) {
        let kept = &mut self.0[role as usize];
        let is_read = matches!(data, Data::String | Data::Number) && !value.text.is_empty();
        let rank = if role == Role::Recipient && value.text == "all" { 0 } else { rank + 1 }; // whatever it is called in a name
        if is_read && kept.as_ref().is_none_or(|(best, _)| rank < *best) {
            *kept = Some((rank, Part { text: value.text, span: value.span, is_id: key.ends_with("id") }));
        }
    }

    /// Offers the members of an object. `outer`: what the name of the object says of them, and how much worse they are than others.
    fn look_at(&mut self, document: &Document<'d>, object: &Span, outer: Option<Role>, worse: usize) {
        for (key, span) in document.members_of(object).take(MAX_MEMBERS) {
            let Some(key) = plain(&key.text) else { continue };
            let Some(data) = document.data(&span).filter(|data| matches!(data, Data::String | Data::Number)) else {
                continue;
            };
            let role = role_of(&key);
            let of_outer = match role {
                Some((Role::Sender, rank)) => outer.zip(Some(rank)),
                _ => outer.filter(|_| key == "id").zip(Some(NAMES.len() + MAX_MEMBERS)),
            };
            if let Some((role, rank)) = of_outer.or(role) {
                self.offer(role, rank + worse, &key, document.text_at(&span), data);
            }
        }
    }
}

/// A name without case, `_` and `-`; `None` for one that is too long to be known.
fn plain(key: &str) -> Option<String> {
    (key.len() <= MAX_NAME)
        .then(|| key.chars().filter(|c| !['_', '-'].contains(c)).map(|c| c.to_ascii_lowercase()).collect())
}

fn role_of(key: &str) -> Option<(Role, usize)> {
    NAMES.iter().find_map(|(role, names)| Some((*role, names.iter().position(|name| *name == key)?)))
}

impl<'d> Readable<'d> {
    /// Of a document that has been read without a fault.
    pub fn of(document: &Document<'d>) -> Readable<'d> {
        const NESTED: usize = 100; // behind every name at the top
        let (mut found, mut lines, mut client_id) = (Found::default(), Vec::new(), None);
        for member in document.members().take(MAX_MEMBERS) {
            let Some(key) = plain(document.string(&member.key)) else { continue };
            let span = member.value.span();
            match member.data {
                Data::Object { .. } => {
                    let outer = role_of(&key).map(|(role, _)| role);
                    let outer = outer.filter(|role| matches!(role, Role::Sender | Role::Recipient));
                    found.look_at(document, &span, outer, NESTED);
                    client_id = client_id.or_else(|| client_id_in(document, &span));
                }
                Data::Array { of_objects: true, .. } if lines.is_empty() => lines = lines_of(document, &span),
                data => {
                    if key == "clientid" && matches!(data, Data::String | Data::Number) {
                        let Text { text, span } = document.text_at(&span);
                        client_id = Some(Part { text, span, is_id: true });
                    }
                    if let Some((role, rank)) = role_of(&key) {
                        found.offer(role, rank, &key, document.text_at(&span), data);
                    }
                }
            }
        }
        if let Some(said) = found.take(Role::Said) {
            lines.insert(0, Line { sender: None, said });
        }
        let [kind, sender, recipient, room] =
            [Role::Type, Role::Sender, Role::Recipient, Role::Room].map(|role| found.take(role));
        let client_id = client_id.filter(|_| sender.is_none());
        Readable { kind, sender, recipient, room, lines, client_id }
    }
}

/// The member `client_id` of an object.
fn client_id_in<'d>(document: &Document<'d>, object: &Span) -> Option<Part<'d>> {
    let mut members = document.members_of(object).take(MAX_MEMBERS);
    let (_, span) = members.find(|(key, _)| plain(&key.text).is_some_and(|key| key == "clientid"))?;
    let Text { text, span } = document.text_at(&span);
    Some(Part { text, span, is_id: true })
}

/// What is said in the objects of a list.
fn lines_of<'d>(document: &Document<'d>, list: &Span) -> Vec<Line<'d>> {
    let line = |object: Span| {
        let mut found = Found::default();
        found.look_at(document, &object, None, 0);
        let said = found.take(Role::Said)?;
        Some(Line { sender: found.take(Role::Sender), said })
    };
    document.elements(list).take(MAX_LINES).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::read;

    /// Who, to whom, where, and what; `-` for what is not there.
    fn readable(json: &str) -> String {
        let document = read(json.as_bytes());
        let readable = Readable::of(&document);
        let text = |part: &Option<Part>| part.as_ref().map_or("-", |part| &part.text).to_owned();
        let lines = readable.lines.iter().map(|line| format!(" {}: {}", text(&line.sender), line.said.text));
        let parts = [&readable.kind, &readable.sender, &readable.recipient, &readable.room].map(text).join(" ");
        parts + &lines.collect::<String>()
    }

    #[test]
    fn well_known_names_say_who_says_what_to_whom() {
        for (json, is) in [
            (r#"{"type":"gift","from_client_name":"Bob","to_client_id":"all","content":"3"}"#, "gift Bob all - -: 3"),
            (r#"{"type":"x","uname":"Al","user_id":"7","msg":"hi","group_id":3}"#, "x Al - 3 -: hi"),
            (r#"{"cmd":"msg","fromUserName":"Al","toUid":9,"message":"hi"}"#, "msg Al 9 - -: hi"),
            (r#"{"type":"error","code":403,"msg":"muted"}"#, "error - - - -: muted"),
            (r#"{"type":"x","content":"","msg":"not empty"}"#, "x - - - -: not empty"),
            (r#"{"type":"x","from":{"id":3,"name":"Al"},"text":"hi"}"#, "x Al - - -: hi"),
        ] {
            assert_eq!(readable(json), is, "{json}");
        }
    }

    #[test]
    fn objects_and_lists_one_level_deep_are_read() {
        for (json, is) in [
            (r#"{"type":"x","data":{"content":"deep","nickname":"Al"}}"#, "x Al - - -: deep"),
            (r#"{"type":"x","content":"top","data":{"content":"deep"}}"#, "x - - - -: top"),
            (
                r#"{"type":"history","data":[{"nick_name":"Bob","content":"a"},{"content":"b"},{"id":1}]}"#,
                "history - - - Bob: a -: b",
            ),
            (r#"{"type":"x","data":{"data":{"content":"too deep"}}}"#, "x - - -"),
            (r#"{"type":"x","content":[["a"],{}],"user":null,"to":true}"#, "x - - -"),
        ] {
            assert_eq!(readable(json), is, "{json}");
        }
    }

    #[test]
    fn a_part_is_the_bytes_of_its_value() {
        let json = r#"{"type":"x","data":{"msg":"h\u0069"}}"#;
        let document = read(json.as_bytes());
        let line = Readable::of(&document).lines.pop().expect("a text");
        assert_eq!((&*line.said.text, &json[line.said.span]), ("hi", r#""h\u0069""#));
    }

    #[test]
    fn a_message_about_a_client_that_names_no_user_tells_the_clients_id() {
        for (json, is) in [
            (r#"{"type":"init","client_id":"7f0000010b5400000001"}"#, Some("7f0000010b5400000001")),
            (r#"{"code":0,"data":{"client_id":"7f0000010b5400000001"}}"#, Some("7f0000010b5400000001")),
            (r#"{"type":"join","client_id":"7f0000010b5400000001","client_name":"Al"}"#, None),
        ] {
            let document = read(json.as_bytes());
            let client_id = Readable::of(&document).client_id;
            assert_eq!(client_id.as_ref().map(|id| &*id.text), is, "{json}");
        }
    }

    #[test]
    fn much_is_read_in_part() {
        let objects = r#"{"content":"a"},"#.repeat(1000);
        let json = format!(r#"{{"type":"x","list":[{}]}}"#, objects.trim_end_matches(','));
        let document = read(json.as_bytes());
        assert_eq!(Readable::of(&document).lines.len(), MAX_LINES);
    }
}
