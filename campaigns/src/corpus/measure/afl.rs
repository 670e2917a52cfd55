//! AFL++'s tuples of each input: edges, and how often each was taken, as afl-showmap has them.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::PathBuf;

use pagediff_terminal::error::{Stop, error, file_error};

use super::{Folder, Programs, failed, output, temporary};

/// How many inputs are measured before what they left is read, which takes much room.
const AT_ONCE: usize = 2000;

/// The tuples of each input: eight times the edge's number, and which of eight classes the
/// number of times is in. An empty input has none, for afl-showmap leaves it out.
pub(crate) fn tuples(programs: &Programs, folder: &Folder) -> Result<Vec<Vec<u32>>, Stop> {
    let mut tuples = Vec::new();
    for paths in folder.paths.chunks(AT_ONCE) {
        measure(programs, paths, &mut tuples)?;
    }
    Ok(tuples)
}

fn measure(programs: &Programs, paths: &[PathBuf], tuples: &mut Vec<Vec<u32>>) -> Result<(), Stop> {
    let directory = temporary()?;
    let (list, maps) = (directory.path().join("list"), directory.path().join("maps"));
    let mut text = String::new();
    for path in paths {
        writeln!(text, "{}", path.display()).expect("a string takes all that is written");
    }
    fs::write(&list, text)
        .and_then(|()| fs::create_dir(&maps))
        .map_err(|why| file_error(directory.path(), "written", &why))?;
    let mut command = programs.surroundings.command("cargo");
    command.current_dir(directory.path()).args(["afl", "showmap", "-q", "-t", "30000", "-I"]);
    command.arg(&list).arg("-o").arg(&maps).arg("--").arg(&programs.afl);
    let ran = output(&mut command, "cargo-afl")?;
    if !ran.status.success() {
        return Err(failed("AFL++", &programs.afl, &ran));
    }
    for path in paths {
        let map = maps.join(path.file_name().unwrap_or_default());
        let text = match fs::read_to_string(&map) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|why| file_error(&map, "read", &why))?,
        };
        let parsed: Option<Vec<u32>> = text.lines().map(tuple).collect();
        tuples.push(parsed.ok_or_else(|| {
            error(
                format!("afl-showmap wrote what is no map: {}", map.display()),
                "use the version of cargo-afl that scripts/setup names",
            )
        })?);
    }
    Ok(())
}

/// A line `EDGE:CLASS`, where the class is a power of two.
fn tuple(line: &str) -> Option<u32> {
    let (edge, class) = line.split_once(':')?;
    let (edge, class): (u32, u8) = (edge.parse().ok()?, class.parse().ok()?);
    Some(edge * 8 + class.trailing_zeros().min(7))
}
