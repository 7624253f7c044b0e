//! Italian.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let (by, other) = (end(by), end(other));
    match event {
        Event::Syn => format!("Il {by} invia SYN al {other}: chiede di aprire una connessione"),
        Event::SynAgain(first) => {
            format!("Il {by} invia di nuovo al {other} il SYN del frame {first}: nessuna risposta ricevuta")
        }
        Event::SynAck => format!("Il {by} risponde al {other} con SYN+ACK: accetta la connessione"),
        Event::SynAckAgain(first) => {
            format!("Il {by} invia di nuovo al {other} il SYN+ACK del frame {first}: nessuna conferma ricevuta")
        }
        Event::Established => format!("Il {by} conferma il SYN+ACK del {other}: la connessione TCP è stabilita"),
        Event::Fin => format!("Il {by} invia FIN al {other}: non ha altro da inviare"),
        Event::FinAcked => format!("Il {by} conferma il FIN del {other}: quella direzione è chiusa"),
        Event::Reset(Reset::Refused) => {
            format!("Il {by} risponde con RST al SYN del {other}: non accetta connessioni, nessuno è in ascolto")
        }
        Event::Reset(Reset::AfterFins) => {
            format!("Il {by} resetta la connessione, che entrambe le parti avevano già chiuso")
        }
        Event::Reset(Reset::Open) => {
            format!("Il {by} resetta la connessione: questa termina subito e ciò che era in transito va perso")
        }
        Event::Reset(Reset::Unknown) => format!("Il {by} resetta la connessione"),
        Event::UpgradeRequest => format!("Il {by} chiede al {other} di passare da HTTP a WebSocket"),
        Event::UpgradeRequestAcked(frame) => {
            format!("Il {by} ha ricevuto la richiesta di handshake WebSocket del frame {frame}; segue la sua risposta")
        }
        Event::UpgradeAccepted => {
            format!("Il {by} accetta di usare WebSocket con il {other}: l'handshake è riuscito")
        }
        Event::UpgradeMisaccepted => format!(
            "Il {by} accetta di usare WebSocket, ma il suo valore accept è errato: il {other} chiuderà la connessione"
        ),
        Event::UpgradeComplete(frame) => {
            format!("Il {by} ha ricevuto la risposta del frame {frame}: la connessione WebSocket è stabilita")
        }
        Event::UpgradeRefused(status) => {
            format!("Il {by} rifiuta di usare WebSocket con il {other}: risponde con lo stato HTTP {status}")
        }
        Event::Close(why) => format!("Il {by} chiude la connessione WebSocket con il {other}{}", closing(why)),
        Event::CloseReply(why) => {
            format!("Il {by} accetta di chiudere la connessione WebSocket con il {other}{}", closing(why))
        }
        Event::MessagesAcked(frames) => format!("Il {by} ha ricevuto {}", messages(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("Il {by} chiede al {other} di accedere {} alla stanza {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => format!("Il {by} chiede al {other} di accedere {}", named(name)),
        Event::UserList { users: Some(count), .. } => {
            format!("Il {by} comunica al {other} chi è collegato: {}", users(count))
        }
        Event::UserList { users: None, .. } => format!("Il {by} comunica al {other} chi è collegato"),
        Event::LoginResult(name) => {
            format!("Il {by} comunica al {other} che il suo accesso {} è riuscito", named(name))
        }
        Event::LoginNotification(name) => {
            format!("Il {by} comunica al {other} che {} ha effettuato l'accesso", name.unwrap_or(SOMEBODY))
        }
        Event::SayRequest(say) => format!("Il {by} chiede al {other} di inoltrare: {}", saying(say, text)),
        Event::SayDelivery(say) => format!("Il {by} consegna al {other}: {}", saying(say, text)),
        Event::LogoutNotification(name) => {
            format!("Il {by} comunica al {other} che {} ha lasciato la chat", name.unwrap_or(SOMEBODY))
        }
        Event::Ping(_) => format!("Il {by} chiede al {other} se è ancora presente"),
        Event::Pong(_) => format!("Il {by} risponde al {other} che è ancora presente"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("Il {by} invia al {other} un messaggio di tipo {name}, che la chat non conosce")
        }
        Event::Unknown { type_name: None, .. } => {
            format!("Il {by} invia al {other} un messaggio senza un tipo leggibile")
        }
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => format!(
            "Non è JSON: {} (byte {offset}); il server ignora questo messaggio e nessuno lo riceve",
            fault((*reason).into())
        ),
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "Non è JSON: {} (byte {offset}); il browser non può leggere questo messaggio e non mostra nulla",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => {
            format!("La chat non ha messaggi di tipo {name} in questa direzione; il messaggio viene ignorato")
        }
        Fact::UnknownType(None) => "Il messaggio non ha un tipo; viene ignorato".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("La richiesta di accesso non ha {member}: il server solleva un'eccezione e non risponde"),
            Missing::Name => format!("La richiesta di accesso non ha {member}: il server fa accedere l'utente con un nome vuoto"),
            Missing::Content => format!("Il messaggio non ha {member}: il server consegna un testo vuoto"),
            Missing::Recipient => format!("Il messaggio non ha {member}: il server lo consegna solo al suo mittente"),
            Missing::RecipientName => format!("Il messaggio non ha {member}: la copia che il server consegna al mittente non nomina il destinatario"),
            Missing::FromServer => format!("Il messaggio non ha {member}, che il server della chat invia sempre"),
        },
        Fact::SayBeforeLogin => {
            "Detto su una connessione senza accesso: il server solleva un'eccezione e nessuno lo riceve".to_owned()
        }
        Fact::NoDelivery => "Nessuno ha ricevuto quanto è detto qui, benché la connessione sia proseguita".to_owned(),
        Fact::NoPong => "Il browser non ha risposto a questo ping prima del successivo".to_owned(),
        Fact::BadTime(time) => {
            format!("L'ora non è nel formato YYYY-MM-DD HH:MM:SS che il server scrive: {time}")
        }
        Fact::UnescapedHtml(tag) => {
            format!("Il server ha consegnato markup non suo ({tag}): un browser esegue ciò che un utente ha scritto")
        }
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("Il valore accept è {found}, ma la chiave richiede {expected}: il browser chiude la connessione")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("Manca il valore accept, e la chiave richiede {expected}: il browser chiude la connessione")
        }
        Fact::UpgradeMissing(missing) => format!(
            "La richiesta di handshake non ha {missing}, come esige la RFC 6455, sezione 4.1: tipico di un proxy che non lo inoltra (nginx: proxy_http_version, proxy_set_header); Workerman non lo pretende"
        ),
        Fact::HandshakeRefused(status) => format!(
            "Il server ha rifiutato l'handshake WebSocket con lo stato HTTP {status}: questo browser non può usare la chat"
        ),
        Fact::UnmaskedClient => {
            "Il frame del client non è mascherato: il server deve chiudere la connessione (RFC 6455, sezione 5.1)"
                .to_owned()
        }
        Fact::MaskedServer => {
            "Il frame del server è mascherato: il browser deve chiudere la connessione (RFC 6455, sezione 5.1)"
                .to_owned()
        }
        Fact::Truncated { captured, reported } => {
            format!("La cattura contiene {captured} dei {reported} byte di questo messaggio; il resto non è mostrato")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!("In un tunnel attraverso il proxy sulla porta {port}: quanto concordato prima tra browser e proxy non ha etichetta")
        }
        Fact::AnotherWay { proxy_port: None } => {
            "Questo messaggio non ha etichetta: Wireshark non ha ricevuto il suo TCP da IP, quindi il plugin non ne vede le intestazioni TCP".to_owned()
        }
        Fact::Internal(what) => {
            format!("È un difetto di questo plugin, non del pacchetto: {what}; si prega di segnalarlo")
        }
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "il messaggio è vuoto".to_owned(),
        Cause::NotAnObject => "il messaggio non è un oggetto tra parentesi graffe".to_owned(),
        Cause::Backslash => "una barra rovesciata va scritta come sequenza di escape".to_owned(),
        Cause::Tab => "una tabulazione va scritta come sequenza di escape".to_owned(),
        Cause::LineEnd => "un fine riga va scritto come sequenza di escape".to_owned(),
        Cause::ControlCharacter(byte) => {
            format!("il carattere di controllo 0x{byte:02x} va scritto come sequenza di escape")
        }
        Cause::InvalidUtf8 => "il testo non è UTF-8 valido".to_owned(),
        Cause::LoneSurrogate(unit) => {
            format!("\\u{unit:04x} è metà di una coppia surrogata, senza l'altra metà: PHP la rifiuta")
        }
        Cause::UnterminatedString => "una stringa non ha le virgolette di chiusura".to_owned(),
        Cause::UnexpectedCharacter(character) => format!("{character} non può stare qui"),
        Cause::UnexpectedByte(byte) => format!("il byte 0x{byte:02x} non può stare qui"),
        Cause::UnexpectedEnd => "il messaggio finisce troppo presto".to_owned(),
        Cause::TooDeep(levels) => format!("supera {levels} livelli di annidamento, il limite di PHP"),
        Cause::TooLong(bytes) => format!("supera {bytes} byte, il limite di Workerman per un messaggio"),
        Cause::TrailingData => "qualcosa segue l'oggetto".to_owned(),
    }
}

