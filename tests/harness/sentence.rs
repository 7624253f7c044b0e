//! The plugin's English sentences, taken apart: so that two notes, or two headings, can be compared in what they say.
//!
//! A sentence is its frame (the words that do not vary), the two ends, and named texts. One says *less* than another if its frame is the
//! same and each of its texts is the other's or missing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::phase;

const MASKED: &str = " (masked on the wire, so that a dump does not show it; shown unmasked here)";
const ACKNOWLEDGES: &str = "; the same packet acknowledges (ACK) ";
const LOGGED_IN: &str = ", and its login request is complete";
/// What is complete, and how the clause that says so begins and ends: between them, a frame may be named.
const COMPLETE: [(&str, &str, &str); 5] = [
    ("login", "; there is nobody else to notify, so the login", " is complete"),
    ("login", "; everybody in the chat room has been notified, so the login", " is complete"),
    ("say", "; all browsers that the message", " is for have now received it, so its delivery is complete"),
    ("logout", "; everybody still in the chat room has been notified, so the logout", " is complete"),
    ("connection", "; the connection is closed in both directions", ""),
];

/// Whether it is the note of a segment that holds a part of a message. Such a note has no phase, and is not known before the message is complete.
pub fn is_of_part(note: &str) -> bool {
    note.contains(" a part of the message that is complete in frame ")
}

/// One end of a connection, as a sentence names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub is_client: bool,
    pub name: Option<String>,
    pub address: Option<SocketAddr>,
    pub port: u16,
}

/// A note, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The words that do not vary, with `{by}`, `{other}` and `#` for a frame's number.
    pub frame: String,
    pub by: Option<Party>,
    pub other: Option<Party>,
    /// Names, texts and the like, by what they are.
    pub texts: BTreeMap<&'static str, String>,
    /// The frames that the main clause names.
    pub links: Vec<u32>,
    /// What it acknowledges, and in which frames that is.
    pub acked: Vec<(String, u32)>,
    pub is_masked: bool,
    /// It says that the login request is complete.
    pub is_logged_in: bool,
    /// What is complete with it: `login`, `say`, `logout` or `connection`.
    pub completes: Option<&'static str>,
    /// The frame that the clause of what is complete names.
    pub completed_frame: Option<u32>,
    /// Why nobody can read the message.
    pub fault: Option<String>,
}

/// A text in quotation marks at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('“')?.split_once('”')
}

/// `port 60653` or `10.0.0.1:60653`, and what follows it.
fn endpoint(text: &str) -> Option<(Option<SocketAddr>, u16, &str)> {
    if let Some(rest) = text.strip_prefix("port ") {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        return Some((None, rest[..digits].parse().ok()?, &rest[digits..]));
    }
    let token = &text[..text.find([' ', ')', ',']).unwrap_or(text.len())];
    let token = token.trim_end_matches(':');
    let address: SocketAddr = token.parse().ok()?;
    Some((Some(address), address.port(), &text[token.len()..]))
}

/// An end at the beginning of a text, and what follows it.
fn party(text: &str) -> Option<(Party, &str)> {
    let plain = |text: &str| {
        let sides = [("browser ", true), ("Browser ", true), ("server ", false), ("Server ", false)];
        sides.into_iter().find_map(|(side, is_client)| Some((text.strip_prefix(side)?.to_owned(), is_client)))
    };
    if let Some(inner) = text.strip_prefix("another browser (") {
        let (address, port, rest) = endpoint(inner)?;
        return Some((Party { is_client: true, name: None, address, port }, rest.strip_prefix(')')?));
    }
    if let Some(at) = text.strip_prefix('“').and_then(|rest| rest.find("” (browser ")) {
        let name = &text['“'.len_utf8()..][..at];
        let inner = &text['“'.len_utf8() + at + "” (browser ".len()..];
        let (address, port, rest) = endpoint(inner)?;
        let name = Some(name.to_owned());
        return Some((Party { is_client: true, name, address, port }, rest.strip_prefix(')')?));
    }
    let (inner, is_client) = plain(text)?;
    let (address, port, rest) = endpoint(&inner)?;
    Some((Party { is_client, name: None, address, port }, &text[text.len() - rest.len()..]))
}

/// The first end that a text names: what is before it, the end, and what follows it.
fn first_party(text: &str) -> Option<(&str, Party, &str)> {
    text.char_indices().find_map(|(at, _)| {
        let (party, rest) = party(&text[at..])?;
        Some((&text[..at], party, rest))
    })
}

