//! The look at the table that finds what no hint told: one for all streams of a process.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Weak,
    time::Duration,
};

use domain::ids::UserId;
use sqlx::PgPool;

use super::{Hint, Streams, hints::Registry};
use crate::Result;

/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How many looks see an event again: ids are given out before commits, and a slow commit brings an old id late.
const LOOKS: usize = 5;

/// What the last looks saw.
#[derive(Debug, Default)]
struct Seen {
    ids: BTreeSet<i64>,
    /// The greatest id of each of the last looks, oldest first.
    greatest: VecDeque<i64>,
}

impl Seen {
    /// Above which id the next look begins; `None` before the first.
    fn floor(&self) -> Option<i64> {
        self.greatest.front().copied()
    }

    /// Notes a look, which begins at the floor and saw these ids; which of them are new.
    fn note(&mut self, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        let new: BTreeSet<_> = ids.into_iter().filter(|id| !self.ids.contains(id)).collect();
        self.ids.extend(&new);
        let last = self.greatest.back().copied().unwrap_or_default();
        self.greatest.push_back(self.ids.last().copied().unwrap_or_default().max(last));
        if self.greatest.len() > LOOKS {
            self.greatest.pop_front();
        }
        let floor = self.floor().unwrap_or_default();
        self.ids = self.ids.split_off(&(floor + 1));
        new
    }
}

/// Looks for as long as the bus is there, and wakes whom an event is for that it has not seen yet.
pub(super) async fn watch(db: PgPool, streams: Weak<Registry>) {
    let mut seen = Seen::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(streams) = streams.upgrade().map(Streams) else { return };
        if db.is_closed() {
            return;
        }
        if streams.is_empty() {
            // A stream begins with a look of its own.
            seen = Seen::default();
        } else if let Err(error) = look(&db, &mut seen, &streams).await {
            tracing::warn!(%error, "live events: a look failed");
        }
    }
}

async fn look(db: &PgPool, seen: &mut Seen, streams: &Streams) -> Result<()> {
    let Some(floor) = seen.floor() else {
        let newest = sqlx::query_scalar!("SELECT coalesce(max(id), 0) AS \"id!\" FROM live_events");
        // What was committed shortly before is looked at in the next look.
        seen.note([newest.fetch_one(db).await? - 1_000]);
        return Ok(());
    };
    let rows =
        sqlx::query!("SELECT id, user_id FROM live_events WHERE id > $1 ORDER BY id LIMIT 20000", floor)
            .fetch_all(db)
            .await?;
    let new = seen.note(rows.iter().map(|row| row.id));
    let whom: BTreeSet<_> = rows.iter().filter(|row| new.contains(&row.id)).map(|row| row.user_id).collect();
    for user in whom {
        streams.wake(UserId(user), Hint::Look);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_new_once_however_late_it_is_committed() {
        let mut seen = Seen::default();
        assert_eq!(seen.note([10]), BTreeSet::from([10]));
        for (look, ids, new) in [
            // What was there, what is new, what comes late, nothing.
            (1, vec![11, 13], vec![11, 13]),
            (2, vec![11, 12, 13, 14], vec![12, 14]),
            (3, vec![11, 12, 13, 14], vec![]),
            (4, vec![11, 12, 13, 14], vec![]),
        ] {
            assert_eq!(seen.floor(), Some(10), "look {look}");
            assert_eq!(seen.note(ids), BTreeSet::from_iter(new), "look {look}");
        }
        // After so many looks the first ids are left behind, and only they.
        seen.note([15]);
        assert_eq!((seen.floor(), seen.ids.clone()), (Some(13), BTreeSet::from([14, 15])));
        assert_eq!(seen.note([14, 15, 16]), BTreeSet::from([16]));
        for _ in 0..LOOKS {
            seen.note([]);
        }
        assert_eq!((seen.floor(), seen.ids.len()), (Some(16), 0), "it forgets");
    }
}
