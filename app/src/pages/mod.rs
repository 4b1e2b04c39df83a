//! Pages: rendered on the server only.
//!
//! A page is a component that loads its data with [`load::load`] and shows it; whatever moves in it is
//! an island. [`context::Visit`] is what a page knows about the request.

pub mod book_actions;
pub mod account;
pub mod built;
pub mod calendar;
pub mod calendar_state;
pub mod calendar_view;
pub mod context;
pub mod dev;
pub mod flash;
pub mod format;
pub mod forms;
pub mod gate;
pub mod home;
pub mod i18n;
pub mod load;
pub mod login;
pub mod not_found;
pub mod query;
pub mod routes;
pub mod settings;
pub mod shell;
pub mod zone_switch;
pub mod signup;

pub use context::{Visit, visit};
pub use routes::App;
pub use shell::shell;
