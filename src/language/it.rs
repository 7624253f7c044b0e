//! Italian.

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

const QUOTES: [&str; 2] = ["«", "»"];

/// What stands between a word and what it introduces.
pub const COLON: &str = ": ";

pub fn frame(event: &FrameEvent<&str>, note: &NoteContext) -> String {
    let by = subject(&note.by);
    let (other, to, of) = (subject(&note.other), to(&note.other), of(&note.other));
    match event {
        FrameEvent::Syn => format!("{by} invia un pacchetto SYN {to}: chiede di aprire una connessione"),
        FrameEvent::SynAgain(first) => {
            format!("{by} ritrasmette {to} il pacchetto SYN del frame {first}: non è arrivata alcuna risposta")
        }
        FrameEvent::SynAck => format!("{by} risponde {to} con un pacchetto SYN+ACK: accetta la connessione"),
        FrameEvent::SynAckAgain(first) => {
            format!("{by} ritrasmette {to} il pacchetto SYN+ACK del frame {first}: non è arrivata alcuna conferma")
        }
        FrameEvent::Established => format!("{by} invia un pacchetto ACK {to}: la connessione TCP è stata stabilita"),
        FrameEvent::Fin => format!("{by} invia un pacchetto FIN {to}: non ha altro da inviare"),
        FrameEvent::FinAcked => {
            format!("{by} conferma (ACK) la ricezione del FIN {of}: la connessione è chiusa in questa direzione")
        }
        FrameEvent::Reset(Reset::Refused) => format!(
            "{by} risponde con un RST al SYN {of}: la connessione è rifiutata, probabilmente perché nessun programma è in ascolto su questa porta"
        ),
        FrameEvent::Reset(Reset::AfterFins) => {
            format!("{by} reimposta (RST) la connessione con {other}, già chiusa da entrambe le parti")
        }
        FrameEvent::Reset(Reset::Open) => format!(
            "{by} reimposta (RST) la connessione con {other}: questa termina subito e i dati ancora in transito vanno persi"
        ),
        FrameEvent::Reset(Reset::Unknown) => format!("{by} reimposta (RST) la connessione con {other}"),
        FrameEvent::UpgradeRequest => {
            format!("{by} invia {to} la richiesta di handshake WebSocket: chiede di passare da HTTP a WebSocket")
        }
        FrameEvent::UpgradeRequestAcked(frame) => format!(
            "{by} invia un ACK {to} per confermare di aver ricevuto la richiesta di handshake WebSocket{}",
            within(*frame)
        ),
        FrameEvent::UpgradeAccepted => {
            format!("{by} invia {to} la risposta di handshake WebSocket: l'handshake è riuscito")
        }
        FrameEvent::UpgradeMisaccepted => format!(
            "{by} invia una risposta di handshake WebSocket con un valore Sec-WebSocket-Accept errato: {other} deve chiudere la connessione"
        ),
        FrameEvent::UpgradeWithoutSubprotocol => format!(
            "{by} invia {to} la risposta di handshake WebSocket: accetta, ma non concede nessuno dei sottoprotocolli richiesti, e un browser chiude quindi la connessione"
        ),
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by} invia un ACK {to} per confermare di aver ricevuto la risposta di handshake WebSocket{}: l'handshake è riuscito e la connessione WebSocket è stata stabilita",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by} rifiuta l'handshake WebSocket {of}: risponde con il codice di stato HTTP {status}")
        }
        FrameEvent::Close(why) => format!("{by} invia {to} un frame di chiusura WebSocket{}", closing(why)),
        FrameEvent::CloseReply(why) => {
            format!("{by} risponde al frame di chiusura {of} con il proprio{}", closing(why))
        }
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { ": la richiesta di accesso è completata" } else { "" };
            format!("{by} invia un ACK {to} per confermare di aver ricevuto {}{outcome}", things(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let by = subject(&note.by);
    let (other, to) = (subject(&note.other), to(&note.other));
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let room = room.map(|room| format!(" alla stanza {}", quoted(QUOTES, room))).unwrap_or_default();
            let name = match name {
                Some(name) => format!(" con il nome {}", quoted(QUOTES, name)),
                None => ", senza nome utente".to_owned(),
            };
            format!("{by} invia {to}, tramite WebSocket, una richiesta di accesso (login){room}{name}")
        }
        MessageEvent::UserList { users: Some(count), .. } => {
            format!("{by} invia {to} l'elenco degli utenti: {}", users(*count))
        }
        MessageEvent::UserList { users: None, .. } => format!("{by} invia {to} l'elenco degli utenti"),
        MessageEvent::LoginResult { name: Some(name) } => {
            format!("{by} invia {to} il risultato dell'accesso: accesso riuscito per l'utente {}", quoted(QUOTES, name))
        }
        MessageEvent::LoginResult { name: None } => {
            format!("{by} invia {to} il risultato dell'accesso: accesso riuscito")
        }
        MessageEvent::LoginNotification { name: Some(name) } => {
            let to = notified(note);
            format!("{by} comunica {to} che un nuovo utente, {}, ha effettuato l'accesso", quoted(QUOTES, name))
        }
        MessageEvent::LoginNotification { name: None } => {
            format!("{by} comunica {} che un nuovo utente ha effettuato l'accesso", notified(note))
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            let recipient = recipient(whom);
            format!("{by} invia {to}, tramite WebSocket, un messaggio {recipient}{}", said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => format!("al mittente stesso, {other},"),
                false if note.is_anothers => another(&note.other),
                false => to,
            };
            format!("{by} consegna {to} {} {}{}", sent(*who), recipient(whom), said(note.text))
        }
        MessageEvent::LogoutNotification { name } => {
            format!("{by} comunica {to} che {} ha lasciato la chat", user(*name))
        }
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by} invia {to} un ping di heartbeat per verificare che la connessione sia ancora attiva")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by} risponde {to} con un pong di heartbeat: la connessione è ancora attiva")
        }
        MessageEvent::UnsolicitedPong { .. } => {
            format!("{by} invia {to} un pong di heartbeat che nessun ping ha richiesto (non sollecitato)")
        }
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by} invia {to} un messaggio di tipo {}", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by} invia {to} un messaggio di tipo {}, sconosciuto alla chat", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => {
            format!("{by} invia {to} un messaggio senza un tipo leggibile")
        }
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => {
            " (messaggio mascherato durante la trasmissione, quindi illeggibile in un dump; mostrato qui in chiaro)"
                .to_owned()
        }
        Clause::Acked(acked) => format!("; con lo stesso pacchetto {}", acknowledges(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => "; è stato consegnato, con un altro testo".to_owned(),
        Clause::Readable(line) => format!(": {line}"),
        Clause::Fault(detail) => format!(". {}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => {
            format!("; non c'è nessun altro da avvisare e l'accesso{frame} è completato")
        }
        Completion::Login => {
            format!("; tutti gli utenti della stanza sono stati avvisati e l'accesso{frame} è completato")
        }
        Completion::Say => {
            format!("; tutti i browser destinatari hanno ricevuto il messaggio{frame} e la consegna è completata")
        }
        Completion::Logout => {
            format!("; tutti gli utenti rimasti nella stanza sono stati avvisati e l'uscita{frame} è completata")
        }
        Completion::Close => ", e quindi ora in entrambe".to_owned(),
    }
}

