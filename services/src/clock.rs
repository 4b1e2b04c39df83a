//! The one clock. Everything that asks for the time asks here.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, SubsecRound as _, Utc};
use sqlx::PgPool;

/// Tells the time. In development and tests it can be set; it then stands still.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real,
    Settable(Arc<Set>),
}

/// What a clock was set to.
#[derive(Debug)]
struct Set {
    /// Microseconds since the epoch at which it stands; [`REAL`] while it is not set.
    at: AtomicI64,
    /// How often it was moved: what was read before the last time is old.
    moves: Mutex<u64>,
}

const REAL: i64 = i64::MIN;

impl Clock {
    /// The machine's clock, which cannot be set: production.
    #[must_use]
    pub const fn real() -> Self {
        Clock(Kind::Real)
    }

    /// A clock that can be set and follows the database's `dev_clock`: development.
    #[must_use]
    pub fn settable() -> Self {
        Clock(Kind::Settable(Arc::new(Set { at: AtomicI64::new(REAL), moves: Mutex::new(0) })))
    }

    /// A clock that stands at an instant: tests.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        let clock = Clock::settable();
        clock.show(Some(now));
        clock
    }

    /// The present instant, in whole microseconds as Postgres keeps them.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::Settable(set) => match set.at.load(Ordering::Acquire) {
                REAL => machine(),
                micros => DateTime::from_timestamp_micros(micros).unwrap_or_else(machine),
            },
            Kind::Real => machine(),
        }
    }

    /// Moves a settable clock of this process; `None` is real time. A real clock stays as it is.
    pub fn show(&self, now: Option<DateTime<Utc>>) {
        if let Kind::Settable(set) = &self.0 {
            set.show(now, None);
        }
    }

    /// Takes over what the database says, so that all servers on it agree. Development only.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn follow(&self, db: &PgPool) -> crate::Result<()> {
        if let Kind::Settable(set) = &self.0 {
            loop {
                let moves = set.moves();
                let now = sqlx::query_scalar!("SELECT now FROM dev_clock").fetch_one(db).await?;
                if set.show(now, Some(moves)) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sets the clock of all servers on the database; `None` is real time. Development only.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn set(&self, db: &PgPool, now: Option<DateTime<Utc>>) -> crate::Result<()> {
        sqlx::query!("UPDATE dev_clock SET now = $1", now).execute(db).await?;
        self.show(now);
        Ok(())
    }

    /// Whether it was set, and so stands still.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(&self.0, Kind::Settable(set) if set.at.load(Ordering::Acquire) != REAL)
    }
}

impl Set {
    fn moves(&self) -> u64 {
        *self.moves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows an instant; one that was read after so many moves only where none has come since, and says whether.
    fn show(&self, now: Option<DateTime<Utc>>, read_after: Option<u64>) -> bool {
        let micros = now.map_or(REAL, |now| now.timestamp_micros());
        let mut moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = read_after.is_some_and(|read_after| read_after != *moves);
        if !is_old && self.at.swap(micros, Ordering::AcqRel) != micros {
            *moves += 1;
        }
        !is_old
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
fn machine() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: what is read, whether the clock is set between the reading and the showing, and what it shows then.
    #[test]
    fn what_was_read_before_the_clock_was_set_is_old() {
        let at = |hour: u32| DateTime::from_timestamp(i64::from(hour) * 3600, 0);
        for (read, set_between, shown) in [(2, false, 2), (1, true, 3), (3, true, 3), (1, false, 1)] {
            let clock = Clock::at(at(1).expect("an instant"));
            let Kind::Settable(set) = &clock.0 else { panic!("it can be set") };
            let moves = set.moves();
            if set_between {
                clock.show(at(3));
            }
            let is_shown = set.show(at(read), Some(moves));
            assert_eq!((is_shown, Some(clock.now())), (!set_between, at(shown)), "{read} {set_between}");
        }
    }
}
