//! Choosing a time and booking it: the calendar, the hold, and what they ask of the server.

pub mod api;
mod calendar;
mod focus;
mod hold;
mod zone;

pub use calendar::BookingCalendar;
pub use hold::{HoldCountdown, HoldTexts};
pub use zone::BrowserZone;
