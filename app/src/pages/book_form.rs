//! The form of one start, to keep it or to move a lesson there.

use leptos::prelude::*;

use super::{
    forms::PostForm,
    i18n::{Locale, td_string},
};
use crate::ui::{Button, ButtonLink, ButtonSize, ButtonVariant, Card};

/// A start with the one button that takes it, and the way back to the calendar.
#[component]
pub(super) fn StartForm(
    /// The language.
    locale: Locale,
    /// What it is about.
    title: &'static str,
    /// When it is.
    when: AnyView,
    /// What taking it means.
    note: &'static str,
    /// The endpoint of the server function.
    action: &'static str,
    /// What the form sends.
    fields: Vec<(&'static str, String)>,
    /// What the button says.
    button: &'static str,
    /// The address of the calendar.
    calendar: String,
) -> impl IntoView {
    view! {
        <Card title=title>
            {when}
            <p class="quiet book-note">{note}</p>
            <PostForm action class="form">
                {hidden(&fields)}
                <div class="form-actions">
                    <Button size=ButtonSize::Large>{button}</Button>
                    <ButtonLink href=calendar variant=ButtonVariant::Ghost>
                        {td_string!(locale, booking.another_time)}
                    </ButtonLink>
                </div>
            </PostForm>
        </Card>
    }
}

/// Fields that a form sends and nobody fills in.
pub(super) fn hidden(fields: &[(&'static str, String)]) -> AnyView {
    let fields = fields.iter().cloned();
    fields
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view()
        .into_any()
}