/// `the user list (frame 9) and the login result (frame 11)`
fn things(text: &str) -> Vec<(String, u32)> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((thing, behind)) = rest.split_once(" (frame ") {
        let Some((number, behind)) = behind.split_once(')') else { break };
        let Ok(number) = number.parse() else { break };
        found.push((thing.to_owned(), number));
        rest = behind.strip_prefix(", ").or(behind.strip_prefix(" and ")).unwrap_or(behind);
    }
    found
}

impl Note {
    /// A note beside its phase.
    pub fn of(text: &str, phase: u32) -> Note {
        let mut note = Note::default();
        let mut rest = text;
        if let Some((before, fault)) = rest.rsplit_once(". Not JSON: ") {
            note.fault = Some(fault.to_owned());
            rest = before;
        }
        for (what, begin, end) in COMPLETE {
            let Some((before, frame)) = rest.strip_suffix(end).and_then(|rest| rest.rsplit_once(begin)) else {
                continue;
            };
            let number = frame.strip_prefix(" (frame ").and_then(|frame| frame.strip_suffix(')')?.parse().ok());
            if frame.is_empty() || number.is_some() {
                (note.completes, note.completed_frame) = (Some(what), number);
                rest = before;
            }
        }
        if let Some((before, acked)) = rest.rsplit_once(ACKNOWLEDGES) {
            note.acked = things(acked);
            rest = before;
        }
        if let Some(before) = rest.strip_suffix(MASKED) {
            note.is_masked = true;
            rest = before;
        }
        note.main(rest, phase);
        note
    }

    fn main(&mut self, text: &str, phase: u32) {
        let Some((by, rest)) = party(text) else {
            self.frame = text.to_owned();
            return;
        };
        self.by = Some(by);
        self.frame.push_str("{by}");
        if phase == phase::SAY_DELIVERY {
            return self.delivery(rest);
        }
        let Some((before, other, rest)) = first_party(rest) else {
            self.frame.push_str(rest);
            return;
        };
        self.other = Some(other);
        self.frame.push_str(before);
        self.frame.push_str("{other}");
        match phase {
            phase::MESSAGE_ACKNOWLEDGED => {
                let before = rest.strip_suffix(LOGGED_IN);
                self.is_logged_in = before.is_some();
                let rest = before.unwrap_or(rest);
                match rest.split_once(": it has received ") {
                    Some(("", acked)) => self.acked = things(acked),
                    _ => self.frame.push_str(rest),
                }
            }
            phase::LOGIN_REQUEST => self.login_request(rest),
            phase::USER_LIST => self.ending(rest, " the user list: ", "users", " the user list"),
            phase::LOGIN_RESULT => match rest
                .split_once(": “")
                .and_then(|(before, rest)| Some((before, rest.strip_suffix("” is logged in")?)))
            {
                Some((before, name)) => {
                    self.frame.push_str(before);
                    self.texts.insert("name", name.to_owned());
                }
                None => self.frame.push_str(rest.strip_suffix(": the login has succeeded").unwrap_or(rest)),
            },
            phase::LOGIN_NOTIFICATION => self.between(rest, " that a new user", ", “", "”,", " has logged in"),
            phase::LOGOUT => match rest {
                " that somebody has left" => self.frame.push_str(" that somebody has left"),
                _ => self.between(rest, " that ", "user “", "”", " has left"),
            },
            phase::SAY_REQUEST => self.say_request(rest),
            phase::UNKNOWN => match rest
                .strip_suffix("”, which the chat does not know")
                .and_then(|rest| rest.strip_prefix(" a message of type “"))
            {
                Some(name) => {
                    self.texts.insert("name", name.to_owned());
                    self.frame.push_str(" a message");
                }
                None => self.frame.push_str(rest.strip_suffix(" without a readable type").unwrap_or(rest)),
            },
            phase::SYN | phase::SYN_ACK | phase::REQUEST_ACKNOWLEDGED | phase::COMPLETE => self.linked(rest),
            _ => self.frame.push_str(rest),
        }
    }

