//! What the page says about what happened, is happening, or is missing.

use leptos::prelude::*;

use super::{ButtonLink, Glyph, Icon, Tone, classes, given};

/// A notice in the flow of the page. Warnings and failures interrupt a screen reader, the rest wait.
#[component]
pub fn Alert(
    /// What kind of notice.
    #[prop(default = Tone::Info)]
    tone: Tone,
    /// What happened, in a few words.
    #[prop(optional, into)]
    title: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// What it means and what to do.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let role = if matches!(tone, Tone::Danger | Tone::Warning) { "alert" } else { "status" };
    view! {
        <div class=classes("notice", &class) data-tone=tone.name() role=role>
            <Icon glyph=tone.glyph() />
            <div class="notice-text">
                {given(&title).map(|title| view! { <p class="notice-title">{title}</p> })}
                {children.map(|children| view! { <div>{children()}</div> })}
            </div>
        </div>
    }
}

/// The one place of a page where passing messages appear; a live region, so present from the start.
#[component]
pub fn ToastRegion(
    /// Name of the region.
    #[prop(into)]
    label: String,
    /// Messages that arrive with the page.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section id="toasts" class="toasts" aria-label=label>
            <div class="toasts-live" role="status" aria-live="polite" aria-atomic="false" data-toasts="">
                {children.map(|children| children())}
            </div>
        </section>
    }
}

/// A passing message. The script that adds it takes it away again; hover and focus keep it.
#[component]
pub fn Toast(
    /// What kind of message.
    #[prop(default = Tone::Info)]
    tone: Tone,
    /// The message.
    #[prop(into)]
    text: String,
    /// Name of the cross; without it there is none.
    #[prop(optional, into)]
    dismiss_label: String,
) -> impl IntoView {
    view! {
        <div class="toast-card" data-tone=tone.name()>
            <Icon glyph=tone.glyph() />
            <p>{text}</p>
            {given(&dismiss_label)
                .map(|label| {
                    view! {
                        <button type="button" class="btn btn-ghost btn-sm btn-square" aria-label=label data-dismiss="">
                            <Icon glyph=Glyph::Close />
                        </button>
                    }
                })}
        </div>
    }
}

/// Grey lines where text will be. `label` is said once by a screen reader.
#[component]
pub fn Skeleton(
    /// What is being waited for.
    #[prop(into)]
    label: String,
    /// How many lines.
    #[prop(default = 3)]
    lines: u32,
) -> impl IntoView {
    view! {
        <div class="skeleton-lines" role="status">
            <span class="sr-only">{label}</span>
            {(0..lines).map(|_| view! { <span class="skeleton skeleton-line"></span> }).collect_view()}
        </div>
    }
}

/// A grey card of the size of a [`super::TutorCard`], so that nothing moves when the real one arrives.
#[component]
pub fn SkeletonCard() -> impl IntoView {
    view! {
        <div class="card card-pad skeleton-card" aria-hidden="true">
            <span class="skeleton skeleton-avatar"></span>
            <div class="skeleton-lines">
                <span class="skeleton skeleton-line"></span>
                <span class="skeleton skeleton-line"></span>
                <span class="skeleton skeleton-line"></span>
            </div>
        </div>
    }
}

/// An empty list, which says what to do next.
#[component]
pub fn EmptyState(
    /// A symbol for what would be here.
    #[prop(default = Glyph::Inbox)]
    glyph: Glyph,
    /// What is not here.
    #[prop(into)]
    title: String,
    /// Why, and what would change it.
    #[prop(optional, into)]
    text: String,
    /// The way on: buttons or links.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-mark" aria-hidden="true">
                <Icon glyph />
            </span>
            <p class="empty-title">{title}</p>
            {given(&text).map(|text| view! { <p class="empty-text">{text}</p> })}
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </div>
    }
}

/// A failure: what happened, its number in the log, and the way on.
#[component]
pub fn ErrorPanel(
    /// What happened.
    #[prop(into)]
    title: String,
    /// Whether it is all that the page has: its title is the page's.
    #[prop(optional)]
    whole: bool,
    /// What it means for the reader.
    #[prop(optional, into)]
    text: String,
    /// The words before the request id.
    #[prop(optional, into)]
    request_label: String,
    /// The request id that the log carries.
    #[prop(optional, into)]
    request_id: String,
    /// Where "try again" goes.
    #[prop(optional, into)]
    retry_href: String,
    /// The words of "try again".
    #[prop(optional, into)]
    retry_label: String,
    /// Other ways on.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let retry = (!retry_label.is_empty()).then(|| {
        view! { <ButtonLink href=retry_href icon=Glyph::Refresh attr:data-retry="">{retry_label}</ButtonLink> }
    });
    let heading = if whole {
        view! { <h1 class="error-title">{title}</h1> }.into_any()
    } else {
        view! { <h2 class="error-title">{title}</h2> }.into_any()
    };
    view! {
        <section class="error-panel" role="alert">
            <span class="error-mark" aria-hidden="true">
                <Icon glyph=Glyph::Error />
            </span>
            {heading}
            {given(&text).map(|text| view! { <p class="error-text">{text}</p> })}
            <div class="empty-actions">{retry} {children.map(|children| children())}</div>
            {given(&request_id)
                .map(|id| {
                    view! {
                        <p class="error-request">
                            {request_label} " " <code>{id}</code>
                        </p>
                    }
                })}
        </section>
    }
}
