//! Frames for content.

use leptos::prelude::*;

use super::{Glyph, Icon, classes, given};

/// A surface that holds what belongs together.
#[component]
pub fn Card(
    /// Heading of the card.
    #[prop(optional, into)]
    title: String,
    /// Actions beside the heading.
    #[prop(optional, into)]
    actions: ViewFn,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class=classes("card card-pad", &class)>
            {given(&title)
                .map(|title| {
                    view! {
                        <div class="card-head">
                            <h2 class="card-heading">{title}</h2>
                            <div class="card-head-actions">{actions.run()}</div>
                        </div>
                    }
                })}
            {children()}
        </section>
    }
}

/// The top of a page: its one `h1`, a line under it, and its actions.
#[component]
pub fn PageHeader(
    /// The page's heading.
    #[prop(into)]
    title: String,
    /// What the page is for.
    #[prop(optional, into)]
    lead: String,
    /// A short word above the heading.
    #[prop(optional, into)]
    kicker: String,
    /// The page's actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="page-header">
            <div class="page-header-text">
                {given(&kicker).map(|kicker| view! { <p class="kicker">{kicker}</p> })}
                <h1>{title}</h1>
                {given(&lead).map(|lead| view! { <p class="lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="page-header-actions">{children()}</div> })}
        </header>
    }
}

/// Something more that opens on demand, without script.
#[component]
pub fn Disclosure(
    /// What it holds.
    #[prop(into)]
    summary: String,
    /// Open at first.
    #[prop(optional)]
    open: bool,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <details class=classes("disclosure", &class) open=open>
            <summary>{summary} <Icon glyph=Glyph::ChevronDown /></summary>
            <div class="disclosure-body">{children()}</div>
        </details>
    }
}

/// One figure with its name.
#[component]
pub fn Stat(
    /// What is counted.
    #[prop(into)]
    label: String,
    /// The figure, formatted.
    #[prop(into)]
    value: String,
    /// What it is compared with, or what it covers.
    #[prop(optional, into)]
    note: String,
    /// A symbol.
    #[prop(optional)]
    icon: Option<Glyph>,
) -> impl IntoView {
    view! {
        <div class="stat-tile">
            <p class="stat-label">{icon.map(|glyph| view! { <Icon glyph /> })} {label}</p>
            <p class="stat-value tabular">{value}</p>
            {given(&note).map(|note| view! { <p class="stat-note">{note}</p> })}
        </div>
    }
}

/// An amount of money, formatted by the server, with what it is for.
#[component]
pub fn Price(
    /// The amount with its currency.
    #[prop(into)]
    amount: String,
    /// What it buys, such as "60 min".
    #[prop(optional, into)]
    unit: String,
    /// A word before it, such as "from".
    #[prop(optional, into)]
    before: String,
) -> impl IntoView {
    view! {
        <span class="price">
            {given(&before).map(|before| view! { <span class="price-note">{before} " "</span> })}
            <span class="price-amount tabular">{amount}</span>
            {given(&unit).map(|unit| view! { <span class="price-note">" / " {unit}</span> })}
        </span>
    }
}
