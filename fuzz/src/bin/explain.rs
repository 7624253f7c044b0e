//! `explain FILE`: prints the steps of an input of the target `session`, and runs it.

use workermanchat_fuzz::targets::{Script, session};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file] = &arguments[..] else { panic!("usage: explain FILE") };
    let input = std::fs::read(file)?;
    let Script { language, order, steps } = Script::of(&input);
    println!("language {language}, order {order}");
    steps.iter().for_each(|step| println!("{} {:?}: {:?}", step.connection, step.by, step.act));
    session::check(&input);
    Ok(())
}
