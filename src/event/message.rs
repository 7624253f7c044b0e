//! What a message is, and what all messages of a kind have in common: [`MessageEvent::row`] is the table of the chat's messages as the session,
//! the sentences and the views see them. Their types and members on the wire stand in the table of `message`.

use super::{Completion, Exchange};
use crate::fields::Phase;
use crate::packet::Side;

/// What a message is.
///
/// ```
/// use workermanchat::event::{Exchange, MessageEvent, Recipient};
/// use workermanchat::fields::Phase;
///
/// let event = MessageEvent::SayDelivery { sender: Some("anna"), recipient: Recipient::Everyone };
/// assert_eq!((event.phase(), event.is_from_server()), (Phase::SayDelivery, true));
/// let exchange = Exchange::Say { sender: Some("anna"), recipient: Recipient::Everyone, text: Some("hi") };
/// assert_eq!(event.exchange(Some("hi")), exchange);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum MessageEvent<T> {
    /// A client asks to log in.
    LoginRequest {
        /// The user's name.
        name: Option<T>,
        /// The room's id.
        room: Option<T>,
    },
    /// The server lists the users (dialect A).
    UserList {
        /// How many the list has; `None` for a list that the capture cut.
        users: Option<usize>,
        /// The user who gets it.
        recipient: Option<T>,
    },
    /// The server's answer to a login request.
    LoginResult {
        /// Who is logged in.
        name: Option<T>,
    },
    /// The server notifies somebody else of a login.
    LoginNotification {
        /// Who is logged in.
        name: Option<T>,
    },
    /// A client asks to deliver a text.
    SayRequest {
        /// Who says it.
        sender: Option<T>,
        /// Whom it is for.
        recipient: Recipient<T>,
    },
    /// The server delivers a text.
    SayDelivery {
        /// Who says it.
        sender: Option<T>,
        /// Whom it is for.
        recipient: Recipient<T>,
    },
    /// The server notifies the others of a logout.
    LogoutNotification {
        /// Who has left.
        name: Option<T>,
    },
    /// The server's heartbeat.
    Ping {
        /// The connection's user.
        recipient: Option<T>,
    },
    /// The client's answer to it.
    Pong {
        /// The connection's user.
        sender: Option<T>,
    },
    /// A client's heartbeat, which the chat itself does not have.
    ClientPing {
        /// The connection's user.
        sender: Option<T>,
    },
    /// The server's answer to it.
    ServerPong {
        /// The connection's user.
        recipient: Option<T>,
    },
    /// A pong of the client's that no ping asked for.
    UnsolicitedPong {
        /// The connection's user.
        sender: Option<T>,
    },
    /// A message of a type that the chat does not send in this direction, or of none.
    Unknown {
        /// The value of `type`.
        type_name: Option<T>,
        /// The user who sent it, or by whom the server has it.
        sender: Option<T>,
        /// Whom it is for, where it says so.
        recipient: Recipient<T>,
    },
}

/// Whom a say is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipient<T> {
    /// All members of the room.
    Everyone,
    /// A user, by name.
    Named(T),
    /// A client whose name was not known when the message was first seen.
    Id(T),
    /// The message does not say.
    Unknown,
}

/// What all messages of a kind have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The value of `workermanchat.phase`.
    pub phase: Phase,
    /// Who sends it; `None` where both sides may.
    pub from: Option<Side>,
    /// The phase of the request that it answers on the same connection. Says and their deliveries are matched otherwise.
    pub answers: Option<Phase>,
    /// What else it belongs to.
    pub link: Link,
    /// What is complete once all who have to receive it, as far as they are known, have acknowledged it: of what the server tells a room.
    pub completes: Option<Completion>,
}

/// What a message belongs to in another frame, and its record leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// To nothing.
    None,
    /// The message that answers it, on the same connection.
    Answer,
    /// The message that it answers.
    Request,
    /// The say that it is, or delivers.
    Say,
    /// What began elsewhere: the request that was made, or the end of a connection.
    Beginning,
}

impl Row {
    /// Of messages that answer nothing, and complete nothing.
    const fn of(phase: Phase, from: Option<Side>, link: Link) -> Row {
        Row { phase, from, answers: None, link, completes: None }
    }
}

