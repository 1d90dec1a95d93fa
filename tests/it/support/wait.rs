//! Waiting for a state. Beside a load everything takes longer, so a wait gives up only when nothing moves any more.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::go::tell;

/// What has not moved for so long never will: a busy machine gives each process some of its time every second.
const STILL: Duration = Duration::from_secs(180);

/// When a wait is told of, so that nobody wonders.
const LONG: Duration = Duration::from_secs(60);

/// Waits until there is something, as long as `moved` gives new numbers.
#[track_caller]
pub fn until<T>(what: &str, moved: impl Fn() -> u64, mut state: impl FnMut() -> Option<T>) -> T {
    let (begun, mut is_told) = (Instant::now(), false);
    let mut last = (moved(), begun);
    loop {
        if let Some(reached) = state() {
            return reached;
        }
        // A short wait looks often, a long one does not keep the processor from what it waits for.
        sleep((begun.elapsed() / 10).clamp(Duration::from_millis(1), Duration::from_millis(10)));
        let now = Instant::now();
        if last.1 + Duration::from_secs(1) < now {
            let number = moved();
            if number != last.0 {
                last = (number, now);
            }
        }
        assert!(last.1 + STILL > now, "nothing moves any more, and not {what}");
        if !is_told && begun + LONG < now {
            is_told = true;
            tell(&format!("waiting: {what}"));
        }
    }
}

/// The processor time that a process and all it started have used, as far as this machine tells.
pub fn work_of(process: u32) -> u64 {
    let stats: Vec<Stat> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| Stat::read(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut family = vec![process];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        let children = stats.iter().filter(|stat| stat.parent == parent);
        family.extend(children.map(|stat| stat.process));
        at += 1;
    }
    let own = stats.iter().filter(|stat| family.contains(&stat.process));
    own.map(|stat| stat.work).sum()
}

/// A line of `/proc`.
struct Stat {
    process: u32,
    parent: u32,
    work: u64,
}

impl Stat {
    fn read(process: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the program before it may hold anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Stat {
            process,
            parent: number(1)?.try_into().ok()?,
            // Its own in user and system mode, and that of the children it waited for.
            work: number(11)? + number(12)? + number(13)? + number(14)?,
        })
    }
}
