//! Russian.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let by = end(by, "");
    // The other end in each case: `other` is the nominative and the accusative.
    let (of, to, with, other) = (end(other, "а"), end(other, "у"), end(other, "ом"), end(other, ""));
    match event {
        Event::Syn => format!("{by} отправляет SYN {to}: просит открыть соединение"),
        Event::SynAgain(first) => {
            format!("{by} снова отправляет {to} SYN из кадра {first}: ответа не было")
        }
        Event::SynAck => format!("{by} отвечает {to} пакетом SYN+ACK: принимает соединение"),
        Event::SynAckAgain(first) => {
            format!("{by} снова отправляет {to} SYN+ACK из кадра {first}: подтверждения не было")
        }
        Event::Established => format!("{by} подтверждает SYN+ACK {of}: TCP-соединение установлено"),
        Event::Fin => format!("{by} отправляет FIN {to}: передавать больше нечего"),
        Event::FinAcked => format!("{by} подтверждает FIN {of}: это направление закрыто"),
        Event::Reset(Reset::Refused) => {
            format!("{by} отвечает на SYN {of} пакетом RST: соединения не принимаются, порт никто не слушает")
        }
        Event::Reset(Reset::AfterFins) => format!("{by} сбрасывает соединение, которое обе стороны уже закрыли"),
        Event::Reset(Reset::Open) => {
            format!("{by} сбрасывает соединение: оно сразу обрывается, недоставленные данные теряются")
        }
        Event::Reset(Reset::Unknown) => format!("{by} сбрасывает соединение"),
        Event::UpgradeRequest => format!("{by} просит {other} перейти с HTTP на WebSocket"),
        Event::UpgradeRequestAcked(frame) => {
            format!("{by} получил запрос рукопожатия WebSocket из кадра {frame}; далее следует его ответ")
        }
        Event::UpgradeAccepted => {
            format!("{by} соглашается работать с {with} по WebSocket: рукопожатие прошло успешно")
        }
        Event::UpgradeMisaccepted => {
            format!("{by} соглашается на WebSocket, но его значение accept неверно: {other} закроет соединение")
        }
        Event::UpgradeComplete(frame) => {
            format!("{by} получил ответ из кадра {frame}: соединение WebSocket установлено")
        }
        Event::UpgradeRefused(status) => {
            format!("{by} отказывается работать с {with} по WebSocket: отвечает HTTP-статусом {status}")
        }
        Event::Close(why) => format!("{by} закрывает соединение WebSocket с {with}{}", closing(why)),
        Event::CloseReply(why) => {
            format!("{by} соглашается закрыть соединение WebSocket с {with}{}", closing(why))
        }
        Event::MessagesAcked(frames) => format!("{by} получил {}", messages(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("{by} запрашивает у {of} вход {} в комнату {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => format!("{by} запрашивает у {of} вход {}", named(name)),
        Event::UserList { users: Some(count), .. } => format!("{by} сообщает {to}, кто вошёл в чат: {}", users(count)),
        Event::UserList { users: None, .. } => format!("{by} сообщает {to}, кто вошёл в чат"),
        Event::LoginResult(name) => format!("{by} сообщает {to}: вход {} выполнен", named(name)),
        Event::LoginNotification(name) => format!("{by} сообщает {to}: {} вошёл в чат", user(name)),
        Event::SayRequest(say) => format!("{by} просит {other} передать: {}", saying(say, text)),
        Event::SayDelivery(say) => format!("{by} доставляет {to}: {}", saying(say, text)),
        Event::LogoutNotification(name) => format!("{by} сообщает {to}: {} вышел из чата", user(name)),
        Event::Ping(_) => format!("{by} спрашивает у {of}, на связи ли он"),
        Event::Pong(_) => format!("{by} отвечает {to}: он на связи"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("{by} отправляет {to} сообщение типа {name}, которого чат не знает")
        }
        Event::Unknown { type_name: None, .. } => {
            format!("{by} отправляет {to} сообщение, тип которого прочитать нельзя")
        }
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => format!(
            "Не JSON: {} (байт {offset}); сервер игнорирует это сообщение, и никто его не получит",
            fault((*reason).into())
        ),
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "Не JSON: {} (байт {offset}); браузер не может прочитать это сообщение и ничего не покажет",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => {
            format!("В этом направлении у чата нет сообщений типа {name}; сообщение игнорируется")
        }
        Fact::UnknownType(None) => "У сообщения нет типа; оно игнорируется".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("В запросе на вход нет {member}: сервер выбрасывает исключение и не отвечает"),
            Missing::Name => format!("В запросе на вход нет {member}: сервер впускает пользователя с пустым именем"),
            Missing::Content => format!("В сообщении нет {member}: сервер доставляет пустой текст"),
            Missing::Recipient => format!("В сообщении нет {member}: сервер доставляет его только отправителю"),
            Missing::RecipientName => format!(
                "В сообщении нет {member}: в копии, которую сервер доставляет отправителю, получатель не назван"
            ),
            Missing::FromServer => format!("В сообщении нет {member}, хотя сервер чата отправляет его всегда"),
        },
        Fact::SayBeforeLogin => {
            "Сказано в соединении, где входа ещё не было: сервер выбрасывает исключение, и никто этого не получит"
                .to_owned()
        }
        Fact::NoDelivery => "Сказанного здесь никто не получил, хотя соединение продолжало работать".to_owned(),
        Fact::NoPong => "Браузер не ответил на этот ping до следующего".to_owned(),
        Fact::BadTime(time) => {
            format!("Время не в формате YYYY-MM-DD HH:MM:SS, в котором его пишет сервер: {time}")
        }
        Fact::UnescapedHtml(tag) => {
            format!("Сервер доставил не свою разметку ({tag}): браузер выполняет то, что написал пользователь")
        }
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("Значение accept — {found}, но ключу соответствует {expected}: браузер закрывает соединение")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("Значения accept нет, а ключу соответствует {expected}: браузер закрывает соединение")
        }
        Fact::UpgradeMissing(missing) => format!(
            "В запросе рукопожатия нет {missing}, чего требует RFC 6455, раздел 4.1: обычное дело для прокси, который этого не передаёт (nginx: proxy_http_version, proxy_set_header); Workerman на этом не настаивает"
        ),
        Fact::HandshakeRefused(status) => {
            format!("Сервер отклонил рукопожатие WebSocket с HTTP-статусом {status}: этот браузер не попадёт в чат")
        }
        Fact::UnmaskedClient => {
            "Кадр клиента не замаскирован: сервер обязан закрыть соединение (RFC 6455, раздел 5.1)".to_owned()
        }
        Fact::MaskedServer => {
            "Кадр сервера замаскирован: браузер обязан закрыть соединение (RFC 6455, раздел 5.1)".to_owned()
        }
        Fact::Truncated { captured, reported } => {
            format!("Захвачено байтов этого сообщения: {captured} из {reported}; остальное не показано")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!(
                "В туннеле через прокси на порту {port}: то, о чём браузер и прокси договорились раньше, не подписано"
            )
        }
        Fact::AnotherWay { proxy_port: None } => {
            "Это сообщение не подписано: Wireshark получил его TCP не из IP, поэтому плагин не видит заголовков TCP"
                .to_owned()
        }
        Fact::Internal(what) => {
            format!("Это ошибка самого плагина, а не пакета: {what}; пожалуйста, сообщите о ней")
        }
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "сообщение пустое".to_owned(),
        Cause::NotAnObject => "сообщение не является объектом в фигурных скобках".to_owned(),
        Cause::Backslash => "обратную косую черту нужно экранировать".to_owned(),
        Cause::Tab => "табуляцию нужно экранировать".to_owned(),
        Cause::LineEnd => "конец строки нужно экранировать".to_owned(),
        Cause::ControlCharacter(byte) => format!("управляющий символ 0x{byte:02x} нужно экранировать"),
        Cause::InvalidUtf8 => "текст не в кодировке UTF-8".to_owned(),
        Cause::LoneSurrogate(unit) => {
            format!("\\u{unit:04x} — половина суррогатной пары без другой половины, что PHP отвергает")
        }
        Cause::UnterminatedString => "у строки нет закрывающей кавычки".to_owned(),
        Cause::UnexpectedCharacter(character) => format!("символ {character} здесь недопустим"),
        Cause::UnexpectedByte(byte) => format!("байт 0x{byte:02x} здесь недопустим"),
        Cause::UnexpectedEnd => "сообщение обрывается слишком рано".to_owned(),
        Cause::TooDeep(levels) => format!("глубина вложенности превышает предел PHP: {levels}"),
        Cause::TooLong(bytes) => format!("длина превышает предел Workerman для сообщения: {bytes} байт"),
        Cause::TrailingData => "после объекта есть что-то ещё".to_owned(),
    }
}

