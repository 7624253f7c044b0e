//! The one table of everything a user can filter on: fields, phases and findings.
//!
//! A field's name, type and blurb stand here and nowhere else: `epan` registers this table with Wireshark, and `docs/fields.md` is
//! generated from it (a test holds the two together).
//!
//! ```
//! use workermanchat::fields::{Field, Finding, Phase, Severity, Type};
//!
//! let row = Field::MessageType.spec();
//! assert_eq!((row.name, row.kind, row.generated), ("workermanchat.type", Type::Text, false));
//! assert_eq!(Phase::SayRequest.name(), "Say request");
//! assert_eq!(Finding::NoDelivery.spec().severity, Severity::Warning);
//! ```

/// The protocol, as Wireshark lists it.
pub const PROTOCOL_NAME: &str = "Workerman Chat";
/// The protocol's short name, shown in the Protocol column.
pub const PROTOCOL_SHORT_NAME: &str = "WorkermanChat";
/// The protocol's filter name, the root of every field.
pub const PROTOCOL_FILTER_NAME: &str = "workermanchat";

/// A field's type, by Wireshark's `FT_*` constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `FT_STRING`
    Text,
    /// `FT_UINT32`, decimal
    Unsigned,
    /// `FT_UINT32` with [`Phase::ALL`]'s names
    Phase,
    /// `FT_UINT32` with the dialects' names
    Dialect,
    /// `FT_UINT32` with [`Omission::ALL`]'s names
    Omission,
    /// `FT_UINT32` with [`ServerKind::ALL`]'s names
    Server,
    /// `FT_BOOLEAN`
    Boolean,
    /// `FT_IPv4`
    Ipv4,
    /// `FT_FRAMENUM`: a link to the frame this one answers
    Request,
    /// `FT_FRAMENUM`: a link to the frame that answers this one
    Response,
    /// `FT_FRAMENUM`: a link to the frame this one acknowledges
    Acknowledged,
    /// `FT_FRAMENUM`: a link to the frame that began what this one belongs to
    Exchange,
    /// `FT_RELATIVE_TIME`
    Duration,
    /// `FT_NONE`: groups other fields
    Group,
}

/// The values that a later pass over the capture adds to a field: the first knows only the packets that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterPass {
    /// Nothing.
    AddsNothing,
    /// The values in packets of which a later one tells that they are a chat's, or whose.
    AddsWhereRecognizedLate,
    /// The values that later packets teach, whatever the capture.
    Adds,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The filter name, with the prefix `workermanchat.`.
    pub name: &'static str,
    /// The words that the tree shows before the value.
    pub title: &'static str,
    /// The type with which Wireshark registers it.
    pub kind: Type,
    /// Whether the plugin derived the value (Wireshark's `FI_GENERATED`), rather than reading it from the packet's bytes.
    pub generated: bool,
    /// The values that a later pass adds to it.
    pub later_pass: LaterPass,
    /// The meaning of the field, in one line: Wireshark's status bar and `docs/fields.md` show it.
    pub blurb: &'static str,
}

/// The last word of a table's row: what a later pass adds, if anything.
macro_rules! later_pass {
    () => {
        LaterPass::AddsNothing
    };
    (if_recognized_late) => {
        LaterPass::AddsWhereRecognizedLate
    };
    (taught_late) => {
        LaterPass::Adds
    };
}

macro_rules! fields {
    ($($field:ident $name:literal $title:literal $kind:ident $origin:ident $blurb:literal $($later:ident)?;)*) => {
        /// A field; its row in the table is [`Field::spec`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Field { $(#[doc = concat!("`workermanchat.", $name, "`: ", $blurb, ".")] $field),* }

        impl Field {
            /// Every field, in the order of [`FIELDS`].
            pub const ALL: &[Field] = &[$(Field::$field),*];
        }

        /// Every field, in the order of [`Field`].
        pub const FIELDS: &[Spec] = &[$(Spec {
            name: concat!("workermanchat.", $name),
            title: $title,
            kind: Type::$kind,
            generated: fields!(@$origin),
            later_pass: later_pass!($($later)?),
            blurb: $blurb,
        }),*];
    };
    (@wire) => { false };
    (@generated) => { true };
}

