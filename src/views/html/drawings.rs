//! The drawings of the HTML page, as SVG: the conversation as a sequence, and the plots.

use maud::{Markup, html};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::figures::{Figures, PARTS, Times};
use crate::language::{Language, PageText};
use crate::packet::Side;
use crate::views::diagram::{Drawing, Head, Lifeline, Step, wrapped};

/// Pixels between two lifelines, at least and at most, and of all of them on an ordinary screen.
const NARROW: usize = 220;
const WIDE: usize = 320;
const SCREEN: usize = 1100;
/// Pixels of a row.
const ROW: usize = 40;
/// Pixels of the head of the lifelines.
const HEAD: usize = 56;
/// The width of a character of an arrow's label, and of one of a note; the height of a line of a note.
const CHARACTER: usize = 6;
const NOTE_CHARACTER: usize = 7;
const LINE: usize = 16;

/// The sequence, with a lifeline a user and one for each server, and how many arrows are left out.
pub fn sequence(drawing: &Drawing, language: Language) -> (Markup, usize) {
    let (mut rows, mut more, mut y) = (Vec::new(), drawing.left_out(), HEAD);
    let lines = lifelines(drawing);
    let column = (SCREEN / lines.len().max(1)).clamp(NARROW, WIDE);
    for step in drawing.steps() {
        match step {
            Some(step) => rows.push(row(&step, drawing.servers.len(), column, &mut y)),
            None => more += 1,
        }
    }
    let (width, height) = (lines.len() * column, y + 16);
    let lines: Vec<(usize, &Lifeline)> = (0..).map(|at| center(at, column)).zip(lines).collect();
    let title = language.page(&PageText::Conversation);
    let svg = html! {
        svg class="sequence" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="group" aria-label=(title) {
            @for (x, line) in &lines {
                line class="life" x1=(x) y1=(HEAD - 12) x2=(x) y2=(height) {}
                rect class="who" x=(x + 4 - column / 2) y="4" width=(column - 8) height=(HEAD - 16) rx="6" {}
                text class="name" x=(x) y="21" { title { (line.name) } (cut(&line.name, column - 24)) }
                text class="place" x=(x) y="36" { (cut(&places(line), column - 24)) }
            }
            @for row in &rows { (row) }
        }
    };
    (svg, more)
}

/// The lifelines in the diagram's order: servers behind the first browser.
fn lifelines<'a>(drawing: &'a Drawing) -> Vec<&'a Lifeline> {
    let mut browsers = drawing.browsers.iter();
    browsers.next().into_iter().chain(&drawing.servers).chain(browsers).collect()
}

/// Where the lifeline of a column is.
fn center(at: usize, column: usize) -> usize {
    at * column + column / 2
}

/// Where the lifeline of a browser stands among all.
fn browser_column(browser: usize, servers: usize) -> usize {
    if browser == 0 { 0 } else { browser + servers }
}

fn places(line: &Lifeline) -> String {
    let more = if line.places.len() > 1 { " …" } else { "" };
    line.places.first().map(|place| format!("{place}{more}")).unwrap_or_default()
}

/// The arrows and notes of a step; `y` is where it begins, and then where the next one does.
fn row(step: &Step, servers: usize, column: usize, y: &mut usize) -> Markup {
    let columns = [browser_column(step.link.browser, servers), 1 + step.link.server];
    let [browser, server] = columns.map(|at| center(at, column));
    let (left, right) = (browser.min(server), browser.max(server));
    html! {
        @for (head, by, words) in &step.arrows {
            @let [from, to] = if *by == Side::Client { [browser, server] } else { [server, browser] };
            @let bottom = advance(y, ROW) + ROW - 8;
            (arrow(step, *head, words, [from, to], bottom))
        }
        @for note in &step.notes {
            @let lines = wrapped(note, (right - left) / NOTE_CHARACTER);
            @let top = advance(y, lines.len() * LINE + 14);
            rect class="note" x=(left + 6) y=(top + 4) width=(right - left - 12) height=(lines.len() * LINE + 6) rx="4" {}
            @for (at, line) in lines.iter().enumerate() {
                text class="note" x=((left + right) / 2) y=(top + 4 + LINE + at * LINE - 2) { (line) }
            }
        }
    }
}

/// Moves down and returns where it was.
fn advance(y: &mut usize, by: usize) -> usize {
    std::mem::replace(y, *y + by)
}

fn arrow(step: &Step, head: Head, words: &str, [from, to]: [usize; 2], y: usize) -> Markup {
    let class = match head {
        Head::Sent => "sent",
        Head::Acknowledged => "acknowledged",
        Head::Aborted => "aborted",
    };
    let back = if to > from { to - 9 } else { to + 9 };
    let label = format!("{} · {words}", step.frame);
    html! {
        a class=(class) href={ "#frame-" (step.frame) } {
            title { (label) }
            text x=((from + to) / 2) y=(y - 7) { (cut(&label, from.abs_diff(to) - 20)) }
            line x1=(from) y1=(y) x2=(to) y2=(y) {}
            @if head == Head::Aborted {
                path d={ "M" (back) " " (y - 5) "L" (to) " " (y + 5) "M" (back) " " (y + 5) "L" (to) " " (y - 5) } {}
            } @else {
                path d={ "M" (to) " " (y) "L" (back) " " (y - 5) "L" (back) " " (y + 5) "Z" } {}
            }
        }
    }
}