const SOMEBODY: &str = "qualcuno";

/// The noun without its article; the sentences contain the article.
fn end(end: End) -> String {
    match end.side {
        Side::Client => format!("browser (porta {})", end.port),
        Side::Server => format!("server (porta {})", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("come {name}"),
        None => "senza nome".to_owned(),
    }
}

fn saying(say: Say<&str>, text: &str) -> String {
    let sender = say.sender.unwrap_or(SOMEBODY);
    match say.recipient {
        Recipient::Everyone => format!("{sender} dice a tutti: {text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => format!("{sender} dice a {recipient}: {text}"),
        Recipient::Unknown => format!("{sender} dice: {text}"),
    }
}

fn users(count: usize) -> String {
    match count {
        1 => "1 utente".to_owned(),
        _ => format!("{count} utenti"),
    }
}

fn messages(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("il messaggio del frame {frame}"),
        Frames::Several(first, last) => format!("i messaggi dei frame {} e {last}", joined(first, ", ")),
        Frames::Many(first, more) => format!("i messaggi dei frame {} e {more} in più", joined(first, ", ")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!(": codice {code}"),
        Some((code, why)) => format!(": codice {code}, {why}"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "chiusura normale",
        CloseCode::GoingAway => "uscita: la pagina è stata lasciata o il server si arresta",
        CloseCode::ProtocolError => "errore di protocollo",
        CloseCode::UnsupportedData => "dati non supportati",
        CloseCode::NoStatus => "nessun codice di stato",
        CloseCode::Abnormal => "chiusura anomala",
        CloseCode::InvalidData => "dati non validi",
        CloseCode::PolicyViolation => "violazione delle regole",
        CloseCode::TooBig => "messaggio troppo grande",
        CloseCode::ExtensionMissing => "estensione mancante",
        CloseCode::InternalError => "errore interno",
        CloseCode::ServiceRestart => "riavvio del servizio",
        CloseCode::TryAgainLater => "riprovare più tardi",
    }
}
