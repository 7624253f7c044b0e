//! The benchmark of the whole tshark.

#[path = "../../tests/harness/mod.rs"]
mod harness;
mod php;
mod texts;
mod workloads;

use std::path::Path;

fn main() {
    let folder = std::env::args().skip(1).find(|a| !a.starts_with("--")).unwrap();
    for recipe in workloads::RECIPES {
        let w = (recipe.build)();
        std::fs::write(Path::new(&folder).join(format!("{}.pcap", recipe.name)), w.capture.pcap()).unwrap();
        println!("{} packets {} messages {} connections {}", recipe.name, w.capture.last(), w.messages, w.connections);
    }
}
