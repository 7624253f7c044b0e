//! Russian.

use super::common::{
    Cause, CloseCode, address, capitalised, described, enumerated, has_login_result, isolated, listed, name, quoted,
    speaker,
};
use super::{
    Clause, Column, Command, Completed, Completion, FindingDetail, Flag, Missing, NoteContext, PageText, Party, Phrase,
    Title, Topic, Word,
};
use crate::event::{Acked, Closing, FrameEvent, MessageEvent, Received, Recipient, Reset};
use crate::fields::{Field, Omission, Phase};
use crate::message::Opaque;
use crate::packet::{Frame, Side};

const QUOTES: [&str; 2] = ["«", "»"];

/// What stands between a word and what it introduces.
pub const COLON: &str = ": ";

pub fn frame(event: &FrameEvent<&str>, note: &NoteContext) -> String {
    let by = party(&note.by, Case::Nominative);
    let [of, to, with] = [Case::Genitive, Case::Dative, Case::Instrumental].map(|case| party(&note.other, case));
    match event {
        FrameEvent::Syn => format!("{by} отправляет {to} пакет SYN: просит установить соединение"),
        FrameEvent::SynAgain(first) => {
            format!("{by} повторно отправляет {to} пакет SYN (впервые — в кадре {first}): ответа пока нет")
        }
        FrameEvent::SynAck => format!("{by} отвечает {to} пакетом SYN+ACK: принимает соединение"),
        FrameEvent::SynAckAgain(first) => {
            format!("{by} повторно отвечает {to} пакетом SYN+ACK (впервые — в кадре {first}): подтверждения пока нет")
        }
        FrameEvent::Established => format!("{by} отправляет {to} пакет ACK: TCP-соединение установлено"),
        FrameEvent::Fin => format!("{by} отправляет {to} пакет FIN: передавать больше нечего"),
        FrameEvent::FinAcked => {
            format!("{by} подтверждает (ACK) получение пакета FIN от {of}: соединение в этом направлении закрыто")
        }
        FrameEvent::Reset(Reset::Refused) => {
            format!(
                "{by} отвечает {to} пакетом RST на пакет SYN: соединение отклонено, обычно потому, что порт никто не прослушивает"
            )
        }
        FrameEvent::Reset(Reset::AfterFins) => {
            format!("{by} сбрасывает (RST) соединение с {with}, уже закрытое обеими сторонами")
        }
        FrameEvent::Reset(Reset::Open) => {
            format!(
                "{by} сбрасывает (RST) соединение с {with}: оно сразу обрывается, ещё не доставленные данные теряются"
            )
        }
        FrameEvent::Reset(Reset::Unknown) => format!("{by} сбрасывает (RST) соединение с {with}"),
        FrameEvent::UpgradeRequest => {
            format!("{by} отправляет {to} запрос на рукопожатие WebSocket: просит перейти с HTTP на WebSocket")
        }
        FrameEvent::UpgradeRequestAcked(frame) => {
            format!("{by} подтверждает {to} пакетом ACK получение запроса на рукопожатие WebSocket{}", within(*frame))
        }
        FrameEvent::UpgradeAccepted => {
            format!("{by} отправляет {to} ответ на рукопожатие WebSocket: рукопожатие прошло успешно")
        }
        FrameEvent::UpgradeMisaccepted => format!(
            "{by} отправляет ответ на рукопожатие WebSocket с неверным значением Sec-WebSocket-Accept: {} обязан закрыть соединение",
            party(&note.other, Case::Nominative)
        ),
        FrameEvent::UpgradeWithoutSubprotocol => format!(
            "{by} отправляет {to} ответ на рукопожатие WebSocket: сервер согласен, но ни один из запрошенных подпротоколов не назван, поэтому браузер закрывает соединение"
        ),
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by} подтверждает {to} пакетом ACK получение ответа на рукопожатие WebSocket{}: рукопожатие успешно завершено, соединение WebSocket установлено",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by} отказывает {to} в рукопожатии WebSocket: отвечает кодом состояния HTTP {status}")
        }
        FrameEvent::Close(why) => format!("{by} отправляет {to} кадр закрытия WebSocket{}", closing(why)),
        FrameEvent::CloseReply(why) => {
            format!("{by} отвечает {to} на кадр закрытия WebSocket своим кадром закрытия{}", closing(why))
        }
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { ": запрос на вход выполнен" } else { "" };
            format!("{by} подтверждает {to} пакетом ACK получение {}{outcome}", things(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let by = party(&note.by, Case::Nominative);
    let to = party(&note.other, Case::Dative);
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let room = room.map(|room| format!(" в комнату {}", quoted(QUOTES, room))).unwrap_or_default();
            let name = match name {
                Some(name) => format!("под именем {}", quoted(QUOTES, name)),
                None => "без имени пользователя".to_owned(),
            };
            format!("{by} отправляет {to} по WebSocket запрос на вход{room} {name}")
        }
        MessageEvent::UserList { users: Some(count), .. } => {
            format!("{by} отправляет {to} список пользователей: {}", users(*count))
        }
        MessageEvent::UserList { users: None, .. } => format!("{by} отправляет {to} список пользователей"),
        MessageEvent::LoginResult { name: Some(name) } => {
            format!("{by} отправляет {to} результат входа: пользователь {} вошёл в чат", quoted(QUOTES, name))
        }
        MessageEvent::LoginResult { name: None } => format!("{by} отправляет {to} результат входа: вход выполнен"),
        MessageEvent::LoginNotification { name } => {
            format!("{by} уведомляет {}: в чат вошёл новый пользователь{}", notified(note), beside(*name))
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            format!("{by} отправляет {to} по WebSocket сообщение {}{}", recipient(whom), said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => format!("самому отправителю ({})", endpoint(&note.other)),
                false if note.is_anothers && note.other.name.is_none() => format!("другому {to}"),
                false => to,
            };
            let from = sender(speaker(note, *who));
            let recipient = recipient(whom);
            format!("{by} доставляет {to} сообщение{from} {recipient}{}", said(note.text))
        }
        MessageEvent::LogoutNotification { name } => {
            let who = name.map_or_else(
                || "кто-то из пользователей".to_owned(),
                |name| format!("пользователь {}", quoted(QUOTES, name)),
            );
            format!("{by} уведомляет {}: {who} вышел из чата", party(&note.other, Case::Accusative))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by} отправляет {to} запрос проверки связи (ping): спрашивает, на связи ли браузер")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by} отвечает {to} на проверку связи (pong): браузер на связи")
        }
        MessageEvent::UnsolicitedPong { .. } => {
            format!("{by} отправляет {to} ответ на проверку связи (pong), хотя проверки связи не было")
        }
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by} отправляет {to} сообщение типа {}", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by} отправляет {to} сообщение неизвестного чату типа {}", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => {
            format!("{by} отправляет {to} сообщение, тип которого не удаётся прочитать")
        }
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => " (замаскировано, в дампе не читается; здесь без маски)".to_owned(),
        Clause::Acked(acked) => format!("; тот же пакет {}", acknowledges(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => "; доставлено, но с другим текстом".to_owned(),
        Clause::Readable(line) => format!(": {line}"),
        Clause::Fault(detail) => format!(". {}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => format!("; больше уведомлять некого, вход{frame} завершён"),
        Completion::Login => format!("; все в комнате чата уведомлены, вход{frame} завершён"),
        Completion::Say => format!("; сообщение{frame} получили все браузеры-адресаты, доставка завершена"),
        Completion::Logout => format!("; все оставшиеся в комнате чата уведомлены, выход{frame} завершён"),
        Completion::Close => "; теперь соединение закрыто в обоих направлениях".to_owned(),
    }
}

pub fn title(title: &Title) -> String {
    match title {
        Title::TcpHandshake(Some(step)) => format!("Рукопожатие TCP, шаг {step} из 3"),
        Title::TcpHandshake(None) => "Рукопожатие TCP".to_owned(),
        Title::WebSocketHandshake => "Рукопожатие WebSocket".to_owned(),
        Title::Login(Some(user)) => format!("Вход пользователя {} в чат", name(QUOTES, user)),
        Title::Login(None) => "Вход в чат".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "Кто-то".to_owned(), |sender| name(QUOTES, sender));
            let to = match recipient {
                Recipient::Everyone => " всем".to_owned(),
                Recipient::Named(recipient) => format!(" пользователю {}", name(QUOTES, recipient)),
                Recipient::Id(id) => format!(" клиенту {}", name(QUOTES, id)),
                Recipient::Unknown => String::new(),
            };
            let text = text.map(|text| format!(": {}", quoted(QUOTES, text))).unwrap_or_default();
            format!("{sender} пишет{}{to}{text}", if text.is_empty() && to.is_empty() { " сообщение" } else { "" })
        }
        Title::Heartbeat(Some(user)) => format!("Проверка связи с пользователем {}", name(QUOTES, user)),
        Title::Heartbeat(None) => "Проверка связи".to_owned(),
        Title::Logout(Some(user)) => format!("{} выходит из чата", name(QUOTES, user)),
        Title::Logout(None) => "Кто-то выходит из чата".to_owned(),
        Title::Close => "Закрытие соединения".to_owned(),
        Title::Unknown => "Неизвестное сообщение".to_owned(),
    }
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpSyn => "Рукопожатие TCP 1/3 (SYN)",
        Phase::TcpSynAck => "Рукопожатие TCP 2/3 (SYN+ACK)",
        Phase::TcpAck => "Рукопожатие TCP 3/3 (ACK)",
        Phase::TcpFin => "Закрытие TCP (FIN)",
        Phase::TcpFinAcked => "Подтверждение закрытия TCP",
        Phase::TcpReset => "Сброс TCP (RST)",
        Phase::UpgradeRequest => "Запрос на рукопожатие WebSocket",
        Phase::UpgradeRequestAcked => "Подтверждение запроса на рукопожатие WebSocket",
        Phase::UpgradeResponse => "Ответ на рукопожатие WebSocket",
        Phase::UpgradeComplete => "Рукопожатие WebSocket завершено",
        Phase::UpgradeRefused => "Отказ в рукопожатии WebSocket",
        Phase::Close => "Закрытие WebSocket",
        Phase::CloseReply => "Ответ на закрытие WebSocket",
        Phase::LoginRequest => "Запрос на вход",
        Phase::UserList => "Список пользователей",
        Phase::LoginResult => "Результат входа",
        Phase::LoginNotification => "Уведомление о входе",
        Phase::SayRequest => "Отправка сообщения",
        Phase::SayDelivery => "Доставка сообщения",
        Phase::LogoutNotification => "Уведомление о выходе",
        Phase::Ping => "Проверка связи (ping)",
        Phase::Pong => "Ответ на проверку связи (pong)",
        Phase::Unknown => "Неизвестное сообщение",
        Phase::MessageAcked => "Подтверждение сообщения",
    }
}

