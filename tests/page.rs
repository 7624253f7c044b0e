//! The page that this project makes live: one listing of a chat session with a comment above each of its 19 packets, in each language. The
//! table here holds what each comment says; heading and note together must say as much, in each language.

mod harness;

use harness::wireshark::Wireshark;
use workermanchat::language::Language;

/// Something that a comment of the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Step1,
    Step2,
    Step3,
    Established,
    WebSocketHandshake,
    HandshakeRequest,
    ReceivedHandshakeRequest,
    HandshakeResponse,
    Succeeded,
    ReceivedHandshakeResponse,
    LoginOfMynick,
    LoginRequest,
    Masked,
    ReceivedLoginRequest,
    UserList,
    ReceivedUserList,
    LoginResult,
    ReceivedLoginResult,
    RequestComplete,
    AnotherBrowser,
    NewUser,
    ReceivedNotification,
    MynickSays,
    Delivers,
    ReceivedMessage,
    AllHaveReceived,
}
use Fact::*;

const FACTS: usize = AllHaveReceived as usize + 1;

/// What the comments on the packets say, beside who sends the packet to whom.
const PAGE: [&[Fact]; 19] = [
    &[Step1],
    &[Step2],
    &[Step3, Established],
    &[WebSocketHandshake, HandshakeRequest],
    &[WebSocketHandshake, ReceivedHandshakeRequest],
    &[WebSocketHandshake, HandshakeResponse, Succeeded],
    &[WebSocketHandshake, ReceivedHandshakeResponse],
    &[LoginOfMynick, LoginRequest, Masked],
    &[LoginOfMynick, ReceivedLoginRequest, UserList],
    &[LoginOfMynick, ReceivedUserList],
    &[LoginOfMynick, LoginResult],
    &[LoginOfMynick, ReceivedLoginResult, RequestComplete],
    &[LoginOfMynick, AnotherBrowser, NewUser],
    &[LoginOfMynick, ReceivedNotification],
    &[MynickSays, Masked],
    &[MynickSays, Delivers],
    &[MynickSays, ReceivedMessage],
    &[MynickSays, Delivers, AnotherBrowser],
    &[MynickSays, ReceivedMessage, AllHaveReceived],
];

/// What stands in every language: the control bits of TCP and the protocols.
const SAME_EVERYWHERE: [&[&str]; 19] = [
    &["SYN"],
    &["SYN+ACK"],
    &["ACK"],
    &["WebSocket"],
    &["ACK"],
    &["WebSocket"],
    &["ACK"],
    &["WebSocket", "mynick"],
    &["ACK"],
    &["ACK"],
    &["mynick"],
    &["ACK"],
    &["mynick"],
    &["ACK", "mynick"],
    &["WebSocket", "hi,  all !"],
    &["hi,  all !"],
    &["ACK", "hi,  all !"],
    &["hi,  all !"],
    &["ACK", "hi,  all !"],
];

/// The browser of each packet.
const BROWSERS: [&str; 19] = [
    "60653", "60653", "60653", "60653", "60653", "60653", "60653", "60653", "60653", "60653", "60653", "60653",
    "60584", "60584", "60653", "60653", "60653", "60584", "60584",
];

