//! AFL++'s tuples of each input: edges, and how often each was taken, as afl-showmap has them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pagediff_terminal::error::{Stop, error, file_error};

use super::{Folder, Programs, failed, output, temporary};
use crate::engines::Engine;

/// How many inputs are measured before what they left is read, which takes much room.
const AT_ONCE: usize = 2000;

/// The tuples of each input: eight times the edge's number, and which of eight classes the
/// number of times is in. An empty input has none, for afl-showmap leaves it out.
pub(crate) fn tuples(programs: &Programs, folder: &Folder) -> Result<Vec<Vec<u32>>, Stop> {
    let measured = folder.paths.chunks(AT_ONCE).map(|paths| measure(programs, paths));
    Ok(measured.collect::<Result<Vec<_>, Stop>>()?.concat())
}

fn measure(programs: &Programs, paths: &[PathBuf]) -> Result<Vec<Vec<u32>>, Stop> {
    let directory = temporary()?;
    let (list, maps) = (directory.path().join("list"), directory.path().join("maps"));
    let lines = paths.iter().map(|path| format!("{}\n", path.display()));
    fs::write(&list, lines.collect::<String>())
        .and_then(|()| fs::create_dir(&maps))
        .map_err(|why| file_error(directory.path(), "written", &why))?;
    let mut command = programs.surroundings.command("cargo");
    command.current_dir(directory.path()).args(["afl", "showmap", "-q", "-t", "30000", "-I"]);
    command.arg(&list).arg("-o").arg(&maps).arg("--").arg(programs.program(Engine::Afl));
    let ran = output(&mut command, "cargo-afl")?;
    if !ran.status.success() {
        return Err(failed("AFL++", &programs.program(Engine::Afl), &ran));
    }
    paths.iter().map(|path| read(&maps.join(path.file_name().unwrap_or_default()))).collect()
}

/// The tuples of a map, which there is none of for an empty input.
fn read(map: &Path) -> Result<Vec<u32>, Stop> {
    let text = match fs::read_to_string(map) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|why| file_error(map, "read", &why))?,
    };
    text.lines().map(tuple).collect::<Option<_>>().ok_or_else(|| {
        error(
            format!("afl-showmap wrote what is no map: {}", map.display()),
            "use the version of cargo-afl that scripts/setup names",
        )
    })
}

/// A line `EDGE:CLASS`, where the class is a power of two.
fn tuple(line: &str) -> Option<u32> {
    let (edge, class) = line.split_once(':')?;
    let (edge, class): (u32, u8) = (edge.parse().ok()?, class.parse().ok()?);
    Some(edge * 8 + class.trailing_zeros().min(7))
}
