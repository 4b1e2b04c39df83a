//! Disputes on the page of their lesson, and the page on which one is opened.

use domain::dispute::{MAX_FILES, MAX_STATEMENT, Outcome, Reason};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    booking,
    dispute::{self, Dispute, OfLesson, Opener, Said, Verdict},
    files::Home,
    payment::Explanation,
};

use super::{
    charge_tables::Ledger,
    charge_words::amount,
    chargeback::{self, Banks},
    context::Visit,
    files::{FileInput, files},
    format,
    forms::{FlashNotice, PostForm, error_on, kept_or},
    gate::signed_in,
    i18n::{Locale, dispute_reason, td_string},
    lesson::Lesson,
    lesson_list::other_party,
    load::load,
};
use crate::ui::{
    Button, ButtonLink, ButtonVariant, Card, ChoiceItem, EmptyState, Field, Glyph, PageHeader, RadioGroup,
    StateBadge, Textarea,
};

/// The most characters of a statement, as a form counts them.
fn most() -> u32 {
    u32::try_from(MAX_STATEMENT).unwrap_or(u32::MAX)
}

/// What was disputed about a lesson, with the lines of the ledger; or the way to dispute it.
#[component]
pub fn Disputed(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let OfLesson { until, joins, disputes } = lesson.disputed;
    let text = match until {
        Some(until) => {
            let time = format::moment(locale, visit.zone, until);
            Some((
                td_string!(locale, dispute.until, time = time).to_string(),
                td_string!(locale, dispute.open),
            ))
        }
        None => {
            joins.then(|| (td_string!(locale, dispute.joins).to_owned(), td_string!(locale, dispute.claim)))
        }
    };
    let way = text.map(|(text, action)| {
        let href = format!("/lessons/{}/dispute", lesson.booking.id);
        view! {
            <Card title=td_string!(locale, dispute.title)>
                <div class="stack">
                    <p>{text}</p>
                    <div class="row"><ButtonLink href variant=ButtonVariant::Secondary>{action}</ButtonLink></div>
                </div>
            </Card>
        }
    });
    let party = lesson.side.is_some();
    let cases = disputes.into_iter().map(|dispute| {
        let visit = visit.clone();
        let adds = (party && dispute.is_open())
            .then(|| view! { <p><a class="link hit" href="#answer">{td_string!(locale, dispute.answer_title)}</a></p> });
        view! { <Card title=td_string!(locale, dispute.title)><div class="stack"><Told visit dispute/> {adds}</div></Card> }
    });
    let cases = cases.collect_view();
    let ledger = lesson.explained.map(|explained| view! { <Money visit explained/> });
    view! { {cases} {way} {ledger} }
}

/// The lines of the ledger of a disputed lesson.
#[component]
fn Money(visit: Visit, explained: Explanation) -> impl IntoView {
    let locale = visit.locale();
    view! { <Card title=td_string!(locale, charge.ledger_title)><Ledger visit explained/></Card> }
}

/// A dispute: whose it is, what both said, what was decided.
#[component]
pub fn Told(
    /// The request.
    visit: Visit,
    /// The dispute.
    dispute: Dispute,
) -> impl IntoView {
    let locale = visit.locale();
    let (code, word) = if dispute.is_open() {
        ("pending", td_string!(locale, dispute.state_open))
    } else {
        ("completed", td_string!(locale, dispute.state_decided))
    };
    let since = format::near(locale, visit.zone, dispute.opened_at, visit.now);
    let (about, by) = match dispute.by {
        Some(Opener { name, reason, .. }) => {
            let by = td_string!(locale, dispute.by, name = name, time = since).to_string();
            (dispute_reason(locale, reason), by)
        }
        None => (
            chargeback::heading(locale, &dispute.banks),
            td_string!(locale, dispute.by_bank, time = since).to_string(),
        ),
    };
    let banks = view! { <Banks visit=visit.clone() banks=dispute.banks/> };
    // One claim is the first of what was said; two stand beside each other.
    let (claims, said): (Vec<_>, Vec<_>) =
        dispute.statements.into_iter().partition(|said| said.claim.is_some());
    let (beside, said) =
        if claims.len() > 1 { (claims, said) } else { (Vec::new(), [claims, said].concat()) };
    let said = said.iter().map(|said| statement(&visit, said)).collect_view();
    let about = beside.is_empty().then(|| view! { <strong>{about}</strong> });
    let beside = (!beside.is_empty()).then(|| {
        let claims = beside.into_iter().map(|said| claim(&visit, said)).collect_view();
        view! { <div class="claims">{claims}</div> }
    });
    let verdict = dispute.verdict.map(|verdict| view! { <Decided visit verdict/> });
    view! {
        <div class="stack">
            <p class="row"><StateBadge state=code text=word/> {about}</p>
            <p class="quiet small">{by}</p>
            {banks}
            {beside}
            <ol class="chat-evidence">{said}</ol>
            {verdict}
        </div>
    }
}

/// The claim of one of the two, where both have one.
fn claim(visit: &Visit, said: Said) -> impl IntoView + use<> {
    let reason = said.claim.map(|reason| dispute_reason(visit.locale(), reason));
    view! {
        <section class="stack-tight">
            <h3 class="claim-reason">{reason}</h3>
            <ul class="chat-evidence">{statement(visit, &said)}</ul>
        </section>
    }
}

/// What one of the two said, with the files.
fn statement(visit: &Visit, said: &Said) -> impl IntoView + use<> {
    let at = format::near(visit.locale(), visit.zone, said.at, visit.now);
    let shown = visit.actor.as_ref().map(|actor| files(visit, actor, Home::Dispute, &said.files));
    view! {
        <li>
            <p class="quiet small">{said.name.clone()}" · "<time datetime=said.at.to_rfc3339()>{at}</time></p>
            <p class="chat-text">{said.body.clone()}</p>
            {shown}
        </li>
    }
}

