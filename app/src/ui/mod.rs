//! The parts that pages and islands are built of.
//!
//! Every part is presentation only: it compiles for the server and for the browser, knows no route and no
//! language, and is given all of its text. An empty text property means "not given". What each part looks like
//! is in `style/`, the rules of use are in `docs/DESIGN.md`, and the development page `/dev/components` shows all.

mod button;
mod calendar;
mod choice;
mod countdown;
mod dialog;
mod feedback;
mod field;
pub mod gallery;
mod gallery_booking;
mod gallery_forms;
mod hours;
mod icon;
mod layout;
mod navigation;
mod person;
mod rating;
mod site;
mod state;
mod table;

pub use button::{Button, ButtonLink, ButtonSize, ButtonVariant};
pub use calendar::{CalendarLegend, DayCell, SlotChip, SlotDay, SlotRadio, ZoneBar};
pub use choice::{Checkbox, ChoiceItem, RadioGroup};
pub use countdown::{Countdown, CountdownPart};
pub use dialog::{Dialog, DialogOpener};
pub use feedback::{Alert, EmptyState, ErrorPanel, Skeleton, SkeletonCard, Toast, ToastRegion};
pub use field::{Field, Input, Select, SelectOption, Textarea};
pub use hours::{HoursCell, HoursLegend};
pub use icon::{Glyph, Icon};
pub use layout::{Card, Disclosure, PageHeader, Price, Stat};
pub use navigation::{
    Breadcrumb, Crumb, PageMark, Pagination, SkipLink, Step, StepState, Steps, TabItem, Tabs, page_window,
};
pub use person::{Avatar, AvatarSize, SlotLink, TutorCard, initials};
pub use rating::{RatingInput, Stars};
pub use site::{Brand, DevBar, FooterGroup, NavLink, SiteFooter, SiteHeader};
pub use state::{StateBadge, Tone, look_of_state};
pub use table::{Cell, Column, Table};

/// A text property as an attribute: absent when empty.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Joins a part's own classes with those that its user adds.
fn classes(own: &str, added: &str) -> String {
    if added.is_empty() { own.to_owned() } else { format!("{own} {added}") }
}
