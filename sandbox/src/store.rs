//! What the sandbox remembers. An object is kept as it is sent: JSON under its id; beside it stands what
//! Stripe knows and does not tell (numbers of cards, secrets, when money becomes available).

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cards::{self, TestCard},
    errors::StripeError,
    links::Link,
};

/// Kinds of objects: prefix of the id, name in `object`, name in errors.
pub const KINDS: &[(&str, &str)] = &[
    ("cus", "customer"),
    ("pm", "payment_method"),
    ("seti", "setup_intent"),
    ("pi", "payment_intent"),
    ("ch", "charge"),
    ("re", "refund"),
    ("acct", "account"),
    ("tr", "transfer"),
    ("trr", "transfer_reversal"),
    ("tu", "topup"),
    ("txn", "balance_transaction"),
    ("dp", "dispute"),
    ("issfr", "early_fraud_warning"),
    ("evt", "event"),
    ("we", "webhook_endpoint"),
];

/// The newest events that are kept at least; each holds a copy of its object, and a bench makes many.
const EVENTS_KEPT: usize = 10_000;

/// A card behind a payment method.
#[derive(Clone, Debug)]
pub struct CardOnFile {
    /// What it does.
    pub card: &'static TestCard,
    /// Whether its owner agreed to payments in absence.
    pub set_up: bool,
    /// Whether a payment used it while it belonged to nobody; it cannot be used again.
    pub consumed: bool,
}

/// One line of the platform's balance.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    /// Currency in lower case.
    pub currency: String,
    /// What it adds, in minor units.
    pub net: i64,
    /// From when it can be paid out, in seconds since 1970.
    pub available_on: i64,
}

/// What happens by itself later.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Due {
    /// An authorisation that was not captured lapses.
    Lapse {
        /// The PaymentIntent.
        intent: String,
    },
    /// A line of the balance becomes available.
    Available {
        /// The balance transaction.
        id: String,
    },
    /// A pending refund succeeds, or a succeeded one fails.
    Refund {
        /// The refund.
        id: String,
        /// Whether it fails.
        fails: bool,
    },
}

/// All objects.
#[derive(Debug, Default)]
pub struct Store {
    objects: HashMap<&'static str, IndexMap<String, Value>>,
    /// Cards by payment method.
    pub cards: HashMap<String, CardOnFile>,
    /// The platform's balance.
    pub entries: Vec<Entry>,
    /// What is due, by time and order of entry.
    pub due: BTreeMap<(i64, u64), Due>,
    /// Account links by the secret in their address.
    pub links: HashMap<String, Link>,
    /// Signing secrets of webhook endpoints.
    pub secrets: HashMap<String, String>,
    /// What transfers drew on charges, less what was reversed, in minor units.
    pub drawn: HashMap<String, i64>,
    /// Events that were made and not yet handed to the deliveries.
    pub outbox: Vec<Value>,
    sequence: u64,
}

impl Store {
    /// Keeps a new object under its `id`.
    pub fn insert(&mut self, object: Value) -> String {
        let id = text(&object, "id");
        if let Some(kind) = kind(&id) {
            let rows = self.objects.entry(kind).or_default();
            rows.insert(id.clone(), object);
            if kind == "evt" && rows.len() > 2 * EVENTS_KEPT {
                rows.drain(..EVENTS_KEPT);
            }
        }
        id
    }

