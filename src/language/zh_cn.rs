//! Simplified Chinese, with the words of Workerman's manual.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let (by, other) = (end(by), end(other));
    match event {
        Event::Syn => format!("{by}向{other}发送 SYN：请求建立连接"),
        Event::SynAgain(first) => format!("{by}再次向{other}发送 SYN（首次在第 {first} 帧）：尚未收到应答"),
        Event::SynAck => format!("{by}以 SYN+ACK 应答{other}：接受连接"),
        Event::SynAckAgain(first) => format!("{by}再次向{other}发送 SYN+ACK（首次在第 {first} 帧）：尚未收到确认"),
        Event::Established => format!("{by}确认{other}的 SYN+ACK：TCP 连接已建立"),
        Event::Fin => format!("{by}向{other}发送 FIN：已没有数据要发送"),
        Event::FinAcked => format!("{by}确认{other}的 FIN：该方向已关闭"),
        Event::Reset(Reset::Refused) => format!("{by}以 RST 应答{other}的 SYN：不接受连接，该端口无人监听"),
        Event::Reset(Reset::AfterFins) => format!("{by}重置双方均已关闭的连接"),
        Event::Reset(Reset::Open) => format!("{by}重置连接：连接立即终止，传输途中的数据丢失"),
        Event::Reset(Reset::Unknown) => format!("{by}重置连接"),
        Event::UpgradeRequest => format!("{by}请求{other}从 HTTP 切换到 WebSocket"),
        Event::UpgradeRequestAcked(frame) => format!("{by}已收到第 {frame} 帧的 WebSocket 握手请求；随后应答"),
        Event::UpgradeAccepted => format!("{by}同意与{other}使用 WebSocket 通信：握手成功"),
        Event::UpgradeMisaccepted => format!("{by}同意使用 WebSocket，但 accept 值错误：{other}将关闭连接"),
        Event::UpgradeComplete(frame) => format!("{by}已收到第 {frame} 帧的响应：WebSocket 连接已建立"),
        Event::UpgradeRefused(status) => {
            format!("{by}拒绝与{other}使用 WebSocket 通信：返回 HTTP 状态码 {status}")
        }
        Event::Close(why) => format!("{by}关闭与{other}的 WebSocket 连接{}", closing(why)),
        Event::CloseReply(why) => format!("{by}同意关闭与{other}的 WebSocket 连接{}", closing(why)),
        Event::MessagesAcked(frames) => format!("{by}已收到{}的消息", numbered(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("{by}向{other}请求{}登录房间 {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => format!("{by}向{other}请求{}登录", named(name)),
        Event::UserList { users: Some(count), .. } => format!("{by}告知{other}有哪些用户已登录：{count} 个用户"),
        Event::UserList { users: None, .. } => format!("{by}告知{other}有哪些用户已登录"),
        Event::LoginResult(name) => format!("{by}告知{other}：{}登录成功", named(name)),
        Event::LoginNotification(name) => format!("{by}通知{other}：{}已登录", user(name)),
        Event::SayRequest(say) => format!("{by}请求{other}转发：{}", saying(say, text)),
        Event::SayDelivery(say) => format!("{by}向{other}送达：{}", saying(say, text)),
        Event::LogoutNotification(name) => format!("{by}通知{other}：{}已离开", user(name)),
        Event::Ping(_) => format!("{by}询问{other}是否仍在线"),
        Event::Pong(_) => format!("{by}应答{other}：仍在线"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("{by}向{other}发送 {name} 类型的消息，聊天程序不认识该类型")
        }
        Event::Unknown { type_name: None, .. } => format!("{by}向{other}发送一条读不出类型的消息"),
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => {
            format!("不是 JSON：{}（偏移 {offset} 字节）；服务端会忽略这条消息，没有人会收到", fault((*reason).into()))
        }
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "不是 JSON：{}（偏移 {offset} 字节）；浏览器无法读取这条消息，什么也不显示",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => format!("聊天程序在这个方向上没有 {name} 类型的消息；该消息被忽略"),
        Fact::UnknownType(None) => "消息没有类型；该消息被忽略".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("登录请求缺少 {member}：服务端抛出异常，不作应答"),
            Missing::Name => format!("登录请求缺少 {member}：服务端以空用户名让其登录"),
            Missing::Content => format!("消息缺少 {member}：服务端送达空内容"),
            Missing::Recipient => format!("消息缺少 {member}：服务端只把它送达给发送者自己"),
            Missing::RecipientName => format!("消息缺少 {member}：服务端送给发送者的副本中没有接收者的名字"),
            Missing::FromServer => format!("消息缺少聊天服务端总会发送的 {member}"),
        },
        Fact::SayBeforeLogin => "在尚未登录的连接上发言：服务端抛出异常，没有人会收到".to_owned(),
        Fact::NoDelivery => "没有人收到这次发言，尽管连接仍在继续".to_owned(),
        Fact::NoPong => "浏览器在下一个 ping 之前没有应答这个 ping".to_owned(),
        Fact::BadTime(time) => format!("时间不是服务端所写的 YYYY-MM-DD HH:MM:SS 格式：{time}"),
        Fact::UnescapedHtml(tag) => {
            format!("服务端送达的内容含有并非由它添加的标记（{tag}）：浏览器会执行用户写的内容")
        }
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("accept 值是 {found}，但与密钥对应的应为 {expected}：浏览器会关闭连接")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("没有 accept 值，而与密钥对应的应为 {expected}：浏览器会关闭连接")
        }
        Fact::UpgradeMissing(missing) => format!(
            "握手请求缺少 RFC 6455 第 4.1 节要求的 {missing}：代理不转发它时常见（nginx：proxy_http_version、proxy_set_header）；Workerman 对此不作要求"
        ),
        Fact::HandshakeRefused(status) => {
            format!("服务端以 HTTP 状态码 {status} 拒绝了 WebSocket 握手：此浏览器无法聊天")
        }
        Fact::UnmaskedClient => "客户端的帧没有掩码：服务端必须关闭连接（RFC 6455 第 5.1 节）".to_owned(),
        Fact::MaskedServer => "服务端的帧带有掩码：浏览器必须关闭连接（RFC 6455 第 5.1 节）".to_owned(),
        Fact::Truncated { captured, reported } => {
            format!("这条消息共 {reported} 字节，只捕获到 {captured} 字节；其余部分不显示")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!("在经过端口 {port} 上代理的隧道中：浏览器与代理此前的协商没有标注")
        }
        Fact::AnotherWay { proxy_port: None } => {
            "这条消息没有标注：Wireshark 不是从 IP 得到其 TCP 的，因此本插件看不到 TCP 首部".to_owned()
        }
        Fact::Internal(what) => format!("这是本插件的故障，不是数据包的问题：{what}；请报告"),
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "消息为空".to_owned(),
        Cause::NotAnObject => "消息不是用花括号括起来的对象".to_owned(),
        Cause::Backslash => "反斜杠必须转义".to_owned(),
        Cause::Tab => "制表符必须转义".to_owned(),
        Cause::LineEnd => "换行符必须转义".to_owned(),
        Cause::ControlCharacter(byte) => format!("控制字符 0x{byte:02x} 必须转义"),
        Cause::InvalidUtf8 => "文本不是有效的 UTF-8".to_owned(),
        Cause::LoneSurrogate(unit) => format!("\\u{unit:04x} 是代理对的一半，缺少另一半，PHP 不接受"),
        Cause::UnterminatedString => "字符串缺少结尾的引号".to_owned(),
        Cause::UnexpectedCharacter(character) => format!("此处不能出现 {character}"),
        Cause::UnexpectedByte(byte) => format!("此处不能出现字节 0x{byte:02x}"),
        Cause::UnexpectedEnd => "消息提前结束".to_owned(),
        Cause::TooDeep(levels) => format!("嵌套超过 {levels} 层，即 PHP 的上限"),
        Cause::TooLong(bytes) => format!("长度超过 {bytes} 字节，即 Workerman 对单条消息的上限"),
        Cause::TrailingData => "对象之后还有其他内容".to_owned(),
    }
}

