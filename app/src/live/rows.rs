//! Regions that are lists which grow: `data-live="rows"`. Their rows have ids and stand in the region's one `<ol>`.
//!
//! Only rows that differ are exchanged, and new ones are added: what a person reads stays where it is, and rows that
//! were fetched from before the page's first one stay too.

use web_sys::Element;

use super::{
    heard,
    swap::{focus_again, is_busy, place_of_focus, wake_islands},
};
use crate::enhance::within;

/// How far from the newest row, in CSS pixels, a person still follows it.
const NEAR: i32 = 40;

const ROWS: &str = ":scope > li[id]";

/// Brings a region up to date; `false` where the two have no row in common, so that it has to be exchanged as a whole.
pub(super) fn merge(region: &Element, fresh: &Element) -> bool {
    let (Some(list), Some(fresh)) = (list_of(region), list_of(fresh)) else { return false };
    let rows = within(&fresh, ROWS);
    let Some(first) = rows.iter().find_map(|row| find(&list, &row.id())) else { return false };
    let place = Place::of(region);
    remove_gone(&list, &first, &rows);
    let mut last = first.previous_element_sibling();
    for row in rows {
        last = Some(match find(&list, &row.id()) {
            Some(known) => bring_up(known, row),
            None => {
                heard::said(&row);
                add(&list, row, last)
            }
        });
    }
    Place::restore(place);
    true
}

/// Puts the rows of an earlier page before all others; what a person looks at stays where it is.
pub(crate) fn prepend(region: &Element, earlier: &Element) {
    let (Some(list), Some(earlier)) = (list_of(region), list_of(earlier)) else { return };
    let place = Place::of(region);
    let mut last = None;
    for row in within(&earlier, ROWS) {
        if find(&list, &row.id()).is_none() {
            last = Some(add(&list, row, last));
        }
    }
    Place::restore(place);
}

fn list_of(region: &Element) -> Option<Element> {
    region.query_selector("ol").ok().flatten()
}

fn find(list: &Element, id: &str) -> Option<Element> {
    list.query_selector(&format!(":scope > [id='{id}']")).ok().flatten()
}

/// Takes away the rows from the first common one on that the fresh list does not have.
fn remove_gone(list: &Element, first: &Element, rows: &[Element]) {
    let known = within(list, ROWS);
    let shown = known.iter().skip_while(|row| *row != first);
    for row in shown.filter(|row| rows.iter().all(|fresh| fresh.id() != row.id())) {
        row.remove();
    }
}

/// Exchanges a row that differs, unless a person is busy in it. Answers the row that stands there now.
fn bring_up(known: Element, row: Element) -> Element {
    let content = row.outer_html();
    let seen = known.get_attribute("data-seen").unwrap_or_else(|| known.outer_html());
    if seen == content {
        let _ = known.remove_attribute("data-stale");
        return known;
    }
    if is_busy(&known) {
        let _ = known.set_attribute("data-stale", "");
        return known;
    }
    let place = place_of_focus(&known);
    let _ = row.set_attribute("data-seen", &content);
    let _ = known.replace_with_with_node_1(&row);
    wake_islands(&row);
    focus_again(&row, place);
    row
}

/// Adds a row after another, or before all.
fn add(list: &Element, row: Element, after: Option<Element>) -> Element {
    let _ = match after {
        Some(after) => after.after_with_node_1(&row),
        None => list.prepend_with_node_1(&row),
    };
    wake_islands(&row);
    row
}

/// What a person looks at: a row, and where it stands in the window. It can be brought back there after a change.
///
/// The scrolled element counts from its end (`flex-direction: column-reverse`): 0 there, negative above.
pub(crate) struct Place {
    scrolled: Element,
    row: Element,
    top: f64,
}

impl Place {
    /// Where a person has scrolled to; `None` for who follows the newest row, and goes on following it.
    pub(crate) fn of(region: &Element) -> Option<Self> {
        let scrolled = region.closest("[data-scrolled]").ok().flatten()?;
        if scrolled.scroll_top() >= -NEAR {
            return None;
        }
        let edge = scrolled.get_bounding_client_rect().top();
        let rows = within(region, "ol > li[id]");
        let row = rows.into_iter().find(|row| row.get_bounding_client_rect().bottom() > edge)?;
        let top = row.get_bounding_client_rect().top();
        Some(Place { scrolled, row, top })
    }

    /// Scrolls so that the row, or what was put in its place, stands where it stood.
    pub(crate) fn restore(place: Option<Self>) {
        let Some(Place { scrolled, row, top }) = place else { return };
        if let Ok(Some(row)) = scrolled.query_selector(&format!("[id='{}']", row.id())) {
            scrolled.scroll_by_with_x_and_y(0.0, row.get_bounding_client_rect().top() - top);
        }
    }
}
