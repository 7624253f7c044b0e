//! French.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let (by, other) = (end(by), end(other));
    match event {
        Event::Syn => format!("Le {by} envoie un SYN au {other} : il demande à ouvrir une connexion"),
        Event::SynAgain(first) => {
            format!("Le {by} renvoie au {other} le SYN de la trame {first} : aucune réponse n'est arrivée")
        }
        Event::SynAck => format!("Le {by} répond au {other} par un SYN+ACK : il accepte la connexion"),
        Event::SynAckAgain(first) => {
            format!("Le {by} renvoie au {other} le SYN+ACK de la trame {first} : aucun acquittement n'est arrivé")
        }
        Event::Established => format!("Le {by} acquitte le SYN+ACK du {other} : la connexion TCP est établie"),
        Event::Fin => format!("Le {by} envoie un FIN au {other} : il n'a plus rien à envoyer"),
        Event::FinAcked => format!("Le {by} acquitte le FIN du {other} : ce sens de la connexion est fermé"),
        Event::Reset(Reset::Refused) => {
            format!("Le {by} répond au SYN du {other} par un RST : il n'accepte aucune connexion, personne n'y écoute")
        }
        Event::Reset(Reset::AfterFins) => {
            format!("Le {by} réinitialise la connexion, que les deux côtés avaient déjà fermée")
        }
        Event::Reset(Reset::Open) => {
            format!("Le {by} réinitialise la connexion : elle prend fin aussitôt et ce qui était en transit est perdu")
        }
        Event::Reset(Reset::Unknown) => format!("Le {by} réinitialise la connexion"),
        Event::UpgradeRequest => format!("Le {by} demande au {other} de passer de HTTP à WebSocket"),
        Event::UpgradeRequestAcked(frame) => {
            format!("Le {by} a reçu la demande de handshake WebSocket de la trame {frame} ; sa réponse suit")
        }
        Event::UpgradeAccepted => {
            format!("Le {by} accepte de parler WebSocket avec le {other} : le handshake a réussi")
        }
        Event::UpgradeMisaccepted => format!(
            "Le {by} accepte de parler WebSocket, mais sa valeur accept est fausse : le {other} va fermer la connexion"
        ),
        Event::UpgradeComplete(frame) => {
            format!("Le {by} a reçu la réponse de la trame {frame} : la connexion WebSocket est établie")
        }
        Event::UpgradeRefused(status) => {
            format!("Le {by} refuse de parler WebSocket avec le {other} : il répond par le statut HTTP {status}")
        }
        Event::Close(why) => format!("Le {by} ferme la connexion WebSocket avec le {other}{}", closing(why)),
        Event::CloseReply(why) => {
            format!("Le {by} accepte de fermer la connexion WebSocket avec le {other}{}", closing(why))
        }
        Event::MessagesAcked(frames) => format!("Le {by} a reçu {}", messages(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("Le {by} demande au {other} d'ouvrir une session {} dans le salon {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => {
            format!("Le {by} demande au {other} d'ouvrir une session {}", named(name))
        }
        Event::UserList { users: Some(count), .. } => {
            format!("Le {by} indique au {other} qui est connecté : {}", users(count))
        }
        Event::UserList { users: None, .. } => format!("Le {by} indique au {other} qui est connecté"),
        Event::LoginResult(name) => {
            format!("Le {by} confirme au {other} que sa session {} est ouverte", named(name))
        }
        Event::LoginNotification(name) => {
            format!("Le {by} informe le {other} : {} a ouvert une session", name.unwrap_or(SOMEBODY))
        }
        Event::SayRequest(say) => format!("Le {by} demande au {other} de transmettre : {}", saying(say, text)),
        Event::SayDelivery(say) => format!("Le {by} remet au {other} : {}", saying(say, text)),
        Event::LogoutNotification(name) => {
            format!("Le {by} informe le {other} : {} a quitté le chat", name.unwrap_or(SOMEBODY))
        }
        Event::Ping(_) => format!("Le {by} demande au {other} s'il est toujours là"),
        Event::Pong(_) => format!("Le {by} répond au {other} qu'il est toujours là"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("Le {by} envoie au {other} un message de type {name}, que le chat ne connaît pas")
        }
        Event::Unknown { type_name: None, .. } => format!("Le {by} envoie au {other} un message sans type lisible"),
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => format!(
            "Ce n'est pas du JSON : {} (octet {offset}) ; le serveur ignore ce message et personne ne le reçoit",
            fault((*reason).into())
        ),
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "Ce n'est pas du JSON : {} (octet {offset}) ; le navigateur ne peut pas lire ce message et n'affiche rien",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => {
            format!("Le chat n'a pas de message de type {name} dans ce sens ; celui-ci est ignoré")
        }
        Fact::UnknownType(None) => "Le message n'a pas de type ; il est ignoré".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("La demande de session n'a pas de {member} : le serveur lève une exception et ne répond pas"),
            Missing::Name => format!("La demande de session n'a pas de {member} : le serveur ouvre la session sous un nom vide"),
            Missing::Content => format!("Le message n'a pas de {member} : le serveur remet un texte vide"),
            Missing::Recipient => format!("Le message n'a pas de {member} : le serveur ne le remet qu'à son expéditeur"),
            Missing::RecipientName => format!("Le message n'a pas de {member} : la copie que le serveur remet à l'expéditeur ne nomme pas le destinataire"),
            Missing::FromServer => format!("Le message n'a pas de {member}, que le serveur du chat envoie toujours"),
        },
        Fact::SayBeforeLogin => {
            "Dit sur une connexion sans session ouverte : le serveur lève une exception et personne ne le reçoit"
                .to_owned()
        }
        Fact::NoDelivery => "Personne n'a reçu ce qui est dit ici, bien que la connexion ait continué".to_owned(),
        Fact::NoPong => "Le navigateur n'a pas répondu à ce ping avant le suivant".to_owned(),
        Fact::BadTime(time) => {
            format!("L'heure n'est pas au format YYYY-MM-DD HH:MM:SS que le serveur écrit : {time}")
        }
        Fact::UnescapedHtml(tag) => format!(
            "Le serveur a remis du balisage qui n'est pas le sien ({tag}) : un navigateur exécute ce qu'un utilisateur a écrit"
        ),
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("La valeur accept est {found}, mais la clé exige {expected} : le navigateur ferme la connexion")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("Il n'y a pas de valeur accept, et la clé exige {expected} : le navigateur ferme la connexion")
        }
        Fact::UpgradeMissing(missing) => format!(
            "La demande de handshake n'a pas {missing}, qu'exige la RFC 6455, section 4.1 : typique d'un proxy qui ne le transmet pas (nginx : proxy_http_version, proxy_set_header) ; Workerman ne l'exige pas"
        ),
        Fact::HandshakeRefused(status) => format!(
            "Le serveur a refusé le handshake WebSocket avec le statut HTTP {status} : ce navigateur ne peut pas utiliser le chat"
        ),
        Fact::UnmaskedClient => {
            "La trame du client n'est pas masquée : le serveur doit fermer la connexion (RFC 6455, section 5.1)"
                .to_owned()
        }
        Fact::MaskedServer => {
            "La trame du serveur est masquée : le navigateur doit fermer la connexion (RFC 6455, section 5.1)"
                .to_owned()
        }
        Fact::Truncated { captured, reported } => {
            format!("La capture contient {captured} des {reported} octets de ce message ; la suite n'est pas affichée")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!("Dans un tunnel par le proxy du port {port} : ce que le navigateur et le proxy ont convenu auparavant n'a pas d'étiquette")
        }
        Fact::AnotherWay { proxy_port: None } => {
            "Ce message n'a pas d'étiquette : Wireshark n'a pas reçu son TCP depuis IP, le plugin n'en voit donc pas les en-têtes TCP".to_owned()
        }
        Fact::Internal(what) => {
            format!("C'est un défaut de ce plugin, non du paquet : {what} ; merci de le signaler")
        }
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "le message est vide".to_owned(),
        Cause::NotAnObject => "le message n'est pas un objet entre accolades".to_owned(),
        Cause::Backslash => "une barre oblique inverse doit être échappée".to_owned(),
        Cause::Tab => "une tabulation doit être échappée".to_owned(),
        Cause::LineEnd => "une fin de ligne doit être échappée".to_owned(),
        Cause::ControlCharacter(byte) => format!("le caractère de contrôle 0x{byte:02x} doit être échappé"),
        Cause::InvalidUtf8 => "le texte n'est pas de l'UTF-8 valide".to_owned(),
        Cause::LoneSurrogate(unit) => {
            format!(
                "\\u{unit:04x} est une moitié de paire de substitution (surrogate), sans l'autre moitié, ce que PHP refuse"
            )
        }
        Cause::UnterminatedString => "il manque le guillemet fermant d'une chaîne".to_owned(),
        Cause::UnexpectedCharacter(character) => format!("{character} n'a pas sa place ici"),
        Cause::UnexpectedByte(byte) => format!("l'octet 0x{byte:02x} n'a pas sa place ici"),
        Cause::UnexpectedEnd => "le message se termine trop tôt".to_owned(),
        Cause::TooDeep(levels) => format!("le message dépasse {levels} niveaux d'imbrication, la limite de PHP"),
        Cause::TooLong(bytes) => format!("le message dépasse {bytes} octets, la limite de Workerman"),
        Cause::TrailingData => "quelque chose suit l'objet".to_owned(),
    }
}

