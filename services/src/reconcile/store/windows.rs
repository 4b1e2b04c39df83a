//! Comparing all that moved in a time, on both sides at once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{judge::key, run::Run},
    Key,
};
use crate::Result;

/// All that moved after an instant and until another.
pub(in crate::reconcile) struct Window {
    pub after: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// What a look at a window gave.
pub(in crate::reconcile) struct Compared {
    /// How many lines and movements there are in it.
    pub looked_at: i64,
    /// Movements of which the two sides do not say the same there. What one of them tells of at another time is among
    /// them.
    pub unequal: Vec<Key>,
}

/// The time that is to be judged next: with at most so many lines and so many events of the ledger, but for those that
/// share its last instant.
pub(in crate::reconcile) async fn find_window(
    db: &mut PgConnection,
    run: &Run,
    limit: i64,
) -> Result<Window> {
    let until = sqlx::query_scalar!(
        "SELECT least($2,
             (SELECT created_at FROM provider_lines WHERE created_at > $1 ORDER BY created_at OFFSET $3 LIMIT 1),
             (SELECT at FROM ledger_events WHERE at > $1 ORDER BY at OFFSET $3 LIMIT 1)) AS \"until!\"",
        run.at.0,
        run.judged_until,
        limit - 1
    );
    Ok(Window { after: run.at.0, until: until.fetch_one(db).await? })
}

/// Compares what both sides say of a window.
pub(in crate::reconcile) async fn compare(db: &mut PgConnection, window: &Window) -> Result<Compared> {
    let row = sqlx::query!(
        "WITH p AS MATERIALIZED (
             SELECT kind, reference, sum(amount_minor)::bigint AS minor, count(*) AS lines, min(currency) AS currency,
                    max(currency) AS other
             FROM provider_lines
             WHERE created_at > $1 AND created_at <= $2 AND kind NOT IN ('fee', 'own') GROUP BY kind, reference
         ), l AS MATERIALIZED (
             SELECT kind, reference, sum(amount_minor)::bigint AS minor, count(*) AS lines, min(currency) AS currency,
                    max(currency) AS other
             FROM ledger_moves WHERE at > $1 AND at <= $2 GROUP BY kind, reference
         ), unequal AS MATERIALIZED (
             SELECT kind, reference FROM p FULL JOIN l USING (kind, reference)
             WHERE p.lines IS DISTINCT FROM 1
                 OR (p.minor, p.currency, p.other) IS DISTINCT FROM (l.minor, l.currency, l.other)
         )
         SELECT coalesce((SELECT sum(lines) FROM p), 0)::bigint + coalesce((SELECT sum(lines) FROM l), 0)::bigint
                    AS \"looked_at!\",
                ARRAY(SELECT kind FROM unequal) AS \"kinds!\", ARRAY(SELECT reference FROM unequal) AS \"references!\"",
        window.after,
        window.until
    )
    .fetch_one(db)
    .await?;
    let keys = row.references.into_iter().zip(&row.kinds);
    let unequal = keys.filter_map(|(reference, kind)| key(reference, kind)).collect();
    Ok(Compared { looked_at: row.looked_at, unequal })
}
