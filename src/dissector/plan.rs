//! What the drawings of messages and segments have in common.

use crate::annotation::{Layer, Plan, Tree, Value, Wanted};
use crate::fields::{Field, Finding, PROTOCOL_NAME, Phase};
use crate::language::{FindingDetail, Language};
use crate::packet::{Frame, FrameTime};
use crate::session::{ExchangeStep, User};

/// What the user chose, and what Wireshark looks at.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The language of notes and findings.
    pub language: Language,
    /// What is looked at in this packet.
    pub wanted: Wanted,
    /// The preference `workermanchat.annotate_tcp`.
    pub annotate_tcp: bool,
    /// The preference `workermanchat.annotate_info`.
    pub annotate_info: bool,
}

/// Plans the report of a fault of this plugin below a frame's messages, beside what else there is to draw.
pub fn internal(plan: &mut Plan, what: &str, language: Language) {
    internal_in(plan, Layer::Tcp, what, language);
}

/// Plans the report of a fault of this plugin in a message.
pub fn internal_message(plan: &mut Plan, what: &str, language: Language) {
    plan.clear();
    internal_in(plan, Layer::Message, what, language);
    plan.set_title_and_info(&title_head(), |line| line.push_str(Finding::Internal.spec().summary));
}

fn internal_in(plan: &mut Plan, layer: Layer, what: &str, language: Language) {
    plan.tree(layer, Wanted::ALL).finding(None, Finding::Internal, &language.fault(what), None);
}

/// Plans the remark on a message whose TCP the plugin was not called for.
pub fn unobserved(plan: &mut Plan, language: Language) {
    plan.clear();
    let sentence = language.finding(&FindingDetail::AnotherWay { proxy_port: None });
    plan.tree(Layer::Message, Wanted::ALL).finding(None, Finding::AnotherWay, &sentence, None);
}

/// What a message's title begins with.
pub fn title_head() -> String {
    format!("{PROTOCOL_NAME}, ")
}

/// The phase of an event.
pub fn draw_phase(tree: &mut Tree, parent: Option<usize>, phase: Phase, language: Language) {
    tree.labelled(parent, Field::Phase, Value::Unsigned(phase as u32), || {
        format!("{}: {}", language.label(Field::Phase), language.phase(phase))
    });
}

/// Whether anything of exchanges is looked at.
pub fn wants_steps(tree: &Tree) -> bool {
    [Field::Exchange, Field::ExchangeTitle, Field::ExchangeComplete].iter().any(|field| tree.wants(*field))
}

/// The exchanges that a packet takes part in.
pub fn draw_steps(tree: &mut Tree, parent: Option<usize>, steps: &[ExchangeStep], language: Language) {
    for step in steps {
        let item = tree.value(parent, Field::Exchange, Value::Frame(step.began));
        tree.text(item, Field::ExchangeTitle, &language.heading(step));
        if step.is_complete {
            tree.value(item, Field::ExchangeComplete, Value::Boolean(true));
        }
    }
}

/// The request that something answers, or the frame of the answer.
pub fn draw_links(
    tree: &mut Tree,
    parent: Option<usize>,
    at: FrameTime,
    request: Option<FrameTime>,
    response: Option<Frame>,
) {
    if let Some(request) = request {
        tree.value(parent, Field::RequestIn, Value::Frame(request.frame));
        // An answer that was captured before what it answers took no such time.
        let time = at.since(request);
        if time >= 0 {
            tree.value(parent, Field::ResponseTime, Value::Duration(time));
        }
    }
    if let Some(response) = response {
        tree.value(parent, Field::ResponseIn, Value::Frame(response));
    }
}

/// The user of a connection, and the room.
pub fn draw_user(tree: &mut Tree, parent: Option<usize>, user: Option<User>) {
    let Some(user) = user else { return };
    if !user.name.is_empty() {
        tree.text(parent, Field::User, user.name);
    }
    if let Some(room) = user.room {
        tree.text(parent, Field::Room, room);
    }
}

/// Where the language is not English, each line begins with its field's title in that language.
pub fn localise(plan: &mut Plan, settings: &Settings) {
    if settings.wanted.titles && settings.language != Language::default() {
        plan.label_all(|field| settings.language.label(field));
    }
}
