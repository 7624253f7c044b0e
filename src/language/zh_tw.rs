//! Traditional Chinese, with the words used in Taiwan.

use super::common::{
    Cause, CloseCode, address, described, enumerated, has_login_result, isolated, listed, name, quoted, spaced, speaker,
};
use super::{
    Clause, Column, Command, Completed, Completion, FindingDetail, Flag, Missing, NoteContext, PageText, Party, Phrase,
    Title, Topic, Word,
};
use crate::event::{Acked, Closing, FrameEvent, MessageEvent, Received, Recipient, Reset};
use crate::fields::{Field, Omission, Phase};
use crate::message::Opaque;
use crate::packet::{Frame, Side};

const QUOTES: [&str; 2] = ["「", "」"];

/// What stands between a word and what it introduces.
pub const COLON: &str = ": ";

pub fn frame(event: &FrameEvent<&str>, note: &NoteContext) -> String {
    let (by, other) = (spaced(&party(&note.by)), spaced(&party(&note.other)));
    match event {
        FrameEvent::Syn => format!("{by}向{other}傳送 SYN 封包：請求建立連線"),
        FrameEvent::SynAgain(first) => format!("{by}再次向{other}傳送 SYN 封包（首次在訊框 {first}）：尚未收到回應"),
        FrameEvent::SynAck => format!("{by}向{other}回應 SYN+ACK 封包：接受連線"),
        FrameEvent::SynAckAgain(first) => {
            format!("{by}再次向{other}回應 SYN+ACK 封包（首次在訊框 {first}）：尚未收到確認")
        }
        FrameEvent::Established => format!("{by}向{other}傳送 ACK 封包：TCP 連線已建立"),
        FrameEvent::Fin => format!("{by}向{other}傳送 FIN 封包：不再傳送資料"),
        FrameEvent::FinAcked => format!("{by}向{other}傳回 ACK，確認已收到 FIN 封包：該方向的連線已關閉"),
        FrameEvent::Reset(Reset::Refused) => {
            format!("{by}以 RST 封包回應{other}的 SYN 封包：拒絕連線，通常是因為沒有程式監聽該連接埠")
        }
        FrameEvent::Reset(Reset::AfterFins) => format!("{by}重設（RST）與{other}之間的連線：雙方先前都已關閉此連線"),
        FrameEvent::Reset(Reset::Open) => {
            format!("{by}重設（RST）與{other}之間的連線：連線立即終止，仍在傳輸途中的資料會遺失")
        }
        FrameEvent::Reset(Reset::Unknown) => format!("{by}重設（RST）與{other}之間的連線"),
        FrameEvent::UpgradeRequest => format!("{by}向{other}傳送 WebSocket 交握請求：請求從 HTTP 切換至 WebSocket"),
        FrameEvent::UpgradeRequestAcked(frame) => {
            format!("{by}向{other}傳回 ACK，確認已收到 WebSocket 交握請求{}", within(*frame))
        }
        FrameEvent::UpgradeAccepted => format!("{by}向{other}傳回 WebSocket 交握回應：交握成功"),
        FrameEvent::UpgradeMisaccepted => {
            format!("{by}傳回的 WebSocket 交握回應中 Sec-WebSocket-Accept 值錯誤：{other}必須關閉連線")
        }
        FrameEvent::UpgradeWithoutSubprotocol => {
            format!(
                "{by}向{other}傳回 WebSocket 交握回應：同意升級，但沒有採用請求中的任何子協定，瀏覽器會因此關閉連線"
            )
        }
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by}向{other}傳回 ACK，確認已收到 WebSocket 交握回應{}：交握成功，WebSocket 連線已建立",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by}拒絕{other}的 WebSocket 交握請求：傳回 HTTP 狀態碼 {status}")
        }
        FrameEvent::Close(why) => format!("{by}向{other}傳送 WebSocket 關閉訊框{}", closing(why)),
        FrameEvent::CloseReply(why) => format!("{by}向{other}回應 WebSocket 關閉訊框{}", closing(why)),
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { "：登入請求完成" } else { "" };
            format!("{by}向{other}{}{outcome}", acknowledges(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let (by, other) = (spaced(&party(&note.by)), spaced(&party(&note.other)));
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let name = name.map_or_else(|| "未帶暱稱".to_owned(), |name| format!("暱稱{}", quoted(QUOTES, name)));
            let room = room.map(|room| format!("，聊天室{}", quoted(QUOTES, room))).unwrap_or_default();
            format!("{by}透過 WebSocket 向{other}傳送登入請求：{name}{room}")
        }
        MessageEvent::UserList { users: Some(count), .. } => format!("{by}向{other}傳回使用者清單：{}", users(*count)),
        MessageEvent::UserList { users: None, .. } => format!("{by}向{other}傳回使用者清單"),
        MessageEvent::LoginResult { name: Some(name) } => {
            format!("{by}向{other}傳回登入結果：使用者{}登入成功", quoted(QUOTES, name))
        }
        MessageEvent::LoginResult { name: None } => format!("{by}向{other}傳回登入結果：登入成功"),
        MessageEvent::LoginNotification { name } => {
            format!("{by}通知{}：{}", notified(note), has_logged_in(*name))
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            let speech = speech(None, whom);
            format!("{by}透過 WebSocket 向{other}傳送{speech}{}", said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => its_sender(&note.other),
                false if note.is_anothers => another(&note.other),
                false => party(&note.other),
            };
            let speech = speech(speaker(note, *who), whom);
            format!("{by}將{speech}轉發給{}{}", spaced(&to).trim_end(), said(note.text))
        }
        MessageEvent::LogoutNotification { name } => {
            format!("{by}通知{}：{}", spaced(&party(&note.other)).trim_end(), has_left(*name))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by}向{other}傳送心跳偵測 ping：詢問對方是否仍在線上")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by}向{other}回應心跳偵測 pong：仍在線上")
        }
        MessageEvent::UnsolicitedPong { .. } => format!("{by}向{other}傳送心跳偵測 pong，但先前並沒有待回應的 ping"),
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by}向{other}傳送一則{}類型的訊息", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by}向{other}傳送類型為{}的訊息：聊天程式不支援該類型", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => format!("{by}向{other}傳送一則無法讀出類型的訊息"),
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => "（傳輸時經過遮罩處理，擷取資料中看不到原文；此處顯示還原後的內容）".to_owned(),
        Clause::Acked(acked) => format!("；此封包同時以 ACK 確認已收到{}", things(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => "；已轉發，但文字有更動".to_owned(),
        Clause::Readable(line) => format!("：{line}"),
        Clause::Fault(detail) => format!("。{}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => format!("；沒有其他人需要通知，登入{frame}完成"),
        Completion::Login => format!("；聊天室內所有人都已收到通知，登入{frame}完成"),
        Completion::Say => format!("；所有應收到這則發言{frame}的瀏覽器都已收到，發言已全部送達"),
        Completion::Logout => format!("；聊天室內其他所有人都已收到通知，離開流程{frame}完成"),
        Completion::Close => "；連線的兩個方向都已關閉".to_owned(),
    }
}

/// A name in a heading.
fn named(user: &str) -> String {
    spaced(&name(QUOTES, user))
}

pub fn title(title: &Title) -> String {
    let title = match title {
        Title::TcpHandshake(Some(1)) => "TCP 三向交握第一步".to_owned(),
        Title::TcpHandshake(Some(2)) => "TCP 三向交握第二步".to_owned(),
        Title::TcpHandshake(Some(_)) => "TCP 三向交握第三步".to_owned(),
        Title::TcpHandshake(None) => "TCP 三向交握".to_owned(),
        Title::WebSocketHandshake => "WebSocket 交握".to_owned(),
        Title::Login(Some(user)) => format!("{}登入", named(user)),
        Title::Login(None) => "使用者登入".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "有人".to_owned(), named);
            let to = match recipient {
                Recipient::Everyone => "對大家".to_owned(),
                Recipient::Named(recipient) | Recipient::Id(recipient) => format!("對{}", named(recipient)),
                Recipient::Unknown => String::new(),
            };
            match text {
                Some(text) => format!("{sender}{to}說：{}", quoted(QUOTES, text)),
                None => format!("{sender}{to}發言"),
            }
        }
        Title::Heartbeat(Some(user)) => format!("{}的心跳偵測", named(user)),
        Title::Heartbeat(None) => "心跳偵測".to_owned(),
        Title::Logout(Some(user)) => format!("{}離開聊天室", named(user)),
        Title::Logout(None) => "有使用者離開聊天室".to_owned(),
        Title::Close => "關閉連線".to_owned(),
        Title::Unknown => "不明訊息".to_owned(),
    };
    title.trim_start().to_owned()
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpSyn => "TCP 三向交握第一步（SYN）",
        Phase::TcpSynAck => "TCP 三向交握第二步（SYN+ACK）",
        Phase::TcpAck => "TCP 三向交握第三步（ACK）",
        Phase::TcpFin => "TCP 關閉（FIN）",
        Phase::TcpFinAcked => "TCP 關閉已確認",
        Phase::TcpReset => "TCP 重設（RST）",
        Phase::UpgradeRequest => "WebSocket 交握請求",
        Phase::UpgradeRequestAcked => "WebSocket 交握請求已確認",
        Phase::UpgradeResponse => "WebSocket 交握回應",
        Phase::UpgradeComplete => "WebSocket 交握完成",
        Phase::UpgradeRefused => "WebSocket 交握遭拒",
        Phase::Close => "WebSocket 關閉",
        Phase::CloseReply => "WebSocket 關閉回應",
        Phase::LoginRequest => "登入請求",
        Phase::UserList => "使用者清單",
        Phase::LoginResult => "登入結果",
        Phase::LoginNotification => "登入通知",
        Phase::SayRequest => "發言請求",
        Phase::SayDelivery => "發言轉發",
        Phase::LogoutNotification => "離開通知",
        Phase::Ping => "心跳偵測 ping",
        Phase::Pong => "心跳偵測 pong",
        Phase::Unknown => "不明訊息",
        Phase::MessageAcked => "訊息已確認",
    }
}

