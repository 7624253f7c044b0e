//! French.

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

const QUOTES: [&str; 2] = ["«\u{a0}", "\u{a0}»"];

/// What stands between a word and what it introduces.
pub const COLON: &str = " : ";

pub fn frame(event: &FrameEvent<&str>, note: &NoteContext) -> String {
    let by = subject(&note.by);
    let (other, to, of) = (subject(&note.other), to(&note.other), of(&note.other));
    match event {
        FrameEvent::Syn => format!("{by} envoie un paquet SYN {to} pour demander l'ouverture d'une connexion"),
        FrameEvent::SynAgain(first) => {
            format!("{by} retransmet {to} le paquet SYN de la trame {first} : aucune réponse n'est arrivée")
        }
        FrameEvent::SynAck => format!("{by} répond {to} par un paquet SYN+ACK : la connexion est acceptée"),
        FrameEvent::SynAckAgain(first) => {
            format!("{by} retransmet {to} le paquet SYN+ACK de la trame {first} : aucun acquittement n'est arrivé")
        }
        FrameEvent::Established => format!("{by} envoie un paquet ACK {to} : la connexion TCP est établie"),
        FrameEvent::Fin => format!("{by} envoie un paquet FIN {to} : plus aucune donnée ne suivra dans ce sens"),
        FrameEvent::FinAcked => {
            format!("{by} accuse réception (ACK) du FIN {of} : la connexion est fermée dans ce sens")
        }
        FrameEvent::Reset(Reset::Refused) => format!(
            "{by} répond au SYN {of} par un RST : la connexion est refusée, probablement parce qu'aucun programme n'écoute sur ce port"
        ),
        FrameEvent::Reset(Reset::AfterFins) => {
            format!("{by} réinitialise (RST) la connexion avec {other}, déjà fermée des deux côtés")
        }
        FrameEvent::Reset(Reset::Open) => format!(
            "{by} réinitialise (RST) la connexion avec {other} : elle prend fin aussitôt et les données encore en transit sont perdues"
        ),
        FrameEvent::Reset(Reset::Unknown) => format!("{by} réinitialise (RST) la connexion avec {other}"),
        FrameEvent::UpgradeRequest => format!(
            "{by} envoie {to} la requête de poignée de main WebSocket pour demander le passage de HTTP à WebSocket"
        ),
        FrameEvent::UpgradeRequestAcked(frame) => format!(
            "{by} envoie un ACK {to} pour accuser réception de la requête de poignée de main WebSocket{}",
            within(*frame)
        ),
        FrameEvent::UpgradeAccepted => {
            format!("{by} renvoie {to} la réponse de poignée de main WebSocket : la poignée de main a réussi")
        }
        FrameEvent::UpgradeMisaccepted => format!(
            "{by} renvoie une réponse de poignée de main WebSocket dont la valeur Sec-WebSocket-Accept est erronée : {other} doit fermer la connexion"
        ),
        FrameEvent::UpgradeWithoutSubprotocol => format!(
            "{by} renvoie {to} la réponse de poignée de main WebSocket : elle est positive, mais n'accorde aucun des sous-protocoles demandés, et un navigateur ferme alors la connexion"
        ),
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by} envoie un ACK {to} pour accuser réception de la réponse de poignée de main WebSocket{} : la poignée de main a réussi et la connexion WebSocket est établie",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by} refuse la poignée de main WebSocket {of} : la réponse porte le code de statut HTTP {status}")
        }
        FrameEvent::Close(why) => format!("{by} envoie {to} une trame de fermeture WebSocket{}", closing(why)),
        FrameEvent::CloseReply(why) => {
            format!("{by} répond à la trame de fermeture {of} par la sienne{}", closing(why))
        }
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { " : la requête d'ouverture de session a abouti" } else { "" };
            format!("{by} envoie un ACK {to} pour accuser réception {}{outcome}", of_things(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let by = subject(&note.by);
    let (other, to) = (subject(&note.other), to(&note.other));
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let name = match name {
                Some(name) => format!("sous le nom {}", quoted(QUOTES, name)),
                None => "sans nom d'utilisateur".to_owned(),
            };
            let room = room.map(|room| format!(", dans le salon {}", quoted(QUOTES, room))).unwrap_or_default();
            format!("{by} envoie {to}, par WebSocket, une requête d'ouverture de session (login) {name}{room}")
        }
        MessageEvent::UserList { users: Some(count), .. } => {
            format!("{by} envoie {to} la liste des utilisateurs : {}", users(*count))
        }
        MessageEvent::UserList { users: None, .. } => format!("{by} envoie {to} la liste des utilisateurs"),
        MessageEvent::LoginResult { name: Some(name) } => format!(
            "{by} envoie {to} le résultat de l'ouverture de session : la session {} est ouverte",
            of_name(name, quoted(QUOTES, name))
        ),
        MessageEvent::LoginResult { name: None } => {
            format!("{by} envoie {to} le résultat de l'ouverture de session : la session est ouverte")
        }
        MessageEvent::LoginNotification { name: Some(name) } => {
            let other = notified(note);
            format!("{by} informe {other} qu'un nouvel utilisateur, {}, a ouvert une session", quoted(QUOTES, name))
        }
        MessageEvent::LoginNotification { name: None } => {
            let other = notified(note);
            format!("{by} informe {other} qu'un nouvel utilisateur a ouvert une session")
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            let recipient = recipient(whom);
            format!("{by} envoie {to}, par WebSocket, un message {recipient}{}", said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => format!("à l'expéditeur lui-même, {other},"),
                false if note.is_anothers && note.other.name.is_none() => format!("à {}", another(&note.other)),
                false => to,
            };
            format!("{by} remet {to} {} {}{}", sent(*who), recipient(whom), said(note.text))
        }
        MessageEvent::LogoutNotification { name } => {
            format!("{by} informe {other} qu{} a quitté le chat", that_user(*name))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by} envoie {to} un ping de battement de cœur pour vérifier que la connexion est toujours active")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by} répond {to} par un pong de battement de cœur : la connexion est toujours active")
        }
        MessageEvent::UnsolicitedPong { .. } => {
            format!("{by} envoie {to} un pong de battement de cœur qu'aucun ping n'a demandé (non sollicité)")
        }
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by} envoie {to} un message de type {}", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by} envoie {to} un message de type {}, inconnu du chat", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => format!("{by} envoie {to} un message sans type lisible"),
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => {
            " (message masqué lors de la transmission, donc illisible dans un dump ; affiché ici en clair)".to_owned()
        }
        Clause::Acked(acked) => format!(" ; le même paquet {}", acknowledges(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => " ; remis, avec un autre texte".to_owned(),
        Clause::Readable(line) => format!(" : {line}"),
        Clause::Fault(detail) => format!(". {}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => {
            format!(" ; il n'y a personne d'autre à informer et l'ouverture de session{frame} est terminée")
        }
        Completion::Login => {
            format!(" ; tous les utilisateurs du salon ont été informés et l'ouverture de session{frame} est terminée")
        }
        Completion::Say => {
            format!(" ; tous les navigateurs destinataires ont reçu le message{frame} et sa remise est terminée")
        }
        Completion::Logout => format!(
            " ; tous les utilisateurs encore présents dans le salon ont été informés et la déconnexion{frame} est terminée"
        ),
        Completion::Close => ", et donc désormais dans les deux".to_owned(),
    }
}

