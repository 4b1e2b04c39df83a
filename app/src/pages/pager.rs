//! The pages of a list.

use leptos::prelude::*;
use services::booking::Page;

use super::{context::Visit, i18n::td_string};
use crate::ui::Pagination;

/// Links to the pages of a list, named by `label`; nothing where there is one page.
pub(super) fn pager<T>(
    visit: &Visit,
    label: &'static str,
    list: &Page<T>,
    href: impl Fn(u64) -> String + Send + 'static,
) -> AnyView {
    let locale = visit.locale();
    let (page, pages) = (list.page.max(1).unsigned_abs(), page_count(list.total, list.page_size));
    view! {
        <Pagination
            label page pages href
            previous_label=td_string!(locale, site.previous)
            next_label=td_string!(locale, site.next)
            page_label=td_string!(locale, site.page)
        />
    }
    .into_any()
}

fn page_count(total: i64, page_size: i64) -> u64 {
    total.max(0).unsigned_abs().div_ceil(page_size.max(1).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::page_count;

    #[test]
    fn a_page_that_has_begun_counts() {
        for (total, page_size, pages) in
            [(0, 20, 0), (1, 20, 1), (20, 20, 1), (21, 20, 2), (-1, 20, 0), (3, 0, 3)]
        {
            assert_eq!(page_count(total, page_size), pages, "{total} by {page_size}");
        }
    }
}