/// What was decided, and why.
#[component]
fn Decided(visit: Visit, verdict: Verdict) -> impl IntoView {
    let locale = visit.locale();
    let at = format::near(locale, visit.zone, verdict.at, visit.now);
    let by = td_string!(locale, dispute.decided_at, time = at).to_string();
    view! {
        <div class="stack-tight" role="status">
            <p><strong>{consequence(locale, &verdict)}</strong></p>
            <blockquote class="chat-quote">{verdict.note}</blockquote>
            <p class="quiet small">{by}</p>
        </div>
    }
}

/// What a decision means for the money.
pub fn consequence(locale: Locale, verdict: &Verdict) -> String {
    let shown = amount(locale, verdict.amount);
    match verdict {
        Verdict { outcome: Outcome::None, .. } => td_string!(locale, dispute.nothing).to_owned(),
        Verdict { reduced: true, .. } => td_string!(locale, dispute.reduced, amount = shown).to_string(),
        Verdict { .. } => td_string!(locale, dispute.given_back, amount = shown).to_string(),
    }
}

/// The form with which one of the two adds to an open dispute.
#[component]
pub fn Answer(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let open = lesson.disputed.disputes.into_iter().find(Dispute::is_open);
    open.filter(|_| lesson.side.is_some()).map(|dispute| {
        view! {
            <div id="answer">
                <Card title=td_string!(locale, dispute.answer_title)>
                    <PostForm action="answer_dispute" class="form" files=true>
                        <input type="hidden" name="booking" value=dispute.booking.to_string()/>
                        <input type="hidden" name="dispute" value=dispute.id.to_string()/>
                        <StatementField label=td_string!(locale, dispute.answer) locale/>
                        <FilesField locale/>
                        <div class="form-actions"><Button>{td_string!(locale, dispute.answer_send)}</Button></div>
                    </PostForm>
                </Card>
            </div>
        }
    })
}

/// What somebody says, in a form.
#[component]
pub fn StatementField(
    /// What is asked for.
    label: &'static str,
    /// What helps to say it, where others than the two and admins read it.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// The language.
    locale: Locale,
) -> impl IntoView {
    let counter = td_string!(locale, dispute.counter);
    let hint = hint.unwrap_or(td_string!(locale, dispute.statement_hint));
    view! {
        <Field id="statement" label hint required=true error=error_on("statement")>
            <Textarea name="statement" rows=6 min=1 max=most() counter value=kept_or("statement", String::new())/>
        </Field>
    }
}

/// What goes with a statement, in a form.
#[component]
fn FilesField(locale: Locale) -> impl IntoView {
    let hint = td_string!(locale, dispute.files_hint, most = MAX_FILES).to_string();
    let optional_text = td_string!(locale, site.optional);
    view! {
        <Field id="file" label=td_string!(locale, dispute.files) hint optional_text error=error_on("file")>
            <FileInput multiple=true/>
        </Field>
    }
}

/// `/lessons/{id}/dispute`
#[component]
pub fn DisputePage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let id = id.parse()?;
                let booking = booking::find(&visit.services, &actor, id).await?;
                let of_lesson = dispute::of_lesson(&visit.services, &actor, id).await?;
                Ok((booking, of_lesson))
            },
            |visit, (booking, of_lesson)| view! { <Shown visit booking of_lesson/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, booking: domain::booking::Booking, of_lesson: OfLesson) -> impl IntoView {
    let locale = visit.locale();
    let OfLesson { until, joins, disputes } = of_lesson;
    let (may, made) = (until.is_some() || joins, !disputes.is_empty());
    let name = other_party(&visit, &booking);
    let title = td_string!(locale, dispute.page_title, title = booking.title.clone()).to_string();
    let back = format!("/lessons/{}{}", booking.id, if made { "#dispute" } else { "" });
    let lead = if !may {
        String::new()
    } else if joins {
        td_string!(locale, dispute.join_lead, name = name).to_string()
    } else {
        td_string!(locale, dispute.lead, name = name).to_string()
    };
    let form = if may {
        view! { <Card><OpenForm locale booking=booking.id.to_string() joins/></Card> }.into_any()
    } else {
        let title = if made { td_string!(locale, dispute.made) } else { td_string!(locale, dispute.closed) };
        view! { <EmptyState glyph=Glyph::Info title/> }.into_any()
    };
    view! {
        <Title text=title.clone()/>
        <div class="page page-text flow">
            <ButtonLink href=back variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft>{td_string!(locale, dispute.back)}</ButtonLink>
            <PageHeader title lead/>
            {(!may).then(|| view! { <FlashNotice actions=&["open_dispute"]/> })}
            {form}
        </div>
    }
}

#[component]
fn OpenForm(locale: Locale, booking: String, joins: bool) -> impl IntoView {
    let send = if joins { td_string!(locale, dispute.claim_send) } else { td_string!(locale, dispute.send) };
    let items = Reason::ALL.map(|reason| ChoiceItem::new(reason.name(), dispute_reason(locale, reason), ""));
    let legend = td_string!(locale, dispute.reason);
    view! {
        <PostForm action="open_dispute" class="form" files=true>
            <input type="hidden" name="booking" value=booking/>
            <RadioGroup name="reason" legend items=items.to_vec() value=kept_or("reason", String::new()) error=error_on("reason") required=true/>
            <StatementField label=td_string!(locale, dispute.statement) locale/>
            <FilesField locale/>
            <div class="form-actions"><Button icon=Glyph::ArrowRight>{send}</Button></div>
        </PostForm>
    }
}