pub fn label(field: Field) -> &'static str {
    match field {
        Field::Phase => "Этап",
        Field::Note => "Пояснение",
        Field::Exchange => "Обмен",
        Field::ExchangeTitle => "Заголовок",
        Field::ExchangeComplete => "Обмен завершён",
        Field::MessageType => "Тип",
        Field::ClientId => "ID клиента",
        Field::ClientName => "Имя пользователя",
        Field::FromClientId => "ID отправителя",
        Field::FromClientName => "Имя отправителя",
        Field::ToClientId => "ID получателя",
        Field::ToClientName => "Имя получателя",
        Field::Content => "Содержимое",
        Field::Text => "Текст",
        Field::Time => "Время",
        Field::RoomId => "ID комнаты",
        Field::ClientList => "Список пользователей",
        Field::ClientListUser => "Пользователь",
        Field::ClientListClientId => "ID клиента",
        Field::ClientListClientName => "Имя пользователя",
        Field::ClientListCount => "Число пользователей",
        Field::Member => "Другое поле",
        Field::Dialect => "Версия протокола",
        Field::Server => "Сервер",
        Field::Private => "Личное сообщение",
        Field::GatewayAddress => "Адрес шлюза",
        Field::GatewayPort => "Порт шлюза",
        Field::GatewayConnection => "Номер соединения на шлюзе",
        Field::User => "Пользователь этого соединения",
        Field::Room => "Комната этого соединения",
        Field::RoomMembers => "В комнате",
        Field::Sender => "Отправитель",
        Field::Recipient => "Получатель",
        Field::Acks => "Подтверждает кадр",
        Field::RequestIn => "Запрос в кадре",
        Field::ResponseIn => "Ответ в кадре",
        Field::ResponseTime => "Время ответа",
        Field::Deliveries => "Число доставок",
        Field::Delivery => "Доставка",
        Field::DeliveryFrame => "Кадр",
        Field::DeliveryUser => "Пользователь",
        Field::DeliveryEndpoint => "Конечная точка",
        Field::DeliveryTime => "Время доставки",
        Field::DeliveryAckedIn => "Подтверждено в кадре",
        Field::LeftOut => "Не показано",
        Field::LeftOutWhy => "Почему",
        Field::HandshakeKey => "Sec-WebSocket-Key",
        Field::HandshakeAccept => "Sec-WebSocket-Accept",
        Field::HandshakeAcceptExpected => "Ожидаемое значение Sec-WebSocket-Accept",
        Field::HandshakeAcceptValid => "Значение Sec-WebSocket-Accept верно",
        Field::HandshakeOrigin => "Источник (Origin)",
    }
}

