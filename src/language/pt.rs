//! Portuguese, with the words used in Brazil.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let (by, other) = (end(by), end(other));
    match event {
        Event::Syn => format!("O {by} envia SYN ao {other}: pede para abrir uma conexão"),
        Event::SynAgain(first) => {
            format!("O {by} envia novamente ao {other} o SYN do quadro {first}: nenhuma resposta chegou")
        }
        Event::SynAck => format!("O {by} responde ao {other} com SYN+ACK: aceita a conexão"),
        Event::SynAckAgain(first) => {
            format!("O {by} envia novamente ao {other} o SYN+ACK do quadro {first}: nenhuma confirmação chegou")
        }
        Event::Established => format!("O {by} confirma o SYN+ACK do {other}: a conexão TCP está estabelecida"),
        Event::Fin => format!("O {by} envia FIN ao {other}: não tem mais nada a enviar"),
        Event::FinAcked => format!("O {by} confirma o FIN do {other}: esse sentido está fechado"),
        Event::Reset(Reset::Refused) => {
            format!("O {by} responde com RST ao SYN do {other}: não aceita conexões, ninguém escuta ali")
        }
        Event::Reset(Reset::AfterFins) => format!("O {by} reseta a conexão, que os dois lados já haviam fechado"),
        Event::Reset(Reset::Open) => {
            format!("O {by} reseta a conexão: ela termina imediatamente, e o que estava em trânsito se perde")
        }
        Event::Reset(Reset::Unknown) => format!("O {by} reseta a conexão"),
        Event::UpgradeRequest => format!("O {by} pede ao {other} para mudar de HTTP para WebSocket"),
        Event::UpgradeRequestAcked(frame) => {
            format!("O {by} recebeu a requisição de handshake WebSocket do quadro {frame}; sua resposta vem a seguir")
        }
        Event::UpgradeAccepted => {
            format!("O {by} aceita usar WebSocket com o {other}: o handshake foi bem-sucedido")
        }
        Event::UpgradeMisaccepted => {
            format!("O {by} aceita usar WebSocket, mas seu valor accept está errado: o {other} vai fechar a conexão")
        }
        Event::UpgradeComplete(frame) => {
            format!("O {by} recebeu a resposta do quadro {frame}: a conexão WebSocket está estabelecida")
        }
        Event::UpgradeRefused(status) => {
            format!("O {by} recusa usar WebSocket com o {other}: responde com o status HTTP {status}")
        }
        Event::Close(why) => format!("O {by} fecha a conexão WebSocket com o {other}{}", closing(why)),
        Event::CloseReply(why) => {
            format!("O {by} concorda em fechar a conexão WebSocket com o {other}{}", closing(why))
        }
        Event::MessagesAcked(frames) => format!("O {by} recebeu {}", messages(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("O {by} pede ao {other} para entrar {} na sala {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => format!("O {by} pede ao {other} para entrar {}", named(name)),
        Event::UserList { users: Some(count), .. } => {
            format!("O {by} informa ao {other} quem está conectado: {}", users(count))
        }
        Event::UserList { users: None, .. } => format!("O {by} informa ao {other} quem está conectado"),
        Event::LoginResult(name) => {
            format!("O {by} informa ao {other} que seu login {} foi bem-sucedido", named(name))
        }
        Event::LoginNotification(name) => {
            format!("O {by} informa ao {other} que {} fez login", name.unwrap_or(SOMEBODY))
        }
        Event::SayRequest(say) => format!("O {by} pede ao {other} para repassar: {}", saying(say, text)),
        Event::SayDelivery(say) => format!("O {by} entrega ao {other}: {}", saying(say, text)),
        Event::LogoutNotification(name) => {
            format!("O {by} informa ao {other} que {} saiu", name.unwrap_or(SOMEBODY))
        }
        Event::Ping(_) => format!("O {by} pergunta ao {other} se ainda está presente"),
        Event::Pong(_) => format!("O {by} responde ao {other} que ainda está presente"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("O {by} envia ao {other} uma mensagem do tipo {name}, que o chat não conhece")
        }
        Event::Unknown { type_name: None, .. } => format!("O {by} envia ao {other} uma mensagem sem tipo legível"),
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => format!(
            "Não é JSON: {} (byte {offset}); o servidor ignora esta mensagem e ninguém a recebe",
            fault((*reason).into())
        ),
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "Não é JSON: {} (byte {offset}); o navegador não consegue ler esta mensagem e não mostra nada",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => {
            format!("O chat não tem mensagem do tipo {name} neste sentido; ela é ignorada")
        }
        Fact::UnknownType(None) => "A mensagem não tem tipo; ela é ignorada".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("O login não tem {member}: o servidor lança uma exceção e não responde"),
            Missing::Name => format!("O login não tem {member}: o servidor faz o login do usuário com um nome vazio"),
            Missing::Content => format!("A mensagem não tem {member}: o servidor entrega um texto vazio"),
            Missing::Recipient => format!("A mensagem não tem {member}: o servidor a entrega apenas ao remetente"),
            Missing::RecipientName => format!("A mensagem não tem {member}: a cópia que o servidor entrega ao remetente não diz quem é o destinatário"),
            Missing::FromServer => format!("A mensagem não tem {member}, que o servidor do chat sempre envia"),
        },
        Fact::SayBeforeLogin => {
            "Dito em uma conexão que não fez login: o servidor lança uma exceção e ninguém recebe".to_owned()
        }
        Fact::NoDelivery => "Ninguém recebeu o que é dito aqui, embora a conexão tenha continuado".to_owned(),
        Fact::NoPong => "O navegador não respondeu a este ping antes do seguinte".to_owned(),
        Fact::BadTime(time) => {
            format!("A hora não está no formato YYYY-MM-DD HH:MM:SS que o servidor escreve: {time}")
        }
        Fact::UnescapedHtml(tag) => format!(
            "O servidor entregou uma marcação que não é dele ({tag}): um navegador executa o que um usuário escreveu"
        ),
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("O valor accept é {found}, mas a chave exige {expected}: o navegador fecha a conexão")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("Não há valor accept, e a chave exige {expected}: o navegador fecha a conexão")
        }
        Fact::UpgradeMissing(missing) => format!(
            "O pedido de handshake não tem {missing}, como exige a RFC 6455, seção 4.1: típico de um proxy que não o repassa (nginx: proxy_http_version, proxy_set_header); o Workerman não o exige"
        ),
        Fact::HandshakeRefused(status) => format!(
            "O servidor recusou o handshake WebSocket com o status HTTP {status}: este navegador não pode usar o chat"
        ),
        Fact::UnmaskedClient => {
            "O quadro do cliente não está mascarado: o servidor deve fechar a conexão (RFC 6455, seção 5.1)".to_owned()
        }
        Fact::MaskedServer => {
            "O quadro do servidor está mascarado: o navegador deve fechar a conexão (RFC 6455, seção 5.1)".to_owned()
        }
        Fact::Truncated { captured, reported } => {
            format!("A captura contém {captured} dos {reported} bytes desta mensagem; o restante não é mostrado")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!("Num túnel pelo proxy da porta {port}: o que navegador e proxy combinaram antes não tem rótulo")
        }
        Fact::AnotherWay { proxy_port: None } => {
            "Esta mensagem não tem rótulo: o Wireshark não recebeu o TCP dela a partir do IP, por isso o plugin não vê os cabeçalhos TCP".to_owned()
        }
        Fact::Internal(what) => {
            format!("É uma falha deste plugin, não do pacote: {what}; por favor, comunique-a")
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
            format!("\\u{unit:04x} é metade de um par substituto (surrogate), sem a outra metade, o que o PHP recusa")
        }
        Cause::UnterminatedString => "falta a aspa de fechamento de uma string".to_owned(),
        Cause::UnexpectedCharacter(character) => format!("{character} não pode estar aqui"),
        Cause::UnexpectedByte(byte) => format!("o byte 0x{byte:02x} não pode estar aqui"),
        Cause::UnexpectedEnd => "a mensagem termina cedo demais".to_owned(),
        Cause::TooDeep(levels) => format!("ela passa de {levels} níveis de aninhamento, o limite do PHP"),
        Cause::TooLong(bytes) => format!("ela passa de {bytes} bytes, o limite do Workerman para uma mensagem"),
        Cause::TrailingData => "há algo depois do objeto".to_owned(),
    }
}

