//! Portuguese, with the words used in Brazil.

use super::common::{
    Cause, CloseCode, address, capitalised, described, enumerated, has_login_result, isolated, listed, name, quoted,
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
    let by = subject(&note.by);
    let (other, to, of) = (subject(&note.other), to(&note.other), of(&note.other));
    match event {
        FrameEvent::Syn => format!("{by} envia um pacote SYN {to}: pede a abertura de uma conexão"),
        FrameEvent::SynAgain(first) => {
            format!("{by} retransmite {to} o pacote SYN do quadro {first}: nenhuma resposta foi recebida")
        }
        FrameEvent::SynAck => format!("{by} responde {to} com um pacote SYN+ACK: aceita a conexão"),
        FrameEvent::SynAckAgain(first) => {
            format!("{by} retransmite {to} o pacote SYN+ACK do quadro {first}: nenhuma confirmação foi recebida")
        }
        FrameEvent::Established => format!("{by} envia um pacote ACK {to}: a conexão TCP está estabelecida"),
        FrameEvent::Fin => format!("{by} envia um pacote FIN {to}: não tem mais nada a enviar"),
        FrameEvent::FinAcked => {
            format!("{by} confirma (ACK) o recebimento do FIN {of}: a conexão está fechada nesse sentido")
        }
        FrameEvent::Reset(Reset::Refused) => {
            format!(
                "{by} responde com um RST ao SYN {of}: a conexão é recusada, provavelmente porque nenhum programa escuta nessa porta"
            )
        }
        FrameEvent::Reset(Reset::AfterFins) => {
            format!("{by} redefine (RST) a conexão com {other}, já fechada pelos dois lados")
        }
        FrameEvent::Reset(Reset::Open) => format!(
            "{by} redefine (RST) a conexão com {other}: ela termina imediatamente, e os dados ainda em trânsito se perdem"
        ),
        FrameEvent::Reset(Reset::Unknown) => format!("{by} redefine (RST) a conexão com {other}"),
        FrameEvent::UpgradeRequest => {
            format!("{by} envia {to} a solicitação de handshake do WebSocket: pede a mudança de HTTP para WebSocket")
        }
        FrameEvent::UpgradeRequestAcked(frame) => format!(
            "{by} envia um ACK {to} para confirmar que recebeu a solicitação de handshake do WebSocket{}",
            within(*frame)
        ),
        FrameEvent::UpgradeAccepted => {
            format!("{by} envia {to} a resposta de handshake do WebSocket: o handshake foi bem-sucedido")
        }
        FrameEvent::UpgradeMisaccepted => format!(
            "{by} envia uma resposta de handshake do WebSocket com um valor Sec-WebSocket-Accept incorreto: {other} deve fechar a conexão"
        ),
        FrameEvent::UpgradeWithoutSubprotocol => format!(
            "{by} envia {to} a resposta de handshake do WebSocket: aceita, mas não concede nenhum dos subprotocolos pedidos, e um navegador fecha então a conexão"
        ),
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by} envia um ACK {to} para confirmar que recebeu a resposta de handshake do WebSocket{}: o handshake foi bem-sucedido e a conexão WebSocket está estabelecida",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by} recusa o handshake do WebSocket com {other}: responde com o código de status HTTP {status}")
        }
        FrameEvent::Close(why) => format!("{by} envia {to} um quadro de encerramento do WebSocket{}", closing(why)),
        FrameEvent::CloseReply(why) => {
            format!("{by} responde ao quadro de encerramento {of} com o seu próprio{}", closing(why))
        }
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { ": a solicitação de login está concluída" } else { "" };
            format!("{by} envia um ACK {to} para confirmar que recebeu {}{outcome}", things(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let by = subject(&note.by);
    let (other, to) = (subject(&note.other), to(&note.other));
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let room = room.map(|room| format!(" na sala {}", quoted(QUOTES, room))).unwrap_or_default();
            let name = match name {
                Some(name) => format!(" com o nome {}", quoted(QUOTES, name)),
                None => ", sem nome de usuário".to_owned(),
            };
            format!("{by} envia {to}, via WebSocket, uma solicitação de login{room}{name}")
        }
        MessageEvent::UserList { users: Some(count), .. } => {
            format!("{by} envia {to} a lista de usuários: {}", users(*count))
        }
        MessageEvent::UserList { users: None, .. } => format!("{by} envia {to} a lista de usuários"),
        MessageEvent::LoginResult { name: Some(name) } => {
            format!(
                "{by} envia {to} o resultado do login: o login do usuário {} foi bem-sucedido",
                quoted(QUOTES, name)
            )
        }
        MessageEvent::LoginResult { name: None } => {
            format!("{by} envia {to} o resultado do login: o login foi bem-sucedido")
        }
        MessageEvent::LoginNotification { name: Some(name) } => {
            let to = notified(note);
            format!("{by} informa {to} que um novo usuário, {}, fez login", quoted(QUOTES, name))
        }
        MessageEvent::LoginNotification { name: None } => {
            format!("{by} informa {} que um novo usuário fez login", notified(note))
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            let recipient = recipient(whom);
            format!("{by} envia {to}, via WebSocket, uma mensagem {recipient}{}", said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => format!("ao próprio remetente, {other},"),
                false if note.is_anothers => another(&note.other),
                false => to,
            };
            format!("{by} entrega {to} {} {}{}", sent(*who), recipient(whom), said(note.text))
        }
        MessageEvent::LogoutNotification { name } => format!("{by} informa {to} que {} saiu do chat", user(*name)),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by} envia {to} um ping de heartbeat para verificar se a conexão ainda está ativa")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by} responde {to} com um pong de heartbeat: a conexão ainda está ativa")
        }
        MessageEvent::UnsolicitedPong { .. } => {
            format!("{by} envia {to} um pong de heartbeat que nenhum ping pediu (não solicitado)")
        }
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by} envia {to} uma mensagem do tipo {}", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by} envia {to} uma mensagem do tipo {}, que o chat não conhece", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => format!("{by} envia {to} uma mensagem sem tipo legível"),
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => {
            " (mensagem mascarada na transmissão e, portanto, ilegível em um dump; exibida aqui sem a máscara)"
                .to_owned()
        }
        Clause::Acked(acked) => format!("; com o mesmo pacote, {}", acknowledges(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => "; foi entregue, com outro texto".to_owned(),
        Clause::Readable(line) => format!(": {line}"),
        Clause::Fault(detail) => format!(". {}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => {
            format!("; não há mais ninguém a notificar e o login{frame} está concluído")
        }
        Completion::Login => format!("; todos os usuários da sala foram notificados e o login{frame} está concluído"),
        Completion::Say => {
            format!("; todos os navegadores destinatários receberam a mensagem{frame} e a entrega está concluída")
        }
        Completion::Logout => {
            format!("; todos os usuários que permanecem na sala foram notificados e a saída{frame} está concluída")
        }
        Completion::Close => ", e portanto agora nos dois".to_owned(),
    }
}

