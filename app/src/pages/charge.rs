//! Why was I charged: the page of a charge, for the two parties and for admins. Printed, it is the receipt.

use domain::{account::Role, booking::Party};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    booking,
    dispute::{self, Bank},
    payment::{self, Card as SavedCard, ChargeStatus, Explanation, RefundRow},
};

use super::{
    card_choice::CardChoice,
    charge_forgive::{ForgiveDialog, ForgiveLink, Forgiven},
    charge_tables::{Inputs, Ledger, Parties, Refunds, SplitTable},
    charge_words::{Standing, amount, why},
    chargeback::{BankCard, is_taken},
    context::Visit,
    format,
    forms::{PostForm, SavedNotice, error_on, kept_or},
    gate::signed_in,
    i18n::{Locale, td_string},
    lesson_parts::Evidence,
    load::load,
    query,
    updates::Updates,
};
use crate::ui::{
    Alert, Button, ButtonLink, ButtonVariant, Card, Dialog, Field, Glyph, Input, PageHeader, StateBadge,
    Textarea, Tone,
};

/// Everything that the page shows.
#[derive(Clone)]
pub struct Loaded {
    /// The charge, and what it was found from.
    pub explained: Explanation,
    /// What was given back.
    pub refunds: Vec<RefundRow>,
    /// What banks do about the payment, oldest first.
    pub banks: Vec<Bank>,
    /// On which side the reader stands; `None` for an admin.
    pub side: Option<Party>,
    /// The reader is an admin.
    pub admin: bool,
    /// The cards with which a student can pay what is owed.
    pub cards: Vec<SavedCard>,
}

/// `/lessons/{id}/charge`
#[component]
pub fn ChargePage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let id = id.parse()?;
                let explained = payment::explain(&visit.services, &actor, id).await?;
                let side = booking::party(&actor, &explained.booking);
                let pays = side == Some(Party::Student) && explained.status == ChargeStatus::Debt;
                let cards =
                    if pays { payment::list_cards(&visit.services, &actor).await? } else { Vec::new() };
                let refunds = payment::list_refunds(&visit.services, &actor, id).await?;
                let disputed = dispute::of_lesson(&visit.services, &actor, id).await?;
                let banks = disputed.disputes.into_iter().flat_map(|dispute| dispute.banks).collect();
                Ok(Loaded { explained, refunds, banks, side, admin: actor.role == Role::Admin, cards })
            },
            |visit, loaded| view! { <Shown visit loaded/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let booking = &loaded.explained.booking;
    let title = td_string!(locale, charge.title, title = booking.title.clone()).to_string();
    let heading = if loaded.side == Some(Party::Student) {
        td_string!(locale, charge.heading_student)
    } else {
        td_string!(locale, charge.heading)
    };
    let left = loaded.explained.split.charge.minor - loaded.explained.refunded;
    let forgivable = loaded.admin && loaded.explained.status == ChargeStatus::Debt;
    let paid_now = loaded.explained.status == ChargeStatus::Paid && !is_taken(&loaded.banks);
    let refundable = loaded.admin && left > 0 && paid_now;
    let lesson = format!("/lessons/{}", booking.id);
    let student = loaded.side == Some(Party::Student);
    let pays = student && loaded.explained.status == ChargeStatus::Debt && visit.services.payments.is_some();
    let paid = visit.query.split('&').any(|pair| pair == "paid=1");
    view! {
        <Title text=title/>
        <div class="page page-text flow">
            <PageHeader title=heading kicker=booking.title.clone()>
                <ButtonLink href=lesson variant=ButtonVariant::Secondary>{td_string!(locale, charge.back)}</ButtonLink>
                {refundable.then(|| view! {
                    <ButtonLink href="?refund=1" variant=ButtonVariant::Danger attr:data-opens="refund">{td_string!(locale, charge.refund)}</ButtonLink>
                })}
                {forgivable.then(|| view! { <ForgiveLink locale/> })}
            </PageHeader>
            <SavedNotice/>
            {paid.then(|| view! { <Alert tone=Tone::Success title=td_string!(locale, charge.pay_done)/> })}
            <div id="charge" data-live="" class="flow"><Verdict visit=visit.clone() loaded=loaded.clone()/></div>
            {pays.then(|| view! { <Pay locale loaded=loaded.clone()/> })}
            <div id="grounds" data-live="" class="flow"><Grounds visit=visit.clone() loaded=loaded.clone()/></div>
            {refundable.then(|| view! { <RefundDialog visit=visit.clone() loaded=loaded.clone()/> })}
            {forgivable.then(|| view! { <ForgiveDialog visit=visit.clone() explained=loaded.explained.clone()/> })}
            <Updates/>
        </div>
    }
}

/// How much, how it stands, and why in a sentence.
#[component]
fn Verdict(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let Loaded { explained, side, banks, .. } = loaded;
    let receipt = explained.receipt;
    let issuer = visit.services.config.web.public_url.clone();
    let shown = amount(locale, explained.split.charge);
    let refunded = (explained.refunded > 0).then(|| {
        let given = format::money(locale, explained.refunded, explained.split.charge.currency);
        view! { <p>{td_string!(locale, charge.refunded_text, amount = given)}</p> }
    });
    let reduced = (explained.reduced > 0).then(|| {
        let less = format::money(locale, explained.reduced, explained.split.charge.currency);
        view! { <p>{td_string!(locale, charge.reduced_text, amount = less).to_string()}</p> }
    });
    let forgiven = explained.forgiven.clone().map(|note| view! { <Forgiven locale note/> });
    let waived = explained.waived.then(|| view! { <p>{td_string!(locale, charge.waived_text)}</p> });
    let owed = (explained.status == ChargeStatus::Debt).then(|| view! { <Owed locale side/> });
    let badge =
        view! { <ChargeBadge locale taken=is_taken(&banks) standing=Standing::of_explained(&explained)/> };
    view! {
        <Card>
            <div class="stack">
                {receipt.map(|number| view! {
                    <p class="print-only"><strong>{td_string!(locale, charge.receipt_title, number = number.to_string())}</strong><br/>{issuer}</p>
                })}
                <p class="row">
                    <strong class="charge-amount tabular">{shown}</strong>
                    {badge}
                </p>
                <p>{why(locale, visit.zone, &explained)}</p>
                {waived}
                {forgiven}
                {reduced}
                {refunded}
                {owed}
                <Parties visit explained/>
                {receipt.map(|_| view! { <p class="quiet small no-print">{td_string!(locale, charge.print_hint)}</p> })}
            </div>
        </Card>
    }
}

