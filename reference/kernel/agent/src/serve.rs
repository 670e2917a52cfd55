//! The agent's life: set up the guest, say hello, serve the host until it has enough.

use std::fs::{self, File};
use std::io::{SeekFrom, Write};
use std::time::{Duration, Instant};

use put_user_page_kernel_wire::{self as wire, GuestJob, Kind};

use crate::boot;
use crate::device::Device;
use crate::disk::Disk;
use crate::memory::Arena;
use crate::modules;

/// The largest answer that the module can give.
const LONGEST_ANSWER: usize = 4 << 20;

/// Answers are sent in chunks of about what the port takes at once...
const CHUNK: usize = 32 << 10;

/// ...but the host is not left to believe that nothing happens.
const PATIENCE: Duration = Duration::from_millis(200);

/// Sets up the guest and serves the host until it is gone. An error is one that the host cannot be told.
pub(crate) fn run() -> Result<(), String> {
    boot::mount_all()?;
    let names = modules::names()?;
    let (last, drivers) = names.split_last().ok_or("there is no module to load")?;
    drivers.iter().try_for_each(|name| modules::load(name))?;
    let mut port = boot::open_port()?;
    let done = modules::load(last).and_then(|()| boot::settle()).and_then(|()| serve(&mut port));
    done.or_else(|why| send(&mut port, Kind::Broken, &why).and(Err(why)))
}

fn send(port: &mut File, kind: Kind, body: &str) -> Result<(), String> {
    let mut frame = Vec::new();
    wire::put(&mut frame, kind, |out| out.extend_from_slice(body.as_bytes()));
    write(port, &frame)
}

fn write(port: &mut File, bytes: &[u8]) -> Result<(), String> {
    port.write_all(bytes).map_err(|why| format!("the port cannot be written: {why}"))
}

fn serve(port: &mut File) -> Result<(), String> {
    let disk = Disk::mount();
    let hello = hello(disk.as_ref().err())?;
    let mut worker = Worker::new(disk.ok())?;
    send(port, Kind::Hello, &hello)?;
    let mut body = Vec::new();
    loop {
        let kind = wire::read(port, &mut body);
        match kind.map_err(|why| format!("the port cannot be read: {why}"))? {
            Some(Kind::Run) => worker.run(port, &body)?,
            Some(Kind::Stats) => send(port, Kind::Vmstat, &boot::vmstat()?)?,
            Some(Kind::Greet) => send(port, Kind::Hello, &hello)?,
            Some(Kind::Load) => {
                modules::load_bytes("the candidate's module", &body)?;
                send(port, Kind::Hello, &hello)?;
            }
            None => return Ok(()),
            Some(kind) => return Err(format!("the host sends {kind:?}")),
        }
    }
}

/// What the guest says of itself; where it has no disk, also why.
fn hello(no_disk: Option<&String>) -> Result<String, String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_err(|why| format!("the kernel does not tell its release: {why}"))?;
    let disk = match no_disk {
        None => "mounted",
        // Of a refused driver, the reason is in the first line.
        Some(why) => why.lines().next().unwrap_or_default(),
    };
    Ok(format!("release {}\ndisk {disk}\n{}", release.trim_end(), Device::about()?))
}

/// What running jobs needs, made once.
struct Worker {
    device: Device,
    arena: Arena,
    out: Vec<u8>,
}

impl Worker {
    fn new(disk: Option<Disk>) -> Result<Worker, String> {
        let out = Vec::with_capacity(LONGEST_ANSWER + 2 * CHUNK);
        Ok(Worker { device: Device::open()?, arena: Arena::new(disk)?, out })
    }

    fn run(&mut self, port: &mut File, body: &[u8]) -> Result<(), String> {
        let jobs = GuestJob::all_of(body).map_err(|why| format!("the host sends {why}"))?;
        let mut sent = Instant::now();
        for (index, job) in jobs.into_iter().enumerate() {
            self.run_one(index, job)?;
            if self.out.len() >= CHUNK || sent.elapsed() > PATIENCE {
                self.flush(port)?;
                sent = Instant::now();
            }
        }
        self.flush(port)
    }

    fn flush(&mut self, port: &mut File) -> Result<(), String> {
        write(port, &self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Runs a job, and puts its answer behind the others.
    fn run_one(&mut self, index: usize, job: GuestJob<'_>) -> Result<(), String> {
        let mapped = self.arena.map(job.regions);
        let answered = wire::put(&mut self.out, Kind::Answer, |out| {
            self.device.run(job.bytes, mapped, out, LONGEST_ANSWER)
        });
        let is_spoilt = answered.map_err(|why| {
            let log = modules::last_lines(modules::kernel_log(SeekFrom::Start(0)));
            format!("the module does not run job {index}: {why}\n{log}")
        })?;
        if is_spoilt {
            let cleared = self.arena.clear();
            cleared.map_err(|why| format!("a job's memory cannot be unmapped: {why}"))?;
        }
        Ok(())
    }
}
