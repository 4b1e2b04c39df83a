//! Reading the provider's lines, page by page. While one page is kept, the next is asked for.

use std::future::ready;

use futures::future::Either;

use super::{
    run::{Part, Run},
    store,
};
use crate::{Result, Services, ledger, payment::provider::Lines};

/// Pages that are read in one part.
const PAGES: usize = 50;

/// Reads some pages. What an answer lacks, because the provider is away or asks to wait, is asked for again by the next
/// try of the job, after the last page that was kept.
pub(super) async fn pages(services: &Services, run: Run) -> Result<Part> {
    let provider = services.payments()?;
    let mut cursor = run.cursor.clone();
    let mut page = provider.list_lines(run.read_from, cursor.as_deref()).await?;
    for left in (0..PAGES).rev() {
        let after = page.last().filter(|_| page.more).map(str::to_owned);
        let next = match &after {
            Some(after) if left > 0 => Either::Left(provider.list_lines(run.read_from, Some(after))),
            _ => Either::Right(ready(Ok(Lines { lines: Vec::new(), more: false }))),
        };
        let (kept, next) = tokio::join!(keep(services, &run, cursor.as_deref(), &page), next);
        if !kept? {
            return Ok(Part::Done);
        }
        if after.is_none() {
            break;
        }
        (cursor, page) = (after, next?);
    }
    Ok(Part::More)
}

/// Keeps a page that follows `before`, in one transaction; with the last page the reading ends, and what the provider
/// kept for its work is entered. `false` where somebody else kept it.
async fn keep(services: &Services, run: &Run, before: Option<&str>, page: &Lines) -> Result<bool> {
    let mut tx = services.db.begin().await?;
    let last = page.last().or(before);
    let newest = page.lines.iter().map(|line| line.created_at).max();
    if !store::set_read(&mut tx, run.id, before, last, newest, !page.more).await? {
        return Ok(false);
    }
    store::insert_lines(&mut tx, run.id, &page.lines).await?;
    if !page.more {
        for fee in store::list_fees(&mut tx, run.id).await? {
            let source = format!("reconciliation/{}/{}", run.id, fee.currency);
            ledger::post_fee(&mut tx, fee, &source, services.clock.now()).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}