pub fn title(title: &Title) -> String {
    match title {
        Title::TcpHandshake(Some(step)) => format!("Poignée de main TCP, étape {step} sur 3"),
        Title::TcpHandshake(None) => "Poignée de main TCP".to_owned(),
        Title::WebSocketHandshake => "Poignée de main WebSocket".to_owned(),
        Title::Login(Some(user)) => format!("Ouverture de session {}", of_name(user, name(QUOTES, user))),
        Title::Login(None) => "Ouverture de session".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "Quelqu'un".to_owned(), |sender| name(QUOTES, sender));
            let to = match recipient {
                Recipient::Everyone => " à tous".to_owned(),
                Recipient::Named(recipient) | Recipient::Id(recipient) => format!(" à {}", name(QUOTES, recipient)),
                Recipient::Unknown => String::new(),
            };
            let text = text.map(|text| format!(" : {}", quoted(QUOTES, text))).unwrap_or_default();
            let something = if text.is_empty() { " quelque chose" } else { "" };
            format!("{sender} dit{something}{to}{text}")
        }
        Title::Heartbeat(Some(user)) => {
            format!("Battement de cœur de la connexion {}", of_name(user, name(QUOTES, user)))
        }
        Title::Heartbeat(None) => "Battement de cœur de la connexion".to_owned(),
        Title::Logout(Some(user)) => format!("{} quitte le chat", name(QUOTES, user)),
        Title::Logout(None) => "Quelqu'un quitte le chat".to_owned(),
        Title::Close => "Fermeture de la connexion".to_owned(),
        Title::Unknown => "Message inconnu".to_owned(),
    }
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpSyn => "Poignée de main TCP 1/3 (SYN)",
        Phase::TcpSynAck => "Poignée de main TCP 2/3 (SYN+ACK)",
        Phase::TcpAck => "Poignée de main TCP 3/3 (ACK)",
        Phase::TcpFin => "Fermeture TCP (FIN)",
        Phase::TcpFinAcked => "Fermeture TCP acquittée",
        Phase::TcpReset => "Réinitialisation TCP (RST)",
        Phase::UpgradeRequest => "Requête de poignée de main WebSocket",
        Phase::UpgradeRequestAcked => "Requête de poignée de main WebSocket acquittée",
        Phase::UpgradeResponse => "Réponse de poignée de main WebSocket",
        Phase::UpgradeComplete => "Poignée de main WebSocket terminée",
        Phase::UpgradeRefused => "Poignée de main WebSocket refusée",
        Phase::Close => "Fermeture WebSocket",
        Phase::CloseReply => "Réponse de fermeture WebSocket",
        Phase::LoginRequest => "Requête d'ouverture de session",
        Phase::UserList => "Liste des utilisateurs",
        Phase::LoginResult => "Résultat de l'ouverture de session",
        Phase::LoginNotification => "Notification d'ouverture de session",
        Phase::SayRequest => "Message envoyé",
        Phase::SayDelivery => "Message remis",
        Phase::LogoutNotification => "Notification de départ",
        Phase::Ping => "Ping de battement de cœur",
        Phase::Pong => "Pong de battement de cœur",
        Phase::Unknown => "Message inconnu",
        Phase::MessageAcked => "Message acquitté",
    }
}