impl<T> MessageEvent<T> {
    /// What all messages of its kind have in common.
    pub const fn row(&self) -> Row {
        const CLIENT: Option<Side> = Some(Side::Client);
        const SERVER: Option<Side> = Some(Side::Server);
        match self {
            MessageEvent::LoginRequest { .. } => Row::of(Phase::LoginRequest, CLIENT, Link::Answer),
            MessageEvent::UserList { .. } => Row::of(Phase::UserList, SERVER, Link::Request),
            MessageEvent::LoginResult { .. } => Row {
                answers: Some(Phase::LoginRequest),
                completes: Some(Completion::Login),
                ..Row::of(Phase::LoginResult, SERVER, Link::Request)
            },
            MessageEvent::LoginNotification { .. } => {
                Row { completes: Some(Completion::Login), ..Row::of(Phase::LoginNotification, SERVER, Link::Beginning) }
            }
            MessageEvent::SayRequest { .. } => Row::of(Phase::SayRequest, CLIENT, Link::Say),
            MessageEvent::SayDelivery { .. } => {
                Row { completes: Some(Completion::Say), ..Row::of(Phase::SayDelivery, SERVER, Link::Say) }
            }
            MessageEvent::LogoutNotification { .. } => Row {
                completes: Some(Completion::Logout),
                ..Row::of(Phase::LogoutNotification, SERVER, Link::Beginning)
            },
            MessageEvent::Ping { .. } => Row::of(Phase::Ping, SERVER, Link::Answer),
            MessageEvent::Pong { .. } => {
                Row { answers: Some(Phase::Ping), ..Row::of(Phase::Pong, CLIENT, Link::Request) }
            }
            MessageEvent::ClientPing { .. } => Row::of(Phase::Ping, CLIENT, Link::Answer),
            MessageEvent::ServerPong { .. } => {
                Row { answers: Some(Phase::Ping), ..Row::of(Phase::Pong, SERVER, Link::Request) }
            }
            MessageEvent::UnsolicitedPong { .. } => Row::of(Phase::Pong, CLIENT, Link::None),
            MessageEvent::Unknown { .. } => Row::of(Phase::Unknown, None, Link::None),
        }
    }

    /// The exchange that it is a step of; `text`: of a say, its beginning.
    pub fn exchange(self, text: Option<T>) -> Exchange<T> {
        match self {
            MessageEvent::LoginRequest { name, .. }
            | MessageEvent::LoginResult { name }
            | MessageEvent::LoginNotification { name }
            | MessageEvent::UserList { recipient: name, .. } => Exchange::Login(name),
            MessageEvent::SayRequest { sender, recipient } | MessageEvent::SayDelivery { sender, recipient } => {
                Exchange::Say { sender, recipient, text }
            }
            MessageEvent::LogoutNotification { name } => Exchange::Logout(name),
            MessageEvent::Ping { recipient: user }
            | MessageEvent::Pong { sender: user }
            | MessageEvent::ClientPing { sender: user }
            | MessageEvent::ServerPong { recipient: user }
            | MessageEvent::UnsolicitedPong { sender: user } => Exchange::Heartbeat(user),
            MessageEvent::Unknown { .. } => Exchange::Unknown,
        }
    }

    /// Who says or does what it is about, by name.
    pub fn sender(&self) -> Option<&T> {
        match self {
            MessageEvent::LoginRequest { name, .. }
            | MessageEvent::LoginResult { name }
            | MessageEvent::LoginNotification { name }
            | MessageEvent::LogoutNotification { name } => name.as_ref(),
            MessageEvent::SayRequest { sender, .. }
            | MessageEvent::SayDelivery { sender, .. }
            | MessageEvent::Pong { sender }
            | MessageEvent::ClientPing { sender }
            | MessageEvent::UnsolicitedPong { sender }
            | MessageEvent::Unknown { sender, .. } => sender.as_ref(),
            MessageEvent::UserList { .. } | MessageEvent::Ping { .. } | MessageEvent::ServerPong { .. } => None,
        }
    }

