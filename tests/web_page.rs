//! `-z workermanchat,html`: one file with the page, its drawings and its table, as a browser shows it. Where there is no Chromium, what needs one is
//! skipped; `WORKERMANCHAT_AXE` names the file `axe.min.js` of axe-core (npm), which looks for what a screen reader would miss.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::browser::Browser;
use harness::packets::{Capture, Connection, Link, Side};
use harness::scripts::*;
use harness::skip::skipped;
use harness::wireshark::{Output, Wireshark, captures};
use serde_json::{Value, json};
use workermanchat::language::Language;

/// The page of a capture, which must be the same in one pass and in two.
fn html(wireshark: &Wireshark, capture: &Path, options: &[&str], filter: &str) -> String {
    let view = format!("workermanchat,html{filter}");
    let [once, twice] = [&[][..], &["-2"]].map(|passes| {
        let arguments = [&["-r", capture.to_str().unwrap(), "-q", "-z", &view], options, passes].concat();
        wireshark.tshark(&arguments).stdout
    });
    assert_eq!(once, twice, "one pass, then two");
    once
}

fn file(wireshark: &Wireshark, name: &str, page: &str) -> PathBuf {
    wireshark.write_file(name, page.as_bytes())
}

/// Names and texts that mean something to HTML, SVG, addresses, styles, a terminal or the direction of writing.
const AWKWARD: [&str; 12] = [
    "<script>alert(1)</script>",
    "</pre></article><h1>forged</h1>",
    "<img src=x onerror=alert(1)>",
    "\"onmouseover=\"alert(1)",
    "</style><svg onload=alert(1)>",
    "</title><b>bold</b>",
    "javascript:alert(1)",
    "url(http://example.com/x) } body { display: none",
    "-->]]><!--",
    "\u{1b}[31mred\u{7}\u{202e}turned\u{202c}",
    "שלום עולם",
    "👩🏽‍🚀 张三丰",
];

/// Pages to look at, each in a file: of the recorded sessions, of awkward names in two languages, and of nothing.
fn pages(wireshark: &Wireshark) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for name in ["seed-2014", "chat-2026", "heartbeat-2026", "other-websocket-app"] {
        let page = html(wireshark, &wireshark.capture(&format!("{name}.pcap")), &[], "");
        pages.push(file(wireshark, &format!("{name}.html"), &page));
    }
    let capture = wireshark.write("awkward.pcap", &each_says_the_name(&AWKWARD, None));
    for language in ["en", "zh-TW"] {
        let page = html(wireshark, &capture, &["-o", &format!("workermanchat.language:{language}")], "");
        pages.push(file(wireshark, &format!("awkward-{language}.html"), &page));
    }
    pages
}

#[test]
fn the_page_says_nothing_to_the_console_and_asks_for_nothing() {
    let wireshark = Wireshark::with_plugin();
    let Some(mut browser) = Browser::start(&wireshark) else { return };
    for page in pages(&wireshark) {
        browser.open(&page, "");
        assert_eq!(browser.complaints(), Vec::<&Value>::new(), "{}", page.display());
        assert_eq!(browser.requests(), [format!("file://{}", page.display())]);
    }
}

#[test]
fn a_packet_is_reached_by_its_number() {
    let wireshark = Wireshark::with_plugin();
    let Some(mut browser) = Browser::start(&wireshark) else { return };
    let page = html(&wireshark, &wireshark.capture("seed-2014.pcap"), &[], "");
    browser.open(&file(&wireshark, "seed.html", &page), "#frame-15");
    let target = browser.value("document.querySelector(':target').innerText").as_str().unwrap().to_owned();
    assert!(target.contains("mynick says to everyone") && target.contains("09:51:02.775205 IP "), "{target}");
    let top = browser.value("document.querySelector(':target').getBoundingClientRect().top").as_f64().unwrap();
    let height = browser.value("innerHeight").as_f64().unwrap();
    assert!((0.0..height).contains(&top), "{top} of {height}");
}