pub fn label(field: Field) -> &'static str {
    match field {
        Field::Phase => "Phase",
        Field::Note => "Note",
        Field::Exchange => "Échange",
        Field::ExchangeTitle => "Titre",
        Field::ExchangeComplete => "Terminé",
        Field::MessageType => "Type",
        Field::ClientId => "ID du client",
        Field::ClientName => "Nom du client",
        Field::FromClientId => "ID du client expéditeur",
        Field::FromClientName => "Nom du client expéditeur",
        Field::ToClientId => "ID du client destinataire",
        Field::ToClientName => "Nom du client destinataire",
        Field::Content => "Contenu",
        Field::Text => "Texte",
        Field::Time => "Heure",
        Field::RoomId => "ID du salon",
        Field::ClientList => "Liste des clients",
        Field::ClientListUser => "Utilisateur",
        Field::ClientListClientId => "ID du client",
        Field::ClientListClientName => "Nom du client",
        Field::ClientListCount => "Nombre d'utilisateurs",
        Field::Member => "Autre champ",
        Field::Dialect => "Dialecte",
        Field::Server => "Serveur",
        Field::Private => "Privé",
        Field::GatewayAddress => "Adresse de la passerelle",
        Field::GatewayPort => "Port de la passerelle",
        Field::GatewayConnection => "Numéro de connexion de la passerelle",
        Field::User => "Utilisateur de cette connexion",
        Field::Room => "Salon de cette connexion",
        Field::RoomMembers => "Présents dans le salon",
        Field::Sender => "Expéditeur",
        Field::Recipient => "Destinataire",
        Field::Acks => "Acquitte la trame",
        Field::RequestIn => "Requête dans la trame",
        Field::ResponseIn => "Réponse dans la trame",
        Field::ResponseTime => "Temps de réponse",
        Field::Deliveries => "Nombre de remises",
        Field::Delivery => "Remise",
        Field::DeliveryFrame => "Trame",
        Field::DeliveryUser => "Utilisateur",
        Field::DeliveryEndpoint => "Adresse et port",
        Field::DeliveryTime => "Délai",
        Field::DeliveryAckedIn => "Acquittée dans la trame",
        Field::LeftOut => "Omis",
        Field::LeftOutWhy => "Pourquoi",
        Field::HandshakeKey => "Sec-WebSocket-Key",
        Field::HandshakeAccept => "Sec-WebSocket-Accept",
        Field::HandshakeAcceptExpected => "Sec-WebSocket-Accept attendu",
        Field::HandshakeAcceptValid => "Sec-WebSocket-Accept correct",
        Field::HandshakeOrigin => "Origine",
    }
}

