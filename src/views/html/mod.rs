//! The capture as one HTML file: the page with its headings, notes and packets, the conversation drawn, plots and the users' table. It has no
//! script and asks for nothing elsewhere; whatever a chatter wrote is text in it, because the templates escape all that they are given.

mod drawings;
mod figures;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::diagram::{Diagram, Drawing};
use super::listing::packets::{Packet, Packets};
use super::listing::{Bases, Block, Totals, nothing, packet_line, time_of_day};
use super::users::{COLUMNS, IS_NUMBER, Users, UsersTable};
use super::{Setting, TapEvent, View};
use crate::annotation::Plan;
use crate::language::{Flag, Language, PageText, Phrase};
use crate::packet::Frame;
use crate::session::Session;
use drawings::{delivery_times, duration, rate, rounded, sequence};
use figures::Figures;

/// Packets that are written at a time, and how many bytes of them are enough.
const PACKETS: usize = 64;
const ENOUGH: usize = 64 * 1024;

const STYLE: &str = include_str!("page.css");
/// Nothing is fetched or run; the style is the page's own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
#[derive(Debug, Default)]
pub struct Html {
    packets: Packets,
    diagram: Diagram,
    users: Users,
    bases: Bases,
    plan: Plan,
    totals: Totals,
    /// How many packets are written, and the frame of the last one with how many of its blocks are.
    written: usize,
    last: Option<(Frame, u32)>,
    part: Part,
}

/// What is to be written next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    #[default]
    Head,
    Packets,
    End,
    Nothing,
}

impl View for Html {
    fn clear(&mut self) {
        *self = Html::default();
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        self.packets.see(tap_event, session);
        self.diagram.see(tap_event, session);
        self.users.see(tap_event, session);
    }

    fn begin(&mut self, setting: &Setting) {
        self.packets.settle(setting.session);
        self.diagram.begin(setting);
        (self.written, self.last, self.part) = (0, None, Part::Head);
        (self.bases, self.totals) = (Bases::default(), Totals::default());
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        match self.part {
            Part::Head => {
                page.push_str(&self.head(setting));
                self.part = Part::Packets;
            }
            Part::Packets => {
                self.write_packets(setting, page);
                if self.written == self.packets.all().len() {
                    self.part = Part::End;
                }
            }
            Part::End => {
                if self.last.is_none() && !self.packets.all().is_empty() {
                    page.push_str(&html! { p { (nothing(setting)) } }.into_string());
                }
                let totals = self.last.map(|_| self.totals.sentence());
                page.push_str(&end(setting.language, totals, !self.packets.all().is_empty()).into_string());
                self.part = Part::Nothing;
            }
            Part::Nothing => return false,
        }
        true
    }

    /// Behind the end, where HTML lets it stand in the body.
    fn remark(&self, sentence: &str) -> String {
        html! { aside { p class="finding" { (sentence) } } }.into_string() + "\n"
    }
}

impl Html {
    /// All above the packets. What HTML lets one leave out at the end of a document is left out: a remark may follow it.
    fn head(&self, setting: &Setting) -> String {
        let (language, figures) = (setting.language, Figures::of(&self.packets, setting.session));
        let users = self.users.table(setting);
        let title = language.page(&PageText::Title);
        let span = figures.span.map(|(first, last)| [first, last].map(setting.clock));
        let began = span.as_ref().map(|[first, _]| format!(" · {}", to_seconds(first))).unwrap_or_default();
        let head = html! {
            (DOCTYPE)
            (PreEscaped(format!("<html lang=\"{}\" dir=\"ltr\">\n", language.tag())))
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) (began) }
                style { (PreEscaped(STYLE)) }
            }
            (PreEscaped("<body>\n"))
            header {
                @if span.is_some() { a class="skip" href="#packets" { (language.page(&PageText::SkipToPackets)) } }
                h1 { (title) }
                @if let Some(ends) = &span {
                    p class="soft" { time { (to_seconds(&ends[0])) } " – " time { (to_seconds(&ends[1])) } }
                    (contents(language, &figures, !users.rows.is_empty()))
                }
            }
            (PreEscaped("<main>\n"))
            @match &span {
                Some(ends) => (self.overview(setting, &figures, &users, ends)),
                None => p { (nothing(setting)) },
            }
        };
        head.into_string()
    }

    /// The drawings, the table, and the heading of the packets.
    fn overview(&self, setting: &Setting, figures: &Figures, users: &UsersTable, ends: &[String; 2]) -> Markup {
        let language = setting.language;
        let (drawing, more) = sequence(&Drawing::new(&self.diagram, setting), language);
        let ends = ends.each_ref().map(|end| to_seconds(time_of_day(end)).to_owned());
        let [times, messages] = captions(figures, language);
        html! {
            section aria-labelledby="conversation" {
                h2 id="conversation" { (language.page(&PageText::Conversation)) }
                figure {
                    div class="scroll" tabindex="0" role="group" aria-labelledby="conversation" { (drawing) }
                    @if more > 0 { figcaption { (language.page(&PageText::NotDrawn(more))) } }
                }
            }
            @if figures.deliveries.count > 0 {
                section aria-labelledby="times" {
                    h2 id="times" { (language.page(&PageText::DeliveryTimes)) }
                    figure { (delivery_times(figures, &ends, &times)) figcaption { (times) } }
                }
            }
            @if figures.messages() > 0 {
                section aria-labelledby="rate" {
                    h2 id="rate" { (language.page(&PageText::MessagesPerMinute)) }
                    figure { (rate(figures, &ends, &messages)) figcaption { (messages) } }
                }
            }
            @if !users.rows.is_empty() { (users_table(users, language)) }
            (PreEscaped("<section aria-labelledby=\"packets\">\n"))
            h2 id="packets" tabindex="-1" { (language.page(&PageText::Packets)) }
        }
    }

    fn write_packets(&mut self, setting: &Setting, page: &mut String) {
        let (start, first) = (page.len(), self.written);
        while self.written < self.packets.all().len() && self.written < first + PACKETS && page.len() < start + ENOUGH {
            self.write_packet(setting, page);
        }
    }

    fn write_packet(&mut self, setting: &Setting, page: &mut String) {
        let Some(packet) = self.packets.all().get(self.written) else { return };
        self.written += 1;
        let segment = self.packets.segment(packet);
        let numbers = self.bases.relative(&segment, &packet.tcp);
        let Some(block) = Block::of(&self.packets, packet, setting.session, setting.language, &mut self.plan) else {
            return;
        };
        let copies = self.last.filter(|(last, _)| *last == packet.at.frame).map_or(1, |(_, copies)| copies + 1);
        self.last = Some((packet.at.frame, copies));
        self.totals.add(&self.packets, packet, setting.session);
        let line = packet_line(&segment, &packet.tcp, &(setting.clock)(packet.at.time), numbers);
        page.push_str(&article(packet, &block, &line, copies, setting.language).into_string());
        page.push('\n');
    }
}

