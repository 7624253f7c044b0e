//! What people write in the chat of the workloads, in the languages they use.

use fastrand::Rng;

/// The word that the filter `… contains "…"` of the benchmark looks for; one of the phrases has it.
pub const RARE_WORD: &str = "Feierabend";

const PHRASES: &[&[&str]] = &[
    &[
        "hi,  all !",
        "good morning everyone",
        "is anybody here who knows how to restart the worker?",
        "lol",
        "brb",
        "yes, that's the one I meant",
        "the deploy went through at half past nine, please check the dashboards",
        "can you send me the link again? I lost it",
        "it works on my machine",
        "see https://www.workerman.net/workerman-chat for the source",
        "if (a < b && c > d) { return \"left\"; }",
        "php start.php restart -d",
        "don't forget: meeting at 3",
        "who broke the build?",
        "I think we should wait for the numbers before we decide anything about the new room layout",
        "<b>bold</b> does not work here",
        "+1",
        "ok",
        "Step one: stop the gateway\nStep two: copy the data\nStep three: start it again",
        "thanks!",
    ],
    &[
        "大家好",
        "你好，请问怎么重启服务？",
        "哈哈哈",
        "今天天气不错，中午一起吃饭吧",
        "这个问题我昨天也遇到过，升级到最新版本就好了",
        "收到",
        "请看文档 https://doc.workerman.net/ 里面写得很清楚",
        "聊天室在线人数怎么统计？",
        "好的，谢谢",
        "上海的同事在吗？服务器又连不上了，麻烦看一下日志",
    ],
    &[
        "Привет всем!",
        "кто-нибудь знает, почему не приходит ответ от сервера?",
        "спасибо, всё заработало",
        "да",
        "сейчас посмотрю логи и напишу",
        "До завтра, хороших выходных",
    ],
    &[
        "Bonjour à tous",
        "ça marche très bien depuis ce matin, merci beaucoup",
        "Quelqu'un a-t-il déjà vu l'erreur « connection reset » ?",
        "d'accord, à tout à l'heure",
    ],
    &[
        "Schönen Feierabend zusammen",
        "Größe geändert, läuft wieder",
        "Könnte bitte jemand prüfen, ob die Übertragung vollständig ist?",
        "danke, bis später",
    ],
    &["olá, tudo bem?", "não consigo entrar na sala 2, alguém pode ajudar?", "até amanhã"],
    &["ciao a tutti", "perché non funziona più il messaggio privato?", "va bene così"],
    &["おはようございます", "サーバーが落ちているみたいです。確認お願いします。", "ありがとう"],
    &["👍", "😂😂😂", "🎉 release 5.2 is out 🎉", "🤔"],
];

const NAMES: &[&str] =
    &["mynick", "小明", "Анна", "José", "lucy", "Jürgen", "O'Brien", "さくら", "flechazo", "<admin>"];

/// Something a user says: one to three phrases, mostly in the user's own language.
pub fn say(rng: &mut Rng, user: usize) -> String {
    let language = if rng.u8(..100) < 85 { user % PHRASES.len() } else { rng.usize(..PHRASES.len()) };
    let mut phrases = vec![rng.choice(PHRASES[language]).copied().unwrap_or_default().to_owned()];
    while phrases.len() < 3 && rng.u8(..100) < 25 {
        phrases.push(rng.choice(PHRASES[language]).copied().unwrap_or_default().to_owned());
    }
    // People seldom repeat themselves to the letter.
    if rng.u8(..100) < 40 {
        phrases.push(format!("({})", rng.u16(..)));
    }
    phrases.join(" ")
}

/// A user's name, different for each number.
pub fn name(user: usize) -> String {
    format!("{}{}", NAMES[user % NAMES.len()], user)
}