pub fn title(title: &Title) -> String {
    match title {
        Title::TcpHandshake(Some(step)) => format!("Handshake TCP, passo {step} di 3"),
        Title::TcpHandshake(None) => "Handshake TCP".to_owned(),
        Title::WebSocketHandshake => "Handshake WebSocket".to_owned(),
        Title::Login(Some(user)) => format!("Accesso di {}", name(QUOTES, user)),
        Title::Login(None) => "Accesso".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "Qualcuno".to_owned(), |sender| name(QUOTES, sender));
            let to = match recipient {
                Recipient::Everyone => " a tutti".to_owned(),
                Recipient::Named(recipient) | Recipient::Id(recipient) => {
                    format!(" {}{}", to_name(recipient), name(QUOTES, recipient))
                }
                Recipient::Unknown => String::new(),
            };
            let text = text.map(|text| format!(": {}", quoted(QUOTES, text))).unwrap_or_default();
            let something = if text.is_empty() { " qualcosa" } else { "" };
            format!("{sender} dice{something}{to}{text}")
        }
        Title::Heartbeat(Some(user)) => format!("Heartbeat della connessione di {}", name(QUOTES, user)),
        Title::Heartbeat(None) => "Heartbeat della connessione".to_owned(),
        Title::Logout(Some(user)) => format!("{} lascia la chat", name(QUOTES, user)),
        Title::Logout(None) => "Qualcuno lascia la chat".to_owned(),
        Title::Close => "Chiusura della connessione".to_owned(),
        Title::Unknown => "Messaggio sconosciuto".to_owned(),
    }
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpSyn => "Handshake TCP 1/3 (SYN)",
        Phase::TcpSynAck => "Handshake TCP 2/3 (SYN+ACK)",
        Phase::TcpAck => "Handshake TCP 3/3 (ACK)",
        Phase::TcpFin => "Chiusura TCP (FIN)",
        Phase::TcpFinAcked => "Chiusura TCP confermata",
        Phase::TcpReset => "Reimpostazione TCP (RST)",
        Phase::UpgradeRequest => "Richiesta di handshake WebSocket",
        Phase::UpgradeRequestAcked => "Richiesta di handshake WebSocket confermata",
        Phase::UpgradeResponse => "Risposta di handshake WebSocket",
        Phase::UpgradeComplete => "Handshake WebSocket completato",
        Phase::UpgradeRefused => "Handshake WebSocket rifiutato",
        Phase::Close => "Chiusura WebSocket",
        Phase::CloseReply => "Risposta di chiusura WebSocket",
        Phase::LoginRequest => "Richiesta di accesso",
        Phase::UserList => "Elenco degli utenti",
        Phase::LoginResult => "Risultato dell'accesso",
        Phase::LoginNotification => "Notifica di accesso",
        Phase::SayRequest => "Messaggio inviato",
        Phase::SayDelivery => "Messaggio consegnato",
        Phase::LogoutNotification => "Notifica di uscita",
        Phase::Ping => "Ping di heartbeat",
        Phase::Pong => "Pong di heartbeat",
        Phase::Unknown => "Messaggio sconosciuto",
        Phase::MessageAcked => "Ricezione del messaggio confermata",
    }
}