const SOMEBODY: &str = "alguém";

/// The noun without its article; the sentences contain the article.
fn end(end: End) -> String {
    match end.side {
        Side::Client => format!("navegador (porta {})", end.port),
        Side::Server => format!("servidor (porta {})", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("como {name}"),
        None => "sem nome".to_owned(),
    }
}

fn saying(say: Say<&str>, text: &str) -> String {
    let sender = say.sender.unwrap_or(SOMEBODY);
    match say.recipient {
        Recipient::Everyone => format!("{sender} diz a todos: {text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => format!("{sender} diz a {recipient}: {text}"),
        Recipient::Unknown => format!("{sender} diz: {text}"),
    }
}

fn users(count: usize) -> String {
    match count {
        0 | 1 => format!("{count} usuário"),
        _ => format!("{count} usuários"),
    }
}

fn messages(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("a mensagem do quadro {frame}"),
        Frames::Several(first, last) => format!("as mensagens dos quadros {} e {last}", joined(first, ", ")),
        Frames::Many(first, more) => format!("as mensagens dos quadros {} e mais {more}", joined(first, ", ")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!(": código {code}"),
        Some((code, why)) => format!(": código {code}, {why}"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "fechamento normal",
        CloseCode::GoingAway => "saída: a página foi deixada ou o servidor está parando",
        CloseCode::ProtocolError => "erro de protocolo",
        CloseCode::UnsupportedData => "dados não suportados",
        CloseCode::NoStatus => "nenhum código de status",
        CloseCode::Abnormal => "fechamento anormal",
        CloseCode::InvalidData => "dados inválidos",
        CloseCode::PolicyViolation => "violação das regras",
        CloseCode::TooBig => "mensagem grande demais",
        CloseCode::ExtensionMissing => "extensão ausente",
        CloseCode::InternalError => "erro interno",
        CloseCode::ServiceRestart => "reinício do serviço",
        CloseCode::TryAgainLater => "tente mais tarde",
    }
}