/// How a charge stands. What a bank has taken back is not called paid.
#[component]
pub fn ChargeBadge(
    /// The language.
    locale: Locale,
    /// Whether a bank holds the money.
    taken: bool,
    /// How it stands between the platform and its people.
    standing: Standing,
) -> impl IntoView {
    if taken {
        view! { <StateBadge state="failed" text=td_string!(locale, charge.event_taken_back)/> }
    } else {
        view! { <StateBadge state=standing.code() text=standing.word(locale)/> }
    }
}

/// That it is owed.
#[component]
fn Owed(locale: Locale, side: Option<Party>) -> impl IntoView {
    if side == Some(Party::Student) {
        view! { <Alert tone=Tone::Danger title=td_string!(locale, charge.owed_student)/> }
    } else {
        view! { <Alert tone=Tone::Warning title=td_string!(locale, charge.owed_other)/> }
    }
}

/// Paying what is owed. It stands beside what keeps up with events: those would take away what is being typed.
#[component]
fn Pay(locale: Locale, loaded: Loaded) -> impl IntoView {
    let Loaded { explained, cards, .. } = loaded;
    let booking = explained.booking.id.to_string();
    let due = amount(locale, explained.split.charge);
    view! {
        <div class="no-print">
            <Card title=td_string!(locale, charge.pay_title)>
                <PostForm action="pay_debt" class="form">
                    <input type="hidden" name="booking" value=booking.clone()/>
                    <CardChoice locale cards booking legend=td_string!(locale, cards.which)/>
                    <div class="form-actions">
                        <Button icon=Glyph::Card>{td_string!(locale, charge.pay, amount = due).to_string()}</Button>
                    </div>
                </PostForm>
            </Card>
        </div>
    }
}

/// What the rule was found from, who gets what, what was given back, the ledger, the evidence.
#[component]
fn Grounds(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let Loaded { explained, refunds, banks, .. } = loaded;
    let zone = format::zone(visit.zone, explained.facts.start);
    let json = format!("/api/v2/bookings/{}/charge", explained.booking.id);
    let (booking, attendance) = (explained.booking.clone(), explained.attendance.clone());
    let title = td_string!(locale, charge.refunds_title);
    let given = view! { <Refunds visit=visit.clone() refunds=refunds.clone()/> };
    let given = (!refunds.is_empty()).then(|| view! { <Card title>{given}</Card> });
    let inputs = view! { <Inputs visit=visit.clone() explained=explained.clone()/> };
    let split = view! { <SplitTable locale split=explained.split/> };
    let ledger = view! { <Ledger visit=visit.clone() explained/> };
    let banks = view! { <BankCard visit=visit.clone() banks/> };
    view! {
        {banks}
        <Card title=td_string!(locale, charge.inputs_title)>
            <div class="stack">
                {inputs}
                <p class="quiet small">{td_string!(locale, charge.inputs_zone, zone = zone)}</p>
            </div>
        </Card>
        <Card title=td_string!(locale, charge.split_title)>{split}</Card>
        {given}
        <Card title=td_string!(locale, charge.ledger_title)>{ledger}</Card>
        <Card title=td_string!(locale, charge.evidence_title)><Evidence visit booking attendance/></Card>
        <p class="no-print"><a class="link" href=json>{td_string!(locale, charge.json)}</a></p>
    }
}

/// An admin gives money back. Without script it arrives open at its own address.
#[component]
fn RefundDialog(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let open = query::get(&visit.query, "refund").is_some();
    let Explanation { booking, split, refunded, .. } = loaded.explained;
    let page = format!("/lessons/{}/charge", booking.id);
    let close = if open { page.clone() } else { String::new() };
    let currency = split.charge.currency;
    let left = format::money(locale, split.charge.minor - refunded, currency);
    let label = td_string!(locale, charge.refund_amount, currency = currency.code()).to_string();
    let hint = td_string!(locale, charge.refund_amount_hint, left = left).to_string();
    view! {
        <Dialog id="refund" title=td_string!(locale, charge.refund_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{td_string!(locale, charge.refund_text)}</p>
            <PostForm action="refund_charge" class="form">
                <input type="hidden" name="booking" value=booking.id.to_string()/>
                <Field id="amount" label hint optional_text=td_string!(locale, site.optional) error=error_on("amount")>
                    <Input name="amount" value=kept_or("amount", String::new()) attr:inputmode="decimal"/>
                </Field>
                <Field id="reason" label=td_string!(locale, charge.reason) hint=td_string!(locale, charge.refund_reason_hint) required=true error=error_on("reason")>
                    <Textarea name="reason" rows=3 value=kept_or("reason", String::new())/>
                </Field>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, charge.refund)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, charge.refund_keep)}</ButtonLink>
                </div>
            </PostForm>
        </Dialog>
    }
}
