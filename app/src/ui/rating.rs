//! Stars: a mean to read, and a mark to give.

use leptos::prelude::*;

use super::{Glyph, classes, given};

/// A mean of ratings as five stars and a number.
#[component]
pub fn Stars(
    /// The mean in tenths, 0 to 50.
    tenths: u32,
    /// The mean as the reader's language writes it.
    #[prop(into)]
    mean: String,
    /// The whole in words, for assistive technology, such as "4.4 of 5 stars, 31 ratings".
    #[prop(into)]
    text: String,
    /// How many ratings, shown after the number.
    #[prop(optional, into)]
    count: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let row = || {
        (0..5).map(|_| view! { <svg viewBox="0 0 24 24"><path d=Glyph::Star.path() /></svg> }).collect_view()
    };
    let filled = format!("width:{}%", tenths.min(50) * 2);
    view! {
        <span class=classes("stars", &class)>
            <span class="sr-only">{text}</span>
            <span class="stars-row" aria-hidden="true">
                <span class="stars-empty">{row()}</span>
                <span class="stars-full" style=filled>{row()}</span>
            </span>
            <span class="stars-mean tabular" aria-hidden="true">{mean}</span>
            {given(&count).map(|count| view! { <span class="stars-count" aria-hidden="true">{count}</span> })}
        </span>
    }
}

/// A mark from 1 to 5 as radio buttons that look like stars.
#[component]
pub fn RatingInput(
    /// Name in the form.
    #[prop(into)]
    name: String,
    /// The question.
    #[prop(into)]
    legend: String,
    /// What each mark means, from 1 to 5.
    labels: [String; 5],
    /// The mark that is chosen at first; 0 for none.
    #[prop(optional)]
    value: u8,
) -> impl IntoView {
    let stars = labels
        .into_iter()
        .zip(1u8..)
        .map(|(label, mark)| {
            view! {
                <label class="star-choice">
                    <input type="radio" name=name.clone() value=mark.to_string() checked=mark == value required=true />
                    <svg viewBox="0 0 24 24" aria-hidden="true">
                        <path d=Glyph::Star.path() />
                    </svg>
                    <span class="star-text">{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="star-input">
            <legend class="field-label">{legend}</legend>
            <div class="star-choices">{stars}</div>
        </fieldset>
    }
}
