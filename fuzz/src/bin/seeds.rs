//! `seeds FOLDER CAPTURES`: writes the seeds of each target into a folder below FOLDER.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, captures] = &arguments[..] else { panic!("usage: seeds FOLDER CAPTURES") };
    workermanchat_fuzz::seeds::write(Path::new(folder), Path::new(captures))
}
