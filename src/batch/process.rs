//! Programs under supervision: a deadline, a limit on what they say, an end for all of their children.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a program may print before the rest is dropped. Patches of whole repositories fit.
const MOST_OUTPUT: u64 = 256 << 20;

/// Until when programs may run.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    pub deadline: Instant,
    /// Set from outside to end everything.
    pub stop: &'a AtomicBool,
}

/// What a program left behind.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Why a program did not come to its own end.
#[derive(Debug)]
pub enum Unfinished {
    TimedOut,
    Interrupted,
    /// The check that ran beside it said no.
    TooLarge,
    Unstartable(io::Error),
}

impl Watch<'_> {
    /// Runs a program with `input` on its stdin; `is_fine` is asked while it runs.
    pub fn run(
        &self,
        command: &mut Command,
        input: &[u8],
        is_fine: &dyn Fn() -> bool,
    ) -> Result<Finished, Unfinished> {
        let stdin = if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        lead_group(command);
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Unfinished::Unstartable)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(input)));
            let stdout = scope.spawn(move || drain(stdout));
            let stderr = scope.spawn(move || drain(stderr));
            let ended = self.wait(&mut child, is_fine);
            // Also after a good end: a grandchild that keeps the pipe open would keep us waiting.
            end_group(&mut child);
            let stdout = stdout.join().unwrap_or_default();
            let stderr = stderr.join().unwrap_or_default();
            Ok(Finished {
                status: ended?,
                stdout,
                stderr: String::from_utf8_lossy(&stderr).into_owned(),
            })
        })
    }

    fn wait(&self, child: &mut Child, is_fine: &dyn Fn() -> bool) -> Result<ExitStatus, Unfinished> {
        let mut pause = Duration::from_millis(1);
        let mut asked = Instant::now();
        loop {
            if let Some(status) = child.try_wait().map_err(Unfinished::Unstartable)? {
                return Ok(status);
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(Unfinished::Interrupted);
            }
            if Instant::now() >= self.deadline {
                return Err(Unfinished::TimedOut);
            }
            // The check walks folders: seldom enough not to matter.
            if asked.elapsed() > Duration::from_millis(300) {
                asked = Instant::now();
                if !is_fine() {
                    return Err(Unfinished::TooLarge);
                }
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

/// All that the pipe gives, the rest of a flood dropped. Reads on to its end, so that the program is not blocked.
fn drain(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before a broken pipe is all there is.
        let _ = pipe.by_ref().take(MOST_OUTPUT).read_to_end(&mut bytes);
        let _ = io::copy(&mut pipe, &mut io::sink());
    }
    bytes
}

#[cfg(unix)]
fn lead_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn lead_group(_command: &mut Command) {}

/// Ends the program and all that it started. Its number cannot be another's yet: it is still ours to wait for, or
/// its group still has members.
fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Limits that a process sets for itself before it reads what others wrote: it ends with its parent, and an
/// allocation beyond `memory` bytes fails.
pub fn confine(memory: Option<u64>) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
        // Where the system refuses, the deadline still holds.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        let limit = |bytes| Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        if let Some(bytes) = memory {
            let _ = setrlimit(Resource::As, limit(bytes));
        }
        let _ = setrlimit(Resource::Core, limit(0));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run(script: &str, milliseconds: u64) -> Result<Finished, Unfinished> {
        let stop = AtomicBool::new(false);
        let watch = Watch {
            deadline: Instant::now() + Duration::from_millis(milliseconds),
            stop: &stop,
        };
        watch.run(Command::new("sh").args(["-c", script]), b"input", &|| true)
    }

    #[test]
    fn a_program_gets_its_input_and_tells_its_output() {
        let finished = run("cat; echo oops >&2; exit 3", 5000).unwrap_or_else(|_| panic!("did not end"));
        assert_eq!(finished.stdout, b"input");
        assert_eq!(
            (finished.stderr.as_str(), finished.status.code()),
            ("oops\n", Some(3))
        );
    }

    #[test]
    fn a_program_past_its_deadline_ends_with_its_children() {
        let begun = Instant::now();
        let ended = run("sleep 60 & sleep 60", 200);
        assert!(matches!(ended, Err(Unfinished::TimedOut)));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_child_left_behind_does_not_keep_us_waiting() {
        let begun = Instant::now();
        let ended = run("sleep 60 & echo done", 5000).unwrap_or_else(|_| panic!("did not end"));
        assert_eq!(ended.stdout, b"done\n");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}