const SOMEBODY: &str = "кто-то";

/// With the ending of its case; both nouns are declined alike.
fn end(end: End, ending: &str) -> String {
    match end.side {
        Side::Client => format!("браузер{ending} (порт {})", end.port),
        Side::Server => format!("сервер{ending} (порт {})", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("под именем {name}"),
        None => "без имени".to_owned(),
    }
}

fn user(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("пользователь {name}"),
        None => SOMEBODY.to_owned(),
    }
}

fn saying(say: Say<&str>, text: &str) -> String {
    let sender = say.sender.unwrap_or(SOMEBODY);
    match say.recipient {
        Recipient::Everyone => format!("{sender} говорит всем: {text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => {
            format!("{sender} говорит пользователю {recipient}: {text}")
        }
        Recipient::Unknown => format!("{sender} говорит: {text}"),
    }
}

fn users(count: usize) -> String {
    match (count % 10, count % 100) {
        (_, 11..=14) => format!("{count} пользователей"),
        (1, _) => format!("{count} пользователь"),
        (2..=4, _) => format!("{count} пользователя"),
        _ => format!("{count} пользователей"),
    }
}

fn messages(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("сообщение из кадра {frame}"),
        Frames::Several(first, last) => format!("сообщения из кадров {} и {last}", joined(first, ", ")),
        Frames::Many(first, more) => format!("сообщения из кадров {} и ещё {more}", joined(first, ", ")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!(": код {code}"),
        Some((code, why)) => format!(": код {code}, {why}"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "нормальное закрытие",
        CloseCode::GoingAway => "уход: страница покинута или сервер останавливается",
        CloseCode::ProtocolError => "ошибка протокола",
        CloseCode::UnsupportedData => "неподдерживаемые данные",
        CloseCode::NoStatus => "без кода состояния",
        CloseCode::Abnormal => "аварийное закрытие",
        CloseCode::InvalidData => "недопустимые данные",
        CloseCode::PolicyViolation => "нарушение правил",
        CloseCode::TooBig => "слишком большое сообщение",
        CloseCode::ExtensionMissing => "нет нужного расширения",
        CloseCode::InternalError => "внутренняя ошибка",
        CloseCode::ServiceRestart => "перезапуск службы",
        CloseCode::TryAgainLater => "повторите позже",
    }
}
