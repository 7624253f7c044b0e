//! Traditional Chinese, with the words used in Taiwan.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let (by, other) = (end(by), end(other));
    match event {
        Event::Syn => format!("{by} 向{other} 傳送 SYN：要求建立連線"),
        Event::SynAgain(first) => format!("{by} 再次向{other} 傳送 SYN（首次在訊框 {first}）：尚未收到回應"),
        Event::SynAck => format!("{by} 以 SYN+ACK 回應{other}：接受連線"),
        Event::SynAckAgain(first) => {
            format!("{by} 再次向{other} 傳送 SYN+ACK（首次在訊框 {first}）：尚未收到確認")
        }
        Event::Established => format!("{by} 確認{other} 的 SYN+ACK：TCP 連線已建立"),
        Event::Fin => format!("{by} 向{other} 傳送 FIN：已沒有資料要傳送"),
        Event::FinAcked => format!("{by} 確認{other} 的 FIN：該方向已關閉"),
        Event::Reset(Reset::Refused) => format!("{by} 以 RST 回應{other} 的 SYN：不接受連線，該連接埠無人監聽"),
        Event::Reset(Reset::AfterFins) => format!("{by} 重設雙方都已關閉的連線"),
        Event::Reset(Reset::Open) => format!("{by} 重設連線：連線立即終止，傳輸途中的資料遺失"),
        Event::Reset(Reset::Unknown) => format!("{by} 重設連線"),
        Event::UpgradeRequest => format!("{by} 要求{other} 從 HTTP 切換至 WebSocket"),
        Event::UpgradeRequestAcked(frame) => {
            format!("{by} 已收到訊框 {frame} 的 WebSocket 交握請求；隨後回應")
        }
        Event::UpgradeAccepted => format!("{by} 同意與{other} 使用 WebSocket 通訊：交握成功"),
        Event::UpgradeMisaccepted => {
            format!("{by} 同意使用 WebSocket，但 accept 值錯誤：{other} 將關閉連線")
        }
        Event::UpgradeComplete(frame) => format!("{by} 已收到訊框 {frame} 的回應：WebSocket 連線已建立"),
        Event::UpgradeRefused(status) => {
            format!("{by} 拒絕與{other} 使用 WebSocket 通訊：傳回 HTTP 狀態碼 {status}")
        }
        Event::Close(why) => format!("{by} 關閉與{other} 的 WebSocket 連線{}", closing(why)),
        Event::CloseReply(why) => format!("{by} 同意關閉與{other} 的 WebSocket 連線{}", closing(why)),
        Event::MessagesAcked(frames) => format!("{by} 已收到{}的訊息", numbered(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("{by} 向{other} 請求{}登入聊天室 {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => format!("{by} 向{other} 請求{}登入", named(name)),
        Event::UserList { users: Some(count), .. } => format!("{by} 告知{other} 有哪些使用者已登入：{count} 位使用者"),
        Event::UserList { users: None, .. } => format!("{by} 告知{other} 有哪些使用者已登入"),
        Event::LoginResult(name) => format!("{by} 告知{other}：{}登入成功", named(name)),
        Event::LoginNotification(name) => format!("{by} 通知{other}：{}已登入", user(name)),
        Event::SayRequest(say) => format!("{by} 要求{other} 轉送：{}", saying(say, text)),
        Event::SayDelivery(say) => format!("{by} 向{other} 送達：{}", saying(say, text)),
        Event::LogoutNotification(name) => format!("{by} 通知{other}：{}已離開", user(name)),
        Event::Ping(_) => format!("{by} 詢問{other} 是否仍在線上"),
        Event::Pong(_) => format!("{by} 回應{other}：仍在線上"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("{by} 向{other} 傳送 {name} 類型的訊息，聊天程式不認得該類型")
        }
        Event::Unknown { type_name: None, .. } => format!("{by} 向{other} 傳送一則讀不出類型的訊息"),
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => format!(
            "不是 JSON：{}（位移 {offset} 位元組）；伺服器會忽略這則訊息，沒有人會收到",
            fault((*reason).into())
        ),
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "不是 JSON：{}（位移 {offset} 位元組）；瀏覽器無法讀取這則訊息，什麼也不顯示",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => format!("聊天程式在這個方向上沒有 {name} 類型的訊息；該訊息會被忽略"),
        Fact::UnknownType(None) => "訊息沒有類型；該訊息會被忽略".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("登入請求缺少 {member}：伺服器擲出例外，不予回應"),
            Missing::Name => format!("登入請求缺少 {member}：伺服器以空白名稱讓其登入"),
            Missing::Content => format!("訊息缺少 {member}：伺服器送達空白內容"),
            Missing::Recipient => format!("訊息缺少 {member}：伺服器只把它送達給發送者自己"),
            Missing::RecipientName => format!("訊息缺少 {member}：伺服器送給發送者的副本中沒有接收者的名字"),
            Missing::FromServer => format!("訊息缺少聊天伺服器總會傳送的 {member}"),
        },
        Fact::SayBeforeLogin => "在尚未登入的連線上發言：伺服器擲出例外，沒有人會收到".to_owned(),
        Fact::NoDelivery => "沒有人收到這次發言，儘管連線仍在繼續".to_owned(),
        Fact::NoPong => "瀏覽器在下一個 ping 之前沒有回應這個 ping".to_owned(),
        Fact::BadTime(time) => format!("時間不是伺服器所寫的 YYYY-MM-DD HH:MM:SS 格式：{time}"),
        Fact::UnescapedHtml(tag) => {
            format!("伺服器送達的內容含有並非由它加上的標記（{tag}）：瀏覽器會執行使用者寫的內容")
        }
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("accept 值是 {found}，但與金鑰對應的應為 {expected}：瀏覽器會關閉連線")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("沒有 accept 值，而與金鑰對應的應為 {expected}：瀏覽器會關閉連線")
        }
        Fact::UpgradeMissing(missing) => format!(
            "交握請求缺少 RFC 6455 第 4.1 節要求的 {missing}：代理不轉送它時常見（nginx：proxy_http_version、proxy_set_header）；Workerman 對此不作要求"
        ),
        Fact::HandshakeRefused(status) => {
            format!("伺服器以 HTTP 狀態碼 {status} 拒絕了 WebSocket 交握：此瀏覽器無法聊天")
        }
        Fact::UnmaskedClient => "用戶端的訊框沒有遮罩：伺服器必須關閉連線（RFC 6455 第 5.1 節）".to_owned(),
        Fact::MaskedServer => "伺服器的訊框帶有遮罩：瀏覽器必須關閉連線（RFC 6455 第 5.1 節）".to_owned(),
        Fact::Truncated { captured, reported } => {
            format!("這則訊息共 {reported} 位元組，只擷取到 {captured} 位元組；其餘部分不顯示")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!("在經由連接埠 {port} 上代理伺服器的通道中：瀏覽器與代理伺服器先前的協商沒有標註")
        }
        Fact::AnotherWay { proxy_port: None } => {
            "這則訊息沒有標註：Wireshark 不是從 IP 取得其 TCP 的，因此本外掛程式看不到 TCP 標頭".to_owned()
        }
        Fact::Internal(what) => format!("這是本外掛程式的錯誤，不是封包的問題：{what}；請回報"),
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
        Cause::UnexpectedCharacter(character) => format!("這裡不能出現 {character}"),
        Cause::UnexpectedByte(byte) => format!("這裡不能出現位元組 0x{byte:02x}"),
        Cause::UnexpectedEnd => "訊息過早結束".to_owned(),
        Cause::TooDeep(levels) => format!("巢狀超過 {levels} 層，即 PHP 的上限"),
        Cause::TooLong(bytes) => format!("長度超過 {bytes} 位元組，即 Workerman 對單則訊息的上限"),
        Cause::TrailingData => "物件之後還有其他內容".to_owned(),
    }
}

