//! A chat that was made of the original: a shop's, with types and members of its own. The worked example of `docs/your-messages.md`.

use std::time::Duration;

use super::packets::{ACK, Capture, Connection, FIN, Link, Side};
use super::websocket::{accept, masked_text, request, response, text};
use super::wireshark::Wireshark;

/// The shop's port.
pub const PORT: u16 = 8080;

/// The table with which the plugin reads it.
pub const ROWS: [(&str, &str); 15] = [
    ("enter", "message: Login request"),
    ("entered", "message: Login result or notification"),
    ("chat", "message: Say request"),
    ("chat_out", "message: Say delivery"),
    ("left", "message: Logout notification"),
    ("beat", "message: Heartbeat ping"),
    ("alive", "message: Heartbeat pong"),
    ("uid", "member: client_id"),
    ("nick", "member: client_name"),
    ("to", "member: to_client_id"),
    ("to_nick", "member: to_client_name"),
    ("msg", "member: content"),
    ("channel", "member: room_id"),
    ("at", "member: time"),
    ("online", "member: client_list"),
];

/// A row as `-o` takes it.
pub fn option((name, meaning): (&str, &str)) -> String {
    format!("uat:workermanchat_messages:\"{name}\",\"{meaning}\"")
}

/// The rows as the file has them.
pub fn file(rows: &[(&str, &str)]) -> String {
    rows.iter().map(|(name, meaning)| format!("\"{name}\",\"{meaning}\"\n")).collect()
}

/// tshark's options for the table.
pub fn options() -> Vec<String> {
    ROWS.iter().flat_map(|row| ["-o".to_owned(), option(*row)]).collect()
}

/// The port and the table, as a profile has them.
pub fn configure(wireshark: &Wireshark) {
    wireshark.configure("preferences", &format!("workermanchat.tcp.port: {PORT}\n"));
    wireshark.configure("workermanchat_messages", &file(&ROWS));
}

/// Whose words the shop's server has.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    Own,
    /// Without ids.
    NamesAlone,
    Original,
}

/// The shop in the middle of the day.
struct Shop {
    capture: Capture,
    words: Words,
    /// The customers' connections, with id and name.
    customers: Vec<(Connection, &'static str, &'static str)>,
    seconds: u32,
}

impl Shop {
    fn browser(&mut self, from: usize, json: &str) {
        let message = masked_text(self.said(json));
        self.customers[from].0.send(&mut self.capture, Side::Client, message);
        self.customers[from].0.ack(&mut self.capture, Side::Server);
    }

    fn server(&mut self, to: usize, json: &str) {
        let message = text(self.said(json));
        self.customers[to].0.send(&mut self.capture, Side::Server, message);
        self.customers[to].0.ack(&mut self.capture, Side::Client);
    }

    /// A message in the words of this server.
    fn said(&self, json: &str) -> String {
        match self.words {
            Words::Own => json.to_owned(),
            Words::NamesAlone => without_ids(json),
            Words::Original => in_the_originals_words(json),
        }
    }

    /// Some seconds later; the server's clock.
    fn later(&mut self, seconds: u32) -> String {
        self.capture.wait(Duration::from_secs(seconds.into()));
        self.seconds += seconds;
        format!("2026-11-20 08:{:02}:{:02}", self.seconds / 60, self.seconds % 60)
    }

