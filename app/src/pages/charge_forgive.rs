//! Letting a student off what is owed, on the page of its charge: for admins.

use leptos::prelude::*;
use services::payment::Explanation;

use super::{
    charge_words::amount,
    context::Visit,
    forms::{PostForm, error_on, kept_or},
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Dialog, Field, Textarea};

/// The way to the question.
#[component]
pub fn ForgiveLink(
    /// The language.
    locale: Locale,
) -> impl IntoView {
    view! {
        <ButtonLink href="?forgive=1" variant=ButtonVariant::Danger attr:data-opens="forgive">{td_string!(locale, charge.forgive)}</ButtonLink>
    }
}

/// The question, with what follows from a yes. Without script it arrives open at its own address.
#[component]
pub fn ForgiveDialog(
    /// The request.
    visit: Visit,
    /// What is owed.
    explained: Explanation,
) -> impl IntoView {
    let locale = visit.locale();
    let open = query::get(&visit.query, "forgive").is_some();
    let Explanation { booking, split, .. } = explained;
    let page = format!("/lessons/{}/charge", booking.id);
    let close = if open { page.clone() } else { String::new() };
    let (owed, part) = (amount(locale, split.charge), amount(locale, split.payout));
    let text = td_string!(locale, charge.forgive_text, amount = owed, payout = part).to_string();
    view! {
        <Dialog id="forgive" title=td_string!(locale, charge.forgive_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{text}</p>
            <PostForm action="forgive_debt" class="form">
                <input type="hidden" name="booking" value=booking.id.to_string()/>
                <Field id="note" label=td_string!(locale, charge.reason) hint=td_string!(locale, charge.refund_reason_hint) required=true error=error_on("note")>
                    <Textarea name="note" rows=3 max=500 value=kept_or("note", String::new())/>
                </Field>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, charge.forgive)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, charge.forgive_keep)}</ButtonLink>
                </div>
            </PostForm>
        </Dialog>
    }
}

/// That it was forgiven, and why.
#[component]
pub fn Forgiven(
    /// The language.
    locale: Locale,
    /// In the admin's words.
    note: String,
) -> impl IntoView {
    view! {
        <div class="stack-tight">
            <p>{td_string!(locale, charge.forgiven_text)}</p>
            <blockquote class="chat-quote">{note}</blockquote>
        </div>
    }
}
