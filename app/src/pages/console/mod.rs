//! The tutor's console: its sections, each at its own address, and the frame that they share.

pub mod accounts;
pub mod actions;
pub mod attendance;
pub mod availability;
pub mod calendars;
pub mod disconnect;
pub mod earnings;
pub mod earnings_actions;
pub(in crate::pages) mod earnings_tables;
pub mod offerings;
pub mod profile;
pub mod requests;
pub mod settings;
pub mod today;
pub mod video;

use domain::{Code, Refusal, account::Role, booking::BookingState, ids::TutorId};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    Actor, AppError, Result,
    booking::{self, ListQuery},
    tutor::{self, TutorView},
};

use super::{
    context::Visit,
    format,
    forms::SavedNotice,
    gate::only,
    i18n::{Locale, td_string},
    load::load,
};
use crate::ui::{ButtonLink, ButtonVariant, Glyph, PageHeader, TabItem, Tabs};

/// A section of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Section {
    Today,
    Requests,
    Availability,
    Offerings,
    Earnings,
    Attendance,
    Profile,
    Settings,
}

impl Section {
    const ALL: [Section; 8] = [
        Section::Today,
        Section::Requests,
        Section::Availability,
        Section::Offerings,
        Section::Earnings,
        Section::Attendance,
        Section::Profile,
        Section::Settings,
    ];

    const fn address(self) -> &'static str {
        match self {
            Section::Today => "/tutor",
            Section::Requests => "/tutor/requests",
            Section::Availability => "/tutor/availability",
            Section::Offerings => "/tutor/offerings",
            Section::Earnings => "/tutor/earnings",
            Section::Attendance => attendance::PAGE,
            Section::Profile => "/tutor/profile",
            Section::Settings => "/tutor/settings",
        }
    }

    fn label(self, locale: Locale) -> &'static str {
        match self {
            Section::Today => td_string!(locale, console.today),
            Section::Requests => td_string!(locale, console.requests),
            Section::Availability => td_string!(locale, console.availability),
            Section::Offerings => td_string!(locale, console.offerings),
            Section::Earnings => td_string!(locale, earnings.title),
            Section::Attendance => td_string!(locale, presence.title),
            Section::Profile => td_string!(locale, console.profile),
            Section::Settings => td_string!(locale, console.settings),
        }
    }

    fn lead(self, locale: Locale) -> &'static str {
        match self {
            Section::Today => td_string!(locale, console.today_lead),
            Section::Requests => td_string!(locale, console.requests_lead),
            Section::Availability => td_string!(locale, console.availability_lead),
            Section::Offerings => td_string!(locale, console.offerings_lead),
            Section::Earnings => td_string!(locale, earnings.lead),
            Section::Attendance => td_string!(locale, presence.lead),
            Section::Profile => td_string!(locale, console.profile_lead),
            Section::Settings => td_string!(locale, console.settings_lead),
        }
    }
}

/// What every section knows of the tutor.
#[derive(Clone)]
pub struct Desk {
    /// The signed-in tutor.
    pub actor: Actor,
    /// The tutor's id.
    pub id: TutorId,
    /// The tutor's page.
    pub tutor: TutorView,
    /// How many requests wait for an answer.
    pub requests: i64,
}

/// The tutor that an actor is.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone else.
pub fn own_tutor(actor: &Actor) -> Result<TutorId> {
    let refusal = || AppError::from(Refusal::new(Code::InsufficientPermissions, "forbidden"));
    actor.tutor.ok_or_else(refusal)
}

/// The requests that wait for an answer.
#[must_use]
pub fn waiting(page_size: i64) -> ListQuery {
    ListQuery { states: vec![BookingState::Requested], upcoming: Some(true), page: 1, page_size }
}

async fn desk(visit: &Visit, actor: Actor) -> Result<Desk> {
    let id = own_tutor(&actor)?;
    let tutor = tutor::find(&visit.services, Some(&actor), &id.to_string()).await?;
    let requests = booking::list(&visit.services, &actor, &waiting(1)).await?.total;
    Ok(Desk { actor, id, tutor, requests })
}

/// A page of the console: loads what the section needs and shows it in the frame.
pub fn section<T, Loading, View>(
    section: Section,
    loading: impl FnOnce(Visit, Desk) -> Loading + Send + 'static,
    show: impl FnOnce(Visit, Desk, T) -> View + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    Loading: Future<Output = Result<T>> + Send + 'static,
    View: IntoView + 'static,
{
    only(Role::Tutor, |_, actor| {
        load(
            move |visit| async move {
                let desk = desk(&visit, actor).await?;
                let data = loading(visit, desk.clone()).await?;
                Ok((desk, data))
            },
            move |visit, (desk, data)| {
                let content = show(visit.clone(), desk.clone(), data).into_any();
                view! { <Frame visit section desk>{content}</Frame> }
            },
        )
    })
}

#[component]
fn Frame(visit: Visit, section: Section, desk: Desk, children: Children) -> impl IntoView {
    let locale = visit.locale();
    let title = format::named(locale, td_string!(locale, site.console), section.label(locale));
    let public = format!("/tutors/{}", desk.tutor.slug);
    let tabs = Section::ALL
        .map(|other| TabItem {
            href: other.address().to_owned(),
            label: other.label(locale).to_owned(),
            count: match (other, desk.requests) {
                (Section::Requests, waiting) if waiting > 0 => waiting.to_string(),
                _ => String::new(),
            },
            current: other == section,
        })
        .to_vec();
    view! {
        <Title text=title/>
        <div class="page flow">
            <PageHeader title=section.label(locale) kicker=td_string!(locale, site.console) lead=section.lead(locale)>
                {desk.tutor.readiness.complete.then(|| view! {
                    <ButtonLink href=public variant=ButtonVariant::Secondary icon=Glyph::Eye>{td_string!(locale, console.public_page)}</ButtonLink>
                })}
            </PageHeader>
            <div id="console-tabs" data-live=""><Tabs label=td_string!(locale, site.console) items=tabs/></div>
            <SavedNotice/>
            {children()}
        </div>
    }
}