pub fn phrase(phrase: &Phrase) -> String {
    match phrase {
        Phrase::All => "tous".to_owned(),
        Phrase::NotJson => "[pas du JSON]".to_owned(),
        Phrase::Login => "Session ouverte".to_owned(),
        Phrase::Room(room) => format!("salon {}", isolated(room)),
        Phrase::Browser(party) => match address(party) {
            Some(address) => address,
            None => format!("port {}", party.port),
        },
        Phrase::UserList(count) => format!("Liste des utilisateurs ({count})"),
        Phrase::NoMessages => "Aucun message du chat.".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{} (auparavant {})", name, former),
        Phrase::LogsIn(Some(user)) => format!("{} ouvre une session", name(QUOTES, user)),
        Phrase::LogsIn(None) => "Quelqu'un ouvre une session".to_owned(),
        Phrase::Renamed { from, to } => format!("{} s'appelle désormais {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(1) => "… et un autre".to_owned(),
        Phrase::More(count) => format!("… et {count} autres"),
        Phrase::Delivery { to: party, frame, milliseconds } => {
            let milliseconds = format!("{milliseconds:.3}").replace('.', ",");
            format!("{} dans la trame {frame}, au bout de {milliseconds} ms", capitalised(&to(party)))
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let sentence = format!(
                "{} envoie {} une partie du message qui est complet dans la trame {completed_in}",
                subject(by),
                to(other)
            );
            capitalised(&sentence)
        }
        Phrase::PolicyRequest { by, other } => capitalised(&format!(
            "{} demande {} sa politique Flash : les pages d'autres sites peuvent-elles s'y connecter ?",
            subject(by),
            to(other)
        )),
        Phrase::PolicyFile { by, other } => capitalised(&format!(
            "{} répond {} par sa politique Flash (XML) : les sites dont les pages peuvent s'y connecter",
            subject(by),
            to(other)
        )),
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => {
            format!("il manque des octets {} avant la trame {before}", self::of(of))
        }
        Phrase::BytesMissing { of: None, before } => {
            format!("il manque avant la trame {before} des octets que le serveur a envoyés à d'autres")
        }
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} octets qui commencent comme du zlib : compressés"),
            Opaque::Gzip => format!("{bytes} octets qui commencent comme du gzip : compressés"),
            Opaque::OpenSsl => format!("{bytes} octets en Base64 qui commencent comme ceux d'OpenSSL : chiffrés"),
            Opaque::Base64 => format!("{bytes} octets en Base64"),
            Opaque::Binary => format!("{bytes} octets binaires"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "il manque des octets",
        Omission::SaidAgain => {
            "la même chose a été dite plusieurs fois, et la capture ne dit pas de laquelle il s'agit"
        }
        Omission::CaptureEnds => "la capture se termine peu après",
        Omission::BeganBefore => "la connexion a commencé avant la capture",
        Omission::Cut => "la capture a tronqué le message",
        Omission::NotCaptured => "la connexion de l'expéditeur, ou l'ouverture de sa session, n'a pas été capturée",
        Omission::StaleList => "la liste des utilisateurs du serveur est peut-être périmée",
        Omission::SeveralAddresses => {
            "le serveur a plusieurs adresses, et un navigateur l'a peut-être reçu à plus d'une"
        }
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "Messages du chat",
        Topic::Users => "Utilisateurs",
        Topic::Rooms => "Salons",
        Topic::Findings => "Constats",
        Topic::ResponseTimes => "Temps de réponse (µs)",
        Topic::FirstDelivery => "première remise",
        Topic::LastDelivery => "dernière remise",
        Topic::Others => "autres",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "envoyés",
        Column::Received => "reçus",
        Column::Lost => "perdus",
        Column::Mean => "moyenne",
        Column::Slowest => "la plus lente",
        Column::FirstSeen => "vu d'abord",
        Column::LastSeen => "vu en dernier",
        Column::Response => "réponse",
        Column::Count => "nombre",
        Column::Shortest => "la plus courte",
        Column::Median => "médiane",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "Transcription",
        Command::Sessions => "Connexions",
        Command::Users => "Utilisateurs",
        Command::Times => "Temps de réponse",
        Command::Diagram => "Diagramme de séquence (Mermaid)",
        Command::Page => "Page, paquet par paquet",
        Command::Counts => "Décomptes et débits",
        Command::WebPage => "Ouvrir comme page web",
        Command::GoToPacket => "Aller au paquet…",
        Command::ApplyAsFilter => "Appliquer comme filtre…",
        Command::Copy => "Copier",
        Command::SaveAs => "Enregistrer sous…",
        Command::File => "Fichier",
        Command::Sort => "Trier par…",
        Command::Column => "Colonne (numéro ou titre)",
        Command::LimitToFilter => "Limiter au filtre d'affichage",
        Command::PacketNumber => "Numéro du paquet",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "Navigateur",
        Word::Side(Side::Server) => "Serveur",
        Word::User => "Utilisateur",
        Word::Room => "Salon",
        Word::Began => "Début",
        Word::Duration => "Durée",
        Word::End => "Fin",
        Word::Open => "ouverte",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "Signification des drapeaux :",
        PageText::Flag(Flag::Syn) => "SYN : demande l'ouverture d'une connexion",
        PageText::Flag(Flag::SynAck) => "SYN+ACK : accepte la connexion et accuse réception du SYN",
        PageText::Flag(Flag::Ack) => "ACK : accuse réception de ce que l'autre extrémité a envoyé",
        PageText::Flag(Flag::Push) => "PSH : envoie des données",
        PageText::Flag(Flag::PushAck) => {
            "PSH+ACK : envoie des données et accuse réception de celles de l'autre extrémité"
        }
        PageText::Flag(Flag::FinAck) => "FIN+ACK : n'a plus rien à envoyer et demande la fermeture de la connexion",
        PageText::Flag(Flag::Reset) => "RST : interrompt la connexion (aussi [R.])",
        PageText::Totals { connections, logins, says } => {
            return format!(
                "C'est tout (connexions de navigateurs : {connections}, ouvertures de session : {logins}, messages envoyés : {says})."
            );
        }
        PageText::Hexadecimal => "Pour voir les données binaires en hexadécimal : tcpdump -XAns 4096 -i any port 7272",
        PageText::NoPacket => {
            "Aucun paquet de workerman-chat dans cette capture ; voir « Troubleshooting » dans README.md."
        }
        PageText::NothingMatches => "Aucun paquet de workerman-chat à afficher : aucun ne correspond au filtre.",
        PageText::Title => "Session de chat",
        PageText::SkipToPackets => "Aller aux paquets",
        PageText::Contents => "Sommaire",
        PageText::Conversation => "Conversation en schéma",
        PageText::DeliveryTimes => "Délais de remise",
        PageText::MessagesPerMinute => "Messages par minute",
        PageText::Users => "Utilisateurs",
        PageText::Packets => "Paquets",
        PageText::Packet(frame) => return format!("Paquet {frame}"),
        PageText::NotDrawn(count @ (0 | 1)) => {
            return format!("{count} de plus n'est pas dessiné ; ses paquets figurent plus bas.");
        }
        PageText::NotDrawn(count) => {
            return format!("{count} de plus ne sont pas dessinés ; leurs paquets figurent plus bas.");
        }
        PageText::Deliveries { count: count @ (0 | 1), mean, .. } => return format!("{count} remise : {mean}."),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("{count} remises : {mean} en moyenne, {slowest} pour la plus lente.");
        }
        PageText::Messages { count: count @ (0 | 1), .. } => return format!("{count} message au total."),
        PageText::Messages { count, most } => return format!("{count} messages au total, {most} au plus par minute."),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => format!(
            "Ce n'est pas du JSON : {}{} ; le serveur ignore ce message et personne ne le reçoit",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => format!(
            "Ce n'est pas du JSON : {}{} ; le navigateur ne peut pas lire ce message et n'affiche rien",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("Ce n'est pas du JSON : {}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => {
            format!("Le chat n'a pas de message de type {} dans ce sens ; le message est ignoré", quoted(QUOTES, name))
        }
        FindingDetail::UnknownType(None) => "Le message n'a pas de type ; il est ignoré".to_owned(),
        FindingDetail::NotAnObject => "Le message est du JSON, mais pas un objet entre accolades ; il est ignoré".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => format!("Il manque le champ {member} dans la requête d'ouverture de session : le serveur lève une exception et ne répond pas"),
            Missing::Name => format!("Il manque le champ {member} dans la requête d'ouverture de session : le serveur ouvre la session sous un nom vide"),
            Missing::Content => format!("Il manque le champ {member} dans le message : le serveur remet un texte vide"),
            Missing::Recipient => format!("Il manque le champ {member} dans le message : le serveur ne le remet qu'à son expéditeur"),
            Missing::RecipientName => format!("Il manque le champ {member} dans le message : la copie que le serveur remet à l'expéditeur ne nomme pas le destinataire"),
            Missing::FromServer => format!("Il manque dans le message le champ {member}, que le serveur du chat envoie toujours"),
        },
        FindingDetail::SayBeforeLogin => {
            "Message envoyé avant l'ouverture de session : le serveur lève une exception et personne ne le reçoit"
                .to_owned()
        }
        FindingDetail::NoDelivery => "Personne n'a reçu ce message, bien que la connexion soit restée ouverte".to_owned(),
        FindingDetail::NoLoginResult => "Le serveur n'a jamais répondu à cette ouverture de session, bien que la connexion soit restée ouverte".to_owned(),
        FindingDetail::NoAck => "Le navigateur n'a jamais accusé réception de ce message, pourtant retransmis : il ne l'a sans doute pas reçu".to_owned(),
        FindingDetail::NoPong => "Le navigateur n'a pas répondu à ce ping".to_owned(),
        FindingDetail::BadTime(time) => {
            format!("L'heure {} n'est pas au format YYYY-MM-DD HH:MM:SS utilisé par le serveur", quoted(QUOTES, time))
        }
        FindingDetail::UnescapedHtml(tag) => format!(
            "Le serveur a remis du balisage HTML qui n'est pas le sien ({tag}) : un navigateur risque d'exécuter ce qu'un utilisateur a écrit", tag = isolated(tag)
        ),
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => format!(
            "La valeur Sec-WebSocket-Accept est {found}, alors que la valeur calculée à partir de la clé est {expected} : le navigateur doit fermer la connexion", found = isolated(found)
        ),
        FindingDetail::AcceptMismatch { expected, found: None } => format!(
            "La réponse n'a pas de valeur Sec-WebSocket-Accept, alors que la valeur calculée à partir de la clé est {expected} : le navigateur doit fermer la connexion"
        ),
        FindingDetail::UpgradeMissing(missing) => format!(
            "La requête de poignée de main ne contient pas tout ce qu'exige la RFC 6455, section 4.1 (il manque {}) : c'est typique d'un proxy qui ne transmet pas tout (directives proxy_http_version et proxy_set_header de nginx) ; Workerman n'en exige pas autant",
            quoted(QUOTES, missing)
        ),
        FindingDetail::HandshakeRefused(status) => format!(
            "Le serveur a refusé la poignée de main WebSocket (code de statut HTTP {status}) : ce navigateur ne peut pas utiliser le chat"
        ),
        FindingDetail::HandshakeCutOff => "La connexion s'est terminée avant que le serveur réponde à cette requête : la poignée de main WebSocket a été interrompue".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS : donnez à Wireshark les clés de cette connexion pour voir le chat (préférence tls.keylog_file ; les navigateurs les écrivent dans le fichier que désigne SSLKEYLOGFILE)".to_owned(),
        FindingDetail::SubprotocolNotGranted => "Le navigateur a demandé un sous-protocole (Sec-WebSocket-Protocol) et la réponse n'en nomme aucun : le navigateur ferme la connexion".to_owned(),
        FindingDetail::UnmaskedClient => {
            "La trame du client n'est pas masquée : le serveur doit fermer la connexion (RFC 6455, section 5.1)"
                .to_owned()
        }
        FindingDetail::MaskedServer => {
            "La trame du serveur est masquée : le navigateur doit fermer la connexion (RFC 6455, section 5.1)"
                .to_owned()
        }
        FindingDetail::LongLength => {
            "Le client écrit la longueur de la trame sur plus d'octets que nécessaire (RFC 6455, section 5.2) ; le serveur du chat l'accepte"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "Le code d'opération de la trame ne correspond pas à la trame précédente (RFC 6455, section 5.4) ; le serveur du chat prend toutes les trames jusqu'à la prochaine avec FIN pour un seul message"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => format!(
            "La capture ne contient que {captured} des {reported} octets de ce message ; la suite n'est pas affichée"
        ),
        FindingDetail::AnotherWay { proxy_port: Some(port) } => format!(
            "Cette requête passe par un tunnel à travers le proxy (port {port}) : ce dont le navigateur et le proxy sont convenus auparavant n'est pas annoté"
        ),
        FindingDetail::AnotherWay { proxy_port: None } => {
            "Ce message n'est pas annoté : Wireshark n'a pas décodé TCP à partir d'IP, et le plugin ne voit donc pas les en-têtes TCP".to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!("La mémoire prévue pour cette capture est épuisée ({megabytes} Mo) : à partir de ce paquet, les messages n'ont que leurs propres champs, et les autres paquets ne sont pas annotés"),
        FindingDetail::TooManyIdle { connections } => format!("Cette connexion n'est pas mémorisée tant qu'elle ne transporte pas de données : {connections} autres connexions vers les ports du chat n'en transportent pas non plus. Il en va de même pour les suivantes"),
        FindingDetail::Internal(what) => {
            format!("Erreur de ce plugin, et non du paquet : {what} ; merci de la signaler")
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
        Cause::LoneSurrogate(unit) => format!(
            "\\u{unit:04x} est une moitié de paire de substitution (surrogate) sans l'autre moitié, ce que PHP rejette"
        ),
        Cause::UnterminatedString => "il manque le guillemet fermant d'une chaîne".to_owned(),
        Cause::UnexpectedCharacter(character) => {
            format!("caractère inattendu {}", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("octet inattendu 0x{byte:02x}"),
        Cause::UnexpectedEnd => "le message se termine trop tôt".to_owned(),
        Cause::TooDeep(levels) => format!("le message dépasse {levels} niveaux d'imbrication, la limite de PHP"),
        Cause::TooLong(bytes) => format!("le message dépasse {bytes} octets, la limite de Workerman"),
        Cause::TrailingData => "l'objet est suivi d'autres données".to_owned(),
    }
}

fn subject(whom: &Party) -> String {
    party(whom, "le", "".to_owned())
}

/// Who is notified of a login: somebody else than who logs in, or perhaps that one.
fn notified(note: &NoteContext) -> String {
    if note.is_own { subject(&note.other) } else { another(&note.other) }
}

/// Somebody else than the one a sentence is about.
fn another(other: &Party) -> String {
    match (other.name, address(other)) {
        (Some(_), _) => subject(other),
        (None, None) => format!("un autre navigateur (port {})", other.port),
        (None, Some(address)) => format!("un autre navigateur ({address})"),
    }
}

fn to(whom: &Party) -> String {
    party(whom, "au", "à ".to_owned())
}

fn of(whom: &Party) -> String {
    party(whom, "du", whom.name.map(|name| of_name(name, String::new())).unwrap_or_default())
}

/// A browser or a server after the article, contracted with a preposition; a name after the preposition alone.
fn party(party: &Party, article: &str, preposition: String) -> String {
    let kind = match party.side {
        Side::Client => "navigateur",
        Side::Server => "serveur",
    };
    match (party.name.map(|name| quoted(QUOTES, name)), address(party)) {
        (None, None) => format!("{article} {kind} (port {})", party.port),
        (None, Some(address)) => format!("{article} {kind} {address}"),
        (Some(name), None) => format!("{preposition}{name} ({kind}, port {})", party.port),
        (Some(name), Some(address)) => format!("{preposition}{name} ({kind} {address})"),
    }
}

/// `de mynick`, `d'anna`: the preposition before a name as it is shown, elided where the name begins with a vowel.
fn of_name(name: &str, shown: String) -> String {
    let first = name.chars().flat_map(char::to_lowercase).next();
    let is_elided = first.is_some_and(|first| "aeiouàâäæéèêëîïôöœùûü".contains(first));
    format!("{}{shown}", if is_elided { "d'" } else { "de " })
}

/// After `qu`: that somebody does something.
fn that_user(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("e l'utilisateur {}", quoted(QUOTES, name)),
        None => "'un utilisateur".to_owned(),
    }
}

/// The message, and whose it is.
fn sent(sender: Option<&str>) -> String {
    match sender {
        Some(sender) => format!("le message {}", of_name(sender, quoted(QUOTES, sender))),
        None => "un message".to_owned(),
    }
}

fn recipient(recipient: &Recipient<&str>) -> String {
    match recipient {
        Recipient::Everyone => "destiné à tous".to_owned(),
        Recipient::Named(name) => format!("destiné à {}", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("destiné au client {}", isolated(id)),
        Recipient::Unknown => "dont le destinataire n'est pas connu".to_owned(),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" : {}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    match count {
        0 | 1 => format!("{count} utilisateur"),
        _ => format!("{count} utilisateurs"),
    }
}

fn within(frame: Frame) -> String {
    format!(" (trame {frame})")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("accuse réception (ACK) {}", of_things(acked))
}

/// The preposition is repeated before each.
fn of_things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", of_thing(&acked.what), within(acked.frame)));
    enumerated(things, ", ", " et ", |count| format!("de {count} autres messages"))
}

/// Of what was received.
fn of_thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "de la requête de poignée de main WebSocket".to_owned(),
        Received::UpgradeResponse => "de la réponse de poignée de main WebSocket".to_owned(),
        Received::Message(event) => of_message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn of_message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "de la requête d'ouverture de session".to_owned(),
        MessageEvent::UserList { .. } => "de la liste des utilisateurs".to_owned(),
        MessageEvent::LoginResult { .. } => "du résultat de l'ouverture de session".to_owned(),
        MessageEvent::LoginNotification { name } => {
            format!("de la notification indiquant qu{} a ouvert une session", that_user(*name))
        }
        MessageEvent::SayRequest { sender: Some(sender), .. }
        | MessageEvent::SayDelivery { sender: Some(sender), .. } => {
            format!("du message {}", of_name(sender, quoted(QUOTES, sender)))
        }
        MessageEvent::SayRequest { .. } | MessageEvent::SayDelivery { .. } => "du message".to_owned(),
        MessageEvent::LogoutNotification { name } => {
            format!("de la notification indiquant qu{} a quitté le chat", that_user(*name))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "du ping de battement de cœur".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "du pong de battement de cœur".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "d'un message";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!(", près de {}", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!(" (code {code})"),
        Some((code, why)) => format!(" (code {code} : {why})"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "fermeture normale",
        CloseCode::GoingAway => "page quittée ou arrêt du serveur",
        CloseCode::ProtocolError => "erreur de protocole",
        CloseCode::UnsupportedData => "données non prises en charge",
        CloseCode::NoStatus => "aucun code de statut",
        CloseCode::Abnormal => "fermeture anormale",
        CloseCode::InvalidData => "données non valides",
        CloseCode::PolicyViolation => "violation des règles",
        CloseCode::TooBig => "message trop volumineux",
        CloseCode::ExtensionMissing => "extension manquante",
        CloseCode::InternalError => "erreur interne",
        CloseCode::ServiceRestart => "redémarrage du service",
        CloseCode::TryAgainLater => "réessayer plus tard",
    }
}

#[cfg(test)]
mod tests {
    use super::of_name;

    #[test]
    fn the_preposition_is_elided_before_a_vowel() {
        assert_eq!(
            ["mynick", "anna", "Émile", "Œdipe", "2pac", ""].map(|name| of_name(name, name.to_owned())),
            ["de mynick", "d'anna", "d'Émile", "d'Œdipe", "de 2pac", "de "]
        );
    }
}