    fn linked(&mut self, text: &str) {
        match text.split_once("frame ") {
            Some((before, rest)) => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                self.links.extend(rest[..digits].parse::<u32>());
                self.frame.push_str(&format!("{before}frame #{}", &rest[digits..]));
            }
            None => self.frame.push_str(text),
        }
    }

    /// `with` and a text, or `without` it.
    fn ending(&mut self, rest: &str, with: &str, name: &'static str, without: &str) {
        match rest.strip_prefix(with) {
            Some(text) => {
                self.texts.insert(name, text.to_owned());
                self.frame.push_str(without);
            }
            None => self.frame.push_str(rest),
        }
    }

    /// A name that may be there, between fixed words.
    fn between(&mut self, rest: &str, before: &str, open: &str, close: &str, after: &str) {
        let inner = rest.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        match inner.and_then(|inner| inner.strip_prefix(open)).and_then(|inner| inner.strip_suffix(close)) {
            Some(name) => {
                self.texts.insert("name", name.to_owned());
                let words =
                    if before == " that " { format!("{before}somebody{after}") } else { format!("{before}{after}") };
                self.frame.push_str(&words);
            }
            None => self.frame.push_str(rest),
        }
    }

    fn login_request(&mut self, rest: &str) {
        let (mut rest, begin) = (rest, " a login request over WebSocket");
        if let Some((before, room)) = rest.strip_suffix('”').and_then(|rest| rest.rsplit_once(", room “")) {
            self.texts.insert("room", room.to_owned());
            rest = before;
        }
        let name = rest
            .strip_prefix(begin)
            .and_then(|rest| rest.strip_prefix(": user name “"))
            .and_then(|name| name.strip_suffix('”'));
        match name {
            Some(name) => {
                self.texts.insert("name", name.to_owned());
                self.frame.push_str(begin);
            }
            None => self.frame.push_str(rest.strip_suffix(", without a user name").unwrap_or(rest)),
        }
    }

    /// Whom a say is for, at the beginning of a text; what follows it.
    fn recipient<'t>(&mut self, text: &'t str) -> &'t str {
        let words = [("for everyone", "everyone"), ("for an unknown recipient", "")];
        if let Some((rest, whom)) = words.iter().find_map(|(words, whom)| Some((text.strip_prefix(words)?, whom))) {
            if !whom.is_empty() {
                self.texts.insert("recipient", (*whom).to_owned());
            }
            return rest;
        }
        if let Some(rest) = text.strip_prefix("for client ") {
            let end = rest.find(' ').unwrap_or(rest.len());
            self.texts.insert("recipient's id", rest[..end].to_owned());
            return &rest[end..];
        }
        match text.strip_prefix("for ").and_then(quoted) {
            Some((name, rest)) => {
                self.texts.insert("recipient", format!("“{name}”"));
                rest
            }
            None => text,
        }
    }

    fn said(&mut self, rest: &str) {
        match rest.strip_prefix(": “").and_then(|rest| rest.strip_suffix('”')) {
            Some(text) => drop(self.texts.insert("text", text.to_owned())),
            None => self.frame.push_str(rest),
        }
    }

    fn say_request(&mut self, rest: &str) {
        let Some(rest) = rest.strip_prefix(" a message ") else { return self.frame.push_str(rest) };
        let rest = self.recipient(rest);
        self.frame.push_str(" a message");
        match rest.strip_prefix(" over WebSocket") {
            Some(rest) => self.said(rest),
            None => self.frame.push_str(rest),
        }
    }

    fn delivery(&mut self, rest: &str) {
        let Some(rest) = rest.strip_prefix(" delivers the message") else { return self.frame.push_str(rest) };
        self.frame.push_str(" delivers the message");
        let mut rest = rest;
        if let Some((name, behind)) = rest.strip_prefix(" of ").and_then(quoted) {
            self.texts.insert("sender", name.to_owned());
            rest = behind;
        }
        rest = self.recipient(rest.strip_prefix(' ').unwrap_or(rest));
        rest = rest.strip_prefix(" to ").unwrap_or(rest);
        if let Some(behind) = rest.strip_prefix("its sender, ") {
            self.texts.insert("own", "its sender".to_owned());
            rest = behind;
        }
        match party(rest) {
            Some((other, behind)) => {
                self.other = Some(other);
                self.frame.push_str(" to {other}");
                self.said(behind);
            }
            None => self.frame.push_str(rest),
        }
    }

    /// Why this note says something that the other does not; `None` if it says the same, or less. The frames that it names, what it acknowledges
    /// and what it completes are not compared. `ids`: what a recipient without a name may be called; `may_end_early`: texts may be cut.
    pub fn says_more_than(&self, other: &Note, ids: &[String], may_end_early: bool) -> Option<String> {
        let is_neutral = self.frame == "{by} resets (RST) the connection to {other}";
        if self.frame != other.frame && !is_neutral {
            return Some(format!("“{}” instead of “{}”", self.frame, other.frame));
        }
        for (one, other) in [(&self.by, &other.by), (&self.other, &other.other)] {
            let (Some(one), Some(other)) = (one, other) else { continue };
            let is_other_address = one.address.is_some() && other.address.is_some() && one.address != other.address;
            if (one.is_client, one.port) != (other.is_client, other.port) || is_other_address {
                return Some(format!("{one:?} instead of {other:?}"));
            }
            if one.name.is_some() && one.name != other.name {
                return Some(format!("{:?} instead of {:?}", one.name, other.name));
            }
        }
        for (name, text) in &self.texts {
            let right = other.texts.get(name);
            let is_id = *name == "recipient's id" && ids.contains(text);
            let is_cut = may_end_early && right.is_some_and(|right| begins(text, right));
            if right != Some(text) && !is_id && !is_cut {
                return Some(format!("{name} {text:?} instead of {right:?}"));
            }
        }
        let is_new_fault = self.fault.is_some() && self.fault != other.fault;
        if is_new_fault || (self.is_masked && !other.is_masked) {
            return Some("a clause is new".to_owned());
        }
        None
    }
}

