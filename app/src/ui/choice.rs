//! Yes or no, and one of a few.

use leptos::prelude::*;

use super::{Glyph, Icon, classes, given};

/// Yes or no, with its text as the target too.
#[component]
pub fn Checkbox(
    /// Name in the form, and its id unless `id` is given.
    #[prop(into)]
    name: String,
    /// Id, where several boxes share a name.
    #[prop(optional, into)]
    id: String,
    /// What is sent when it is ticked.
    #[prop(default = "true".to_owned(), into)]
    value: String,
    /// What a person agrees to or chooses.
    #[prop(into)]
    label: String,
    /// What helps to decide.
    #[prop(optional, into)]
    hint: String,
    /// What is wrong with what was sent.
    #[prop(optional, into)]
    error: String,
    /// Ticked at first.
    #[prop(optional)]
    checked: bool,
    /// Must be ticked.
    #[prop(optional)]
    required: bool,
    /// Not usable now.
    #[prop(optional)]
    disabled: bool,
    /// Shown as a switch: for what takes effect at once or is a state, not a consent.
    #[prop(optional)]
    switch: bool,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let id = given(&id).unwrap_or_else(|| name.clone());
    let error_id = format!("{id}-error");
    view! {
        <div class=classes("choice-field", &class)>
            <label class="choice" for=id.clone()>
                <input
                    id=id.clone()
                    name=name.clone()
                    type="checkbox"
                    role=switch.then_some("switch")
                    class=if switch { "toggle toggle-primary" } else { "checkbox checkbox-primary" }
                    value=value
                    checked=checked
                    required=required
                    disabled=disabled
                    aria-invalid=(!error.is_empty()).then_some("true")
                    aria-describedby=error_id.clone()
                />
                <span>
                    {label}
                    {given(&hint).map(|hint| view! { <span class="choice-hint">{hint}</span> })}
                </span>
            </label>
            <p id=error_id.clone() class="field-error" data-error-for=id.clone() hidden=error.is_empty()>
                <Icon glyph=Glyph::Error />
                <span data-error-text="">{error.clone()}</span>
            </p>
        </div>
    }
}

/// One entry of a [`RadioGroup`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceItem {
    /// What is sent.
    pub value: String,
    /// What a person reads.
    pub label: String,
    /// What helps to decide; may be empty.
    pub hint: String,
}

impl ChoiceItem {
    /// An entry that sends `value` and reads `label`, with a hint that may be empty.
    pub fn new(value: impl Into<String>, label: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: hint.into() }
    }
}

/// One of a few, all of them in sight.
#[component]
pub fn RadioGroup(
    /// Name in the form; the ids are `{name}-{value}`.
    #[prop(into)]
    name: String,
    /// The question.
    #[prop(into)]
    legend: String,
    /// The answers, in order.
    items: Vec<ChoiceItem>,
    /// The value that is chosen at first.
    #[prop(optional, into)]
    value: String,
    /// What is wrong with what was sent.
    #[prop(optional, into)]
    error: String,
    /// Must be answered.
    #[prop(optional)]
    required: bool,
    /// Answers as tiles beside each other.
    #[prop(optional)]
    tiles: bool,
) -> impl IntoView {
    let error_id = format!("{name}-error");
    let group = name.clone();
    let items = items
        .into_iter()
        .map(|item| {
            let id = format!("{group}-{}", item.value);
            let checked = item.value == value;
            view! {
                <label class="choice" for=id.clone()>
                    <input id=id.clone() name=group.clone() type="radio" class="radio radio-primary" value=item.value checked=checked required=required />
                    <span>
                        {item.label}
                        {given(&item.hint).map(|hint| view! { <span class="choice-hint">{hint}</span> })}
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choices" data-tiles=tiles.then_some("true") aria-describedby=error_id.clone()>
            <legend class="field-label">
                {legend}
                {required.then(|| view! { <span class="field-required" aria-hidden="true">"*"</span> })}
            </legend>
            <div class="choice-list">{items}</div>
            <p id=error_id.clone() class="field-error" data-error-for=name.clone() hidden=error.is_empty()>
                <Icon glyph=Glyph::Error />
                <span data-error-text="">{error.clone()}</span>
            </p>
        </fieldset>
    }
}
