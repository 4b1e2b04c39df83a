//! One request to the API, as the functions of the resources see it.

use serde_json::{Value, json};

use crate::{
    chance,
    errors::{Answer, StripeError},
    params::Params,
    store::{Store, text},
};

/// The one version of Stripe's API that the sandbox speaks.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Who calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    /// The product's server, with the secret key.
    Server,
    /// A page, with the publishable key and the client secret of one intent.
    Page,
}

/// One request under way, with all objects in hand.
#[derive(Debug)]
pub struct Call<'a> {
    /// The objects.
    pub store: &'a mut Store,
    /// The parameters of query and body.
    pub params: Params,
    /// Who calls.
    pub caller: Caller,
    /// The sandbox's clock, in seconds since 1970.
    pub now: i64,
    /// Where the sandbox is reached: `http://127.0.0.1:…`.
    pub base: String,
    /// `req_…`.
    pub request_id: String,
    /// The request's idempotency key.
    pub key: Option<String>,
}

impl Call<'_> {
    /// Refuses parameters that the address does not take.
    ///
    /// # Errors
    /// `parameter_unknown`.
    pub fn allow(&self, known: &[&str]) -> Result<(), StripeError> {
        self.params.allow(known)
    }

    /// Keeps a new object and makes its event.
    pub fn create(&mut self, object: Value, event: &str) -> Value {
        let id = self.store.insert(object.clone());
        self.emit(event, &id);
        object
    }

    /// A copy of an object; null where there is none.
    #[must_use]
    pub fn copy(&self, id: &str) -> Value {
        self.store.find(id).cloned().unwrap_or(Value::Null)
    }

    /// Makes an event about an object as it is now.
    pub fn emit(&mut self, kind: &str, id: &str) {
        let object = self.copy(id);
        self.event(kind, object, None);
    }

    /// Makes an event with what an object was before.
    pub fn emit_change(&mut self, kind: &str, id: &str, before: &Value) {
        let object = self.copy(id);
        let changed =
            before.as_object().into_iter().flatten().filter(|(name, old)| object[name.as_str()] != **old);
        let previous: Value = changed.map(|(name, old)| (name.clone(), old.clone())).collect();
        self.event(kind, object, Some(previous));
    }

    fn event(&mut self, kind: &str, object: Value, previous: Option<Value>) {
        let mut data = json!({ "object": object });
        if let Some(previous) = previous {
            data["previous_attributes"] = previous;
        }
        let mut event = json!({
            "id": chance::id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": false,
            "pending_webhooks": 0,
            "request": { "id": self.request_id, "idempotency_key": self.key },
            "type": kind,
        });
        if kind.starts_with("account.") {
            event["account"] = json!(text(&event["data"]["object"], "id"));
        }
        self.store.insert(event.clone());
        self.store.outbox.push(event);
    }

    /// Lists objects of a kind, newest first: `limit`, `starting_after`, `ending_before`, `created`.
    ///
    /// # Errors
    /// For a limit outside 1 to 100 and a cursor that is no object of the kind.
    pub fn list(&self, prefix: &'static str, url: &str, keep: impl Fn(&Value) -> bool) -> Answer {
        let page = Page::read(&self.params)?;
        for (cursor, param) in [(&page.after, "starting_after"), (&page.before, "ending_before")] {
            if let Some(id) = cursor {
                self.store.get(prefix, id, param)?;
            }
        }
        let within = CreatedRange::read(&self.params)?;
        let rows = self.store.all(prefix).rev();
        Ok(page.cut(rows, |row| within.holds(row) && keep(row), url))
    }
}

/// The part of a list that is asked for.
#[derive(Debug)]
pub struct Page {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
}

impl Page {
    /// Reads `limit`, `starting_after`, `ending_before`.
    ///
    /// # Errors
    /// For a limit outside 1 to 100, and for both cursors at once.
    pub fn read(params: &Params) -> Result<Self, StripeError> {
        let limit = params.integer("limit")?.unwrap_or(10);
        if !(1..=100).contains(&limit) {
            let message = format!("This value must be between 1 and 100 (inclusive); received {limit}.");
            return Err(StripeError::invalid(message).code("parameter_invalid_integer").on("limit"));
        }
        let (after, before) = (params.text("starting_after"), params.text("ending_before"));
        if after.is_some() && before.is_some() {
            return Err(StripeError::invalid("You cannot specify both starting_after and ending_before."));
        }
        Ok(Self { limit: usize::try_from(limit).unwrap_or(10), after, before })
    }

    /// Cuts the page from rows that come newest first. The cursor need not be one of those that are kept.
    pub fn cut<'a>(
        &self,
        rows: impl Iterator<Item = &'a Value>,
        keep: impl Fn(&Value) -> bool,
        url: &str,
    ) -> Value {
        let is = |row: &Value, id: &str| row["id"].as_str() == Some(id);
        let (data, has_more) = if let Some(before) = &self.before {
            let newer: Vec<&Value> =
                rows.take_while(|row| !is(row, before)).filter(|row| keep(row)).collect();
            let from = newer.len().saturating_sub(self.limit);
            (newer.get(from..).unwrap_or_default().to_vec(), from > 0)
        } else {
            let mut passed = self.after.is_none();
            let from_cursor = rows.skip_while(|row| {
                let skip = !passed;
                passed = passed || self.after.as_deref().is_some_and(|after| is(row, after));
                skip
            });
            let mut rest = from_cursor.filter(|row| keep(row));
            let data: Vec<&Value> = rest.by_ref().take(self.limit).collect();
            (data, rest.next().is_some())
        };
        json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
    }
}

/// `created[gte]` and its like, or `created` as one instant.
#[derive(Debug)]
struct CreatedRange {
    from: i64,
    until: i64,
}

impl CreatedRange {
    fn read(params: &Params) -> Result<Self, StripeError> {
        if params.text("created").is_some() {
            let at = params.integer("created")?.unwrap_or_default();
            return Ok(Self { from: at, until: at });
        }
        let above = params.integer("created.gt")?.map(|at| at + 1);
        let below = params.integer("created.lt")?.map(|at| at - 1);
        let from = params.integer("created.gte")?.max(above).unwrap_or(i64::MIN);
        let least = params.integer("created.lte")?.into_iter().chain(below).min();
        Ok(Self { from, until: least.unwrap_or(i64::MAX) })
    }

    fn holds(&self, row: &Value) -> bool {
        row["created"].as_i64().is_none_or(|at| (self.from..=self.until).contains(&at))
    }
}
