//! Rows of comparisons, of the provider's lines, and of what differs.

mod decisions;
mod differences;
mod lines;
mod noting;
mod runs;
mod views;
mod windows;

pub(super) use decisions::{insert_decision, list_decisions, lock, set_closed, set_open};
pub(super) use differences::{Found, Key, close, list_open, list_unequal};
pub(super) use lines::{insert_lines, list_fees};
pub(super) use noting::upsert_differences;
pub(super) use runs::{
    NewRun, count_found, find_open, finish, insert, set_judged, set_read, take_open, was_handed_out,
};
pub(super) use views::{count_differences, find_difference, find_last_start, list_differences, list_runs};
pub(super) use windows::{compare, find_window};
