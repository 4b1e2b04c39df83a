//! Money: cards, paying what is owed, giving back.

pub mod api;
mod card_form;
mod stripe;

pub use card_form::{CardForm, CardTexts};