pub fn title(title: &Title) -> String {
    match title {
        Title::TcpHandshake(Some(step)) => format!("Handshake do TCP, etapa {step} de 3"),
        Title::TcpHandshake(None) => "Handshake do TCP".to_owned(),
        Title::WebSocketHandshake => "Handshake do WebSocket".to_owned(),
        Title::Login(Some(user)) => format!("Login de {}", name(QUOTES, user)),
        Title::Login(None) => "Login de um usuário".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "Alguém".to_owned(), |sender| name(QUOTES, sender));
            let to = match recipient {
                Recipient::Everyone => " a todos".to_owned(),
                Recipient::Named(recipient) | Recipient::Id(recipient) => format!(" a {}", name(QUOTES, recipient)),
                Recipient::Unknown => String::new(),
            };
            let text = text.map(|text| format!(": {}", quoted(QUOTES, text))).unwrap_or_default();
            let something = if text.is_empty() { " algo" } else { "" };
            format!("{sender} diz{something}{to}{text}")
        }
        Title::Heartbeat(Some(user)) => format!("Heartbeat da conexão de {}", name(QUOTES, user)),
        Title::Heartbeat(None) => "Heartbeat da conexão".to_owned(),
        Title::Logout(Some(user)) => format!("{} sai do chat", name(QUOTES, user)),
        Title::Logout(None) => "Alguém sai do chat".to_owned(),
        Title::Close => "Encerramento da conexão".to_owned(),
        Title::Unknown => "Mensagem desconhecida".to_owned(),
    }
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpSyn => "Handshake do TCP 1/3 (SYN)",
        Phase::TcpSynAck => "Handshake do TCP 2/3 (SYN+ACK)",
        Phase::TcpAck => "Handshake do TCP 3/3 (ACK)",
        Phase::TcpFin => "Encerramento do TCP (FIN)",
        Phase::TcpFinAcked => "Encerramento do TCP confirmado",
        Phase::TcpReset => "Redefinição do TCP (RST)",
        Phase::UpgradeRequest => "Solicitação de handshake do WebSocket",
        Phase::UpgradeRequestAcked => "Solicitação de handshake do WebSocket confirmada",
        Phase::UpgradeResponse => "Resposta de handshake do WebSocket",
        Phase::UpgradeComplete => "Handshake do WebSocket concluído",
        Phase::UpgradeRefused => "Handshake do WebSocket recusado",
        Phase::Close => "Encerramento do WebSocket",
        Phase::CloseReply => "Resposta de encerramento do WebSocket",
        Phase::LoginRequest => "Solicitação de login",
        Phase::UserList => "Lista de usuários",
        Phase::LoginResult => "Resultado do login",
        Phase::LoginNotification => "Notificação de login",
        Phase::SayRequest => "Mensagem enviada",
        Phase::SayDelivery => "Mensagem entregue",
        Phase::LogoutNotification => "Notificação de saída",
        Phase::Ping => "Ping de heartbeat",
        Phase::Pong => "Pong de heartbeat",
        Phase::Unknown => "Mensagem desconhecida",
        Phase::MessageAcked => "Recebimento da mensagem confirmado",
    }
}