#[test]
fn what_a_chatter_wrote_is_text_and_nothing_else() {
    let wireshark = Wireshark::with_plugin();
    let Some(mut browser) = Browser::start(&wireshark) else { return };
    let capture = wireshark.write("awkward.pcap", &each_says_the_name(&AWKWARD, None));
    browser.open(&file(&wireshark, "awkward.html", &html(&wireshark, &capture, &[], "")), "");
    let odd = browser.value(
        "[...document.querySelectorAll('*')].filter(element => ['SCRIPT', 'IMG', 'IFRAME', 'OBJECT', 'FORM'].includes(element.tagName.toUpperCase()) \
         || [...element.attributes].some(it => it.name.startsWith('on') || it.name == 'style' || /^ *javascript:/i.test(it.value))).map(it => it.outerHTML)",
    );
    assert_eq!(odd, json!([]));
    let text = browser.value("document.body.textContent").as_str().unwrap().to_owned();
    for name in &AWKWARD[..9] {
        assert!(text.contains(name), "{name}");
    }
    assert!(text.contains("␛[31mred␇<U+202E>turned"), "{text}");
    let is_hidden =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}' | '\u{2067}');
    assert_eq!(text.chars().find(|c| is_hidden(*c)), None);
    assert_eq!(browser.value("document.querySelectorAll('h1').length"), 1);
    let rows = browser.value("[...document.querySelectorAll('tbody th')].map(it => it.textContent)");
    assert_eq!(rows.as_array().unwrap().len(), AWKWARD.len(), "{rows}");
}

/// What does not hold of a page, in words.
const STRUCTURE: &str = r#"(() => {
    const wrong = [], all = selector => [...document.querySelectorAll(selector)];
    const ids = all('[id]').map(it => it.id);
    if (new Set(ids).size != ids.length) wrong.push('an id twice');
    for (const link of all('a')) if (!document.getElementById(link.getAttribute('href').slice(1))) wrong.push('nothing at ' + link.getAttribute('href'));
    for (const it of all('[aria-labelledby]')) if (!document.getElementById(it.getAttribute('aria-labelledby'))) wrong.push('no label ' + it.outerHTML.slice(0, 80));
    for (const it of all('svg')) if (!it.getAttribute('aria-label')) wrong.push('an svg without a label');
    for (const it of all('th')) if (!it.scope) wrong.push('a th without scope');
    let level = 0;
    for (const it of all('h1, h2, h3')) { const own = +it.tagName[1]; if (own > level + 1) wrong.push('heading ' + it.textContent); level = own; }
    for (const name of ['header', 'main', 'footer']) if (all(name).length != 1) wrong.push(all(name).length + ' ' + name);
    for (const it of document.body.children) if (!['HEADER', 'MAIN', 'FOOTER', 'ASIDE'].includes(it.tagName)) wrong.push(it.tagName + ' in no landmark');
    if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window: ' + document.documentElement.scrollWidth);
    return wrong;
})()"#;

#[test]
fn the_page_has_an_order_that_a_screen_reader_follows_and_fits_a_phone() {
    let wireshark = Wireshark::with_plugin();
    let Some(mut browser) = Browser::start(&wireshark) else { return };
    let phone = json!({ "width": 360, "height": 720, "deviceScaleFactor": 2, "mobile": true });
    for page in pages(&wireshark) {
        browser.ask("Emulation.clearDeviceMetricsOverride", json!({}));
        browser.open(&page, "");
        assert_eq!(browser.value(STRUCTURE), json!([]), "{}", page.display());
        browser.ask("Emulation.setDeviceMetricsOverride", phone.clone());
        browser.open(&page, "");
        assert_eq!(browser.value(STRUCTURE), json!([]), "{} on a phone", page.display());
    }
}

#[test]
fn axe_finds_nothing_by_day_and_by_night() {
    let wireshark = Wireshark::with_plugin();
    let Some(axe) = std::env::var_os("WORKERMANCHAT_AXE") else {
        return skipped("WORKERMANCHAT_AXE does not name axe-core's axe.min.js");
    };
    let axe = fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{}: {error}", axe.to_string_lossy()));
    let Some(mut browser) = Browser::start(&wireshark) else { return };
    for page in pages(&wireshark) {
        for scheme in ["light", "dark"] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            browser.ask("Emulation.setEmulatedMedia", media);
            browser.open(&page, "");
            browser.value(&format!("{axe}; 0"));
            let found = browser.value(
                "axe.run().then(it => it.violations.map(one => one.id + ': ' + one.help + ' ' + one.nodes[0].html.slice(0, 200)))",
            );
            assert_eq!(found, json!([]), "{}, {scheme}", page.display());
        }
    }
}

// --- without a browser ------------------------------------------------------------------------------------------------

/// What stands between two pieces of a page, each time.
fn between<'p>(page: &'p str, before: &str, after: &str) -> Vec<&'p str> {
    page.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn the_page_is_in_the_language() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let mut headings = BTreeSet::new();
    for language in Language::ALL {
        let page = html(&wireshark, &capture, &["-o", &format!("workermanchat.language:{}", language.tag())], "");
        assert!(page.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", language.tag())));
        let words: Vec<String> =
            ["<h1>", "<h2"].iter().flat_map(|tag| between(&page, tag, "</h")).map(str::to_owned).collect();
        assert_eq!(words.len(), 7, "{words:?}");
        assert!(headings.insert(words.join("|")), "{language:?} has the headings of another language");
    }
}

