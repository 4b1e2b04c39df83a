//! Ways through a page and between pages. All of them are plain links.

use leptos::prelude::*;

use super::{Glyph, Icon, given};

/// The first link of every page, seen when it has the focus.
#[component]
pub fn SkipLink(
    /// Id of the main content.
    #[prop(default = "content".to_owned(), into)]
    target: String,
    /// "Skip to the content".
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <a class="skip-link" href=format!("#{target}")>{text}</a> }
}

/// One tab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TabItem {
    /// Where it goes.
    pub href: String,
    /// What a person reads.
    pub label: String,
    /// How many wait behind it; may be empty.
    pub count: String,
    /// It is the one that the page shows.
    pub current: bool,
}

/// Parts of one page, each at its own address.
#[component]
pub fn Tabs(
    /// Name of the group.
    #[prop(into)]
    label: String,
    /// The tabs, in order.
    items: Vec<TabItem>,
) -> impl IntoView {
    let items = items
        .into_iter()
        .map(|item| {
            view! {
                <li>
                    <a class="tab-link" href=item.href aria-current=item.current.then_some("page")>
                        {item.label}
                        {given(&item.count).map(|count| view! { <span class="count tabular">{count}</span> })}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="tab-bar" aria-label=label>
            <ul>{items}</ul>
        </nav>
    }
}

/// One step of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crumb {
    /// Where it goes; empty for the page itself.
    pub href: String,
    /// What a person reads.
    pub label: String,
}

/// The path to the page.
#[component]
pub fn Breadcrumb(
    /// Name of the group.
    #[prop(into)]
    label: String,
    /// From the root to the page itself.
    crumbs: Vec<Crumb>,
) -> impl IntoView {
    let crumbs = crumbs
        .into_iter()
        .map(|crumb| match given(&crumb.href) {
            Some(href) => view! {
                <li>
                    <a href=href>{crumb.label}</a>
                    <Icon glyph=Glyph::ChevronRight />
                </li>
            }
            .into_any(),
            None => view! { <li><span aria-current="page">{crumb.label}</span></li> }.into_any(),
        })
        .collect_view();
    view! {
        <nav class="crumbs" aria-label=label>
            <ol>{crumbs}</ol>
        </nav>
    }
}

/// An entry of the row of page numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageMark {
    /// A page, 1-based.
    Page(u64),
    /// Pages left out.
    Gap,
}

/// The numbers to show for page `page` of `pages`: the ends, the page and its neighbours, gaps between.
/// A gap never stands for a single page.
pub fn page_window(page: u64, pages: u64) -> Vec<PageMark> {
    let page = page.clamp(1, pages.max(1));
    let shown = |n: u64| n == 1 || n == pages || n.abs_diff(page) <= 1;
    let mut marks = Vec::new();
    let mut last = 0;
    for n in (1..=pages).filter(|n| shown(*n)) {
        match n - last {
            0 | 1 => {}
            2 => marks.push(PageMark::Page(n - 1)),
            _ => marks.push(PageMark::Gap),
        }
        marks.push(PageMark::Page(n));
        last = n;
    }
    marks
}

/// Pages of a list, as links. Shows nothing when there is one page.
#[component]
pub fn Pagination<F>(
    /// Name of the group.
    #[prop(into)]
    label: String,
    /// The page that is shown, 1-based.
    page: u64,
    /// How many there are.
    pages: u64,
    /// The address of a page.
    href: F,
    /// "Previous".
    #[prop(into)]
    previous_label: String,
    /// "Next".
    #[prop(into)]
    next_label: String,
    /// The word before each number for assistive technology, such as "Page".
    #[prop(into)]
    page_label: String,
) -> impl IntoView
where
    F: Fn(u64) -> String + 'static,
{
    if pages < 2 {
        return None;
    }
    let marks = page_window(page, pages)
        .into_iter()
        .map(|mark| match mark {
            PageMark::Gap => view! { <li class="page-gap" aria-hidden="true">"…"</li> }.into_any(),
            PageMark::Page(n) => view! {
                <li>
                    <a class="page-link tabular" href=href(n) aria-label=format!("{page_label} {n}") aria-current=(n == page).then_some("page")>
                        {n}
                    </a>
                </li>
            }
            .into_any(),
        })
        .collect_view();
    let previous = (page > 1).then(|| {
        view! {
            <a class="page-link page-step" rel="prev" href=href(page - 1)>
                <Icon glyph=Glyph::ChevronLeft />
                <span>{previous_label}</span>
            </a>
        }
    });
    let next = (page < pages).then(|| {
        view! {
            <a class="page-link page-step" rel="next" href=href(page + 1)>
                <span>{next_label}</span>
                <Icon glyph=Glyph::ChevronRight />
            </a>
        }
    });
    Some(view! {
        <nav class="pages" aria-label=label>
            {previous}
            <ol>{marks}</ol>
            {next}
        </nav>
    })
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepState {
    /// Behind.
    Done,
    /// Here.
    Current,
    /// Ahead.
    #[default]
    Ahead,
}

/// One step of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What is done in it.
    pub label: String,
    /// How far it is.
    pub state: StepState,
    /// Where to go to do it again; empty when there is no way back.
    pub href: String,
}

/// Where one is in a task of several steps.
#[component]
pub fn Steps(
    /// Name of the task.
    #[prop(into)]
    label: String,
    /// The steps, in order.
    steps: Vec<Step>,
    /// Said after a step that is done.
    #[prop(into)]
    done_text: String,
) -> impl IntoView {
    let steps = steps
        .into_iter()
        .zip(1..)
        .map(|(step, number)| {
            let (state, mark) = match step.state {
                StepState::Done => {
                    ("done", view! { <Icon glyph=Glyph::Check label=done_text.clone() /> }.into_any())
                }
                StepState::Current => ("current", number.into_any()),
                StepState::Ahead => ("ahead", number.into_any()),
            };
            let body = view! {
                <span class="step-mark tabular">{mark}</span>
                <span class="step-label">{step.label}</span>
            };
            let body = match given(&step.href) {
                Some(href) => view! { <a class="step-body" href=href>{body}</a> }.into_any(),
                None => view! { <span class="step-body">{body}</span> }.into_any(),
            };
            view! {
                <li class="step-item" data-state=state aria-current=(state == "current").then_some("step")>
                    {body}
                </li>
            }
        })
        .collect_view();
    view! { <ol class="step-bar" aria-label=label>{steps}</ol> }
}

#[cfg(test)]
mod tests {
    use super::PageMark::{Gap, Page};
    use super::*;

    #[test]
    fn numbers_of_pages() {
        let cases: [(u64, u64, Vec<PageMark>); 6] = [
            (1, 1, vec![Page(1)]),
            (1, 3, vec![Page(1), Page(2), Page(3)]),
            (3, 5, vec![Page(1), Page(2), Page(3), Page(4), Page(5)]),
            (1, 9, vec![Page(1), Page(2), Gap, Page(9)]),
            (5, 9, vec![Page(1), Gap, Page(4), Page(5), Page(6), Gap, Page(9)]),
            (99, 4, vec![Page(1), Page(2), Page(3), Page(4)]),
        ];
        for (page, pages, marks) in cases {
            assert_eq!(page_window(page, pages), marks, "page {page} of {pages}");
        }
    }
}