pub fn label(field: Field) -> &'static str {
    match field {
        Field::Phase => "Fase",
        Field::Note => "Nota",
        Field::Exchange => "Scambio",
        Field::ExchangeTitle => "Titolo",
        Field::ExchangeComplete => "Completato",
        Field::MessageType => "Tipo",
        Field::ClientId => "ID del client",
        Field::ClientName => "Nome del client",
        Field::FromClientId => "ID del client mittente",
        Field::FromClientName => "Nome del client mittente",
        Field::ToClientId => "ID del client destinatario",
        Field::ToClientName => "Nome del client destinatario",
        Field::Content => "Contenuto",
        Field::Text => "Testo",
        Field::Time => "Ora",
        Field::RoomId => "ID della stanza",
        Field::ClientList => "Elenco dei client",
        Field::ClientListUser => "Utente",
        Field::ClientListClientId => "ID del client",
        Field::ClientListClientName => "Nome del client",
        Field::ClientListCount => "Numero di utenti",
        Field::Member => "Altro campo",
        Field::Dialect => "Dialetto",
        Field::Server => "Server",
        Field::Private => "Privato",
        Field::GatewayAddress => "Indirizzo del gateway",
        Field::GatewayPort => "Porta del gateway",
        Field::GatewayConnection => "Numero di connessione del gateway",
        Field::User => "Utente di questa connessione",
        Field::Room => "Stanza di questa connessione",
        Field::RoomMembers => "Presenti nella stanza",
        Field::Sender => "Mittente",
        Field::Recipient => "Destinatario",
        Field::Acks => "Conferma il frame",
        Field::RequestIn => "Richiesta nel frame",
        Field::ResponseIn => "Risposta nel frame",
        Field::ResponseTime => "Tempo di risposta",
        Field::Deliveries => "Numero di consegne",
        Field::Delivery => "Consegna",
        Field::DeliveryFrame => "Frame",
        Field::DeliveryUser => "Utente",
        Field::DeliveryEndpoint => "Indirizzo e porta",
        Field::DeliveryTime => "Tempo trascorso",
        Field::DeliveryAckedIn => "Confermata nel frame",
        Field::LeftOut => "Omesso",
        Field::LeftOutWhy => "Perché",
        Field::HandshakeKey => "Sec-WebSocket-Key",
        Field::HandshakeAccept => "Sec-WebSocket-Accept",
        Field::HandshakeAcceptExpected => "Sec-WebSocket-Accept atteso",
        Field::HandshakeAcceptValid => "Sec-WebSocket-Accept corretto",
        Field::HandshakeOrigin => "Origine",
    }
}

