//! Pages: rendered on the server only.
//!
//! A page is a component that loads its data with [`load::load`] and shows it; whatever moves in it is
//! an island. [`context::Visit`] is what a page knows about the request.

pub mod account;
pub mod admin;
pub mod admin_jobs;
pub mod book;
pub mod book_actions;
mod book_form;
pub mod book_move;
pub mod book_summary;
pub mod built;
pub mod calendar;
pub mod calendar_model;
pub mod calendar_parts;
pub mod calendar_state;
pub mod calendar_view;
pub mod card_actions;
mod card_choice;
pub mod cards;
pub mod charge;
pub mod charge_actions;
pub mod charge_tables;
pub mod charge_words;
pub mod chat;
pub mod chat_actions;
mod chat_view;
pub mod console;
pub mod context;
pub mod dashboard;
pub mod dev;
mod diary;
pub mod diary_actions;
pub mod flash;
pub mod format;
pub mod forms;
pub mod gate;
pub mod home;
pub mod i18n;
pub mod legal;
pub mod lesson;
pub mod lesson_absence;
pub mod lesson_actions;
pub mod lesson_list;
pub mod lesson_parts;
pub mod lesson_room;
pub mod load;
pub mod login;
pub mod not_found;
mod pager;
pub mod query;
pub mod routes;
pub mod settings;
pub mod shell;
pub mod signup;
pub mod tutor;
pub mod tutor_card;
pub mod tutor_data;
pub mod tutors;
pub mod tutors_query;
pub mod updates;
pub mod zone_switch;

pub use context::{Visit, visit};
pub use routes::App;
pub use shell::shell;
