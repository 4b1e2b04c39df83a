//! The bell in the header, and `/notices`.

use domain::{Code, Refusal};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    booking::Page,
    mail::Kind,
    notice::{self, Notice},
};

use super::{
    charge_actions::act,
    context::{Visit, answer_form, visit},
    format,
    forms::FlashNotice,
    gate::signed_in,
    i18n::{Locale, td_string},
    load::load,
    pager::pager,
    query,
    updates::Updates,
};
use crate::{
    error::WireError,
    ui::{Button, ButtonSize, ButtonVariant, EmptyState, Glyph, Icon, PageHeader},
};

/// The most that the bell counts.
const MOST: i64 = 99;

/// The bell, for signed-in people: a link to the notices, with how many were not read.
#[component]
pub fn Bell(
    /// The request.
    visit: Visit,
) -> impl IntoView {
    let locale = visit.locale();
    let count = visit.notices;
    let label = match count {
        0 => td_string!(locale, notices.title).to_string(),
        count => td_string!(locale, notices.unread, count = count).to_string(),
    };
    let current = (visit.path == "/notices").then_some("page");
    let shown = (count > 0).then(|| {
        let text = if count > MOST { format!("{MOST}+") } else { count.to_string() };
        view! { <span class="count tabular" aria-hidden="true">{text}</span> }
    });
    view! {
        <div id="bell" data-live="" class="bell">
            <a href="/notices" class="btn btn-ghost btn-square" aria-label=label aria-current=current>
                <Icon glyph=Glyph::Bell/>
                {shown}
            </a>
        </div>
    }
}

/// `/notices`
#[component]
pub fn NoticesPage() -> impl IntoView {
    signed_in(|visit, actor| {
        let page = query::get(&visit.query, "page").and_then(|page| page.parse().ok()).unwrap_or(1);
        load(
            move |visit| async move { notice::list(&visit.services, &actor, page).await },
            |visit, list| view! { <Shown visit list/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, list: Page<Notice>) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, notices.title);
    let pages = pager(&visit, title, &list, |page| format!("/notices?page={page}"));
    let read_all = (visit.notices > 0).then(|| {
        view! {
            <form method="post" action="/do/read_notices">
                <Button variant=ButtonVariant::Secondary size=ButtonSize::Small icon=Glyph::Check>{td_string!(locale, notices.read_all)}</Button>
            </form>
        }
    });
    let rows = list.rows.iter().map(|notice| row(&visit, notice)).collect_view();
    let body = if list.rows.is_empty() {
        view! { <EmptyState glyph=Glyph::Bell title=td_string!(locale, notices.empty)/> }.into_any()
    } else {
        view! { <ul class="notice-list">{rows}</ul> }.into_any()
    };
    view! {
        <Title text=title/>
        <div class="page page-text flow">
            <PageHeader title lead=td_string!(locale, notices.lead)/>
            <FlashNotice actions=&["open_notice", "read_notices"]/>
            <div id="notices" data-live="" class="flow">{read_all} {body} {pages}</div>
            <Updates/>
        </div>
    }
}

/// A notice is a form: to open it notes that it was read, also without script.
fn row(visit: &Visit, notice: &Notice) -> impl IntoView + use<> {
    let locale = visit.locale();
    let at = format::near(locale, visit.zone, notice.created_at, visit.now);
    let state = if notice.is_read { "read" } else { "unread" };
    let mark = (!notice.is_read)
        .then(|| view! { <span class="sr-only">{td_string!(locale, notices.new)} ": "</span> });
    view! {
        <li>
            <form method="post" action="/do/open_notice">
                <input type="hidden" name="notice" value=notice.id/>
                <button type="submit" class="notice-row" id=format!("notice-{}", notice.id) data-state=state>
                    <span>{mark} {sentence(locale, visit, notice)}</span>
                    <time class="quiet small" datetime=notice.created_at.to_rfc3339()>{at}</time>
                </button>
            </form>
        </li>
    }
}

fn sentence(locale: Locale, visit: &Visit, notice: &Notice) -> String {
    let name = notice.other.clone();
    let (title, when) = match &notice.lesson {
        Some((title, start)) => (title.clone(), format::moment(locale, visit.zone, *start)),
        None => (String::new(), String::new()),
    };
    let amount = notice.amount.map(|of| format::money(locale, of.minor, of.currency)).unwrap_or_default();
    macro_rules! say {
        ($group:ident.$key:ident) => {
            td_string!(locale, $group.$key, name = name, title = title, when = when).to_string()
        };
    }
    match notice.kind {
        Kind::Receipt => say!(notices.receipt),
        Kind::PaymentFailed => say!(notices.payment_failed),
        Kind::DebtForgiven => say!(notices.debt_forgiven),
        Kind::DepositFailed => say!(notices.deposit_failed),
        Kind::RefundFailed => say!(notices.refund_failed),
        Kind::BookingRequested => say!(notices.booking_requested),
        Kind::BookingConfirmed => say!(notices.booking_confirmed),
        Kind::BookingDeclined => say!(notices.booking_declined),
        Kind::BookingExpired => say!(notices.booking_expired),
        Kind::BookingRescheduled => say!(notices.booking_rescheduled),
        Kind::BookingCancelled => say!(notices.booking_cancelled),
        Kind::NoShow => say!(notices.no_show),
        Kind::Dispute => say!(notices.dispute),
        Kind::ReminderDay | Kind::ReminderHour => say!(notices.reminder),
        Kind::JoinNow => say!(notices.join_now),
        Kind::FeedbackRequest => say!(notices.feedback_request),
        Kind::Refund => say!(notices.refund),
        Kind::Payout => td_string!(locale, notices.payout, amount = amount).to_string(),
        Kind::PayoutFailed => td_string!(locale, notices.payout_failed, amount = amount).to_string(),
        Kind::ExportReady => td_string!(locale, notices.export_ready).to_owned(),
        Kind::PermissionEnded => td_string!(locale, notices.permission_ended).to_owned(),
        // The table takes no others.
        Kind::NewMessage
        | Kind::SignIn
        | Kind::VerifyEmail
        | Kind::SignInLink
        | Kind::Reconciliation
        | Kind::MoneyStuck => td_string!(locale, notices.new_message, name = name).to_string(),
    }
}

/// Notes that a notice was read, and leads to what it is about.
///
/// # Errors
/// As `services::notice::open`.
pub async fn open(id: &str) -> Result<(), WireError> {
    let visit = visit();
    let opening = async {
        let id = id.parse().map_err(|_| Refusal::new(Code::NotFound, "not_found"))?;
        let (kind, subject) = notice::open(&visit.services, visit.actor()?, id).await?;
        leptos_axum::redirect(&notice::page(kind, subject));
        Ok(())
    };
    answer_form(&visit, &[], opening).await
}

/// Notes that all notices were read.
///
/// # Errors
/// As `services::notice::read_all`.
pub async fn read_all() -> Result<(), WireError> {
    act(&[], "/notices", async |services, actor| notice::read_all(services, actor).await).await
}
