//! Forms of pages: one component that posts to a server function, and fields that show what was wrong
//! with what was sent and keep what was typed, with and without JavaScript.

use domain::zone::Zone;
use leptos::{context::Provider, prelude::*};

use super::{
    context::visit,
    flash::{self, Flash},
    format,
    i18n::td_string,
};
use crate::{
    form::Form,
    ui::{Alert, Field, Input, Select, SelectOption, Tone},
};

/// A form that posts to the server function `action`. After a failure that the browser's own post led
/// to, it says what went wrong, and its fields hold what was typed.
#[component]
pub fn PostForm(
    /// The endpoint of the server function, such as `sign_in`.
    action: &'static str,
    /// Classes of the form.
    #[prop(optional, into)]
    class: String,
    /// Sends files.
    #[prop(optional)]
    files: bool,
    /// The fields and buttons.
    children: Children,
) -> impl IntoView {
    let visit = visit();
    let action = format!("/do/{action}");
    let flash = flash::of(&action, &visit.query).unwrap_or_default();
    let unreachable = td_string!(visit.locale(), site.unreachable).to_string();
    let error = flash.error.clone();
    let form = move || {
        let children = children();
        match error {
            Some(error) => view! { <Form action unreachable class files error>{children}</Form> }.into_any(),
            None => view! { <Form action unreachable class files>{children}</Form> }.into_any(),
        }
    };
    view! { <Provider value=flash>{form()}</Provider> }
}

/// What is wrong with a field of the form around; empty where nothing is.
#[must_use]
pub fn error_on(name: &str) -> String {
    let error = use_context::<Flash>().and_then(|flash| flash.error);
    error.filter(|error| error.field.as_deref() == Some(name)).map(|error| error.message).unwrap_or_default()
}

/// What was typed into a field of the form around, or what it holds at first.
#[must_use]
pub fn kept_or(name: &str, first: String) -> String {
    use_context::<Flash>().and_then(|flash| flash.kept.get(name).cloned()).unwrap_or(first)
}

/// A field of one line. Its id is `id`, or its name.
#[component]
pub fn TextField(
    /// Name in the form.
    name: &'static str,
    /// The id, where several forms of a page have the same field.
    #[prop(optional, into)]
    id: String,
    /// The name that a person reads.
    #[prop(into)]
    label: String,
    /// The HTML type.
    #[prop(default = "text")]
    kind: &'static str,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: String,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// What the browser may fill in.
    #[prop(optional, into)]
    autocomplete: String,
    /// Must be filled in.
    #[prop(optional)]
    required: bool,
) -> impl IntoView {
    let id = if id.is_empty() { name.to_owned() } else { id };
    let value = if kind == "password" { String::new() } else { kept_or(name, value) };
    view! {
        <Field id label hint required error=error_on(name)>
            <Input name kind value autocomplete/>
        </Field>
    }
}

/// A field that chooses one of several.
#[component]
pub fn SelectField(
    /// Name in the form.
    name: &'static str,
    /// The id, where several forms of a page have the same field.
    #[prop(optional, into)]
    id: String,
    /// The name that a person reads.
    #[prop(into)]
    label: String,
    /// What helps to choose.
    #[prop(optional, into)]
    hint: String,
    /// The entries.
    options: Vec<SelectOption>,
    /// The value that is chosen at first.
    #[prop(optional, into)]
    value: String,
    /// Must be chosen.
    #[prop(optional)]
    required: bool,
) -> impl IntoView {
    let id = if id.is_empty() { name.to_owned() } else { id };
    view! {
        <Field id label hint required error=error_on(name)>
            <Select name options value=kept_or(name, value)/>
        </Field>
    }
}

/// The choice of a time zone. Where the zone is only assumed, the browser's takes its place.
#[component]
pub fn ZoneField(
    /// The name that a person reads.
    #[prop(into)]
    label: String,
    /// What helps to choose.
    #[prop(optional, into)]
    hint: String,
    /// The zone that is chosen at first.
    value: Zone,
    /// Whether that zone is known, and not merely assumed.
    #[prop(default = true)]
    known: bool,
) -> impl IntoView {
    let value = kept_or("time_zone", value.name().to_owned());
    let browser = (!known).then_some("");
    view! {
        <div data-browser-zone=browser>
            <SelectField name="time_zone" label hint options=zones(&value) value=value.clone() required=true/>
        </div>
    }
}

/// The zones in use with their present distance from UTC, by name; `also` is among them whatever it is.
#[must_use]
pub fn zones(also: &str) -> Vec<SelectOption> {
    let now = visit().now;
    let place = |name: &str| name == "UTC" || name.contains('/') && !name.starts_with("Etc/");
    Zone::all()
        .filter(|zone| place(zone.name()) || zone.name() == also)
        .map(|zone| SelectOption {
            formerly: zone.former_names().collect::<Vec<_>>().join(" "),
            ..SelectOption::new(zone.name(), format::zone(zone, now))
        })
        .collect()
}

/// What went wrong with a plain form to one of `actions`, for forms that have no place of their own for it.
#[component]
pub fn FlashNotice(
    /// The endpoints of the server functions.
    actions: &'static [&'static str],
) -> impl IntoView {
    let visit = visit();
    let flash = actions.iter().find_map(|action| flash::of(&format!("/do/{action}"), &visit.query));
    flash.and_then(|flash| flash.error).map(|error| view! { <Alert tone=Tone::Danger title=error.message/> })
}

/// "Saved", where the address says that the page comes after a change.
#[component]
pub fn SavedNotice() -> impl IntoView {
    let visit = visit();
    let saved = visit.query.split('&').any(|pair| pair == "saved=1");
    saved.then(|| {
        view! { <Alert tone=Tone::Success title=td_string!(visit.locale(), site.saved)/> }
    })
}