    /// Whom it is for; `None` for one that is for nobody in particular.
    pub fn recipient(&self) -> Option<Recipient<&T>> {
        match self {
            MessageEvent::SayRequest { recipient, .. }
            | MessageEvent::SayDelivery { recipient, .. }
            | MessageEvent::Unknown { recipient, .. } => Some(recipient.as_ref()),
            MessageEvent::UserList { recipient, .. }
            | MessageEvent::Ping { recipient }
            | MessageEvent::ServerPong { recipient } => recipient.as_ref().map(Recipient::Named),
            MessageEvent::LoginRequest { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::UnsolicitedPong { .. } => None,
        }
    }

    /// The value of `workermanchat.phase`.
    pub fn phase(&self) -> Phase {
        self.row().phase
    }

    /// Whether only the server sends such messages.
    pub fn is_from_server(&self) -> bool {
        self.row().from == Some(Side::Server)
    }

    /// Whether it answers a request of this kind, on the same connection.
    pub fn answers(&self, request: &MessageEvent<T>) -> bool {
        self.row().answers == Some(request.phase()) && self.row().from != request.row().from
    }

    /// The same with other texts; one for which `text` returns `None` is not known.
    pub fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> MessageEvent<U> {
        match self {
            MessageEvent::LoginRequest { name, room } => {
                MessageEvent::LoginRequest { name: name.as_ref().and_then(&text), room: room.as_ref().and_then(&text) }
            }
            MessageEvent::UserList { users, recipient } => {
                MessageEvent::UserList { users: *users, recipient: recipient.as_ref().and_then(text) }
            }
            MessageEvent::LoginResult { name } => MessageEvent::LoginResult { name: name.as_ref().and_then(text) },
            MessageEvent::LoginNotification { name } => {
                MessageEvent::LoginNotification { name: name.as_ref().and_then(text) }
            }
            MessageEvent::SayRequest { sender, recipient } => MessageEvent::SayRequest {
                sender: sender.as_ref().and_then(&text),
                recipient: recipient.filter_map(&text),
            },
            MessageEvent::SayDelivery { sender, recipient } => MessageEvent::SayDelivery {
                sender: sender.as_ref().and_then(&text),
                recipient: recipient.filter_map(&text),
            },
            MessageEvent::LogoutNotification { name } => {
                MessageEvent::LogoutNotification { name: name.as_ref().and_then(text) }
            }
            MessageEvent::Ping { recipient } => MessageEvent::Ping { recipient: recipient.as_ref().and_then(text) },
            MessageEvent::Pong { sender } => MessageEvent::Pong { sender: sender.as_ref().and_then(text) },
            MessageEvent::ClientPing { sender } => MessageEvent::ClientPing { sender: sender.as_ref().and_then(text) },
            MessageEvent::ServerPong { recipient } => {
                MessageEvent::ServerPong { recipient: recipient.as_ref().and_then(text) }
            }
            MessageEvent::UnsolicitedPong { sender } => {
                MessageEvent::UnsolicitedPong { sender: sender.as_ref().and_then(text) }
            }
            MessageEvent::Unknown { type_name, sender, recipient } => MessageEvent::Unknown {
                type_name: type_name.as_ref().and_then(&text),
                sender: sender.as_ref().and_then(&text),
                recipient: recipient.filter_map(&text),
            },
        }
    }
}

impl<T> Recipient<T> {
    /// The same with another text; one for which `text` returns `None` is not known.
    pub fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Recipient<U> {
        match self {
            Recipient::Everyone => Recipient::Everyone,
            Recipient::Named(name) => text(name).map_or(Recipient::Unknown, Recipient::Named),
            Recipient::Id(id) => text(id).map_or(Recipient::Unknown, Recipient::Id),
            Recipient::Unknown => Recipient::Unknown,
        }
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> Recipient<&T> {
        self.filter_map(Some)
    }
}

/// Messages of every kind, with and without what each may lack, for the tests of all that has to know every kind.
#[cfg(test)]
pub fn samples() -> Vec<MessageEvent<&'static str>> {
    let mut samples = Vec::new();
    for name in [Some("anna"), None] {
        samples.extend([
            MessageEvent::LoginRequest { name, room: Some("lobby") },
            MessageEvent::LoginRequest { name, room: None },
            MessageEvent::UserList { users: Some(3), recipient: name },
            MessageEvent::UserList { users: None, recipient: name },
            MessageEvent::LoginResult { name },
            MessageEvent::LoginNotification { name },
            MessageEvent::LogoutNotification { name },
            MessageEvent::Ping { recipient: name },
            MessageEvent::Pong { sender: name },
            MessageEvent::Unknown { type_name: Some("dance"), sender: name, recipient: Recipient::Unknown },
            MessageEvent::Unknown { type_name: None, sender: name, recipient: Recipient::Unknown },
            MessageEvent::ClientPing { sender: name },
            MessageEvent::ServerPong { recipient: name },
            MessageEvent::UnsolicitedPong { sender: name },
        ]);
        for recipient in [Recipient::Everyone, Recipient::Named("ben"), Recipient::Id("7"), Recipient::Unknown] {
            samples.push(MessageEvent::SayRequest { sender: name, recipient: recipient.clone() });
            samples.push(MessageEvent::SayDelivery { sender: name, recipient });
        }
    }
    samples
}

/// All the texts of a message.
#[cfg(test)]
pub fn texts_of<'a>(event: &MessageEvent<&'a str>) -> Vec<&'a str> {
    let texts = std::cell::RefCell::<Vec<&str>>::default();
    event.filter_map(|text| {
        texts.borrow_mut().push(*text);
        Some(())
    });
    texts.into_inner()
}