pub fn label(field: Field) -> &'static str {
    match field {
        Field::Phase => "Fase",
        Field::Note => "Nota",
        Field::Exchange => "Troca",
        Field::ExchangeTitle => "Título",
        Field::ExchangeComplete => "Concluída",
        Field::MessageType => "Tipo",
        Field::ClientId => "ID do cliente",
        Field::ClientName => "Nome do cliente",
        Field::FromClientId => "ID do cliente remetente",
        Field::FromClientName => "Nome do cliente remetente",
        Field::ToClientId => "ID do cliente destinatário",
        Field::ToClientName => "Nome do cliente destinatário",
        Field::Content => "Conteúdo",
        Field::Text => "Texto",
        Field::Time => "Hora",
        Field::RoomId => "ID da sala",
        Field::ClientList => "Lista de clientes",
        Field::ClientListUser => "Usuário",
        Field::ClientListClientId => "ID do cliente",
        Field::ClientListClientName => "Nome do cliente",
        Field::ClientListCount => "Número de usuários",
        Field::Member => "Outro campo",
        Field::Dialect => "Dialeto",
        Field::Server => "Servidor",
        Field::Private => "Privada",
        Field::GatewayAddress => "Endereço do gateway",
        Field::GatewayPort => "Porta do gateway",
        Field::GatewayConnection => "Número da conexão no gateway",
        Field::User => "Usuário desta conexão",
        Field::Room => "Sala desta conexão",
        Field::RoomMembers => "Presentes na sala",
        Field::Sender => "Remetente",
        Field::Recipient => "Destinatário",
        Field::Acks => "Confirma o quadro",
        Field::RequestIn => "Solicitação no quadro",
        Field::ResponseIn => "Resposta no quadro",
        Field::ResponseTime => "Tempo de resposta",
        Field::Deliveries => "Número de entregas",
        Field::Delivery => "Entrega",
        Field::DeliveryFrame => "Quadro",
        Field::DeliveryUser => "Usuário",
        Field::DeliveryEndpoint => "Endereço e porta",
        Field::DeliveryTime => "Tempo decorrido",
        Field::DeliveryAckedIn => "Confirmada no quadro",
        Field::LeftOut => "Omitido",
        Field::LeftOutWhy => "Porquê",
        Field::HandshakeKey => "Sec-WebSocket-Key",
        Field::HandshakeAccept => "Sec-WebSocket-Accept",
        Field::HandshakeAcceptExpected => "Sec-WebSocket-Accept esperado",
        Field::HandshakeAcceptValid => "Sec-WebSocket-Accept correto",
        Field::HandshakeOrigin => "Origem",
    }
}

