//! Tables that become lists of cards on a narrow screen.

use leptos::prelude::*;

use super::{classes, given};

/// A column's heading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// What a person reads.
    pub label: String,
    /// Its cells are numbers: right-aligned, figures of one width.
    pub numeric: bool,
}

impl Column {
    /// A column of text.
    pub fn text(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: false }
    }

    /// A column of numbers.
    pub fn number(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: true }
    }
}

/// A table. Its rows are `<tr>` of [`Cell`]s.
#[component]
pub fn Table(
    /// What the table shows.
    #[prop(into)]
    caption: String,
    /// The caption is for assistive technology only, because a heading says it already.
    #[prop(optional)]
    caption_hidden: bool,
    /// The headings.
    columns: Vec<Column>,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let columns = columns
        .into_iter()
        .map(|column| {
            view! { <th scope="col" data-numeric=column.numeric.then_some("true")>{column.label}</th> }
        })
        .collect_view();
    view! {
        <div class=classes("table-frame", &class)>
            <table class="data-table">
                <caption class=if caption_hidden { "sr-only" } else { "" }>{caption}</caption>
                <thead>
                    <tr>{columns}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// A cell, which names its column where the headings are out of sight.
#[component]
pub fn Cell(
    /// The column's heading, shown beside the value on a narrow screen.
    #[prop(optional, into)]
    label: String,
    /// A number.
    #[prop(optional)]
    numeric: bool,
    /// The value.
    children: Children,
) -> impl IntoView {
    // One child beside the label: on a narrow screen the two share a line.
    view! { <td data-label=given(&label) data-numeric=numeric.then_some("true")><div>{children()}</div></td> }
}