pub fn phrase(phrase: &Phrase) -> String {
    match phrase {
        Phrase::All => "tutti".to_owned(),
        Phrase::NotJson => "[non è JSON]".to_owned(),
        Phrase::Login => "Accesso effettuato".to_owned(),
        Phrase::Room(room) => format!("stanza {}", isolated(room)),
        Phrase::Browser(party) => match address(party) {
            Some(address) => address,
            None => format!("porta {}", party.port),
        },
        Phrase::UserList(count) => format!("Elenco degli utenti ({count})"),
        Phrase::NoMessages => "Nessun messaggio della chat.".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{} (in precedenza {})", name, former),
        Phrase::LogsIn(Some(user)) => format!("{} accede alla chat", name(QUOTES, user)),
        Phrase::LogsIn(None) => "Qualcuno accede alla chat".to_owned(),
        Phrase::Renamed { from, to } => format!("{} ora si chiama {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(1) => "… e un altro".to_owned(),
        Phrase::More(count) => format!("… e altri {count}"),
        Phrase::Delivery { to: party, frame, milliseconds } => {
            let milliseconds = format!("{milliseconds:.3}").replace('.', ",");
            format!("{} nel frame {frame}, dopo {milliseconds} ms", capitalised(&to(party)))
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let sentence = format!(
                "{} invia {} una parte del messaggio che è completo nel frame {completed_in}",
                subject(by),
                to(other)
            );
            capitalised(&sentence)
        }
        Phrase::PolicyRequest { by, other } => capitalised(&format!(
            "{} chiede {} la sua policy Flash: le pagine di altri siti possono connettersi?",
            subject(by),
            to(other)
        )),
        Phrase::PolicyFile { by, other } => capitalised(&format!(
            "{} risponde {} con la sua policy Flash (XML): i siti le cui pagine possono connettersi",
            subject(by),
            to(other)
        )),
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => {
            format!("mancano byte {} prima del frame {before}", self::of(of))
        }
        Phrase::BytesMissing { of: None, before } => {
            format!("prima del frame {before} mancano byte che il server ha inviato ad altri")
        }
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} byte che iniziano come zlib: compressi"),
            Opaque::Gzip => format!("{bytes} byte che iniziano come gzip: compressi"),
            Opaque::OpenSsl => format!("{bytes} byte in Base64 che iniziano come quelli di OpenSSL: cifrati"),
            Opaque::Base64 => format!("{bytes} byte in Base64"),
            Opaque::Binary => format!("{bytes} byte binari"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "mancano byte",
        Omission::SaidAgain => "la stessa cosa è stata detta più volte, e la cattura non dice di quale si tratta",
        Omission::CaptureEnds => "la cattura finisce poco dopo",
        Omission::BeganBefore => "la connessione è iniziata prima della cattura",
        Omission::Cut => "la cattura ha troncato il messaggio",
        Omission::NotCaptured => "la connessione del mittente, o il suo accesso, non è stata catturata",
        Omission::StaleList => "l'elenco degli utenti del server potrebbe non essere aggiornato",
        Omission::SeveralAddresses => "il server ha più indirizzi, e un browser potrebbe averlo ricevuto a più di uno",
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "Messaggi",
        Topic::Users => "Utenti",
        Topic::Rooms => "Stanze",
        Topic::Findings => "Osservazioni",
        Topic::ResponseTimes => "Tempi di risposta (µs)",
        Topic::FirstDelivery => "prima consegna",
        Topic::LastDelivery => "ultima consegna",
        Topic::Others => "altri",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "inviati",
        Column::Received => "ricevuti",
        Column::Lost => "persi",
        Column::Mean => "media",
        Column::Slowest => "la più lenta",
        Column::FirstSeen => "visto la prima volta",
        Column::LastSeen => "visto l'ultima volta",
        Column::Response => "risposta",
        Column::Count => "numero",
        Column::Shortest => "la più breve",
        Column::Median => "valore mediano",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "Trascrizione",
        Command::Sessions => "Sessioni",
        Command::Users => "Utenti",
        Command::Times => "Tempi di risposta",
        Command::Diagram => "Diagramma di sequenza (Mermaid)",
        Command::Page => "Pagina, pacchetto per pacchetto",
        Command::Counts => "Conteggi e frequenze",
        Command::WebPage => "Apri come pagina web",
        Command::GoToPacket => "Vai al pacchetto…",
        Command::ApplyAsFilter => "Applica come filtro…",
        Command::Copy => "Copia",
        Command::SaveAs => "Salva come…",
        Command::File => "Nome del file",
        Command::Sort => "Ordina per…",
        Command::Column => "Colonna (numero o titolo)",
        Command::LimitToFilter => "Limita al filtro di visualizzazione",
        Command::PacketNumber => "Numero del pacchetto",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "Browser",
        Word::Side(Side::Server) => "Server",
        Word::User => "Utente",
        Word::Room => "Stanza",
        Word::Began => "Inizio",
        Word::Duration => "Durata",
        Word::End => "Fine",
        Word::Open => "aperta",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "Significato dei flag:",
        PageText::Flag(Flag::Syn) => "SYN: chiede di aprire una connessione",
        PageText::Flag(Flag::SynAck) => "SYN+ACK: accetta la connessione e conferma la ricezione del SYN",
        PageText::Flag(Flag::Ack) => "ACK: conferma la ricezione di ciò che l'altro capo ha inviato",
        PageText::Flag(Flag::Push) => "PSH: invia dati",
        PageText::Flag(Flag::PushAck) => "PSH+ACK: invia dati e conferma la ricezione di quelli dell'altro capo",
        PageText::Flag(Flag::FinAck) => "FIN+ACK: non ha altro da inviare e chiede di chiudere la connessione",
        PageText::Flag(Flag::Reset) => "RST: interrompe la connessione (anche [R.])",
        PageText::Totals { connections, logins, says } => {
            return format!(
                "Questo è tutto (connessioni di browser: {connections}, accessi: {logins}, messaggi inviati: {says})."
            );
        }
        PageText::Hexadecimal => "Per vedere i dati binari in esadecimale: tcpdump -XAns 4096 -i any port 7272",
        PageText::NoPacket => {
            "Nessun pacchetto di workerman-chat in questa cattura; si veda «Troubleshooting» in README.md."
        }
        PageText::NothingMatches => "Nessun pacchetto di workerman-chat da mostrare: nessuno corrisponde al filtro.",
        PageText::Title => "Sessione di chat",
        PageText::SkipToPackets => "Vai ai pacchetti",
        PageText::Contents => "Indice",
        PageText::Conversation => "Conversazione",
        PageText::DeliveryTimes => "Tempi di consegna",
        PageText::MessagesPerMinute => "Messaggi al minuto",
        PageText::Users => "Utenti",
        PageText::Packets => "Pacchetti",
        PageText::Packet(frame) => return format!("Pacchetto {frame}"),
        PageText::NotDrawn(count @ 1) => {
            return format!("{count} altro non è disegnato; i suoi pacchetti sono più in basso.");
        }
        PageText::NotDrawn(count) => {
            return format!("Altri {count} non sono disegnati; i loro pacchetti sono più in basso.");
        }
        PageText::Deliveries { count: count @ 1, mean, .. } => return format!("{count} consegna: {mean}."),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("{count} consegne: in media {mean}, la più lenta {slowest}.");
        }
        PageText::Messages { count: count @ 1, .. } => return format!("{count} messaggio."),
        PageText::Messages { count, most } => return format!("{count} messaggi, al massimo {most} al minuto."),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => format!(
            "Non è JSON: {}{}; il server ignora questo messaggio e nessuno lo riceve",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => format!(
            "Non è JSON: {}{}; il browser non può leggere questo messaggio e non mostra nulla",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("Non è JSON: {}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => format!(
            "La chat non ha messaggi di tipo {} in questa direzione; il messaggio viene ignorato",
            quoted(QUOTES, name)
        ),
        FindingDetail::UnknownType(None) => "Il messaggio non ha un tipo; viene ignorato".to_owned(),
        FindingDetail::NotAnObject => "Il messaggio è JSON, ma non un oggetto tra parentesi graffe; viene ignorato".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => format!("Nella richiesta di accesso manca il campo {member}: il server solleva un'eccezione e non risponde"),
            Missing::Name => format!("Nella richiesta di accesso manca il campo {member}: il server fa accedere l'utente con un nome vuoto"),
            Missing::Content => format!("Nel messaggio manca il campo {member}: il server consegna un testo vuoto"),
            Missing::Recipient => format!("Nel messaggio manca il campo {member}: il server lo consegna solo al mittente"),
            Missing::RecipientName => format!("Nel messaggio manca il campo {member}: la copia che il server consegna al mittente non riporta il nome del destinatario"),
            Missing::FromServer => format!("Nel messaggio manca il campo {member}, che il server della chat invia sempre"),
        },
        FindingDetail::SayBeforeLogin => {
            "Messaggio inviato prima dell'accesso: il server solleva un'eccezione e nessuno lo riceve".to_owned()
        }
        FindingDetail::NoDelivery => {
            "Nessuno ha ricevuto questo messaggio, benché la connessione sia rimasta aperta".to_owned()
        }
        FindingDetail::NoLoginResult => "Il server non ha mai risposto a questo accesso, benché la connessione sia rimasta aperta".to_owned(),
        FindingDetail::NoAck => "Il browser non ha mai confermato questa consegna, benché sia stata ritrasmessa: probabilmente non l'ha ricevuta".to_owned(),
        FindingDetail::NoPong => "Il browser non ha risposto a questo ping".to_owned(),
        FindingDetail::BadTime(time) => format!(
            "L'ora {} non è nel formato YYYY-MM-DD HH:MM:SS usato dal server",
            quoted(QUOTES, time)
        ),
        FindingDetail::UnescapedHtml(tag) => format!(
            "Il server ha consegnato codice HTML che non è suo ({tag}): un browser potrebbe eseguire ciò che un utente ha scritto", tag = isolated(tag)
        ),
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => format!(
            "Il valore Sec-WebSocket-Accept è {found}, ma quello calcolato dalla chiave è {expected}: il browser deve chiudere la connessione", found = isolated(found)
        ),
        FindingDetail::AcceptMismatch { expected, found: None } => format!(
            "Nella risposta manca il valore Sec-WebSocket-Accept, mentre quello calcolato dalla chiave è {expected}: il browser deve chiudere la connessione"
        ),
        FindingDetail::UpgradeMissing(missing) => format!(
            "La richiesta di handshake non contiene tutto ciò che richiede la RFC 6455, sezione 4.1 (senza {}): è tipico di un proxy che non inoltra tutto (direttive proxy_http_version e proxy_set_header di nginx); Workerman non richiede tanto",
            quoted(QUOTES, missing)
        ),
        FindingDetail::HandshakeRefused(status) => format!(
            "Il server ha rifiutato l'handshake WebSocket (codice di stato HTTP {status}): questo browser non può usare la chat"
        ),
        FindingDetail::HandshakeCutOff => "La connessione è terminata prima che il server rispondesse a questa richiesta: l'handshake WebSocket è stato interrotto".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS: per vedere la chat, Wireshark ha bisogno delle chiavi di questa connessione (preferenza tls.keylog_file; i browser le scrivono nel file indicato da SSLKEYLOGFILE)".to_owned(),
        FindingDetail::SubprotocolNotGranted => "Il browser ha chiesto un sottoprotocollo (Sec-WebSocket-Protocol) e la risposta non ne nomina alcuno: il browser chiude la connessione".to_owned(),
        FindingDetail::UnmaskedClient => {
            "Il frame del client non è mascherato: il server deve chiudere la connessione (RFC 6455, sezione 5.1)"
                .to_owned()
        }
        FindingDetail::MaskedServer => {
            "Il frame del server è mascherato: il browser deve chiudere la connessione (RFC 6455, sezione 5.1)"
                .to_owned()
        }
        FindingDetail::LongLength => {
            "Il client scrive la lunghezza del frame in più byte del necessario (RFC 6455, sezione 5.2); il server della chat la accetta"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "L'opcode del frame non corrisponde al frame precedente (RFC 6455, sezione 5.4); il server della chat considera un solo messaggio tutti i frame fino al prossimo con FIN"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => format!(
            "La cattura contiene solo {captured} dei {reported} byte di questo messaggio; il resto non è mostrato"
        ),
        FindingDetail::AnotherWay { proxy_port: Some(port) } => format!(
            "Questa richiesta passa in un tunnel attraverso il proxy (porta {port}): quanto concordato prima tra browser e proxy non è annotato"
        ),
        FindingDetail::AnotherWay { proxy_port: None } => {
            "Questo messaggio non è annotato: Wireshark non ha decodificato TCP a partire da IP, quindi il plugin non vede le intestazioni TCP".to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!("La memoria prevista per questa cattura è esaurita ({megabytes} MB): da questo pacchetto in poi i messaggi hanno solo i propri campi e gli altri pacchetti non sono annotati"),
        FindingDetail::TooManyIdle { connections } => format!("Questa connessione non viene memorizzata finché non trasporta dati: altre {connections} verso le porte della chat non ne trasportano. Lo stesso vale per le successive"),
        FindingDetail::Internal(what) => {
            format!("Errore di questo plugin, non del pacchetto: {what}; si prega di segnalarlo")
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
            format!("\\u{unit:04x} è metà di una coppia di surrogati senza l'altra metà, e PHP la rifiuta")
        }
        Cause::UnterminatedString => "una stringa non ha le virgolette di chiusura".to_owned(),
        Cause::UnexpectedCharacter(character) => {
            format!("carattere {} non ammesso", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("byte 0x{byte:02x} non ammesso"),
        Cause::UnexpectedEnd => "il messaggio finisce troppo presto".to_owned(),
        Cause::TooDeep(levels) => format!("il messaggio supera {levels} livelli di annidamento, il limite di PHP"),
        Cause::TooLong(bytes) => format!("il messaggio supera {bytes} byte, il limite di Workerman"),
        Cause::TrailingData => "l'oggetto è seguito da altri dati".to_owned(),
    }
}

const SOMEBODY: &str = "un utente";

fn subject(whom: &Party) -> String {
    party(whom, "il", "")
}

/// Who is notified of a login: somebody else than who logs in, or perhaps that one.
fn notified(note: &NoteContext) -> String {
    if note.is_own { to(&note.other) } else { another(&note.other) }
}

/// Somebody else than the one a sentence is about.
fn another(other: &Party) -> String {
    match (other.name, address(other)) {
        (Some(_), _) => to(other),
        (None, None) => format!("a un altro browser (porta {})", other.port),
        (None, Some(address)) => format!("a un altro browser ({address})"),
    }
}

fn to(whom: &Party) -> String {
    party(whom, "al", whom.name.map_or("", to_name))
}

fn of(whom: &Party) -> String {
    party(whom, "del", "di ")
}

/// A browser or a server after the article, contracted with a preposition; a name after the preposition alone.
fn party(party: &Party, article: &str, preposition: &str) -> String {
    let kind = match party.side {
        Side::Client => "browser",
        Side::Server => "server",
    };
    match (party.name.map(|name| quoted(QUOTES, name)), address(party)) {
        (None, None) => format!("{article} {kind} (porta {})", party.port),
        (None, Some(address)) => format!("{article} {kind} {address}"),
        (Some(name), None) => format!("{preposition}{name} ({kind}, porta {})", party.port),
        (Some(name), Some(address)) => format!("{preposition}{name} ({kind} {address})"),
    }
}

/// The preposition `a` before a name: `ad` where the name begins with the same vowel.
fn to_name(name: &str) -> &'static str {
    if name.starts_with(['a', 'A', 'à', 'À']) { "ad " } else { "a " }
}

/// Who logs in or out.
fn user(name: Option<&str>) -> String {
    name.map_or_else(|| SOMEBODY.to_owned(), |name| format!("l'utente {}", quoted(QUOTES, name)))
}

/// After a noun: whose login or logout it is.
fn of_user(name: Option<&str>) -> String {
    name.map_or_else(|| "di un utente".to_owned(), |name| format!("dell'utente {}", quoted(QUOTES, name)))
}

/// The message, and whose it is.
fn sent(sender: Option<&str>) -> String {
    match sender {
        Some(sender) => format!("il messaggio di {}", quoted(QUOTES, sender)),
        None => "un messaggio".to_owned(),
    }
}

fn recipient(recipient: &Recipient<&str>) -> String {
    match recipient {
        Recipient::Everyone => "per tutti".to_owned(),
        Recipient::Named(name) => format!("per {}", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("per il client {}", isolated(id)),
        Recipient::Unknown => "per un destinatario sconosciuto".to_owned(),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    match count {
        1 => "1 utente".to_owned(),
        _ => format!("{count} utenti"),
    }
}

fn within(frame: Frame) -> String {
    format!(" (frame {frame})")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("conferma (ACK) di aver ricevuto {}", things(acked))
}

fn things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", thing(&acked.what), within(acked.frame)));
    enumerated(things, ", ", " e ", |count| format!("altri {count} messaggi"))
}

/// What was received.
fn thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "la richiesta di handshake WebSocket".to_owned(),
        Received::UpgradeResponse => "la risposta di handshake WebSocket".to_owned(),
        Received::Message(event) => message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "la richiesta di accesso".to_owned(),
        MessageEvent::UserList { .. } => "l'elenco degli utenti".to_owned(),
        MessageEvent::LoginResult { .. } => "il risultato dell'accesso".to_owned(),
        MessageEvent::LoginNotification { name } => format!("la notifica dell'accesso {}", of_user(*name)),
        MessageEvent::SayRequest { sender: Some(sender), .. }
        | MessageEvent::SayDelivery { sender: Some(sender), .. } => {
            format!("il messaggio di {}", quoted(QUOTES, sender))
        }
        MessageEvent::SayRequest { .. } | MessageEvent::SayDelivery { .. } => "il messaggio".to_owned(),
        MessageEvent::LogoutNotification { name } => format!("la notifica dell'uscita {}", of_user(*name)),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "il ping di heartbeat".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "il pong di heartbeat".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "un messaggio";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!(", vicino a {}", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!(" (codice {code})"),
        Some((code, why)) => format!(" (codice {code}: {why})"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "chiusura normale",
        CloseCode::GoingAway => "pagina chiusa o arresto del server",
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

#[cfg(test)]
mod tests {
    use super::to_name;

    #[test]
    fn the_preposition_has_a_d_before_its_own_vowel() {
        assert_eq!(["mynick", "anna", "Enzo"].map(to_name), ["a ", "ad ", "a "]);
    }
}