pub fn phrase(phrase: &Phrase) -> String {
    match phrase {
        Phrase::All => "todos".to_owned(),
        Phrase::NotJson => "[não é JSON]".to_owned(),
        Phrase::Login => "Login efetuado".to_owned(),
        Phrase::Room(room) => format!("sala {}", isolated(room)),
        Phrase::Browser(party) => match address(party) {
            Some(address) => address,
            None => format!("porta {}", party.port),
        },
        Phrase::UserList(count) => format!("Lista de usuários ({count})"),
        Phrase::NoMessages => "Nenhuma mensagem do chat.".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{} (antes {})", name, former),
        Phrase::LogsIn(Some(user)) => format!("{} faz login", name(QUOTES, user)),
        Phrase::LogsIn(None) => "Alguém faz login".to_owned(),
        Phrase::Renamed { from, to } => format!("{} agora se chama {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(count) => format!("… e mais {count}"),
        Phrase::Delivery { to: party, frame, milliseconds } => {
            let milliseconds = format!("{milliseconds:.3}").replace('.', ",");
            format!("{} no quadro {frame}, após {milliseconds} ms", capitalised(&to(party)))
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let sentence = format!(
                "{} envia {} uma parte da mensagem que fica completa no quadro {completed_in}",
                subject(by),
                to(other)
            );
            capitalised(&sentence)
        }
        Phrase::PolicyRequest { by, other } => capitalised(&format!(
            "{} pede {} a sua política do Flash: páginas de outros sites podem conectar-se?",
            subject(by),
            to(other)
        )),
        Phrase::PolicyFile { by, other } => capitalised(&format!(
            "{} responde {} com a sua política do Flash (XML): os sites cujas páginas podem conectar-se",
            subject(by),
            to(other)
        )),
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => {
            format!("faltam bytes {} antes do quadro {before}", self::of(of))
        }
        Phrase::BytesMissing { of: None, before } => {
            format!("antes do quadro {before} faltam bytes que o servidor enviou a outros")
        }
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} bytes que começam como zlib: comprimidos"),
            Opaque::Gzip => format!("{bytes} bytes que começam como gzip: comprimidos"),
            Opaque::OpenSsl => format!("{bytes} bytes em Base64 que começam como os do OpenSSL: cifrados"),
            Opaque::Base64 => format!("{bytes} bytes em Base64"),
            Opaque::Binary => format!("{bytes} bytes binários"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "faltam bytes",
        Omission::SaidAgain => "o mesmo foi dito várias vezes, e a captura não diz de qual delas se trata",
        Omission::CaptureEnds => "a captura termina pouco depois",
        Omission::BeganBefore => "a conexão começou antes da captura",
        Omission::Cut => "a captura truncou a mensagem",
        Omission::NotCaptured => "a conexão do remetente, ou a sua entrada, não foi capturada",
        Omission::StaleList => "a lista de usuários do servidor pode estar desatualizada",
        Omission::SeveralAddresses => {
            "o servidor tem vários endereços, e um navegador pode tê-la recebido em mais de um"
        }
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "Mensagens",
        Topic::Users => "Usuários",
        Topic::Rooms => "Salas",
        Topic::Findings => "Observações",
        Topic::ResponseTimes => "Tempos de resposta (µs)",
        Topic::FirstDelivery => "primeira entrega",
        Topic::LastDelivery => "última entrega",
        Topic::Others => "outros",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "enviadas",
        Column::Received => "recebidas",
        Column::Lost => "perdidas",
        Column::Mean => "média",
        Column::Slowest => "a mais lenta",
        Column::FirstSeen => "visto primeiro",
        Column::LastSeen => "visto por último",
        Column::Response => "resposta",
        Column::Count => "quantidade",
        Column::Shortest => "a mais curta",
        Column::Median => "mediana",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "Transcrição",
        Command::Sessions => "Sessões",
        Command::Users => "Usuários",
        Command::Times => "Tempos de resposta",
        Command::Diagram => "Diagrama de sequência (Mermaid)",
        Command::Page => "Página, pacote por pacote",
        Command::Counts => "Contagens e taxas",
        Command::WebPage => "Abrir como página da web",
        Command::GoToPacket => "Ir para o pacote…",
        Command::ApplyAsFilter => "Aplicar como filtro…",
        Command::Copy => "Copiar",
        Command::SaveAs => "Salvar como…",
        Command::File => "Arquivo",
        Command::Sort => "Ordenar por…",
        Command::Column => "Coluna (número ou título)",
        Command::LimitToFilter => "Limitar ao filtro de exibição",
        Command::PacketNumber => "Número do pacote",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "Navegador",
        Word::Side(Side::Server) => "Servidor",
        Word::User => "Usuário",
        Word::Room => "Sala",
        Word::Began => "Início",
        Word::Duration => "Duração",
        Word::End => "Fim",
        Word::Open => "aberta",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "Significado das flags:",
        PageText::Flag(Flag::Syn) => "SYN: pede a abertura de uma conexão",
        PageText::Flag(Flag::SynAck) => "SYN+ACK: aceita a conexão e confirma o recebimento do SYN",
        PageText::Flag(Flag::Ack) => "ACK: confirma o recebimento do que o outro lado enviou",
        PageText::Flag(Flag::Push) => "PSH: envia dados",
        PageText::Flag(Flag::PushAck) => "PSH+ACK: envia dados e confirma o recebimento dos dados do outro lado",
        PageText::Flag(Flag::FinAck) => "FIN+ACK: não tem mais nada a enviar e pede o encerramento da conexão",
        PageText::Flag(Flag::Reset) => "RST: interrompe a conexão (também [R.])",
        PageText::Totals { connections, logins, says } => {
            return format!(
                "Isso é tudo (conexões de navegadores: {connections}, logins: {logins}, mensagens enviadas: {says})."
            );
        }
        PageText::Hexadecimal => "Para ver os dados binários em hexadecimal: tcpdump -XAns 4096 -i any port 7272",
        PageText::NoPacket => {
            "Nenhum pacote do workerman-chat nesta captura; consulte a seção Troubleshooting do README.md."
        }
        PageText::NothingMatches => "Nenhum pacote do workerman-chat para mostrar: nenhum corresponde ao filtro.",
        PageText::Title => "Sessão de chat",
        PageText::SkipToPackets => "Ir para os pacotes",
        PageText::Contents => "Conteúdo",
        PageText::Conversation => "Conversa",
        PageText::DeliveryTimes => "Tempos de entrega",
        PageText::MessagesPerMinute => "Mensagens por minuto",
        PageText::Users => "Usuários",
        PageText::Packets => "Pacotes",
        PageText::Packet(frame) => return format!("Pacote {frame}"),
        PageText::NotDrawn(count @ (0 | 1)) => {
            return format!("Mais {count} não está desenhada; seus pacotes estão abaixo.");
        }
        PageText::NotDrawn(count) => return format!("Mais {count} não estão desenhadas; seus pacotes estão abaixo."),
        PageText::Deliveries { count: count @ (0 | 1), mean, .. } => return format!("{count} entrega: {mean}."),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("{count} entregas: {mean} em média, {slowest} a mais lenta.");
        }
        PageText::Messages { count: count @ (0 | 1), .. } => return format!("{count} mensagem."),
        PageText::Messages { count, most } => return format!("{count} mensagens, no máximo {most} por minuto."),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => format!(
            "Não é JSON: {}{}; o servidor ignora esta mensagem e ninguém a recebe",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => format!(
            "Não é JSON: {}{}; o navegador não consegue ler esta mensagem e não mostra nada",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("Não é JSON: {}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => format!(
            "O chat não tem mensagens do tipo {} neste sentido; a mensagem é ignorada",
            quoted(QUOTES, name)
        ),
        FindingDetail::UnknownType(None) => "A mensagem não tem tipo e é ignorada".to_owned(),
        FindingDetail::NotAnObject => "A mensagem é JSON, mas não é um objeto entre chaves, e é ignorada".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => format!("Falta o campo {member} na solicitação de login: o servidor lança uma exceção e não responde"),
            Missing::Name => format!("Falta o campo {member} na solicitação de login: o servidor faz o login do usuário com um nome vazio"),
            Missing::Content => format!("Falta o campo {member} na mensagem: o servidor entrega um texto vazio"),
            Missing::Recipient => format!("Falta o campo {member} na mensagem: o servidor a entrega apenas ao remetente"),
            Missing::RecipientName => format!("Falta o campo {member} na mensagem: a cópia que o servidor entrega ao remetente não informa o nome do destinatário"),
            Missing::FromServer => format!("Falta na mensagem o campo {member}, que o servidor do chat sempre envia"),
        },
        FindingDetail::SayBeforeLogin => {
            "Mensagem enviada antes do login: o servidor lança uma exceção e ninguém a recebe".to_owned()
        }
        FindingDetail::NoDelivery => "Ninguém recebeu esta mensagem, embora a conexão tenha continuado aberta".to_owned(),
        FindingDetail::NoLoginResult => "O servidor nunca respondeu a este login, embora a conexão tenha continuado aberta".to_owned(),
        FindingDetail::NoAck => "O navegador nunca confirmou esta entrega, embora ela tenha sido retransmitida: provavelmente não a recebeu".to_owned(),
        FindingDetail::NoPong => "O navegador não respondeu a este ping".to_owned(),
        FindingDetail::BadTime(time) => format!(
            "A hora {} não está no formato YYYY-MM-DD HH:MM:SS usado pelo servidor",
            quoted(QUOTES, time)
        ),
        FindingDetail::UnescapedHtml(tag) => format!(
            "O servidor entregou uma marcação HTML que não é dele ({tag}): um navegador pode executar o que um usuário escreveu", tag = isolated(tag)
        ),
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => format!(
            "O valor Sec-WebSocket-Accept é {found}, mas o calculado a partir da chave é {expected}: o navegador deve fechar a conexão", found = isolated(found)
        ),
        FindingDetail::AcceptMismatch { expected, found: None } => format!(
            "Falta na resposta o valor Sec-WebSocket-Accept, e o calculado a partir da chave é {expected}: o navegador deve fechar a conexão"
        ),
        FindingDetail::UpgradeMissing(missing) => format!(
            "A solicitação de handshake não contém tudo o que a RFC 6455, seção 4.1, exige (sem {}): é típico de um proxy que não repassa tudo (diretivas proxy_http_version e proxy_set_header do nginx); o Workerman não exige tanto",
            quoted(QUOTES, missing)
        ),
        FindingDetail::HandshakeRefused(status) => format!(
            "O servidor recusou o handshake do WebSocket (código de status HTTP {status}): este navegador não pode usar o chat"
        ),
        FindingDetail::HandshakeCutOff => "A conexão terminou antes que o servidor respondesse a esta solicitação: o handshake do WebSocket foi interrompido".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS: para ver o chat, dê ao Wireshark as chaves desta conexão (preferência tls.keylog_file; os navegadores as gravam no arquivo indicado por SSLKEYLOGFILE)".to_owned(),
        FindingDetail::SubprotocolNotGranted => "O navegador pediu um subprotocolo (Sec-WebSocket-Protocol) e a resposta não indica nenhum: o navegador fecha a conexão".to_owned(),
        FindingDetail::UnmaskedClient => {
            "O quadro do cliente não está mascarado: o servidor deve fechar a conexão (RFC 6455, seção 5.1)".to_owned()
        }
        FindingDetail::MaskedServer => {
            "O quadro do servidor está mascarado: o navegador deve fechar a conexão (RFC 6455, seção 5.1)".to_owned()
        }
        FindingDetail::LongLength => {
            "O cliente escreve o comprimento do quadro em mais bytes do que o necessário (RFC 6455, seção 5.2); o servidor do chat o aceita"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "O opcode do quadro não combina com o quadro anterior (RFC 6455, seção 5.4); o servidor do chat toma todos os quadros até o próximo com FIN por uma só mensagem"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => format!(
            "A captura contém apenas {captured} dos {reported} bytes desta mensagem; o restante não é mostrado"
        ),
        FindingDetail::AnotherWay { proxy_port: Some(port) } => format!(
            "Esta solicitação passa por um túnel através do proxy (porta {port}): o que o navegador e o proxy combinaram antes não é anotado"
        ),
        FindingDetail::AnotherWay { proxy_port: None } => {
            "Esta mensagem não é anotada: o Wireshark não decodificou o TCP a partir do IP, por isso o plugin não vê os cabeçalhos TCP".to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!("A memória prevista para esta captura esgotou-se ({megabytes} MB): a partir deste pacote, as mensagens têm apenas os próprios campos e os demais pacotes não são anotados"),
        FindingDetail::TooManyIdle { connections } => format!("Esta conexão não é memorizada enquanto não transporta dados: outras {connections} para as portas do chat não transportam nenhum. O mesmo vale para as seguintes"),
        FindingDetail::Internal(what) => {
            format!("Falha deste plugin, não do pacote: {what}; por favor, relate-a")
        }
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "a mensagem está vazia".to_owned(),
        Cause::NotAnObject => "a mensagem não é um objeto entre chaves".to_owned(),
        Cause::Backslash => "uma barra invertida deve ser escapada".to_owned(),
        Cause::Tab => "uma tabulação deve ser escapada".to_owned(),
        Cause::LineEnd => "uma quebra de linha deve ser escapada".to_owned(),
        Cause::ControlCharacter(byte) => format!("o caractere de controle 0x{byte:02x} deve ser escapado"),
        Cause::InvalidUtf8 => "o texto não é UTF-8 válido".to_owned(),
        Cause::LoneSurrogate(unit) => {
            format!("\\u{unit:04x} é metade de um par substituto (surrogate) sem a outra metade, o que o PHP rejeita")
        }
        Cause::UnterminatedString => "faltam as aspas de fechamento de uma string".to_owned(),
        Cause::UnexpectedCharacter(character) => {
            format!("caractere inesperado {}", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("byte inesperado 0x{byte:02x}"),
        Cause::UnexpectedEnd => "a mensagem termina cedo demais".to_owned(),
        Cause::TooDeep(levels) => format!("a mensagem ultrapassa {levels} níveis de aninhamento, o limite do PHP"),
        Cause::TooLong(bytes) => format!("a mensagem ultrapassa {bytes} bytes, o limite do Workerman"),
        Cause::TrailingData => "há outros dados depois do objeto".to_owned(),
    }
}

const SOMEBODY: &str = "um usuário";

fn subject(whom: &Party) -> String {
    party(whom, "o", "")
}

/// Who is notified of a login: somebody else than who logs in, or perhaps that one.
fn notified(note: &NoteContext) -> String {
    if note.is_own { to(&note.other) } else { another(&note.other) }
}

/// Somebody else than the one a sentence is about.
fn another(other: &Party) -> String {
    match (other.name, address(other)) {
        (Some(_), _) => to(other),
        (None, None) => format!("a outro navegador (porta {})", other.port),
        (None, Some(address)) => format!("a outro navegador ({address})"),
    }
}

fn to(whom: &Party) -> String {
    party(whom, "ao", "a ")
}

fn of(whom: &Party) -> String {
    party(whom, "do", "de ")
}

/// A browser or a server after the article, contracted with a preposition; a name after the preposition alone.
fn party(party: &Party, article: &str, preposition: &str) -> String {
    let kind = match party.side {
        Side::Client => "navegador",
        Side::Server => "servidor",
    };
    match (party.name.map(|name| quoted(QUOTES, name)), address(party)) {
        (None, None) => format!("{article} {kind} (porta {})", party.port),
        (None, Some(address)) => format!("{article} {kind} {address}"),
        (Some(name), None) => format!("{preposition}{name} ({kind}, porta {})", party.port),
        (Some(name), Some(address)) => format!("{preposition}{name} ({kind} {address})"),
    }
}

/// Who logs in or out.
fn user(name: Option<&str>) -> String {
    name.map_or_else(|| SOMEBODY.to_owned(), |name| format!("o usuário {}", quoted(QUOTES, name)))
}

/// The message, and whose it is.
fn sent(sender: Option<&str>) -> String {
    match sender {
        Some(sender) => format!("a mensagem de {}", quoted(QUOTES, sender)),
        None => "uma mensagem".to_owned(),
    }
}

fn recipient(recipient: &Recipient<&str>) -> String {
    match recipient {
        Recipient::Everyone => "para todos".to_owned(),
        Recipient::Named(name) => format!("para {}", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("para o cliente {}", isolated(id)),
        Recipient::Unknown => "para um destinatário desconhecido".to_owned(),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    match count {
        0 | 1 => format!("{count} usuário"),
        _ => format!("{count} usuários"),
    }
}

fn within(frame: Frame) -> String {
    format!(" (quadro {frame})")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("confirma (ACK) que recebeu {}", things(acked))
}

fn things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", thing(&acked.what), within(acked.frame)));
    enumerated(things, ", ", " e ", |count| format!("mais {count} mensagens"))
}

/// What was received.
fn thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "a solicitação de handshake do WebSocket".to_owned(),
        Received::UpgradeResponse => "a resposta de handshake do WebSocket".to_owned(),
        Received::Message(event) => message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "a solicitação de login".to_owned(),
        MessageEvent::UserList { .. } => "a lista de usuários".to_owned(),
        MessageEvent::LoginResult { .. } => "o resultado do login".to_owned(),
        MessageEvent::LoginNotification { name } => format!("a notificação de que {} fez login", user(*name)),
        MessageEvent::SayRequest { sender: Some(sender), .. }
        | MessageEvent::SayDelivery { sender: Some(sender), .. } => {
            format!("a mensagem de {}", quoted(QUOTES, sender))
        }
        MessageEvent::SayRequest { .. } | MessageEvent::SayDelivery { .. } => "a mensagem".to_owned(),
        MessageEvent::LogoutNotification { name } => format!("a notificação de que {} saiu do chat", user(*name)),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "o ping de heartbeat".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "o pong de heartbeat".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "uma mensagem";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!(", perto de {}", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!(" (código {code})"),
        Some((code, why)) => format!(" (código {code}: {why})"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "encerramento normal",
        CloseCode::GoingAway => "página fechada ou encerramento do servidor",
        CloseCode::ProtocolError => "erro de protocolo",
        CloseCode::UnsupportedData => "dados não suportados",
        CloseCode::NoStatus => "nenhum código de status",
        CloseCode::Abnormal => "encerramento anormal",
        CloseCode::InvalidData => "dados inválidos",
        CloseCode::PolicyViolation => "violação das regras",
        CloseCode::TooBig => "mensagem grande demais",
        CloseCode::ExtensionMissing => "extensão ausente",
        CloseCode::InternalError => "erro interno",
        CloseCode::ServiceRestart => "reinício do serviço",
        CloseCode::TryAgainLater => "tente novamente mais tarde",
    }
}
