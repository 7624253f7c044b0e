//! Simplified Chinese, with the words of Workerman's manual.

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

const QUOTES: [&str; 2] = ["“", "”"];

/// What stands between a word and what it introduces.
pub const COLON: &str = ": ";

pub fn frame(event: &FrameEvent<&str>, note: &NoteContext) -> String {
    let (by, other) = (spaced(&party(&note.by)), spaced(&party(&note.other)));
    match event {
        FrameEvent::Syn => format!("{by}向{other}发送 SYN 包：请求建立连接"),
        FrameEvent::SynAgain(first) => format!("{by}再次向{other}发送 SYN 包（首次在第 {first} 帧）：尚未收到回应"),
        FrameEvent::SynAck => format!("{by}向{other}回应 SYN+ACK 包：接受连接"),
        FrameEvent::SynAckAgain(first) => {
            format!("{by}再次向{other}回应 SYN+ACK 包（首次在第 {first} 帧）：尚未收到确认")
        }
        FrameEvent::Established => format!("{by}向{other}发送 ACK 包：TCP 连接已建立"),
        FrameEvent::Fin => format!("{by}向{other}发送 FIN 包：不再发送数据"),
        FrameEvent::FinAcked => format!("{by}向{other}返回 ACK，已收到 FIN 包：该方向的连接已关闭"),
        FrameEvent::Reset(Reset::Refused) => {
            format!("{by}以 RST 包回应{other}的 SYN 包：拒绝连接，通常是因为没有程序监听该端口")
        }
        FrameEvent::Reset(Reset::AfterFins) => format!("{by}重置（RST）与{other}之间的连接：双方此前均已关闭该连接"),
        FrameEvent::Reset(Reset::Open) => {
            format!("{by}重置（RST）与{other}之间的连接：连接立即终止，仍在传输途中的数据会丢失")
        }
        FrameEvent::Reset(Reset::Unknown) => format!("{by}重置（RST）与{other}之间的连接"),
        FrameEvent::UpgradeRequest => format!("{by}向{other}发送 WebSocket 握手请求：请求从 HTTP 切换到 WebSocket"),
        FrameEvent::UpgradeRequestAcked(frame) => {
            format!("{by}向{other}返回 ACK，已收到 WebSocket 握手请求{}", within(*frame))
        }
        FrameEvent::UpgradeAccepted => format!("{by}向{other}返回 WebSocket 握手响应：握手成功"),
        FrameEvent::UpgradeMisaccepted => {
            format!("{by}返回的 WebSocket 握手响应中 Sec-WebSocket-Accept 值错误：{other}必须关闭连接")
        }
        FrameEvent::UpgradeWithoutSubprotocol => {
            format!(
                "{by}向{other}返回 WebSocket 握手响应：同意升级，但没有选用请求中的任何子协议，浏览器会因此关闭连接"
            )
        }
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by}向{other}返回 ACK，已收到 WebSocket 握手响应{}：握手成功，WebSocket 连接已建立",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by}拒绝{other}的 WebSocket 握手请求：返回 HTTP 状态码 {status}")
        }
        FrameEvent::Close(why) => format!("{by}向{other}发送 WebSocket 关闭帧{}", closing(why)),
        FrameEvent::CloseReply(why) => format!("{by}向{other}回应 WebSocket 关闭帧{}", closing(why)),
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { "：登录请求完成" } else { "" };
            format!("{by}向{other}{}{outcome}", acknowledges(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let (by, other) = (spaced(&party(&note.by)), spaced(&party(&note.other)));
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let name = name.map_or_else(|| "未带昵称".to_owned(), |name| format!("昵称{}", quoted(QUOTES, name)));
            let room = room.map(|room| format!("，房间{}", quoted(QUOTES, room))).unwrap_or_default();
            format!("{by}通过 WebSocket 向{other}发送登录请求：{name}{room}")
        }
        MessageEvent::UserList { users: Some(count), .. } => format!("{by}向{other}返回用户列表：{}", users(*count)),
        MessageEvent::UserList { users: None, .. } => format!("{by}向{other}返回用户列表"),
        MessageEvent::LoginResult { name: Some(name) } => {
            format!("{by}向{other}返回登录结果：用户{}登录成功", quoted(QUOTES, name))
        }
        MessageEvent::LoginResult { name: None } => format!("{by}向{other}返回登录结果：登录成功"),
        MessageEvent::LoginNotification { name } => {
            format!("{by}通知{}：{}", notified(note), has_logged_in(*name))
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            let speech = speech(None, whom);
            format!("{by}通过 WebSocket 向{other}发送{speech}{}", said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => its_sender(&note.other),
                false if note.is_anothers => spaced(&another(&note.other)),
                false => other,
            };
            let speech = speech(speaker(note, *who), whom);
            format!("{by}向{to}转发{speech}{}", said(note.text))
        }
        MessageEvent::LogoutNotification { name } => {
            format!("{by}通知{}：{}", spaced(&party(&note.other)).trim_end(), has_left(*name))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by}向{other}发送心跳检测 ping：询问对方是否在线")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by}向{other}回应心跳检测 pong：仍然在线")
        }
        MessageEvent::UnsolicitedPong { .. } => format!("{by}向{other}发送心跳检测 pong，但此前并没有待回应的 ping"),
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by}向{other}发送一条{}类型的消息", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by}向{other}发送类型为{}的消息：聊天程序不支持该类型", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => format!("{by}向{other}发送一条无法读出类型的消息"),
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => "（传输时经过掩码处理，抓包数据中看不到原文；此处显示还原后的内容）".to_owned(),
        Clause::Acked(acked) => format!("；该包同时以 ACK 确认已收到{}", things(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => "；已转发，但文字有改动".to_owned(),
        Clause::Readable(line) => format!("：{line}"),
        Clause::Fault(detail) => format!("。{}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => format!("；没有其他人需要通知，登录{frame}完成"),
        Completion::Login => format!("；聊天室内所有人均已收到通知，登录{frame}完成"),
        Completion::Say => format!("；所有应收到该发言{frame}的浏览器均已收到，该发言已全部送达"),
        Completion::Logout => format!("；聊天室内其他所有人均已收到通知，退出{frame}完成"),
        Completion::Close => "；连接的两个方向均已关闭".to_owned(),
    }
}

/// A name in a heading.
fn named(user: &str) -> String {
    spaced(&name(QUOTES, user))
}

pub fn title(title: &Title) -> String {
    let title = match title {
        Title::TcpHandshake(Some(1)) => "TCP 第一次握手".to_owned(),
        Title::TcpHandshake(Some(2)) => "TCP 第二次握手".to_owned(),
        Title::TcpHandshake(Some(_)) => "TCP 第三次握手".to_owned(),
        Title::TcpHandshake(None) => "TCP 三次握手".to_owned(),
        Title::WebSocketHandshake => "WebSocket 握手".to_owned(),
        Title::Login(Some(user)) => format!("{}登录", named(user)),
        Title::Login(None) => "用户登录".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "有人".to_owned(), named);
            let to = match recipient {
                Recipient::Everyone => "对所有人".to_owned(),
                Recipient::Named(recipient) | Recipient::Id(recipient) => format!("对{}", named(recipient)),
                Recipient::Unknown => String::new(),
            };
            match text {
                Some(text) => format!("{sender}{to}说：{}", quoted(QUOTES, text)),
                None => format!("{sender}{to}发言"),
            }
        }
        Title::Heartbeat(Some(user)) => format!("{}的心跳检测", named(user)),
        Title::Heartbeat(None) => "心跳检测".to_owned(),
        Title::Logout(Some(user)) => format!("{}退出聊天室", named(user)),
        Title::Logout(None) => "有用户退出聊天室".to_owned(),
        Title::Close => "关闭连接".to_owned(),
        Title::Unknown => "未知消息".to_owned(),
    };
    title.trim_start().to_owned()
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpSyn => "TCP 第一次握手（SYN）",
        Phase::TcpSynAck => "TCP 第二次握手（SYN+ACK）",
        Phase::TcpAck => "TCP 第三次握手（ACK）",
        Phase::TcpFin => "TCP 关闭（FIN）",
        Phase::TcpFinAcked => "TCP 关闭已确认",
        Phase::TcpReset => "TCP 重置（RST）",
        Phase::UpgradeRequest => "WebSocket 握手请求",
        Phase::UpgradeRequestAcked => "WebSocket 握手请求已确认",
        Phase::UpgradeResponse => "WebSocket 握手响应",
        Phase::UpgradeComplete => "WebSocket 握手完成",
        Phase::UpgradeRefused => "WebSocket 握手被拒绝",
        Phase::Close => "WebSocket 关闭",
        Phase::CloseReply => "WebSocket 关闭回应",
        Phase::LoginRequest => "登录请求",
        Phase::UserList => "用户列表",
        Phase::LoginResult => "登录结果",
        Phase::LoginNotification => "登录通知",
        Phase::SayRequest => "发言请求",
        Phase::SayDelivery => "发言转发",
        Phase::LogoutNotification => "退出通知",
        Phase::Ping => "心跳检测 ping",
        Phase::Pong => "心跳检测 pong",
        Phase::Unknown => "未知消息",
        Phase::MessageAcked => "消息已确认",
    }
}