/// A sample as dialect C has it on the wire, and who sends it; `None` for what it has not.
#[cfg(test)]
pub fn on_the_wire(event: &MessageEvent<&str>) -> Option<(Side, String)> {
    let member =
        |key: &str, value: &Option<&str>| value.map(|value| format!(r#","{key}":"{value}""#)).unwrap_or_default();
    let to = |recipient: &Recipient<&str>| match recipient {
        Recipient::Everyone => r#","to_client_id":"all""#.to_owned(),
        Recipient::Named(name) => format!(r#","to_client_id":"7f00000108fd00000005","to_client_name":"{name}""#),
        Recipient::Id(_) => r#","to_client_id":"7f00000108fd00000009""#.to_owned(),
        Recipient::Unknown => String::new(),
    };
    const ID: &str = r#""7f00000108fd00000001""#;
    const TIME: &str = r#""time":"2026-11-20 07:20:19""#;
    let members = match event {
        MessageEvent::LoginRequest { name, room } => {
            format!(r#""type":"login"{}{}"#, member("client_name", name), member("room_id", room))
        }
        MessageEvent::UserList { .. } => return None,
        MessageEvent::LoginResult { name } => {
            format!(
                r#""type":"login","client_id":{ID}{},{TIME},"client_list":{{{ID}:"anna"}}"#,
                member("client_name", name)
            )
        }
        MessageEvent::LoginNotification { name } => {
            format!(r#""type":"login","client_id":{ID}{},{TIME}"#, member("client_name", name))
        }
        MessageEvent::SayRequest { recipient, .. } => format!(r#""type":"say"{},"content":"hi""#, to(recipient)),
        MessageEvent::SayDelivery { sender, recipient } => {
            let from = member("from_client_name", sender);
            format!(r#""type":"say","from_client_id":{ID}{from}{},"content":"hi",{TIME}"#, to(recipient))
        }
        MessageEvent::LogoutNotification { name } => {
            format!(r#""type":"logout","from_client_id":{ID}{},{TIME}"#, member("from_client_name", name))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => r#""type":"ping""#.to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            r#""type":"pong""#.to_owned()
        }
        MessageEvent::Unknown { type_name, recipient, .. } => {
            format!(r#""type":"{}"{}"#, type_name.unwrap_or_default(), to(recipient))
        }
    };
    Some((event.row().from.unwrap_or(Side::Client), format!("{{{members}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::frame_samples;

    #[test]
    fn there_is_a_sample_of_every_phase() {
        for phase in Phase::ALL {
            let is_message = samples().iter().any(|event| event.phase() == *phase);
            let is_below = frame_samples().iter().any(|event| event.phase() == *phase);
            assert!(is_message != is_below, "{phase:?} is that of a message or of what is below");
        }
    }

    #[test]
    fn a_message_that_answers_another_leads_to_it() {
        for answer in samples().iter().filter(|event| event.row().answers.is_some()) {
            assert_eq!(answer.row().link, Link::Request, "{answer:?}");
            let request = samples().into_iter().find(|request| answer.answers(request)).expect("its request");
            assert_eq!(request.row().link, Link::Answer, "{request:?}");
            assert_ne!(request.row().from, answer.row().from);
        }
    }

    /// `sender` and `recipient` are what views and filters have of it.
    #[test]
    fn every_name_of_a_message_is_its_senders_or_its_recipients() {
        for event in samples() {
            let recipient = match event.recipient() {
                Some(Recipient::Named(name) | Recipient::Id(name)) => Some(*name),
                Some(Recipient::Everyone | Recipient::Unknown) | None => None,
            };
            let parties = [event.sender().copied(), recipient];
            for text in texts_of(&event).iter().filter(|text| !["lobby", "dance"].contains(*text)) {
                assert!(parties.contains(&Some(*text)), "{text} of {event:?} is neither");
            }
        }
    }

    #[test]
    fn what_is_complete_when_all_have_it_is_its_exchange() {
        for event in samples() {
            if let Some(completion) = event.row().completes {
                assert!(event.is_from_server(), "{event:?}");
                assert!(event.exchange(None).is_completed_by(completion), "{completion:?}");
            }
        }
    }
}