fn end(end: End) -> String {
    match end.side {
        Side::Client => format!("浏览器 {} 端口", end.port),
        Side::Server => format!("服务端 {} 端口", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("以用户名 {name} "),
        None => "不带用户名".to_owned(),
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
        Recipient::Everyone => format!("{sender}对所有人说：{text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => format!("{sender}对 {recipient} 说：{text}"),
        Recipient::Unknown => format!("{sender}说：{text}"),
    }
}

fn numbered(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("第 {frame} 帧"),
        Frames::Several(first, last) => format!("第 {} 和 {last} 帧", joined(first, "、")),
        Frames::Many(first, more) => format!("第 {} 帧及另外 {more} 帧", joined(first, "、")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!("（状态码 {code}）"),
        Some((code, why)) => format!("（状态码 {code}，{why}）"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "正常关闭",
        CloseCode::GoingAway => "终端离开：页面已离开或服务端停止",
        CloseCode::ProtocolError => "协议错误",
        CloseCode::UnsupportedData => "不支持的数据类型",
        CloseCode::NoStatus => "没有状态码",
        CloseCode::Abnormal => "异常关闭",
        CloseCode::InvalidData => "数据无效",
        CloseCode::PolicyViolation => "违反策略",
        CloseCode::TooBig => "消息过大",
        CloseCode::ExtensionMissing => "缺少扩展",
        CloseCode::InternalError => "内部错误",
        CloseCode::ServiceRestart => "服务重启",
        CloseCode::TryAgainLater => "请稍后重试",
    }
}
