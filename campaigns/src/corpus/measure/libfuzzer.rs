//! libFuzzer's features of each input: the inner half of its merge, which writes them to a
//! control file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use pagediff_terminal::error::{Stop, error, file_error};

use super::{Folder, Programs, failed, output, temporary};
use crate::engines::Engine;

/// The features of each input, by libFuzzer's own numbers.
pub(crate) fn features(programs: &Programs, folder: &Folder) -> Result<Vec<Vec<u32>>, Stop> {
    let directory = temporary()?;
    let (control, empty) = (directory.path().join("control"), directory.path().join("empty"));
    std::fs::write(&empty, []).map_err(|why| file_error(&empty, "written", &why))?;
    // So many files, so many of them in the corpus to merge into, and their names. As when it
    // fuzzes, an empty one comes first, for which alone its Rust side does what it does once.
    let mut text = format!("{}\n0\n{}\n", folder.paths.len() + 1, empty.display());
    text.extend(folder.paths.iter().map(|path| format!("{}\n", path.display())));
    std::fs::write(&control, text).map_err(|why| file_error(&control, "written", &why))?;
    let program = programs.program(Engine::Libfuzzer);
    let mut command = programs.surroundings.command(&program);
    // 2 stands for all features of each input, and not only the new ones.
    command.current_dir(directory.path()).arg("-merge_inner=2");
    command.arg(format!("-merge_control_file={}", control.display()));
    command.args(["-timeout=30", "-rss_limit_mb=4096"]);
    let ran = output(&mut command, "libFuzzer")?;
    if !ran.status.success() {
        // None of the inputs diverges, or divergences are recorded: nothing should end it.
        return Err(failed("libFuzzer", &program, &ran));
    }
    let mut features = read(&control, folder.paths.len() + 1)?;
    features.remove(0);
    Ok(features)
}

/// Reads the features of each input, from lines `FT INPUT FEATURE...`.
fn read(control: &Path, inputs: usize) -> Result<Vec<Vec<u32>>, Stop> {
    let unreadable = |why: &std::io::Error| file_error(control, "read", why);
    let file = File::open(control).map_err(|why| unreadable(&why))?;
    let mut features = vec![Vec::new(); inputs];
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|why| unreadable(&why))?;
        let Some(numbers) = line.strip_prefix("FT ") else { continue };
        let numbers: Option<Vec<u32>> = numbers.split(' ').map(|word| word.parse().ok()).collect();
        let numbers = numbers.unwrap_or_default();
        let input = numbers.first().and_then(|&input| features.get_mut(input as usize));
        let features = input.ok_or_else(|| {
            error(
                format!("libFuzzer wrote a line that is of no input: {line}"),
                "use the version that Cargo.toml names",
            )
        })?;
        *features = numbers[1..].to_vec();
    }
    Ok(features)
}