pub fn label(field: Field) -> &'static str {
    match field {
        Field::Phase => "阶段",
        Field::Note => "说明",
        Field::Exchange => "所属交互",
        Field::ExchangeTitle => "标题",
        Field::ExchangeComplete => "已完成",
        Field::MessageType => "类型",
        Field::ClientId => "客户端 ID",
        Field::ClientName => "昵称",
        Field::FromClientId => "发送者的客户端 ID",
        Field::FromClientName => "发送者的昵称",
        Field::ToClientId => "接收者的客户端 ID",
        Field::ToClientName => "接收者的昵称",
        Field::Content => "内容",
        Field::Text => "文本",
        Field::Time => "时间",
        Field::RoomId => "房间 ID",
        Field::ClientList => "用户列表",
        Field::ClientListUser => "用户",
        Field::ClientListClientId => "客户端 ID",
        Field::ClientListClientName => "昵称",
        Field::ClientListCount => "用户数",
        Field::Member => "其他字段",
        Field::Dialect => "协议版本",
        Field::Server => "服务端",
        Field::Private => "私聊",
        Field::GatewayAddress => "网关地址",
        Field::GatewayPort => "网关端口",
        Field::GatewayConnection => "网关连接编号",
        Field::User => "此连接的用户",
        Field::Room => "此连接所在房间",
        Field::RoomMembers => "房间内的用户",
        Field::Sender => "发送者",
        Field::Recipient => "接收者",
        Field::Acks => "确认的帧",
        Field::RequestIn => "请求所在帧",
        Field::ResponseIn => "响应所在帧",
        Field::ResponseTime => "响应时间",
        Field::Deliveries => "转发次数",
        Field::Delivery => "转发",
        Field::DeliveryFrame => "帧",
        Field::DeliveryUser => "用户",
        Field::DeliveryEndpoint => "端点",
        Field::DeliveryTime => "用时",
        Field::DeliveryAckedIn => "确认所在帧",
        Field::LeftOut => "未给出",
        Field::LeftOutWhy => "原因",
        Field::HandshakeKey => "Sec-WebSocket-Key",
        Field::HandshakeAccept => "Sec-WebSocket-Accept",
        Field::HandshakeAcceptExpected => "应有的 Sec-WebSocket-Accept",
        Field::HandshakeAcceptValid => "Sec-WebSocket-Accept 正确",
        Field::HandshakeOrigin => "来源（Origin）",
    }
}