pub fn label(field: Field) -> &'static str {
    match field {
        Field::Phase => "階段",
        Field::Note => "說明",
        Field::Exchange => "所屬互動",
        Field::ExchangeTitle => "標題",
        Field::ExchangeComplete => "已完成",
        Field::MessageType => "類型",
        Field::ClientId => "用戶端 ID",
        Field::ClientName => "暱稱",
        Field::FromClientId => "傳送者的用戶端 ID",
        Field::FromClientName => "傳送者的暱稱",
        Field::ToClientId => "接收者的用戶端 ID",
        Field::ToClientName => "接收者的暱稱",
        Field::Content => "內容",
        Field::Text => "文字",
        Field::Time => "時間",
        Field::RoomId => "聊天室 ID",
        Field::ClientList => "使用者清單",
        Field::ClientListUser => "使用者",
        Field::ClientListClientId => "用戶端 ID",
        Field::ClientListClientName => "暱稱",
        Field::ClientListCount => "使用者人數",
        Field::Member => "其他欄位",
        Field::Dialect => "通訊協定版本",
        Field::Server => "伺服器",
        Field::Private => "私人訊息",
        Field::GatewayAddress => "閘道位址",
        Field::GatewayPort => "閘道連接埠",
        Field::GatewayConnection => "閘道連線編號",
        Field::User => "此連線的使用者",
        Field::Room => "此連線所在聊天室",
        Field::RoomMembers => "聊天室內的使用者",
        Field::Sender => "傳送者",
        Field::Recipient => "接收者",
        Field::Acks => "確認的訊框",
        Field::RequestIn => "請求所在訊框",
        Field::ResponseIn => "回應所在訊框",
        Field::ResponseTime => "回應時間",
        Field::Deliveries => "轉發次數",
        Field::Delivery => "轉發",
        Field::DeliveryFrame => "訊框",
        Field::DeliveryUser => "使用者",
        Field::DeliveryEndpoint => "端點",
        Field::DeliveryTime => "經過時間",
        Field::DeliveryAckedIn => "確認所在訊框",
        Field::LeftOut => "未列出",
        Field::LeftOutWhy => "緣由",
        Field::HandshakeKey => "Sec-WebSocket-Key",
        Field::HandshakeAccept => "Sec-WebSocket-Accept",
        Field::HandshakeAcceptExpected => "應有的 Sec-WebSocket-Accept",
        Field::HandshakeAcceptValid => "Sec-WebSocket-Accept 正確",
        Field::HandshakeOrigin => "來源（Origin）",
    }
}