const SOMEBODY: &str = "quelqu'un";

/// The noun without its article; the sentences contain the article.
fn end(end: End) -> String {
    match end.side {
        Side::Client => format!("navigateur (port {})", end.port),
        Side::Server => format!("serveur (port {})", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("sous le nom {name}"),
        None => "sans nom".to_owned(),
    }
}

fn saying(say: Say<&str>, text: &str) -> String {
    let sender = say.sender.unwrap_or(SOMEBODY);
    match say.recipient {
        Recipient::Everyone => format!("{sender} dit à tous : {text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => format!("{sender} dit à {recipient} : {text}"),
        Recipient::Unknown => format!("{sender} dit : {text}"),
    }
}

fn users(count: usize) -> String {
    match count {
        0 | 1 => format!("{count} utilisateur"),
        _ => format!("{count} utilisateurs"),
    }
}

fn messages(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("le message de la trame {frame}"),
        Frames::Several(first, last) => format!("les messages des trames {} et {last}", joined(first, ", ")),
        Frames::Many(first, more) => format!("les messages des trames {} et {more} de plus", joined(first, ", ")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!(" : code {code}"),
        Some((code, why)) => format!(" : code {code}, {why}"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "fermeture normale",
        CloseCode::GoingAway => "départ : la page a été quittée ou le serveur s'arrête",
        CloseCode::ProtocolError => "erreur de protocole",
        CloseCode::UnsupportedData => "données non prises en charge",
        CloseCode::NoStatus => "aucun code de statut",
        CloseCode::Abnormal => "fermeture anormale",
        CloseCode::InvalidData => "données invalides",
        CloseCode::PolicyViolation => "violation des règles",
        CloseCode::TooBig => "message trop grand",
        CloseCode::ExtensionMissing => "extension manquante",
        CloseCode::InternalError => "erreur interne",
        CloseCode::ServiceRestart => "redémarrage du service",
        CloseCode::TryAgainLater => "réessayer plus tard",
    }
}
