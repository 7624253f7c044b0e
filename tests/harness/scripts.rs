//! Messages of browsers and of the current chat server (dialect C), and functions that capture them.

use serde_json::{Value, json};

use super::packets::{Capture, Connection, Link, Side};
use super::websocket;

/// The server's time in all messages.
pub const TIME: &str = "2026-11-20 08:00:00";

/// The id that GatewayWorker generates for connection `number`: 127.0.0.1, internal port 2301.
pub fn client_id(number: u32) -> String {
    format!("7f00000108fd{number:08x}")
}

pub fn login_request(name: &str, room: &str) -> String {
    json!({"type": "login", "client_name": name, "room_id": room}).to_string()
}

/// The response to a login, with the users in the room.
pub fn login_result(number: u32, name: &str, users: &[(u32, &str)]) -> String {
    let list: serde_json::Map<String, Value> =
        users.iter().map(|&(number, name)| (client_id(number), Value::from(name))).collect();
    json!({"type": "login", "client_id": client_id(number), "client_name": name, "time": TIME, "client_list": list})
        .to_string()
}

pub fn login_notification(number: u32, name: &str) -> String {
    json!({"type": "login", "client_id": client_id(number), "client_name": name, "time": TIME}).to_string()
}

/// A say to all users in the room.
pub fn say_request(content: &str) -> String {
    json!({"type": "say", "to_client_id": "all", "to_client_name": "所有人", "content": content}).to_string()
}

/// A say to one client.
pub fn private_say_request(number: u32, name: &str, content: &str) -> String {
    json!({"type": "say", "to_client_id": client_id(number), "to_client_name": name, "content": content}).to_string()
}

pub fn say_delivery(number: u32, name: &str, content: &str) -> String {
    delivery(number, name, "all", content)
}

/// The delivery of a private say to its recipient.
pub fn private_delivery(from: u32, name: &str, to: u32, content: &str) -> String {
    delivery(from, name, &client_id(to), &format!("<b>对你说: </b>{content}"))
}

/// The copy of a private say that its sender gets.
pub fn private_echo(from: u32, name: &str, to: u32, to_name: &str, content: &str) -> String {
    delivery(from, name, &client_id(to), &format!("<b>你对{to_name}说: </b>{content}"))
}

fn delivery(from: u32, name: &str, to: &str, content: &str) -> String {
    json!({"type": "say", "from_client_id": client_id(from), "from_client_name": name, "to_client_id": to,
           "content": content, "time": TIME})
    .to_string()
}

pub fn logout(number: u32, name: &str) -> String {
    json!({"type": "logout", "from_client_id": client_id(number), "from_client_name": name, "time": TIME}).to_string()
}

/// Captures the WebSocket handshake in four frames: request, ACK, response, ACK.
pub fn upgrade(capture: &mut Capture, connection: &mut Connection) {
    connection.send(capture, Side::Client, websocket::request("/", ""));
    connection.ack(capture, Side::Server);
    connection.send(capture, Side::Server, websocket::response(&websocket::accept(), ""));
    connection.ack(capture, Side::Client);
}

/// Captures both handshakes, the login, its result and its ACK, in ten frames.
pub fn join(capture: &mut Capture, connection: &mut Connection, number: u32, name: &str, room: &str) {
    connection.open(capture);
    upgrade(capture, connection);
    login(capture, connection, number, name, room);
}

/// Captures a login, its result and the result's ACK.
pub fn login(capture: &mut Capture, connection: &mut Connection, number: u32, name: &str, room: &str) {
    browser_says(capture, connection, login_request(name, room));
    server_says(capture, connection, login_result(number, name, &[(number, name)]));
    connection.ack(capture, Side::Client);
}

/// Captures a message of the browser and returns its frame number.
pub fn browser_says(capture: &mut Capture, connection: &mut Connection, message: impl AsRef<[u8]>) -> u32 {
    connection.send(capture, Side::Client, websocket::masked_text(message))
}

/// As many users as there are names, each of whom says the name, in this room or in one of the same name.
pub fn each_says_the_name(names: &[impl AsRef<str>], room: Option<&str>) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    for (number, name) in (1..).zip(names.iter().map(AsRef::as_ref)) {
        let mut connection = Connection::from_port(50_000 + number as u16);
        join(&mut capture, &mut connection, number, name, room.unwrap_or(name));
        browser_says(&mut capture, &mut connection, say_request(name));
        server_says(&mut capture, &mut connection, say_delivery(number, name, name));
        connection.ack(&mut capture, Side::Client);
    }
    capture
}

/// Captures a message of the server and returns its frame number.
pub fn server_says(capture: &mut Capture, connection: &mut Connection, message: impl AsRef<[u8]>) -> u32 {
    connection.send(capture, Side::Server, websocket::text(message))
}
