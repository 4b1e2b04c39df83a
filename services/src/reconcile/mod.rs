//! Comparing the ledger with the payment provider's own account of the platform's balance (rules, Charge 6).
//!
//! Once a day, or when an admin asks for it: the lines that are new at the provider are read, page by page, and kept.
//! Then every movement whose time of grace has passed since the last comparison is looked up on the other side, batch by
//! batch. Whatever differs is a row, with its name, until it does not differ any more. What the provider keeps for its
//! work is entered into the ledger from its lines: nobody else knows it. What was settled by hand differs for ever: an
//! admin closes it.

mod decide;
mod judge;
mod read;
mod run;
mod store;
mod views;

pub use decide::{close_by_hand, open_again};
pub use run::{Reconcile, hand_out, run_in, run_now};
pub use views::{Counts, Decision, Difference, Listed, RunView, counts, find, list_differences, list_runs};
