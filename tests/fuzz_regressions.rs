//! What the fuzz targets once failed on: they are run with it without a fuzzer. One test, so that nothing else allocates while the target
//! `session` counts.

#[allow(dead_code, reason = "fuzz/ uses the rest")]
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn every_target_keeps_its_promises_on_what_it_once_failed_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions");
    let mut folders: Vec<_> =
        fs::read_dir(&folder).expect("fuzz/regressions").map(|entry| entry.expect("a folder")).collect();
    folders.sort_by_key(fs::DirEntry::file_name);
    assert!(!folders.is_empty());
    for folder in folders {
        let name = folder.file_name();
        let target = targets::ALL.iter().find(|(target, _)| name == *target);
        let (_, check) =
            target.unwrap_or_else(|| panic!("fuzz/regressions/{} is of no target", name.to_string_lossy()));
        for input in fs::read_dir(folder.path()).expect("a folder") {
            let path = input.expect("an input").path();
            println!("{}", path.display()); // shown where it fails
            check(&fs::read(&path).expect("an input"));
        }
    }
}