fields! {
    Phase "phase" "Phase" Phase generated "Which step of the connection this packet is: of a handshake, the chat or the close" if_recognized_late;
    Note "note" "Note" Text generated "What a person would write under this packet: who sends what to whom, and what it means" taught_late;
    Exchange "exchange" "Exchange" Exchange generated "The frame that began what this packet belongs to: a handshake, a login, a say, a heartbeat, a logout or a close" if_recognized_late;
    ExchangeTitle "exchange.title" "Title" Text generated "The heading over this packet: which exchange it belongs to, and which step it is" if_recognized_late;
    ExchangeComplete "exchange.complete" "Complete" Boolean generated "With this packet the exchange is complete: all for whom it is have received it" if_recognized_late;
    MessageType "type" "Type" Text wire "The message's type";
    ClientId "client_id" "Client ID" Text wire "The client the message is about (client_id; uid in 2014)";
    ClientName "client_name" "Client name" Text wire "The user name, as sent (client_name; name in 2014)";
    FromClientId "from_client_id" "From client ID" Text wire "The client that says or does it (from_client_id; from_uid in 2014)";
    FromClientName "from_client_name" "From client name" Text wire "The user name of the client that says or does it, as sent";
    ToClientId "to_client_id" "To client ID" Text wire "The client a say is for, or all (to_client_id; to_uid in 2014)";
    ToClientName "to_client_name" "To client name" Text wire "The user name of the client a say is for, as sent";
    Content "content" "Content" Text wire "What is said, as sent: JSON-decoded, nothing else done to it";
    Text "text" "Text" Text generated "What a person reads: the content without the server's tags and private prefix, its entities decoded";
    Time "time" "Time" Text wire "The server's local time, without a time zone";
    RoomId "room_id" "Room ID" Text wire "The room the client logs in to";
    ClientList "client_list" "Client list" Group wire "Who is logged in, as the server tells it";
    ClientListUser "client_list.user" "User" Group wire "A user in the list";
    ClientListClientId "client_list.client_id" "Client ID" Text wire "The client ID of a user in the list";
    ClientListClientName "client_list.client_name" "Client name" Text wire "The user name of a user in the list, as sent";
    ClientListCount "client_list.count" "Count" Unsigned generated "How many users the list names";
    Member "member" "Member" Text wire "Any other member of the message, as key: value";
    Dialect "dialect" "Dialect" Dialect generated "The generation of the chat's protocol that this message belongs to: which version of workerman-chat" taught_late;
    Server "server" "Server" Server generated "What the server of this connection had shown to be when this message was first seen: the chat's own, or that of a chat built from it";
    Private "private" "Private" Boolean generated "Whether a say is for one client only";
    GatewayAddress "gateway.address" "Gateway address" Ipv4 generated "The GatewayWorker gateway's address, from the client ID's first 4 bytes";
    GatewayPort "gateway.port" "Gateway port" Unsigned generated "The gateway's internal port, from the client ID's next 2 bytes";
    GatewayConnection "gateway.connection" "Gateway connection" Unsigned generated "The gateway's connection number, from the client ID's last 4 bytes";
    User "user" "This connection's user" Text generated "The user of this connection" taught_late;
    Room "room" "Room" Text generated "The room of this connection's user" taught_late;
    RoomMembers "room.members" "In the room" Text generated "Who was in the room when this was said, as far as the capture tells";
    Sender "sender" "Sender" Text generated "Who says or does it, by name" if_recognized_late;
    Recipient "recipient" "Recipient" Text generated "Whom it is for, by name, or all";
    Acks "acks" "Acknowledges" Acknowledged generated "This frame's ACK is the first that covers the whole handshake request, response or message in that frame" if_recognized_late;
    RequestIn "request_in" "Request in" Request generated "The frame with the request that this answers" if_recognized_late;
    ResponseIn "response_in" "Response in" Response generated "The frame with the answer to this; the first, where there are many" taught_late;
    ResponseTime "response_time" "Response time" Duration generated "The time from the request to this answer" if_recognized_late;
    Deliveries "deliveries" "Deliveries" Unsigned generated "How many connections got what is said here" taught_late;
    Delivery "delivery" "Delivery" Group generated "One connection that got what is said here" taught_late;
    DeliveryFrame "delivery.frame" "Frame" Response generated "The frame that delivers it" taught_late;
    DeliveryUser "delivery.user" "User" Text generated "The user who gets it" taught_late;
    DeliveryEndpoint "delivery.endpoint" "Endpoint" Text generated "The browser that gets it: address and port" taught_late;
    DeliveryTime "delivery.time" "Time" Duration generated "The time from the request to this delivery" taught_late;
    DeliveryAckedIn "delivery.acked_in" "Acknowledged in" Response generated "The frame with the browser's ACK" taught_late;
    LeftOut "left_out" "Left out" Omission generated "Why a label is left out that one would expect here" taught_late;
    LeftOutWhy "left_out.why" "Why" Text generated "The same as a sentence, with frames" taught_late;
    HandshakeKey "handshake.key" "Sec-WebSocket-Key" Text generated "The key that the browser sends (RFC 6455, section 4.1)" if_recognized_late;
    HandshakeAccept "handshake.accept" "Sec-WebSocket-Accept" Text generated "The value with which the server answers the key" if_recognized_late;
    HandshakeAcceptExpected "handshake.accept_expected" "Expected accept value" Text generated "The value that the key calls for (RFC 6455, section 4.2.2)" if_recognized_late;
    HandshakeAcceptValid "handshake.accept_valid" "Accept value valid" Boolean generated "Whether the server's accept value is the one the key calls for" if_recognized_late;
    HandshakeOrigin "handshake.origin" "Origin" Text generated "The origin of the page that opens the connection" if_recognized_late;
}

