//! Dialogs on the browser's own `<dialog>`.

use leptos::prelude::*;

use super::{Button, ButtonVariant, Glyph, Icon, given};

/// A button that opens the [`Dialog`] with the id `target`, without script in browsers that know `command`.
///
/// Where a dialog must work everywhere, make its opener a link to the same page with a query that renders the dialog
/// `open`.
#[component]
pub fn DialogOpener(
    /// Id of the dialog.
    #[prop(into)]
    target: String,
    /// Weight of the action.
    #[prop(default = ButtonVariant::Secondary)]
    variant: ButtonVariant,
    /// Symbol before the text.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// The text.
    children: Children,
) -> impl IntoView {
    let look = match variant {
        ButtonVariant::Primary => "btn btn-primary",
        ButtonVariant::Secondary => "btn btn-quiet",
        ButtonVariant::Ghost => "btn btn-ghost",
        ButtonVariant::Danger => "btn btn-danger",
    };
    view! {
        <button type="button" class=look commandfor=target.clone() command="show-modal" data-opens=target aria-haspopup="dialog">
            {icon.map(|glyph| view! { <Icon glyph /> })}
            {children()}
        </button>
    }
}

/// A dialog with a title, a body and a row of actions. Escape and the cross close it.
#[component]
pub fn Dialog(
    /// Id that openers name.
    #[prop(into)]
    id: String,
    /// What the dialog asks or shows.
    #[prop(into)]
    title: String,
    /// Name of the cross.
    #[prop(into)]
    close_label: String,
    /// Open when the page arrives: the way without script, where `close_href` leads back.
    #[prop(optional)]
    open: bool,
    /// Where the cross goes without script when the dialog arrived open.
    #[prop(optional, into)]
    close_href: String,
    /// Buttons at the foot, the one that does it last.
    #[prop(optional, into)]
    actions: ViewFn,
    /// The body.
    children: Children,
) -> impl IntoView {
    let title_id = format!("{id}-title");
    let close = match given(&close_href) {
        Some(href) => view! {
            <a class="btn btn-ghost btn-square dialog-close" href=href aria-label=close_label>
                <Icon glyph=Glyph::Close />
            </a>
        }
        .into_any(),
        None => view! {
            <form method="dialog" class="dialog-close">
                <Button kind="submit" variant=ButtonVariant::Ghost icon=Glyph::Close label=close_label />
            </form>
        }
        .into_any(),
    };
    view! {
        <dialog id=id class="dialog" aria-labelledby=title_id.clone() open=open>
            <div class="dialog-head">
                <h2 id=title_id.clone() class="dialog-title">{title}</h2>
                {close}
            </div>
            <div class="dialog-body">{children()}</div>
            <div class="dialog-actions">{actions.run()}</div>
        </dialog>
    }
}
