//! Who used the cores during a measurement: what bounds a figure, measured and not guessed. Linux only.

use std::{
    collections::BTreeMap,
    fs,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// Clock ticks in a second as `/proc` counts them (`USER_HZ`, 100 on every Linux).
const TICKS: f64 = 100.0;

/// The processes whose use of the cores is told.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The server, or the baseline that stands in its place; 0 for neither.
    pub server: i32,
    /// The postmaster.
    pub postgres: i32,
}

/// From so many cores on, others disturb what is measured.
const DISTURBING: f64 = 0.25;

/// Whether others disturbed any measurement of this process.
static DISTURBED: AtomicBool = AtomicBool::new(false);

/// Whether the machine was quiet in all measurements so far.
pub fn was_quiet() -> bool {
    !DISTURBED.load(Ordering::Relaxed)
}

/// A moment from which use is counted.
pub struct Meter {
    watched: Watched,
    began: Instant,
    used: Ticks,
}

/// Ticks of the server, of Postgres with all its processes, of the driver with the programs it ran, and of all
/// that ran on the machine.
type Ticks = [u64; 4];

/// Cores used by server, Postgres, driver and everybody else: 1.0 is one core for the whole time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use([f64; 4]);

impl Meter {
    /// Starts to count.
    pub fn start(watched: Watched) -> Self {
        Meter { watched, began: Instant::now(), used: ticks(watched) }
    }

    /// What was used since.
    #[expect(clippy::cast_precision_loss, reason = "ticks of minutes")]
    pub fn read(&self) -> Use {
        let now = ticks(self.watched);
        let seconds = self.began.elapsed().as_secs_f64().max(f64::EPSILON);
        let cores = |index: usize| now[index].saturating_sub(self.used[index]) as f64 / TICKS / seconds;
        let (server, postgres, driver) = (cores(0), cores(1), cores(2));
        let others = (cores(3) - server - postgres - driver).max(0.0);
        if others > DISTURBING {
            DISTURBED.store(true, Ordering::Relaxed);
        }
        Use([server, postgres, driver, others])
    }
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Use([server, postgres, driver, others]) = self;
        write!(
            f,
            "cores used: server {server:.2}, Postgres {postgres:.2}, driver {driver:.2}, others {others:.2}"
        )
    }
}

fn ticks(watched: Watched) -> Ticks {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if let Some(stat) = fs::read_to_string(entry.path().join("stat")).ok().as_deref().and_then(parse) {
            all.insert(pid, stat);
        }
    }
    let own = std::process::id().cast_signed();
    let of = |pid: i32| all.get(&pid).map_or(0, |stat| stat.own);
    let children =
        all.values().filter(|stat| stat.parent == watched.postgres).map(|stat| stat.own).sum::<u64>();
    let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ended = |pid: i32| all.get(&pid).map_or(0, |stat| stat.ended_children);
    let postgres = of(watched.postgres) + ended(watched.postgres) + children;
    [of(watched.server), postgres, of(own) + ended(own), busy(&machine).unwrap_or_default()]
}

/// Of the first line of `/proc/stat`: user, nice, system and stolen (proc(5)). Interrupts are nobody's.
fn busy(text: &str) -> Option<u64> {
    let fields: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
    [0, 1, 2, 7].iter().map(|index| fields.get(*index).copied()).sum()
}

/// One process of `/proc`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    own: u64,
    ended_children: u64,
}

/// Fields 4 and 14 to 17 of `/proc/pid/stat` (proc(5)). The name, field 2, may hold anything.
fn parse(line: &str) -> Option<Stat> {
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_whatever_the_name() {
        let line = "7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 1 0 9 1 1";
        assert_eq!(parse(line), Some(Stat { parent: 3, own: 56, ended_children: 78 }));
        assert_eq!(parse("7 (a) S 3"), None);
    }

    #[test]
    fn idling_is_no_work() {
        assert_eq!(busy("cpu  1 2 4 100 200 8 16 32 0 0\ncpu0 1 1"), Some(39));
        assert_eq!(busy("cpu  1 2"), None);
    }

    #[test]
    fn work_of_this_process_is_seen() {
        let own = std::process::id().cast_signed();
        let meter = Meter::start(Watched { server: own, postgres: 0 });
        let began = Instant::now();
        while began.elapsed().as_millis() < 200 {
            std::hint::black_box(parse("7 (a) S 3"));
        }
        assert!(meter.read().0[0] > 0.05, "{}", meter.read());
    }
}