impl Field {
    /// The field's row in [`FIELDS`].
    pub fn spec(self) -> &'static Spec {
        &FIELDS[self as usize]
    }
}

/// Makes an enum of the values of a field, with their names.
macro_rules! values {
    ($(#[$doc:meta])* $enum:ident; $($value:ident = $number:literal $name:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum $enum { $(#[doc = concat!($name, ".")] $value = $number),* }

        impl $enum {
            /// All of them, by value.
            pub const ALL: &[$enum] = &[$($enum::$value),*];

            /// The name that the packet list, the tree and filters show.
            pub fn name(self) -> &'static str {
                match self { $($enum::$value => $name),* }
            }
        }
    };
}

values! {
    /// The step that a packet is in the course of a chat connection: the values of `workermanchat.phase`.
    Phase;
    TcpSyn = 1 "TCP handshake 1/3 (SYN)";
    TcpSynAck = 2 "TCP handshake 2/3 (SYN+ACK)";
    TcpAck = 3 "TCP handshake 3/3 (ACK)";
    TcpFin = 4 "TCP close (FIN)";
    TcpFinAcked = 5 "TCP close acknowledged";
    TcpReset = 6 "TCP reset (RST)";
    UpgradeRequest = 10 "WebSocket handshake request";
    UpgradeRequestAcked = 11 "WebSocket handshake request acknowledged";
    UpgradeResponse = 12 "WebSocket handshake response";
    UpgradeComplete = 13 "WebSocket handshake complete";
    UpgradeRefused = 14 "WebSocket handshake refused";
    Close = 18 "WebSocket close";
    CloseReply = 19 "WebSocket close reply";
    LoginRequest = 20 "Login request";
    UserList = 21 "User list";
    LoginResult = 22 "Login result";
    LoginNotification = 23 "Login notification";
    SayRequest = 24 "Say request";
    SayDelivery = 25 "Say delivery";
    LogoutNotification = 26 "Logout notification";
    Ping = 27 "Heartbeat ping";
    Pong = 28 "Heartbeat pong";
    Unknown = 29 "Unknown message";
    MessageAcked = 30 "Message acknowledged";
}

values! {
    /// Why a label is left out that one would expect: the values of `workermanchat.left_out`.
    Omission;
    BytesMissing = 1 "Bytes of its connection are missing";
    OthersBytesMissing = 2 "Bytes of another connection are missing";
    SaidAgain = 3 "The same was said several times";
    CaptureEnds = 4 "The capture ends";
    BeganBefore = 5 "The connection began before the capture";
    Cut = 6 "The capture cut the message";
    NotCaptured = 7 "The sender's connection was not captured";
    StaleList = 8 "The list of users may be out of date";
    SeveralAddresses = 9 "The server has several addresses";
}

values! {
    /// What the server of a connection has shown to be: the values of `workermanchat.server`.
    ServerKind;
    Original = 1 "original";
    Derived = 2 "derived";
}

/// The values of `workermanchat.dialect` and their names; a name is the year of the dialect's first version.
pub const DIALECTS: &[(u32, &str)] = &[(1, "2014"), (2, "2015"), (3, "2016")];

/// The name of a dialect; empty for no dialect's number.
pub fn dialect_name(value: u32) -> &'static str {
    DIALECTS.iter().find(|(dialect, _)| *dialect == value).map_or("", |(_, name)| name)
}

/// The severity of a finding: Wireshark's expert info severities (`PI_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `PI_NOTE`: unusual, but the conversation works.
    Note,
    /// `PI_WARN`: something that the application did not expect, such as a refused handshake.
    Warning,
    /// `PI_ERROR`: a message or handshake that does not work, or a fault of this plugin.
    Error,
}

