//! Buttons, and links that look like them.

use leptos::prelude::*;

use super::{Glyph, Icon, classes, given};

/// How much weight a button has. A view has one primary button at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonVariant {
    /// The one thing that the view is for.
    #[default]
    Primary,
    /// Another thing that can be done.
    Secondary,
    /// An action that stays in the background.
    Ghost,
    /// An action that takes something away.
    Danger,
}

/// The height of a button. All of them can be hit within 44 px.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonSize {
    /// 36 px, in tables and bars.
    Small,
    /// 44 px.
    #[default]
    Medium,
    /// 52 px, the action of a whole page.
    Large,
}

fn look(variant: ButtonVariant, size: ButtonSize, added: &str) -> String {
    let variant = match variant {
        ButtonVariant::Primary => "btn btn-primary",
        ButtonVariant::Secondary => "btn btn-quiet",
        ButtonVariant::Ghost => "btn btn-ghost",
        ButtonVariant::Danger => "btn btn-danger",
    };
    let size = match size {
        ButtonSize::Small => " btn-sm",
        ButtonSize::Medium => "",
        ButtonSize::Large => " btn-lg",
    };
    classes(&format!("{variant}{size}"), added)
}

/// A button. While `loading` it shows a spinner, keeps its width and is `aria-disabled`.
#[component]
pub fn Button(
    /// Weight of the action.
    #[prop(optional)]
    variant: ButtonVariant,
    /// Height.
    #[prop(optional)]
    size: ButtonSize,
    /// `submit`, `button` or `reset`.
    #[prop(default = "submit")]
    kind: &'static str,
    /// Name sent with the form when this button sends it.
    #[prop(optional, into)]
    name: String,
    /// Value sent with the form when this button sends it.
    #[prop(optional, into)]
    value: String,
    /// Not usable now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Its action is under way.
    #[prop(optional, into)]
    loading: Signal<bool>,
    /// Symbol before the text.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// Name for assistive technology when the button shows only a symbol.
    #[prop(optional, into)]
    label: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// The text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let square = if children.is_none() { "btn-square" } else { "" };
    view! {
        <button
            type=kind
            class=classes(&look(variant, size, square), &class)
            name=given(&name)
            value=given(&value)
            aria-label=given(&label)
            disabled=move || disabled.get()
            aria-busy=move || loading.get().then_some("true")
            aria-disabled=move || loading.get().then_some("true")
        >
            {icon.map(|glyph| view! { <Icon glyph /> })}
            {children.map(|children| children())}
        </button>
    }
}

/// A link with the look of a button: it goes somewhere and changes nothing.
#[component]
pub fn ButtonLink(
    /// Where it goes.
    #[prop(into)]
    href: String,
    /// Weight of the action.
    #[prop(optional)]
    variant: ButtonVariant,
    /// Height.
    #[prop(optional)]
    size: ButtonSize,
    /// Symbol before the text.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// Name for assistive technology when the link shows only a symbol.
    #[prop(optional, into)]
    label: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// The text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let square = if children.is_none() { "btn-square" } else { "" };
    view! {
        <a href=href class=classes(&look(variant, size, square), &class) aria-label=given(&label)>
            {icon.map(|glyph| view! { <Icon glyph /> })}
            {children.map(|children| children())}
        </a>
    }
}
