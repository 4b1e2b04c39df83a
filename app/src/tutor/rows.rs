//! Rows of two fields that can be added and taken away: durations with prices, ranges of time.

#![expect(missing_docs, reason = "the macro makes a struct of the island's props")]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What a row's two fields are, and what the buttons say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowTexts {
    /// What comes before the row's number in the names: `durations` gives `durations[0][minutes]`.
    pub name: String,
    /// The two keys, such as `minutes` and `price`.
    pub keys: [String; 2],
    /// The labels of the two fields.
    pub labels: [String; 2],
    /// The HTML types of the two fields.
    pub kinds: [String; 2],
    /// The words on the button that adds a row.
    pub add: String,
    /// The words on the button that takes a row away.
    pub remove: String,
}

/// The rows. Without script there are as many as the server rendered, and an empty one is no row.
#[island(lazy)]
pub fn PairRows(
    /// What the rows hold at first, with an empty one at the end for those without script.
    rows: Vec<(String, String)>,
    /// What they are.
    texts: RowTexts,
) -> impl IntoView {
    let awake = RwSignal::new(false);
    Effect::new(move |_| awake.set(true));
    let next = StoredValue::new(rows.len());
    let rows = RwSignal::new(rows.into_iter().enumerate().collect::<Vec<_>>());
    let add = move |_| {
        let id = next.get_value();
        next.set_value(id + 1);
        rows.update(|rows| rows.push((id, (String::new(), String::new()))));
    };
    let add_label = texts.add.clone();
    let row = move |(id, (first, second)): (usize, (String, String))| {
        let remove = move |_| rows.update(|rows| rows.retain(|(other, _)| *other != id));
        view! {
            <div class="time-row">
                {cell(&texts, 0, id, first)}
                {cell(&texts, 1, id, second)}
                <button type="button" class="btn btn-ghost btn-sm" hidden=move || !awake.get() on:click=remove>
                    {texts.remove.clone()}
                </button>
            </div>
        }
    };
    view! {
        <div class="stack-tight">
            <For each=move || rows.get() key=|(id, _)| *id children=row/>
            <p><button type="button" class="btn btn-quiet btn-sm" hidden=move || !awake.get() on:click=add>{add_label}</button></p>
        </div>
    }
}

fn cell(texts: &RowTexts, which: usize, id: usize, value: String) -> impl IntoView + use<> {
    let name = format!("{}[{id}][{}]", texts.name, texts.keys[which]);
    view! {
        <label class="stack-tight small">
            <span class="quiet">{texts.labels[which].clone()}</span>
            <input class="input" name=name type=texts.kinds[which].clone() value=value autocomplete="off"/>
        </label>
    }
}