    fn enter(&mut self, id: &'static str, nick: &'static str) {
        let at = self.later(5);
        let number = self.customers.len();
        let server = ([192, 0, 2, 1], PORT).into();
        let mut connection =
            Connection::between(([192, 0, 2, 10 + number as u8], 50_001 + number as u16).into(), server);
        connection.open(&mut self.capture);
        connection.send(&mut self.capture, Side::Client, request("/shop", "").replace(":7272", ":8080"));
        connection.ack(&mut self.capture, Side::Server);
        connection.send(&mut self.capture, Side::Server, response(&accept(), ""));
        connection.ack(&mut self.capture, Side::Client);
        self.customers.push((connection, id, nick));
        self.browser(number, &format!(r#"{{"type":"enter","nick":"{nick}","channel":"shoes"}}"#));
        let is_original = self.words == Words::Original;
        let online = self.customers.iter().map(|(_, id, nick)| match is_original {
            true => format!(r#""{id}":"{nick}""#),
            false => format!(r#"{{"uid":"{id}","nick":"{nick}"}}"#),
        });
        let online = online.collect::<Vec<_>>().join(",");
        let online = if is_original { format!("{{{online}}}") } else { format!("[{online}]") };
        let entered = format!(r#"{{"type":"entered","uid":"{id}","nick":"{nick}","at":"{at}""#);
        self.server(number, &format!(r#"{entered},"online":{online}}}"#));
        (0..number).for_each(|other| self.server(other, &format!("{entered}}}")));
    }

    /// `to`: the place of a customer, or everybody.
    fn chat(&mut self, from: usize, to: Option<usize>, msg: &str) {
        let at = self.later(4);
        let (_, uid, nick) = self.customers[from];
        let whom = match to {
            Some(to) => format!(r#""to":"{}","to_nick":"{}""#, self.customers[to].1, self.customers[to].2),
            None => r#""to":"all""#.to_owned(),
        };
        self.browser(from, &format!(r#"{{"type":"chat",{whom},"msg":"{msg}"}}"#));
        let out = format!(r#"{{"type":"chat_out","uid":"{uid}","nick":"{nick}",{whom},"msg":"{msg}","at":"{at}"}}"#);
        for customer in 0..self.customers.len() {
            if to.is_none_or(|to| customer == to || customer == from) {
                self.server(customer, &out);
            }
        }
    }

    fn beat(&mut self, customer: usize) {
        self.later(20);
        self.server(customer, r#"{"type":"beat"}"#);
        self.browser(customer, r#"{"type":"alive"}"#);
    }

    fn leave(&mut self, customer: usize) {
        let at = self.later(3);
        let (mut connection, id, nick) = self.customers.remove(customer);
        self.capture.push(&connection.segment(Side::Client, FIN | ACK, []));
        self.capture.push(&connection.segment(Side::Server, FIN | ACK, []));
        connection.ack(&mut self.capture, Side::Client);
        (0..self.customers.len()).for_each(|other| {
            self.server(other, &format!(r#"{{"type":"left","uid":"{id}","nick":"{nick}","at":"{at}"}}"#))
        });
    }
}

/// A message of the shop without ids.
fn without_ids(json: &str) -> String {
    (1..=3).fold(json.to_owned(), |json, id| {
        json.replace(&format!(r#""uid":"c{id}","#), "").replace(&format!(r#""to":"c{id}","#), "")
    })
}

/// A message of the shop as the original has it.
fn in_the_originals_words(json: &str) -> String {
    const TYPES: [(&str, &str); 7] = [
        ("enter", "login"),
        ("entered", "login"),
        ("chat", "say"),
        ("chat_out", "say"),
        ("left", "logout"),
        ("beat", "ping"),
        ("alive", "pong"),
    ];
    let is_from = json.contains(r#""type":"chat_out""#) || json.contains(r#""type":"left""#);
    let mut said = json.to_owned();
    for (own, original) in TYPES {
        said = said.replace(&format!(r#""type":"{own}""#), &format!(r#""type":"{original}""#));
    }
    for (own, meaning) in ROWS {
        let Some(original) = meaning.strip_prefix("member: ") else { continue };
        let from = if is_from && original.starts_with("client_") { "from_" } else { "" };
        said = said.replace(&format!(r#""{own}":"#), &format!(r#""{from}{original}":"#));
    }
    for id in 1..=3 {
        said = said.replace(&format!(r#""c{id}""#), &format!(r#""7f00000108fc0000000{id}""#));
    }
    said
}

/// Two customers and the shop's clerk.
pub fn capture() -> Capture {
    day(Words::Own)
}

/// The same without ids.
pub fn names_alone() -> Capture {
    day(Words::NamesAlone)
}

/// The same in the original's words.
pub fn original() -> Capture {
    day(Words::Original)
}

fn day(words: Words) -> Capture {
    let mut shop = Shop { capture: Capture::new(Link::Ethernet), words, customers: Vec::new(), seconds: 0 };
    shop.enter("c1", "clerk");
    shop.enter("c2", "anna");
    shop.enter("c3", "ben");
    shop.chat(1, None, "Are the red boots in stock?");
    shop.chat(0, None, "Size 40 and 41, anna.");
    shop.chat(0, Some(1), "For you 10 % less.");
    shop.beat(2);
    shop.leave(2);
    shop.capture
}