    /// An object, if it exists and its id begins as it should.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Value> {
        self.objects.get(kind(id)?)?.get(id)
    }

    /// An object of a kind.
    ///
    /// # Errors
    /// `resource_missing`, about the parameter `param`.
    pub fn get(&self, prefix: &str, id: &str, param: &str) -> Result<&Value, StripeError> {
        let found = self.objects.iter().find(|(kind, _)| **kind == prefix).and_then(|(_, rows)| rows.get(id));
        found.ok_or_else(|| {
            let name = KINDS.iter().find(|(kind, _)| *kind == prefix).map_or("object", |(_, name)| *name);
            StripeError::missing(name_in_errors(name), id, param)
        })
    }

    /// An object to be changed.
    pub fn change(&mut self, id: &str) -> Option<&mut Value> {
        self.objects.get_mut(kind(id)?)?.get_mut(id)
    }

    /// Sets members of an object.
    pub fn set(&mut self, id: &str, members: &Value) {
        let Some(Value::Object(object)) = self.change(id) else { return };
        for (name, value) in members.as_object().into_iter().flatten() {
            object.insert(name.clone(), value.clone());
        }
    }

    /// Forgets an object.
    pub fn remove(&mut self, id: &str) {
        if let Some(rows) = kind(id).and_then(|kind| self.objects.get_mut(kind)) {
            rows.shift_remove(id);
        }
    }

    /// The objects of a kind, oldest first.
    pub fn all(&self, prefix: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.objects.get(prefix).into_iter().flat_map(|rows| rows.values())
    }

    /// How many objects of each kind there are.
    #[must_use]
    pub fn counts(&self) -> Value {
        let count = |prefix: &str| self.objects.get(prefix).map_or(0, IndexMap::len);
        KINDS.iter().map(|(prefix, name)| (format!("{name}s"), json!(count(prefix)))).collect()
    }

    /// Notes what happens by itself at an instant.
    pub fn schedule(&mut self, at: i64, due: Due) {
        self.sequence += 1;
        self.due.insert((at, self.sequence), due);
    }
}

/// A card as it is written down: its number, and what [`CardOnFile`] says of it.
#[derive(Debug, Deserialize, Serialize)]
struct SavedCard {
    method: String,
    number: String,
    set_up: bool,
    consumed: bool,
}

/// The store as it is written down.
#[derive(Debug, Deserialize, Serialize)]
pub struct Saved {
    objects: Vec<Value>,
    cards: Vec<SavedCard>,
    entries: Vec<Entry>,
    due: Vec<(i64, Due)>,
    links: HashMap<String, Link>,
    secrets: HashMap<String, String>,
    drawn: HashMap<String, i64>,
}

impl Store {
    /// The store to be written down.
    #[must_use]
    pub fn save(&self) -> Saved {
        let card = |(method, on_file): (&String, &CardOnFile)| SavedCard {
            method: method.clone(),
            number: on_file.card.number.to_owned(),
            set_up: on_file.set_up,
            consumed: on_file.consumed,
        };
        Saved {
            objects: KINDS.iter().flat_map(|(kind, _)| self.all(kind).cloned()).collect(),
            cards: self.cards.iter().map(card).collect(),
            entries: self.entries.clone(),
            due: self.due.iter().map(|((at, _), due)| (*at, due.clone())).collect(),
            links: self.links.clone(),
            secrets: self.secrets.clone(),
            drawn: self.drawn.clone(),
        }
    }

    /// The store that was written down.
    ///
    /// # Errors
    /// For a card that the sandbox does not know.
    pub fn load(saved: Saved) -> Result<Self, StripeError> {
        let mut store = Store {
            entries: saved.entries,
            links: saved.links,
            secrets: saved.secrets,
            drawn: saved.drawn,
            ..Store::default()
        };
        for object in saved.objects {
            store.insert(object);
        }
        for card in saved.cards {
            let on_file = CardOnFile {
                card: cards::by_number(&card.number)?,
                set_up: card.set_up,
                consumed: card.consumed,
            };
            store.cards.insert(card.method, on_file);
        }
        for (at, due) in saved.due {
            store.schedule(at, due);
        }
        Ok(store)
    }
}

/// The prefix of an id, if the sandbox has such objects.
#[must_use]
pub fn kind(id: &str) -> Option<&'static str> {
    let prefix = id.split('_').next()?;
    KINDS.iter().find(|(kind, _)| *kind == prefix).map(|(kind, _)| *kind)
}

fn name_in_errors(object: &str) -> &str {
    match object {
        "payment_method" => "PaymentMethod",
        "setup_intent" => "setupintent",
        "payment_intent" => "payment_intent",
        other => other,
    }
}

/// A member as a text; the empty one where there is none.
#[must_use]
pub fn text(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_default().to_owned()
}

/// A member as a number; 0 where there is none.
#[must_use]
pub fn number(object: &Value, member: &str) -> i64 {
    object[member].as_i64().unwrap_or_default()
}
