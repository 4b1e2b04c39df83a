//! Fields of forms: a label, a control, a hint and an error that belong together.
//!
//! A [`Field`] gives the control inside it its `id`, `aria-describedby` and `aria-invalid`. The place of the error
//! is always in the page (`data-error-for`), so that the enhancement of forms can fill it without a reload.

use leptos::context::Provider;
use leptos::prelude::*;

use super::{Glyph, Icon, classes, given};

/// What a control takes over from the field around it.
#[derive(Clone, Debug, Default)]
struct Wiring {
    id: String,
    described_by: String,
    invalid: bool,
    required: bool,
}

fn wiring(name: &str) -> Wiring {
    use_context::<Wiring>().unwrap_or_else(|| Wiring { id: name.to_owned(), ..Wiring::default() })
}

/// A label with its control, hint and error.
#[component]
pub fn Field(
    /// The control's id; hint and error are `{id}-hint` and `{id}-error`.
    #[prop(into)]
    id: String,
    /// The name that a person reads.
    #[prop(into)]
    label: String,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: String,
    /// What is wrong with what was sent.
    #[prop(optional, into)]
    error: String,
    /// Must be filled in.
    #[prop(optional)]
    required: bool,
    /// Said beside the label of a field that may stay empty, such as "optional".
    #[prop(optional, into)]
    optional_text: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// The control.
    children: Children,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let described_by = if hint.is_empty() { error_id.clone() } else { format!("{hint_id} {error_id}") };
    let wiring = Wiring { id: id.clone(), described_by, invalid: !error.is_empty(), required };
    view! {
        <div class=classes("field", &class) data-invalid=(!error.is_empty()).then_some("true")>
            <label class="field-label" for=id.clone()>
                {label}
                {required.then(|| view! { <span class="field-required" aria-hidden="true">"*"</span> })}
                {given(&optional_text).map(|text| view! { <span class="field-optional">{text}</span> })}
            </label>
            {given(&hint).map(|hint| view! { <p id=hint_id class="field-hint">{hint}</p> })}
            <Provider value=wiring>{children()}</Provider>
            <p id=error_id class="field-error" data-error-for=id hidden=error.is_empty()>
                <Icon glyph=Glyph::Error />
                <span data-error-text="">{error.clone()}</span>
            </p>
        </div>
    }
}

/// A control of one line. Further attributes are given with `attr:`, events with `on:`.
#[component]
pub fn Input(
    /// Name in the form, and the id where no [`Field`] is around.
    #[prop(into)]
    name: String,
    /// The HTML type: `text`, `email`, `password`, `number`, `date`, `search`, …
    #[prop(default = "text")]
    kind: &'static str,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// An example of what to write; never the label.
    #[prop(optional, into)]
    placeholder: String,
    /// What the browser may fill in (`email`, `current-password`, `one-time-code`, …).
    #[prop(optional, into)]
    autocomplete: String,
    /// Not usable now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let field = wiring(&name);
    view! {
        <input
            id=field.id
            name=name
            type=kind
            class=classes("input", &class)
            value=value
            placeholder=given(&placeholder)
            autocomplete=given(&autocomplete)
            required=field.required
            aria-invalid=field.invalid.then_some("true")
            aria-describedby=given(&field.described_by)
            disabled=move || disabled.get()
        />
    }
}

/// A control of several lines, with an optional note of how much may be written.
#[component]
pub fn Textarea(
    /// Name in the form, and the id where no [`Field`] is around.
    #[prop(into)]
    name: String,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// Height in lines.
    #[prop(default = 4)]
    rows: u32,
    /// Fewest characters (Unicode scalar values).
    #[prop(optional)]
    min: Option<u32>,
    /// Most characters (Unicode scalar values). The browser's own `maxlength` counts UTF-16 units and is not used.
    #[prop(optional)]
    max: Option<u32>,
    /// What the limits are, in words; the enhancement of forms writes the count after it.
    #[prop(optional, into)]
    counter: String,
    /// The page begins in it.
    #[prop(optional)]
    autofocus: bool,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let field = wiring(&name);
    let counter_id = format!("{}-counter", field.id);
    let described_by =
        if counter.is_empty() { field.described_by } else { format!("{} {counter_id}", field.described_by) };
    let count = value.chars().count();
    view! {
        <textarea
            id=field.id.clone()
            name=name
            class=classes("textarea", &class)
            rows=rows
            required=field.required
            aria-invalid=field.invalid.then_some("true")
            aria-describedby=given(described_by.trim())
            autofocus=autofocus
            data-min-chars=min
            data-max-chars=max
        >
            {value}
        </textarea>
        {given(&counter)
            .map(|text| {
                view! {
                    <p id=counter_id class="field-counter">
                        <span>{text}</span>
                        {max.map(|max| view! {
                            <span class="tabular" data-count-for=field.id>{format!("{count} / {max}")}</span>
                        })}
                    </p>
                }
            })}
    }
}

/// One entry of a [`Select`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectOption {
    /// What is sent.
    pub value: String,
    /// What a person reads.
    pub label: String,
    /// Values that mean the same and are no longer sent, separated by blanks.
    pub formerly: String,
}

impl SelectOption {
    /// An entry that sends `value` and reads `label`.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), formerly: String::new() }
    }
}

/// One of several, from a list that opens.
#[component]
pub fn Select(
    /// Name in the form, and the id where no [`Field`] is around.
    #[prop(into)]
    name: String,
    /// The entries, in order.
    options: Vec<SelectOption>,
    /// The value that is chosen at first.
    #[prop(optional, into)]
    value: String,
    /// Not usable now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let field = wiring(&name);
    let options = options
        .into_iter()
        .map(|option| {
            let selected = option.value == value;
            let formerly = (!option.formerly.is_empty()).then_some(option.formerly);
            view! {
                <option value=option.value selected=selected data-formerly=formerly>{option.label}</option>
            }
        })
        .collect_view();
    view! {
        <select
            id=field.id
            name=name
            class=classes("select", &class)
            required=field.required
            aria-invalid=field.invalid.then_some("true")
            aria-describedby=given(&field.described_by)
            disabled=move || disabled.get()
        >
            {options}
        </select>
    }
}