/// Anna says two things, which both get.
#[test]
fn the_users_table_is_that_of_the_users_view() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let mut connections: Vec<Connection> = Vec::new();
    for (number, name) in (1..).zip(["anna", "bob"]) {
        let mut connection = Connection::from_port(50_000 + number as u16);
        join(&mut capture, &mut connection, number, name, "lobby");
        connections.push(connection);
    }
    for text in ["one", "two"] {
        browser_says(&mut capture, &mut connections[0], say_request(text));
        for connection in &mut connections {
            server_says(&mut capture, connection, say_delivery(1, "anna", text));
            connection.ack(&mut capture, Side::Client);
        }
    }
    let path = wireshark.write("two.pcap", &capture);
    let page = html(&wireshark, &path, &[], "");
    let rows: Vec<Vec<&str>> = between(&page, "<th scope=\"row\"><bdi>", "</tr>")
        .into_iter()
        .map(|row| row.split(['<', '>']).step_by(2).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let counts: Vec<_> = rows.iter().map(|row| row[..4].to_vec()).collect();
    assert_eq!(counts, [["anna", "2", "2", "0"], ["bob", "0", "2", "0"]], "{rows:?}");
    assert!(rows.iter().all(|row| row.contains(&"lobby")), "{rows:?}");
    assert_eq!(rows[1][4..6], ["-", "-"], "bob said nothing");
    let printed = wireshark.tshark(&["-r", path.to_str().unwrap(), "-q", "-z", "workermanchat,users"]).stdout;
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let view: Vec<_> = printed.lines().skip(1).map(words).collect();
    assert_eq!(rows.iter().map(|row| words(&row.join(" "))).collect::<Vec<_>>(), view);
}

#[test]
fn many_users_are_bounded_and_said() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    for number in 1..=1050 {
        let mut connection = Connection::from_port(20_000 + number as u16);
        join(&mut capture, &mut connection, number, &format!("user{number}"), "1");
    }
    let page = html(&wireshark, &wireshark.write("many.pcap", &capture), &[], "");
    let lifelines = between(&page, "class=\"name\"", "</text>").len();
    assert!((2..=40).contains(&lifelines), "{lifelines}");
    assert_eq!(between(&page, "<th scope=\"row\">", "</th>").len(), 1000);
    assert!(page.contains("… and 50 more") && page.contains("are not drawn; their packets stand below."));
}

#[test]
fn a_page_of_nothing_says_so() {
    let wireshark = Wireshark::with_plugin();
    let none = html(&wireshark, &wireshark.capture("other-websocket-app.pcap"), &[], "");
    assert!(none.contains("<p>No packet of workerman-chat here; see Troubleshooting in README.md.</p>"), "{none}");
    let seed = wireshark.capture("seed-2014.pcap");
    let filtered = html(&wireshark, &seed, &[], ",frame.number == 99");
    assert!(filtered.contains("<p>No packet of workerman-chat is shown: the filter matches none.</p>"), "{filtered}");
    let one = html(&wireshark, &seed, &[], ",frame.number == 15");
    assert_eq!(between(&one, "<article id=\"", "\"").as_slice(), ["frame-15"]);
}

fn to_full_disk(wireshark: &Wireshark, view: &str) -> Output {
    let capture = wireshark.capture("seed-2014.pcap");
    let words = format!("tshark -r '{}' -q -z workermanchat,{view} >/dev/full", capture.display());
    wireshark.run_unchecked(wireshark.command("sh").args(["-c", &words]))
}

#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let wireshark = Wireshark::with_plugin();
    for view in ["html", "page", "live", "transcript"] {
        let output = to_full_disk(&wireshark, view);
        assert_eq!(output.code, 74, "{view}: {}", output.stderr);
        assert!(output.stderr.contains("could not be written: No space left on device"), "{}", output.stderr);
    }
}

/// Every capture that the tests have makes a page whose tags fit.
#[test]
fn each_recorded_capture_is_a_page_whose_tags_fit() {
    let wireshark = Wireshark::with_plugin();
    for entry in fs::read_dir(captures().join("hard")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|extension| extension != "pcap") {
            continue;
        }
        let capture = wireshark.write_file("hard.pcap", &fs::read(&entry).unwrap());
        let page = html(&wireshark, &capture, &[], "");
        for tag in ["article", "section", "main", "svg", "figure", "table", "footer", "pre", "h2", "h3", "p", "div"] {
            let [opened, closed] = [format!("<{tag}"), format!("</{tag}>")].map(|part| page.matches(&part).count());
            let others = if tag == "p" { page.matches("<pre").count() + page.matches("<path").count() } else { 0 };
            assert_eq!(opened - others, closed, "{tag} of {}", entry.display());
        }
    }
}