/// A text that is at most so many pixels wide.
fn cut(text: &str, pixels: usize) -> String {
    let most = pixels / CHARACTER;
    if text.width() <= most {
        return text.to_owned();
    }
    let mut columns = 0;
    let fitting = text.chars().take_while(|character| {
        columns += character.width().unwrap_or(0);
        columns < most
    });
    let mut cut: String = fitting.collect();
    // An isolate that was opened is closed.
    let open = cut.matches('\u{2068}').count().saturating_sub(cut.matches('\u{2069}').count());
    cut.push('…');
    cut.extend(std::iter::repeat_n('\u{2069}', open));
    cut
}

/// Pixels of a plot, and of what is beside it.
const WIDTH: usize = 720;
const HEIGHT: usize = 220;
const LEFT: usize = 84;
const TOP: usize = 12;
const BOTTOM: usize = 28;
const RIGHT: usize = WIDTH - 8;

/// Delivery times over the session, on a logarithmic scale: of each part a line from the fastest to the slowest, and a point at the mean.
pub fn delivery_times(figures: &Figures, ends: &[String; 2], label: &str) -> Markup {
    let scale = Scale::of(&figures.deliveries);
    let parts = figures.parts.iter().enumerate().filter_map(|(at, part)| Some((at, part, part.mean()?)));
    let x = |at: usize| LEFT + at * (RIGHT - LEFT) / PARTS + (RIGHT - LEFT) / PARTS / 2;
    plot(
        label,
        ends,
        html! {
            @for (time, y) in scale.ticks() {
                line class="grid" x1=(LEFT) y1=(y) x2=(RIGHT) y2=(y) {}
                text class="tick" x=(LEFT - 8) y=(y + 4) { (duration(time)) }
            }
            @for (at, part, mean) in parts {
                line class="range" x1=(x(at)) y1=(scale.y(part.fastest)) x2=(x(at)) y2=(scale.y(part.slowest)) {}
                circle class="mean" cx=(x(at)) cy=(scale.y(mean)) r="3" {}
            }
        },
    )
}

/// Messages a minute, a bar a minute or a stretch of several.
pub fn rate(figures: &Figures, ends: &[String; 2], label: &str) -> Markup {
    let most = figures.rate.iter().copied().max().unwrap_or(0).max(1) as usize;
    let (height, width) = (HEIGHT - TOP - BOTTOM, (RIGHT - LEFT) as f64 / figures.rate.len().max(1) as f64);
    let minutes = figures.minutes.max(1) as f64;
    plot(
        label,
        ends,
        html! {
            @for part in [0, 1, 2] {
                @let y = HEIGHT - BOTTOM - part * height / 2;
                line class="grid" x1=(LEFT) y1=(y) x2=(RIGHT) y2=(y) {}
                text class="tick" x=(LEFT - 8) y=(y + 4) { (rounded((most * part) as f64 / 2.0 / minutes)) }
            }
            @for (at, count) in figures.rate.iter().enumerate().filter(|(_, count)| **count > 0) {
                @let tall = (*count as usize * height / most).max(1);
                @let x = format!("{:.1}", LEFT as f64 + at as f64 * width);
                rect class="bar" x=(x) y=(HEIGHT - BOTTOM - tall) width=(format!("{:.1}", (width * 0.85).clamp(1.0, 60.0))) height=(tall) {}
            }
        },
    )
}

/// A number with a digit behind the point where it is small.
pub fn rounded(number: f64) -> String {
    if number.fract() == 0.0 || number >= 10.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

fn plot(label: &str, [first, last]: &[String; 2], content: Markup) -> Markup {
    html! {
        svg class="plot" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            (content)
            text class="start" x=(LEFT) y=(HEIGHT - 8) { (first) }
            text class="end" x=(RIGHT) y=(HEIGHT - 8) { (last) }
        }
    }
}

/// A logarithmic scale of whole decades.
struct Scale {
    lowest: i32,
    highest: i32,
}

impl Scale {
    fn of(times: &Times) -> Scale {
        let lowest = log(times.fastest).floor() as i32;
        Scale { lowest, highest: (log(times.slowest).ceil() as i32).max(lowest + 1) }
    }

    fn y(&self, time: i64) -> usize {
        let part = (log(time) - f64::from(self.lowest)) / f64::from(self.highest - self.lowest);
        HEIGHT - BOTTOM - (part * (HEIGHT - TOP - BOTTOM) as f64) as usize
    }

    /// The decades, in nanoseconds, and where they stand.
    fn ticks(&self) -> impl Iterator<Item = (i64, usize)> {
        (self.lowest..=self.highest).map(|power| 10_i64.pow(power.clamp(0, 18) as u32)).map(|time| (time, self.y(time)))
    }
}

/// The decimal logarithm; of a microsecond for what is shorter.
fn log(time: i64) -> f64 {
    (time.max(1000) as f64).log10()
}

/// A duration, in nanoseconds, as people write it.
pub fn duration(time: i64) -> String {
    let (unit, name) = match time {
        1_000_000_000.. => (1e9, "s"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e3, "µs"),
    };
    format!("{} {name}", rounded(time as f64 / unit))
}