pub fn phrase(phrase: &Phrase) -> String {
    match phrase {
        Phrase::All => "所有人".to_owned(),
        Phrase::NotJson => "[非 JSON]".to_owned(),
        Phrase::Login => "登录".to_owned(),
        Phrase::Room(room) => format!("房间 {}", isolated(room)),
        Phrase::Browser(party) => place_of(party),
        Phrase::UserList(count) => format!("用户列表（{}）", users(*count)),
        Phrase::NoMessages => "没有聊天消息。".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{}（曾用名 {}）", name, former),
        Phrase::LogsIn(Some(user)) => format!("{}登录", named(user)).trim_start().to_owned(),
        Phrase::LogsIn(None) => "有用户登录".to_owned(),
        Phrase::Renamed { from, to } => format!("{} 改名为 {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(count) => format!("……另有 {count} 项"),
        Phrase::Delivery { to, frame, milliseconds } => {
            let to = spaced(&party(to));
            format!("转发给{}：第 {frame} 帧，{milliseconds:.3} ms 后", to.trim_end())
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let (by, other) = (spaced(&party(by)), spaced(&party(other)));
            format!("{}向{other}发送消息的一部分，该消息到第 {completed_in} 帧才完整", by.trim_start())
        }
        Phrase::PolicyRequest { by, other } => {
            let (by, other) = (spaced(&party(by)), spaced(&party(other)));
            format!("{}向{other}请求 Flash 策略：其他网站的页面是否可以连接", by.trim_start())
        }
        Phrase::PolicyFile { by, other } => {
            let (by, other) = (spaced(&party(by)), spaced(&party(other)));
            format!("{}向{other}返回 Flash 策略（XML）：哪些网站的页面可以连接", by.trim_start())
        }
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => format!("第 {before} 帧之前缺少{}的字节", spaced(&party(of))),
        Phrase::BytesMissing { of: None, before } => format!("第 {before} 帧之前缺少服务端发给其他人的字节"),
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} 字节，开头像 zlib：已压缩"),
            Opaque::Gzip => format!("{bytes} 字节，开头像 gzip：已压缩"),
            Opaque::OpenSsl => format!("{bytes} 字节的 Base64，开头像 OpenSSL：已加密"),
            Opaque::Base64 => format!("{bytes} 字节的 Base64"),
            Opaque::Binary => format!("{bytes} 字节，二进制"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "缺少字节",
        Omission::SaidAgain => "同样的话说了多次，从抓包看不出是哪一次",
        Omission::CaptureEnds => "抓包在此后不久结束",
        Omission::BeganBefore => "该连接在抓包开始之前就已建立",
        Omission::Cut => "抓包截断了该消息",
        Omission::NotCaptured => "没有抓到发送者的连接或其登录",
        Omission::StaleList => "服务端的用户列表可能已过时",
        Omission::SeveralAddresses => "服务端有多个地址，某个浏览器可能在不止一个地址上收到",
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "消息",
        Topic::Users => "用户",
        Topic::Rooms => "房间",
        Topic::Findings => "问题",
        Topic::ResponseTimes => "响应时间（微秒）",
        Topic::FirstDelivery => "首次转发",
        Topic::LastDelivery => "末次转发",
        Topic::Others => "其余",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "发言",
        Column::Received => "接收",
        Column::Lost => "丢失",
        Column::Mean => "平均用时",
        Column::Slowest => "最长用时",
        Column::FirstSeen => "首次出现",
        Column::LastSeen => "末次出现",
        Column::Response => "响应",
        Column::Count => "次数",
        Column::Shortest => "最短用时",
        Column::Median => "中位数",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "聊天记录",
        Command::Sessions => "会话",
        Command::Users => "用户",
        Command::Times => "响应时间",
        Command::Diagram => "时序图（Mermaid）",
        Command::Page => "逐个数据包的页面",
        Command::Counts => "计数与速率",
        Command::WebPage => "以网页打开",
        Command::GoToPacket => "转到数据包…",
        Command::ApplyAsFilter => "作为过滤器应用…",
        Command::Copy => "复制",
        Command::SaveAs => "另存为…",
        Command::File => "文件",
        Command::Sort => "排序…",
        Command::Column => "列（序号或标题）",
        Command::LimitToFilter => "限制为显示过滤器",
        Command::PacketNumber => "数据包编号",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "浏览器",
        Word::Side(Side::Server) => "服务端",
        Word::User => "用户",
        Word::Room => "房间",
        Word::Began => "开始",
        Word::Duration => "时长",
        Word::End => "结束",
        Word::Open => "未关闭",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "标志的含义：",
        PageText::Flag(Flag::Syn) => "SYN：请求建立连接",
        PageText::Flag(Flag::SynAck) => "SYN+ACK：同意建立连接，并确认已收到 SYN",
        PageText::Flag(Flag::Ack) => "ACK：已收到对方发来的数据",
        PageText::Flag(Flag::Push) => "PSH：发送数据",
        PageText::Flag(Flag::PushAck) => "PSH+ACK：发送数据，同时确认已收到对方的数据",
        PageText::Flag(Flag::FinAck) => "FIN+ACK：不再发送数据，请求关闭连接",
        PageText::Flag(Flag::Reset) => "RST：立即中断连接（也可为 [R.]）",
        PageText::Totals { connections, logins, says } => {
            return format!("以上就是全部内容（浏览器连接数：{connections}，登录次数：{logins}，发言数：{says}）。");
        }
        PageText::Hexadecimal => "要以十六进制查看二进制数据，可运行：tcpdump -XAns 4096 -i any port 7272",
        PageText::NoPacket => "此抓包中没有 workerman-chat 的数据包；请参阅 README.md 中的 Troubleshooting 一节。",
        PageText::NothingMatches => "没有可显示的 workerman-chat 数据包：过滤器没有匹配到任何数据包。",
        PageText::Title => "聊天会话",
        PageText::SkipToPackets => "跳到数据包",
        PageText::Contents => "目录",
        PageText::Conversation => "对话时序图",
        PageText::DeliveryTimes => "转发耗时",
        PageText::MessagesPerMinute => "每分钟消息数",
        PageText::Users => "用户",
        PageText::Packets => "数据包",
        PageText::Packet(frame) => return format!("数据包 {frame}"),
        PageText::NotDrawn(count) => return format!("另有 {count} 项未绘出；其数据包见下文。"),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("转发 {count} 次：平均 {mean}，最慢 {slowest}。");
        }
        PageText::Messages { count, most } => return format!("共 {count} 条消息，每分钟最多 {most} 条。"),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => {
            format!("不是 JSON：{}{}；服务端会忽略这条消息，没有人会收到", fault((*reason).into()), place(near))
        }
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => {
            format!("不是 JSON：{}{}；浏览器无法读取这条消息，什么也不会显示", fault((*reason).into()), place(near))
        }
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("不是 JSON：{}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => {
            format!("聊天程序在这个方向上没有{}类型的消息；该消息会被忽略", quoted(QUOTES, name))
        }
        FindingDetail::UnknownType(None) => "消息没有类型；该消息会被忽略".to_owned(),
        FindingDetail::NotAnObject => "消息是 JSON，但不是用花括号括起来的对象；该消息会被忽略".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => format!("登录请求缺少 {member} 字段：服务端会抛出异常，不作回应"),
            Missing::Name => format!("登录请求缺少 {member} 字段：服务端会让该用户以空昵称登录"),
            Missing::Content => format!("消息缺少 {member} 字段：服务端转发的内容为空"),
            Missing::Recipient => format!("消息缺少 {member} 字段：服务端只会转发给发送者本人"),
            Missing::RecipientName => {
                format!("消息缺少 {member} 字段：服务端转发给发送者的副本中没有接收者的昵称")
            }
            Missing::FromServer => format!("消息缺少 {member} 字段，而聊天服务端总会发送该字段"),
        },
        FindingDetail::SayBeforeLogin => "在尚未登录的连接上发言：服务端会抛出异常，没有人会收到".to_owned(),
        FindingDetail::NoDelivery => "没有人收到这次发言，尽管连接此后并未中断".to_owned(),
        FindingDetail::NoLoginResult => "服务端始终没有回应这次登录，尽管连接此后并未中断".to_owned(),
        FindingDetail::NoAck => "浏览器始终没有确认收到这条消息，尽管服务端重发过：它很可能没有收到".to_owned(),
        FindingDetail::NoPong => "浏览器没有回应这个 ping".to_owned(),
        FindingDetail::BadTime(time) => {
            format!("时间{}不是服务端使用的 YYYY-MM-DD HH:MM:SS 格式", quoted(QUOTES, time))
        }
        FindingDetail::UnescapedHtml(tag) => {
            format!("服务端转发的内容含有并非由它添加的标记（{tag}）：浏览器会执行用户写入的内容", tag = isolated(tag))
        }
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => {
            format!("Sec-WebSocket-Accept 的值是 {found}，而按密钥计算应为 {expected}：浏览器必须关闭连接", found = isolated(found))
        }
        FindingDetail::AcceptMismatch { expected, found: None } => {
            format!("缺少 Sec-WebSocket-Accept，按密钥计算其值应为 {expected}：浏览器必须关闭连接")
        }
        FindingDetail::UpgradeMissing(missing) => format!(
            "握手请求缺少 RFC 6455 第 4.1 节要求的 {missing}：通常是代理没有转发它（nginx 的相关指令为 proxy_http_version、proxy_set_header）；Workerman 并不强制要求"
        ),
        FindingDetail::HandshakeRefused(status) => {
            format!("服务端以 HTTP 状态码 {status} 拒绝了 WebSocket 握手：无法通过此连接聊天")
        }
        FindingDetail::HandshakeCutOff => "服务端尚未回应此请求，连接就已结束：WebSocket 握手中断".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS：要看到聊天内容，请向 Wireshark 提供此连接的密钥（首选项 tls.keylog_file；浏览器会把密钥写入 SSLKEYLOGFILE 指定的文件）".to_owned(),
        FindingDetail::SubprotocolNotGranted => {
            "浏览器请求了子协议（Sec-WebSocket-Protocol），而响应中没有指定子协议：浏览器会关闭连接".to_owned()
        }
        FindingDetail::UnmaskedClient => {
            "客户端的帧没有经过掩码处理：服务端必须关闭连接（RFC 6455 第 5.1 节）".to_owned()
        }
        FindingDetail::MaskedServer => "服务端的帧经过了掩码处理：浏览器必须关闭连接（RFC 6455 第 5.1 节）".to_owned(),
        FindingDetail::LongLength => {
            "客户端写帧长度所用的字节多于必要（RFC 6455 第 5.2 节）；聊天服务端仍会接受"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "这一帧的操作码与前一帧不相符（RFC 6455 第 5.4 节）；聊天服务端把到下一个带 FIN 的帧为止的所有帧当作一条消息"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => {
            format!("这条消息共 {reported} 字节，只捕获到前 {captured} 字节；其余部分不显示")
        }
        FindingDetail::AnotherWay { proxy_port: Some(port) } => {
            format!("此连接经由 {port} 端口的代理隧道：浏览器与代理此前的协商未作标注")
        }
        FindingDetail::AnotherWay { proxy_port: None } => {
            "这条消息未作标注：Wireshark 取得其 TCP 数据时没有经过 IP 层，因此本插件看不到 TCP 首部".to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!(
            "为此抓包数据预留的内存已用尽（{megabytes} MB）：从此数据包起，消息只显示自身的字段，其他数据包不作标注"
        ),
        FindingDetail::TooManyIdle { connections } => format!(
            "此连接在传输数据之前不予记录：聊天端口上已有 {connections} 个未传输数据的连接。后续的此类连接也是如此"
        ),
        FindingDetail::Internal(what) => format!("这是本插件的故障，与数据包无关：{what}；请报告此问题"),
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
        Cause::UnexpectedCharacter(character) => {
            format!("意外的字符{}", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("意外的字节 0x{byte:02x}"),
        Cause::UnexpectedEnd => "消息提前结束".to_owned(),
        Cause::TooDeep(levels) => format!("嵌套超过 {levels} 层，即 PHP 的上限"),
        Cause::TooLong(bytes) => format!("长度超过 {bytes} 字节，即 Workerman 对单条消息的上限"),
        Cause::TrailingData => "对象之后还有其他内容".to_owned(),
    }
}

/// The port, or the address with the port.
fn place_of(party: &Party) -> String {
    address(party).unwrap_or_else(|| format!("{} 端口", party.port))
}

fn endpoint(party: &Party) -> String {
    let side = match party.side {
        Side::Client => "浏览器",
        Side::Server => "服务端",
    };
    format!("{side} {}", place_of(party))
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
        None => format!("另一个浏览器（{}）", place_of(other)),
    }
}

/// Who gets back what he says; the speech names him.
fn its_sender(sender: &Party) -> String {
    format!("发送者本人（{}）", endpoint(sender))
}

fn has_logged_in(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("新用户{}已登录", quoted(QUOTES, name)),
        None => "有新用户登录".to_owned(),
    }
}

fn has_left(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("用户{}已退出", quoted(QUOTES, name)),
        None => "有用户已退出".to_owned(),
    }
}

