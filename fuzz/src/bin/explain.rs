//! `explain FILE`: prints the steps of an input of the target `session`, and runs it.

use workermanchat_fuzz::targets::script::{Act, Script};
use workermanchat_fuzz::targets::session;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file] = &arguments[..] else { panic!("usage: explain FILE") };
    let input = std::fs::read(file)?;
    let script = Script::of(&input);
    println!("language {}, order {}, {} have joined", script.language, script.order, script.joined);
    for step in script.all_steps() {
        let act = match &step.act {
            Act::Bytes(data) => format!("Bytes {}", data.escape_ascii()),
            Act::Frame(first, payload) => format!("Frame {first:#x} {}", payload.escape_ascii()),
            act => format!("{act:?}"),
        };
        println!("{} {:?}: {act}", step.connection, step.by);
    }
    session::check(&input);
    Ok(())
}