fn end(end: End) -> String {
    match end.side {
        Side::Client => format!("瀏覽器連接埠 {}", end.port),
        Side::Server => format!("伺服器連接埠 {}", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("以使用者名稱 {name} "),
        None => "不帶使用者名稱".to_owned(),
    }
}

/// With a space between a name and Chinese text.
fn user(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{name} "),
        None => "有人".to_owned(),
    }
}

fn saying(say: Say<&str>, text: &str) -> String {
    let sender = user(say.sender);
    match say.recipient {
        Recipient::Everyone => format!("{sender}對所有人說：{text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => format!("{sender}對 {recipient} 說：{text}"),
        Recipient::Unknown => format!("{sender}說：{text}"),
    }
}

fn numbered(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("訊框 {frame} "),
        Frames::Several(first, last) => format!("訊框 {} 和 {last} ", joined(first, "、")),
        Frames::Many(first, more) => format!("訊框 {} 及另外 {more} 個訊框", joined(first, "、")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!("（狀態碼 {code}）"),
        Some((code, why)) => format!("（狀態碼 {code}，{why}）"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "正常關閉",
        CloseCode::GoingAway => "端點離開：頁面已離開或伺服器停止",
        CloseCode::ProtocolError => "通訊協定錯誤",
        CloseCode::UnsupportedData => "不支援的資料類型",
        CloseCode::NoStatus => "沒有狀態碼",
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