/// The words for each fact in a language, in the order of [`Fact`].
const WORDS: &[(&str, [&str; FACTS])] = &[
    (
        "en",
        [
            "TCP handshake, step 1 of 3",
            "TCP handshake, step 2 of 3",
            "TCP handshake, step 3 of 3",
            "the TCP connection is established",
            "WebSocket handshake",
            "sends the WebSocket handshake request to",
            "has received the WebSocket handshake request",
            "returns the WebSocket handshake response to",
            "the handshake has succeeded",
            "has received the WebSocket handshake response",
            "Login of mynick",
            "a login request over WebSocket: user name “mynick”",
            "masked on the wire, so that a dump does not show it; shown unmasked here",
            "acknowledges (ACK) the login request",
            "the user list",
            "has received the user list",
            "the login result: “mynick” is logged in",
            "has received the login result",
            "its login request is complete",
            "another browser",
            "a new user, “mynick”, has logged in",
            "has received the notification that user “mynick” has logged in",
            "mynick says to everyone: “hi,  all !”",
            "delivers the message of “mynick”",
            "has received the message of “mynick”",
            "all browsers that the message is for have now received it, so its delivery is complete",
        ],
    ),
    (
        "fr",
        [
            "Poignée de main TCP, étape 1 sur 3",
            "Poignée de main TCP, étape 2 sur 3",
            "Poignée de main TCP, étape 3 sur 3",
            "la connexion TCP est établie",
            "Poignée de main WebSocket",
            "la requête de poignée de main WebSocket",
            "accuser réception de la requête de poignée de main WebSocket",
            "la réponse de poignée de main WebSocket",
            "la poignée de main a réussi",
            "accuser réception de la réponse de poignée de main WebSocket",
            "Ouverture de session de mynick",
            "une requête d'ouverture de session (login) sous le nom «\u{a0}mynick\u{a0}»",
            "masqué lors de la transmission, donc illisible dans un dump",
            "accuse réception (ACK) de la requête d'ouverture de session",
            "la liste des utilisateurs",
            "accuser réception de la liste des utilisateurs",
            "le résultat de l'ouverture de session",
            "accuser réception du résultat de l'ouverture de session",
            "la requête d'ouverture de session a abouti",
            "un autre navigateur",
            "un nouvel utilisateur, «\u{a0}mynick\u{a0}», a ouvert une session",
            "accuser réception de la notification",
            "mynick dit à tous : «\u{a0}hi,  all !\u{a0}»",
            "remet",
            "accuser réception du message de «\u{a0}mynick\u{a0}»",
            "tous les navigateurs destinataires ont reçu le message et sa remise est terminée",
        ],
    ),
    (
        "it",
        [
            "Handshake TCP, passo 1 di 3",
            "Handshake TCP, passo 2 di 3",
            "Handshake TCP, passo 3 di 3",
            "la connessione TCP è stata stabilita",
            "Handshake WebSocket",
            "la richiesta di handshake WebSocket",
            "aver ricevuto la richiesta di handshake WebSocket",
            "la risposta di handshake WebSocket",
            "l'handshake è riuscito",
            "aver ricevuto la risposta di handshake WebSocket",
            "Accesso di mynick",
            "una richiesta di accesso (login) con il nome «mynick»",
            "mascherato durante la trasmissione, quindi illeggibile in un dump",
            "conferma (ACK) di aver ricevuto la richiesta di accesso",
            "l'elenco degli utenti",
            "aver ricevuto l'elenco degli utenti",
            "il risultato dell'accesso",
            "aver ricevuto il risultato dell'accesso",
            "la richiesta di accesso è completata",
            "un altro browser",
            "un nuovo utente, «mynick», ha effettuato l'accesso",
            "aver ricevuto la notifica dell'accesso dell'utente «mynick»",
            "mynick dice a tutti: «hi,  all !»",
            "consegna",
            "aver ricevuto il messaggio di «mynick»",
            "tutti i browser destinatari hanno ricevuto il messaggio e la consegna è completata",
        ],
    ),
    (
        "pt",
        [
            "Handshake do TCP, etapa 1 de 3",
            "Handshake do TCP, etapa 2 de 3",
            "Handshake do TCP, etapa 3 de 3",
            "a conexão TCP está estabelecida",
            "Handshake do WebSocket",
            "a solicitação de handshake do WebSocket",
            "recebeu a solicitação de handshake do WebSocket",
            "a resposta de handshake do WebSocket",
            "o handshake foi bem-sucedido",
            "recebeu a resposta de handshake do WebSocket",
            "Login de mynick",
            "uma solicitação de login com o nome “mynick”",
            "mascarada na transmissão e, portanto, ilegível em um dump",
            "confirma (ACK) que recebeu a solicitação de login",
            "a lista de usuários",
            "recebeu a lista de usuários",
            "o resultado do login",
            "recebeu o resultado do login",
            "a solicitação de login está concluída",
            "outro navegador",
            "um novo usuário, “mynick”, fez login",
            "recebeu a notificação de que o usuário “mynick” fez login",
            "mynick diz a todos: “hi,  all !”",
            "entrega",
            "recebeu a mensagem de “mynick”",
            "todos os navegadores destinatários receberam a mensagem e a entrega está concluída",
        ],
    ),
    (
        "ru",
        [
            "Рукопожатие TCP, шаг 1 из 3",
            "Рукопожатие TCP, шаг 2 из 3",
            "Рукопожатие TCP, шаг 3 из 3",
            "TCP-соединение установлено",
            "Рукопожатие WebSocket",
            "запрос на рукопожатие WebSocket",
            "пакетом ACK получение запроса на рукопожатие WebSocket",
            "ответ на рукопожатие WebSocket",
            "рукопожатие прошло успешно",
            "пакетом ACK получение ответа на рукопожатие WebSocket",
            "Вход пользователя mynick в чат",
            "запрос на вход под именем «mynick»",
            "замаскировано, в дампе не читается; здесь без маски",
            "подтверждает (ACK) получение запроса на вход",
            "список пользователей",
            "пакетом ACK получение списка пользователей",
            "результат входа: пользователь «mynick» вошёл в чат",
            "пакетом ACK получение результата входа",
            "запрос на вход выполнен",
            "друго", // другой, другому
            "в чат вошёл новый пользователь «mynick»",
            "пакетом ACK получение уведомления о входе нового пользователя «mynick»",
            "mynick пишет всем: «hi,  all !»",
            "доставляет",
            "пакетом ACK получение сообщения от «mynick»",
            "сообщение получили все браузеры-адресаты, доставка завершена",
        ],
    ),
    (
        "zh-CN",
        [
            "TCP 第一次握手",
            "TCP 第二次握手",
            "TCP 第三次握手",
            "TCP 连接已建立",
            "WebSocket 握手",
            "发送 WebSocket 握手请求",
            "已收到 WebSocket 握手请求",
            "返回 WebSocket 握手响应",
            "握手成功",
            "已收到 WebSocket 握手响应",
            "mynick 登录",
            "发送登录请求：昵称“mynick”",
            "传输时经过掩码处理，抓包数据中看不到原文",
            "以 ACK 确认已收到登录请求",
            "用户列表",
            "已收到用户列表",
            "返回登录结果",
            "已收到登录结果",
            "登录请求完成",
            "另一个浏览器",
            "新用户“mynick”已登录",
            "已收到新用户“mynick”登录的通知",
            "mynick 对所有人说：“hi,  all !”",
            "转发",
            "已收到“mynick”的发言",
            "所有应收到该发言的浏览器均已收到，该发言已全部送达",
        ],
    ),
    (
        "zh-TW",
        [
            "TCP 三向交握第一步",
            "TCP 三向交握第二步",
            "TCP 三向交握第三步",
            "TCP 連線已建立",
            "WebSocket 交握",
            "傳送 WebSocket 交握請求",
            "已收到 WebSocket 交握請求",
            "傳回 WebSocket 交握回應",
            "交握成功",
            "已收到 WebSocket 交握回應",
            "mynick 登入",
            "傳送登入請求：暱稱「mynick」",
            "傳輸時經過遮罩處理，擷取資料中看不到原文",
            "以 ACK 確認已收到登入請求",
            "使用者清單",
            "已收到使用者清單",
            "傳回登入結果",
            "已收到登入結果",
            "登入請求完成",
            "另一個瀏覽器",
            "新使用者「mynick」已登入",
            "已收到新使用者「mynick」登入的通知",
            "mynick 對大家說：「hi,  all !」",
            "轉發",
            "已收到「mynick」的發言",
            "所有應收到這則發言的瀏覽器都已收到，發言已全部送達",
        ],
    ),
];

