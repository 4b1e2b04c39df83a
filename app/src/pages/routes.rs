//! Which address shows which page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use super::{
    account_links::{SignInLinkPage, VerifyPage},
    admin::Admin,
    admin_disputes::{DisputeCasePage, DisputesPage},
    admin_moderation::ModerationPage,
    admin_payouts::PayoutsPage,
    admin_payouts_tutor::TutorPayoutsPage,
    admin_reconciliation::ReconciliationPage,
    book::Book,
    book_move::Reschedule,
    charge::ChargePage,
    chat::{MessagesPage, ThreadPage},
    chat_safety::ReportPage,
    chat_search::SearchPage,
    console::{
        attendance::AttendancePage, availability::AvailabilityPage, earnings::EarningsPage,
        offerings::Offerings, profile::ProfilePage, requests::Requests, settings::TutorSettingsPage,
        today::Today,
    },
    dashboard::Dashboard,
    dev::Components,
    dispute::DisputePage,
    home::Home,
    legal::{Legal, Privacy},
    lesson::LessonPage,
    lesson_room::Meeting,
    login::Login,
    mails::Unsubscribe,
    not_found::NotFound,
    notices::NoticesPage,
    presences::AdminAttendance,
    settings::Settings,
    shell::Frame,
    signup::Signup,
    tutor::TutorPage,
    tutors::Tutors,
};

/// Every page of the site. Each is rendered as a whole before it is sent, so that its status is true.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Frame>
                <Routes fallback=|| view! { <NotFound/> }>
                    <Route path=path!("/") view=Home ssr=SsrMode::Async/>
                    <Route path=path!("/login") view=Login ssr=SsrMode::Async/>
                    <Route path=path!("/login/:token") view=SignInLinkPage ssr=SsrMode::Async/>
                    <Route path=path!("/verify/:token") view=VerifyPage ssr=SsrMode::Async/>
                    <Route path=path!("/signup") view=Signup ssr=SsrMode::Async/>
                    <Route path=path!("/settings") view=Settings ssr=SsrMode::Async/>
                    <Route path=path!("/unsubscribe") view=Unsubscribe ssr=SsrMode::Async/>
                    <Route path=path!("/dashboard") view=Dashboard ssr=SsrMode::Async/>
                    <Route path=path!("/lessons/:id") view=LessonPage ssr=SsrMode::Async/>
                    <Route path=path!("/lessons/:id/charge") view=ChargePage ssr=SsrMode::Async/>
                    <Route path=path!("/lessons/:id/dispute") view=DisputePage ssr=SsrMode::Async/>
                    <Route path=path!("/lessons/:id/room") view=Meeting ssr=SsrMode::Async/>
                    <Route path=path!("/notices") view=NoticesPage ssr=SsrMode::Async/>
                    <Route path=path!("/messages") view=MessagesPage ssr=SsrMode::Async/>
                    <Route path=path!("/messages/:id") view=ThreadPage ssr=SsrMode::Async/>
                    <Route path=path!("/messages/:id/report") view=ReportPage ssr=SsrMode::Async/>
                    <Route path=path!("/messages/:id/search") view=SearchPage ssr=SsrMode::Async/>
                    <Route path=path!("/tutor") view=Today ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/requests") view=Requests ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/availability") view=AvailabilityPage ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/offerings") view=Offerings ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/earnings") view=EarningsPage ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/attendance") view=AttendancePage ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/profile") view=ProfilePage ssr=SsrMode::Async/>
                    <Route path=path!("/tutor/settings") view=TutorSettingsPage ssr=SsrMode::Async/>
                    <Route path=path!("/admin") view=Admin ssr=SsrMode::Async/>
                    <Route path=path!("/admin/moderation") view=ModerationPage ssr=SsrMode::Async/>
                    <Route path=path!("/admin/disputes") view=DisputesPage ssr=SsrMode::Async/>
                    <Route path=path!("/admin/disputes/:id") view=DisputeCasePage ssr=SsrMode::Async/>
                    <Route path=path!("/admin/attendance") view=AdminAttendance ssr=SsrMode::Async/>
                    <Route path=path!("/admin/payouts") view=PayoutsPage ssr=SsrMode::Async/>
                    <Route path=path!("/admin/payouts/:tutor") view=TutorPayoutsPage ssr=SsrMode::Async/>
                    <Route path=path!("/admin/reconciliation") view=ReconciliationPage ssr=SsrMode::Async/>
                    <Route path=path!("/privacy") view=Privacy ssr=SsrMode::Async/>
                    <Route path=path!("/legal") view=Legal ssr=SsrMode::Async/>
                    <Route path=path!("/dev/components") view=Components ssr=SsrMode::Async/>
                    <Route path=path!("/tutors") view=Tutors ssr=SsrMode::Async/>
                    <Route path=path!("/tutors/:slug") view=TutorPage ssr=SsrMode::Async/>
                    <Route path=path!("/book/:slug") view=Book ssr=SsrMode::Async/>
                    <Route path=path!("/lessons/:id/reschedule") view=Reschedule ssr=SsrMode::Async/>
                </Routes>
            </Frame>
        </Router>
    }
}
