//! The points at which a process can be killed: each provider call and each commit that passes by, by name.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

/// What does not happen in this time never does, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// On which side of its effect the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It was asked for, and never takes place.
    Before,
    /// It took place, and nobody is told.
    After,
}

/// A provider call or a commit: its name, and which of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    name: String,
    nth: u32,
}

impl Point {
    /// When the process is to be killed. That a worker takes a job is known only from the answer, and before it the
    /// database is as after the commit that put the job there.
    pub fn moments(&self) -> &'static [Moment] {
        if self.name == crate::wire::CLAIM { &[Moment::After] } else { &[Moment::Before, Moment::After] }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nth {
            1 => f.write_str(&self.name),
            nth => write!(f, "{} ({nth})", self.name),
        }
    }
}

/// What stands between the server, its database and its provider, and sees all points.
#[derive(Default)]
pub struct Watch {
    state: Mutex<State>,
    reached: Notify,
}

#[derive(Default)]
struct State {
    on: bool,
    seen: BTreeMap<String, u32>,
    points: Vec<Point>,
    target: Option<(Point, Moment)>,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes points from now on; at the target the server is stopped in its tracks.
    pub fn begin(&self, target: Option<(Point, Moment)>) {
        *self.state() = State { on: true, target, ..State::default() };
    }

    /// Notes no more; the points that were passed, in their order.
    pub fn end(&self) -> Vec<Point> {
        std::mem::take(&mut *self.state()).points
    }

    /// A point is passed; when to stop, where it is the target.
    pub fn pass(&self, name: &str) -> Option<Moment> {
        let mut state = self.state();
        if !state.on {
            return None;
        }
        let seen = state.seen.entry(name.to_owned()).or_default();
        *seen += 1;
        let point = Point { name: name.to_owned(), nth: *seen };
        let moment = state.target.as_ref().filter(|(target, _)| *target == point).map(|(_, moment)| *moment);
        state.points.push(point);
        moment
    }

    /// Says that the server hangs at the target, and lets it hang.
    pub async fn hang<T>(&self) -> T {
        self.reached.notify_one();
        std::future::pending().await
    }

    /// Completes when the server hangs at the target.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }
}