/// The subject of a finding: Wireshark's expert info groups (`PI_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// `PI_MALFORMED`: the bytes do not follow their format.
    Malformed,
    /// `PI_PROTOCOL`: a protocol's rules are violated.
    Protocol,
    /// `PI_SEQUENCE`: a message is missing, or comes at the wrong time.
    Sequence,
    /// `PI_UNDECODED`: the dissector could not decode all of it.
    Undecoded,
    /// `PI_SECURITY`: an attack is possible.
    Security,
    /// `PI_RESPONSE_CODE`: a response reports a failure.
    ResponseCode,
}

/// One row of the table of findings.
#[derive(Debug, Clone, Copy)]
pub struct FindingSpec {
    /// The filter name, with the prefix `workermanchat.`.
    pub name: &'static str,
    /// The severity, for every packet alike.
    pub severity: Severity,
    /// The group, for every packet alike.
    pub group: Group,
    /// The packets that have it only in a later pass.
    pub later_pass: LaterPass,
    /// The meaning, in one line, in English: Wireshark's name for it. A packet's finding has a sentence of its own.
    pub summary: &'static str,
}

macro_rules! findings {
    ($($finding:ident $name:literal $severity:ident $group:ident $summary:literal $($later:ident)?;)*) => {
        /// An expert info of this plugin; its row in the table is [`Finding::spec`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Finding { $(#[doc = concat!($summary, " (`workermanchat.expert.", $name, "`).")] $finding),* }

        /// Every finding, in the order of [`Finding`].
        pub const FINDINGS: &[FindingSpec] = &[$(FindingSpec {
            name: concat!("workermanchat.expert.", $name),
            severity: Severity::$severity,
            group: Group::$group,
            later_pass: later_pass!($($later)?),
            summary: $summary,
        }),*];

        impl Finding {
            /// Every finding, in the order of [`FINDINGS`].
            pub const ALL: &[Finding] = &[$(Finding::$finding),*];
        }
    };
}

findings! {
    MalformedJson "malformed_json" Error Malformed "The message is not JSON; who receives it ignores it";
    UnknownType "unknown_type" Note Undecoded "The chat has no message of this type";
    MissingMember "missing_member" Warning Protocol "The message lacks a member that the chat's messages have";
    SayBeforeLogin "say_before_login" Warning Sequence "A say on a connection that has not logged in";
    NoDelivery "no_delivery" Warning Sequence "Nobody received what is said here" taught_late;
    NoLoginResult "no_login_result" Warning Sequence "The server did not answer the login" taught_late;
    NoAck "no_ack" Note Sequence "The browser never acknowledged what was delivered, though it was sent again" taught_late;
    NoPong "no_pong" Note Sequence "The heartbeat ping was not answered" taught_late;
    BadTime "bad_time" Note Protocol "The time is not one the server writes";
    UnescapedHtml "unescaped_html" Warning Security "The server delivered markup that is not its own";
    AcceptMismatch "accept_mismatch" Error Protocol "The accept value does not answer the key";
    UpgradeMissing "upgrade_missing" Warning Protocol "The handshake request lacks what RFC 6455, section 4.1, demands";
    HandshakeRefused "handshake_refused" Warning ResponseCode "The server refused the WebSocket handshake";
    HandshakeCutOff "handshake_cut_off" Warning Sequence "The connection ended before the WebSocket handshake was answered" taught_late;
    SubprotocolNotGranted "subprotocol_not_granted" Warning Protocol "The browser asked for a subprotocol, and the response names none";
    TlsWithoutKeys "tls_without_keys" Note Undecoded "Wireshark lacks the keys that decrypt this connection to a chat port" taught_late;
    UnmaskedClient "unmasked_client" Warning Protocol "A client's WebSocket frame is not masked (RFC 6455, section 5.1)";
    MaskedServer "masked_server" Warning Protocol "A server's WebSocket frame is masked (RFC 6455, section 5.1)";
    IrregularFrame "irregular_frame" Note Protocol "A client's WebSocket frame that RFC 6455 does not allow, and that the chat's server accepts";
    Truncated "truncated" Note Undecoded "The capture cut the message";
    AnotherWay "another_way" Note Undecoded "Not everything of this connection has a label: it is in a tunnel, or TCP does not come from IP";
    MemoryLimit "memory_limit" Note Undecoded "As much is remembered of the capture as may be: what follows has fewer labels";
    Internal "internal" Error Undecoded "A fault of this plugin";
}

impl Finding {
    /// The finding's row in [`FINDINGS`].
    pub fn spec(self) -> &'static FindingSpec {
        &FINDINGS[self as usize]
    }
}