pub fn phrase(phrase: &Phrase) -> String {
    match phrase {
        Phrase::All => "всем".to_owned(),
        Phrase::NotJson => "[не JSON]".to_owned(),
        Phrase::Login => "Вход".to_owned(),
        Phrase::Room(room) => format!("комната {}", isolated(room)),
        Phrase::Browser(party) => place_of(party),
        Phrase::UserList(count) => format!("Список пользователей ({})", users(*count)),
        Phrase::NoMessages => "Сообщений чата нет.".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{} (ранее {})", name, former),
        Phrase::LogsIn(Some(user)) => format!("{} входит в чат", name(QUOTES, user)),
        Phrase::LogsIn(None) => "Кто-то входит в чат".to_owned(),
        Phrase::Renamed { from, to } => format!("{} теперь {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(count) => format!("… и ещё {count}"),
        Phrase::Delivery { to, frame, milliseconds } => {
            let milliseconds = format!("{milliseconds:.3}").replace('.', ",");
            format!("{} в кадре {frame}, через {milliseconds} мс", capitalised(&party(to, Case::Dative)))
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let (by, to) = (party(by, Case::Nominative), party(other, Case::Dative));
            capitalised(&format!("{by} отправляет {to} часть сообщения, которое завершается в кадре {completed_in}"))
        }
        Phrase::PolicyRequest { by, other } => capitalised(&format!(
            "{} отправляет {} запрос политики Flash: могут ли подключаться страницы других сайтов",
            party(by, Case::Nominative),
            party(other, Case::Dative)
        )),
        Phrase::PolicyFile { by, other } => capitalised(&format!(
            "{} отвечает {} политикой Flash (XML): страницы каких сайтов могут подключаться",
            party(by, Case::Nominative),
            party(other, Case::Dative)
        )),
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => {
            format!("перед кадром {before} не хватает байтов {}", party(of, Case::Genitive))
        }
        Phrase::BytesMissing { of: None, before } => {
            format!("перед кадром {before} не хватает байтов, которые сервер отправил другим")
        }
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} Б, начало как у zlib: сжатые данные"),
            Opaque::Gzip => format!("{bytes} Б, начало как у gzip: сжатые данные"),
            Opaque::OpenSsl => format!("{bytes} Б в Base64, начало как у OpenSSL: зашифрованные данные"),
            Opaque::Base64 => format!("{bytes} Б в Base64"),
            Opaque::Binary => format!("{bytes} Б двоичных данных"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "не хватает байтов",
        Omission::SaidAgain => "одно и то же сказано несколько раз, и по захвату не видно, о каком сообщении речь",
        Omission::CaptureEnds => "захват вскоре заканчивается",
        Omission::BeganBefore => "соединение началось до захвата",
        Omission::Cut => "захват обрезал сообщение",
        Omission::NotCaptured => "соединение отправителя или его вход не захвачены",
        Omission::StaleList => "список пользователей сервера может быть устаревшим",
        Omission::SeveralAddresses => "у сервера несколько адресов, и браузер мог получить сообщение на нескольких",
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "Сообщения",
        Topic::Users => "Пользователи",
        Topic::Rooms => "Комнаты",
        Topic::Findings => "Замечания",
        Topic::ResponseTimes => "Время ответа (мкс)",
        Topic::FirstDelivery => "первая доставка",
        Topic::LastDelivery => "последняя доставка",
        Topic::Others => "прочие",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "отправлено",
        Column::Received => "получено",
        Column::Lost => "потеряно",
        Column::Mean => "среднее",
        Column::Slowest => "самое долгое",
        Column::FirstSeen => "впервые",
        Column::LastSeen => "в последний раз",
        Column::Response => "ответ",
        Column::Count => "число",
        Column::Shortest => "самое короткое",
        Column::Median => "медиана",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "Запись беседы",
        Command::Sessions => "Сеансы",
        Command::Users => "Пользователи",
        Command::Times => "Время ответа",
        Command::Diagram => "Диаграмма последовательности (Mermaid)",
        Command::Page => "Страница, пакет за пакетом",
        Command::Counts => "Счётчики и частоты",
        Command::WebPage => "Открыть как веб-страницу",
        Command::GoToPacket => "Перейти к пакету…",
        Command::ApplyAsFilter => "Применить как фильтр…",
        Command::Copy => "Копировать",
        Command::SaveAs => "Сохранить как…",
        Command::File => "Файл",
        Command::Sort => "Сортировать по…",
        Command::Column => "Столбец (номер или название)",
        Command::LimitToFilter => "Ограничить фильтром отображения",
        Command::PacketNumber => "Номер пакета",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "Браузер",
        Word::Side(Side::Server) => "Сервер",
        Word::User => "Пользователь",
        Word::Room => "Комната",
        Word::Began => "Начало",
        Word::Duration => "Длительность",
        Word::End => "Конец",
        Word::Open => "открыто",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "Значение флагов:",
        PageText::Flag(Flag::Syn) => "SYN: запрос на установление соединения",
        PageText::Flag(Flag::SynAck) => "SYN+ACK: согласие на соединение и подтверждение получения SYN",
        PageText::Flag(Flag::Ack) => "ACK: подтверждение получения данных от другой стороны",
        PageText::Flag(Flag::Push) => "PSH: передача данных",
        PageText::Flag(Flag::PushAck) => "PSH+ACK: передача данных и подтверждение получения данных от другой стороны",
        PageText::Flag(Flag::FinAck) => "FIN+ACK: данных больше не будет, запрос на закрытие соединения",
        PageText::Flag(Flag::Reset) => "RST: немедленный разрыв соединения (также [R.])",
        PageText::Totals { connections, logins, says } => {
            return format!(
                "Это всё (соединений с браузерами: {connections}, входов: {logins}, отправленных сообщений: {says})."
            );
        }
        PageText::Hexadecimal => {
            "Двоичные данные можно посмотреть в шестнадцатеричном виде: tcpdump -XAns 4096 -i any port 7272"
        }
        PageText::NoPacket => "В этом захвате нет пакетов workerman-chat; см. раздел «Troubleshooting» в README.md.",
        PageText::NothingMatches => "Показывать нечего: фильтру не соответствует ни один пакет workerman-chat.",
        PageText::Title => "Сеанс чата",
        PageText::SkipToPackets => "Перейти к пакетам",
        PageText::Contents => "Содержание",
        PageText::Conversation => "Ход разговора",
        PageText::DeliveryTimes => "Время доставки",
        PageText::MessagesPerMinute => "Сообщений в минуту",
        PageText::Users => "Пользователи",
        PageText::Packets => "Пакеты",
        PageText::Packet(frame) => return format!("Пакет {frame}"),
        PageText::NotDrawn(count) => return format!("Не нарисовано ещё {count}; их пакеты приведены ниже."),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("Доставок: {count}; в среднем {mean}, самая долгая — {slowest}.");
        }
        PageText::Messages { count, most } => return format!("Всего сообщений: {count}, не более {most} в минуту."),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => format!(
            "Не JSON: {}{}; сервер игнорирует это сообщение, и никто его не получит",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => format!(
            "Не JSON: {}{}; браузер не может прочитать это сообщение и ничего не покажет",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("Не JSON: {}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => {
            format!("В этом направлении у чата нет сообщений типа {}; сообщение игнорируется", quoted(QUOTES, name))
        }
        FindingDetail::UnknownType(None) => "У сообщения нет типа; оно игнорируется".to_owned(),
        FindingDetail::NotAnObject => "Сообщение — JSON, но не объект в фигурных скобках; оно игнорируется".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => {
                format!("В запросе на вход нет поля {member}: сервер выбрасывает исключение и не отвечает")
            }
            Missing::Name => format!("В запросе на вход нет поля {member}: пользователь входит с пустым именем"),
            Missing::Content => format!("В сообщении нет поля {member}: сервер доставляет пустой текст"),
            Missing::Recipient => format!("В сообщении нет поля {member}: сервер доставляет его только отправителю"),
            Missing::RecipientName => format!(
                "В сообщении нет поля {member}: в копии, которую сервер доставляет отправителю, получатель не назван"
            ),
            Missing::FromServer => format!("В сообщении нет поля {member}, хотя сервер чата отправляет его всегда"),
        },
        FindingDetail::SayBeforeLogin => {
            "Сообщение отправлено до входа в чат: сервер выбрасывает исключение, и никто его не получит".to_owned()
        }
        FindingDetail::NoDelivery => "Это сообщение никто не получил, хотя соединение продолжало работать".to_owned(),
        FindingDetail::NoLoginResult => "Сервер так и не ответил на этот вход, хотя соединение продолжало работать".to_owned(),
        FindingDetail::NoAck => "Браузер так и не подтвердил получение этого сообщения, хотя оно отправлялось повторно: вероятно, оно не дошло".to_owned(),
        FindingDetail::NoPong => "Браузер не ответил на этот ping".to_owned(),
        FindingDetail::BadTime(time) => {
            format!("Время {} не в формате YYYY-MM-DD HH:MM:SS, в котором его пишет сервер", quoted(QUOTES, time))
        }
        FindingDetail::UnescapedHtml(tag) => {
            format!("Доставленный текст содержит разметку ({tag}), которую добавил не сервер: браузер выполнит то, что написал пользователь", tag = isolated(tag))
        }
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => format!(
            "Значение Sec-WebSocket-Accept равно {found}, а ключу соответствует {expected}: браузер обязан закрыть соединение", found = isolated(found)
        ),
        FindingDetail::AcceptMismatch { expected, found: None } => {
            format!("Нет заголовка Sec-WebSocket-Accept, ключу соответствует значение {expected}: браузер обязан закрыть соединение")
        }
        FindingDetail::UpgradeMissing(missing) => format!(
            "В запросе на рукопожатие нет {missing} (требование RFC 6455, раздел 4.1): обычно причина в прокси-сервере (в nginx нужны директивы proxy_http_version и proxy_set_header); Workerman этого не требует"
        ),
        FindingDetail::HandshakeRefused(status) => format!(
            "Сервер отклонил рукопожатие WebSocket с кодом состояния HTTP {status}: по этому соединению войти в чат нельзя"
        ),
        FindingDetail::HandshakeCutOff => "Соединение завершилось раньше, чем сервер ответил на этот запрос: рукопожатие WebSocket прервано".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS: чтобы увидеть чат, дайте Wireshark ключи этого соединения (настройка tls.keylog_file; браузеры пишут их в файл, на который указывает SSLKEYLOGFILE)".to_owned(),
        FindingDetail::SubprotocolNotGranted => "Браузер запросил подпротокол (Sec-WebSocket-Protocol), а в ответе не назван ни один: браузер закрывает соединение".to_owned(),
        FindingDetail::UnmaskedClient => {
            "Кадр клиента не замаскирован: сервер обязан закрыть соединение (RFC 6455, раздел 5.1)".to_owned()
        }
        FindingDetail::MaskedServer => {
            "Кадр сервера замаскирован: браузер обязан закрыть соединение (RFC 6455, раздел 5.1)".to_owned()
        }
        FindingDetail::LongLength => {
            "Клиент записывает длину кадра большим числом байтов, чем нужно (RFC 6455, раздел 5.2); сервер чата это принимает"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "Код операции кадра не подходит к предыдущему кадру (RFC 6455, раздел 5.4); сервер чата считает одним сообщением все кадры до следующего с FIN"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => {
            format!("Захвачено байт этого сообщения: {captured} из {reported}; остальное не показано")
        }
        FindingDetail::AnotherWay { proxy_port: Some(port) } => format!(
            "Соединение идёт в туннеле через прокси-сервер (порт {port}): предшествующий обмен браузера с ним остался без пояснений"
        ),
        FindingDetail::AnotherWay { proxy_port: None } => {
            "Это сообщение осталось без пояснений: Wireshark получил сегменты TCP не из IP, поэтому плагин не видит заголовков TCP"
                .to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!("Память, отведённая для этого дампа, исчерпана ({megabytes} МБ): начиная с этого пакета у сообщений есть только их собственные поля, а остальные пакеты остались без пояснений"),
        FindingDetail::TooManyIdle { connections } => format!("Это соединение не запоминается, пока в нём нет данных: к портам чата уже есть соединения без данных, всего {connections}. То же относится и к следующим"),
        FindingDetail::Internal(what) => {
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
            format!("\\u{unit:04x} — половина суррогатной пары без второй половины, PHP такое не принимает")
        }
        Cause::UnterminatedString => "у строки нет закрывающей кавычки".to_owned(),
        Cause::UnexpectedCharacter(character) => {
            format!("недопустимый символ {}", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("недопустимый байт 0x{byte:02x}"),
        Cause::UnexpectedEnd => "сообщение обрывается слишком рано".to_owned(),
        Cause::TooDeep(levels) => format!("слишком глубокая вложенность, предел PHP — {levels}"),
        Cause::TooLong(bytes) => format!("сообщение слишком длинное, предел Workerman — {bytes} байт"),
        Cause::TrailingData => "после объекта идут лишние данные".to_owned(),
    }
}

#[derive(Clone, Copy)]
enum Case {
    Nominative,
    Genitive,
    Dative,
    Accusative,
    Instrumental,
}

/// The port, or the address with the port.
fn place_of(party: &Party) -> String {
    address(party).unwrap_or_else(|| format!("порт {}", party.port))
}

fn endpoint(party: &Party) -> String {
    let side = match party.side {
        Side::Client => "браузер",
        Side::Server => "сервер",
    };
    format!("{side}, {}", place_of(party))
}

fn party(party: &Party, case: Case) -> String {
    match party.name {
        Some(name) => format!("{} {} ({})", user(case), quoted(QUOTES, name), endpoint(party)),
        None => format!("{} ({})", side(party.side, case), place_of(party)),
    }
}

/// A browser is inanimate: its accusative is the nominative.
fn side(side: Side, case: Case) -> String {
    let noun = match side {
        Side::Client => "браузер",
        Side::Server => "сервер",
    };
    let ending = match case {
        Case::Nominative | Case::Accusative => "",
        Case::Genitive => "а",
        Case::Dative => "у",
        Case::Instrumental => "ом",
    };
    format!("{noun}{ending}")
}

/// A user is animate: the accusative is the genitive.
fn user(case: Case) -> &'static str {
    match case {
        Case::Nominative => "пользователь",
        Case::Genitive | Case::Accusative => "пользователя",
        Case::Dative => "пользователю",
        Case::Instrumental => "пользователем",
    }
}

/// Who is notified of a login: somebody else than who logs in, or perhaps that one.
fn notified(note: &NoteContext) -> String {
    if note.is_own { party(&note.other, Case::Accusative) } else { another(&note.other) }
}

/// Somebody else than who logs in, in the accusative.
fn another(other: &Party) -> String {
    let another = if other.name.is_none() { "другой " } else { "" };
    format!("{another}{}", party(other, Case::Accusative))
}

/// A name behind the noun that it belongs to.
fn beside(name: Option<&str>) -> String {
    name.map(|name| format!(" {}", quoted(QUOTES, name))).unwrap_or_default()
}

/// Whose message it is.
fn sender(name: Option<&str>) -> String {
    name.map(|name| format!(" от {}", quoted(QUOTES, name))).unwrap_or_default()
}

fn recipient(recipient: &Recipient<&str>) -> String {
    match recipient {
        Recipient::Everyone => "для всех".to_owned(),
        Recipient::Named(name) => format!("для пользователя {}", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("для клиента {}", isolated(id)),
        Recipient::Unknown => "для неизвестного получателя".to_owned(),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    match (count % 10, count % 100) {
        (_, 11..=14) => format!("{count} пользователей"),
        (1, _) => format!("{count} пользователь"),
        (2..=4, _) => format!("{count} пользователя"),
        _ => format!("{count} пользователей"),
    }
}

fn within(frame: Frame) -> String {
    format!(" (кадр {frame})")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("подтверждает (ACK) получение {}", things(acked))
}

/// In the genitive.
fn things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", thing(&acked.what), within(acked.frame)));
    enumerated(things, ", ", " и ", |count| match (count % 10, count % 100) {
        (1, last) if last != 11 => format!("ещё {count} сообщения"),
        _ => format!("ещё {count} сообщений"),
    })
}

/// What was received, in the genitive.
fn thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "запроса на рукопожатие WebSocket".to_owned(),
        Received::UpgradeResponse => "ответа на рукопожатие WebSocket".to_owned(),
        Received::Message(event) => message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "запроса на вход".to_owned(),
        MessageEvent::UserList { .. } => "списка пользователей".to_owned(),
        MessageEvent::LoginResult { .. } => "результата входа".to_owned(),
        MessageEvent::LoginNotification { name } => format!("уведомления о входе нового пользователя{}", beside(*name)),
        MessageEvent::SayRequest { sender: who, .. } | MessageEvent::SayDelivery { sender: who, .. } => {
            format!("сообщения{}", sender(*who))
        }
        MessageEvent::LogoutNotification { name } => format!("уведомления о выходе пользователя{}", beside(*name)),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "запроса проверки связи (ping)".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "ответа на проверку связи (pong)".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "сообщения";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!(" (рядом с {})", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!(" (код {code})"),
        Some((code, why)) => format!(" (код {code}: {why})"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "нормальное закрытие",
        CloseCode::GoingAway => "страница закрыта или сервер завершает работу",
        CloseCode::ProtocolError => "ошибка протокола",
        CloseCode::UnsupportedData => "неподдерживаемые данные",
        CloseCode::NoStatus => "код состояния не указан",
        CloseCode::Abnormal => "аварийное закрытие",
        CloseCode::InvalidData => "недопустимые данные",
        CloseCode::PolicyViolation => "нарушение правил",
        CloseCode::TooBig => "слишком большое сообщение",
        CloseCode::ExtensionMissing => "нет нужного расширения",
        CloseCode::InternalError => "внутренняя ошибка",
        CloseCode::ServiceRestart => "перезапуск службы",
        CloseCode::TryAgainLater => "повторите попытку позже",
    }
}
