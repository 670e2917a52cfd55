//! honggfuzz's edges of a corpus, as it counts them when it minimises one.

use std::path::Path;

use pagediff_terminal::error::{Stop, file_error};

use super::{Folder, Programs, failed, output, temporary};
use crate::engines::{Engine, Sanitizer, honggfuzz_driver};

/// What honggfuzz tells of inputs, which it does not tell apart.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    /// How many edges all inputs together have.
    pub(crate) count: u64,
    /// The indices of the inputs that it keeps.
    pub(crate) kept: Vec<usize>,
}

/// Runs honggfuzz on all inputs.
pub(crate) fn edges(programs: &Programs, inputs: &[&[u8]]) -> Result<Edges, Stop> {
    if inputs.is_empty() {
        return Ok(Edges::default());
    }
    let folder = Folder::of(inputs.iter().copied())?;
    let directory = temporary()?;
    let (kept, workspace) = (directory.path().join("kept"), directory.path().join("workspace"));
    for new in [&kept, &workspace] {
        std::fs::create_dir(new).map_err(|why| file_error(new, "made", &why))?;
    }
    let program = programs.program(Engine::Honggfuzz);
    let driver = honggfuzz_driver(&programs.root, Sanitizer::None);
    let mut command = programs.surroundings.command(driver);
    command.current_dir(&workspace).args(["--minimize", "--verbose", "--threads", "1"]);
    command.args(["--timeout", "30", "--input"]).arg(folder.directory.path());
    command.arg("--output").arg(&kept).arg("--workspace").arg(&workspace);
    command.arg("--").arg(&program);
    let ran = output(&mut command, "honggfuzz")?;
    let text = [&ran.stdout[..], &ran.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    let edges = text.lines().rev().find_map(edges_of_line);
    let (true, Some(count)) = (ran.status.success(), edges) else {
        return Err(failed("honggfuzz", &program, &ran));
    };
    let is_kept = |path: &Path| kept.join(path.file_name().unwrap_or_default()).exists();
    let indices = (0..folder.paths.len()).filter(|&index| is_kept(&folder.paths[index]));
    Ok(Edges { count, kept: indices.collect() })
}

/// `Sz:48 Tm:52us (i/b/h/e/p/c) New:0/0/0/0/0/1, Cur:0/0/0/943/57/88371`
fn edges_of_line(line: &str) -> Option<u64> {
    let (_, counts) = line.split_once(" Cur:")?;
    counts.split('/').nth(3)?.parse().ok()
}
