//! The page of a lesson, for its two parties.

use domain::{
    booking::{Booking, BookingState, Party, may_call_off},
    lesson::join_window,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    booking::{self, HistoryRow, party},
    calendar::{self, Links},
    dispute::{self, OfLesson},
    lesson::{self, Attendance},
    payment::{self, Charged, Explanation},
    video::{self, Kind, Recording, Standing},
};

use super::{
    context::Visit,
    diary::AddToCalendar,
    dispute::{Answer, Disputed},
    forms::FlashNotice,
    gate::signed_in,
    i18n::{state_name, td_string},
    lesson_absence::{AbsentDialog, Waiting},
    lesson_join::JoinAwake,
    lesson_list::other_party,
    lesson_meeting::OwnLink,
    lesson_parts::{CallOffDialog, Change, Charge, Facts, Rate, Trail},
    lesson_recordings::Recordings,
    lesson_room::{EndDialog, Room},
    load::load,
    updates::{Updates, refresh_at},
};
use crate::ui::{PageHeader, StateBadge};

/// Everything that the page shows.
#[derive(Clone)]
pub struct Lesson {
    /// The booking.
    pub booking: Booking,
    /// On which side the reader stands; `None` for an admin.
    pub side: Option<Party>,
    /// What became of it, oldest first.
    pub history: Vec<HistoryRow>,
    /// What is on record about who came.
    pub attendance: Attendance,
    /// All that decides about its outcome.
    pub record: domain::lesson::Lesson,
    /// What became of the money, once the outcome is settled.
    pub charged: Option<Charged>,
    /// What was disputed about it, and whether it can be.
    pub disputed: OfLesson,
    /// The charge with the lines of the ledger, of a lesson that was disputed.
    pub explained: Option<Explanation>,
    /// Where the reader can add it to a calendar, while it takes place.
    pub links: Option<Links>,
    /// Whether the meeting opens within our page.
    pub is_embedded: bool,
    /// How its meeting stands.
    pub meeting: Standing,
    /// Who makes it, where somebody does.
    pub meeting_at: Option<Kind>,
    /// Its recordings, as far as the reader may see them.
    pub recordings: Vec<Recording>,
}

impl Lesson {
    /// Whether the reader may still change or call it off.
    #[must_use]
    pub fn can_change(&self, visit: &Visit) -> bool {
        let in_time = |side| may_call_off(side, self.booking.start, &self.booking.policy, visit.now).is_ok();
        self.booking.state.is_active() && self.side.is_some_and(in_time)
    }
}

/// `/lessons/{id}`
#[component]
pub fn LessonPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let id = id.parse()?;
                let booking = booking::find(&visit.services, &actor, id).await?;
                let disputed = dispute::of_lesson(&visit.services, &actor, id).await?;
                let explained = match disputed.disputes.is_empty() {
                    true => None,
                    false => Some(payment::explain(&visit.services, &actor, id).await?),
                };
                let (meeting, meeting_at) = video::standing(&visit.services, &booking).await?;
                Ok(Lesson {
                    disputed,
                    explained,
                    side: party(&actor, &booking),
                    history: booking::history(&visit.services, &actor, id).await?,
                    attendance: lesson::attendance(&visit.services, &actor, id).await?,
                    record: lesson::read(&visit.services, &booking).await?,
                    links: calendar::links(&visit.services, &actor, visit.language, &booking),
                    charged: payment::list_charged(&visit.services, &actor, &[id]).await?.pop(),
                    is_embedded: lesson::is_embeddable(&visit.services, &booking).await?,
                    recordings: video::recordings(&visit.services, &actor, id).await?,
                    meeting,
                    meeting_at,
                    booking,
                })
            },
            |visit, lesson| view! { <Shown visit lesson/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let booking = &lesson.booking;
    let title = td_string!(locale, lesson.title, title = booking.title.clone()).to_string();
    let kicker = td_string!(locale, lesson.kicker, name = other_party(&visit, booking)).to_string();
    let heading = booking.title.clone();
    let (opens, closes) = join_window(booking.start, booking.end);
    let times =
        refresh_at(&visit, &[opens, booking.start, lesson.record.no_show_from(), booking.end, closes]);
    let can_change = lesson.can_change(&visit);
    let rate = lesson.side == Some(Party::Student)
        && booking.state == BookingState::Completed
        && booking.rating.is_none();
    view! {
        <Title text=title/>
        <div class="page flow">
            <PageHeader title=heading kicker/>
            <FlashNotice actions=&["join_lesson", "accept_request", "decline_request", "end_lesson", "mark_no_show"]/>
            {lesson.side.map(|_| view! { <JoinAwake visit=visit.clone()/> })}
            <div id="lesson" data-live="" data-unseen="" data-refresh-at=times>
                <Live visit=visit.clone() lesson=lesson.clone()/>
            </div>
            <OwnLink visit=visit.clone() lesson=lesson.clone()/>
            <div id="rate" data-live="">{rate.then(|| view! { <Rate locale id=lesson.booking.id.to_string()/> })}</div>
            <div id="dispute-answer" data-live=""><Answer visit=visit.clone() lesson=lesson.clone()/></div>
            {can_change.then(|| view! { <CallOffDialog visit=visit.clone() booking=lesson.booking.clone()/> })}
            <EndDialog visit=visit.clone() lesson=lesson.clone()/>
            <AbsentDialog visit lesson/>
            <Updates/>
        </div>
    }
}

/// What changes while the page is open.
#[component]
fn Live(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let state = lesson.booking.state;
    let id = lesson.booking.id.to_string();
    let links = lesson.links.clone();
    view! {
        <div class="split">
            <div class="flow">
                <p role="status"><StateBadge state=state.name() text=state_name(locale, state)/></p>
                <Room visit=visit.clone() lesson=lesson.clone()/>
                <Waiting visit=visit.clone() lesson=lesson.clone()/>
                <Recordings visit=visit.clone() lesson=lesson.clone()/>
                <Facts visit=visit.clone() lesson=lesson.clone()/>
                <Charge visit=visit.clone() lesson=lesson.clone()/>
                <div id="dispute" class="flow"><Disputed visit=visit.clone() lesson=lesson.clone()/></div>
            </div>
            <div class="flow">
                {links.map(|links| view! { <AddToCalendar locale id links/> })}
                <Change visit=visit.clone() lesson=lesson.clone()/>
                <Trail visit lesson/>
            </div>
        </div>
    }
}
