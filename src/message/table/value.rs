//! Which types of the table the value of a member has.

use super::{MemberName, Type};
use crate::message::json::{Data, Document, Member, Members, Span, Tagging};
use crate::message::time::{is_2014_say_time, is_date_time};

impl Type {
    /// Whether the value of a member of the document is one of this type.
    pub(in crate::message) fn fits(self, member: &Member, document: &Document<impl Tagging>) -> bool {
        self.fits_one_of(types_of(member, document), member, document)
    }

    /// The same, where the [`types_of`] the member are known.
    pub fn fits_one_of(self, types: Types, member: &Member, document: &Document<impl Tagging>) -> bool {
        let list = || member.value.span();
        match (self, member.data) {
            (Type::Users2014, Data::Array { of_objects: true, length: 1.. }) => {
                are_users(&list(), &["uid", "code"], "name", document)
            }
            (Type::Users2015, Data::Array { of_objects: true, length: 1.. }) => {
                are_users(&list(), &["client_id"], "client_name", document)
            }
            (Type::NamesById, Data::Array { length, .. }) => length == 0,
            (Type::NamesById, Data::Object { .. }) => are_names_by_id(&list(), document),
            _ => types & self.bit() != 0,
        }
    }

    const fn bit(self) -> Types {
        1 << self as Types
    }
}

impl MemberName {
    /// Whether a value is one that the member has in any dialect: an id, a name or a list.
    pub(in crate::message) fn may_have(self, member: &Member, document: &Document<impl Tagging>) -> bool {
        const ID: Types = Type::Number.bit() | Type::Hex.bit() | Type::NumberOrAll.bit() | Type::HexOrAll.bit();
        match self {
            MemberName::FromClientId | MemberName::ToClientId | MemberName::ClientId => {
                types_of(member, document) & ID != 0
            }
            MemberName::ClientList => matches!(member.data, Data::Array { .. } | Data::Object { .. }),
            _ => member.data == Data::String,
        }
    }
}

/// A bit for each [`Type`].
pub type Types = u16;

/// The types of a member's value, but those of lists.
pub fn types_of(member: &Member, document: &Document<impl Tagging>) -> Types {
    const STRING: Types = Type::String.bit() | Type::NumberOrString.bit();
    match member.data {
        Data::String => {
            let text = document.string(&member.value);
            STRING
                | match text.len() {
                    3 if text == "all" => Type::NumberOrAll.bit() | Type::HexOrAll.bit(),
                    20 if is_hex_id(text) => Type::Hex.bit() | Type::HexOrAll.bit(),
                    19 if is_date_time(text) => Type::Time.bit() | Type::SayTime.bit(),
                    17 if is_2014_say_time(text) => Type::SayTime.bit(),
                    1..=19 if is_whole(text.as_bytes()) => Type::NumberOrAll.bit(),
                    _ => 0,
                }
        }
        Data::Number if is_whole(&document.bytes[member.value.span()]) => {
            Type::Number.bit() | Type::NumberOrAll.bit() | Type::NumberOrString.bit()
        }
        Data::Number => Type::NumberOrString.bit(),
        _ => 0,
    }
}

fn are_names_by_id(object: &Span, document: &Document<impl Tagging>) -> bool {
    document.members_of(object).all(|(id, name)| is_hex_id(&id.text) && is_string(&name, document))
}

/// The digits of an id of 2014 or 2015, which are fewer than those of a packed one.
fn is_whole(digits: &[u8]) -> bool {
    (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

fn is_hex_id(id: &str) -> bool {
    let is_digit = |byte: u8| byte.wrapping_sub(b'0') < 10 || (byte | 0x20).wrapping_sub(b'a') < 6;
    // All are looked at, so that many are at a time.
    <&[u8; 20]>::try_from(id.as_bytes()).is_ok_and(|id| id.iter().fold(true, |hex, byte| hex & is_digit(*byte)))
}

fn is_string(span: &Span, document: &Document<impl Tagging>) -> bool {
    document.bytes[span.start] == b'"'
}

fn are_users(list: &Span, ids: &[&str], name: &str, document: &Document<impl Tagging>) -> bool {
    let mut users = document.elements(list);
    let is_user = |members: &mut Members| is_user(members, ids, name, document);
    std::iter::from_fn(|| users.next_object(is_user)).all(|is_user| is_user)
}

fn is_user(members: &mut Members, ids: &[&str], name: &str, document: &Document<impl Tagging>) -> bool {
    let (mut count, mut has_id, mut has_name) = (0, false, false);
    for (key, value) in members {
        count += 1;
        has_id |= ids.contains(&&*key.text) && is_whole(&document.bytes[value.clone()]);
        has_name |= key.text == name && is_string(&value, document);
    }
    count == 2 && has_id && has_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_hex_or_a_whole_number() {
        for id in ["7f00000108fd00000001", "ABCDEFabcdef01234567"] {
            assert!(is_hex_id(id), "{id}");
        }
        for none in ["", "7f00000108fd0000000", "7f00000108fd000000012", "7f00000108fd0000000g", "@f00000108fd00000001"]
        {
            assert!(!is_hex_id(none), "{none}");
        }
        assert!(is_whole(b"1234567890123456789") && !is_whole(b"12345678901234567890"));
        assert!(!is_whole(b"") && !is_whole(b"-1") && !is_whole(b"1.0"));
    }
}
