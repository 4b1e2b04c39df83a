//! Reading the provider's lines, page by page. While some pages are kept, the next are asked for.

use super::{
    run::{Part, Run},
    store,
};
use crate::{
    AppError, Result, Services, ledger,
    payment::provider::{Line, Provider},
};

/// Pages that are kept in one transaction.
const TOGETHER: usize = 20;

/// Transactions of one part.
const TURNS: usize = 25;

/// Pages that follow each other.
struct Pages {
    lines: Vec<Line>,
    /// Whether there are older ones.
    more: bool,
    /// Why they are fewer: the provider is away, or asks to wait.
    failed: Option<AppError>,
}

impl Pages {
    /// The line after which the older ones follow.
    fn last(&self) -> Option<&str> {
        self.lines.last().map(|line| &*line.id)
    }
}

/// Reads some pages. What an answer lacks is asked for again by the next try of the job, after the last page that was
/// kept.
pub(super) async fn pages(services: &Services, run: Run) -> Result<Part> {
    let provider = services.payments()?;
    let mut cursor = run.cursor.clone();
    let mut pages = ask(provider, &run, cursor.as_deref()).await;
    for left in (0..TURNS).rev() {
        let after = pages.last().filter(|_| pages.more && pages.failed.is_none() && left > 0);
        let after = after.map(str::to_owned);
        let next = async {
            match &after {
                Some(after) => Some(ask(provider, &run, Some(after)).await),
                None => None,
            }
        };
        let (kept, next) = tokio::join!(keep(services, &run, cursor.as_deref(), &pages), next);
        if !kept? {
            return Ok(Part::Done);
        }
        if let Some(error) = pages.failed {
            return Err(error);
        }
        match next {
            Some(next) => (cursor, pages) = (after, next),
            None => break,
        }
    }
    Ok(Part::More)
}

/// Asks for pages that follow a line; for the newest, where none is named.
async fn ask(provider: &Provider, run: &Run, after: Option<&str>) -> Pages {
    let mut pages = Pages { lines: Vec::new(), more: true, failed: None };
    for _ in 0..TOGETHER {
        match provider.list_lines(run.read_from, pages.last().or(after)).await {
            Ok(page) => {
                pages.lines.extend(page.lines);
                pages.more = page.more;
            }
            Err(error) => pages.failed = Some(error),
        }
        if !pages.more || pages.failed.is_some() {
            break;
        }
    }
    pages
}

/// Keeps pages that follow `before`, in one transaction; with the last page the reading ends, and what the provider
/// kept for its work is entered. `false` where somebody else kept them.
async fn keep(services: &Services, run: &Run, before: Option<&str>, pages: &Pages) -> Result<bool> {
    let mut tx = services.begin().await?;
    let last = pages.last().or(before);
    let newest = pages.lines.iter().map(|line| line.created_at).max();
    if !store::set_read(&mut tx, run.id, before, last, newest, !pages.more).await? {
        return Ok(false);
    }
    store::insert_lines(&mut tx, run.id, &pages.lines).await?;
    if !pages.more {
        for fee in store::list_fees(&mut tx, run.id).await? {
            let source = format!("reconciliation/{}/{}", run.id, fee.currency);
            ledger::post_fee(&mut tx, fee, &source, services.clock.now()).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}