/// A packet; `copies`: how many of its frame there are with it.
fn article(packet: &Packet, block: &Block, line: &str, copies: u32, language: Language) -> Markup {
    let frame = packet.at.frame;
    let id = if copies == 1 { format!("frame-{frame}") } else { format!("frame-{frame}-{copies}") };
    let number = language.page(&PageText::Packet(frame));
    let (heading, further) = block.titles.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    html! {
        article id=(id) {
            h3 { a href={ "#" (id) } { (number) } @if let Some(heading) = heading { " · " (heading) } }
            @for title in further { p { strong { (title) } } }
            @for note in &block.notes {
                p class=[note.is_finding.then_some("finding")] { (note.text) }
            }
            pre translate="no" { (line.trim_start()) }
            @if !block.texts.is_empty() { pre translate="no" { (block.texts.join("\n")) } }
        }
    }
}

/// Links to the parts of the page.
fn contents(language: Language, figures: &Figures, has_users: bool) -> Markup {
    let parts = [
        ("#conversation", PageText::Conversation, true),
        ("#times", PageText::DeliveryTimes, figures.deliveries.count > 0),
        ("#rate", PageText::MessagesPerMinute, figures.messages() > 0),
        ("#users", PageText::Users, has_users),
        ("#packets", PageText::Packets, true),
    ];
    html! {
        nav aria-label=(language.page(&PageText::Contents)) {
            ul { @for (link, text, _) in parts.iter().filter(|(_, _, is_there)| *is_there) { li { a href=(link) { (language.page(text)) } } } }
        }
    }
}

/// What stands below the plots.
fn captions(figures: &Figures, language: Language) -> [String; 2] {
    let times = &figures.deliveries;
    let [mean, slowest] = [times.mean().unwrap_or(0), times.slowest].map(duration);
    let most = figures.rate.iter().copied().max().unwrap_or(0);
    let most = rounded(f64::from(most) / figures.minutes.max(1) as f64);
    [
        language.page(&PageText::Deliveries { count: times.count as usize, mean: &mean, slowest: &slowest }),
        language.page(&PageText::Messages { count: figures.messages() as usize, most: &most }),
    ]
}

fn users_table(table: &UsersTable, language: Language) -> Markup {
    let class = |at: usize| match at {
        _ if IS_NUMBER[at] => Some("number"),
        at if at == COLUMNS - 1 => Some("wide"),
        _ => None,
    };
    html! {
        section aria-labelledby="users" {
            h2 id="users" { (language.page(&PageText::Users)) }
            div class="scroll" tabindex="0" role="group" aria-labelledby="users" {
                table {
                    thead { tr { @for (at, title) in table.head.iter().enumerate() { th scope="col" class=[class(at)] { (title) } } } }
                    tbody {
                        @for [name, cells @ ..] in &table.rows {
                            tr {
                                th scope="row" { bdi { (name) } }
                                @for (at, cell) in (1..).zip(cells) { td class=[class(at)] { bdi { (cell) } } }
                            }
                        }
                    }
                }
            }
            @if table.more > 0 { p { (language.phrase(&Phrase::More(table.more))) } }
        }
    }
}

/// A time without what is behind the seconds.
fn to_seconds(time: &str) -> &str {
    time.split_once('.').map_or(time, |(time, _)| time)
}

/// How much there is on the page, what the flags mean, and the end; `has_packets`: the section of the packets is open.
fn end(language: Language, totals: Option<PageText>, has_packets: bool) -> Markup {
    let title = language.page(&PageText::Legend);
    html! {
        @if let Some(totals) = totals { p { (language.page(&totals)) } }
        (PreEscaped(if has_packets { "</section>\n</main>\n" } else { "</main>\n" }))
        footer {
            h2 { (title.trim_end_matches([':', '：', ' ', '\u{a0}'])) }
            dl {
                @for flag in Flag::ALL {
                    dt { (flag.mark()) }
                    dd { (language.page(&PageText::Flag(flag))) }
                }
            }
            p { (language.page(&PageText::Hexadecimal)) }
        }
    }
}