pub fn phrase(phrase: &Phrase) -> String {
    match phrase {
        Phrase::All => "大家".to_owned(),
        Phrase::NotJson => "[不是 JSON]".to_owned(),
        Phrase::Login => "登入".to_owned(),
        Phrase::Room(room) => format!("聊天室 {}", isolated(room)),
        Phrase::Browser(party) => place_of(party),
        Phrase::UserList(count) => format!("使用者清單（{}）", users(*count)),
        Phrase::NoMessages => "沒有聊天訊息。".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{}（原名 {}）", name, former),
        Phrase::LogsIn(Some(user)) => format!("{}登入", named(user)).trim_start().to_owned(),
        Phrase::LogsIn(None) => "有使用者登入".to_owned(),
        Phrase::Renamed { from, to } => format!("{} 改名為 {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(count) => format!("……另有 {count} 項"),
        Phrase::Delivery { to, frame, milliseconds } => {
            let to = spaced(&party(to));
            format!("轉發給{}：訊框 {frame}，{milliseconds:.3} ms 後", to.trim_end())
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let (by, other) = (spaced(&party(by)), spaced(&party(other)));
            format!("{}向{other}傳送訊息的一部分，該訊息到訊框 {completed_in} 才完整", by.trim_start())
        }
        Phrase::PolicyRequest { by, other } => {
            let (by, other) = (spaced(&party(by)), spaced(&party(other)));
            format!("{}向{other}請求 Flash 原則：其他網站的頁面是否可以連線", by.trim_start())
        }
        Phrase::PolicyFile { by, other } => {
            let (by, other) = (spaced(&party(by)), spaced(&party(other)));
            format!("{}向{other}傳回 Flash 原則（XML）：哪些網站的頁面可以連線", by.trim_start())
        }
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => {
            format!("訊框 {before} 之前缺少{}的位元組", spaced(&party(of)))
        }
        Phrase::BytesMissing { of: None, before } => format!("訊框 {before} 之前缺少伺服器傳給其他人的位元組"),
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} 位元組，開頭像 zlib：已壓縮"),
            Opaque::Gzip => format!("{bytes} 位元組，開頭像 gzip：已壓縮"),
            Opaque::OpenSsl => format!("{bytes} 位元組的 Base64，開頭像 OpenSSL：已加密"),
            Opaque::Base64 => format!("{bytes} 位元組的 Base64"),
            Opaque::Binary => format!("{bytes} 位元組，二進位"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "缺少位元組",
        Omission::SaidAgain => "同樣的話說了多次，從封包擷取看不出是哪一次",
        Omission::CaptureEnds => "封包擷取在此後不久結束",
        Omission::BeganBefore => "該連線在封包擷取開始之前就已建立",
        Omission::Cut => "封包擷取截斷了該訊息",
        Omission::NotCaptured => "沒有擷取到傳送者的連線或其登入",
        Omission::StaleList => "伺服器的使用者清單可能已過時",
        Omission::SeveralAddresses => "伺服器有多個位址，某個瀏覽器可能在不只一個位址上收到",
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "訊息",
        Topic::Users => "使用者",
        Topic::Rooms => "聊天室",
        Topic::Findings => "問題",
        Topic::ResponseTimes => "回應時間（微秒）",
        Topic::FirstDelivery => "首次轉發",
        Topic::LastDelivery => "末次轉發",
        Topic::Others => "其他",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "發言",
        Column::Received => "收到",
        Column::Lost => "遺失",
        Column::Mean => "平均時間",
        Column::Slowest => "最長時間",
        Column::FirstSeen => "首次出現",
        Column::LastSeen => "末次出現",
        Column::Response => "回應",
        Column::Count => "次數",
        Column::Shortest => "最短時間",
        Column::Median => "中位數",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "聊天紀錄",
        Command::Sessions => "連線階段",
        Command::Users => "使用者",
        Command::Times => "回應時間",
        Command::Diagram => "循序圖（Mermaid）",
        Command::Page => "逐一封包的頁面",
        Command::Counts => "計數與速率",
        Command::WebPage => "以網頁開啟",
        Command::GoToPacket => "跳至封包…",
        Command::ApplyAsFilter => "套用為篩選器…",
        Command::Copy => "複製",
        Command::SaveAs => "另存新檔…",
        Command::File => "檔案",
        Command::Sort => "排序依據…",
        Command::Column => "欄（編號或標題）",
        Command::LimitToFilter => "限制為顯示篩選器",
        Command::PacketNumber => "封包編號",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "瀏覽器",
        Word::Side(Side::Server) => "伺服器",
        Word::User => "使用者",
        Word::Room => "聊天室",
        Word::Began => "開始",
        Word::Duration => "時長",
        Word::End => "結束",
        Word::Open => "未關閉",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "旗標的意義：",
        PageText::Flag(Flag::Syn) => "SYN：請求建立連線",
        PageText::Flag(Flag::SynAck) => "SYN+ACK：同意建立連線，並確認已收到 SYN",
        PageText::Flag(Flag::Ack) => "ACK：已收到對方傳來的資料",
        PageText::Flag(Flag::Push) => "PSH：傳送資料",
        PageText::Flag(Flag::PushAck) => "PSH+ACK：傳送資料，同時確認已收到對方的資料",
        PageText::Flag(Flag::FinAck) => "FIN+ACK：不再傳送資料，請求關閉連線",
        PageText::Flag(Flag::Reset) => "RST：立即中斷連線（也可能是 [R.]）",
        PageText::Totals { connections, logins, says } => {
            return format!("以上就是全部內容（瀏覽器連線數：{connections}，登入次數：{logins}，發言數：{says}）。");
        }
        PageText::Hexadecimal => "若要以十六進位檢視二進位資料，可執行：tcpdump -XAns 4096 -i any port 7272",
        PageText::NoPacket => "此擷取檔中沒有 workerman-chat 的封包；請參閱 README.md 的 Troubleshooting 一節。",
        PageText::NothingMatches => "沒有可顯示的 workerman-chat 封包：篩選條件不符合任何封包。",
        PageText::Title => "聊天工作階段",
        PageText::SkipToPackets => "跳至封包",
        PageText::Contents => "目錄",
        PageText::Conversation => "對話循序圖",
        PageText::DeliveryTimes => "轉發時間",
        PageText::MessagesPerMinute => "每分鐘訊息數",
        PageText::Users => "使用者",
        PageText::Packets => "封包",
        PageText::Packet(frame) => return format!("封包 {frame}"),
        PageText::NotDrawn(count) => return format!("另有 {count} 項未繪出；其封包見下方。"),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("共 {count} 次轉發：平均 {mean}，最慢 {slowest}。");
        }
        PageText::Messages { count, most } => return format!("共 {count} 則訊息，每分鐘最多 {most} 則。"),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => {
            format!("不是 JSON：{}{}；伺服器會忽略這則訊息，沒有人會收到", fault((*reason).into()), place(near))
        }
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => {
            format!("不是 JSON：{}{}；瀏覽器無法讀取這則訊息，什麼也不會顯示", fault((*reason).into()), place(near))
        }
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("不是 JSON：{}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => {
            format!("聊天程式在這個方向上沒有{}類型的訊息；這則訊息會被忽略", quoted(QUOTES, name))
        }
        FindingDetail::UnknownType(None) => "訊息沒有類型；這則訊息會被忽略".to_owned(),
        FindingDetail::NotAnObject => "訊息是 JSON，但不是以大括號括住的物件；這則訊息會被忽略".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => format!("登入請求缺少 {member} 欄位：伺服器會拋出例外，不予回應"),
            Missing::Name => format!("登入請求缺少 {member} 欄位：伺服器會讓該使用者以空白暱稱登入"),
            Missing::Content => format!("訊息缺少 {member} 欄位：伺服器轉發的內容為空白"),
            Missing::Recipient => format!("訊息缺少 {member} 欄位：伺服器只會轉發給傳送者本人"),
            Missing::RecipientName => {
                format!("訊息缺少 {member} 欄位：伺服器轉發給傳送者的副本中沒有接收者的暱稱")
            }
            Missing::FromServer => format!("訊息缺少 {member} 欄位，而聊天伺服器一定會傳送該欄位"),
        },
        FindingDetail::SayBeforeLogin => "在尚未登入的連線上發言：伺服器會拋出例外，沒有人會收到".to_owned(),
        FindingDetail::NoDelivery => "沒有人收到這則發言，儘管連線此後並未中斷".to_owned(),
        FindingDetail::NoLoginResult => "伺服器始終沒有回應這次登入，儘管連線此後並未中斷".to_owned(),
        FindingDetail::NoAck => "瀏覽器始終沒有確認收到這則訊息，儘管伺服器重傳過：它很可能沒有收到".to_owned(),
        FindingDetail::NoPong => "瀏覽器沒有回應這個 ping".to_owned(),
        FindingDetail::BadTime(time) => {
            format!("時間{}不是伺服器使用的 YYYY-MM-DD HH:MM:SS 格式", quoted(QUOTES, time))
        }
        FindingDetail::UnescapedHtml(tag) => {
            format!("伺服器轉發的內容含有並非由它加上的標記（{tag}）：瀏覽器會執行使用者寫入的內容", tag = isolated(tag))
        }
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => {
            format!("Sec-WebSocket-Accept 的值是 {found}，而依金鑰計算應為 {expected}：瀏覽器必須關閉連線", found = isolated(found))
        }
        FindingDetail::AcceptMismatch { expected, found: None } => {
            format!("缺少 Sec-WebSocket-Accept，依金鑰計算其值應為 {expected}：瀏覽器必須關閉連線")
        }
        FindingDetail::UpgradeMissing(missing) => format!(
            "交握請求缺少 RFC 6455 第 4.1 節要求的 {missing}：通常是代理伺服器沒有轉送它（nginx 的相關指令為 proxy_http_version、proxy_set_header）；Workerman 並不強制要求"
        ),
        FindingDetail::HandshakeRefused(status) => {
            format!("伺服器以 HTTP 狀態碼 {status} 拒絕了 WebSocket 交握：無法透過此連線聊天")
        }
        FindingDetail::HandshakeCutOff => "伺服器尚未回應這項請求，連線就已結束：WebSocket 交握中斷".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS：要看到聊天內容，請提供這條連線的金鑰給 Wireshark（偏好設定 tls.keylog_file；瀏覽器會將金鑰寫入 SSLKEYLOGFILE 指定的檔案）".to_owned(),
        FindingDetail::SubprotocolNotGranted => {
            "瀏覽器請求了子協定（Sec-WebSocket-Protocol），而回應中沒有指定子協定：瀏覽器會關閉連線".to_owned()
        }
        FindingDetail::UnmaskedClient => {
            "用戶端的訊框未經遮罩處理：伺服器必須關閉連線（RFC 6455 第 5.1 節）".to_owned()
        }
        FindingDetail::MaskedServer => "伺服器的訊框經過遮罩處理：瀏覽器必須關閉連線（RFC 6455 第 5.1 節）".to_owned(),
        FindingDetail::LongLength => {
            "用戶端以多於必要的位元組寫入訊框長度（RFC 6455 第 5.2 節）；聊天伺服器仍會接受"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "這個訊框的操作碼與前一個訊框不相符（RFC 6455 第 5.4 節）；聊天伺服器將直到下一個帶有 FIN 的訊框為止的所有訊框視為一則訊息"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => {
            format!("這則訊息共 {reported} 位元組，只擷取到前 {captured} 位元組；其餘部分不顯示")
        }
        FindingDetail::AnotherWay { proxy_port: Some(port) } => {
            format!("此連線經由代理伺服器（連接埠 {port}）的通道：瀏覽器與代理伺服器先前的協商未加標註")
        }
        FindingDetail::AnotherWay { proxy_port: None } => {
            "這則訊息未加標註：Wireshark 取得其 TCP 資料時未經過 IP 層，因此本外掛程式看不到 TCP 標頭".to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!(
            "為此擷取資料預留的記憶體已用盡（{megabytes} MB）：從此封包起，訊息只顯示自身的欄位，其他封包不加標註"
        ),
        FindingDetail::TooManyIdle { connections } => format!(
            "此連線在傳送資料之前不予記錄：聊天連接埠上已有 {connections} 個未傳送資料的連線。後續的此類連線也是如此"
        ),
        FindingDetail::Internal(what) => format!("這是本外掛程式的錯誤，與封包無關：{what}；請回報此問題"),
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "訊息是空的".to_owned(),
        Cause::NotAnObject => "訊息不是以大括號括住的物件".to_owned(),
        Cause::Backslash => "反斜線必須跳脫".to_owned(),
        Cause::Tab => "定位字元必須跳脫".to_owned(),
        Cause::LineEnd => "換行字元必須跳脫".to_owned(),
        Cause::ControlCharacter(byte) => format!("控制字元 0x{byte:02x} 必須跳脫"),
        Cause::InvalidUtf8 => "文字不是有效的 UTF-8".to_owned(),
        Cause::LoneSurrogate(unit) => format!("\\u{unit:04x} 是代理對的一半，缺少另一半，PHP 不接受"),
        Cause::UnterminatedString => "字串缺少結尾的引號".to_owned(),
        Cause::UnexpectedCharacter(character) => {
            format!("非預期的字元{}", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("非預期的位元組 0x{byte:02x}"),
        Cause::UnexpectedEnd => "訊息過早結束".to_owned(),
        Cause::TooDeep(levels) => format!("巢狀超過 {levels} 層，即 PHP 的上限"),
        Cause::TooLong(bytes) => format!("長度超過 {bytes} 位元組，即 Workerman 對單則訊息的上限"),
        Cause::TrailingData => "物件之後還有其他內容".to_owned(),
    }
}

/// The port, or the address with the port.
fn place_of(party: &Party) -> String {
    address(party).unwrap_or_else(|| format!("連接埠 {}", party.port))
}

fn endpoint(party: &Party) -> String {
    let side = match party.side {
        Side::Client => "瀏覽器",
        Side::Server => "伺服器",
    };
    match address(party) {
        Some(address) => format!("{side} {address}"),
        None => format!("{side}連接埠 {}", party.port),
    }
}

fn party(party: &Party) -> String {
    match party.name {
        Some(name) => format!("{}（{}）", quoted(QUOTES, name), endpoint(party)),
        None => endpoint(party),
    }
}

/// Who is notified of a login: somebody else than who logs in, or perhaps that one.
fn notified(note: &NoteContext) -> String {
    if note.is_own { party(&note.other) } else { another(&note.other) }
}

/// Somebody else than who logs in.
fn another(other: &Party) -> String {
    match other.name {
        Some(_) => party(other),
        None => format!("另一個瀏覽器（{}）", place_of(other)),
    }
}

/// Who gets back what he says; the speech names him.
fn its_sender(sender: &Party) -> String {
    format!("傳送者本人（{}）", endpoint(sender))
}

fn has_logged_in(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("新使用者{}已登入", quoted(QUOTES, name)),
        None => "有新使用者登入".to_owned(),
    }
}

fn has_left(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("使用者{}已離開", quoted(QUOTES, name)),
        None => "有使用者已離開".to_owned(),
    }
}

/// What is said by whom to whom, as a noun.
fn speech(sender: Option<&str>, recipient: &Recipient<&str>) -> String {
    let sender = sender.map(|sender| quoted(QUOTES, sender)).unwrap_or_default();
    match recipient {
        Recipient::Everyone => format!("{sender}對大家的發言"),
        Recipient::Named(name) => format!("{sender}對{}的發言", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("{sender}對用戶端 {} 的發言", isolated(id)),
        Recipient::Unknown if sender.is_empty() => "發言（接收者不明）".to_owned(),
        Recipient::Unknown => format!("{sender}的發言（接收者不明）"),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("：{}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    format!("{count} 位使用者")
}

fn within(frame: Frame) -> String {
    format!("（訊框 {frame}）")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("傳回 ACK，確認已收到{}", things(acked))
}

fn things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", thing(&acked.what), within(acked.frame)));
    spaced(&enumerated(things, "、", "和", |count| format!("另外 {count} 則訊息"))).trim_end().to_owned()
}

/// What was received.
fn thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "WebSocket 交握請求".to_owned(),
        Received::UpgradeResponse => "WebSocket 交握回應".to_owned(),
        Received::Message(event) => message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "登入請求".to_owned(),
        MessageEvent::UserList { .. } => "使用者清單".to_owned(),
        MessageEvent::LoginResult { .. } => "登入結果".to_owned(),
        MessageEvent::LoginNotification { name: Some(name) } => format!("新使用者{}登入的通知", quoted(QUOTES, name)),
        MessageEvent::LoginNotification { name: None } => "新使用者登入的通知".to_owned(),
        MessageEvent::SayRequest { sender: who, .. } | MessageEvent::SayDelivery { sender: who, .. } => match *who {
            Some(sender) => format!("{}的發言", quoted(QUOTES, sender)),
            None => "發言".to_owned(),
        },
        MessageEvent::LogoutNotification { name: Some(name) } => format!("使用者{}離開的通知", quoted(QUOTES, name)),
        MessageEvent::LogoutNotification { name: None } => "有使用者離開的通知".to_owned(),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "心跳偵測 ping".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "心跳偵測 pong".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "一則訊息";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!("（在{}處）", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!("（狀態碼 {code}）"),
        Some((code, why)) => format!("（狀態碼 {code}：{why}）"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "正常關閉",
        CloseCode::GoingAway => "端點離開，頁面已關閉或伺服器停止",
        CloseCode::ProtocolError => "通訊協定錯誤",
        CloseCode::UnsupportedData => "不支援的資料類型",
        CloseCode::NoStatus => "未收到狀態碼",
        CloseCode::Abnormal => "異常關閉",
        CloseCode::InvalidData => "資料無效",
        CloseCode::PolicyViolation => "違反原則",
        CloseCode::TooBig => "訊息過大",
        CloseCode::ExtensionMissing => "缺少擴充功能",
        CloseCode::InternalError => "內部錯誤",
        CloseCode::ServiceRestart => "服務重新啟動",
        CloseCode::TryAgainLater => "請稍後再試",
    }
}
