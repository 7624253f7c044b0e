//! Built captures of whole chats: browsers come, talk and go, and the server does what the chat's server (dialect C) does.

use std::collections::BTreeMap;
use std::time::Duration;

use super::packets::{ACK, Capture, Connection, FIN, Link, RST, Side};
use super::random::Random;
use super::recording::Recording;
use super::scripts::*;

/// A browser that is logged in.
struct Browser {
    number: u32,
    name: String,
    room: String,
    connection: Connection,
    /// The server's last ping has no pong yet.
    is_pinged: bool,
}

/// The server and its browsers.
struct Chat {
    capture: Capture,
    random: Random,
    browsers: Vec<Browser>,
    count: u32,
}

/// A few chats with different seeds and links.
pub fn simulations() -> Vec<Recording> {
    let links = [Link::Ethernet, Link::Sll2];
    let chats = links.into_iter().zip([3, 14]).map(|(link, seed)| {
        let mut chat = Chat { capture: Capture::new(link), random: Random::new(seed), browsers: Vec::new(), count: 0 };
        chat.run(90);
        Recording::built(&format!("simulation-{seed}"), &chat.capture)
    });
    chats.collect()
}

impl Chat {
    fn run(&mut self, steps: usize) {
        for _ in 0..3 {
            self.come();
        }
        for _ in 0..steps {
            // Long enough that a delivery belongs to the last say: the server delivers within milliseconds.
            self.capture.wait(Duration::from_millis(300 + self.random.below(900) as u64));
            match self.random.below(20) {
                0 | 1 => self.come(),
                2 => self.go(),
                3 | 4 => self.ping(),
                5..8 => self.whisper(),
                _ => self.say(),
            }
        }
    }

    fn come(&mut self) {
        self.count += 1;
        let number = self.count;
        // Names and rooms occur several times.
        let name = ["mynick", "猪猪", "O\"Brien", "late"][self.random.below(4)].to_owned();
        let room = ["1", "2"][self.random.below(2)].to_owned();
        let mut connection = Connection::from_port(50_000 + number as u16);
        connection.open(&mut self.capture);
        upgrade(&mut self.capture, &mut connection);
        browser_says(&mut self.capture, &mut connection, login_request(&name, &room));
        // The server tells the room, and then the new user.
        let members = self.members(&room);
        for &at in &members {
            self.server_says(at, &login_notification(number, &escaped(&escaped(&name))));
        }
        self.browsers.push(Browser { number, name: name.clone(), room: room.clone(), connection, is_pinged: false });
        let members = self.members(&room);
        let users: BTreeMap<u32, String> =
            members.iter().map(|&at| (self.browsers[at].number, escaped(&self.browsers[at].name))).collect();
        let users: Vec<(u32, &str)> = users.iter().map(|(number, name)| (*number, name.as_str())).collect();
        let at = self.browsers.len() - 1;
        self.server_says(at, &login_result(number, &escaped(&escaped(&name)), &users));
    }

    fn go(&mut self) {
        if self.browsers.len() < 2 {
            return;
        }
        let at = self.random.below(self.browsers.len());
        let Browser { number, name, room, mut connection, .. } = self.browsers.remove(at);
        if self.random.one_in(2) {
            self.capture.push(&connection.segment(Side::Client, RST, []));
        } else {
            let sides = [Side::Client, Side::Server];
            for (side, flags) in sides.into_iter().zip([FIN | ACK, FIN | ACK]) {
                self.capture.push(&connection.segment(side, flags, []));
            }
            connection.ack(&mut self.capture, Side::Client);
        }
        for at in self.members(&room) {
            self.server_says(at, &logout(number, &escaped(&name)));
        }
    }

    fn ping(&mut self) {
        let at = self.random.below(self.browsers.len());
        self.server_says(at, r#"{"type":"ping"}"#);
        self.browsers[at].is_pinged = true;
        if !self.random.one_in(5) {
            self.browsers[at].is_pinged = false;
            self.browser_says(at, r#"{"type":"pong"}"#);
        }
    }

    fn say(&mut self) {
        let at = self.random.below(self.browsers.len());
        let text = ["hi", "hi", "大家好", "a < b & c", "that is all", "ok"][self.random.below(6)];
        // The server loses some; of equal texts, nothing tells which.
        let is_lost = self.random.one_in(9);
        let text = if is_lost { "is anybody there?" } else { text };
        self.browser_says(at, &say_request(text));
        if is_lost {
            return;
        }
        let Browser { number, name, room, .. } = &self.browsers[at];
        let delivery = say_delivery(*number, &escaped(name), &escaped(text));
        for at in self.members(&room.clone()) {
            self.server_says(at, &delivery);
        }
    }

    fn whisper(&mut self) {
        let (at, to) = (self.random.below(self.browsers.len()), self.random.below(self.browsers.len()));
        if at == to {
            return;
        }
        let text = ["psst", "only for you", "hi"][self.random.below(3)];
        let (from, name) = (self.browsers[at].number, self.browsers[at].name.clone());
        let (number, to_name) = (self.browsers[to].number, self.browsers[to].name.clone());
        self.browser_says(at, &private_say_request(number, &to_name, text));
        self.server_says(to, &private_delivery(from, &escaped(&name), number, text));
        self.server_says(at, &private_echo(from, &escaped(&name), number, &escaped(&to_name), text));
    }

    /// The browsers of a room, in random order.
    fn members(&mut self, room: &str) -> Vec<usize> {
        let mut members: Vec<usize> = (0..self.browsers.len()).filter(|&at| self.browsers[at].room == room).collect();
        for at in (1..members.len()).rev() {
            members.swap(at, self.random.below(at + 1));
        }
        members
    }

    fn browser_says(&mut self, at: usize, message: &str) {
        let is_acked = !self.random.one_in(3);
        let Chat { capture, browsers, .. } = self;
        browser_says(capture, &mut browsers[at].connection, message);
        if is_acked {
            browsers[at].connection.ack(capture, Side::Server);
        }
    }

    fn server_says(&mut self, at: usize, message: &str) {
        let is_acked = !self.random.one_in(3);
        let Chat { capture, browsers, .. } = self;
        server_says(capture, &mut browsers[at].connection, message);
        if is_acked {
            browsers[at].connection.ack(capture, Side::Client);
        }
    }
}

/// PHP's `htmlspecialchars`.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