/// Whether a text is the beginning of another, without what stands for the rest of it and the marks that isolate it.
fn begins(text: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "");
    plain(other).starts_with(plain(text).trim_end_matches(['…', ' ']))
}

/// The phases of what a note calls so.
pub fn phases_of(thing: &str) -> &'static [u32] {
    match thing {
        "the WebSocket handshake request" => &[phase::REQUEST],
        "the WebSocket handshake response" => &[phase::RESPONSE],
        "the login request" => &[phase::LOGIN_REQUEST],
        "the user list" => &[phase::USER_LIST],
        "the login result" => &[phase::LOGIN_RESULT],
        "the heartbeat ping" => &[phase::PING],
        "the heartbeat pong" => &[phase::PONG],
        _ if thing.starts_with("the message") => &[phase::SAY_REQUEST, phase::SAY_DELIVERY],
        _ if thing.starts_with("the notification that ") && thing.ends_with(" has logged in") => {
            &[phase::LOGIN_NOTIFICATION]
        }
        _ if thing.starts_with("the notification that ") && thing.ends_with(" has left") => &[phase::LOGOUT],
        _ => &[],
    }
}

/// The name in what a note calls something.
pub fn name_in(thing: &str) -> Option<&str> {
    Some(quoted(&thing[thing.find('“')?..])?.0)
}

/// A heading, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    pub kind: &'static str,
    /// Which step it is, or whose it is.
    pub detail: Option<String>,
    pub recipient: Option<String>,
    pub text: Option<String>,
}

impl Title {
    pub fn of(text: &str) -> Title {
        let plain =
            |kind, detail: Option<&str>| Title { kind, detail: detail.map(str::to_owned), recipient: None, text: None };
        if let Some(step) = text.strip_prefix("TCP handshake") {
            return plain("TCP handshake", step.strip_prefix(", step "));
        }
        for kind in ["Login", "Heartbeat"] {
            if text == kind {
                return plain(kind, None);
            }
            if let Some(of) = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(" of ")) {
                return plain(kind, Some(of));
            }
        }
        match text {
            "WebSocket handshake" => return plain("WebSocket handshake", None),
            "Unknown message" => return plain("Unknown message", None),
            "Close of the connection" | "Somebody leaves" => return plain("end", None),
            _ => {}
        }
        if let Some(who) = text.strip_suffix(" leaves") {
            return plain("end", Some(who));
        }
        let (head, said) = match text.strip_suffix('”').and_then(|rest| rest.split_once(": “")) {
            Some((head, said)) => (head, Some(said)),
            None => (text, None),
        };
        let Some((sender, rest)) = head.split_once(" says") else { return plain("", Some(text)) };
        Title {
            kind: "say",
            detail: Some(sender.to_owned()).filter(|sender| sender != "Somebody"),
            recipient: rest.strip_prefix(" to ").map(str::to_owned),
            text: said.map(str::to_owned),
        }
    }

    /// Whether it says what the other says, or less.
    pub fn says_no_more_than(&self, other: &Title, ids: &[String], may_end_early: bool) -> bool {
        let is_less = |one: &Option<String>, other: &Option<String>| one.is_none() || one == other;
        let is_id = self.recipient.as_ref().is_some_and(|id| ids.contains(id));
        let is_cut = |one: &String| other.text.as_ref().is_some_and(|other| begins(one, other));
        self.kind == other.kind
            && is_less(&self.detail, &other.detail)
            && (is_id || is_less(&self.recipient, &other.recipient))
            && (is_less(&self.text, &other.text) || (may_end_early && self.text.as_ref().is_some_and(is_cut)))
    }
}
