//! The expected fields of a message, from its JSON parsed with serde_json.

use serde_json::Value;

/// The field of a JSON member.
pub fn field_of(member: &str) -> Option<&'static str> {
    Some(match member {
        "type" => "workermanchat.type",
        "client_id" | "uid" => "workermanchat.client_id",
        "client_name" | "name" => "workermanchat.client_name",
        "from_client_id" | "from_uid" => "workermanchat.from_client_id",
        "from_client_name" => "workermanchat.from_client_name",
        "to_client_id" | "to_uid" => "workermanchat.to_client_id",
        "to_client_name" => "workermanchat.to_client_name",
        "content" => "workermanchat.content",
        "time" => "workermanchat.time",
        "room_id" => "workermanchat.room_id",
        _ => return None,
    })
}

/// The fields of JSON members.
pub const MEMBER_FIELDS: [&str; 13] = [
    "workermanchat.type",
    "workermanchat.client_id",
    "workermanchat.client_name",
    "workermanchat.from_client_id",
    "workermanchat.from_client_name",
    "workermanchat.to_client_id",
    "workermanchat.to_client_name",
    "workermanchat.content",
    "workermanchat.time",
    "workermanchat.room_id",
    LIST_ID,
    LIST_NAME,
    "workermanchat.member",
];

pub const LIST_ID: &str = "workermanchat.client_list.client_id";
pub const LIST_NAME: &str = "workermanchat.client_list.client_name";

/// The fields of a message in the order of its members, each with its value.
pub fn fields_of(message: &Value) -> Vec<(&'static str, String)> {
    let members = message.as_object().expect("a message is an object");
    members.iter().flat_map(|(member, value)| fields_of_member(member, value)).collect()
}

fn fields_of_member(member: &str, value: &Value) -> Vec<(&'static str, String)> {
    match (member, value) {
        ("client_list" | "user_list", Value::Object(users)) => {
            users.iter().flat_map(|(id, name)| [(LIST_ID, id.clone()), (LIST_NAME, shown(name))]).collect()
        }
        ("client_list" | "user_list", Value::Array(users)) => users.iter().flat_map(fields_of_user).collect(),
        _ => match field_of(member) {
            Some(field) => vec![(field, shown(value))],
            None => vec![("workermanchat.member", format!("{member}: {}", shown(value)))],
        },
    }
}

fn fields_of_user(user: &Value) -> Vec<(&'static str, String)> {
    let members = user.as_object().expect("a user is an object");
    let field = |member: &str| match member {
        "client_id" | "uid" | "code" => LIST_ID,
        "client_name" | "name" => LIST_NAME,
        other => panic!("a user has the member {other}"),
    };
    members.iter().map(|(member, value)| (field(member), shown(value))).collect()
}

/// The displayed value: a decoded string, with U+FFFD for NUL, or the digits of a number.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\0', "\u{fffd}"),
        other => other.to_string(),
    }
}

/// How many users a message lists.
pub fn users_in(message: &Value) -> Option<usize> {
    let list = message.get("client_list").or_else(|| message.get("user_list"))?;
    list.as_array().map(Vec::len).or_else(|| list.as_object().map(|users| users.len()))
}