fn tags() -> impl Iterator<Item = &'static str> {
    Language::ALL.iter().map(|language| language.tag())
}

/// Fails unless what is said of each packet, in a language, has all that the page's comment says.
fn assert_says_all(language: &str, said: &[String]) {
    let words = WORDS.iter().find(|(tag, _)| *tag == language);
    let (_, words) = words.unwrap_or_else(|| panic!("this test has no words of the page in {language}"));
    assert_eq!(said.len(), PAGE.len());
    let mut lacking = Vec::new();
    for (at, said) in said.iter().enumerate() {
        let needed = PAGE[at].iter().map(|fact| words[*fact as usize]).chain(SAME_EVERYWHERE[at].iter().copied());
        for needed in needed.chain(["7272", BROWSERS[at]]).filter(|needed| !said.contains(needed)) {
            lacking.push(format!("{language}, packet {}: {needed:?} in {said}", at + 1));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn heading_and_note_say_what_the_page_says_in_each_language() {
    let wireshark = Wireshark::with_plugin();
    let seed = wireshark.capture("seed-2014.pcap");
    for language in tags() {
        let option = format!("workermanchat.language:{language}");
        let fields = ["workermanchat.exchange.title", "workermanchat.note"];
        let rows = wireshark.rows(&seed, &["-o", &option], &fields);
        let said: Vec<String> = rows.iter().map(|row| fields.map(|field| row.one(field)).join(" | ")).collect();
        assert_says_all(language, &said);
    }
}

/// The words with which the last sentence begins, in the order of the languages.
const TOTALS: [&str; 7] = [
    "That is all of it",
    "以上就是全部内容",
    "以上就是全部內容",
    "C'est tout",
    "Questo è tutto",
    "Isso é tudo",
    "Это всё",
];

fn language_place(language: &str) -> usize {
    tags().position(|tag| tag == language).expect("one of ours")
}

/// What tshark prints of a view of the seed.
fn view(wireshark: &Wireshark, language: &str, view: &str) -> String {
    let seed = wireshark.capture("seed-2014.pcap");
    let (option, view) = (format!("workermanchat.language:{language}"), format!("workermanchat,{view}"));
    wireshark.tshark(&["-r", seed.to_str().unwrap(), "-o", &option, "-q", "-z", &view]).stdout
}

/// The text of HTML.
fn text_of(html: &str) -> String {
    let text: String = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&")
}

#[test]
fn the_page_and_the_html_page_say_what_the_page_says_in_each_language() {
    let wireshark = Wireshark::with_plugin();
    for language in tags() {
        let page = view(&wireshark, language, "page");
        let blocks: Vec<String> = page.split("\n\n").take(PAGE.len()).map(str::to_owned).collect();
        assert_says_all(language, &blocks);
        let html = view(&wireshark, language, "html");
        let articles =
            html.split("<article ").skip(1).map(|rest| text_of(rest.split("</article>").next().unwrap_or("")));
        assert_says_all(language, &articles.collect::<Vec<_>>());
        let requests =
            ["GET / HTTP/1.1", "Sec-WebSocket-Key: zPDr6m4czzUdOFnsxIUEAw==", "HTTP/1.1 101 Switching Protocols"];
        for line in requests.into_iter().chain([r#"{"type":"login","name":"mynick"}"#]) {
            assert!(page.lines().any(|printed| printed == line), "{language}: {line} in\n{page}");
            assert!(text_of(&html).lines().any(|printed| printed.ends_with(line)), "{language}: {line} in\n{html}");
        }
        // Below the listing the page says that this is all of the login and the saying, with two browsers.
        for (name, said) in [("page", &page), ("html", &text_of(&html))] {
            let totals = said.lines().find(|line| line.contains(TOTALS[language_place(language)]));
            let totals = totals.unwrap_or_else(|| panic!("{language}, {name}: no totals"));
            let counts: Vec<&str> =
                totals.split(|c: char| !c.is_ascii_digit()).filter(|count| !count.is_empty()).collect();
            assert_eq!(
                counts.last_chunk(),
                Some(&["2", "1", "1"]),
                "{language}, {name}: browsers, logins, says in {totals}"
            );
        }
        // It says what the flags mean, and how binary data can be seen.
        for (name, said) in [("page", &page), ("html", &text_of(&html))] {
            for word in ["SYN", "[S.]", "[P.]", "PSH", "tcpdump -XAns"] {
                assert!(said.contains(word), "{language}, {name}: {word}");
            }
        }
    }
}

#[test]
fn what_a_chatter_writes_breaks_no_line_in_any_language() {
    let wireshark = Wireshark::with_plugin();
    let chat = wireshark.capture("chat-2026.pcap");
    for language in tags() {
        let option = format!("workermanchat.language:{language}");
        let details = wireshark.tshark(&["-r", chat.to_str().unwrap(), "-o", &option, "-O", "workermanchat"]).stdout;
        assert!(!details.contains(|c: char| c.is_control() && c != '\n'), "{language}: {details}");
        let lines = details.lines().filter(|line| line.contains("line1"));
        assert!(lines.clone().count() > 3 && lines.into_iter().all(|line| line.contains("line2")), "{language}");
    }
}

/// Which of the two ends sends the packet is said by their order, or by a case; a sender is named before all else.
#[test]
fn each_note_names_its_sender_first() {
    let wireshark = Wireshark::with_plugin();
    let seed = wireshark.capture("seed-2014.pcap");
    for language in tags() {
        let option = format!("workermanchat.language:{language}");
        for row in wireshark.rows(&seed, &["-o", &option], &["workermanchat.note", "tcp.srcport", "tcp.dstport"]) {
            let note = row.one("workermanchat.note");
            let [source, destination] =
                ["tcp.srcport", "tcp.dstport"].map(|port| note.find(&row.one(port)).expect("both ports"));
            assert!(source < destination, "{language}: {note}");
        }
    }
}
