//! The one clock. Everything that asks for the time asks here.

use std::sync::{
    Arc,
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
    /// Microseconds since the epoch at which it stands; [`REAL`] while it is not set.
    Settable(Arc<AtomicI64>),
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
        Clock(Kind::Settable(Arc::new(AtomicI64::new(REAL))))
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
            Kind::Settable(at) => match at.load(Ordering::Acquire) {
                REAL => machine(),
                micros => DateTime::from_timestamp_micros(micros).unwrap_or_else(machine),
            },
            Kind::Real => machine(),
        }
    }

    /// Moves a settable clock of this process; `None` is real time. A real clock stays as it is.
    pub fn show(&self, now: Option<DateTime<Utc>>) {
        if let Kind::Settable(at) = &self.0 {
            at.store(now.map_or(REAL, |now| now.timestamp_micros()), Ordering::Release);
        }
    }

    /// Takes over what the database says, so that all servers on it agree. Development only.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn follow(&self, db: &PgPool) -> crate::Result<()> {
        if matches!(self.0, Kind::Settable(_)) {
            let now = sqlx::query_scalar!("SELECT now FROM dev_clock").fetch_one(db).await?;
            self.show(now);
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
        matches!(&self.0, Kind::Settable(at) if at.load(Ordering::Acquire) != REAL)
    }

    /// Whether it can be set.
    #[must_use]
    pub const fn is_settable(&self) -> bool {
        matches!(self.0, Kind::Settable(_))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
fn machine() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