/// What is said by whom to whom, as a noun.
fn speech(sender: Option<&str>, recipient: &Recipient<&str>) -> String {
    let sender = sender.map(|sender| quoted(QUOTES, sender)).unwrap_or_default();
    match recipient {
        Recipient::Everyone => format!("{sender}对所有人的发言"),
        Recipient::Named(name) => format!("{sender}对{}的发言", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("{sender}对客户端 {} 的发言", isolated(id)),
        Recipient::Unknown if sender.is_empty() => "发言（接收者未知）".to_owned(),
        Recipient::Unknown => format!("{sender}的发言（接收者未知）"),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("：{}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    format!("{count} 个用户")
}

fn within(frame: Frame) -> String {
    format!("（第 {frame} 帧）")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("返回 ACK，已收到{}", things(acked))
}

fn things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", thing(&acked.what), within(acked.frame)));
    spaced(&enumerated(things, "、", "和", |count| format!("另外 {count} 条消息"))).trim_end().to_owned()
}

/// What was received.
fn thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "WebSocket 握手请求".to_owned(),
        Received::UpgradeResponse => "WebSocket 握手响应".to_owned(),
        Received::Message(event) => message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "登录请求".to_owned(),
        MessageEvent::UserList { .. } => "用户列表".to_owned(),
        MessageEvent::LoginResult { .. } => "登录结果".to_owned(),
        MessageEvent::LoginNotification { name: Some(name) } => format!("新用户{}登录的通知", quoted(QUOTES, name)),
        MessageEvent::LoginNotification { name: None } => "新用户登录的通知".to_owned(),
        MessageEvent::SayRequest { sender: who, .. } | MessageEvent::SayDelivery { sender: who, .. } => match *who {
            Some(sender) => format!("{}的发言", quoted(QUOTES, sender)),
            None => "发言".to_owned(),
        },
        MessageEvent::LogoutNotification { name: Some(name) } => format!("用户{}退出的通知", quoted(QUOTES, name)),
        MessageEvent::LogoutNotification { name: None } => "有用户退出的通知".to_owned(),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "心跳检测 ping".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "心跳检测 pong".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "一条消息";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!("（在{}处）", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!("（状态码 {code}）"),
        Some((code, why)) => format!("（状态码 {code}：{why}）"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "正常关闭",
        CloseCode::GoingAway => "离开（going away），页面已关闭或服务端停止",
        CloseCode::ProtocolError => "协议错误",
        CloseCode::UnsupportedData => "不支持的数据类型",
        CloseCode::NoStatus => "未收到状态码",
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
